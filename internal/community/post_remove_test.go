package community

import (
	"errors"
	"strings"
	"testing"

	"tintype/internal/store"
)

// A moderator who removes a post or comment that nobody reported stands above its author, and does what a decision about a report
// does: the author is told and may answer, and open reports about it are closed. What is one's own goes without that.
func TestModeratorsRemovePosts(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		c.withMail()
		ann, bob := c.account("ann"), c.account("bob")
		of := func(name, role string) *store.Account {
			return c.account(name, func(a *store.Account) { a.Role = role })
		}
		boss, mod, peer := of("boss", store.RoleOwner), of("moda", store.RoleModerator), of("modb", store.RoleModerator)
		by := By{Account: mod, Via: ViaPage, Reason: "an advert", MustSayWhy: true}
		for _, above := range []*store.Account{boss, peer} {
			post := c.post(above, store.Public, "words")
			_, err := c.RemovePost(c.ctx, by, post.ID, Sanction{})
			c.expectErr("of "+above.Username, err, ErrForbidden)
			_, err = c.DeletePost(c.ctx, mod, post.ID)
			c.expectErr("of "+above.Username, err, ErrForbidden)
			_, err = c.MayDelete(c.ctx, mod, post)
			c.expectErr("asked before, of "+above.Username, err, ErrForbidden)
			hidden := c.post(above, store.Followers, "words")
			_, err = c.RemovePost(c.ctx, by, hidden.ID, Sanction{})
			c.expectErr("that is hidden, of "+above.Username, err, ErrNotFound)
		}
		post, other := c.post(bob, store.Public, "Shoes!"), c.post(bob, store.Public, "fine")
		var filed []*store.Report
		for _, p := range []*store.Post{post, post, other} {
			from := ann
			if len(filed) == 1 {
				from = peer
			}
			r, err := c.Report(c.ctx, from, Report{PostID: p.ID})
			c.expectErr("report", err, nil)
			filed = append(filed, r)
		}
		_, err := c.RemovePost(c.ctx, By{Account: mod, Via: ViaPage, MustSayWhy: true}, post.ID, Sanction{})
		if code, _ := refused(err); code != "blank" {
			t.Errorf("without a reason: %v", err)
		}
		_, err = c.RemovePost(c.ctx, by, post.ID, Sanction{Words: strings.Repeat("x", maxWords+1)})
		if code, _ := refused(err); code != "too_long" {
			t.Errorf("with many words: %v", err)
		}
		if row, err := c.Store.RawPost(c.ctx, post.ID); err != nil || row.DeletedAt != nil || len(c.told(bob)) != 0 {
			t.Fatalf("it was removed all the same: %v %v", err, c.told(bob))
		}
		was, err := c.RemovePost(c.ctx, by, post.ID, Sanction{Words: "No adverts."})
		c.expectErr("remove", err, nil)
		if was == nil || was.Caption != "Shoes!" {
			t.Errorf("as it was: %+v", was)
		}
		if e := c.lastAct(); e.Act != string(RemovePost) || e.Reason != "an advert" || e.Target != "bob" || e.Detail != "post" || *e.RefID != post.ID {
			t.Errorf("the log: %+v", e)
		}
		own, err := c.OwnDecisions(c.ctx, bob)
		c.expectErr("decisions", err, nil)
		if len(own) != 1 || own[0].Kind != store.DecideRemove || own[0].Words != "No adverts." || own[0].Excerpt != "Shoes!" || *own[0].PostID != post.ID {
			t.Fatalf("the author reads %+v", own)
		}
		c.expect("the author is told", c.told(bob), []string{store.NotifyDecision})
		c.expectErr("the answer", c.AppealDecision(c.ctx, bob, own[0].ID, "They were mine."), nil)
		for i, want := range []string{store.ReportClosed, store.ReportClosed, store.ReportOpen} {
			r, err := c.ReportByID(c.ctx, boss, filed[i].ID)
			c.expectErr("report", err, nil)
			if r.State != want || want == store.ReportClosed && (r.Decision != store.DecideRemove || r.ClosedBy == nil || *r.DecisionID != own[0].ID) {
				t.Errorf("report %d: %+v", i, r)
			}
		}
		c.expect("the reporter is told", c.told(ann), []string{store.NotifyOutcome})
		_, err = c.RemovePost(c.ctx, by, post.ID, Sanction{})
		c.expectErr("again", err, ErrNotFound)

		// By command, and below one's own post.
		_, err = c.RemovePost(c.ctx, ByCommand("told by letter"), other.ID, Sanction{})
		c.expectErr("by command", err, nil)
		if _, err := c.RemovePost(c.ctx, ByCommand(""), other.ID, Sanction{}); !errors.Is(err, ErrNotFound) {
			t.Errorf("by command, again: %v", err)
		}
		acts := c.lastAct().ID
		mine := c.post(mod, store.Public, "mine")
		comment, err := c.Publish(c.ctx, peer, NewPost{Caption: "under it", InReplyTo: mine.ID, Licence: AllRightsReserved})
		c.expectErr("comment", err, nil)
		for _, id := range []int64{comment.ID, mine.ID} {
			_, err = c.RemovePost(c.ctx, By{Account: mod, Via: ViaPage, MustSayWhy: true}, id, Sanction{})
			c.expectErr("one's own", err, nil)
		}
		if e := c.lastAct(); e.ID != acts {
			t.Errorf("what is one's own is logged: %+v", e)
		}
		_, err = c.RemovePost(c.ctx, By{Via: ViaPage}, other.ID, Sanction{})
		c.expectErr("a visitor", err, ErrUnauthenticated)
	})
}
