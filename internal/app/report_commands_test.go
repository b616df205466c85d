package app

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"tintype/internal/community"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

// Commands do what pages do with reports, warnings and first steps, and the other way round. The log says which way it was.
func TestReportsByPageAndByCommand(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "REGISTRATION=open", "TRUSTED_PROXIES=1", "SIGNUP_LIMIT=100/1h"}
	site, _ := wired(t, env...)
	at := func(n string) *browser { return &browser{site, "192.0.2." + n, map[string]string{}} }
	boss, mod, anna, ben := at("1").joins(t, "boss"), at("2").joins(t, "moda"), at("3").joins(t, "anna"), at("4").joins(t, "ben")
	command := func(code int, says string, args ...string) {
		t.Helper()
		got, out, stderr := runCommand(env, args...)
		if got != code || !strings.Contains(out+stderr, says) {
			t.Errorf("%v: %d, want %d, %q in %s%s", args, got, code, says, out, stderr)
		}
	}
	command(0, "", "account", "role", "boss", "owner")
	command(0, "", "account", "role", "moda", "moderator")
	if w := anna.send("POST", "/@ben/report", "reason", "abuse", "text", "He is rude."); w.Code != 303 {
		t.Fatal(w.Code, w.Body)
	}
	_, rest, _ := strings.Cut(mod.send("GET", "/admin/reports").Body.String(), `href="/admin/reports/`)
	id, _, _ := strings.Cut(rest, `"`)
	page := func(has string, lacks ...string) {
		t.Helper()
		body := mod.send("GET", "/admin/reports/"+id).Body.String()
		if !strings.Contains(body, has) {
			t.Errorf("no %q in\n%s", has, body)
		}
		for _, text := range lacks {
			if strings.Contains(body, text) {
				t.Errorf("%q is in\n%s", text, body)
			}
		}
	}
	db, err := store.Open(t.Context(), site.drivers().storeOptions())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	logged := func(act, via, actor, detail string, n int) {
		t.Helper()
		entries, err := db.AdminLog(t.Context(), store.AdminLogFilter{Act: act}, store.Range{Limit: 100})
		if err != nil || len(entries) != n || entries[0].Via != via || entries[0].Actor != actor || !strings.Contains(entries[0].Detail, detail) {
			t.Errorf("%s: %d rows, want %d, the newest by %s of %q about %q: %+v %v", act, len(entries), n, via, actor, detail, entries, err)
		}
	}

	// What one decides by.
	for _, says := range []string{"He is rude.", "about", "@ben (active, since", "from", "@anna (active", "reports about it 1", "the account", "open", "/admin/reports/" + id} {
		command(0, says, "report", "show", id)
	}
	command(1, "there is no report 77", "report", "show", "77")

	// Taken, and left.
	command(0, "@moda looks at report "+id, "report", "take", id, "@moda")
	logged("report.assign", "command", "", "@moda", 1)
	page("@moda is looking at it")
	command(1, "anna does not moderate", "report", "take", id, "anna")
	command(1, "nobody does not moderate", "report", "take", id, "nobody")
	command(1, "there is no report 77", "report", "take", "77", "moda")
	command(0, "Nobody looks at report "+id, "report", "leave", id)
	logged("report.assign", "command", "", "nobody", 2)
	page("I am looking at it", "is looking at it")
	if w := mod.send("POST", "/admin/reports/"+id+"/assign"); w.Code != 303 {
		t.Errorf("assign: %d", w.Code)
	}
	logged("report.assign", "page", "moda", "@moda", 3)

	// What it is about.
	page("What the report is about", " open", `value="violation" selected`)
	command(0, "Report "+id+" is changed", "report", "edit", id, "--category", "violation", "--rule", "Be kind, always.", "--reason", "read again")
	logged("report.edit", "command", "", "violation Be kind, always.", 1)
	page(`value="violation" selected`)
	page(`value="Be kind, always." checked`)
	command(1, "The category must be one of", "report", "edit", id, "--category", "nonsense")
	command(1, "Say --category, --rule or --no-rule", "report", "edit", id)
	command(1, "either --rule or --no-rule", "report", "edit", id, "--rule", "x", "--no-rule")
	if w := mod.send("POST", "/admin/reports/"+id+"/edit", "category", "nonsense", "rules", "Be kind, always.", "edit_reason", "as typed"); w.Code != 422 || !strings.Contains(w.Body.String(), `value="as typed"`) || !strings.Contains(w.Body.String(), `value="Be kind, always." checked`) {
		t.Errorf("what is wrong, with what was typed: %d\n%s", w.Code, w.Body)
	}
	logged("report.edit", "command", "", "violation", 1)
	if w := mod.send("POST", "/admin/reports/"+id+"/edit", "category", "spam", "edit_reason", "adverts"); w.Code != 303 {
		t.Errorf("edit: %d\n%s", w.Code, w.Body)
	}
	logged("report.edit", "page", "moda", "spam", 2)
	page(`value="spam" selected`, "Be kind, always.")
	// Who changes one thing leaves what somebody else has changed since.
	command(0, "Report "+id+" is changed", "report", "edit", id, "--rule", "Be kind, always.")
	if w := mod.send("POST", "/admin/reports/"+id+"/edit", "was_category", "spam", "category", "other"); w.Code != 303 {
		t.Errorf("edit: %d\n%s", w.Code, w.Body)
	}
	page(`value="other" selected`)
	page(`value="Be kind, always." checked`)
	if w := mod.send("POST", "/admin/reports/"+id+"/edit", "was_category", "spam", "category", "spam", "was_rules", "Be kind, always."); w.Code != 303 {
		t.Errorf("edit: %d\n%s", w.Code, w.Body)
	}
	page(`value="other" selected`, `value="Be kind, always." checked`)
	if w := anna.send("POST", "/admin/reports/"+id+"/edit", "category", "other"); w.Code != 404 && w.Code != 403 {
		t.Errorf("a member edits it: %d", w.Code)
	}

	// A warning, taken back by each way.
	decisionOf := regexp.MustCompile(`decision +(\d+) `)
	for n, undo := range []func(decision string){
		func(decision string) {
			command(0, "Warning "+decision+" counts no longer", "report", "undo", decision, "--reason", "it was a joke")
			logged("member.unwarn", "command", "", "", 1)
			command(1, "there is no warning 77", "report", "undo", "77")
		},
		func(decision string) {
			if w := mod.send("POST", "/admin/members/ben/decisions/"+decision+"/undo"); w.Code != 303 {
				t.Errorf("undo: %d", w.Code)
			}
			logged("member.unwarn", "page", "moda", "", 2)
		},
	} {
		command(0, "ben is warned.", "account", "warn", "ben", "--words", "Warning "+strconv.Itoa(n))
		_, out, _ := runCommand(env, "account", "show", "ben")
		found := decisionOf.FindStringSubmatch(out)
		if found == nil {
			t.Fatalf("the number of the decision is not in\n%s", out)
		}
		undo(found[1])
	}
	if _, out, _ := runCommand(env, "account", "show", "ben"); strings.Count(out, "(taken back)") != 2 {
		t.Errorf("not taken back:\n%s", out)
	}
	if body := ben.send("GET", "/settings/decisions").Body.String(); strings.Count(body, "This is no longer in force.") != 2 {
		t.Errorf("the member reads\n%s", body)
	}

	// First steps.
	if body := boss.send("GET", "/admin").Body.String(); !strings.Contains(body, `<p class="notice"><a href="/admin/first-steps">`) {
		t.Errorf("the overview does not point at the first steps:\n%s", body)
	}
	command(0, "tintype site first-steps --close", "site", "first-steps")
	command(0, "The first steps are closed", "site", "first-steps", "--close")
	command(0, "The first steps are closed", "site", "first-steps", "--close")
	logged("site.edit", "command", "", "first steps", 1)
	servertest.Eventually(t, "the running site points at them no longer", func() bool {
		return !strings.Contains(boss.send("GET", "/admin").Body.String(), `<p class="notice"><a href="/admin/first-steps">`)
	})
}

