package app

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// command runs the program in this process.
func command(env []string, args ...string) (status int, stdout, stderr string) {
	set := make(map[string]string)
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		set[name] = value
	}
	var out, errs bytes.Buffer
	status = Main(context.Background(), Environment{
		Args:    args,
		Lookup:  func(name string) (string, bool) { v, ok := set[name]; return v, ok },
		Environ: env,
		Stdout:  &out,
		Stderr:  &errs,
	})
	return status, out.String(), errs.String()
}

func TestExitStatuses(t *testing.T) {
	for _, c := range []struct {
		env    []string
		args   []string
		status int
		stderr string
	}{
		{nil, []string{"version"}, 0, ""},
		{nil, []string{"--help"}, 0, ""},
		{nil, []string{"frobnicate"}, 2, "tintype: unexpected argument frobnicate"},
		{nil, []string{"--nothing"}, 2, "tintype: unknown flag --nothing"},
		{[]string{"PORT=x"}, []string{"config"}, 2, "PORT: "},
		{[]string{"PORT=x"}, nil, 2, "PORT: "},
		{[]string{"DATABASE_URL=sqlite:/dev/null/x.db"}, []string{"migrate", "up"}, 1, "tintype: "},
		{nil, []string{"migrate", "down"}, 1, "--yes"},
	} {
		status, _, stderr := command(c.env, c.args...)
		if status != c.status || !strings.Contains(stderr, c.stderr) || (c.status == 0) != (stderr == "") {
			t.Errorf("%v %v: status %d, %q", c.env, c.args, status, stderr)
		}
	}
}

func TestErrorsOfJobsAreOneLineOfText(t *testing.T) {
	if got, want := oneLine("it broke:\x1b[2J\r\n\tat é 日\u009b0m\u202e"), "it broke: [2J at é 日 0m"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A person's command says what it has to say, and does not bury it under what a server logs.
func TestCommandsLogOnlyWhatIsOutOfTheOrdinary(t *testing.T) {
	for level, want := range map[string]string{"": "WARN", "info": "INFO", "error": "ERROR"} {
		env := []string{"LOG_LEVEL=" + level}
		if level == "" {
			env = nil
		}
		c := mustLoad(t, env...)
		if got := c.Quiet().LogLevel.String(); got != want {
			t.Errorf("%q: %s", level, got)
		}
		if level == "" && c.LogLevel.String() != "INFO" {
			t.Error("the server's own level has changed")
		}
	}
}

func TestHelpShowsCommandsAndSettings(t *testing.T) {
	_, out, _ := command(nil, "--help")
	for _, want := range []string{"migrate up", "config", "version", "DATABASE_URL", "MAX_IN_FLIGHT"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in:\n%s", want, out)
		}
	}
	if _, out, _ = command(nil, "config", "--help"); strings.Contains(out, "DATABASE_URL") {
		t.Error("every command's help lists every setting")
	}
}

func TestConfigCommand(t *testing.T) {
	_, out, _ := command([]string{"SITE_NAME=Somewhere"}, "config")
	if !strings.Contains(out, "\nSITE_NAME=Somewhere\n") || !strings.Contains(out, "\nVISITORS=read  (default)\n") {
		t.Errorf("%s", out)
	}
	_, out, _ = command([]string{"SITE_NAME=Some & where"}, "config", "--json")
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

func TestMigrateCommands(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data")}
	if status, out, stderr := command(env, "migrate", "status"); status != 0 || !strings.Contains(out, "missing") {
		t.Errorf("%d %s %s", status, out, stderr)
	}
	if status, out, stderr := command(env, "migrate", "up"); status != 0 || !strings.Contains(out, "The schema is at version") {
		t.Errorf("%d %s %s", status, out, stderr)
	}
	if status, out, stderr := command(env, "migrate", "status"); status != 0 || strings.Contains(out, "missing") || !strings.Contains(out, "applied") {
		t.Errorf("%d %s %s", status, out, stderr)
	}
	if status, out, stderr := command(env, "migrate", "down", "1", "--yes"); status != 0 {
		t.Errorf("%d %s %s", status, out, stderr)
	}
}
