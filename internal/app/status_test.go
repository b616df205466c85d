package app

import (
	"context"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/session"
	"tintype/internal/store"
	"tintype/internal/web"
)

// memberOf signs somebody up and returns the cookie.
func memberOf(t *testing.T, site *testSite, name string) string {
	t.Helper()
	form := url.Values{"name": {name}, "email": {name + "@example.org"}, "password": {"correct horse battery"}, "agree": {"on"}}
	w := site.ask("POST", "/signup", form.Encode(), "Content-Type: application/x-www-form-urlencoded")
	for _, c := range w.Result().Cookies() {
		if c.Name == session.CookieName(false) {
			return "Cookie: " + c.Name + "=" + c.Value
		}
	}
	t.Fatalf("%s was not signed up: %d %s", name, w.Code, w.Body)
	return ""
}

// R1, R31: what the site stands on, with counters that prove it, and the jobs that failed, for administrators alone.
func TestStatusPage(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "SITE_NAME=Somewhere"}
	site, _ := wired(t, env...)
	root, other := memberOf(t, site, "boss"), memberOf(t, site, "other")
	if code, _, stderr := runCommand(env, "account", "promote", "boss"); code != 0 {
		t.Fatal(stderr)
	}
	// A job of a kind that nobody takes, which has failed for good.
	db, err := store.Open(t.Context(), site.drivers().storeOptions())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	ctx := t.Context()
	if err := db.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return tx.AddJob(ctx, "test.kind", nil, 0) }); err != nil {
		t.Fatal(err)
	}
	jobs, err := db.ClaimJobs(ctx, []string{"test.kind"}, 1, "token", time.Hour)
	if err != nil || len(jobs) != 1 {
		t.Fatalf("%v %v", jobs, err)
	}
	if _, err := db.BuryJob(ctx, jobs[0].ID, "token", "the <b>moon</b> was away"); err != nil {
		t.Fatal(err)
	}
	id := strconv.FormatInt(jobs[0].ID, 10)

	for _, path := range []string{"/admin/status", "/admin/jobs"} {
		if w := site.ask("GET", path, "", other); w.Code != 404 {
			t.Errorf("%s for a member: %d", path, w.Code)
		}
		if w := site.ask("GET", path, ""); w.Code == 200 || strings.Contains(w.Body.String(), "moon") {
			t.Errorf("%s for a visitor: %d", path, w.Code)
		}
		w := site.ask("GET", path, "", root)
		body := w.Body.String()
		if w.Code != 200 || w.Header().Get("Cache-Control") != web.PersonalControl {
			t.Fatalf("%s: %d %v\n%s", path, w.Code, w.Header(), body)
		}
		for _, want := range []string{"test.kind", id, "the &lt;b&gt;moon&lt;/b&gt; was away", `action="/admin/jobs/` + id + `/retry"`} {
			if !strings.Contains(body, want) {
				t.Errorf("%s: no %s in\n%s", path, want, body)
			}
		}
	}
	var body string
	servertest.Eventually(t, "the checks have ended", func() bool {
		body = site.ask("GET", "/admin/status", "", root).Body.String()
		return strings.Contains(body, "What was tried") && !strings.Contains(body, "takes long")
	})
	for _, want := range []string{Version, "sqlite:", "takes a write (rolled back)", "1 jobs failed every time", "connections open", "Sessions", "written, read and deleted", "web, worker", "sql, in the database", "memory"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in\n%s", want, body)
		}
	}
	// The numbers move with what is done.
	before, _ := site.metrics.counts().sum("tintype_session_store_total", "operation", "read", "outcome", "ok")
	site.ask("GET", "/", "", root)
	if after, known := site.metrics.counts().sum("tintype_session_store_total", "operation", "read", "outcome", "ok"); !known || after <= before {
		t.Errorf("reads of sessions: %v, then %v", before, after)
	}

	if w := site.ask("POST", "/admin/jobs/"+id+"/retry", "", other); w.Code != 404 {
		t.Errorf("a member's retry: %d", w.Code)
	}
	if dead, err := db.Jobs(ctx, store.JobDead, 0, 10); err != nil || len(dead) != 1 {
		t.Fatalf("after a member's retry: %v %v", dead, err)
	}
	w := site.ask("POST", "/admin/jobs/"+id+"/retry", "return=%2Fadmin%2Fstatus", root, "Content-Type: application/x-www-form-urlencoded")
	if w.Code != 303 || w.Header().Get("Location") != "/admin/status" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	job, err := db.JobByID(ctx, jobs[0].ID)
	if err != nil || job.State != store.JobReady || job.Attempts != 0 {
		t.Errorf("%+v %v", job, err)
	}
	if w := site.ask("GET", "/admin/jobs?state=ready", "", root); !strings.Contains(w.Body.String(), "test.kind") {
		t.Errorf("not among those that wait:\n%s", w.Body)
	}
	if w := site.ask("POST", "/admin/jobs/"+id+"/drop", "", root, "Content-Type: application/x-www-form-urlencoded"); w.Code != 404 {
		t.Errorf("a job that may run is dropped by the page: %d", w.Code)
	}
	if w := site.ask("POST", "/admin/jobs/77/retry", "", root, "Content-Type: application/x-www-form-urlencoded"); w.Code != 404 {
		t.Errorf("no such job: %d", w.Code)
	}
}
