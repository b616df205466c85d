package community_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"tintype/internal/community"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

const (
	goodPassword = "correct horse battery"
	home         = "192.0.2.7"
)

// newSite is a community with open registration over an empty database; change may adjust it.
func newSite(t *testing.T, s *store.Store, change func(*community.Options)) *community.Community {
	t.Helper()
	o := community.Options{
		Store: s, BaseURL: "https://example.org", SiteDefaults: community.Site{Name: "Example", Registration: community.RegistrationOpen},
		SecretKeys: func() [][]byte { return [][]byte{[]byte("0123456789abcdef0123456789abcdef")} },
	}
	if change != nil {
		change(&o)
	}
	return community.New(o)
}

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// join signs somebody up by a name.
func join(t *testing.T, c *community.Community, name string) *store.Account {
	t.Helper()
	acc, err := c.SignUp(deadline(t), community.SignUp{Username: name, Email: name + "@example.org", Password: goodPassword, Address: home})
	if err != nil {
		t.Fatalf("sign up %s: %v", name, err)
	}
	return acc
}

// wantField checks that err names exactly this mistake.
func wantField(t *testing.T, err error, field, code string) {
	t.Helper()
	var bad *community.Invalid
	if !errors.As(err, &bad) || len(bad.Fields) != 1 || bad.Fields[0].Field != field || bad.Fields[0].Code != code {
		t.Errorf("want %s/%s, got %v (%+v)", field, code, err, bad)
	}
}

// eachDialect runs the test on an empty database of every dialect.
func eachDialect(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Helper()
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) { test(t, open(t)) })
}

func TestSignUpAndLogin(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx := deadline(t)
		c := newSite(t, s, nil)
		anna := join(t, c, "Anna_1")
		if anna.Role != store.RoleMember || anna.PasswordHash == "" || !anna.Active() {
			t.Errorf("a new member: %+v", anna)
		}
		for _, login := range []string{"anna_1", "ANNA_1", "@Anna_1", " anna_1@EXAMPLE.org "} {
			acc, err := c.Login(ctx, login, goodPassword, community.Client{Address: home})
			if err != nil || acc.ID != anna.ID {
				t.Errorf("log in as %q: %v", login, err)
			}
		}
		_, wrong := c.Login(ctx, "anna_1", "another password", community.Client{Address: home})
		_, unknown := c.Login(ctx, "nobody", goodPassword, community.Client{Address: home})
		wantField(t, wrong, "", "wrong_login")
		if unknown == nil || wrong.Error() != unknown.Error() {
			t.Errorf("an unknown name and a wrong password answer differently: %v, %v", unknown, wrong)
		}

		seen, err := c.AccountByName(ctx, nil, "@anna_1")
		if err != nil || seen.Username != "Anna_1" {
			t.Errorf("by name: %v %v", seen, err)
		}
		if _, err := c.AccountByName(ctx, nil, "berta"); !errors.Is(err, community.ErrNotFound) {
			t.Errorf("nobody by that name: %v", err)
		}
	})
}

func TestSignUpRefuses(t *testing.T) {
	s := storetest.SQLite(t)
	ctx := deadline(t)
	c := newSite(t, s, nil)
	join(t, c, "anna")
	good := community.SignUp{Username: "berta", Email: "berta@example.org", Password: goodPassword, Address: home}
	for _, x := range []struct {
		field, code string
		change      func(*community.SignUp)
	}{
		{"username", "taken", func(f *community.SignUp) { f.Username = "ANNA" }},
		{"password", "own_name", func(f *community.SignUp) { f.Password = "Example.org 2026" }}, // the site's host
		{"username", "blank", func(f *community.SignUp) { f.Username = " " }},
		{"username", "invalid", func(f *community.SignUp) { f.Username = "bertá" }},
		{"username", "invalid", func(f *community.SignUp) { f.Username = "ber.ta" }},
		{"username", "too_long", func(f *community.SignUp) { f.Username = "a123456789a123456789a123456789a" }},
		{"username", "reserved", func(f *community.SignUp) { f.Username = "Admin" }},
		{"username", "reserved", func(f *community.SignUp) { f.Username = "_oauth_" }},
		{"email", "blank", func(f *community.SignUp) { f.Email = "" }},
		{"email", "invalid", func(f *community.SignUp) { f.Email = "berta" }},
		{"email", "invalid", func(f *community.SignUp) { f.Email = "Berta <berta@example.org>" }},
		{"password", "blank", func(f *community.SignUp) { f.Password = "" }},
		{"password", "too_short", func(f *community.SignUp) { f.Password = "1234567" }},
		{"password", "too_long", func(f *community.SignUp) { f.Password = fmt.Sprintf("%0257d", 1) }},
		{"display_name", "too_long", func(f *community.SignUp) { f.DisplayName = "1234567890123456789012345678901" }},
	} {
		f := good
		x.change(&f)
		_, err := c.SignUp(ctx, f)
		t.Run(x.field+" "+x.code, func(t *testing.T) { wantField(t, err, x.field, x.code) })
	}

	var bad *community.Invalid
	if _, err := c.SignUp(ctx, community.SignUp{}); !errors.As(err, &bad) || len(bad.Fields) != 3 {
		t.Errorf("an empty form tells all mistakes at once: %v", err)
	}

	// An address that is another member's is no reason to refuse: that would tell that there is such a member.
	f := good
	f.Email = "Anna@Example.org"
	berta, err := c.SignUp(ctx, f)
	if err != nil {
		t.Fatalf("with somebody else's address: %v", err)
	}
	if acc, err := c.Login(ctx, "anna@example.org", goodPassword, community.Client{Address: home}); err != nil || acc.Username != "anna" {
		t.Errorf("the address still belongs to anna: %v %v", acc, err)
	}
	if acc, err := c.Login(ctx, "berta", goodPassword, community.Client{Address: home}); err != nil || acc.ID != berta.ID {
		t.Errorf("berta logs in by name: %v", err)
	}
}

func TestReservedUsernames(t *testing.T) {
	c := newSite(t, storetest.SQLite(t), nil)
	for _, name := range []string{"admin", "api", "about", "settings", "login", "logout", "signup", "explore", "static", "media", "oauth",
		"compose", "notifications", "search", "tags", "links", "claim", "healthz", "livez", "readyz", "nodeinfo", "well_known", "robots",
		"sitemap", "privacy", "rules", "contact", "forgot_password", "follow_requests", "root", "support", "tintype", "me", "null"} {
		_, err := c.SignUp(deadline(t), community.SignUp{Username: name, Email: "x@example.org", Password: goodPassword, Address: home})
		t.Run(name, func(t *testing.T) { wantField(t, err, "username", "reserved") })
	}
}

// argonOf is the key of a password at the smallest costs, for hashes that an older release might have made.
func argonOf(password, salt string) string {
	return base64.RawStdEncoding.EncodeToString(argon2.IDKey([]byte(password), []byte(salt), 1, 64, 1, 32))
}
