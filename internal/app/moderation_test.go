package app

import (
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

func (b *browser) joins(t *testing.T, name string) *browser {
	t.Helper()
	w := b.send("POST", "/signup", "name", name, "email", name+"@example.org", "password", "correct horse battery", "agree", "on")
	if w.Code != http.StatusSeeOther || b.cookies["tintype_session"] == "" {
		t.Fatalf("sign up: %d %v", w.Code, w.Header())
	}
	return b
}

// A club's moderator looks after members in the browser: finds one, warns, limits and suspends, with words that the member
// reads. A suspended member has one page left, answers there, takes everything along, and may leave.
func TestMembersAreLookedAfter(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "REGISTRATION=open", "TRUSTED_PROXIES=1", "SIGNUP_LIMIT=100/1h"}
	site, _ := wired(t, env...)
	at := func(n string) *browser { return &browser{site, "192.0.2." + n, map[string]string{}} }
	boss, mod, anna, stranger := at("1").joins(t, "boss"), at("2").joins(t, "moda"), at("3").joins(t, "anna"), at("4")
	for _, args := range [][]string{{"account", "role", "boss", "owner"}, {"account", "role", "moda", "moderator"}} {
		if code, _, stderr := runCommand(env, args...); code != 0 {
			t.Fatal(args, stderr)
		}
	}
	const out = 0 // log in first
	sees := func(b *browser, path string, code int, parts ...string) string {
		t.Helper()
		w := b.send("GET", path)
		if code == out && (w.Code == 401 || strings.HasPrefix(w.Header().Get("Location"), "/login")) {
			return ""
		}
		if w.Code != code {
			t.Errorf("%s: %d, want %d", path, w.Code, code)
		}
		for _, part := range parts {
			wanted := !strings.HasPrefix(part, "!")
			if strings.Contains(w.Body.String(), strings.TrimPrefix(part, "!")) != wanted {
				t.Errorf("%s: %q in\n%s", path, part, w.Body)
			}
		}
		return w.Body.String()
	}
	does := func(b *browser, path string, code int, form ...string) string {
		t.Helper()
		w := b.send("POST", path, form...)
		if w.Code != code {
			t.Errorf("%s %v: %d, want %d\n%s", path, form, w.Code, code, w.Body)
		}
		return w.Body.String()
	}

	sees(mod, "/admin", 200, `href="/admin/members"`)
	sees(mod, "/admin/members?q=ann", 200, `href="/admin/members/anna"`, "!moda</a>", "!anna@example.org")
	sees(mod, "/admin/members?role=moderator", 200, `href="/admin/members/moda"`, `!href="/admin/members/anna"`, `!href="/admin/members/boss"`)
	sees(mod, "/admin/members?role=member", 200, `!href="/admin/members/moda"`, `href="/admin/members/anna"`)
	sees(boss, "/admin/members?q=anna%40ex", 200, "anna@example.org")
	sees(mod, "/admin/members/anna", 200, "192.0.2.3", "!anna@example.org", "!Delete the account")
	sees(boss, "/admin/members/anna", 200, "anna@example.org", "Delete the account")
	sees(mod, "/admin/members/nobody", 404)
	sees(mod, "/admin/members/boss", 200, "you can only look", "!/admin/members/boss/decide")

	// What was typed is kept where something is missing.
	if page := does(mod, "/admin/members/anna/decide", 422, "decision", "warn", "reason", "was rude at the walk"); !strings.Contains(page, "Say what the warning is about.") || !strings.Contains(page, "was rude at the walk") {
		t.Error("the refused form lost something")
	}
	does(mod, "/admin/members/anna/decide", 422, "decision", "suspend", "until", "tomorrow")
	does(mod, "/admin/members/anna/decide", 422)
	does(mod, "/admin/members/anna/decide", 303, "decision", "warn", "reason", "at the walk", "words", "Be kind, please.")
	sees(anna, "/notifications", 200, "Be kind, please.", "The moderators have decided", "!moda")
	sees(anna, "/settings/decisions", 200, "Be kind, please.", "!moda")

	does(mod, "/admin/members/anna/note", 303, "note", "Told her twice.")
	sees(mod, "/admin/members/anna", 200, "Told her twice.", "Be kind, please.")
	sees(anna, "/settings/decisions", 200, "!Told her twice.")

	sees(stranger, "/@anna", 200)
	does(mod, "/admin/members/anna/decide", 303, "decision", "limit", "reason", "at the walk")
	sees(stranger, "/@anna", 404)
	sees(mod, "/@anna", 200)
	does(mod, "/admin/members/anna/decide", 303, "decision", "unlimit", "reason", "at the walk")
	sees(stranger, "/@anna", 200)

	does(mod, "/admin/members/anna/act", 403, "act", "reset") // administrators alone
	if page := does(boss, "/admin/members/anna/act", 200, "act", "reset", "act_reason", "lost it", "act_password", "correct horse battery"); !strings.Contains(page, "/links/") {
		t.Error("no link for a new password")
	}
	does(boss, "/admin/members/anna/quota", 422, "quota", "much")
	does(boss, "/admin/members/anna/quota", 303, "quota", "2000", "quota_reason", "many photographs")
	sees(boss, "/admin/members/anna", 200, `value="2000"`)
	does(boss, "/admin/members/anna/role", 303, "role", "moderator", "role_reason", "helps", "role_password", "correct horse battery")
	does(boss, "/admin/members/anna/role", 303, "role", "member", "role_reason", "helps", "role_password", "correct horse battery")
	does(boss, "/admin/members/boss/act", 403, "act", "logout")

	does(mod, "/admin/members/anna/decide", 303, "decision", "suspend", "reason", "at the walk", "words", "Enough now.", "until", "2126-01-01")
	sees(anna, "/settings", out)
	sees(stranger, "/@anna", 404)
	sees(mod, "/@anna", 404)
	sees(mod, "/admin/members?state=suspended", 200, `href="/admin/members/anna"`, "!boss</a>")
	sees(anna, "/suspended", out)
	if w := anna.send("POST", "/login", "name", "anna", "password", "correct horse battery"); w.Code != 303 || w.Header().Get("Location") != "/suspended" {
		t.Fatalf("log-in of somebody suspended: %d %v", w.Code, w.Header())
	}
	page := sees(anna, "/suspended", 200, "Enough now.", "1 January 2126", "!moda")
	sees(anna, "/settings", out)
	_, rest, _ := strings.Cut(page, `href="/suspended/decisions/`)
	id, _, _ := strings.Cut(rest, `"`)
	does(anna, "/suspended/decisions/"+id, 422, "words", "")
	does(anna, "/suspended/decisions/"+id, 303, "words", "It was a joke.")
	does(anna, "/suspended/decisions/"+id, 422, "words", "Really.")
	does(anna, "/suspended/export", 422, "export_password", "wrong")
	does(anna, "/suspended/export", 303, "export_password", "correct horse battery")
	sees(anna, "/suspended", 200, "It is being packed")
	does(anna, "/suspended/delete", 422, "confirm", "ben", "password", "correct horse battery")
	does(anna, "/suspended/delete", 422, "confirm", "anna", "password", "wrong")
	forged := at("5")
	forged.cookies["tintype_suspended"] = anna.cookies["tintype_suspended"] + "x"
	sees(forged, "/suspended", out)

	sees(mod, "/admin", 200, "Answers to decisions waiting: 1")
	sees(mod, "/admin/appeals", 200, "It was a joke.", "@anna")
	does(mod, "/admin/appeals/"+id, 422, "words", "Well.")
	does(mod, "/admin/appeals/"+id, 303, "answer", "accepted", "words", "Well.")
	does(boss, "/admin/appeals/"+id, 422, "answer", "rejected")
	sees(stranger, "/@anna", 200)
	sees(anna, "/suspended", out)

	does(boss, "/admin/members/anna/act", 422, "act", "delete", "confirm", "ann")
	does(boss, "/admin/members/anna/act", 303, "act", "delete", "confirm", "@Anna", "act_reason", "asked for it", "act_password", "correct horse battery")
	sees(boss, "/admin/members/anna", 404)
	sees(boss, "/admin/log?whom=anna", 200, "member.warn", "member.limit", "member.unlimit", "member.suspend", "appeal.answer", "member.delete", "asked for it", "member.quota", "member.note")
}

