package app

import (
	"fmt"
	"strings"
	"testing"

	"tintype/internal/community"
	"tintype/internal/store"
)

// The overview, and the numbers in the navigation, count what their reader decides. What is about somebody of the same role or above
// is named apart.
func TestOverviewCountsWhatItsReaderDecides(t *testing.T) {
	r := newRoleSite(t)
	byCommand := community.ByCommand("")
	_, err := r.c.SetMemberRole(r.ctx, byCommand, "half_1", store.RoleModerator)
	r.must(err)
	for _, about := range []string{"anna", "half", "admin", "owner", "limited"} {
		_, err := r.c.Report(r.ctx, r.accounts["other"], community.Report{TargetID: r.accounts[about].ID, Comment: "Rude."})
		r.must(err)
	}
	for _, about := range []string{"anna", "half", "admin", "owner", "moderator"} {
		_, err := r.c.WarnMember(r.ctx, byCommand, about+"_1", community.Sanction{Words: "Be kind."})
		r.must(err)
		list, err := r.c.OwnDecisions(r.ctx, r.accounts[about])
		r.must(err)
		r.must(r.c.AppealDecision(r.ctx, r.accounts[about], list[0].ID, "I was."))
	}
	for role, want := range map[string][4]int{"moderator": {2, 3, 1, 3}, "admin": {3, 1, 3, 1}, "owner": {4, 1, 4, 1}} {
		body := r.asks(role, "GET", "/admin", "", "").Body.String()
		for i, words := range []string{"Reports waiting: %d<", "Reports that you can only close: %d<", "Answers to decisions waiting: %d<", "Answers waiting for others: %d<"} {
			if says := fmt.Sprintf(words, want[i]); !strings.Contains(body, says) {
				t.Errorf("%s does not read %q", role, says)
			}
		}
		acc, err := r.c.Store.AccountByID(r.ctx, r.accounts[role].ID)
		r.must(err)
		if n, err := r.c.OpenReports(r.ctx, acc); err != nil || n != want[0] {
			t.Errorf("beside Reports %s reads %d, %v", role, n, err)
		}
		if n, err := r.c.Undecided(r.ctx, community.By{Account: acc, Via: community.ViaPage}); err != nil || n != want[2] {
			t.Errorf("beside Administration %s reads %d, %v", role, n, err)
		}
	}
}
