package app

import (
	"strings"
	"testing"
)

// From what a moderator sees of a member one link leads to what can be done: a profile, a post, a comment under a post and under an
// announcement. Members have none, nobody has one to oneself, and each page of the administration leads to the others.
func TestWhatIsSeenLeadsToWhatCanBeDone(t *testing.T) {
	r := newRoleSite(t)
	post, comment, remark := r.object("post", true), "", r.object("remark", true)
	comment = r.answers("POST", "/api/v1/statuses", "status", "Well seen.", "in_reply_to_id", post["id"])["id"].(string)
	const link = `href="/admin/members/anna_1"`
	for path, want := range map[string]int{"/@anna_1": 1, "/@anna_1/" + post["id"]: 2, "/announcements/" + remark["id"]: 1} {
		for role, want := range map[string]int{"moderator": want, "admin": want, "owner": want, "other": 0, "visitor": 0, "anna": 0} {
			body := r.asks(role, "GET", path, "", "").Body.String()
			if n := strings.Count(body, link); n < want || want == 0 && n > 0 {
				t.Errorf("%s has %d links at %s, want %d", role, n, path, want)
			}
		}
	}
	own := r.answersTo("moderator", "POST", "/api/v1/statuses", "status", "I think so.", "in_reply_to_id", post["id"])["id"].(string)
	if body := r.asks("moderator", "GET", "/@anna_1/"+post["id"], "", "").Body.String(); strings.Contains(body, `href="/admin/members/moderator_1"`) || !strings.Contains(body, `id="c-`+own) || !strings.Contains(body, `id="c-`+comment) {
		t.Error("a moderator is led to act on oneself")
	}
	for role, want := range map[string]bool{"moderator": true, "admin": true, "owner": true, "other": false, "limited": false, "visitor": false} { // a place in the navigation of those who may
		for _, path := range []string{"/", "/explore", "/settings"} {
			body := r.asks(role, "GET", path, "", "").Body.String()
			if has := strings.Contains(body, `href="/admin"`); has != (want && strings.Contains(body, `href="/settings"`)) || want && !has || strings.Contains(body, `href="/admin/reports"`) != has {
				t.Errorf("the navigation of %s leads %s to the administration: %t", path, role, has)
			}
		}
	}
	pages := []string{"/admin", "/admin/members", "/admin/reports", "/admin/appeals", "/admin/held", "/admin/waiting", "/admin/log"}
	system := []string{"/admin/invitations", "/admin/announcements", "/admin/blocks", "/admin/site", "/admin/status", "/admin/jobs", "/admin/moves", "/admin/ladder"}
	for role, may := range map[string][]string{"moderator": pages, "admin": append(pages, system...)} {
		for _, page := range may {
			body := r.asks(role, "GET", page, "", "").Body.String()
			for _, other := range may {
				if !strings.Contains(body, `<a href="`+other+`"`) {
					t.Errorf("%s does not lead a %s to %s", page, role, other)
				}
			}
			for _, other := range system {
				if role == "moderator" && strings.Contains(body, `<a href="`+other+`"`) {
					t.Errorf("%s leads a moderator to %s", page, other)
				}
			}
		}
	}
}
