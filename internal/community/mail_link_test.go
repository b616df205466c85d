package community

import (
	"context"
	"errors"
	netmail "net/mail"
	"testing"
	"time"

	"tintype/internal/mail"
	"tintype/internal/store"
)

// withMail has letters written that reach people.
func (c *circle) withMail() {
	c.SecretKeys = func() [][]byte { return [][]byte{[]byte("0123456789abcdef0123456789abcdef")} }
	c.MailDelivers = true
	c.Mail = mail.NewFiles(c.t.TempDir(), &netmail.Address{Address: "club@example.org"})
}

func (c *circle) confirmed(name string) *store.Account {
	at := store.Millis(1)
	return c.account(name, func(a *store.Account) { a.EmailVerifiedAt = &at })
}

// Whoever steals an account may change its address twice, and undo the second change from a mailbox of their own. The way back
// of the owner stays.
func TestTheOldestOwnerBringsTheAddressBack(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		c.withMail()
		acc := c.confirmed("ann")
		undo := func(old string, changed time.Time) string {
			t.Helper()
			link, err := c.linkTo(MailUndo, acc, changed, undoLife, old)
			if err != nil {
				t.Fatal(err)
			}
			return link[len(c.BaseURL+"/mail/"):]
		}
		now := time.Now()
		owners, thiefs := undo("ann@example.org", now.Add(-2*time.Minute)), undo("thief@example.org", now.Add(-time.Minute))
		use := func(name, token string, want error) {
			t.Helper()
			_, err := c.UndoEmail(c.ctx, token)
			c.expectErr(name, err, want)
		}
		use("the thief", thiefs, nil)
		use("the thief again", thiefs, ErrNotFound)
		use("the owner", owners, nil)
		use("the thief after that", thiefs, ErrNotFound)
		after, err := c.Store.AccountByUsername(c.ctx, "ann")
		if err != nil || after.Email != "ann@example.org" {
			t.Errorf("the address is %q, %v", after.Email, err)
		}
		use("a change later on", undo("ann@example.org", time.Now().Add(time.Second)), nil)
	})
}

// The way back works also where whoever took the account has closed it, or it is suspended, and leaves them no passkey with which to log
// in. Factors of before the change stay.
func TestTheAddressOfAClosedAccountComesBack(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		c.withMail()
		for i, column := range []string{"leaving_at", "suspended_at"} {
			acc := c.confirmed([]string{"ann", "bob"}[i])
			changed := time.Now().Add(-time.Minute)
			old, added := c.Store.NewID(), c.Store.NewID()
			factor := func(id int64, kind string, at time.Time) {
				t.Helper()
				c.expectErr("a factor", c.Store.Tx(c.ctx, func(ctx context.Context, tx *store.Store) error {
					return tx.AddFactor(ctx, &store.Factor{ID: id, AccountID: acc.ID, Kind: kind, Name: kind, Secret: "sealed", CreatedAt: store.ToMillis(at)})
				}), nil)
			}
			if i == 0 {
				factor(old, store.FactorTOTP, changed.Add(-time.Hour))
			}
			factor(added, store.FactorPasskey, changed.Add(10*time.Second))
			_, err := c.Store.SQL().ExecContext(c.ctx, "UPDATE accounts SET "+column+" = ?, suspended_at = ?, email = ?, email_key = ? WHERE id = ?",
				store.ToMillis(time.Now()), store.ToMillis(time.Now()), "thief"+acc.Username+"@example.org", "thief"+acc.Username+"@example.org", acc.ID)
			c.expectErr("close it", err, nil)
			link, err := c.linkTo(MailUndo, acc, changed, undoLife, acc.Username+"@example.org")
			c.expectErr("the link", err, nil)
			_, err = c.UndoEmail(c.ctx, link[len(c.BaseURL+"/mail/"):])
			c.expectErr(column, err, nil)
			now, err := c.Store.AccountByUsername(c.ctx, acc.Username)
			if err != nil || now.Email != acc.Username+"@example.org" || now.SuspendedAt == nil {
				t.Errorf("%s: %+v, %v", column, now, err)
			}
			left, err := c.Store.FactorsOf(c.ctx, acc.ID)
			if err != nil || len(left) != 1-i || i == 0 && left[0].ID != old {
				t.Errorf("%s: %d factors are left, %v", column, len(left), err)
			}
			if !readsThough(now, mailChanged) {
				t.Errorf("%s: the old address is not told of the change", column)
			}
		}
	})
}

