package community_test

import (
	"errors"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"tintype/internal/community"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

func TestChangePassword(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx := deadline(t)
		c := newSite(t, s, func(o *community.Options) {
			o.SiteDefaults.LoginLimit = community.Limit{Count: 3, Window: 1000 * time.Hour}
		})
		anna := join(t, c, "anna")
		if err := s.PutSession(ctx, store.SessionRow{AccountID: anna.ID, Hash: "h", Epoch: anna.SessionEpoch}); err != nil {
			t.Fatal(err)
		}
		_, err := c.ChangePassword(ctx, anna, community.Confirmation{Password: goodPassword}, "short")
		wantField(t, err, "new_password", "too_short")
		_, err = c.ChangePassword(ctx, anna, community.Confirmation{Password: "wrong password"}, "a new password")
		wantField(t, err, "current_password", "wrong")
		acc, err := c.ChangePassword(ctx, anna, community.Confirmation{Password: goodPassword}, "a new password")
		if err != nil || acc.SessionEpoch != anna.SessionEpoch+1 {
			t.Fatalf("%+v %v", acc, err)
		}
		if rows, err := s.SessionsOf(ctx, anna.ID); err != nil || len(rows) != 0 {
			t.Errorf("sessions %v %v", rows, err)
		}
		if _, err := c.Login(ctx, "anna", "a new password", community.Client{Address: home}); err != nil {
			t.Error(err)
		}
		// Guessing here is limited like guessing at a log-in.
		var many *community.TooMany
		for range 4 {
			_, err = c.ChangePassword(ctx, acc, community.Confirmation{Password: "wrong password"}, "a new password")
		}
		if !errors.As(err, &many) {
			t.Errorf("guesses without end: %v", err)
		}
	})
}

func TestANewPasswordEndsWhatTheOldOneGave(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx := deadline(t)
		c := newSite(t, s, nil)
		anna, cl := join(t, c, "anna"), newClient(t, c, "read")
		var err error
		for name, end := range map[string]func() error{
			"change the password": func() error {
				_, err := c.ChangePassword(ctx, anna, community.Confirmation{Password: goodPassword}, "a new password")
				return err
			},
			"reset the password": func() error {
				secret, err := c.CreateResetLink(ctx, community.ByCommand(""), "anna")
				if err == nil {
					_, err = c.ResetPassword(ctx, secret, goodPassword)
				}
				return err
			},
			"end all access": func() error { return c.EndOtherAccess(ctx, anna, "") },
			"end all others": func() error { _, err := c.EndOthers(ctx, anna, ""); return err },
		} {
			if name == "change the password" {
				secret, err := c.CreateResetLink(ctx, community.ByCommand(""), "anna")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := c.ResetPassword(ctx, secret, goodPassword); err != nil {
					t.Fatal(err)
				}
			}
			if anna, err = s.AccountByID(ctx, anna.ID); err != nil {
				t.Fatal(err)
			}
			bearer, _, err := c.TokenFor(ctx, cl.app, anna, "read")
			if err != nil {
				t.Fatal(err)
			}
			code, err := c.Authorize(ctx, anna, cl.app, community.Authorization{RedirectURI: callback})
			if err != nil {
				t.Fatal(err)
			}
			if err := end(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if _, _, _, err := c.TokenByBearer(ctx, bearer); !errors.Is(err, community.ErrUnauthenticated) {
				t.Errorf("%s: the token lives on: %v", name, err)
			}
			_, _, err = c.ExchangeCode(ctx, community.CodeExchange{ClientID: cl.app.ClientID, ClientSecret: cl.secret, Code: code, RedirectURI: callback})
			wantOAuth(t, err, "invalid_grant")
		}
		// A name is no password, not even one's own displayed one.
		_, err = c.ChangePassword(ctx, anna, community.Confirmation{Password: "?"}, "anna-anna-1")
		wantField(t, err, "new_password", "own_name")
		_, err = c.ChangePassword(ctx, anna, community.Confirmation{Password: "?"}, "Sunflower")
		wantField(t, err, "new_password", "common")
	})
}