// A report is decided on its page, with what decides, and the reporter hears of it.
func TestReportsAreDecided(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "REGISTRATION=open", "TRUSTED_PROXIES=1", "SIGNUP_LIMIT=100/1h"}
	site, _ := wired(t, env...)
	at := func(n string) *browser { return &browser{site, "192.0.2." + n, map[string]string{}} }
	mod, anna, ben := at("2").joins(t, "moda"), at("3").joins(t, "anna"), at("4").joins(t, "ben")
	if code, _, stderr := runCommand(env, "account", "role", "moda", "moderator"); code != 0 {
		t.Fatal(stderr)
	}
	if w := anna.send("POST", "/@ben/report", "reason", "abuse", "rule", "4", "text", "He is rude."); w.Code != 303 {
		t.Fatal(w.Code, w.Body)
	}
	page := mod.send("GET", "/admin/reports").Body.String()
	if !strings.Contains(page, `<b class="badge">1</b>`) {
		t.Error("no badge")
	}
	_, rest, _ := strings.Cut(page, `href="/admin/reports/`)
	id, _, _ := strings.Cut(rest, `"`)
	page = mod.send("GET", "/admin/reports/"+url.PathEscape(id)).Body.String()
	for _, want := range []string{"He is rude.", "No harassment, no hate", "180 days", "/admin/members/anna", "/admin/members/ben"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q on the report's page", want)
		}
	}
	if strings.Contains(page, "Remove the post") {
		t.Error("a report about an account offers to remove a post")
	}
	for _, step := range []struct {
		path string
		code int
		form []string
	}{
		{"/assign", 303, nil}, {"/decide", 422, nil}, {"/decide", 422, []string{"decision", "warn"}}, {"/decide", 422, []string{"decision", "remove"}},
		{"/decide", 303, []string{"decision", "warn", "words", "Be kind."}}, {"/decide", 422, []string{"decision", "nothing"}}, {"/reopen", 303, nil},
	} {
		if w := mod.send("POST", "/admin/reports/"+id+step.path, step.form...); w.Code != step.code {
			t.Errorf("%s %v: %d, want %d", step.path, step.form, w.Code, step.code)
		}
	}
	if page := ben.send("GET", "/notifications").Body.String(); !strings.Contains(page, "Be kind.") || strings.Contains(page, "anna") {
		t.Error("who was reported hears", page)
	}
	if code, out, stderr := runCommand(env, "report", "list"); code != 0 || !strings.Contains(out, "@ben") || !strings.Contains(out, "violation Harassment or hate") {
		t.Error(out, stderr)
	}
	if code, out, stderr := runCommand(env, "report", "decide", id, "nothing", "--reason", "once is enough"); code != 0 {
		t.Error(out, stderr)
	}
	if code, _, stderr := runCommand(env, "report", "decide", id, "nothing"); code == 0 || !strings.Contains(stderr, "already been decided, by command") {
		t.Error(stderr)
	}
	if page := anna.send("GET", "/notifications").Body.String(); !strings.Contains(page, "The moderators found no reason to act.") || strings.Contains(page, "moda") || strings.Contains(page, "Be kind.") {
		t.Error("the reporter hears", page)
	}
}

