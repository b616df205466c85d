package app

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tintype/internal/community"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

// hiddenFields are those of the form of a page that posts to an address.
func hiddenFields(t *testing.T, page, action string) url.Values {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	attr := func(n *html.Node, key string) string {
		i := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
		if i < 0 {
			return ""
		}
		return n.Attr[i].Val
	}
	for n := range doc.Descendants() {
		if n.Data != "form" || attr(n, "action") != action {
			continue
		}
		fields := url.Values{}
		for in := range n.Descendants() {
			if in.Data == "input" && attr(in, "type") == "hidden" {
				fields.Add(attr(in, "name"), attr(in, "value"))
			}
		}
		return fields
	}
	t.Fatalf("no form posts to %s in:\n%s", action, page)
	return nil
}

// A form of administration that is sent twice, by a double click, acts once, and the second answer is the first: it says neither
// that nothing is there, nor that somebody has decided already.
func TestFormsOfAdministrationSentTwice(t *testing.T) {
	r := newRoleSite(t)
	type row struct {
		kind, page, action, form string
		where                    string // where the answer leads, as a pattern
	}
	rows := []row{
		{"anna", "/admin/members/:name", "/admin/members/:name/decide", "decision=warn&words=Be+kind.&reason=rude", "/admin/members/anna_1"},
		{"anna", "/admin/members/:name", "/admin/members/:name/decide", "decision=limit&reason=rude", "/admin/members/anna_1"},
		{"anna", "/admin/members/:name", "/admin/members/:name/decide", "decision=unlimit&reason=kind", "/admin/members/anna_1"},
		{"anna", "/admin/members/:name", "/admin/members/:name/note", "note=Told+her.", "/admin/members/anna_1"},
		{"anna", "/admin/members/:name", "/admin/members/:name/quota", "quota=2000&quota_reason=many", "/admin/members/anna_1"},
		{"anna", "/admin/members/:name", "/admin/members/:name/role", "role=moderator&role_reason=helps&role_password=" + password, "/admin/members/anna_1"},
		{"anna", "/admin/members/:name", "/admin/members/:name/role", "role=member&role_reason=helps&role_password=" + password, "/admin/members/anna_1"},
		{"note", "/admin/members/:name", "/admin/members/:name/note/:id/remove", "", "/admin/members/anna_1"},
		{"decision", "/admin/members/:name", "/admin/members/:name/decisions/:id/undo", "", "/admin/members/anna_1"},
		{"person", "/admin/members/:name", "/admin/members/:name/decide", "decision=suspend&words=Enough.&reason=rude&until=2126-01-01", "/admin/members/person"},
		{"person", "/admin/members/:name", "/admin/members/:name/act", "act=delete&confirm=:name&act_reason=asked&act_password=" + password, "/admin/members$"},
		{"report", "/admin/reports/:id", "/admin/reports/:id/decide", "decision=warn&words=Be+kind.", "/admin/reports$"},
		{"report", "/admin/reports/:id", "/admin/reports/:id/decide", "decision=nothing", "/admin/reports$"},
		{"report", "/admin/reports/:id", "/admin/reports/:id/assign", "", "/admin/reports/"},
		{"appeal", "/admin/appeals/:id", "/admin/appeals/:id", "answer=rejected&words=No.", "/admin/appeals$"},
		{"appeal", "/admin/appeals/:id", "/admin/appeals/:id", "answer=accepted", "/admin/appeals$"},
		{"waiting", "/admin/waiting", "/admin/waiting/:name/approve", "", "/admin/waiting$"},
		{"waiting", "/admin/waiting", "/admin/waiting/:name/refuse", "words=Members+only.", "/admin/waiting$"},
		{"held", "/admin/held", "/admin/held/:id/approve", "", "/admin/held$"},
		{"held", "/admin/held", "/admin/held/:id/reject", "words=No.", "/admin/held$"},
		{"post", "/posts/:id/delete", "/posts/:id/delete", "words=No.&reason=spam", "/@anna_1"},
		{"remark", "/announcements/:id/comments/:comment/remove", "/announcements/:id/comments/:comment/remove", "reason=spam", "/announcements/"},
		{"banned", "/admin/blocks", "/admin/blocks/:id/remove", "", "/admin/blocks"},
		{"-", "/admin/blocks", "/admin/blocks", "kind=domain&value=shoes.example", "/admin/blocks"},
		{"-", "/admin/announcements", "/admin/announcements", "text=We+walk.", "/admin/announcements$"},
		{"announcement", "/admin/announcements/:id", "/admin/announcements/:id", "text=We+walk+at+ten.", "/admin/announcements/"},
		{"announcement", "/admin/announcements/:id", "/admin/announcements/:id/end", "", "/admin/announcements/"},
		{"announcement", "/admin/announcements/:id", "/admin/announcements/:id/delete", "", "/admin/announcements$"},
		{"-", "/admin/invitations", "/admin/invitations", "note=walkers&uses=1&days=7&role=member", "/admin/invitations/"},
		{"invitation", "/admin/invitations/:id", "/admin/invitations/:id/end", "", "/admin/invitations/"},
		{"-", "/admin", "/admin/mail/test", "address=me@example.org", "/admin#test-mail"},
		{"anna", "/admin/members/:name", "/admin/members/:name/act", "act=leave&act_reason=asked&act_password=" + password, "/admin/members/anna_1"},
		{"anna", "/admin/members/:name", "/admin/members/:name/act", "act=back&act_reason=asked", "/admin/members/anna_1"},
		{"report", "/admin/reports/:id", "/admin/reports/:id/assign", "moderator=moderator_1", "/admin/reports/"},
		{"job", "/admin/jobs?state=dead", "/admin/jobs/:id/drop", "", "/admin/jobs"},
		{"job", "/admin/jobs?state=dead", "/admin/jobs/:id/retry", "", "/admin/jobs"},
	}
	for _, row := range rows {
		if row.kind != "-" && row.kind != "anna" {
			delete(r.objects, row.kind)
		}
		o := r.object(row.kind, false)
		at := func(s string) string {
			for name, value := range o {
				s = strings.ReplaceAll(s, ":"+name, value)
			}
			return s
		}
		action := at(row.action)
		fields := hiddenFields(t, r.asks("owner", "GET", at(row.page), "", "").Body.String(), action)
		form, err := url.ParseQuery(at(row.form))
		r.must(err)
		for name, values := range form {
			fields[name] = values
		}
		fields.Del("ask") // as the page sends it that asks once more
		send := func() (*httptest.ResponseRecorder, string) {
			w := r.asks("owner", "POST", action, fields.Encode(), "application/x-www-form-urlencoded")
			return w, w.Header().Get("Location") + " " + strings.Join(w.Header()["Set-Cookie"], " ")
		}
		posted := routeRow{method: "POST"}
		logged := func() (n int) {
			r.must(r.c.Store.SQL().QueryRowContext(r.ctx, "SELECT COUNT(*) FROM admin_log WHERE via = 'page'").Scan(&n))
			return n
		}
		before, rows := r.changes(posted), logged()
		first, says := send()
		if n := logged() - rows; n != 1 {
			t.Errorf("%s with %s writes %d rows of the log", action, row.form, n)
		}
		done := r.changes(posted)
		if first.Code != http.StatusSeeOther || !regexp.MustCompile(row.where).MatchString(first.Header().Get("Location")) || done == before {
			t.Errorf("%s with %s: %d %s", action, row.form, first.Code, says)
			continue
		}
		again, saysAgain := send()
		if again.Code != first.Code || saysAgain != says {
			t.Errorf("%s with %s, sent again: %d %s, first %d %s", action, row.form, again.Code, saysAgain, first.Code, says)
		}
		if after := r.changes(posted); after != done {
			t.Errorf("%s with %s, sent again, does more:\n%s\n%s", action, row.form, done, after)
		}
	}
	exempt := []string{ // they may be sent as often as one likes, or have tests of their own
		"/admin/site", "/admin/site/picture", "/admin/site/picture/remove", "/admin/first-steps/close", "/admin/two-factors", "/admin/invitations/mail",
		"/admin/reports/:id/edit", "/admin/reports/:id/reopen", "/admin/reports/:id/unassign",
	}
	for _, route := range readRouteTable(t) {
		if route.method != "POST" || !strings.HasPrefix(route.path, "/admin/") || slices.Contains(exempt, route.path) {
			continue
		}
		if !slices.ContainsFunc(rows, func(row row) bool { return row.action == route.path }) {
			t.Errorf("no form is sent twice to %s", route.path)
		}
	}
}

