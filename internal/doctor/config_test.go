package doctor

import (
	"strings"
	"testing"

	"tintype/internal/config"
)

// mustLoad reads settings given as NAME=value.
func mustLoad(t *testing.T, env ...string) *config.Config {
	t.Helper()
	set := make(map[string]string)
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		set[name] = value
	}
	c, err := config.Load(func(name string) (string, bool) { v, ok := set[name]; return v, ok }, env)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
