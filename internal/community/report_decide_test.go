package community

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/store"
)

// Of several moderators one decides; the others learn who did. Both sides are told once.
func TestOneModeratorDecides(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		ann, bob := c.account("ann"), c.account("bob")
		var mods []*store.Account
		for i := range 4 {
			mods = append(mods, c.account(fmt.Sprintf("mod%d", i), func(a *store.Account) { a.Role = store.RoleModerator }))
		}
		post := c.post(bob, store.Public, "rude words")
		r, err := c.Report(c.ctx, ann, Report{PostID: post.ID, Rules: []string{"Be kind."}, Comment: "Look"})
		c.expectErr("report", err, nil)
		second, err := c.Report(c.ctx, mods[0], Report{PostID: post.ID, Comment: "So it is"})
		c.expectErr("report", err, nil)
		_, err = c.AssignReport(c.ctx, By{Account: mods[1], Via: ViaPage}, r.ID, true)
		c.expectErr("assign", err, nil)
		filed, err := c.ReportByID(c.ctx, mods[2], r.ID)
		c.expectErr("read", err, nil)
		if filed.AssignedTo == nil || filed.AssignedTo.Username != "mod1" || filed.Rule != "Be kind." {
			t.Errorf("assigned: %+v", filed)
		}
		var wg sync.WaitGroup
		errs := make([]error, len(mods))
		for i, m := range mods {
			wg.Go(func() {
				_, errs[i] = c.DecideReport(c.ctx, By{Account: m, Via: ViaPage}, r.ID, store.DecideRemove, Sanction{Words: "Not here."})
			})
		}
		wg.Wait()
		winner := -1
		for i, err := range errs {
			if err == nil {
				if winner >= 0 {
					t.Errorf("%d and %d both decided", winner, i)
				}
				winner = i
			}
		}
		if winner < 0 {
			t.Fatal(errs)
		}
		for i, err := range errs {
			if code, sentence := refused(err); i != winner && (code != "decided" || sentence != fmt.Sprintf("@mod%d has already decided this.", winner)) {
				t.Errorf("the others hear %q: %v", sentence, err)
			}
		}
		for _, id := range []int64{r.ID, second.ID} { // about the same post
			filed, err := c.ReportByID(c.ctx, mods[0], id)
			c.expectErr("read", err, nil)
			if filed.State != store.ReportClosed || filed.Decision != store.DecideRemove || filed.Excerpt != "rude words" || filed.Post != nil {
				t.Errorf("after it: %+v", filed)
			}
		}
		kinds := func(a *store.Account) string {
			list, err := c.Notifications(c.ctx, a, NotificationFilter{OnPage: true}, Cursor{})
			c.expectErr("notifications", err, nil)
			var out []string
			for _, n := range list {
				out = append(out, n.Kind)
			}
			return strings.Join(out, " ")
		}
		c.expect("the reporter", kinds(ann), store.NotifyOutcome)
		c.expect("the author", kinds(bob), store.NotifyDecision)
		api, err := c.Notifications(c.ctx, ann, NotificationFilter{}, Cursor{})
		c.expectErr("for apps", err, nil)
		c.expect("apps do not know outcomes", len(api), 0)
		own, err := c.OwnDecisions(c.ctx, bob)
		c.expectErr("decisions", err, nil)
		if len(own) != 1 || own[0].Kind != store.DecideRemove || own[0].Words != "Not here." || own[0].Excerpt != "rude words" || own[0].ByID != nil {
			t.Errorf("the author reads %+v", own[0])
		}
		_, err = c.ReopenReport(c.ctx, By{Account: mods[3], Via: ViaPage}, r.ID)
		c.expectErr("reopen", err, nil)
		_, err = c.CloseReport(c.ctx, ByCommand("no more"), r.ID)
		c.expectErr("close by command", err, nil)
	})
}

// Moderators do not learn from a report that they filed themselves how many there are about them. Others do, and so do owners.
func TestHistoriesLeaveOutReportsAboutOneself(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		of := func(name, role string) *store.Account {
			return c.account(name, func(a *store.Account) { a.Role = role })
		}
		ann, bob := c.account("ann"), c.account("bob")
		mod, mia, boss := of("moda", store.RoleModerator), of("mia", store.RoleModerator), of("boss", store.RoleOwner)
		for _, whom := range []*store.Account{mod, boss} {
			_, err := c.Report(c.ctx, ann, Report{TargetID: whom.ID, Comment: "rude"})
			c.expectErr("report", err, nil)
		}
		for _, tt := range []struct {
			name          string
			filed, reader *store.Account
			about         int
		}{{"oneself", mod, mod, 0}, {"another moderator", mod, mia, 1}, {"the command line", mod, nil, 1}, {"an owner", boss, boss, 1}} {
			r, err := c.Report(c.ctx, tt.filed, Report{TargetID: bob.ID, Comment: "spam"})
			c.expectErr("report", err, nil)
			filed, err := c.ReportByCommand(c.ctx, r.ID)
			c.expectErr("read", err, nil)
			h, err := c.HistoriesOf(c.ctx, tt.reader, filed)
			c.expectErr("histories", err, nil)
			c.expect(tt.name+": about the reporter", int(h.Reporter.ReportsAbout), tt.about)
			c.expect(tt.name+": open", int(h.Reporter.OpenReports), tt.about)
			c.expect(tt.name+": about the target", h.Target.ReportsAbout > 0, true)
		}
	})
}

