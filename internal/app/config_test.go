package app

import (
	"strings"
	"testing"

	"tintype/internal/config"
)

// load reads settings given as NAME=value.
func load(env ...string) (*config.Config, error) {
	set := make(map[string]string)
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		set[name] = value
	}
	return config.Load(func(name string) (string, bool) { v, ok := set[name]; return v, ok }, env)
}

func mustLoad(t *testing.T, env ...string) *config.Config {
	t.Helper()
	c, err := load(env...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