// Moderators get from what they see to the member's page, and nobody else is led there. A command shows of a reported post what the page
// shows in words.
func TestFromAPostToItsMember(t *testing.T) {
	r := newRoleSite(t)
	id := r.object("post", false)["id"]
	for _, role := range routeRoles {
		moderates := role == "moderator" || role == "admin" || role == "owner"
		for _, path := range []string{"/@anna_1", "/@anna_1/" + id} {
			body := r.asks(role, "GET", path, "", "").Body.String()
			if strings.Contains(body, `href="/admin/members/anna_1"`) != moderates {
				t.Errorf("%s as %s leads to the member's page: %t", path, role, !moderates)
			}
		}
	}
	post, err := strconv.ParseInt(id, 10, 64)
	r.must(err)
	filed, err := r.c.Report(r.ctx, r.accounts["other"], community.Report{PostID: post, Category: "spam", Comment: "Not a harbour.", Rules: []string{"Be kind."}})
	r.must(err)
	_, err = r.c.GiveReport(r.ctx, community.ByCommand(""), filed.ID, "moderator_1")
	r.must(err)
	env := []string{"DATA_DIR=" + r.cfg.DataDir}
	show := func(want ...string) {
		t.Helper()
		_, out, stderr := runCommand(env, "report", "show", idOf(filed.ID))
		for _, words := range want {
			if !strings.Contains(out, words) {
				t.Errorf("no %q in\n%s%s", words, out, stderr)
			}
		}
	}
	show("Not a harbour.", "Be kind.", "spam", "@moderator_1", "A harbour #harbour", "/posts/"+id, "photographs: 1", "public")
	_, err = r.c.DecideReport(r.ctx, community.ByCommand(""), filed.ID, store.DecideRemove, community.Sanction{Words: "No."})
	r.must(err)
	show("closed remove by the command line", "A harbour #harbour", "posts removed 1")
}