// A request that was let in before a new password ended its session gets nothing by what it still does: no newer epoch to start a
// session with, and it ends nothing of what was begun since.
func TestWhatOutlivesItsSessionGivesNoAccess(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx := deadline(t)
		c := newSite(t, s, nil)
		stale, cl := join(t, c, "anna"), newClient(t, c, "read")
		secret, err := c.CreateResetLink(ctx, community.ByCommand(""), "anna")
		if err != nil {
			t.Fatal(err)
		}
		anna, err := c.ResetPassword(ctx, secret, goodPassword)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.PutSession(ctx, store.SessionRow{AccountID: anna.ID, Hash: "new", Epoch: anna.SessionEpoch}); err != nil {
			t.Fatal(err)
		}
		bearer, _, err := c.TokenFor(ctx, cl.app, anna, "read")
		if err != nil {
			t.Fatal(err)
		}
		setup, err := c.SetUpTOTP(ctx, stale)
		if err != nil {
			t.Fatal(err)
		}
		code, err := totp.GenerateCode(setup.Secret, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		by := community.Confirmation{Password: goodPassword}
		for what, do := range map[string]func() error{
			"end all others":      func() error { _, err := c.EndOthers(ctx, stale, "old"); return err },
			"change the password": func() error { _, err := c.ChangePassword(ctx, stale, by, "a new password"); return err },
			"change the e-mail address": func() error {
				_, err := c.ChangeEmail(ctx, stale, by, "new@example.org")
				return err
			},
			"add a factor": func() error {
				_, err := c.AddTOTP(ctx, stale, by, setup.Sealed, code, "")
				return err
			},
			"make recovery codes": func() error { _, err := c.NewRecoveryCodes(ctx, stale, by); return err },
			"remove a factor":     func() error { return c.RemoveFactor(ctx, stale, by, 1) },
			"let an application in": func() error {
				_, err := c.Authorize(ctx, stale, cl.app, community.Authorization{RedirectURI: callback})
				return err
			},
		} {
			if err := do(); !errors.Is(err, community.ErrUnauthenticated) {
				t.Errorf("%s: %v", what, err)
			}
		}
		now, err := s.AccountByID(ctx, anna.ID)
		if err != nil || now.SessionEpoch != anna.SessionEpoch || now.Email != anna.Email || now.TwoFactorsAt != nil {
			t.Errorf("the account is %+v, %v", now, err)
		}
		if rows, err := s.SessionsOf(ctx, anna.ID); err != nil || len(rows) != 1 {
			t.Errorf("sessions %v, %v", rows, err)
		}
		if _, _, _, err := c.TokenByBearer(ctx, bearer); err != nil {
			t.Errorf("a newer token: %v", err)
		}
		if after, err := c.EndOthers(ctx, now, "new"); err != nil || after.SessionEpoch != now.SessionEpoch+1 {
			t.Errorf("after all others have ended: %+v, %v", after, err)
		}
	})
}

func TestChangeEmail(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx := deadline(t)
		c := newSite(t, s, nil)
		anna, berta := join(t, c, "anna"), join(t, c, "berta")
		_, err := c.ChangeEmail(ctx, anna, community.Confirmation{Password: goodPassword}, "nonsense")
		wantField(t, err, "email", "invalid")
		_, err = c.ChangeEmail(ctx, anna, community.Confirmation{Password: "wrong password"}, "new@example.org")
		wantField(t, err, "email_password", "wrong")
		acc, err := c.ChangeEmail(ctx, anna, community.Confirmation{Password: goodPassword}, " New@example.org ")
		if err != nil || acc.Email != "New@example.org" || acc.SessionEpoch != anna.SessionEpoch {
			t.Fatalf("%+v %v", acc, err)
		}
		if _, err := c.ChangeEmail(ctx, acc, community.Confirmation{Password: goodPassword}, "NEW@example.org"); err != nil {
			t.Errorf("one's own address in other letters: %v", err)
		}
		if acc, err := c.Login(ctx, "new@example.org", goodPassword, community.Client{Address: home}); err != nil || acc.ID != anna.ID {
			t.Errorf("%v %v", acc, err)
		}
		if _, err := c.Login(ctx, "anna@example.org", goodPassword, community.Client{Address: home}); err == nil {
			t.Error("the old address still logs in")
		}
		// Somebody else's address is kept, but stays theirs to log in with.
		if acc, err := c.ChangeEmail(ctx, berta, community.Confirmation{Password: goodPassword}, "new@example.org"); err != nil || acc.EmailKey != nil {
			t.Errorf("%+v %v", acc, err)
		}
		if acc, err := c.Login(ctx, "new@example.org", goodPassword, community.Client{Address: home}); err != nil || acc.ID != anna.ID {
			t.Errorf("%v %v", acc, err)
		}
		// When it is free again it is hers who enters it, and nobody's before.
		if _, err := c.ChangeEmail(ctx, anna, community.Confirmation{Password: goodPassword}, "anna@example.org"); err != nil {
			t.Fatal(err)
		}
		_, err = c.Login(ctx, "new@example.org", goodPassword, community.Client{Address: home})
		wantField(t, err, "", "wrong_login")
		if acc, err := c.ChangeEmail(ctx, berta, community.Confirmation{Password: goodPassword}, "new@example.org"); err != nil || acc.EmailKey == nil {
			t.Errorf("%+v %v", acc, err)
		}
		if acc, err := c.Login(ctx, "new@example.org", goodPassword, community.Client{Address: home}); err != nil || acc.ID != berta.ID {
			t.Errorf("%v %v", acc, err)
		}
	})
}