// A member answers a decision once, also while suspended, and a moderator takes it back or lets it stand.
func TestAppeals(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		c.account("owna", func(a *store.Account) { a.Role = store.RoleOwner })
		mod := c.account("moda", func(a *store.Account) { a.Role = store.RoleModerator })
		bob, cid := c.account("bob"), c.account("cid")
		by := By{Account: mod, Via: ViaPage}
		until := time.Now().Add(time.Hour)
		_, err := c.SuspendMember(c.ctx, by, "bob", Sanction{Words: "Enough.", Until: &until})
		c.expectErr("suspend", err, nil)
		suspended, err := c.SuspendedAccount(c.ctx, bob.ID, bob.SessionEpoch+1)
		c.expectErr("as suspended", err, nil)
		_, err = c.SuspendedAccount(c.ctx, bob.ID, bob.SessionEpoch)
		c.expectErr("with the sessions before it", err, ErrNotFound)
		_, err = c.SuspendedAccount(c.ctx, cid.ID, cid.SessionEpoch)
		c.expectErr("who is not", err, ErrNotFound)
		own, err := c.OwnDecisions(c.ctx, suspended)
		c.expectErr("decisions", err, nil)
		id := own[0].ID
		c.expectErr("another's", c.AppealDecision(c.ctx, cid, id, "Mine"), ErrNotFound)
		if code, _ := refused(c.AppealDecision(c.ctx, suspended, id, " ")); code != "blank" {
			t.Error("an empty answer was taken")
		}
		c.expectErr("answer", c.AppealDecision(c.ctx, suspended, id, "It was a joke."), nil)
		c.expectErr("sent twice", c.AppealDecision(c.ctx, suspended, id, "It was a joke."), nil)
		if code, _ := refused(c.AppealDecision(c.ctx, suspended, id, "And another thing.")); code != "answered" {
			t.Error("a second answer was taken")
		}
		waiting, err := c.Appeals(c.ctx, by)
		c.expectErr("appeals", err, nil)
		if len(waiting) != 1 || waiting[0].Appeal != "It was a joke." || waiting[0].Account.Username != "bob" {
			t.Errorf("waiting: %+v", waiting)
		}
		list, err := c.Notifications(c.ctx, mod, NotificationFilter{OnPage: true}, Cursor{})
		c.expectErr("notifications", err, nil)
		if len(list) != 1 || list[0].Kind != store.NotifyAppeal || list[0].Decision == nil || list[0].Decision.ID != id {
			t.Errorf("the moderator is told %+v", list)
		}
		c.expectErr("a member answers", c.AnswerAppeal(c.ctx, By{Account: cid, Via: ViaPage}, id, true, ""), ErrForbidden)
		c.expectErr("accept", c.AnswerAppeal(c.ctx, by, id, true, "So it was."), nil)
		if code, sentence := refused(c.AnswerAppeal(c.ctx, ByCommand(""), id, false, "")); code != "decided" || sentence != "@moda has already decided this." {
			t.Errorf("again: %q", sentence)
		}
		now, err := c.Store.AccountByID(store.Primary(c.ctx), bob.ID)
		c.expectErr("read", err, nil)
		if now.SuspendedAt != nil || now.SuspendedUntil != nil {
			t.Error("the suspension stands")
		}
		// One that stands.
		_, err = c.LimitMember(c.ctx, by, "cid", Sanction{})
		c.expectErr("limit", err, nil)
		own, err = c.OwnDecisions(c.ctx, cid)
		c.expectErr("decisions", err, nil)
		c.expectErr("answer", c.AppealDecision(c.ctx, cid, own[0].ID, "Why?"), nil)
		c.expectErr("reject", c.AnswerAppeal(c.ctx, by, own[0].ID, false, "You know why."), nil)
		own, err = c.OwnDecisions(c.ctx, cid)
		c.expectErr("decisions", err, nil)
		if d := own[0]; d.Answer != store.AppealRejected || d.AnswerWords != "You know why." || d.AnsweredByID != nil || d.UndoneAt != nil {
			t.Errorf("the member reads %+v", d)
		}
	})
}

// What was reported is forgotten a stated time after the report is closed, and not before.
func TestWhatWasReportedIsForgotten(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		ann, bob := c.account("ann"), c.account("bob")
		post := c.post(bob, store.Public, "rude words")
		r, err := c.Report(c.ctx, ann, Report{PostID: post.ID})
		c.expectErr("report", err, nil)
		_, err = c.CloseReport(c.ctx, ByCommand(""), r.ID)
		c.expectErr("close", err, nil)
		now := store.ToMillis(time.Now())
		kept := func() string {
			row, err := c.Store.ReportByID(store.Primary(c.ctx), r.ID)
			c.expectErr("read", err, nil)
			return row.Excerpt
		}
		c.expectErr("at once", c.forgetReported(c.ctx, now), nil)
		c.expect("at once", kept(), "rude words")
		const day = 24 * 60 * 60_000
		c.expectErr("a day before its time", c.forgetReported(c.ctx, now+store.Millis(KeepReported.Milliseconds())-day), nil)
		c.expect("a day before its time", kept(), "rude words")
		c.expect("pages say how long", KeepReported, 180*24*time.Hour)
		c.expectErr("later", c.forgetReported(c.ctx, now+store.Millis(KeepReported.Milliseconds())+60_000), nil)
		c.expect("later", kept(), "")
	})
}