// Whoever becomes a member by a form that is sent twice is in, whichever of the answers the browser shows: the owner by the claim
// link, an invited member, one who signs up, and one who waits.
func TestJoiningTwiceIsJoiningOnce(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "TRUSTED_PROXIES=1", "SIGNUP_LIMIT=100/1h", "CONTACT=https://club.example/us"}
	site, _ := wired(t, env...)
	c, closeAll, err := openCommunity(store.Primary(t.Context()), site.cfg, site.log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = closeAll() })
	path := func(url string) string { return strings.TrimPrefix(url, c.BaseURL) }
	// twice sends the form as two browsers, since the second request of a double click has no session yet.
	twice := func(path, to string, form ...string) {
		t.Helper()
		for i := range 2 {
			b := &browser{site, "192.0.2.1", map[string]string{}}
			w := b.send("POST", path, form...)
			if w.Code != http.StatusSeeOther || w.Header().Get("Location") != to || !b.in(t) {
				t.Errorf("%s, time %d: %d %v\n%s", path, i+1, w.Code, w.Header(), w.Body)
			}
		}
	}
	refused := func(path string, form ...string) {
		t.Helper()
		b := &browser{site, "192.0.2.2", map[string]string{}}
		if w := b.send("POST", path, form...); w.Code < 400 || b.cookies["tintype_session"] != "" {
			t.Errorf("%s with %v: %d %v", path, form, w.Code, w.Header())
		}
	}
	as := func(name, with string) []string {
		return []string{"name", name, "email", name + "@example.org", "password", with, "agree", "on", "reason", "I walk with you."}
	}
	stranger := &browser{site, "192.0.2.3", map[string]string{}}
	says := func(path string, code int, parts ...string) {
		t.Helper()
		w := stranger.send("GET", path)
		for _, part := range parts {
			if w.Code != code || !strings.Contains(w.Body.String(), part) {
				t.Errorf("%s: %d, without %q\n%s", path, w.Code, part, w.Body)
			}
		}
	}

	claim, claimed, err := c.ClaimLink(t.Context())
	if err != nil || claimed {
		t.Fatal(claimed, err)
	}
	says(path(claim), 200, "Become the administrator")
	refused(path(claim), as("boss", "short")...)
	twice(path(claim), "/admin/first-steps", as("boss", password)...)
	if acc, err := c.Store.AccountByUsername(store.Primary(t.Context()), "boss"); err != nil || acc.Role != store.RoleOwner {
		t.Errorf("who claimed the site is %+v, %v", acc, err)
	}
	refused(path(claim), as("boss", "another password")...)
	refused(path(claim), as("thief", password)...)
	says(path(claim), 404, "This site already has an administrator", `href="/login"`)
	says("/claim/nothing", 404, "Nothing is at this address")

	inv, err := c.Invite(t.Context(), community.ByCommand(""), community.NewInvitation{MaxUses: 1, Days: 7})
	if err != nil {
		t.Fatal(err)
	}
	link := path(c.InvitationURL(inv.ID))
	twice(link, "/", as("anna", password)...)
	refused(link, as("anna", "another password")...)
	refused(link, as("carl", password)...)
	says(link, 404, "This invitation has been used", `href="https://club.example/us"`, `href="/login"`)
	if _, came, err := c.InvitationByID(t.Context(), community.ByCommand(""), inv.ID); err != nil || len(came) != 1 {
		t.Errorf("%d came by an invitation for one, %v", len(came), err)
	}
	ended, err := c.Invite(t.Context(), community.ByCommand(""), community.NewInvitation{Days: 7})
	if err == nil {
		err = c.EndInvitation(t.Context(), community.ByCommand(""), ended.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	says(path(c.InvitationURL(ended.ID)), 404, "have ended this invitation")
	late, err := c.Invite(t.Context(), community.ByCommand(""), community.NewInvitation{Days: 7})
	if err == nil {
		_, err = c.Store.SQL().ExecContext(t.Context(), "UPDATE invitations SET expires_at = 1 WHERE id = "+idOf(late.ID))
	}
	if err != nil {
		t.Fatal(err)
	}
	says(path(c.InvitationURL(late.ID)), 404, "This invitation has expired.")
	says("/links/"+strings.Repeat("x", 32), 404, "This link no longer works", `href="https://club.example/us"`)

	reset, err := c.CreateResetLink(t.Context(), community.ByCommand(""), "anna")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{303, 404} {
		b := &browser{site, "192.0.2.4", map[string]string{}}
		if w := b.send("POST", path(c.LinkURL(reset)), "password", "battery staple correct"); w.Code != want || want == 404 && !strings.Contains(w.Body.String(), "it worked: log in") {
			t.Errorf("a new password, time %d: %d\n%s", i+1, w.Code, w.Body)
		}
	}

	twice("/signup", "/", as("dora", password)...)
	refused("/signup", as("dora", "another password")...)
	refused("/signup", "name", "dora", "email", "other@example.org", "password", password, "agree", "on")
	if _, err := c.Store.SQL().ExecContext(t.Context(), "UPDATE accounts SET created_at = 1 WHERE username = 'dora'"); err != nil {
		t.Fatal(err)
	}
	refused("/signup", as("dora", password)...) // a sign-up is no log-in

	set := func(how string) {
		t.Helper()
		if err := c.SetSite(store.Primary(t.Context()), community.ByCommand(""), map[string]*string{"registration": &how}); err != nil {
			t.Fatal(err)
		}
		stranger.send("GET", "/about")
		servertest.Eventually(t, "the site takes sign-ups as "+how, func() bool {
			return strings.Contains(stranger.send("GET", "/signup").Body.String(), map[string]string{"approval": "Ask to join", "invitation": "This site is by invitation."}[how])
		})
	}
	set("approval")
	for i := range 2 {
		if w := stranger.send("POST", "/signup", as("emil", password)...); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Your sign-up is waiting") {
			t.Errorf("a sign-up that waits, time %d: %d\n%s", i+1, w.Code, w.Body)
		}
	}
	set("invitation")
	if w := stranger.send("POST", "/signup", as("fred", password)...); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "This site is by invitation.") {
		t.Errorf("a sign-up where that was closed meanwhile: %d\n%s", w.Code, w.Body)
	}
}
