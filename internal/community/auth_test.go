package community_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/community"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

func TestRegistrationIsClosed(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx := deadline(t)
		c := newSite(t, s, func(o *community.Options) { o.SiteDefaults.Registration = community.RegistrationClosed })
		form := community.SignUp{Username: "anna", Email: "anna@example.org", Password: goodPassword, Address: home}
		if _, err := c.SignUp(ctx, form); !errors.Is(err, community.ErrClosed) {
			t.Errorf("without an invitation: %v", err)
		}
		form.Invite = "guessed"
		if _, err := c.SignUp(ctx, form); !errors.Is(err, community.ErrClosed) {
			t.Errorf("with a guessed one: %v", err)
		}

		secret, err := c.CreateInvite(ctx, community.ByCommand(""), store.RoleMember)
		if err != nil {
			t.Fatal(err)
		}
		form.Invite = secret
		bad := form
		bad.Password = "short"
		if _, err := c.SignUp(ctx, bad); err == nil {
			t.Error("a bad form was taken")
		}
		if l, _, err := c.LinkByToken(ctx, secret); err != nil || l.Kind != community.LinkInvite {
			t.Errorf("a refused form used the invitation up: %v", err)
		}

		// Of several who hold the same invitation, one gets in.
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() {
				f := form
				f.Username, f.Email = fmt.Sprintf("guest%d", i), fmt.Sprintf("guest%d@example.org", i)
				_, errs[i] = c.SignUp(ctx, f)
			})
		}
		wg.Wait()
		in := 0
		for _, err := range errs {
			if err == nil {
				in++
			} else if !errors.Is(err, community.ErrClosed) {
				t.Errorf("the others hear %v", err)
			}
		}
		var n int
		if err := s.SQL().QueryRowContext(ctx, "SELECT COUNT(*) FROM accounts").Scan(&n); in != 1 || n != 1 || err != nil {
			t.Errorf("%d got in, %d accounts, %v", in, n, err)
		}
		if _, _, err := c.LinkByToken(ctx, secret); !errors.Is(err, community.ErrNotFound) {
			t.Errorf("the used link: %v", err)
		}
		if _, err := c.ResetPassword(ctx, secret, goodPassword); !errors.Is(err, community.ErrNotFound) {
			t.Errorf("an invitation as a reset link: %v", err)
		}
	})
}

func TestClaim(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx := deadline(t)
		c := newSite(t, s, func(o *community.Options) { o.SiteDefaults.Registration = community.RegistrationClosed })
		url, claimed, err := c.ClaimLink(ctx)
		if err != nil || claimed {
			t.Fatalf("%v %v", claimed, err)
		}
		other := newSite(t, s, nil)
		if again, _, err := other.ClaimLink(ctx); err != nil || again != url {
			t.Errorf("another process gives another link: %q %q %v", again, url, err)
		}
		token := strings.TrimPrefix(url, "https://example.org/claim/")
		if ok, err := c.ClaimValid(ctx, token); !ok || err != nil {
			t.Errorf("the token is not valid: %v", err)
		}
		if ok, err := c.ClaimValid(ctx, token[1:]); ok || err != nil {
			t.Errorf("a wrong token: %v %v", ok, err)
		}
		form := community.SignUp{Username: "anna", Email: "anna@example.org", Password: goodPassword, Address: home, Claim: token[1:]}
		if _, err := c.SignUp(ctx, form); !errors.Is(err, community.ErrClosed) {
			t.Errorf("a wrong token: %v", err)
		}

		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() {
				f := form
				f.Claim, f.Username, f.Email = token, fmt.Sprintf("boss%d", i), fmt.Sprintf("boss%d@example.org", i)
				_, errs[i] = c.SignUp(ctx, f)
			})
		}
		wg.Wait()
		in := 0
		for _, err := range errs {
			if err == nil {
				in++
			} else if !errors.Is(err, community.ErrClosed) {
				t.Errorf("who came later hears %v", err)
			}
		}
		admins, err := s.AccountsWithRole(ctx, []string{store.RoleOwner}, 10)
		if in != 1 || len(admins) != 1 || err != nil {
			t.Errorf("%d claimed the site, administrators %v, %v", in, admins, err)
		}
		if url, claimed, err := c.ClaimLink(ctx); url != "" || !claimed || err != nil {
			t.Errorf("afterwards: %q %v %v", url, claimed, err)
		}
	})
}