// A report about a member who is deleted says so in the list, with no link to nowhere, and asks for what can still be done.
func TestReportsAboutDeletedMembers(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "REGISTRATION=open", "TRUSTED_PROXIES=1", "SIGNUP_LIMIT=100/1h"}
	site, _ := wired(t, env...)
	at := func(n string) *browser { return &browser{site, "192.0.2." + n, map[string]string{}} }
	boss, anna := at("1").joins(t, "boss"), at("2").joins(t, "anna")
	at("3").joins(t, "ben")
	run := func(args ...string) {
		t.Helper()
		if code, _, stderr := runCommand(env, args...); code != 0 {
			t.Fatal(args, stderr)
		}
	}
	run("account", "role", "boss", "owner")
	if w := anna.send("POST", "/@ben/report", "reason", "abuse", "text", "He is rude."); w.Code != 303 {
		t.Fatal(w.Code, w.Body)
	}
	run("account", "delete", "ben", "--yes")
	list := boss.send("GET", "/admin/reports").Body.String()
	if strings.Contains(list, `href=""`) || !strings.Contains(list, "a deleted account") {
		t.Errorf("the list:\n%s", list)
	}
	_, rest, _ := strings.Cut(list, `href="/admin/reports/`)
	id, _, _ := strings.Cut(rest, `"`)
	if page := boss.send("GET", "/admin/reports/"+id).Body.String(); strings.Contains(page, "Your role is not above") || !strings.Contains(page, "The member has left. Close the report.") {
		t.Errorf("the report:\n%s", page)
	}
	if w := boss.send("POST", "/admin/reports/"+id+"/decide", "decision", "nothing"); w.Code != 303 {
		t.Errorf("close: %d\n%s", w.Code, w.Body)
	}
}
