package app

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
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
		{"banned", "/admin/blocks", "/admin/blocks/:id/remove", "", "/admin/blocks"},
		{"-", "/admin/blocks", "/admin/blocks", "kind=domain&value=shoes.example", "/admin/blocks"},
		{"-", "/admin/announcements", "/admin/announcements", "text=We+walk.", "/admin/announcements$"},
		{"announcement", "/admin/announcements/:id", "/admin/announcements/:id", "text=We+walk+at+ten.", "/admin/announcements/"},
		{"announcement", "/admin/announcements/:id", "/admin/announcements/:id/end", "", "/admin/announcements/"},
		{"announcement", "/admin/announcements/:id", "/admin/announcements/:id/delete", "", "/admin/announcements$"},
		{"-", "/admin/invitations", "/admin/invitations", "note=walkers&uses=1&days=7&role=member", "/admin/invitations/"},
		{"invitation", "/admin/invitations/:id", "/admin/invitations/:id/end", "", "/admin/invitations/"},
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
		send := func() (*httptest.ResponseRecorder, string) {
			w := r.asks("owner", "POST", action, fields.Encode(), "application/x-www-form-urlencoded")
			return w, w.Header().Get("Location") + " " + strings.Join(w.Header()["Set-Cookie"], " ")
		}
		posted := routeRow{method: "POST"}
		before := r.changes(posted)
		first, says := send()
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