func TestPreferences(t *testing.T) {
	c := newSite(t, storetest.SQLite(t), nil)
	ctx := deadline(t)
	anna := join(t, c, "anna")
	show, dark, off, followers, lang, no := "show", "dark", false, store.Followers, "de-AT", "nonsense"
	acc, err := c.UpdateViewing(ctx, anna, community.ViewingChange{WarnedPhotos: &show, Theme: &dark, LetterKeys: &off})
	if err != nil || acc.WarnedPhotos != "show" || acc.Theme != "dark" || acc.LetterKeys {
		t.Errorf("%+v %v", acc, err)
	}
	on := true
	acc, err = c.UpdatePosting(ctx, anna, community.PostingChange{Visibility: &followers, ShowExif: &off, Language: &lang, Locked: &on})
	if err != nil || acc.DefaultVisibility != followers || acc.DefaultShowExif || acc.Language != "de" || !acc.Locked || acc.Theme != "dark" {
		t.Errorf("%+v %v", acc, err)
	}
	_, err = c.UpdateViewing(ctx, anna, community.ViewingChange{Theme: &no})
	wantField(t, err, "theme", "invalid")
	_, err = c.UpdateViewing(ctx, anna, community.ViewingChange{WarnedPhotos: &no})
	wantField(t, err, "warnings", "invalid")
	_, err = c.UpdatePosting(ctx, anna, community.PostingChange{Licence: &no})
	wantField(t, err, "licence", "invalid")
	_, err = c.UpdatePosting(ctx, anna, community.PostingChange{Visibility: (*store.Visibility)(&no)})
	wantField(t, err, "visibility", "invalid")
}

func TestSuspension(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx := deadline(t)
		c := newSite(t, s, nil)
		anna, berta := join(t, c, "anna"), join(t, c, "berta")
		if err := s.PutSession(ctx, store.SessionRow{AccountID: anna.ID, Hash: "h"}); err != nil {
			t.Fatal(err)
		}
		for range 2 { // doing so again changes nothing
			acc, err := c.SuspendAccount(ctx, "@anna", true)
			if err != nil || acc.SuspendedAt == nil || acc.SessionEpoch != anna.SessionEpoch+1 {
				t.Fatalf("%+v %v", acc, err)
			}
		}
		if _, ok, err := c.SessionAccount(ctx, anna.ID); ok || err != nil {
			t.Errorf("may still act: %v", err)
		}
		if rows, err := s.SessionsOf(ctx, anna.ID); err != nil || len(rows) != 0 {
			t.Errorf("sessions %v %v", rows, err)
		}
		if _, err := c.AccountByName(ctx, berta, "anna"); !errors.Is(err, community.ErrNotFound) {
			t.Errorf("by name: %v", err)
		}
		if _, err := c.AccountByID(ctx, berta, anna.ID); !errors.Is(err, community.ErrNotFound) {
			t.Errorf("by id: %v", err)
		}
		if as, err := c.AccountsByID(ctx, berta, []int64{berta.ID, anna.ID}); err != nil || len(as) != 1 {
			t.Errorf("by ids: %v %v", as, err)
		}
		if as, err := c.SearchAccounts(ctx, nil, community.AccountSearch{Text: "ann", Limit: 10}); err != nil || len(as) != 0 {
			t.Errorf("search: %v %v", as, err)
		}
		_, err := c.Login(ctx, "anna", "wrong password", community.Client{Address: home})
		wantField(t, err, "", "wrong_login")
		_, err = c.Login(ctx, "anna", goodPassword, community.Client{Address: home})
		wantField(t, err, "", "suspended")
		_, err = c.UpdateViewing(ctx, anna, community.ViewingChange{})
		if !errors.Is(err, community.ErrUnauthenticated) {
			t.Errorf("changes settings: %v", err)
		}
		if acc, err := c.SuspendAccount(ctx, "anna", false); err != nil || !acc.Active() {
			t.Fatalf("%v", err)
		}
		if _, err := c.Login(ctx, "anna", goodPassword, community.Client{Address: home}); err != nil {
			t.Errorf("restored: %v", err)
		}
	})
}

