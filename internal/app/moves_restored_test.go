package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tintype/internal/command"
	"tintype/internal/move"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// killedMove begins to move the database between two addresses with three jobs, and is killed where stop says so.
func killedMove(t *testing.T, urls [2]string, stop func(move.Effect) bool) (places [2]*store.Place, sites [2]*store.Store) {
	t.Helper()
	for i, url := range urls {
		storetest.Migrate(t, url)
		o := storetest.Options(url)
		var err error
		if sites[i], err = store.Open(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if places[i], err = store.OpenPlace(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { sites[i].Close(); places[i].Close() })
	}
	for range 3 {
		if err := sites[0].AddJob(t.Context(), "test", "x", 0); err != nil {
			t.Fatal(err)
		}
	}
	run := move.NewDatabase(move.DatabaseOptions{Source: places[0], Target: places[1], Abandon: stop})
	if err := run.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := run.Run(t.Context()); !errors.Is(err, move.ErrAbandoned) {
		t.Fatal(err)
	}
	return places, sites
}

// A move that was killed right after its decision goes on with the settings from before, too: it is not over before the
// new place takes writes.
func TestMoveGoesOnAfterItsDecision(t *testing.T) {
	for _, mode := range []move.Mode{move.Sealed, move.Open} {
		t.Run(string(mode), func(t *testing.T) {
			dir := t.TempDir()
			urls := [2]string{"sqlite:" + filepath.Join(dir, "one.db"), "sqlite:" + filepath.Join(dir, "two.db")}
			places, _ := killedMove(t, urls, func(e move.Effect) bool {
				return e.Op == move.OpSwapGate && e.Side == move.Target && e.To.Mode == mode
			})
			if a, err := places[0].Gate(t.Context()); err != nil || a.Mode != store.GateMoved {
				t.Fatalf("the source is %s: %v", a.Mode, err)
			}
			if b, err := places[1].Gate(t.Context()); err != nil || b.Mode == store.GateOpen {
				t.Fatalf("the target is %s: %v", b.Mode, err)
			}
			env := []string{"DATA_DIR=" + filepath.Join(dir, "data"), "DATABASE_URL=" + urls[0], "DATABASE_NEXT=" + urls[1]}
			code, out, stderr := runCommand(env, "move", "database")
			if b, err := places[1].Gate(t.Context()); code != 0 || err != nil || b.Mode != store.GateOpen || !strings.Contains(out, "Goes on with the move") || !strings.Contains(out, "The database is in "+urls[1]) {
				t.Errorf("%d %s%s: the target is %s, %v", code, out, stderr, b.Mode, err)
			}
			// Typed once more it only says so.
			if code, out, stderr := runCommand(env, "move", "database"); code != 0 || strings.Contains(out, "Goes on") || !strings.Contains(out, "The database is in "+urls[1]) {
				t.Errorf("%d %s%s", code, out, stderr)
			}
			var status struct {
				Database struct {
					InCharge string `json:"in_charge"`
					Other    string `json:"other"`
					Moved    bool   `json:"moved"`
					UnderWay bool   `json:"under_way"`
					Text     string `json:"text"`
				} `json:"database"`
			}
			_, out, stderr = runCommand(env, "move", "status", "--json")
			if err := json.Unmarshal([]byte(out), &status); err != nil {
				t.Fatalf("%v in %s%s", err, out, stderr)
			}
			if d := status.Database; d.InCharge != urls[1] || d.Other != urls[0] || !d.Moved || d.UnderWay || !strings.Contains(d.Text, "it has moved from") {
				t.Errorf("%+v", d)
			}
		})
	}
}

// copyServer restores a database from a copy that its server's own tools have made, triggers and all.
func copyServer(t *testing.T, from, into string) {
	t.Helper()
	run := func(tool, address string, stdin io.Reader, more ...string) (out bytes.Buffer) {
		t.Helper()
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		password, _ := u.User.Password()
		c := exec.CommandContext(t.Context(), servertest.Tool(t, tool, "mariadb-client"), slices.Concat([]string{"--no-defaults", "--host=" + u.Hostname(), "--port=" + u.Port(), "--protocol=tcp", "--user=" + u.User.Username()}, more, []string{strings.Trim(u.Path, "/")})...)
		c.Env = append(os.Environ(), "MYSQL_PWD="+password)
		var said bytes.Buffer
		c.Stdin, c.Stdout, c.Stderr = stdin, &out, &said
		if err := c.Run(); err != nil {
			t.Fatalf("%s: %v: %s", tool, err, said.String())
		}
		return out
	}
	copied := run("mariadb-dump", from, nil, "--single-transaction", "--triggers", "--skip-lock-tables", "--no-tablespaces")
	// Each database here has a user of its own, who may not make triggers in another's name.
	run("mariadb", into, bytes.NewReader(regexp.MustCompile("DEFINER=`[^`]*`@`[^`]*`").ReplaceAll(copied.Bytes(), nil)))
}

// A copy of a server's database that was made during a move has its gate, triggers and log. Restored, it does not start by
// itself, and says which one the site was going to; a command has it stand alone, with what was written last. The move knows
// nothing of that.
func TestARestoredDatabaseStandsAlone(t *testing.T) {
	server := servertest.FlavourMariaDB.Server(t)
	if err := server.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	urls := [2]string{server.NewDatabase(t), "sqlite:" + filepath.Join(dir, "two.db")}
	moving, site := killedMove(t, urls, func(e move.Effect) bool { return e.Op == move.OpReadLog })
	if err := site[0].SetSiteInfo(t.Context(), "value", "in the log"); err != nil {
		t.Fatal(err)
	}
	restoredURL := server.NewDatabase(t)
	copyServer(t, urls[0], restoredURL)
	restored, err := store.OpenPlace(t.Context(), storetest.Options(restoredURL))
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	was, err := moving[0].Remains(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	has, err := restored.Remains(t.Context())
	slices.Sort(was)
	slices.Sort(has)
	if err != nil || len(was) < 10 || !slices.Equal(has, was) {
		t.Fatalf("the copy has %v, %v of the move, its original %v", has, err, was)
	}
	copied, err := store.Open(t.Context(), storetest.Options(restoredURL))
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	data := "DATA_DIR=" + filepath.Join(dir, "data")
	env := []string{data, "DATABASE_URL=" + restoredURL}
	var status struct{ Database struct{ Rows, Total int64 } }
	if _, out, stderr := runCommand([]string{data, "DATABASE_URL=" + urls[0], "DATABASE_NEXT=" + urls[1]}, "move", "status", "--json"); json.Unmarshal([]byte(out), &status) != nil || status.Database.Rows == 0 {
		t.Errorf("%s%s", out, stderr)
	}
	refused := func(env []string, why string, args ...string) {
		t.Helper()
		if code, out, stderr := runCommand(env, args...); code != command.StatusFailure || !strings.Contains(stderr, why) {
			t.Errorf("%d %s%s, want %q", code, out, stderr, why)
		}
	}
	strip := []string{"move", "abort", "database", "--restored"}
	refused(env, "abort database --restored", "account", "promote", "ann")
	refused(env, moving[1].Name(), "account", "promote", "ann")
	refused([]string{data, "DATABASE_URL=" + urls[1]}, "was being filled from", strip...)
	refused(append(env, "DATABASE_NEXT="+urls[1]), "leave it out", strip...)
	// The database of a site is no copy.
	if err := copied.SaveInstance(t.Context(), store.InstanceRow{ID: 9, Host: "web-2", Facts: "{}", Parts: "{}", EveryMs: 60000}); err != nil {
		t.Fatal(err)
	}
	refused(env, "web-2 serves the site from", strip...)
	if err := restored.Forget(t.Context(), 9); err != nil {
		t.Fatal(err)
	}
	if code, out, stderr := runCommand(env, strip...); code != 0 || !strings.Contains(out, "alone") {
		t.Fatalf("%d %s%s", code, out, stderr)
	}
	left, err := restored.Remains(t.Context())
	if err != nil || len(left) > 0 {
		t.Errorf("it has %v, %v", left, err)
	}
	refused(env, "takes part in no move", strip...)
	logged(t, env, "move.abort ")
	alone, _ := wired(t, env...)
	memberOf(t, alone, "ann")
	if v, err := copied.SiteInfo(t.Context(), "value"); err != nil || v != "in the log" {
		t.Errorf("%q, %v", v, err)
	}

	if code, out, stderr := runCommand([]string{data, "DATABASE_URL=" + urls[0], "DATABASE_NEXT=" + urls[1]}, "move", "database"); code != 0 {
		t.Fatalf("the move that was copied from: %d %s%s", code, out, stderr)
	}
	if v, err := site[1].SiteInfo(t.Context(), "value"); err != nil || v != "in the log" {
		t.Errorf("where it has moved to: %q, %v", v, err)
	}
}
