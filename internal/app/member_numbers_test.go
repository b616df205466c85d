package app

import (
	"html"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"tintype/internal/community"
)

var tags = regexp.MustCompile(`<[^>]*>`)

// Moderators decide by how much a member has posted, and by what went before, on both sides of a report. Each number is another
// here, so that none stands in the place of another.
func TestNumbersThatDecide(t *testing.T) {
	r := newRoleSite(t)
	byCommand := community.ByCommand("")
	number := func(text string) int64 {
		n, err := strconv.ParseInt(text, 10, 64)
		r.must(err)
		return n
	}
	var posts []map[string]string
	for range 4 {
		posts = append(posts, r.object("post", true))
	}
	for range 2 {
		r.answers("POST", "/api/v1/statuses", "status", "Well seen.", "in_reply_to_id", posts[0]["id"])
	}
	_, err := r.c.RemovePost(r.ctx, byCommand, number(posts[3]["id"]), community.Sanction{})
	r.must(err)
	report := func(from, about string) int64 {
		filed, err := r.c.Report(r.ctx, r.accounts[from], community.Report{TargetID: r.accounts[about].ID, Comment: "Rude."})
		r.must(err)
		return filed.ID
	}
	open, closed := report("other", "anna"), report("limited", "anna")
	_, err = r.c.CloseReport(r.ctx, byCommand, closed)
	r.must(err)
	report("other", "limited")
	for _, about := range []string{"other", "moderator", "admin", "owner"} {
		report("anna", about)
	}
	for range 5 {
		_, err = r.c.WarnMember(r.ctx, byCommand, "anna_1", community.Sanction{Words: "Be kind."})
		r.must(err)
	}
	for _, bytes := range []string{"UPDATE photos SET bytes = 0 WHERE account_id = ?", "UPDATE photos SET bytes = 3400000 WHERE account_id = ? AND id = " + posts[0]["photo"]} {
		_, err = r.c.Store.SQL().ExecContext(r.ctx, bytes, r.accounts["anna"].ID)
		r.must(err)
	}

	// words are a page's, with nothing but one space between two.
	words := func(path string) string {
		w := r.asks("moderator", "GET", path, "", "")
		if w.Code != 200 {
			t.Fatalf("%s: %d", path, w.Code)
		}
		return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(w.Body.String(), " "))), " ")
	}
	page := words("/admin/members/anna_1")
	for _, want := range []string{"Posts 3 Comments 2 Storage 3.4 MB · ", "Reports about the member 2 · open: 1 Reports by the member 4 Posts removed by moderators 1 Warnings and other decisions 5"} {
		if !strings.Contains(page, want) {
			t.Errorf("the member's page does not say %q:\n%s", want, page)
		}
	}
	page = words("/admin/reports/" + strconv.FormatInt(open, 10))
	for who, want := range map[string]string{"anna": "2 4 5, posts removed: 1", "other": "1 2 0, posts removed: 0"} {
		if !regexp.MustCompile("@" + who + "_1 [^@]* " + want).MatchString(page) {
			t.Errorf("the report's page does not say %q of @%s:\n%s", want, who, page)
		}
	}
}
