package app

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"tintype/internal/community"
	"tintype/internal/store"
)

// reportedPhoto is the address of a file of a photograph on the page of a report.
var reportedPhoto = regexp.MustCompile(`href="(/media/(?:pub|priv)/[0-9a-f]{32}/[a-z0-9]+\.jpg[^"]*)"`)

// The page of a report and the API show the reported post with its photographs where the moderator would not find it, at addresses
// that work for that moderator alone.
func TestReportsShowWhatWasReported(t *testing.T) {
	r := newRoleSite(t)
	anna, other := r.accounts["anna"], r.accounts["other"]
	_, err := r.c.Follow(r.ctx, other, anna.ID)
	r.must(err)
	_, err = r.c.AcceptFollow(r.ctx, anna, other.ID)
	r.must(err)
	_, err = r.c.Block(r.ctx, anna, r.accounts["moderator"].ID)
	r.must(err)
	type reported struct{ report, post string }
	var reports []reported
	for _, visibility := range []string{"private", "public"} {
		post := r.postObject(visibility, "rude words")
		filed := r.answersTo("other", "POST", "/api/v1/reports", "account_id", idOf(anna.ID), "status_ids[]", post["id"], "comment", "Look")
		reports = append(reports, reported{filed["id"].(string), post["id"]})
	}
	look := func(when string) {
		t.Helper()
		for _, one := range reports {
			page := r.browsers["moderator"].send("GET", "/admin/reports/"+one.report)
			body := strings.ReplaceAll(page.Body.String(), "&amp;", "&")
			found := reportedPhoto.FindStringSubmatch(body)
			if page.Code != 200 || found == nil || !strings.Contains(body, "rude words") || !strings.Contains(body, "because it was reported") {
				t.Errorf("%s: the report's page: %d %v", when, page.Code, found)
				continue
			}
			u, err := url.Parse(r.answersTo("moderator", "GET", "/api/v1/admin/reports/"+one.report)["statuses"].([]any)[0].(map[string]any)["media_attachments"].([]any)[0].(map[string]any)["url"].(string))
			r.must(err)
			for what, code := range map[string]int{
				"the page's address": r.browsers["moderator"].send("GET", found[1]).Code,
				"the API's address":  r.browsers["visitor"].send("GET", u.RequestURI()).Code,
			} {
				if code != 200 {
					t.Errorf("%s: %s answers %d", when, what, code)
				}
			}
			signed := strings.Contains(found[1], "?")
			bare, _, _ := strings.Cut(found[1], "?")
			for _, role := range []string{"visitor", "blocked", "limited", "admin"} {
				if code := r.browsers[role].send("GET", found[1]).Code; signed && code != 404 {
					t.Errorf("%s: %s has the moderator's address: %d", when, role, code)
				}
			}
			if code := r.browsers["moderator"].send("GET", bare).Code; signed && code != 404 {
				t.Errorf("%s: without its signature: %d", when, code)
			}
			if w := r.browsers["moderator"].send("GET", "/posts/"+one.post); w.Code != 404 {
				t.Errorf("%s: the post's own page: %d", when, w.Code)
			}
		}
	}
	look("blocked")
	_, err = r.c.SuspendMember(r.ctx, community.ByCommand(""), "anna_1", community.Sanction{})
	r.must(err)
	look("suspended")
	r.must(r.c.Store.SetRole(r.ctx, r.accounts["moderator"].ID, store.RoleMember))
	if w := r.browsers["moderator"].send("GET", "/admin/reports/"+reports[0].report); w.Code != 404 {
		t.Errorf("a moderator no longer: %d", w.Code)
	}
}
