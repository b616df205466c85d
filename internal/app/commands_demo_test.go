package app

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

func TestDemoCommand(t *testing.T) {
	dir := t.TempDir()
	env := []string{"DATA_DIR=" + dir, "DATABASE_URL=sqlite:" + filepath.Join(dir, "site.db")}
	status, stdout, stderr := command(env, "demo", "--accounts", "5", "--posts", "12", "--pictures", "1")
	if status != 0 || !strings.Contains(stdout, "5 members") || !strings.Contains(stdout, "12 posts") || !strings.Contains(stdout, "with the password ") {
		t.Fatalf("status %d, %q, %q", status, stdout, stderr)
	}
	if !strings.Contains(stderr, "posts     12 of 12\n") || strings.Contains(stderr, "\r") {
		t.Errorf("progress: %q", stderr)
	}

	status, stdout, stderr = command(env, "demo", "--accounts", "2", "--posts", "1", "--pictures", "1", "--quiet", "--json", "--seed", "2")
	var made struct {
		Accounts, Posts int
		Login, Password string
	}
	if err := json.Unmarshal([]byte(stdout), &made); err != nil || status != 0 || stderr != "" {
		t.Fatalf("status %d, %q, %q: %v", status, stdout, stderr, err)
	}
	if made.Accounts != 2 || made.Posts != 1 || made.Login == "" || len(made.Password) < 12 {
		t.Errorf("made %+v", made)
	}

	if status, _, stderr = command(env, "demo", "--accounts", "1"); status != 1 || !strings.Contains(stderr, "at least 2 accounts") {
		t.Errorf("one account: status %d, %q", status, stderr)
	}
	if status, _, stderr = command(env, "demo", "--photos", filepath.Join(dir, "none")); status != 2 {
		t.Errorf("no folder: status %d, %q", status, stderr)
	}
}
