package community

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/push"
	"tintype/internal/push/pushtest"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

func asksToJoin(g *testSite, name string) *store.Account {
	g.t.Helper()
	acc, err := g.SignUp(g.ctx, SignUp{Username: name, Email: name + "@example.org", Password: "correct horse battery", Reason: "I walk with you.", Address: "192.0.2.7"})
	g.must(err)
	if acc.WaitingAt == nil {
		g.t.Fatalf("%s need not wait", name)
	}
	return acc
}

// Those who decide who joins hear of it at once, as they have chosen: on the page, by clients, by push and by mail. What they were
// told goes with a sign-up that is refused, and says that somebody joined where it was approved.
func TestModeratorsHearWhoWaits(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newMailTestSite(t, g)
		g.setDefaults(func(s *Site) { s.Registration = RegistrationApproval })
		phones := &pushSite{testSite: g, service: pushtest.New(t), backend: jobBackend{g.Store}}
		g.Push = push.New(push.Options{Contact: "https://photos.example", Allow: pushtest.Allow, Roots: phones.service.Roots()})
		role := func(role string) func(*store.Account) { return func(a *store.Account) { a.Role = role } }
		mod, quiet, ann := s.member("mod", role(store.RoleModerator)), s.member("quiet", role(store.RoleModerator)), s.member("ann")
		former := s.member("former", role(store.RoleModerator))
		g.must(g.ChooseNotifications(g.ctx, quiet, []NotificationChoice{{NotificationKind{Kind: store.NotifySignUp}, true, false, false}}))
		device, silent := phones.browser(mod, "a"), phones.browser(quiet, "b")
		told := func(acc *store.Account, f NotificationFilter) (names []string) {
			t.Helper()
			acc = reread(g, acc)
			list, err := g.Notifications(g.ctx, acc, f, Cursor{})
			g.must(err)
			unread, err := g.UnreadNotifications(g.ctx, acc, f)
			g.must(err)
			if unread != len(list) {
				t.Errorf("%s has %d unread, and %d in the list", acc.Username, unread, len(list))
			}
			for _, n := range list {
				names = append(names, n.Kind+" "+n.From.Username)
			}
			return names
		}
		undecided := func(want int) {
			t.Helper()
			if n, err := g.Undecided(g.ctx, By{Account: reread(g, mod), Via: ViaPage}); err != nil || n != want {
				t.Errorf("%d wait, want %d: %v", n, want, err)
			}
		}

		asksToJoin(g, "carl")
		asksToJoin(g, "dora")
		undecided(2)
		both := []string{store.NotifySignUp + " dora", store.NotifySignUp + " carl"}
		for _, f := range []NotificationFilter{{OnPage: true}, {Types: []string{store.NotifySignUp}}} {
			for _, m := range []*store.Account{mod, quiet, former} {
				if got := told(m, f); !slices.Equal(got, both) {
					t.Errorf("%s is told %q", m.Username, got)
				}
			}
			if got := told(ann, f); len(got) != 0 {
				t.Errorf("a member is told %q", got)
			}
		}
		_, err := g.PromoteAccount(g.ctx, "former", store.RoleMember)
		g.must(err)
		if got := told(former, NotificationFilter{OnPage: true, Exclude: []string{store.NotifyAccount}}); len(got) != 0 {
			t.Errorf("who moderates no more is told %q", got)
		}
		phones.deliver()
		phones.expectTold("a moderator", device, "carl asks to join", "dora asks to join")
		phones.expectTold("a moderator who wants no push", silent)
		got := s.later(3 * time.Minute)
		got = slices.DeleteFunc(got, func(l servertest.Letter) bool {
			return strings.Contains(l.Subject, "onfirm") || strings.Contains(l.Subject, "role")
		})
		if len(got) != 1 || got[0].To != "mod@example.org" || !strings.Contains(got[0].Text, "carl asks to join") || !strings.Contains(got[0].Text, "dora asks to join") ||
			strings.Contains(got[0].Text, "I walk with you") || got[0].Link(g.BaseURL+"/admin/waiting") == "" {
			t.Fatalf("%d mails: %+v", len(got), got)
		}

		_, err = g.ApproveMember(g.ctx, ByCommand(""), "carl")
		g.must(err)
		g.must(g.RefuseMember(g.ctx, ByCommand(""), "dora", "Members only."))
		undecided(0)
		if got := told(mod, NotificationFilter{OnPage: true}); !slices.Equal(got, both[1:]) {
			t.Errorf("after the decisions the moderator is told %q", got)
		}
		list, err := g.Notifications(g.ctx, reread(g, mod), NotificationFilter{OnPage: true}, Cursor{})
		g.must(err)
		if path := pushPath(list[0]); path != "/admin/members/carl" {
			t.Errorf("who was let in is found at %s", path)
		}

		// Where nobody decides, a new member is no reason for a mail.
		g.setDefaults(func(s *Site) { s.Registration = RegistrationOpen })
		if _, err := g.SignUp(g.ctx, SignUp{Username: "emil", Email: "emil@example.org", Password: "correct horse battery", Address: "192.0.2.7"}); err != nil {
			t.Fatal(err)
		}
		s.again()
		g.must(g.Store.SetSiteInfo(g.ctx, infoNotices, "0"))
		for _, l := range s.later(25 * time.Hour) {
			if l.To == "mod@example.org" {
				t.Errorf("a mail about a new member: %+v", l)
			}
		}
	})
}

