package community

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"tintype/internal/mail"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

func joiner(name, email, address string) SignUp {
	return SignUp{Username: name, Email: email, Password: "correct horse battery", Address: address}
}

// What one process keeps out, the others keep out too, in every spelling, by every way to join. The sentence does not say
// whether it was the address or the network.
func TestWhatIsKeptOutDoesNotJoin(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		here, there := siteInstance(t, s), siteInstance(t, s)
		for _, c := range []*Community{here, there} {
			c.SiteDefaults.Registration, c.Mail, c.MailDelivers = RegistrationOpen, mail.NewFiles(t.TempDir(), nil), true
			c.SecretKeys = func() [][]byte { return [][]byte{[]byte("0123456789abcdef0123456789abcdef")} }
		}
		ctx, by := t.Context(), ByCommand("spam")
		inv, err := here.Invite(ctx, by, NewInvitation{})
		if err != nil {
			t.Fatal(err)
		}
		url := here.InvitationURL(inv.ID)
		invited := url[strings.LastIndexByte(url, '/')+1:]
		anna, err := there.SignUp(ctx, joiner("anna", "anna@example.org", "203.0.113.9"))
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range []NewBlock{
			{"domain", "*.Spam.Example.", "sends spam"}, {"domain", "bücher.example", ""}, {"range", "192.0.2.77/24", ""}, {"range", "2001:db8:1::/48", ""}, {"range", "::ffff:198.51.100.0/120", ""},
		} {
			if _, err := here.AddBlock(ctx, by, b); err != nil {
				t.Fatal(b, err)
			}
		}
		out, fine := "x@fine.example", "203.0.113.9"
		servertest.Eventually(t, "the other process keeps it out", func() bool {
			l, err := there.blocks(ctx)
			return err == nil && len(l.domains) == 2 && len(l.ranges) == 3
		})
		var sentence string
		for i, f := range []SignUp{
			joiner("x", "x@spam.example", fine), joiner("x", "x@SPAM.EXAMPLE", fine), joiner("x", "x@mail.spam.example", fine), joiner("x", "x@xn--bcher-kva.example", fine),
			joiner("x", "x@bücher.example", fine), joiner("x", "x@BÜCHER.example", fine), joiner("x", "x@[192.0.2.1]", fine),
			joiner("x", out, "192.0.2.1"), joiner("x", out, "::ffff:192.0.2.1"), joiner("x", out, "::ffff:c000:0201"), joiner("x", out, "2001:db8:1:2::3"), joiner("x", out, "198.51.100.200"), joiner("x", out, "2001:db8:1::1%eth0"),
		} {
			for _, c := range []*Community{here, there} {
				for _, secret := range []string{"", invited} {
					f.Username, f.Invite = fmt.Sprintf("x%d", i), secret
					_, err := c.SignUp(ctx, f)
					var bad *Invalid
					if !errors.As(err, &bad) || bad.Fields[0].Code != "blocked" {
						t.Fatalf("%s from %s, invited %t: %v", f.Email, f.Address, secret != "", err)
					}
					if sentence == "" {
						sentence = bad.Error()
					}
					if bad.Error() != sentence || strings.Contains(sentence, "domain") || strings.Contains(sentence, "range") {
						t.Errorf("it says why: %s", bad)
					}
				}
			}
		}
		for i, f := range []SignUp{joiner("", "x@notspam.example", fine), joiner("", "x@spam.example.org", "192.0.3.1"), joiner("", "spam.example@fine.example", "2001:db8:2::1"), joiner("", out, "198.51.101.0")} {
			f.Username = fmt.Sprintf("fine%d", i)
			if _, err := there.SignUp(ctx, f); err != nil {
				t.Errorf("%s from %s: %v", f.Email, f.Address, err)
			}
		}
		var bad *Invalid
		if _, err := there.ChangeEmail(ctx, anna, Confirmation{Password: "correct horse battery"}, "anna@spam.example"); !errors.As(err, &bad) || bad.Fields[0].Code != "blocked" {
			t.Errorf("a change to a blocked address: %v", err)
		}
		if now, err := s.AccountByID(store.Primary(ctx), anna.ID); err != nil || now.Email != "anna@example.org" {
			t.Errorf("%v %v", now, err)
		}
		if done, err := there.InviteByMail(ctx, by, "y@mail.spam.example, y@fine.example", "", ""); err != nil || done.Invited != 1 || len(done.Blocked) != 1 {
			t.Errorf("by mail: %+v %v", done, err)
		}

		// The same again changes nothing, and what is removed may join.
		if _, err := there.AddBlock(ctx, by, NewBlock{"range", "192.0.2.0/24", "again"}); err != nil {
			t.Error(err)
		}
		if list, err := there.SiteBlocks(ctx, by, "range", Cursor{}); err != nil || len(list) != 3 || list[0].Value != "198.51.100.0/24" || list[2].Value != "192.0.2.0/24" || list[2].Note != "" {
			t.Errorf("%+v %v", list, err)
		}
		if err := there.RemoveBlockOf(ctx, by, "range", "::ffff:192.0.2.9/120"); err != nil {
			t.Fatal(err)
		}
		servertest.Eventually(t, "what is removed may join", func() bool {
			_, err := here.SignUp(ctx, joiner("late", "late@fine.example", "192.0.2.1"))
			return err == nil
		})
		if err := there.RemoveBlockOf(ctx, by, "range", "192.0.2.0/24"); !errors.Is(err, ErrNotFound) {
			t.Errorf("removed twice: %v", err)
		}
		for _, b := range []NewBlock{
			{"domain", "", ""}, {"domain", "a b.example", ""}, {"domain", "192.0.2.1", ""}, {"domain", "x@spam.example", ""}, {"domain", "a..b", ""}, {"domain", strings.Repeat("x", 64) + ".example", ""}, {"range", "example.com", ""},
			{"range", "0.0.0.0/0", ""}, {"range", "::/0", ""}, {"range", "::ffff:0:0/90", ""}, {"range", "192.0.2.0/33", ""}, {"colour", "red", ""}, {"domain", "a.example", strings.Repeat("x", 201)},
		} {
			if _, err := here.AddBlock(ctx, by, b); !errors.As(err, &bad) {
				t.Errorf("%+v: %v", b, err)
			}
		}
		mod := By{Account: &store.Account{ID: anna.ID, Role: store.RoleModerator}, Via: ViaPage}
		if _, err := here.AddBlock(ctx, mod, NewBlock{"domain", "a.example", ""}); !errors.Is(err, ErrForbidden) {
			t.Errorf("a moderator: %v", err)
		}
		if log, err := here.AdminLog(ctx, by, AdminLogSearch{Act: "block.add"}, Cursor{}); err != nil || len(log) != 5 || log[4].Detail != "domain: spam.example" || log[4].Reason != "spam" {
			t.Errorf("%+v %v", log, err)
		}
		if log, err := here.AdminLog(ctx, by, AdminLogSearch{Act: "block.remove"}, Cursor{}); err != nil || len(log) != 1 || log[0].Detail != "range: 192.0.2.0/24" {
			t.Errorf("%+v %v", log, err)
		}
	})
}

// There is room for a bounded number of each kind.
func TestBlocksAreBounded(t *testing.T) {
	c := siteInstance(t, storetest.SQLite(t))
	was := mostBlocks[store.BlockDomain]
	mostBlocks[store.BlockDomain] = 3
	defer func() { mostBlocks[store.BlockDomain] = was }()
	for i := range 4 {
		_, err := c.AddBlock(t.Context(), ByCommand(""), NewBlock{Kind: store.BlockDomain, Value: fmt.Sprintf("d%d.example", i)})
		var bad *Invalid
		if i < 3 && err != nil || i == 3 && !errors.As(err, &bad) {
			t.Errorf("%d: %v", i, err)
		}
	}
}
