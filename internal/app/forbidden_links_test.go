package app

import (
	"regexp"
	"strings"
	"testing"

	"tintype/internal/community"
)

// shownLink is where a link of a page leads within the site.
var shownLink = regexp.MustCompile(`<a [^>]*href="(/[^"#]*)`)

// No page of administration shows those who moderate a link or a form that answers that they may not: neither about members whom they
// do not stand above, nor about themselves.
func TestNoWayLeadsToForbidden(t *testing.T) {
	r := newRoleSite(t)
	warned := map[string]string{}
	for _, role := range []string{"anna", "moderator", "admin", "owner"} {
		_, err := r.c.WarnMember(r.ctx, community.ByCommand("spam"), role+"_1", community.Sanction{Words: "Be kind."})
		r.must(err)
		own, err := r.c.OwnDecisions(r.ctx, r.accounts[role])
		r.must(err)
		r.must(r.c.AppealDecision(r.ctx, r.accounts[role], own[0].ID, "I was."))
		warned[role] = idOf(own[0].ID)
		setUp(t, r.browsers[role])
		_, err = r.c.Report(r.ctx, r.accounts["other"], community.Report{TargetID: r.accounts[role].ID, Comment: "Look"})
		r.must(err)
	}
	r.object("held", true)
	rank := map[string]int{"anna": 0, "moderator": 1, "admin": 2, "owner": 3}
	for _, role := range []string{"moderator", "admin", "owner"} {
		b := r.browsers[role]
		seen, next := map[string]bool{}, []string{"/admin", "/admin/members/anna_1", "/admin/members/moderator_1", "/admin/members/admin_1", "/admin/members/owner_1"}
		for len(next) > 0 {
			path := next[0]
			next = next[1:]
			path = strings.ReplaceAll(path, "&amp;", "&")
			if seen[path] {
				continue
			}
			seen[path] = true
			w := b.send("GET", path)
			if w.Code == 403 {
				t.Errorf("%s is shown a link to %s", role, path)
			}
			if !strings.HasPrefix(path, "/admin") || strings.Contains(path, "/log.") {
				continue
			}
			for _, m := range shownLink.FindAllStringSubmatch(w.Body.String(), -1) {
				next = append(next, m[1])
			}
		}
		if len(seen) < 15 {
			t.Errorf("%s finds %d pages", role, len(seen))
		}
		for whom, id := range warned {
			above := rank[role] > rank[whom] || role == "owner" && whom != "owner"
			page := b.send("GET", "/admin/members/"+whom+"_1").Body.String()
			for _, way := range []string{"/decisions/" + id + "/undo", whom + "_1/decide\"", whom + "_1/act\"", "/admin/two-factors?name=" + whom} {
				if shown := strings.Contains(page, way); shown && !above {
					t.Errorf("%s is shown %s of %s", role, way, whom)
				}
			}
			if above != strings.Contains(page, "/decisions/"+id+"/undo") {
				t.Errorf("%s may take back the warning of %s: %v", role, whom, !above)
			}
			w := b.send("GET", "/admin/appeals/"+id)
			if form := strings.Contains(w.Body.String(), `name="answer"`); form != above || w.Code == 403 {
				t.Errorf("%s is shown the form about the answer of %s: %d %v", role, whom, w.Code, form)
			}
		}
	}
}
