package app

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tintype/internal/community"
)

// What a command does to the site, its mail, its members and its reports, a page does as well.
func TestPagesDoWhatCommandsDo(t *testing.T) {
	r := newRoleSite(t, "SITE_DESCRIPTION=Of the environment.")
	post := func(role, path string, fields ...string) (int, string) {
		t.Helper()
		v := url.Values{}
		for i := 0; i < len(fields); i += 2 {
			v.Add(fields[i], fields[i+1])
		}
		w := r.asks(role, "POST", path, v.Encode(), "application/x-www-form-urlencoded")
		return w.Code, w.Body.String()
	}
	shows := func(role, path string, parts ...string) {
		t.Helper()
		body := r.asks(role, "GET", path, "", "").Body.String()
		for _, part := range parts {
			if without, found := strings.CutPrefix(part, "not "); found == strings.Contains(body, without) {
				t.Errorf("%s shows %s: %q is there: %t", role, path, without, found)
			}
		}
	}

	const site = "/admin/site"
	shows("admin", site, "This is the default.", "This is set by SITE_DESCRIPTION in the environment.", "not Back to the default")
	if code, body := post("admin", site, "name", "Harbour club", "was_name", "Tintype", "contact", "us@example.org", "was_contact", ""); code != http.StatusSeeOther {
		t.Fatal(code, body)
	}
	shows("admin", site, `name="reset" value="name"`, `name="reset" value="contact"`, "The default: Tintype", `not name="reset" value="visitors"`)
	if code, body := post("admin", site, "reset", "name", "preview", "on", "contact", "them@example.org", "was_contact", "us@example.org"); code != 200 || !strings.Contains(body, `class="site-name">Tintype<`) || !strings.Contains(body, `value="them@example.org"`) || !strings.Contains(body, `value="name" checked`) {
		t.Errorf("the preview of a default: %d\n%s", code, body)
	}
	if code, body := post("admin", site, "reset", "name", "reset", "visitors", "reset", "description", "name", "Typed too", "was_name", "Harbour club", "reason", "the board"); code != http.StatusSeeOther {
		t.Fatal(code, body)
	}
	shows("admin", site, `not name="reset" value="name"`, `name="reset" value="contact"`)
	shows("admin", "/admin/log?act=site.edit", "name: Tintype", "the board")
	shows("owner", "/admin/first-steps", "not Back to the default", "not This is the default.")

	shows("moderator", "/admin", "not /admin/mail/test")
	shows("admin", "/admin", `action="/admin/mail/test"`, `value="admin@example.org"`)
	if code, body := post("admin", "/admin/mail/test", "address", "nobody"); code != http.StatusUnprocessableEntity || !strings.Contains(body, "is not an e-mail address.") || !strings.Contains(body, `value="nobody"`) {
		t.Errorf("no address: %d\n%s", code, body)
	}
	for i := range 11 {
		if code, body := post("admin", "/admin/mail/test", "address", "club@example.org"); i < 10 && code != http.StatusSeeOther || i == 10 && code != http.StatusTooManyRequests {
			t.Errorf("a test mail, time %d: %d\n%s", i+1, code, body)
		}
	}
	letters, err := filepath.Glob(filepath.Join(r.cfg.DataDir, "mail", "*"))
	if err != nil || len(letters) < 10 {
		t.Errorf("%d letters, %v", len(letters), err)
	}
	found := 0
	for _, letter := range letters {
		if b, err := os.ReadFile(letter); err == nil && strings.Contains(string(b), "club@example.org") {
			found++
		}
	}
	if found != 10 {
		t.Errorf("%d of the letters are to whom they were sent", found)
	}
	shows("admin", "/admin/log?act=mail.test", "…@example.org", "not club@example.org", "@admin_1")

	who := r.object("person", true)["name"]
	shows("moderator", "/admin/members/"+who, `not value="leave"`)
	shows("admin", "/admin/members/"+who, `value="leave"`, `not value="back"`)
	if code, _ := post("moderator", "/admin/members/"+who+"/act", "act", "leave", "act_reason", "asked"); code != http.StatusForbidden {
		t.Errorf("a moderator closes an account: %d", code)
	}
	if code, body := post("admin", "/admin/members/"+who+"/act", "act", "leave", "act_reason", "by letter", "act_password", password); code != http.StatusSeeOther {
		t.Fatal(code, body)
	}
	if acc, err := r.c.Store.AccountByUsername(r.ctx, who); err != nil || acc.LeavingAt == nil || acc.DeletedAt != nil {
		t.Errorf("%+v, %v", acc, err)
	}
	shows("admin", "/admin/members/"+who, `not value="leave"`, `value="back"`)
	shows("admin", "/admin/log?act=member.leave&whom="+who, "by letter")

	report := "/admin/reports/" + r.object("report", true)["id"]
	shows("admin", report, `<option value="moderator_1"`, `<option value="owner_1"`, `not <option value="admin_1"`, `not <option value="anna_1"`)
	if code, body := post("admin", report+"/assign", "moderator", "anna_1"); code != http.StatusUnprocessableEntity || !strings.Contains(body, "anna_1 does not moderate.") {
		t.Errorf("a report for a member: %d\n%s", code, body)
	}
	if code, body := post("admin", report+"/assign", "moderator", "moderator_1"); code != http.StatusSeeOther {
		t.Fatal(code, body)
	}
	shows("moderator", report, "Leave it to others")
	shows("moderator", "/notifications", "A report was given to you", `href="`+report+`"`)
	shows("owner", "/notifications", "not A report was given to you")
	if code, body := post("owner", report+"/assign"); code != http.StatusSeeOther {
		t.Fatal(code, body)
	}
	shows("owner", "/notifications", "not A report was given to you") // who takes it knows
	shows("admin", "/admin/log?act=report.assign", "@moderator_1")

	about, err := r.c.Report(r.ctx, r.accounts["anna"], community.Report{TargetID: r.accounts["moderator"].ID, Comment: "Rude."})
	r.must(err)
	shows("admin", "/admin/reports/"+idOf(about.ID), `not <option value="moderator_1"`, `<option value="owner_1"`)
	if _, err := r.c.ReportTakers(r.ctx, community.By{Account: r.accounts["anna"]}, 0); err == nil {
		t.Error("a member reads who moderates")
	}
}
