package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tintype/internal/command"
)

// A command that would change something says in one line why it cannot, where the site is read-only and where the database is away.
func TestCommandsThatCannotWriteSayWhy(t *testing.T) {
	dir := t.TempDir()
	env := []string{"DATA_DIR=" + filepath.Join(dir, "data")}
	site, _ := wired(t, env...)
	memberOf(t, site, "ann")
	memberOf(t, site, "boss")
	if code, _, stderr := runCommand(env, "account", "role", "boss", "owner"); code != 0 {
		t.Fatal(stderr)
	}
	addresses := filepath.Join(dir, "addresses")
	if err := os.WriteFile(addresses, []byte("new@example.org\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{
		"site set name=Club", "site reset name", "invitation create", "invitation mail " + addresses, "announcement add Hello", "block add domain spam.example",
		"account create", "account role ann moderator", "account warn ann --words=x", "account limit ann", "account suspend ann", "account logout ann", "account quota ann 200",
		"account note ann x", "account delete ann --yes", "account leave ann", "account reset-password ann",
	} {
		code, out, stderr := runCommand(append(env, "READ_ONLY=true", "SMTP_URL=smtp://127.0.0.1:1", "MAIL_FROM=club@example.org"), strings.Fields(args)...)
		if code != command.StatusFailure || out != "" || stderr != "tintype: nothing was changed: READ_ONLY is set, with which the site takes no writes\n" {
			t.Errorf("%s: %d %q %q", args, code, out, stderr)
		}
	}
	if code, _, stderr := runCommand(append(env, "READ_ONLY=true"), "account", "list"); code != 0 {
		t.Errorf("what only reads: %d %s", code, stderr)
	}
	began := time.Now()
	code, out, stderr := runCommand([]string{env[0], "DATABASE_URL=mysql://club:secret@127.0.0.1:1/club"}, "account", "suspend", "ann")
	if code != command.StatusFailure || out != "" || !strings.Contains(stderr, "the database") || strings.Contains(stderr, "secret") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("with a database that is away, after %s: %d %q %q", time.Since(began), code, out, stderr)
	}
	if code, out, _ := runCommand(env, "log", "--whom=ann"); code != 0 || strings.Contains(out, "ann") {
		t.Errorf("something was done: %s", out)
	}
}
