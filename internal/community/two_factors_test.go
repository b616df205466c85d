package community

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"tintype/internal/store"
)

// withTOTP is a member who shows codes by the secret.
func (s *mailTestSite) withTOTP(name string) (acc *store.Account, secret string, codes []string) {
	s.t.Helper()
	s.limitLogins(Limit{Count: 100, Window: time.Hour})
	acc = s.member(name)
	hash, err := s.passwords.hash(s.ctx, byMember, "correct horse battery")
	s.must(err)
	s.must(s.Store.SetPassword(s.ctx, acc.ID, hash))
	acc = reread(s.testSite, acc)
	setup, err := s.SetUpTOTP(s.ctx, acc)
	s.must(err)
	codes, err = s.AddTOTP(s.ctx, acc, Confirmation{Password: "correct horse battery"}, setup.Sealed, s.code(setup.Secret, -30*time.Second), "")
	s.must(err)
	return reread(s.testSite, acc), setup.Secret, codes
}

func (s *mailTestSite) code(secret string, later time.Duration) string {
	s.t.Helper()
	code, err := totp.GenerateCode(secret, time.Now().Add(later))
	s.must(err)
	return code
}

// Of several who use one code at once, one gets in: of an application's, and of a recovery code.
func TestACodeCountsOnceAtOnce(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newMailTestSite(t, g)
		ann, secret, codes := s.withTOTP("ann")
		for what, code := range map[string]string{"an application's": s.code(secret, 0), "a recovery code": codes[0]} {
			var wait sync.WaitGroup
			errs := make([]error, 8)
			for i := range errs {
				wait.Go(func() { _, errs[i] = s.SecondFactor(s.ctx, HalfLogin(ann), code, Client{Address: "192.0.2.1"}) })
			}
			wait.Wait()
			in := 0
			for _, err := range errs {
				var bad *Invalid
				switch {
				case err == nil:
					in++
				case !errors.As(err, &bad):
					t.Errorf("%s: %v", what, err)
				}
			}
			if in != 1 {
				t.Errorf("%s let in %d of %d", what, in, len(errs))
			}
		}
		if left, err := s.Store.RecoveryCodesLeft(s.ctx, ann.ID); err != nil || left != 9 {
			t.Errorf("%d codes are left, %v", left, err)
		}
		letters := s.deliver()
		if len(letters) != 2 || letters[0].Subject != "A second factor was added" || letters[1].Subject != "A recovery code was used" {
			t.Errorf("%d letters: %+v", len(letters), letters)
		}
	})
}

// Guessing a second factor is bounded, for whoever has the password as well, and does not shut out the browser that the owner uses.
func TestSecondFactorsAreNotGuessed(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newMailTestSite(t, g)
		ann, secret, _ := s.withTOTP("ann")
		s.limitLogins(Limit{Count: 5, Window: time.Hour})
		var many *TooMany
		for i := range 6 {
			_, err := s.SecondFactor(s.ctx, HalfLogin(ann), "000000", Client{Address: "192.0.2.1"})
			if got := errors.As(err, &many); err == nil || got != (i == 5) {
				t.Errorf("try %d: %v", i, err)
			}
		}
		if _, err := s.SecondFactor(s.ctx, HalfLogin(ann), s.code(secret, 0), Client{Address: "203.0.113.5"}); !errors.As(err, &many) {
			t.Errorf("from elsewhere: %v", err)
		}
		known := Client{Address: "203.0.113.6", Device: "d", Accounts: []KnownAccount{{ann.ID, ann.SessionEpoch}}}
		if _, err := s.SecondFactor(s.ctx, HalfLogin(ann), s.code(secret, 0), known); err != nil {
			t.Errorf("in a browser that knows the account: %v", err)
		}
	})
}

