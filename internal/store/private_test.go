package store_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"tintype/internal/store"
)

func TestADatabaseFileIsItsOwnersAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made")
	file := filepath.Join(dir, "site.db")
	o := store.Options{URL: func(context.Context) (string, error) { return "sqlite:" + file, nil }}
	if err := store.NewMigrator(o).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		s, err := store.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.PutSession(t.Context(), store.SessionRow{AccountID: 1, Hash: "h"}); err == nil {
			t.Error("a session without an account was taken")
		}
		for _, name := range []string{dir, file, file + "-wal", file + "-shm"} {
			if info, err := os.Stat(name); err != nil || info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s: %v %v", name, info.Mode().Perm(), err)
			}
		}
	}
	check()
	if err := os.Chmod(file, 0o644); err != nil { // as a release before has left it
		t.Fatal(err)
	}
	check()
}
