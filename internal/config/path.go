package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// variable is what a shell replaces anywhere in a path.
var variable = regexp.MustCompile(`\$[A-Za-z_{]`)

// CheckPath refuses what only a shell replaces in a path that somebody wrote: of --into=~/site it replaces nothing.
func CheckPath(path string) error { return checkPath(path) }

// checkPath refuses what only a shell replaces. Unit files, compose files and container runtimes hand it over as it is
// written, and the data would lie in a folder named ~ or "data", inside a container and lost with it.
func checkPath(path string) error {
	if path == "" {
		return nil
	}
	switch first, last := path[0], path[len(path)-1]; {
	case first == '"' || first == '\'' || last == '"' || last == '\'':
		return errors.New("is in quotes, which would be part of the name: leave them out")
	case first == '~':
		return fmt.Errorf("begins with ~, which nobody replaces here: write the whole path (or ./%s for a folder of that name)", strings.SplitN(path, "/", 2)[0])
	case first == '$', variable.MatchString(path):
		return errors.New("has a variable in it, which nobody replaces here: write the whole path")
	}
	return nil
}