// What waits is counted for those who decide: sign-ups, held posts and answers to decisions.
func TestUndecidedCountsWhatWaits(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, mod := g.account("ann"), g.account("mod")
		_, err := g.PromoteAccount(g.ctx, "mod", store.RoleModerator)
		g.must(err)
		mod = reread(g, mod)
		count := func(want int) {
			t.Helper()
			if n, err := g.Undecided(g.ctx, By{Account: mod, Via: ViaPage}); err != nil || n != want {
				t.Errorf("%d wait, want %d: %v", n, want, err)
			}
		}
		count(0)
		g.must(g.Store.AddHeldPost(g.ctx, &store.HeldPost{ID: g.Store.NewID(), AccountID: ann.ID, State: store.HeldWaits, Payload: "{}", CreatedAt: 1}))
		count(1)
		g.setDefaults(func(s *Site) { s.Registration = RegistrationApproval })
		asksToJoin(g, "carl")
		count(2)
		for _, about := range []*store.Account{ann, mod} { // a moderator does not see what is about itself
			_, err := g.Store.AddDecision(g.ctx, store.Decision{AccountID: about.ID, Kind: store.DecideWarn, Words: "x", CreatedAt: 1, Answer: store.AppealWaits})
			g.must(err)
		}
		count(3)
		_, err = g.Store.AddDecision(g.ctx, store.Decision{AccountID: ann.ID, Kind: store.DecideWarn, Words: "x", CreatedAt: 1, Answer: store.AppealWaits, UndoneAt: ptr(store.Millis(2))})
		g.must(err)
		count(3) // who answered what holds no longer waits for nothing
		if _, err := g.Undecided(context.Background(), By{Account: ann, Via: ViaPage}); err != ErrForbidden {
			t.Errorf("a member counts: %v", err)
		}
	})
}

// Of two who decide about a sign-up one does, also at once, and the other hears who did what. Who sends a form twice hears nothing.
func TestOneDecidesAboutASignUp(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		var mods []By
		for _, name := range []string{"moda", "modb"} {
			mods = append(mods, By{Account: c.account(name, func(a *store.Account) { a.Role = store.RoleModerator }), Via: ViaPage})
		}
		command := ByCommand("")
		waits := func(name string) string {
			c.account(name, func(a *store.Account) { a.WaitingAt, a.SuspendedAt = new(store.Millis(1)), new(store.Millis(1)) })
			return name
		}
		approve := func(by By, name string) error { _, err := c.ApproveMember(c.ctx, by, name); return err }
		refuse := func(by By, name string) error { return c.RefuseMember(c.ctx, by, name, "Members only.") }
		for name, tt := range map[string]struct {
			first, second func(By, string) error
			by            By
			says          string
		}{
			"approved1": {approve, refuse, mods[0], "@moda has already let @approved1 in."},
			"approved2": {approve, approve, mods[0], "@moda has already let @approved2 in."},
			"approved3": {approve, approve, mods[1], ""},
			"approved4": {approve, refuse, mods[1], "@modb has already let @approved4 in."}, // one's own, and something else
			"approved5": {approve, refuse, command, "@approved5 was already let in, by command."},
			"refused1":  {refuse, approve, mods[0], "@moda has already refused the sign-up of @refused1."},
			"refused2":  {refuse, refuse, mods[0], "@moda has already refused the sign-up of @refused2."},
			"refused3":  {refuse, refuse, mods[1], ""},
			"refused4":  {refuse, approve, command, "The sign-up of @refused4 was already refused, by command."},
		} {
			c.expectErr(name, tt.first(tt.by, waits(name)), nil)
			rows := c.lastAct().ID
			err := tt.second(mods[1], "@"+name)
			if code, sentence := refused(err); sentence != tt.says || tt.says != "" && code != "decided" || tt.says == "" && err != nil {
				t.Errorf("%s: the second hears %v", name, err)
			}
			if c.lastAct().ID != rows {
				t.Errorf("%s: the second is logged", name)
			}
		}
		c.account("ann")
		if code, _ := refused(approve(mods[0], "ann")); code != "not_waiting" {
			t.Errorf("a member is let in: %s", code)
		}
		for _, name := range []string{"ann", "nobody"} {
			c.expectErr("refuse "+name, refuse(mods[0], name), ErrNotFound)
		}
		c.expectErr("nobody", approve(mods[0], "nobody"), ErrNotFound)

		// Whoever asks again under the name of somebody who was refused waits as anybody.
		c.expectErr("refused before", approve(mods[1], waits("refused1")), nil)

		for n := range 5 {
			name := waits("both" + string(rune('a'+n)))
			var wg sync.WaitGroup
			errs := make([]error, 2)
			for i, act := range []func(By, string) error{approve, refuse} {
				wg.Go(func() { errs[i] = act(mods[i], name) })
			}
			wg.Wait()
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Errorf("both at once: %v", errs)
			}
			for i, err := range errs {
				if code, _ := refused(err); err != nil && code != "decided" {
					t.Errorf("%d of both: %v", i, err)
				}
			}
		}
	})
}
