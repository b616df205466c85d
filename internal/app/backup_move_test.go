package app

import (
	"encoding/json"
	"errors"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tintype/internal/move"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// A backup that is made in the middle of a move is of the database in charge, says so, and restores to a site that
// stands alone. Once the site has moved it is of the other one.
func TestBackupDuringAMove(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	data := filepath.Join(dir, "data")
	now, next := "sqlite:"+filepath.Join(data, "tintype.db"), "sqlite:"+filepath.Join(dir, "next.db")
	backups := filepath.Join(dir, "backups")
	alone := []string{"DATA_DIR=" + data, "BACKUP_TO=" + backups}
	env := append([]string{"DATABASE_NEXT=" + next}, alone...)
	if code, _, stderr := runCommand(env, "migrate", "up"); code != 0 {
		t.Fatal(stderr)
	}
	if err := store.NewMigrator(storetest.Options(next)).Up(ctx); err != nil {
		t.Fatal(err)
	}
	open := func(url string) (*store.Place, *store.Store) {
		t.Helper()
		p, err := store.OpenPlace(ctx, storetest.Options(url))
		if err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(ctx, storetest.Options(url))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close(); p.Close() })
		return p, s
	}
	a, site := open(now)
	b, _ := open(next)
	run := func(abandon func(move.Effect) bool) error {
		d := move.NewDatabase(move.DatabaseOptions{Source: a, Target: b, Abandon: abandon})
		if err := d.Prepare(ctx); err != nil {
			t.Fatal(err)
		}
		return d.Run(ctx)
	}
	if err := run(func(e move.Effect) bool { return e.Op == move.OpReadLog }); !errors.Is(err, move.ErrAbandoned) {
		t.Fatal(err)
	}
	if err := site.SetSiteInfo(ctx, "value", "in the log"); err != nil {
		t.Fatal(err)
	}
	backup := func(env []string, args ...string) (said struct{ Database, Moving string }) {
		t.Helper()
		code, out, stderr := runCommand(env, append([]string{"backup"}, append(args, "--json")...)...)
		if err := json.Unmarshal([]byte(out), &said); code != 0 || err != nil {
			t.Fatal(code, err, out, stderr)
		}
		return said
	}
	if said := backup(env, "create"); said.Database != now || said.Moving != next {
		t.Errorf("create says %+v", said)
	}
	if _, out, stderr := runCommand(env, "backup", "create"); !strings.Contains(out, " of "+now+",") || !strings.Contains(out, "between "+now+" and "+next) {
		t.Errorf("create says %s%s", out, stderr)
	}
	into := filepath.Join(dir, "restored")
	if said := backup(alone, "restore", "latest", "--into", into); said.Database != now || said.Moving != next {
		t.Errorf("restore says %+v", said)
	}
	if _, out, stderr := runCommand(env, "backup", "restore", "latest", "--into", into+" too"); !strings.Contains(out, "DATABASE_NEXT is set: leave it out") || !strings.Contains(out, "stands alone") {
		t.Errorf("restore says %s%s", out, stderr)
	}
	restored, again := open("sqlite:" + filepath.Join(into, "tintype.db"))
	left, err := restored.Remains(ctx)
	g, gateErr := restored.Gate(ctx)
	m, moveErr := restored.Move(ctx)
	if err := errors.Join(err, gateErr, moveErr, again.CheckInCharge(ctx)); err != nil || len(left) > 0 || g != (store.Gate{Mode: store.GateOpen}) || m != (store.PlaceMove{}) {
		t.Errorf("restored, it has %v, %+v, %+v, %v", left, g, m, err)
	}
	if v, err := again.SiteInfo(ctx, "value"); err != nil || v != "in the log" {
		t.Errorf("%q, %v", v, err)
	}
	if err := again.SetSiteInfo(ctx, "value", "alone"); err != nil {
		t.Error(err)
	}
	// The log of what was restored knows who brought it back, and of backups those before it.
	logged(t, []string{"DATA_DIR=" + into}, "backup.create ", "backup.restore ")
	served, _ := wired(t, "DATA_DIR="+into)
	if w := served.ask("GET", "/api/v1/instance", ""); w.Code != 200 {
		t.Errorf("the restored site: %d %s", w.Code, w.Body)
	}

	// The move knows nothing of that.
	if err := run(nil); err != nil {
		t.Fatal(err)
	}
	if said := backup(env, "create", "--reason", "after the move"); said.Database != next || said.Moving != "" {
		t.Errorf("after the move create says %+v", said)
	}
	logged(t, env, "backup.create ", "backup.create ", "backup.create after the move")
	if code, _, stderr := runCommand(append(slices.Clone(alone), "DATABASE_URL="+next, "READ_ONLY=true"), "backup", "create"); code != 0 || strings.Contains(stderr, "row") {
		t.Errorf("of a read-only site: %d %s", code, stderr)
	}
	logged(t, env, "backup.create ", "backup.create ", "backup.create after the move")
	if code, _, stderr := runCommand(alone, "backup", "create"); code == 0 || !strings.Contains(stderr, "the site has moved to "+next) {
		t.Errorf("of the place that the site has left: %d %s", code, stderr)
	}
}

