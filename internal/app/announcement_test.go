package app

import (
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// An administrator announces by page and by command; members read it at the head of home, comment and dismiss it, and their
// applications see the same. Visitors see nothing of it.
func TestAnnouncementsByPageAndCommand(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data")}
	site, _ := wired(t, env...)
	boss, anna, bob := memberOf(t, site, "boss"), memberOf(t, site, "anna"), memberOf(t, site, "bob")
	run := func(args ...string) string {
		t.Helper()
		code, out, stderr := runCommand(env, args...)
		if code != 0 {
			t.Fatal(args, stderr)
		}
		return out
	}
	run("account", "role", "boss", "owner")
	send := func(path, cookie string, fields ...string) (int, string, string) {
		t.Helper()
		v := url.Values{}
		for i := 0; i < len(fields); i += 2 {
			v.Set(fields[i], fields[i+1])
		}
		w := site.ask("POST", path, v.Encode(), "Content-Type: application/x-www-form-urlencoded", cookie)
		return w.Code, w.Header().Get("Location"), w.Body.String()
	}
	page := func(path, cookie string) string {
		t.Helper()
		w := site.ask("GET", path, "", cookie)
		if w.Code != 200 {
			t.Errorf("%s: %d", path, w.Code)
		}
		return w.Body.String()
	}

	form := []string{"text", "We <b>walk</b> on #sunday. https://example.net/map", "starts", "2090-12-05T10:00", "ends", "2090-12-05T12:30", "idempotency_key", "k1"}
	for range 2 { // sent twice
		if code, to, body := send("/admin/announcements", boss, form...); code != 303 || to != "/admin/announcements" {
			t.Fatalf("%d %s %s", code, to, body)
		}
	}
	if code, _, body := send("/admin/announcements", boss, "text", "kept", "starts", "at noon"); code != 422 || !strings.Contains(body, ">kept</textarea>") || !strings.Contains(body, `value="at noon"`) ||
		!strings.Contains(body, "Write the time as 2026-12-31T18:30.") {
		t.Errorf("a refused form: %d", code)
	}
	list := page("/admin/announcements", boss)
	at := regexp.MustCompile(`/admin(/announcements/\d+)"`).FindStringSubmatch(list)
	if at == nil || strings.Count(list, at[1]+`"`) != 1 || !strings.Contains(list, "5 Dec 2090 10:00 UTC to 5 Dec 2090 12:30 UTC") || !strings.Contains(list, "Active") {
		t.Fatalf("the list: %v", at)
	}
	walk, id := at[1], at[1][strings.LastIndex(at[1], "/")+1:]
	home := page("/", anna)
	for _, want := range []string{"We &lt;b&gt;walk&lt;/b&gt; on", `/tags/sunday"`, `href="https://example.net/map"`, "5 Dec 2090 10:00 UTC", walk + "/dismiss"} {
		if !strings.Contains(home, want) {
			t.Errorf("home has no %s", want)
		}
	}
	for _, path := range []string{"/", "/explore", "/about"} {
		if strings.Contains(site.ask("GET", path, "").Body.String(), "nnouncement") {
			t.Errorf("visitors read of it at %s", path)
		}
	}
	for _, path := range []string{"/announcements", walk} {
		if w := site.ask("GET", path, ""); w.Code == 200 && !strings.Contains(w.Body.String(), `name="password"`) || strings.Contains(w.Body.String(), "example.net") {
			t.Errorf("%s for visitors: %d", path, w.Code)
		}
	}

	// Comments.
	code, to, _ := send(walk+"/comments", anna, "text", "Where do we meet, @bob?", "idempotency_key", "c1")
	if _, again, _ := send(walk+"/comments", anna, "text", "Where do we meet, @bob?", "idempotency_key", "c1"); code != 303 || again != to {
		t.Errorf("a comment sent twice: %d %s %s", code, to, again)
	}
	if code, _, body := send(walk+"/comments", bob, "text", " "); code != 422 || !strings.Contains(body, "Write something.") {
		t.Errorf("an empty comment: %d", code)
	}
	body := page(walk, bob)
	comment := regexp.MustCompile(walk + `/comments/(\d+)/report`).FindStringSubmatch(body)
	if comment == nil || !strings.Contains(body, `/@bob" class="u-url mention"`) || strings.Contains(body, "/remove") {
		t.Fatalf("bob reads %s", body)
	}
	if code, _, _ := send(walk+"/comments/"+comment[1]+"/remove", bob); code != 403 {
		t.Errorf("bob removed anna's comment: %d", code)
	}
	if !strings.Contains(page(comment[0], bob), "Report this comment by @anna") {
		t.Error("no form to report a comment")
	}
	if code, to, _ := send(comment[0], bob, "reason", "abuse", "text", "pushy"); code != 303 || to != walk {
		t.Errorf("a report: %d %s", code, to)
	}
	report := regexp.MustCompile(`/admin/reports/\d+`).FindString(page("/admin/reports", boss))
	if filed := page(report, boss); !strings.Contains(filed, "Where do we meet, @bob?") || !strings.Contains(filed, "@anna") {
		t.Error("the report does not keep the comment's words")
	}
	if code, _, _ := send(walk+"/comments/"+comment[1]+"/remove", boss, "reason", "pushy"); code != 303 || strings.Contains(page(walk, bob), "Where do we meet") {
		t.Errorf("the owner could not remove it: %d", code)
	}

	// While a new member's first posts wait, both sides are told that a comment could not.
	if strings.Contains(page("/admin/announcements", boss), "cannot comment on it") {
		t.Error("the form speaks of posts that wait where none do")
	}
	run("site", "set", "hold_first=2")
	servertest.Eventually(t, "the site that runs knows that first posts wait", func() bool {
		return strings.Contains(page("/admin/announcements", boss), "cannot comment on it until 2 posts and comments of theirs are published")
	})
	if body := page(walk, bob); !strings.Contains(body, "a comment on an announcement cannot wait") || strings.Contains(body, `action="`+walk+`/comments"`) {
		t.Error("bob, whose comment would be refused, is offered the form")
	}
	if code, _, body := send(walk+"/comments", bob, "text", "My first words"); code != 422 || !strings.Contains(body, ">My first words</textarea>") || !strings.Contains(body, "cannot wait") {
		t.Errorf("a first comment: %d", code)
	}
	if body := page(walk, boss); strings.Contains(body, "cannot wait") || !strings.Contains(body, `action="`+walk+`/comments"`) {
		t.Error("the owner is not offered the form")
	}
	if !strings.Contains(page("/admin"+walk, boss), "cannot comment on it until 2 posts") {
		t.Error("the form of the edit does not say who cannot comment")
	}
	run("site", "set", "hold_first=0")
	servertest.Eventually(t, "the site that runs knows that none wait", func() bool {
		return !strings.Contains(page("/admin/announcements", boss), "cannot comment on it")
	})

	// Reactions and dismissal.
	if code, _, _ := send(walk+"/react", anna, "react", "+👍"); code != 303 || !strings.Contains(page(walk, bob), "👍 1") {
		t.Errorf("a reaction: %d", code)
	}
	if code, _, _ := send(walk+"/react", anna, "react", "+<b>"); code != 422 {
		t.Errorf("a reaction that is none: %d", code)
	}
	if code, to, _ := send(walk+"/dismiss", anna, "return", "/"); code != 303 || to != "/" {
		t.Errorf("%d %s", code, to)
	}
	if strings.Contains(page("/", anna), walk) || !strings.Contains(page("/", bob), walk) || !strings.Contains(page("/announcements", anna), walk) {
		t.Error("dismissed for the wrong one, or for the list as well")
	}

	// The administrator puts it right, ends it and deletes it.
	if code, _, _ := send("/admin"+walk, boss, "text", "We run.", "starts", "2090-12-05T10:00", "all_day", "on"); code != 303 {
		t.Error(code)
	}
	if home := page("/", bob); !strings.Contains(home, "We run.") || !strings.Contains(home, ">5 Dec 2090<") {
		t.Error("the edit")
	}
	if code, _, _ := send("/admin"+walk+"/end", boss); code != 303 || strings.Contains(page("/", bob), "We run.") || !strings.Contains(page(walk, bob), "over") {
		t.Errorf("the end: %d", code)
	}

	// By command: the site that runs hears of it.
	second := strings.TrimSpace(run("announcement", "add", "By command", "--starts", "2091-01-01T10:00", "--reason", "new year"))
	run("announcement", "edit", second, "--text", "By command, again", "--no-event")
	later := strings.TrimSpace(run("announcement", "add", "Not yet", "--publish", time.Now().UTC().Add(48*time.Hour).Format("2006-01-02T15:04")))
	if out := run("announcement", "list", "--json"); !strings.Contains(out, `"text": "By command, again"`) || !strings.Contains(out, `"state": "over"`) || strings.Contains(out, "2091") {
		t.Error(out)
	}
	if out := run("announcement", "list"); !strings.Contains(out, "scheduled") {
		t.Error(out)
	}
	servertest.Within(t, 10*time.Second, "home shows what the commands did", func() bool {
		return strings.Contains(page("/", bob), "By command, again")
	})
	if strings.Contains(page("/", bob), "Not yet") {
		t.Error("home shows what is not published")
	}
	if w := site.ask("GET", "/announcements/"+later, "", bob); w.Code != 404 {
		t.Errorf("one that is not published: %d", w.Code)
	}
	if code, _, _ := runCommand(env, "announcement", "delete", id); code == 0 {
		t.Error("deleted without --yes")
	}
	run("announcement", "delete", id, "--yes")
	run("announcement", "end", second)
	if w := site.ask("GET", walk, "", bob); w.Code != 404 {
		t.Errorf("one that is deleted: %d", w.Code)
	}
	logged := run("log")
	for _, act := range []string{"announcement.add", "announcement.edit", "announcement.end", "announcement.delete", "announcement.remove_comment"} {
		if !strings.Contains(logged, act) {
			t.Errorf("the log has no %s", act)
		}
	}
}
