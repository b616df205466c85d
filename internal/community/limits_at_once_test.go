package community

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/mail"
	"tintype/internal/store"
)

// Of those who come at once to a limit as many get through as there is room for: each counts what the others made.
func TestLimitsThatManyReachAtOnce(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		g.SiteDefaults.Registration, g.Mail, g.MailDelivers = RegistrationApproval, mail.NewFiles(t.TempDir(), nil), true
		g.SecretKeys = func() [][]byte { return [][]byte{[]byte("0123456789abcdef0123456789abcdef")} }
		const many = 3 // strangers wait for each other where passwords are hashed
		atOnce := func(name, refusal string, f func(i int) error) {
			t.Helper()
			errs := make([]error, many)
			var wg sync.WaitGroup
			for i := range many {
				wg.Go(func() {
					var busy *Unavailable
					for try := 0; try == 0 || try < 50 && errors.As(errs[i], &busy); try++ {
						errs[i] = f(i)
					}
				})
			}
			wg.Wait()
			done := 0
			for _, err := range errs {
				if err == nil {
					done++
				} else if codes(err) != refusal {
					t.Errorf("%s: %v", name, err)
				}
			}
			if done != 1 {
				t.Errorf("%s: %d of %d got through, and there was room for 1", name, done, many)
			}
		}

		announce := func(i int) error {
			_, err := g.Announce(g.ctx, ByCommand(""), NewAnnouncement{Text: fmt.Sprint("A walk ", i)})
			return err
		}
		for i := range MaxAnnouncements - 1 {
			g.must(announce(i))
		}
		atOnce("announcements", " too_many", announce)

		invite := func(i, n int) error {
			var lines []string
			for k := range n {
				lines = append(lines, fmt.Sprintf("m%d-%d@example.net", i, k))
			}
			_, err := g.InviteByMail(g.ctx, ByCommand(""), strings.Join(lines, "\n"), "", "")
			return err
		}
		for left, i := invitationsPerDay-1, 100; left > 0; i++ {
			n := min(left, MaxInvitationMails)
			g.must(invite(i, n))
			left -= n
		}
		atOnce("invitations", " too_many", func(i int) error { return invite(i, 1) })

		for range waitingPerNetwork { // as many sign-ups from there before
			g.must(g.allowNetwork(g.ctx, "wait", "198.51.100.1", Limit{Count: waitingPerNetwork, Window: 24 * time.Hour}))
		}
		for address, want := range map[string]bool{"198.51.100.1": false, "198.51.100.2": true} {
			_, err := g.SignUp(g.ctx, SignUp{Username: "from" + address[len(address)-1:], Email: address + "@example.org", Password: "correct horse battery", Reason: "I walk with you.", Address: address})
			if many := new(TooMany); errors.As(err, &many) == want || want && err != nil {
				t.Errorf("a sign-up from %s: %v", address, err)
			}
		}
		g.must(g.Store.Tx(g.ctx, func(ctx context.Context, tx *store.Store) error {
			for i := range maxWaiting - 2 {
				now := store.ToMillis(store.IDTime(g.Store.NewID()))
				acc := &store.Account{ID: g.Store.NewID(), Username: fmt.Sprintf("w%d", i), Email: fmt.Sprintf("w%d@example.org", i), Role: store.RoleMember, CreatedAt: now, WaitingAt: &now}
				if err := tx.CreateAccount(ctx, acc); err != nil {
					return err
				}
			}
			return nil
		}))
		atOnce("sign-ups that wait", " too_many", func(i int) error {
			_, err := g.SignUp(g.ctx, SignUp{Username: fmt.Sprintf("late%d", i), Email: fmt.Sprintf("late%d@example.org", i), Password: "correct horse battery", Reason: "I walk with you."})
			return err
		})
	})
}