func TestPromotingClaimsTheSite(t *testing.T) {
	c := newSite(t, storetest.SQLite(t), nil)
	ctx := deadline(t)
	join(t, c, "anna")
	if acc, err := c.PromoteAccount(ctx, "anna", store.RoleAdmin); err != nil || acc.Role != store.RoleAdmin {
		t.Fatalf("%v", err)
	}
	if _, claimed, err := c.ClaimLink(ctx); !claimed || err != nil {
		t.Errorf("a site with an administrator is free to claim: %v", err)
	}
	if acc, err := c.PromoteAccount(ctx, "anna", store.RoleMember); err != nil || acc.Role != store.RoleMember {
		t.Errorf("%v", err)
	}
	if _, err := c.PromoteAccount(ctx, "nobody", store.RoleAdmin); !errors.Is(err, community.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func TestResetLink(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx := deadline(t)
		c := newSite(t, s, nil)
		anna := join(t, c, "anna")
		first, err := c.CreateResetLink(ctx, community.ByCommand(""), "anna")
		if err != nil {
			t.Fatal(err)
		}
		secret, err := c.CreateResetLink(ctx, community.ByCommand(""), "ANNA")
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.LinkByToken(ctx, first); !errors.Is(err, community.ErrNotFound) {
			t.Errorf("an earlier link still holds: %v", err)
		}
		if l, acc, err := c.LinkByToken(ctx, secret); err != nil || l.Kind != community.LinkReset || acc.ID != anna.ID {
			t.Errorf("%v %v", acc, err)
		}
		_, err = c.ResetPassword(ctx, secret, "short")
		wantField(t, err, "password", "too_short")
		acc, err := c.ResetPassword(ctx, secret, "a new password")
		if err != nil || acc.SessionEpoch != anna.SessionEpoch+1 {
			t.Fatalf("%+v %v", acc, err)
		}
		if _, err := c.ResetPassword(ctx, secret, "another password"); !errors.Is(err, community.ErrNotFound) {
			t.Errorf("a used link: %v", err)
		}
		if _, err := c.Login(ctx, "anna", goodPassword, community.Client{Address: home}); err == nil {
			t.Error("the old password still works")
		}
		if _, err := c.Login(ctx, "anna", "a new password", community.Client{Address: home}); err != nil {
			t.Errorf("the new password: %v", err)
		}
		if _, err := c.CreateResetLink(ctx, community.ByCommand(""), "nobody"); !errors.Is(err, community.ErrNotFound) {
			t.Errorf("nobody's link: %v", err)
		}
	})
}

func TestLoginLimit(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx := deadline(t)
		c := newSite(t, s, func(o *community.Options) {
			o.SiteDefaults.LoginLimit = community.Limit{Count: 3, Window: 1000 * time.Hour}
		})
		join(t, c, "anna")
		for range 5 { // who succeeds is not counted
			if _, err := c.Login(ctx, "anna", goodPassword, community.Client{Address: home}); err != nil {
				t.Fatal(err)
			}
		}
		for _, login := range []string{"anna", "nobody"} { // the same for both
			for range 3 {
				_, err := c.Login(ctx, login, "wrong password", community.Client{Address: home})
				wantField(t, err, "", "wrong_login")
			}
			var many *community.TooMany
			if _, err := c.Login(ctx, strings.ToUpper(login), goodPassword, community.Client{Address: "198.51.100.9"}); !errors.As(err, &many) {
				t.Fatalf("%s: %v", login, err)
			}
			if many.RetryAfter <= 0 || many.RetryAfter > 2000*time.Hour {
				t.Errorf("come back in %v", many.RetryAfter)
			}
		}
		// A network has more tries than one account, but not without end.
		var many *community.TooMany
		for i := 0; ; i++ {
			_, err := c.Login(ctx, fmt.Sprintf("guess%d", i), "wrong password", community.Client{Address: home})
			if errors.As(err, &many) {
				break
			}
			if i > 15 {
				t.Fatal("a network may guess for ever")
			}
		}
		if _, err := c.Login(ctx, "guess99", "wrong password", community.Client{Address: "198.51.100.9"}); errors.As(err, &many) {
			t.Error("another network is kept out as well")
		}
	})
}

