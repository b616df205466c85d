package community_test

import (
	"testing"

	"tintype/internal/community"
	"tintype/internal/mail"
	"tintype/internal/store"
)

// The host of an address is one in every spelling, wherever addresses are compared. An accent makes another host.
func TestAnAddressIsOneInEverySpelling(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx := deadline(t)
		c := newSite(t, s, nil)
		join := func(name, email string) *store.Account {
			t.Helper()
			acc, err := c.SignUp(ctx, community.SignUp{Username: name, Email: email, Password: goodPassword, Address: home})
			if err != nil {
				t.Fatal(err)
			}
			return acc
		}
		// An account of an earlier release stands in the way of the address that its key was made of.
		earlier := join("earlier", "a@bücher.example")
		key := "a@bucher.example"
		if err := s.SetEmail(ctx, earlier.ID, earlier.Email, &key, nil); err != nil {
			t.Fatal(err)
		}
		for _, email := range []string{"a@xn--bcher-kva.example", "A@BÜCHER.example.", "a@bu\u0308cher.example"} {
			if again := join(string(rune('a'+len(email)))+"gain", email); again.EmailKey != nil {
				t.Errorf("%s is another way to log in: %s", email, *again.EmailKey)
			}
			if acc, err := c.Login(ctx, email, goodPassword, community.Client{Address: home}); err != nil || acc.ID != earlier.ID {
				t.Errorf("%s logs in %+v, %v", email, acc, err)
			}
		}
		plain := join("plain", "a@bucher.example.")
		if plain.EmailKey == nil || plain.Email != "a@bucher.example" {
			t.Errorf("another host is the same: %+v", plain)
		}
		for email, want := range map[string]int64{"a@bucher.example": plain.ID, "a@bücher.example": earlier.ID, "a@bucher.example.": plain.ID} {
			if acc, err := c.Login(ctx, email, goodPassword, community.Client{Address: home}); err != nil || acc.ID != want {
				t.Errorf("%s logs in %+v, %v", email, acc, err)
			}
		}
		if acc, err := c.ChangeEmail(ctx, plain, community.Confirmation{Password: goodPassword}, "a@xn--bcher-kva.example"); err != nil || acc.EmailKey != nil {
			t.Errorf("taken in another spelling: %+v, %v", acc, err)
		}

		c.Mail, c.MailDelivers = mail.NewFiles(t.TempDir(), nil), true
		done, err := c.InviteByMail(ctx, community.ByCommand(""), "a@xn--bcher-kva.example, new@bücher.example, new@xn--bcher-kva.example., NEW@bücher.example, new@bucher.example", "", "")
		if err != nil || done.Invited != 2 || len(done.Members) != 1 || len(done.Wrong) != 0 {
			t.Errorf("%+v, %v", done, err)
		}
		if done, err = c.InviteByMail(ctx, community.ByCommand(""), "new@xn--bcher-kva.example", "", ""); err != nil || len(done.Already) != 1 {
			t.Errorf("invited again: %+v, %v", done, err)
		}
	})
}

// Tries by one address are counted together, however its host is written.
func TestTriesByAnAddressCountTogether(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		c := newSite(t, s, func(o *community.Options) {
			o.SiteDefaults.LoginLimit = community.Limit{Count: 2, Window: 1000 * 3600e9}
		})
		for i, email := range []string{"a@bücher.example", "a@xn--bcher-kva.example", "A@BÜCHER.example."} {
			_, err := c.Login(deadline(t), email, "wrong password", community.Client{Address: home})
			if _, many := err.(*community.TooMany); many != (i == 2) {
				t.Errorf("%s: %v", email, err)
			}
		}
		if _, err := c.Login(deadline(t), "a@bucher.example", "wrong password", community.Client{Address: "192.0.2.77"}); err == nil {
			t.Error("nobody logs in")
		} else if _, many := err.(*community.TooMany); many {
			t.Errorf("another host: %v", err)
		}
	})
}
