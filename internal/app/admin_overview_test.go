package app

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tintype/internal/backup"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

// bury leaves a job of a kind that nobody takes, which has failed for good.
func bury(t *testing.T, db *store.Store) (id string) {
	t.Helper()
	ctx := t.Context()
	if err := db.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return tx.AddJob(ctx, "test.kind", nil, 0) }); err != nil {
		t.Fatal(err)
	}
	jobs, err := db.ClaimJobs(ctx, []string{"test.kind"}, 1, "token", time.Hour)
	if err != nil || len(jobs) != 1 {
		t.Fatalf("%v %v", jobs, err)
	}
	if _, err := db.BuryJob(ctx, jobs[0].ID, "token", "the moon was away"); err != nil {
		t.Fatal(err)
	}
	return strconv.FormatInt(jobs[0].ID, 10)
}

// The overview says of jobs, backups and disks what there is to say, to those who may see the system, and to nobody else.
func TestOverviewOfTheSystem(t *testing.T) {
	const dead, none, disk = "Jobs that failed every time: 1", "No backups are configured.", " free</p>"
	overview := func(t *testing.T, site *testSite, cookie string, has, lacks []string) {
		t.Helper()
		w := site.ask("GET", "/admin", "", cookie)
		if w.Code != 200 {
			t.Fatalf("%d\n%s", w.Code, w.Body)
		}
		for _, text := range has { // the page does not wait for the checks of a busy machine
			servertest.Eventually(t, "the page says "+text, func() bool {
				w = site.ask("GET", "/admin", "", cookie)
				return strings.Contains(w.Body.String(), text)
			})
		}
		for _, text := range lacks {
			if strings.Contains(w.Body.String(), text) {
				t.Errorf("%q is in\n%s", text, w.Body)
			}
		}
	}
	members := func(t *testing.T, site *testSite, env []string) (boss, mod string) {
		t.Helper()
		boss, mod = memberOf(t, site, "boss"), memberOf(t, site, "moda")
		for _, args := range [][]string{{"account", "role", "boss", "owner"}, {"account", "role", "moda", "moderator"}} {
			if code, _, stderr := runCommand(env, args...); code != 0 {
				t.Fatal(args, stderr)
			}
		}
		return boss, mod
	}

	t.Run("without backups", func(t *testing.T) {
		env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data")}
		site, _ := wired(t, env...)
		boss, mod := members(t, site, env)
		overview(t, site, boss, []string{none, disk}, []string{dead, "the newest of"})
		overview(t, site, mod, nil, []string{none, disk, dead, "Backups and disk"})

		db, err := store.Open(t.Context(), site.drivers().storeOptions())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		id := bury(t, db)
		shows := func(wanted bool) { // the jobs are counted once in a while
			t.Helper()
			servertest.Eventually(t, "the overview counts the dead jobs anew", func() bool {
				return strings.Contains(site.ask("GET", "/admin", "", boss).Body.String(), dead) == wanted
			})
		}
		shows(true)
		overview(t, site, boss, []string{dead, none, disk}, []string{"Nothing is waiting for you."})
		overview(t, site, mod, []string{"Nothing is waiting for you."}, []string{dead, none, disk})

		// Dropped by the page, it is gone, and the log says by whom.
		if w := site.ask("GET", "/admin/jobs", "", boss); !strings.Contains(w.Body.String(), `action="/admin/jobs/`+id+`/drop"`) {
			t.Errorf("the page has no way to drop it:\n%s", w.Body)
		}
		if w := site.ask("POST", "/admin/jobs/"+id+"/drop", "", mod, "Content-Type: application/x-www-form-urlencoded"); w.Code != 403 && w.Code != 404 {
			t.Errorf("a moderator drops it: %d", w.Code)
		}
		w := site.ask("POST", "/admin/jobs/"+id+"/drop", "", boss, "Content-Type: application/x-www-form-urlencoded")
		if w.Code != 303 || w.Header().Get("Location") != "/admin/jobs" {
			t.Errorf("%d %v", w.Code, w.Header())
		}
		if w := site.ask("POST", "/admin/jobs/"+id+"/drop", "", boss, "Content-Type: application/x-www-form-urlencoded"); w.Code != 404 {
			t.Errorf("once more: %d", w.Code)
		}
		if jobs, err := db.Jobs(t.Context(), store.JobDead, 0, 10); err != nil || len(jobs) != 0 {
			t.Errorf("still there: %v %v", jobs, err)
		}
		entries, err := db.AdminLog(t.Context(), store.AdminLogFilter{Act: "job.drop"}, store.Range{Limit: 10})
		if err != nil || len(entries) != 1 || entries[0].Via != "page" || entries[0].Actor != "boss" || entries[0].Detail != "test.kind" {
			t.Errorf("the log: %+v %v", entries, err)
		}
		shows(false)
		overview(t, site, boss, []string{none, disk}, []string{dead})
	})

	t.Run("with a mail server that is away", func(t *testing.T) {
		env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "SMTP_URL=smtp://127.0.0.1:1"}
		site, _ := wired(t, env...)
		boss, mod := members(t, site, env)
		overview(t, site, boss, []string{"<b>Failure</b>", "See that SMTP_URL names the right host", disk}, []string{"Nothing is waiting for you."})
		overview(t, site, mod, []string{"Nothing is waiting for you."}, []string{"Failure", "SMTP_URL"})
	})
	for _, c := range []struct {
		name         string
		age          time.Duration
		holds, lacks []string
	}{
		// Late: it needs somebody, with what to do.
		{"with a late backup", 72 * time.Hour, []string{"the newest of 1 backups", " is 72h old", "tintype-backup.timer", disk}, []string{none}},
		{"with a backup", 5 * time.Hour, []string{"the newest of 1 backups", " is 5h old", disk}, []string{none, "tintype-backup.timer"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			backups := filepath.Join(dir, "backups")
			if err := os.MkdirAll(backups, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(backups, backup.Name(time.Now().Add(-c.age), nil)), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			env := []string{"DATA_DIR=" + filepath.Join(dir, "data"), "BACKUP_TO=" + backups}
			site, _ := wired(t, env...)
			boss, mod := members(t, site, env)
			overview(t, site, boss, c.holds, c.lacks)
			overview(t, site, mod, nil, []string{"the newest of", none})
		})
	}
}
