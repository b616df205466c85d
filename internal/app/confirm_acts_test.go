package app

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"tintype/internal/store"
)

// To delete a member, to change a role and to take two factors away, a page asks for the password of whoever acts. Without it
// nothing is done, and what was typed is still there, but for the password. The command line is no open browser.
func TestActsAskForThePassword(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "REGISTRATION=open", "TRUSTED_PROXIES=1", "SIGNUP_LIMIT=100/1h", "LOGIN_LIMIT=16/1h"}
	site, _ := wired(t, env...)
	at := func(n string) *browser { return &browser{site, "192.0.2." + n, map[string]string{}} }
	boss, _ := at("1").joins(t, "boss"), at("2").joins(t, "anna")
	command := func(args ...string) string {
		t.Helper()
		code, out, stderr := runCommand(env, args...)
		if code != 0 {
			t.Fatal(args, stderr)
		}
		return out
	}
	command("account", "role", "boss", "owner")
	db, err := store.Open(t.Context(), site.drivers().storeOptions())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	const anna = "/admin/members/anna"
	for _, c := range []struct {
		name, path, password string
		form, kept           []string
		done                 string // what the log has then
	}{
		{"a role", anna + "/role", "role_password", []string{"role", "moderator", "role_reason", "helps at the desk"}, []string{`value="moderator" selected`, `value="helps at the desk"`}, "member.role"},
		{"factors on the member’s page", anna + "/act", "act_password", []string{"act", "factors", "act_reason", "a lost phone"}, []string{`value="a lost phone"`}, "member.two_factors"},
		{"factors on their own page", "/admin/two-factors", "password", []string{"name", "anna", "reason", "a lost phone"}, []string{`value="anna"`, `value="a lost phone"`}, "member.two_factors"},
		{"a link for a new password", anna + "/act", "act_password", []string{"act", "reset", "act_reason", "lost it"}, []string{`value="reset" checked`, `value="lost it"`}, "member.reset_link"},
		{"an invitation to moderate", "/admin/invitations", "password", []string{"note", "the desk", "uses", "1", "days", "7", "role", "moderator"}, []string{`value="the desk"`, `value="moderator" selected`}, "invite.create"},
		{"an account closed for a week", anna + "/act", "act_password", []string{"act", "leave", "act_reason", "by letter"}, []string{`value="leave" checked`, `value="by letter"`}, "member.leave"},
		{"deletion", anna + "/act", "act_password", []string{"act", "delete", "confirm", "@anna", "act_reason", "asked for it"}, []string{`value="delete" checked`, `value="@anna"`, `value="asked for it"`}, "member.delete"},
	} {
		if c.done == "member.two_factors" {
			if _, err := db.SQL().ExecContext(t.Context(), "UPDATE accounts SET two_factors_at = 1 WHERE username = 'anna'"); err != nil {
				t.Fatal(err)
			}
		}
		before := command("log")
		for _, wrong := range []string{"", "not the password"} {
			w := boss.send("POST", c.path, append(c.form, c.password, wrong)...)
			body := w.Body.String()
			if w.Code != 422 || !strings.Contains(body, `id="e-`+c.password+`">That is not your password.`) {
				t.Errorf("%s with the password %q: %d\n%s", c.name, wrong, w.Code, body)
			}
			for _, kept := range c.kept {
				if !strings.Contains(body, kept) {
					t.Errorf("%s: the form lost %s", c.name, kept)
				}
			}
			if wrong != "" && strings.Contains(body, wrong) {
				t.Errorf("%s: the page shows the password", c.name)
			}
		}
		if after := command("log"); after != before {
			t.Errorf("%s was done without the password: %s", c.name, after)
		}
		if w := boss.send("POST", c.path, append(c.form, c.password, "correct horse battery")...); w.Code != 303 && w.Code != 200 {
			t.Errorf("%s: %d\n%s", c.name, w.Code, w.Body)
		}
		if after := command("log"); strings.Count(after, c.done) != strings.Count(before, c.done)+1 {
			t.Errorf("%s is not in the log: %s", c.name, after)
		}
	}

	// What hurts nobody asks for none.
	at("3").joins(t, "ben")
	if w := boss.send("POST", "/admin/invitations", "note", "the walkers", "uses", "1", "days", "7", "role", "member"); w.Code != 303 {
		t.Errorf("an invitation: %d", w.Code)
	}
	if w := boss.send("POST", "/admin/members/ben/act", "act", "logout", "act_reason", "a lost phone"); w.Code != 303 {
		t.Errorf("a log-out: %d", w.Code)
	}
	// Whoever tries passwords at an open browser is stopped, and the right one does not help then.
	for range 4 {
		boss.send("POST", "/admin/members/ben/role", "role", "moderator", "role_reason", "helps", "role_password", "guess")
	}
	w := boss.send("POST", "/admin/members/ben/role", "role", "moderator", "role_reason", "helps", "role_password", "correct horse battery")
	if w.Code != 429 || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), `value="helps"`) {
		t.Errorf("after too many tries: %d %v", w.Code, w.Header())
	}
	command("account", "role", "ben", "moderator")
}

// So does the site's page, before it changes who may join and what keeps others out of accounts.
func TestSiteAsksForThePassword(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data")}
	site, _ := wired(t, env...)
	boss := memberOf(t, site, "boss")
	command := func(args ...string) string {
		t.Helper()
		code, out, stderr := runCommand(env, args...)
		if code != 0 {
			t.Fatal(args, stderr)
		}
		return out
	}
	command("account", "role", "boss", "owner")
	send := func(fields ...string) (int, string) {
		v := url.Values{}
		for i := 0; i < len(fields); i += 2 {
			v.Set(fields[i], fields[i+1])
		}
		w := site.ask("POST", "/admin/site", v.Encode(), boss, "Content-Type: application/x-www-form-urlencoded")
		return w.Code, w.Body.String()
	}
	for _, c := range []struct{ form, kept []string }{
		{[]string{"registration", "approval", "was_registration", "invitation", "reason", "the board"}, []string{`value="approval" checked`, `value="the board"`}},
		{[]string{"login_limit", "20/1h", "was_login_limit", "10/15m", "name", "Walkers", "was_name", "Tintype"}, []string{`value="20/1h"`, `value="Walkers"`}},
		{[]string{"reset", "registration"}, []string{`value="registration" checked`}},
		{[]string{"two_factors", "owner", "was_two_factors", "none"}, []string{`value="owner" checked`}},
	} {
		before := command("log")
		for _, wrong := range []string{"", "not the password"} {
			code, body := send(append(c.form, "password", wrong)...)
			if code != 422 || !strings.Contains(body, `id="e-password">That is not your password.`) || wrong != "" && strings.Contains(body, wrong) {
				t.Errorf("%v with the password %q: %d\n%s", c.form, wrong, code, body)
			}
			for _, kept := range c.kept {
				if !strings.Contains(body, kept) {
					t.Errorf("%v: the form lost %s", c.form, kept)
				}
			}
		}
		if after := command("log"); after != before {
			t.Errorf("%v was done without the password: %s", c.form, after)
		}
		if code, body := send(append(c.form, "preview", "on")...); code != 200 {
			t.Errorf("the preview of %v: %d\n%s", c.form, code, body)
		}
		if code, body := send(append(c.form, "password", "correct horse battery")...); code != 303 {
			t.Errorf("%v: %d\n%s", c.form, code, body)
		}
		if after := command("log"); strings.Count(after, "site.edit") != strings.Count(before, "site.edit")+1 {
			t.Errorf("%v is not in the log: %s", c.form, after)
		}
	}
}
