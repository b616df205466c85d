package community

import (
	"testing"
	"time"

	"tintype/internal/store"
)

// An answer waits only as long as the decision holds that it is about: it lifts no suspension or limit that came later.
func TestAStaleAnswerLiftsNothing(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		c.account("ann")
		mod := c.account("moda", func(a *store.Account) { a.Role = store.RoleModerator })
		by := By{Account: mod, Via: ViaPage, Reason: "spam"}
		now := func() *store.Account {
			a, err := c.Store.AccountByUsername(store.Primary(c.ctx), "ann")
			c.expectErr("read", err, nil)
			return a
		}
		newest := func() *Decision {
			list, err := c.OwnDecisions(c.ctx, now())
			c.expectErr("decisions", err, nil)
			return list[0]
		}
		answered := func(what string, err error) int64 {
			t.Helper()
			c.expectErr(what, err, nil)
			id := newest().ID
			c.expectErr("answer", c.AppealDecision(c.ctx, now(), id, "I did not."), nil)
			return id
		}
		waiting := func() int {
			list, err := c.Appeals(c.ctx, by)
			c.expectErr("appeals", err, nil)
			return len(list)
		}
		for _, kind := range []struct {
			name       string
			begin, end func() error
			holds      func(*store.Account) bool
		}{
			{"suspended", func() error { _, err := c.SuspendMember(c.ctx, by, "ann", Sanction{Words: "Enough."}); return err },
				func() error { _, err := c.UnsuspendMember(c.ctx, by, "ann"); return err }, func(a *store.Account) bool { return a.SuspendedAt != nil }},
			{"limited", func() error { _, err := c.LimitMember(c.ctx, by, "ann", Sanction{Words: "Enough."}); return err },
				func() error { _, err := c.UnlimitMember(c.ctx, by, "ann"); return err }, (*store.Account).Limited},
		} {
			first := answered(kind.name, kind.begin())
			c.expect("waiting", waiting(), 1)
			c.expectErr("end it by hand", kind.end(), nil)
			c.expect("waiting, once it has ended", waiting(), 0)
			c.expectErr("again", kind.begin(), nil)
			for _, accept := range []bool{true, false} {
				if code, _ := refused(c.AnswerAppeal(c.ctx, by, first, accept, "So it was.")); code != "over" {
					t.Errorf("%s: an answer to what holds no longer was decided: %q", kind.name, code)
				}
			}
			if !kind.holds(now()) || newest().UndoneAt != nil {
				t.Errorf("%s: the old answer lifted it", kind.name)
			}
			c.expectErr("end it", kind.end(), nil)
		}

		// Two decisions that both hold: what the older did has ended with neither, and the newer ends it.
		post := c.post(now(), store.Public, "Shoes!")
		reporter := c.account("rita")
		r, err := c.Report(c.ctx, reporter, Report{PostID: post.ID})
		c.expectErr("report", err, nil)
		_, err = c.SuspendMember(c.ctx, by, "ann", Sanction{})
		first := answered("suspend", err)
		_, err = c.DecideReport(c.ctx, by, r.ID, store.DecideSuspend, Sanction{Words: "And for this."})
		second := answered("decide", err)
		for id, want := range map[int64]bool{first: true, second: false} {
			d, err := c.DecisionByID(c.ctx, by, id)
			c.expectErr("decision", err, nil)
			c.expect("a newer one holds", d.Newer, want)
		}
		c.expectErr("accept the older", c.AnswerAppeal(c.ctx, by, first, true, ""), nil)
		if now().SuspendedAt == nil || newest().UndoneAt != nil {
			t.Error("the older answer lifted the newer suspension")
		}
		c.expectErr("accept the newer", c.AnswerAppeal(c.ctx, by, second, true, ""), nil)
		if now().SuspendedAt != nil {
			t.Error("the suspension holds")
		}
	})
}

// Who is suspended hears of another end, with the words, and everybody of the end of a suspension, a limit or a warning: each once.
func TestTheEndIsTold(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		ann := c.account("ann")
		by := ByCommand("spam")
		told := 0
		hears := func(what string, n int, err error) {
			t.Helper()
			c.expectErr(what, err, nil)
			all := c.told(ann)
			c.expect(what+": she is told", len(all)-told, n)
			told = len(all)
		}
		suspend := func(s Sanction) error { _, err := c.SuspendMember(c.ctx, by, "ann", s); return err }
		own := func() []*Decision {
			list, err := c.OwnDecisions(c.ctx, ann)
			c.expectErr("decisions", err, nil)
			return list
		}
		soon, later := time.Now().Add(48*time.Hour).Truncate(time.Millisecond), time.Now().Add(96*time.Hour).Truncate(time.Millisecond)
		hears("suspend", 1, suspend(Sanction{Words: "Enough.", Until: &soon}))
		for range 2 { // sent twice
			hears("nothing new", 0, suspend(Sanction{Words: "Enough.", Until: &soon}))
		}
		hears("nothing new, without words", 0, suspend(Sanction{Until: &soon}))
		hears("another end", 1, suspend(Sanction{Words: "And longer.", Until: &later}))
		list := own()
		if len(list) != 2 || list[0].Words != "And longer." || list[1].Words != "Enough." || !list[0].Appealable() {
			t.Fatalf("she reads %+v", list)
		}
		for _, d := range list {
			if d.EndsAt == nil || *d.EndsAt != store.ToMillis(later) || d.UndoneAt != nil {
				t.Errorf("%q ends at %v", d.Words, d.EndsAt)
			}
		}
		hears("no end", 1, suspend(Sanction{}))
		hears("words alone", 1, suspend(Sanction{Words: "For good."}))
		if d := own()[3]; d.EndsAt != nil {
			t.Errorf("the first ends at %v", d.EndsAt)
		}
		_, err := c.UnsuspendMember(c.ctx, by, "ann")
		hears("the end of the suspension", 1, err)
		_, err = c.UnsuspendMember(c.ctx, by, "ann")
		hears("no end of none", 0, err)
		_, err = c.LimitMember(c.ctx, by, "ann", Sanction{})
		hears("limit", 1, err)
		_, err = c.UnlimitMember(c.ctx, by, "ann")
		hears("the end of the limit", 1, err)
		_, err = c.WarnMember(c.ctx, by, "ann", Sanction{Words: "Be kind."})
		hears("warn", 1, err)
		id := own()[0].ID
		hears("the warning is taken back", 1, c.UndoDecision(c.ctx, by, id))
		hears("once", 0, c.UndoDecision(c.ctx, by, id))
		_, err = c.SuspendMember(c.ctx, by, "ann", Sanction{})
		hears("suspend", 1, err)
		c.expectErr("answer", c.AppealDecision(c.ctx, ann, own()[0].ID, "No."), nil)
		hears("an accepted answer", 1, c.AnswerAppeal(c.ctx, by, own()[0].ID, true, ""))
	})
}