// Another SECRET_KEY in front of the old one seals the secrets anew, so that the old one can go.
func TestSecondFactorsAreSealedAnew(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newMailTestSite(t, g)
		old, fresh := []byte(strings.Repeat("k", 32)), []byte(strings.Repeat("n", 32))
		ann, secret, codes := s.withTOTP("ann")
		g.SecretKeys = func() [][]byte { return [][]byte{fresh, old} }
		s.must(s.resealFactors(s.ctx))
		g.SecretKeys = func() [][]byte { return [][]byte{fresh} }
		if _, err := s.SecondFactor(s.ctx, HalfLogin(ann), s.code(secret, 0), Client{}); err != nil {
			t.Errorf("by the new key alone: %v", err)
		}
		g.SecretKeys = func() [][]byte { return [][]byte{[]byte(strings.Repeat("x", 32))} }
		s.must(s.resealFactors(s.ctx)) // which it cannot
		if _, err := s.SecondFactor(s.ctx, HalfLogin(ann), s.code(secret, 30*time.Second), Client{}); err == nil {
			t.Error("a secret was opened by another key")
		}
		if _, err := s.SecondFactor(s.ctx, HalfLogin(ann), codes[1], Client{}); err != nil {
			t.Errorf("a recovery code, which needs no key: %v", err)
		}
	})
}

// Whoever has given the password, and not the second factor yet, begins anew once all others were ended, or the password is
// another.
func TestHalfLogInsEndWithAllOthers(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newMailTestSite(t, g)
		ann, secret, codes := s.withTOTP("ann")
		for i, end := range []func() error{
			func() (err error) { ann, err = s.EndOthers(s.ctx, ann, ""); return err },
			func() (err error) {
				ann, err = s.ChangePassword(s.ctx, ann, Confirmation{Password: annPassword}, "another good password")
				return err
			},
		} {
			half := HalfLogin(ann)
			s.must(end())
			for _, code := range []string{s.code(secret, 0), codes[i]} {
				if _, err := s.SecondFactor(s.ctx, half, code, Client{}); !errors.Is(err, ErrUnauthenticated) {
					t.Errorf("%d: half a log-in lives on: %v", i, err)
				}
			}
			if _, err := s.SecondFactor(s.ctx, HalfLogin(ann), codes[i], Client{}); err != nil {
				t.Errorf("%d: a log-in from after: %v", i, err)
			}
		}
	})
}

// An administrator takes the factors of those of lower roles, and the member reads why.
func TestTakeTwoFactors(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newMailTestSite(t, g)
		admin := s.member("admin", func(a *store.Account) { a.Role = store.RoleAdmin })
		mod := s.member("mod", func(a *store.Account) { a.Role = store.RoleModerator })
		ann, _, _ := s.withTOTP("ann")
		s.deliver()
		for _, by := range []By{{Account: mod, Via: ViaPage, Reason: "x"}, {Account: ann, Via: ViaPage, Reason: "x"}} {
			if _, err := s.TakeTwoFactors(s.ctx, by, "ann"); !errors.Is(err, ErrForbidden) {
				t.Errorf("by @%s: %v", by.Account.Username, err)
			}
		}
		after, err := s.TakeTwoFactors(s.ctx, By{Account: admin, Via: ViaPage, Reason: "Lost the phone"}, "ann")
		s.must(err)
		if HasTwoFactors(after) {
			t.Error("they are still there")
		}
		if _, err := s.SecondFactor(s.ctx, HalfLogin(ann), "000000", Client{}); !errors.Is(err, ErrUnauthenticated) {
			t.Errorf("half a log-in from before: %v", err)
		}
		got := s.deliver()
		if len(got) != 1 || got[0].To != ann.Email || !strings.Contains(got[0].Text, "Lost the phone") || got[0].Header.Get("List-Unsubscribe") != "" {
			t.Errorf("%d letters: %+v", len(got), got)
		}
	})
}

// limitLogins has a limit hold from now on.
func (s *mailTestSite) limitLogins(l Limit) {
	s.SiteDefaults.LoginLimit = l
	s.site.generation.Add(1)
}
