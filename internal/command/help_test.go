package command

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"tintype/internal/config"
)

// load reads settings given as NAME=value.
func load(env ...string) (*config.Config, error) {
	return config.Load(lookup(env), env)
}

func lookup(env []string) func(string) (string, bool) {
	set := make(map[string]string)
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		set[name] = value
	}
	return func(name string) (string, bool) { v, ok := set[name]; return v, ok }
}

// run runs a command that needs nothing of the program.
func run(env []string, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = Main(context.Background(), Environment{Args: args, Lookup: lookup(env), Environ: env, Stdout: &out, Stderr: &errs}, Program{Version: "1.2.3"})
	return status, out.String(), errs.String()
}

func TestHelpShowsCommandsAndSettings(t *testing.T) {
	_, out, _ := run(nil, "--help")
	for _, want := range []string{"migrate up", "config", "version", "DATABASE_URL", "MAX_IN_FLIGHT"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in:\n%s", want, out)
		}
	}
	if _, out, _ = run(nil, "config", "--help"); strings.Contains(out, "DATABASE_URL") {
		t.Error("every command's help lists every setting")
	}
}

func TestConfigCommand(t *testing.T) {
	_, out, _ := run([]string{"SITE_NAME=Somewhere"}, "config")
	if !strings.Contains(out, "\nSITE_NAME=Somewhere\n") || !strings.Contains(out, "\nVISITORS=read  (default)\n") {
		t.Errorf("%s", out)
	}
	_, out, _ = run([]string{"SITE_NAME=Some & where"}, "config", "--json")
	var document struct {
		Settings []struct {
			Name, Value     string
			Default, Secret bool
		}
	}
	if err := json.Unmarshal([]byte(out), &document); err != nil || len(document.Settings) < 60 {
		t.Fatalf("%v in %s", err, out)
	}
	if !strings.Contains(out, "Some & where") {
		t.Errorf("escaped beyond need:\n%s", out)
	}
}
