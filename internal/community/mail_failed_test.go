package community

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"tintype/internal/queue"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

// A mail that is refused, that could not be sent within a day, or that is tried in vain for an hour, is seen at the member or at the
// invitation until one is delivered there.
func TestMailThatFailsIsSeen(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newMailTestSite(t, g)
		var mu sync.Mutex
		refused := map[string]error{}
		s.server = servertest.NewMailServer(t, servertest.MailServerOptions{Rcpt: func(to string) error {
			mu.Lock()
			defer mu.Unlock()
			return refused[to]
		}})
		answer := func(err error, to ...string) {
			mu.Lock()
			defer mu.Unlock()
			refused = map[string]error{}
			for _, to := range to {
				refused[to] = err
			}
		}
		noMailbox := &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user"}
		later := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Try again"}
		boss := s.member("boss", func(a *store.Account) { a.Role = store.RoleOwner })
		mod := s.member("mod", func(a *store.Account) { a.Role = store.RoleModerator })
		ann, bob := s.member("ann"), s.member("bob")
		asBoss, asMod := By{Account: boss, Via: ViaPage}, By{Account: mod, Via: ViaPage}
		unreached := func(what string, invitations int, names ...string) {
			t.Helper()
			list, err := g.Members(g.ctx, asMod, MemberSearch{State: store.MemberUnreached}, Cursor{Limit: 10})
			s.must(err)
			var got []string
			for _, a := range list {
				got = append(got, a.Username)
			}
			slices.Sort(got)
			if !slices.Equal(got, names) {
				t.Errorf("%s: mail does not reach %v, want %v", what, got, names)
			}
			for by, want := range map[*By]Unreached{&asBoss: {len(names), invitations}, &asMod: {len(names), 0}} {
				if n, err := g.Unreached(g.ctx, *by); err != nil || n != want {
					t.Errorf("%s: %+v, want %+v: %v", what, n, want, err)
				}
			}
		}
		run := func(m mailJob, age time.Duration) error {
			t.Helper()
			m.At = store.ToMillis(time.Now().Add(-age))
			payload, err := json.Marshal(m)
			s.must(err)
			return s.runMail(context.WithoutCancel(g.ctx), &queue.Job{Payload: payload})
		}
		told := func(acc *store.Account) mailJob { return mailJob{Kind: mailPassword, Account: acc.ID} }

		answer(noMailbox, "ann@example.org", "new@example.org")
		s.send(told(ann))
		s.send(told(bob))
		state := linkState(MailChange, reread(g, bob))
		s.send(mailJob{Kind: mailChange, Account: bob.ID, Email: "new@example.org", State: state[:]}) // which says nothing of the address that bob has
		s.deliver()
		unreached("refused", 0, "ann")
		if m, err := g.MemberByName(g.ctx, asMod, "ann"); err != nil || m.MailFailedAt == nil {
			t.Errorf("the member's page does not know: %v", err)
		}
		answer(nil)
		s.send(told(ann))
		s.deliver()
		unreached("delivered again", 0)

		answer(later, "bob@example.org")
		if err := run(told(bob), time.Minute); err == nil {
			t.Error("a mail that is to come later is done")
		}
		unreached("tried a minute", 0)
		if err := run(told(bob), 2*time.Hour); err == nil {
			t.Error("a mail that is to come later is done")
		}
		unreached("tried two hours", 0, "bob")
		s.must(s.Store.SetEmail(g.ctx, bob.ID, "bob2@example.org", nil, nil))
		unreached("another address", 0)
		s.must(run(mailJob{Kind: mailReset, Email: "ann@example.org"}, 25*time.Hour))
		unreached("a day too late", 0, "ann")
		_, err := s.Store.SQL().ExecContext(g.ctx, "UPDATE accounts SET mail_failed_at = 1 WHERE username = 'ann'")
		s.must(err)
		if n, err := g.Unreached(g.ctx, asBoss); err != nil || n.Members != 0 {
			t.Errorf("what failed long ago is counted: %+v %v", n, err)
		}
		s.must(s.Store.SetMailFailed(g.ctx, ann.ID, ann.Email, nil))

		g.setDefaults(func(s *Site) { s.Registration = RegistrationInvitation })
		answer(noMailbox, "x@example.net")
		done, err := g.InviteByMail(g.ctx, asBoss, "x@example.net, y@example.net", "walkers", "k")
		if err != nil || done.Invited != 2 {
			t.Fatalf("%+v %v", done, err)
		}
		s.deliver()
		list, err := g.Invitations(g.ctx, asBoss, Cursor{Limit: 10})
		s.must(err)
		for _, inv := range list {
			if failed := strings.HasPrefix(inv.Email, "x"); (inv.MailFailedAt != nil) != failed {
				t.Errorf("the invitation of %s says %v", inv.Email, inv.MailFailedAt)
			}
			if strings.HasPrefix(inv.Email, "x") {
				unreached("an invitation", 1)
				s.must(g.EndInvitation(g.ctx, asBoss, inv.ID))
			}
		}
		unreached("an invitation that was ended", 0)
	})
}