func TestAccountsAndBlocks(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx := deadline(t)
		c := newSite(t, s, nil)
		anna, annabel, berta := join(t, c, "anna"), join(t, c, "annabel"), join(t, c, "berta")
		names := func(as []*store.Account) (out string) {
			for _, a := range as {
				out += a.Username + " "
			}
			return out
		}
		if as, err := c.SearchAccounts(ctx, berta, community.AccountSearch{Text: "@ANNA", Limit: 10}); err != nil || names(as) != "anna annabel " {
			t.Errorf("%q %v", names(as), err)
		}
		for _, q := range []string{"", "%", "ann%", "{", "anna anna", "__"} {
			if as, err := c.SearchAccounts(ctx, berta, community.AccountSearch{Text: q, Limit: 10}); err != nil || len(as) != 0 {
				t.Errorf("%q finds %q, %v", q, names(as), err)
			}
		}
		if as, err := c.AccountsByID(ctx, nil, []int64{berta.ID, 1, anna.ID, berta.ID}); err != nil || names(as) != "berta anna " {
			t.Errorf("%q %v", names(as), err)
		}
		if _, err := c.Block(ctx, anna, berta.ID); err != nil {
			t.Fatal(err)
		}
		for _, x := range []struct {
			viewer *store.Account
			id     int64
			sees   bool
		}{{anna, berta.ID, true}, {berta, anna.ID, false}, // who blocks still finds the account, to take it back
			{nil, anna.ID, true}, {annabel, anna.ID, true}, {anna, anna.ID, true}} {
			if _, err := c.AccountByID(ctx, x.viewer, x.id); (err == nil) != x.sees || err != nil && !errors.Is(err, community.ErrNotFound) {
				t.Errorf("%+v: %v", x, err)
			}
		}
		if as, err := c.SearchAccounts(ctx, berta, community.AccountSearch{Text: "anna", Limit: 10}); err != nil || names(as) != "annabel " {
			t.Errorf("%q %v", names(as), err)
		}
		for q, want := range map[string]string{"berta": "berta ", "@BERTA": "berta ", "bert": ""} {
			if as, err := c.SearchAccounts(ctx, anna, community.AccountSearch{Text: q, Limit: 10}); err != nil || names(as) != want {
				t.Errorf("who blocks berta finds %q by %q, %v", names(as), q, err)
			}
		}
		if _, err := c.Follow(ctx, berta, annabel.ID); err != nil {
			t.Fatal(err)
		}
		if as, err := c.SearchAccounts(ctx, berta, community.AccountSearch{Text: "a", Followed: true, Limit: 10}); err != nil || names(as) != "annabel " {
			t.Errorf("of those berta follows: %q %v", names(as), err)
		}
		if as, err := c.SearchAccounts(ctx, nil, community.AccountSearch{Text: "a", Followed: true, Limit: 10}); err != nil || len(as) != 0 {
			t.Errorf("of those a visitor follows: %q %v", names(as), err)
		}
	})
}

func TestMarkers(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx := deadline(t)
		c := newSite(t, s, nil)
		anna := join(t, c, "anna")
		for i, id := range []int64{7, 9, 3} { // back, too
			ms, err := c.SetMarkers(ctx, anna, map[string]int64{"home": id, "elsewhere": 1})
			if err != nil || len(ms) != 1 || ms[0].LastReadID != id || ms[0].Version != i+1 || ms[0].Timeline != "home" {
				t.Fatalf("%+v %v", ms, err)
			}
		}
		ms, err := c.Markers(ctx, anna, []string{"home", "notifications", "elsewhere"})
		if err != nil || len(ms) != 1 || ms[0].LastReadID != 3 {
			t.Errorf("%+v %v", ms, err)
		}
	})
}

func TestMembersOnly(t *testing.T) {
	s := storetest.SQLite(t)
	anna := join(t, newSite(t, s, nil), "anna")
	c := newSite(t, s, func(o *community.Options) { o.SiteDefaults.Visitors = community.VisitorsNone })
	ctx := deadline(t)
	for name, look := range map[string]func(viewer *store.Account) error{
		"name": func(v *store.Account) error { _, err := c.AccountByName(ctx, v, "anna"); return err },
		"id":   func(v *store.Account) error { _, err := c.AccountByID(ctx, v, anna.ID); return err },
		"ids":  func(v *store.Account) error { _, err := c.AccountsByID(ctx, v, []int64{anna.ID}); return err },
		"search": func(v *store.Account) error {
			_, err := c.SearchAccounts(ctx, v, community.AccountSearch{Text: "anna", Limit: 1})
			return err
		},
	} {
		if err := look(nil); !errors.Is(err, community.ErrUnauthenticated) {
			t.Errorf("a visitor by %s: %v", name, err)
		}
		if err := look(anna); err != nil {
			t.Errorf("a member by %s: %v", name, err)
		}
	}
}
