package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tintype/internal/command"
	"tintype/internal/move"
	"tintype/internal/store"
)

// TestMoveWithALostDatabase ends moves one of whose databases is lost for good: the target in the middle of the copy,
// the source when it was about to decide, the place that was kept up. With both at hand nothing is forced.
func TestMoveWithALostDatabase(t *testing.T) {
	for name, c := range map[string]struct {
		stop    func(move.Effect) bool // where the mover is killed; nil: it ends
		lost    int
		command string
		refused string // by the other command
		says    string
		remains int
	}{
		"the target, in the copy": {
			stop: func(e move.Effect) bool { return e.Op == move.OpWriteRows },
			lost: 1, command: "abort", refused: "has nothing to finish", says: "as before: leave DATABASE_NEXT out", remains: 0,
		},
		"the source, about to decide": {
			stop: func(e move.Effect) bool {
				return e.Op == move.OpSwapGate && e.Side == move.Source && e.To.Mode == move.Moved
			},
			lost: 0, command: "finish", refused: "no move from", says: "what was written last", remains: 1,
		},
		"the source, in the copy": {
			stop: func(e move.Effect) bool { return e.Op == move.OpReadLog },
			lost: 0, command: "finish", says: "what was written last", remains: 1, refused: "no move from",
		},
		"what was kept up": {lost: 0, command: "finish", refused: "no move from", says: "The move is finished without", remains: 1},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			files := [2]string{filepath.Join(dir, "one", "tintype.db"), filepath.Join(dir, "two", "tintype.db")}
			for _, f := range files {
				if err := os.Mkdir(filepath.Dir(f), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			env := []string{"DATA_DIR=" + filepath.Join(dir, "data"), "DATABASE_URL=sqlite:" + files[0], "DATABASE_NEXT=sqlite:" + files[1]}
			var sites [2]*store.Store
			var places [2]*store.Place
			for i, f := range files {
				o := store.Options{URL: func(context.Context) (string, error) { return "sqlite:" + f, nil }}
				if err := store.NewMigrator(o).Up(t.Context()); err != nil {
					t.Fatal(err)
				}
				var err error
				if sites[i], err = store.Open(t.Context(), o); err != nil {
					t.Fatal(err)
				}
				if places[i], err = store.OpenPlace(t.Context(), o); err != nil {
					t.Fatal(err)
				}
			}
			for range 3 {
				if err := sites[0].AddJob(t.Context(), "test", "x", 0); err != nil {
					t.Fatal(err)
				}
			}
			o := move.DatabaseOptions{Source: places[0], Target: places[1], Abandon: c.stop}
			if c.stop == nil {
				o.WayBack = time.Hour
			}
			run := move.NewDatabase(o)
			if err := errors.Join(run.Prepare(t.Context()), run.Run(t.Context())); (err == nil) != (c.stop == nil) {
				t.Fatal(err)
			}
			for i := range sites {
				if err := errors.Join(sites[i].Close(), places[i].Close()); err != nil {
					t.Fatal(err)
				}
			}
			if code, _, stderr := runCommand(env, "move", c.command, "database", "--force=sqlite:"+files[c.lost]); code != command.StatusFailure || !strings.Contains(stderr, "both databases answer") {
				t.Fatalf("%d %s", code, stderr)
			}
			if err := os.RemoveAll(filepath.Dir(files[c.lost])); err != nil {
				t.Fatal(err)
			}
			other := map[string]string{"abort": "finish", "finish": "abort"}[c.command]
			if code, _, stderr := runCommand(env, "move", other, "database", "--force=sqlite:"+files[c.lost]); code != command.StatusFailure || !strings.Contains(stderr, c.refused) {
				t.Errorf("%s: %d %s", other, code, stderr)
			}
			if code, _, stderr := runCommand(env, "move", c.command, "database", "--force=sqlite:"+files[1-c.lost]); code != command.StatusFailure || !strings.Contains(stderr, "add --force=sqlite:"+files[c.lost]) {
				t.Errorf("the wrong one: %d %s", code, stderr)
			}
			code, out, stderr := runCommand(env, "move", c.command, "database", "--force=sqlite:"+files[c.lost])
			if code != 0 || !strings.Contains(out, c.says) {
				t.Fatalf("%d %s%s", code, out, stderr)
			}
			logged(t, []string{"DATA_DIR=" + filepath.Join(dir, "data"), "DATABASE_URL=sqlite:" + files[c.remains]}, "move."+c.command+" ")
			// The site starts with the one that is there alone, and writes.
			site, _ := wired(t, "DATA_DIR="+filepath.Join(dir, "data"), "DATABASE_URL=sqlite:"+files[c.remains])
			memberOf(t, site, "ann")
			db, err := store.Open(t.Context(), site.drivers().storeOptions())
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			jobs := 0
			if err := db.SQL().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM jobs WHERE kind = 'test'").Scan(&jobs); err != nil || jobs != 3 {
				t.Errorf("%d jobs, %v", jobs, err)
			}
		})
	}
}
