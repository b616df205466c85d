package app

import (
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"tintype/internal/community"
)

// Each form of a member's page that asks for a reason does nothing without one, also for who sends it without the page: the
// answer is the form as it was typed, with the sentence at the field. Who may not act is told that first.
func TestActsHaveAReason(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data")}
	site, _ := wired(t, env...)
	cookies := map[string]string{"boss": memberOf(t, site, "boss"), "moda": memberOf(t, site, "moda")}
	memberOf(t, site, "anna")
	command := func(args ...string) string {
		t.Helper()
		code, out, stderr := runCommand(env, args...)
		if code != 0 {
			t.Fatal(args, stderr)
		}
		return out
	}
	command("account", "role", "boss", "owner")
	command("account", "role", "moda", "moderator")
	send := func(who, path string, fields ...string) (int, string) {
		b := &browser{site, "192.0.2.1", map[string]string{}}
		name, value, _ := strings.Cut(strings.TrimPrefix(cookies[who], "Cookie: "), "=")
		b.cookies[name] = value
		w := b.send("POST", path, fields...)
		return w.Code, w.Body.String()
	}
	const anna = "/admin/members/anna"
	for _, c := range []struct {
		path, field, kept string
		form              []string
		done              int
	}{
		{anna + "/decide", "reason", ">Be kind.</textarea>", []string{"decision", "warn", "words", "Be kind."}, 303},
		{anna + "/decide", "reason", `value="2126-01-01"`, []string{"decision", "suspend", "words", "Enough.", "until", "2126-01-01"}, 303},
		{anna + "/decide", "reason", `value="unsuspend" checked`, []string{"decision", "unsuspend"}, 303},
		{anna + "/decide", "reason", `value="limit" checked`, []string{"decision", "limit"}, 303},
		{anna + "/decide", "reason", `value="unlimit" checked`, []string{"decision", "unlimit"}, 303},
		{anna + "/act", "act_reason", `value="logout" checked`, []string{"act", "logout"}, 303},
		{anna + "/act", "act_reason", `value="reset" checked`, []string{"act", "reset", "act_password", "correct horse battery"}, 200},
		{anna + "/role", "role_reason", `value="moderator" selected`, []string{"role", "moderator", "role_password", "correct horse battery"}, 303},
		{anna + "/quota", "quota_reason", `value="2000"`, []string{"quota", "2000"}, 303},
		{"/admin/two-factors", "reason", `value="anna"`, []string{"name", "anna", "password", "correct horse battery"}, 303},
		{anna + "/act", "act_reason", `value="@anna"`, []string{"act", "delete", "confirm", "@anna", "act_password", "correct horse battery"}, 303},
	} { // anna has no second factors to be taken
		before := command("log")
		for _, reason := range []string{"", " \t"} {
			code, body := send("boss", c.path, append(c.form, c.field, reason)...)
			if code != 422 || !strings.Contains(body, `id="e-`+c.field+`">Say why.`) || !strings.Contains(body, c.kept) {
				t.Errorf("%s %v with the reason %q: %d, the sentence %v, what was typed %v", c.path, c.form, reason, code, strings.Contains(body, `id="e-`+c.field+`">Say why.`), strings.Contains(body, c.kept))
			}
		}
		if after := command("log"); after != before {
			t.Errorf("%s %v did something without a reason: %s", c.path, c.form, after)
		}
		code, body := send("boss", c.path, append(c.form, c.field, "because of the walk")...)
		if code != c.done || strings.Contains(body, "Say why.") {
			t.Errorf("%s %v with a reason: %d", c.path, c.form, code)
		}
		if after := command("log"); c.path != "/admin/two-factors" && strings.Count(after, "because of the walk") != strings.Count(before, "because of the walk")+1 {
			t.Errorf("%s %v: the log lacks the reason: %s", c.path, c.form, after)
		}
	}
	if code, _ := send("moda", "/admin/members/boss/decide", "decision", "limit"); code != 403 {
		t.Errorf("on somebody above: %d", code)
	}
	if code, _ := send("boss", anna+"/act", "act", "logout"); code != 404 {
		t.Errorf("on somebody who is gone: %d", code)
	}
	// The command line may leave it out.
	command("account", "limit", "moda")
}

// Acts that moderators and administrators do by the dozen, or that take back what was done, may have a reason as well: each form has a field for it, and
// the log has what was typed there.
func TestRoutineActsMayHaveAReason(t *testing.T) {
	r := newRoleSite(t)
	for _, c := range []struct{ kind, page, path, act string }{
		{"note", "/admin/members/anna_1", "/admin/members/anna_1/note/{id}/remove", "member.note_remove"},
		{"invitation", "/admin/invitations/{id}", "/admin/invitations/{id}/end", "invite.end"},
		{"banned", "/admin/blocks", "/admin/blocks/{id}/remove", "block.remove"},
		{"announcement", "/admin/announcements/{id}", "/admin/announcements/{id}/end", "announcement.end"},
		{"announcement", "/admin/announcements/{id}", "/admin/announcements/{id}/delete", "announcement.delete"},
		{"job", "/admin/jobs", "/admin/jobs/{id}/drop", "job.drop"},
		{"held", "/admin/held", "/admin/held/{id}/approve", "held.approve"},
		{"held", "/admin/held", "/admin/held/{id}/reject", "held.reject"},
		{"waiting", "/admin/waiting", "/admin/waiting/{name}/approve", "member.approve"},
		{"decision", "/admin/members/anna_1", "/admin/members/anna_1/decisions/{id}/undo", "member.unwarn"},
		{"report", "/admin/reports/{id}", "/admin/reports/{id}/reopen", "report.reopen"},
	} {
		o := r.object(c.kind, true)
		at := func(path string) string {
			return strings.NewReplacer("{id}", o["id"], "{name}", o["name"]).Replace(path)
		}
		if c.kind == "report" {
			id, err := strconv.ParseInt(o["id"], 10, 64)
			r.must(err)
			_, err = r.c.CloseReport(r.ctx, community.ByCommand(""), id)
			r.must(err)
		}
		_, form, _ := strings.Cut(r.asks("admin", "GET", at(c.page), "", "").Body.String(), `action="`+at(c.path)+`"`)
		if form, _, _ = strings.Cut(form, "</form>"); !strings.Contains(form, `name="reason"`) {
			t.Errorf("%s has no field for the reason:\n%s", c.path, form)
		}
		reason := "because of the walk, " + c.act
		if w := r.asks("admin", "POST", at(c.path), "reason="+url.QueryEscape(reason), "application/x-www-form-urlencoded"); w.Code != 303 {
			t.Errorf("%s: %d\n%s", c.path, w.Code, w.Body)
		}
		log, err := r.c.AdminLog(r.ctx, community.ByCommand(""), community.AdminLogSearch{Act: c.act}, community.Cursor{Limit: 1})
		if err != nil || len(log) != 1 || log[0].Reason != reason {
			t.Errorf("%s: the log has %+v %v", c.path, log, err)
		}
	}
}
