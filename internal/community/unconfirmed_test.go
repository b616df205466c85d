package community

import (
	"context"
	"errors"
	"testing"
	"time"

	"tintype/internal/mail"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// What strangers sign up for and leave is no row for ever, and its name is free again. What is somebody's stays.
func TestUnconfirmedAccountsAreSwept(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		g := newTestSite(t, s)
		g.SiteDefaults.Registration, g.Mail, g.MailDelivers = RegistrationOpen, mail.NewFiles(t.TempDir(), nil), true
		ann := g.account("ann")
		join := func(name string) *store.Account {
			t.Helper()
			acc, err := g.SignUp(g.ctx, SignUp{Username: name, Email: name + "@example.org", Password: "correct horse battery " + name, Address: "192.0.2.1"})
			g.must(err)
			if acc.UnconfirmedAt == nil {
				t.Fatalf("%s is not noted as a stranger", name)
			}
			return acc
		}
		now, err := s.Now(g.ctx)
		g.must(err)
		days := func(n int) store.Millis { return now - store.Millis(n)*24*3600*1000 }
		unseen := func(acc *store.Account, n int) {
			t.Helper()
			at := days(n)
			g.must(s.SetUnconfirmed(g.ctx, acc.ID, &at))
		}
		loggedIn := join("loggedin")
		unseen(loggedIn, 30)
		loggedIn, err = s.AccountByID(g.ctx, loggedIn.ID)
		g.must(err)
		g.must(g.NoteLogin(g.ctx, loggedIn)) // and logged out again
		gone, fresh, confirmed, posted, follows, followed, limited, back, app, promoted, drafted := join("gone"), join("fresh"), join("confirmed"), join("posted"), join("follows"), join("followed"),
			join("limited"), join("back"), join("tusky"), join("promoted"), join("drafted")
		unseen(gone, 8)
		unseen(fresh, 6)
		g.must(s.SetEmail(g.ctx, confirmed.ID, confirmed.Email, confirmed.EmailKey, &now))
		if acc, err := s.AccountByID(g.ctx, confirmed.ID); err != nil || acc.UnconfirmedAt != nil {
			t.Errorf("a confirmed account is swept at some time: %v", err)
		}
		for _, acc := range []*store.Account{posted, follows, followed, limited, back, app, promoted, drafted} {
			unseen(acc, 30)
		}
		g.post(posted, store.Public, "Here I am")
		g.must(s.PutDraft(g.ctx, &store.Draft{AccountID: drafted.ID, Caption: "Not yet", Visibility: store.Public}))
		_, err = g.Follow(g.ctx, follows, ann.ID)
		g.must(err)
		_, err = g.Follow(g.ctx, ann, followed.ID)
		g.must(err)
		_, err = s.SQL().ExecContext(g.ctx, "UPDATE accounts SET limited_at = 1 WHERE id = ?", limited.ID)
		g.must(err)
		g.must(s.SetRole(g.ctx, promoted.ID, store.RoleModerator))
		client, _, err := g.CreateApp(g.ctx, NewApp{Name: "app", RedirectURIs: []string{OutOfBand}})
		g.must(err)
		_, _, err = g.TokenFor(g.ctx, client, app, "read")
		g.must(err)
		g.must(s.PutSession(g.ctx, store.SessionRow{AccountID: gone.ID, Hash: "of the sign-up", ExpiresAt: int64(now) + 1e9}))
		g.SessionUsed = func(_ context.Context, id int64) (time.Time, error) {
			switch id {
			case back.ID:
				return days(1).Time(), nil
			case gone.ID:
				return days(8).Time(), nil
			}
			return time.Time{}, nil
		}

		g.MailDelivers = false
		g.must(g.sweepPeople(g.ctx))
		if _, err := s.AccountByID(g.ctx, gone.ID); err != nil {
			t.Error("an account went though nobody can confirm one")
		}
		g.MailDelivers = true
		g.must(g.sweepPeople(g.ctx))
		for acc, stays := range map[*store.Account]bool{ann: true, gone: false, fresh: true, confirmed: true, posted: true, follows: true, followed: true, limited: true, back: true, app: true, loggedIn: true, promoted: true, drafted: false} {
			_, err := s.AccountByID(g.ctx, acc.ID)
			if (err == nil) != stays || err != nil && !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s stays: %v, %v", acc.Username, err == nil, err)
			}
		}
		for acc, at := range map[*store.Account]*store.Millis{posted: nil, follows: nil, followed: nil, limited: nil, promoted: nil, back: new(days(1))} {
			now, err := s.AccountByID(g.ctx, acc.ID)
			g.must(err)
			if got := now.UnconfirmedAt; (got == nil) != (at == nil) || got != nil && *got != *at {
				t.Errorf("%s was last seen %v, want %v", acc.Username, got, at)
			}
		}
		again := join("Gone")
		if again.ID == gone.ID {
			t.Error("the name is the old account's")
		}
		g.must(g.sweepPeople(g.ctx)) // and finds nothing more
	})
}

// Whoever was invited, or asked to be let in, is no stranger.
func TestInvitedAccountsAreNotSwept(t *testing.T) {
	s := storetest.SQLite(t)
	g := newTestSite(t, s)
	g.SiteDefaults.Registration, g.Mail, g.MailDelivers = RegistrationApproval, mail.NewFiles(t.TempDir(), nil), true
	acc, err := g.SignUp(g.ctx, SignUp{Username: "bob", Email: "bob@example.org", Password: "correct horse battery", Reason: "I like photographs", Address: "192.0.2.1"})
	g.must(err)
	if acc.UnconfirmedAt != nil {
		t.Error("whoever waits for a decision is swept")
	}
	g = newTestSite(t, storetest.SQLite(t))
	g.SiteDefaults.Registration = RegistrationOpen
	if acc, err = g.SignUp(g.ctx, SignUp{Username: "cat", Email: "cat@example.org", Password: "correct horse battery", Address: "192.0.2.1"}); err != nil || acc.UnconfirmedAt != nil {
		t.Errorf("whoever cannot confirm an address is swept: %v", err)
	}
}
