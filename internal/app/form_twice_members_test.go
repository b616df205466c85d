package app

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// What a member does away with by a form that is sent twice, by a double click, is gone, and the second answer is the first: it does
// not say that nothing is there.
func TestFormsOfMembersSentTwice(t *testing.T) {
	r := newRoleSite(t)
	for _, row := range []struct{ kind, page, action, form string }{
		{"post", "/posts/:id/delete", "/posts/:id/delete", ""},
		{"comment", "/posts/:id/delete", "/posts/:id/delete", ""},
		{"remark", "/announcements/:id", "/announcements/:id/comments/:comment/remove", ""},
		{"album", "/albums/:id/delete", "/albums/:id/delete", ""},
		{"album", "/albums/:id/photos/:photo/remove", "/albums/:id/remove", "photo=:photo"},
		{"list", "/lists/:id/edit", "/lists/:id/delete", ""},
		{"filter", "/settings/filters/:id", "/settings/filters/:id/delete", ""},
		{"session", "/settings/sessions", "/settings/sessions/:id/end", ""},
		{"application", "/settings/sessions", "/settings/applications/:id/revoke", ""},
		{"factor", "/settings/two-factors/:id/remove", "/settings/two-factors/:id/remove", "current_password=" + password},
		{"decision", "/settings/decisions/:id", "/settings/decisions/:id", "words=A+joke."},
		{"follower", "/follow-requests", "/follow-requests/:name/accept", ""},
		{"follower", "/follow-requests", "/follow-requests/:name/refuse", ""},
		{"draftphoto", "/compose", "/compose/photos/:id/remove", ""},
		{"held", "/held", "/held/:id/withdraw", ""},
	} {
		delete(r.objects, "post")
		o := r.object(row.kind, true)
		at := func(s string) string {
			for name, value := range o {
				s = strings.ReplaceAll(s, ":"+name, value)
			}
			return s
		}
		action := at(row.action)
		fields := url.Values{}
		if page := r.asks("anna", "GET", at(row.page), "", "").Body.String(); strings.Contains(page, `action="`+action+`"`) {
			fields = hiddenFields(t, page, action)
		} else {
			t.Errorf("%s: no form to %s", at(row.page), action)
		}
		form, err := url.ParseQuery(at(row.form))
		r.must(err)
		for name, values := range form {
			fields[name] = values
		}
		var says [2]string
		for i := range says {
			w := r.asks("anna", "POST", action, fields.Encode(), "application/x-www-form-urlencoded")
			says[i] = http.StatusText(w.Code) + " " + w.Header().Get("Location") + " " + strings.Join(w.Header()["Set-Cookie"], " ")
			if i == 0 && w.Code != http.StatusSeeOther {
				t.Errorf("%s: %s\n%s", action, says[0], w.Body)
			}
			if i == 0 {
				r.settled()
			}
		}
		if says[0] != says[1] {
			t.Errorf("%s, sent again: %s, first %s", action, says[1], says[0])
		}
	}
}