// The other one of the two databases may be a server's. While the site moves there a backup is of the file, and names the server
// without its password; once it is there the command refuses, and says where the site is. On the way from a server to a file nothing
// is backed up that is no site yet.
func TestBackupDuringAMoveOfAServer(t *testing.T) {
	server := servertest.AnyFlavour(t).Server(t)
	if err := server.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
		t.Fatal(err)
	}
	dir, ctx := t.TempDir(), t.Context()
	backups := "BACKUP_TO=" + filepath.Join(dir, "backups")
	create := func(data, now, next string, args ...string) (code int, out, stderr string) {
		t.Helper()
		code, out, stderr = runCommand([]string{"DATA_DIR=" + data, backups, "DATABASE_URL=" + now, "DATABASE_NEXT=" + next}, append([]string{"backup", "create"}, args...)...)
		for _, address := range []string{now, next} {
			if u, err := url.Parse(address); err != nil {
				t.Fatal(err)
			} else if password, ok := u.User.Password(); ok && strings.Contains(out+stderr, password) {
				t.Errorf("it tells a password: %s%s", out, stderr)
			}
		}
		return code, out, stderr
	}
	saved := func(data, now, next, database, moving string) {
		t.Helper()
		var said struct{ Database, Moving string }
		code, out, stderr := create(data, now, next, "--json")
		if err := json.Unmarshal([]byte(out), &said); code != 0 || err != nil || said.Database != database || said.Moving != moving {
			t.Errorf("%d %v: %+v, want %s and %s\n%s%s", code, err, said, database, moving, out, stderr)
		}
	}
	refused := func(data, now, next, why string) {
		t.Helper()
		if code, out, stderr := create(data, now, next); code == 0 || !strings.Contains(stderr, why) {
			t.Errorf("%d %s%s, want %q", code, out, stderr, why)
		}
	}
	midway := func(e move.Effect) bool { return e.Op == move.OpReadLog }

	there := filepath.Join(dir, "there")
	file, next := "sqlite:"+filepath.Join(there, "tintype.db"), server.NewDatabase(t)
	places, sites := killedMove(t, [2]string{file, next}, midway)
	if err := sites[0].SetSiteInfo(ctx, "value", "in the log"); err != nil {
		t.Fatal(err)
	}
	saved(there, file, next, file, places[1].Name())
	into := filepath.Join(dir, "restored")
	if code, out, stderr := runCommand([]string{"DATA_DIR=" + there, backups}, "backup", "restore", "latest", "--into", into); code != 0 || !strings.Contains(out, "stands alone") || !strings.Contains(out, places[1].Name()) {
		t.Errorf("%d %s%s", code, out, stderr)
	}
	restored, err := store.OpenPlace(ctx, storetest.Options("sqlite:"+filepath.Join(into, "tintype.db")))
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	left, err := restored.Remains(ctx)
	m, moveErr := restored.Move(ctx)
	if err := errors.Join(err, moveErr); err != nil || len(left) > 0 || m != (store.PlaceMove{}) {
		t.Errorf("restored, it has %v, %+v, %v", left, m, err)
	}
	served, _ := wired(t, "DATA_DIR="+into)
	if w := served.ask("GET", "/api/v1/instance", ""); w.Code != 200 {
		t.Errorf("the restored site: %d %s", w.Code, w.Body)
	}
	again, err := store.Open(ctx, storetest.Options(restored.Name()))
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if v, err := again.SiteInfo(ctx, "value"); err != nil || v != "in the log" {
		t.Errorf("the restored site has %q, %v", v, err)
	}
	goOn := func(data, now, next string) {
		t.Helper()
		if code, out, stderr := runCommand([]string{"DATA_DIR=" + data, "DATABASE_URL=" + now, "DATABASE_NEXT=" + next}, "move", "database"); code != 0 {
			t.Fatalf("%d %s%s", code, out, stderr)
		}
	}
	goOn(there, file, next)
	refused(there, file, next, places[1].Name())
	refused(there, next, file, "the database is no file here")

	back := filepath.Join(dir, "back")
	from, to := server.NewDatabase(t), "sqlite:"+filepath.Join(back, "tintype.db")
	killedMove(t, [2]string{from, to}, midway)
	refused(back, from, to, "the database is no file here")
	goOn(back, from, to)
	saved(back, from, to, to, "")
}
