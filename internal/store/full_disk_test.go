package store_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// On a disk that is full a start says so and what to do, and one with READ_ONLY reads what is there, also what a killed
// process left in the WAL.
func TestStartOnAFullDisk(t *testing.T) {
	for _, killed := range []bool{false, true} {
		name := map[bool]string{false: "after a stop", true: "after a kill"}[killed]
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			dir := t.TempDir()
			if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=16m", "tintype-test", dir).CombinedOutput(); err != nil {
				servertest.Without(t, "mount", "cannot mount a small disk (run as root): "+strings.TrimSpace(string(out)))
			}
			t.Cleanup(func() {
				if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
					t.Errorf("umount: %s", out)
				}
			})
			file := filepath.Join(dir, "tintype.db")
			o := storetest.Options("sqlite:" + file)
			if err := store.NewMigrator(o).Up(ctx); err != nil {
				t.Fatal(err)
			}
			s, err := store.Open(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.CreateAccount(ctx, &store.Account{ID: 1, Username: "ann", Role: store.RoleMember, DefaultVisibility: store.Public, WarnedPhotos: "ask", Theme: "system"}); err != nil {
				t.Fatal(err)
			}
			left := map[string][]byte{}
			for _, suffix := range []string{"", "-wal"} {
				if left[suffix], err = os.ReadFile(file + suffix); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if killed {
				for suffix, b := range left {
					if err := os.WriteFile(file+suffix, b, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			ballast, err := os.Create(filepath.Join(dir, "ballast"))
			if err != nil {
				t.Fatal(err)
			}
			for size := 1 << 20; size > 0; size /= 2 {
				for err = nil; err == nil; {
					_, err = ballast.Write(make([]byte, size))
				}
			}
			ballast.Close()

			err = store.NewMigrator(o).Up(ctx)
			if err == nil {
				_, err = store.Open(ctx, o)
			}
			if !errors.Is(err, store.ErrFull) || !strings.Contains(err.Error(), "disk that holds "+file+" is full") || !strings.Contains(err.Error(), "READ_ONLY") {
				t.Errorf("the start says %v", err)
			}
			o.ReadOnly = true
			if st, err := store.NewMigrator(o).State(ctx); err != nil || st.Usable() != nil {
				t.Fatalf("the schema: %+v, %v", st, err)
			}
			s, err = store.Open(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := s.Ping(ctx); err != nil {
				t.Error(err)
			}
			if a, err := s.AccountByID(ctx, 1); err != nil || a.Username != "ann" {
				t.Errorf("%+v, %v", a, err)
			}
			if err := s.Tx(ctx, func(context.Context, *store.Store) error { return nil }); !errors.Is(err, store.ErrPrimaryAway) {
				t.Errorf("a write: %v", err)
			}
		})
	}
}