func TestStrangersDoNotShutTheOwnerOut(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx := deadline(t)
		c := newSite(t, s, func(o *community.Options) {
			o.SiteDefaults.LoginLimit = community.Limit{Count: 3, Window: 1000 * time.Hour}
		})
		anna, berta := join(t, c, "anna"), join(t, c, "berta")
		for i := range 10 {
			_, _ = c.Login(ctx, "anna", "wrong password", community.Client{Address: fmt.Sprintf("198.51.100.%d", i)})
		}
		var many *community.TooMany
		if _, err := c.Login(ctx, "anna", goodPassword, community.Client{Address: home}); !errors.As(err, &many) {
			t.Fatalf("strangers may guess for ever: %v", err)
		}
		// The owner's own browser, and a session that is open, are let in all the same.
		own := community.Client{Address: home, Device: "own", Accounts: []community.KnownAccount{{ID: berta.ID}, {ID: anna.ID}}}
		if _, err := c.Login(ctx, "anna@example.org", goodPassword, own); err != nil {
			t.Errorf("from a device that logged in before: %v", err)
		}
		by := community.Confirmation{Password: goodPassword, Session: "live"}
		if _, err := c.ChangeEmail(ctx, anna, by, "anna@example.com"); err != nil {
			t.Errorf("change the address: %v", err)
		}
		if _, err := c.ChangePassword(ctx, anna, by, "a new password"); err != nil {
			t.Errorf("change the password: %v", err)
		}
		// Who had the old password has no bucket left that strangers do not have; the owner logs in anew with the new one.
		if _, err := c.Login(ctx, "anna", "a new password", own); !errors.As(err, &many) {
			t.Errorf("a device that knew the old password: %v", err)
		}
		after, _, err := c.SessionAccount(ctx, anna.ID)
		if err != nil {
			t.Fatal(err)
		}
		own.Accounts[1].Epoch = after.SessionEpoch
		// A device is known for those alone who logged in there, and has a limit itself.
		if _, err := c.Login(ctx, "anna", "a new password", community.Client{Address: home, Device: "other", Accounts: []community.KnownAccount{{ID: berta.ID}}}); !errors.As(err, &many) {
			t.Errorf("another's device: %v", err)
		}
		for range 3 {
			_, err := c.Login(ctx, "anna", "wrong password", own)
			wantField(t, err, "", "wrong_login")
		}
		if _, err := c.Login(ctx, "anna", "a new password", own); !errors.As(err, &many) {
			t.Errorf("a device may guess for ever: %v", err)
		}
		for range 3 {
			_, err := c.ChangeEmail(ctx, anna, community.Confirmation{Password: "wrong password", Session: "stolen"}, "x@example.com")
			wantField(t, err, "email_password", "wrong")
		}
		if _, err := c.ChangeEmail(ctx, anna, community.Confirmation{Password: "a new password", Session: "stolen"}, "x@example.com"); !errors.As(err, &many) {
			t.Errorf("a session may guess for ever: %v", err)
		}
		if err := c.DeleteAccount(ctx, anna, community.Confirmation{Password: "a new password", Session: "live"}); err != nil {
			t.Errorf("delete the account: %v", err)
		}
	})
}

func TestSignUpLimit(t *testing.T) {
	s := storetest.SQLite(t)
	c := newSite(t, s, func(o *community.Options) {
		o.SiteDefaults.SignUpLimit = community.Limit{Count: 2, Window: 1000 * time.Hour}
	})
	join(t, c, "anna")
	join(t, c, "berta")
	_, err := c.SignUp(deadline(t), community.SignUp{Username: "clara", Email: "clara@example.org", Password: goodPassword, Address: home})
	var many *community.TooMany
	if !errors.As(err, &many) {
		t.Errorf("a third one from there: %v", err)
	}
	if _, err := c.SignUp(deadline(t), community.SignUp{Username: "clara", Email: "clara@example.org", Password: goodPassword, Address: "2001:db8::1"}); err != nil {
		t.Errorf("from elsewhere: %v", err)
	}
}

func TestPasswordsAreHashedAnew(t *testing.T) {
	s := storetest.SQLite(t)
	ctx := deadline(t)
	c := newSite(t, s, nil)
	anna := join(t, c, "anna")
	// "password" at other costs, as another release may have chosen.
	cheap := "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQxMjM0NTY$" + argonOf("password", "somesalt123456")
	if err := s.ReplacePasswordHash(ctx, anna.ID, anna.PasswordHash, cheap); err != nil {
		t.Fatal(err)
	}
	acc, err := c.Login(ctx, "anna", "password", community.Client{Address: home})
	if err != nil {
		t.Fatal(err)
	}
	now, err := s.AccountByID(ctx, anna.ID)
	if err != nil || now.PasswordHash == cheap || !strings.Contains(now.PasswordHash, "m=19456,t=2,p=1") || acc.PasswordHash != now.PasswordHash {
		t.Errorf("the hash is %q, %v", now.PasswordHash, err)
	}
	if now.SessionEpoch != anna.SessionEpoch {
		t.Error("the sessions ended for it")
	}
	if _, err := c.Login(ctx, "anna", "password", community.Client{Address: home}); err != nil {
		t.Errorf("after: %v", err)
	}
}