// Commands do what pages do to members.
func TestAccountCommands(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "REGISTRATION=open", "TRUSTED_PROXIES=1"}
	site, _ := wired(t, env...)
	(&browser{site, "192.0.2.3", map[string]string{}}).joins(t, "anna")
	for _, step := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"warn", "anna", "--words", "Be kind."}, 0, "anna is warned."},
		{[]string{"limit", "anna"}, 0, "anna is limited."},
		{[]string{"list", "--state", "limited"}, 0, "anna@example.org"},
		{[]string{"limit", "anna", "--undo"}, 0, "anna is not limited."},
		{[]string{"suspend", "anna", "--until", "soon"}, 1, "is no day"},
		{[]string{"suspend", "anna", "--until", "2126-01-01", "--words", "Enough."}, 0, "anna is suspended until 2126-01-01."},
		{[]string{"show", "anna"}, 0, "suspended until"},
		{[]string{"suspend", "anna", "--undo"}, 0, "anna is not suspended."},
		{[]string{"quota", "anna", "2000"}, 0, "anna may have 2000 MB."},
		{[]string{"quota", "anna"}, 0, "anna has the site's quota."},
		{[]string{"note", "anna", "Told her twice."}, 0, ""},
		{[]string{"show", "@Anna"}, 0, "Told her twice."},
		{[]string{"logout", "anna"}, 0, "anna is logged out everywhere."},
		{[]string{"role", "anna", "owner"}, 0, "anna is now: owner"},
		{[]string{"suspend", "anna"}, 1, "Make somebody else an owner first."},
		{[]string{"delete", "anna", "--yes"}, 1, "Make somebody else an owner first."},
		{[]string{"delete", "nobody", "--yes"}, 1, "there is no account nobody"},
		{[]string{"delete", "anna"}, 1, "say --yes"},
	} {
		code, out, stderr := runCommand(env, append([]string{"account"}, step.args...)...)
		if code != step.code || !strings.Contains(out+stderr, step.says) {
			t.Errorf("%v: %d %s%s", step.args, code, out, stderr)
		}
	}
}