// Each link works until its time is over, and not a minute longer.
func TestLinksInMailEnd(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		c.withMail()
		acc := c.confirmed("ann")
		for purpose, life := range map[byte]time.Duration{
			MailVerify: verifyLife, MailChange: changeLife, MailUndo: undoLife, MailReset: mailResetLife, MailNoNotices: offLife, MailNoDigest: offLife,
		} {
			token := func(left time.Duration) string {
				t.Helper()
				link, err := c.linkTo(purpose, acc, time.Now().Add(left-life), life, "old@example.org")
				if err != nil {
					t.Fatal(err)
				}
				return link[len(c.BaseURL+"/mail/"):]
			}
			_, _, err := c.MailLinkByToken(c.ctx, token(10*time.Minute))
			c.expectErr(string(purpose)+", ten minutes before its end", err, nil)
			_, _, err = c.MailLinkByToken(c.ctx, token(-time.Minute))
			c.expectErr(string(purpose)+", a minute after it", err, ErrNotFound)
		}
		link, err := c.linkTo(MailReset, acc, time.Now().Add(-mailResetLife), mailResetLife, "")
		c.expectErr("a link", err, nil)
		_, err = c.ResetByMail(c.ctx, link[len(c.BaseURL+"/mail/"):], "battery staple correct")
		c.expectErr("a new password by a link that is over", err, ErrNotFound)
		now, err := c.Store.AccountByID(store.Primary(c.ctx), acc.ID)
		c.expectErr("the account", err, nil)
		c.expect("its password", now.PasswordHash, acc.PasswordHash)
	})
}

// A change of address that somebody asked for ends with another password, and where all other sessions end, though its letter had
// to wait.
func TestAChangeOfAddressEndsWithTheSessions(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		c.withMail()
		ann := c.confirmed("ann")
		for how, end := range map[string]func() error{
			"another password": func() error {
				return c.Store.Tx(c.ctx, func(ctx context.Context, tx *store.Store) error {
					return replacePassword(ctx, tx, ann.ID, "another hash", "")
				})
			},
			"end all others": func() error { _, err := c.EndOthers(c.ctx, ann, ""); return err },
			"by an operator": func() error { _, err := c.LogOutMember(c.ctx, ByCommand("stolen"), "ann"); return err },
		} {
			var err error
			if ann, err = c.Store.AccountByID(store.Primary(c.ctx), ann.ID); err != nil {
				t.Fatal(err)
			}
			state := linkState(MailChange, ann)
			m := mailJob{Kind: mailChange, Account: ann.ID, Email: "new@example.org", State: state[:], At: store.ToMillis(time.Now())}
			_, to, letter, err := c.letter(c.ctx, m)
			if err != nil || to != "new@example.org" {
				t.Fatalf("to %q, %v", to, err)
			}
			if err := end(); err != nil {
				t.Fatalf("%s: %v", how, err)
			}
			if _, err := c.ConfirmEmail(c.ctx, letter.Button.URL[len(c.BaseURL+"/mail/"):]); !errors.Is(err, ErrNotFound) {
				t.Errorf("%s: the link still works: %v", how, err)
			}
			if _, _, _, err := c.letter(c.ctx, m); !errors.Is(err, errNoLetter) {
				t.Errorf("%s: the letter still goes: %v", how, err)
			}
		}
	})
}

// Who waits to be let in confirms the address at once, and gets no other mail. Nothing else comes of it.
func TestWhoWaitsConfirmsTheAddress(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		c.withMail()
		c.setDefaults(func(s *Site) { s.Registration = RegistrationApproval })
		acc, err := c.SignUp(c.ctx, SignUp{Username: "dora", Email: "dora@example.org", Password: "correct horse battery", Reason: "I walk with you."})
		if err != nil || acc.WaitingAt == nil {
			t.Fatal(acc, err)
		}
		var queued int
		if err := c.Store.SQL().QueryRowContext(c.ctx, "SELECT COUNT(*) FROM jobs WHERE kind = ?", jobMail).Scan(&queued); err != nil || queued != 1 {
			t.Errorf("%d letters are to be written, %v", queued, err)
		}
		verify := mailJob{Kind: mailVerify, Account: acc.ID, Email: acc.Email, At: store.ToMillis(time.Now())}
		_, to, letter, err := c.letter(c.ctx, verify)
		if err != nil || to != acc.Email {
			t.Fatalf("%s %v", to, err)
		}
		for _, kind := range []string{mailReset, mailDevice, mailLeaving} {
			_, _, _, err := c.letter(c.ctx, mailJob{Kind: kind, Account: acc.ID, Email: acc.Email, At: verify.At})
			c.expectErr(kind, err, errNoLetter)
		}
		token := letter.Button.URL[len(c.BaseURL+"/mail/"):]
		for range 2 {
			_, err = c.ConfirmEmail(c.ctx, token)
			if err != nil && !errors.Is(err, ErrNotFound) { // a link works once
				t.Fatal(err)
			}
		}
		now, err := c.Store.AccountByID(store.Primary(c.ctx), acc.ID)
		if err != nil || now.EmailVerifiedAt == nil || now.WaitingAt == nil || now.Active() {
			t.Errorf("%+v %v", now, err)
		}
		var bad *Invalid
		if _, err := c.Login(c.ctx, "dora", "correct horse battery", Client{Address: "192.0.2.1"}); !errors.As(err, &bad) || bad.Fields[0].Code != "waiting" {
			t.Errorf("log in: %v", err)
		}
		_, err = c.ApproveMember(c.ctx, ByCommand(""), "dora")
		c.expectErr("", err, nil)
		_, _, _, err = c.letter(c.ctx, verify)
		c.expectErr("once confirmed", err, errNoLetter)
	})
}
