package community

import (
	"fmt"
	"sync"
	"testing"

	"tintype/internal/store"
)

// Of forms with one key that arrive at the same time one acts, and all succeed: whoever pressed twice reads no refusal. Another
// form, somebody else's, and one with a key of its own act as well.
func TestAFormActsOnce(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newMailTestSite(t, g)
		mod := s.member("mod", func(a *store.Account) { a.Role = store.RoleModerator })
		other := s.member("other", func(a *store.Account) { a.Role = store.RoleModerator })
		bob, cid := s.member("bob"), s.member("cid")
		g.setDefaults(func(s *Site) { s.Registration = RegistrationApproval })
		atOnce := func(what string, act func(By) error) {
			t.Helper()
			by := By{Account: mod, Via: ViaPage, Key: what}
			const presses = 4
			errs := make([]error, presses)
			var wg sync.WaitGroup
			for i := range presses {
				wg.Go(func() { errs[i] = act(by) })
			}
			wg.Wait()
			for _, err := range append(errs, act(by)) {
				if err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
		}
		rows := func(query string, want int) {
			t.Helper()
			n := 0
			if err := g.Store.SQL().QueryRowContext(g.ctx, query).Scan(&n); err != nil || n != want {
				t.Errorf("%s: %d, want %d: %v", query, n, want, err)
			}
		}
		warn := func(by By) error { return ignoring(g.WarnMember(g.ctx, by, "bob", Sanction{Words: "Be kind."})) }
		atOnce("warn", warn)
		rows("SELECT COUNT(*) FROM decisions", 1)
		rows("SELECT COUNT(*) FROM admin_log", 1)
		rows("SELECT COUNT(*) FROM jobs WHERE payload LIKE '%\"kind\":\"decision\"%'", 1)
		for i, by := range []By{{Account: mod, Via: ViaPage, Key: "warn 2"}, {Account: other, Via: ViaPage, Key: "warn"}, {Account: mod, Via: ViaPage}, ByCommand("")} {
			s.must(warn(by))
			rows("SELECT COUNT(*) FROM decisions", 2+i)
		}
		atOnce("note", func(by By) error { return g.NoteMember(g.ctx, by, "bob", "Told.") })
		rows("SELECT COUNT(*) FROM moderator_notes", 1)

		report, err := g.Report(g.ctx, bob, Report{TargetID: cid.ID, Category: "spam"})
		s.must(err)
		atOnce("decide", func(by By) error {
			return ignoring(g.DecideReport(g.ctx, by, report.ID, store.DecideWarn, Sanction{Words: "No."}))
		})
		rows(fmt.Sprintf("SELECT COUNT(*) FROM decisions WHERE report_id = %d", report.ID), 1)
		if _, err := g.DecideReport(g.ctx, By{Account: mod, Via: ViaPage, Key: "later"}, report.ID, store.DecideNothing, Sanction{}); err == nil {
			t.Error("another form decides what is decided")
		}

		dora := asksToJoin(g, "dora")
		atOnce("refuse", func(by By) error { return g.RefuseMember(g.ctx, by, "dora", "") })
		rows(fmt.Sprintf("SELECT COUNT(*) FROM accounts WHERE id = %d", dora.ID), 0)
		rows("SELECT COUNT(*) FROM jobs WHERE payload LIKE '%\"kind\":\"refused\"%'", 1)

		post := g.post(cid, store.Public, "A harbour")
		held := &store.HeldPost{ID: g.Store.NewID(), AccountID: bob.ID, State: store.HeldWaits, Payload: fmt.Sprintf(`{"Caption":"Hello","InReplyTo":%d}`, post.ID), CreatedAt: 1}
		s.must(g.Store.AddHeldPost(g.ctx, held))
		atOnce("approve", func(by By) error { return ignoring(g.ApproveHeld(g.ctx, by, held.ID)) })
		rows("SELECT COUNT(*) FROM posts WHERE kind = 'comment'", 1)
	})
}
