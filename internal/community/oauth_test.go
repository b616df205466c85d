package community_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/community"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

const callback = "tusky-app://oauth/callback"

type client struct {
	app    *store.App
	secret string
}

func newClient(t *testing.T, c *community.Community, scopes string) client {
	t.Helper()
	app, secret, err := c.CreateApp(deadline(t), community.NewApp{Name: "Test", Website: "https://client.example", RedirectURIs: []string{callback + "\n" + community.OutOfBand}, Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return client{app, secret}
}

func wantOAuth(t *testing.T, err error, code string) {
	t.Helper()
	var o *community.OAuthError
	if !errors.As(err, &o) || o.Code != code {
		t.Errorf("want %s, got %v", code, err)
	}
}

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func TestCreateApp(t *testing.T) {
	c := newSite(t, storetest.SQLite(t), nil)
	ctx := deadline(t)
	cl := newClient(t, c, "")
	if cl.app.Scopes != "read" || len(cl.app.RedirectURIs.V) != 2 || cl.secret == "" || strings.Contains(cl.app.ClientSecretHash, cl.secret) {
		t.Errorf("%+v", cl.app)
	}
	if app, err := c.AppByClientID(ctx, cl.app.ClientID); err != nil || app.ID != cl.app.ID || app.RedirectURIs.V[0] != callback {
		t.Errorf("%+v %v", app, err)
	}
	if _, err := c.AppByClientID(ctx, "unknown"); !errors.Is(err, community.ErrNotFound) {
		t.Errorf("%v", err)
	}
	for _, x := range []struct {
		field, code string
		app         community.NewApp
	}{
		{"client_name", "blank", community.NewApp{RedirectURIs: []string{callback}}},
		{"client_name", "too_long", community.NewApp{Name: strings.Repeat("x", 61), RedirectURIs: []string{callback}}},
		{"website", "invalid", community.NewApp{Name: "x", Website: "javascript:alert(1)", RedirectURIs: []string{callback}}},
		{"redirect_uris", "blank", community.NewApp{Name: "x"}},
		{"redirect_uris", "invalid", community.NewApp{Name: "x", RedirectURIs: []string{"javascript:alert(1)"}}},
		{"redirect_uris", "invalid", community.NewApp{Name: "x", RedirectURIs: []string{"DATA:text/html,x"}}},
		{"redirect_uris", "invalid", community.NewApp{Name: "x", RedirectURIs: []string{"https://client.example/#x"}}},
		{"redirect_uris", "invalid", community.NewApp{Name: "x", RedirectURIs: []string{"/here"}}},
		{"redirect_uris", "too_many", community.NewApp{Name: "x", RedirectURIs: []string{callback + "?" + strings.Repeat("a", 1000), callback + "?" + strings.Repeat("b", 1000)}}},
		{"scopes", "invalid", community.NewApp{Name: "x", RedirectURIs: []string{callback}, Scopes: "read everything"}},
	} {
		_, _, err := c.CreateApp(ctx, x.app)
		wantField(t, err, x.field, x.code)
	}
}

func TestStrangersRegisterSoManyApplicationsADay(t *testing.T) {
	c := newSite(t, storetest.SQLite(t), func(o *community.Options) { o.SiteDefaults.SignUpLimit = community.Limit{Count: 20, Window: time.Hour} })
	ctx := deadline(t)
	var many *community.TooMany
	create := func(address string) error {
		_, _, err := c.CreateApp(ctx, community.NewApp{Name: "x", RedirectURIs: []string{callback}, Address: address})
		return err
	}
	count := func(next func(i int) error) int {
		for i := range 1000 {
			if err := next(i); errors.As(err, &many) {
				return i
			} else if err != nil {
				t.Fatal(err)
			}
		}
		t.Fatal("there is no end")
		return 0
	}
	if n := count(func(int) error { return create(home) }); n != 100 {
		t.Errorf("%d applications from one address", n)
	}
	if n := count(func(i int) error { return create(fmt.Sprintf("2001:db8:0:%x::1", i%256<<8|i/256)) }); n != 400 {
		t.Errorf("%d applications from one /48", n)
	}
	if err := create("198.51.100.1"); err != nil {
		t.Errorf("another network: %v", err)
	}
	cl := newClient(t, c, "read")
	token := func(int) error {
		_, _, err := c.ClientCredentials(ctx, cl.app.ClientID, cl.secret, "read", home)
		return err
	}
	if n := count(token); n != 200 {
		t.Errorf("%d tokens of clients from one address", n)
	}
}

func TestCheckAuthorization(t *testing.T) {
	c := newSite(t, storetest.SQLite(t), nil)
	app := newClient(t, c, "read write:media").app
	good := challenge("a verifier")
	for _, x := range []struct {
		name   string
		a      community.Authorization
		code   string // of the OAuthError, "redirect" for *Invalid, "" for none
		scopes string
	}{
		{"default scope", community.Authorization{RedirectURI: callback}, "", "read"},
		{"a part of a scope", community.Authorization{RedirectURI: community.OutOfBand, Scopes: "read:accounts write:media"}, "", "read:accounts write:media"},
		{"S256", community.Authorization{RedirectURI: callback, Challenge: good, ChallengeMethod: "S256"}, "", "read"},
		{"a longer redirect", community.Authorization{RedirectURI: callback + "/x"}, "redirect", ""},
		{"no redirect", community.Authorization{}, "redirect", ""},
		{"more than registered", community.Authorization{RedirectURI: callback, Scopes: "write"}, "invalid_scope", ""},
		{"an unknown scope", community.Authorization{RedirectURI: callback, Scopes: "admin"}, "invalid_scope", ""},
		{"plain", community.Authorization{RedirectURI: callback, Challenge: good, ChallengeMethod: "plain"}, "invalid_request", ""},
		{"a challenge without a method is plain", community.Authorization{RedirectURI: callback, Challenge: good}, "invalid_request", ""},
		{"a method without a challenge", community.Authorization{RedirectURI: callback, ChallengeMethod: "S256"}, "invalid_request", ""},
		{"a malformed challenge", community.Authorization{RedirectURI: callback, Challenge: "short", ChallengeMethod: "S256"}, "invalid_request", ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			a, err := c.CheckAuthorization(app, x.a)
			switch x.code {
			case "":
				if err != nil || a.Scopes != x.scopes {
					t.Errorf("%+v %v", a, err)
				}
			case "redirect":
				wantField(t, err, "redirect_uri", "invalid")
			default:
				wantOAuth(t, err, x.code)
			}
		})
	}
}

func TestExchangeCode(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx := deadline(t)
		c := newSite(t, s, nil)
		anna := join(t, c, "anna")
		cl, other := newClient(t, c, "read write"), newClient(t, c, "read write")
		authorize := func(ch string) string {
			t.Helper()
			a := community.Authorization{RedirectURI: callback, Scopes: "read write:media"}
			if ch != "" {
				a.Challenge, a.ChallengeMethod = ch, "S256"
			}
			code, err := c.Authorize(ctx, anna, cl.app, a)
			if err != nil {
				t.Fatal(err)
			}
			return code
		}
		exchange := func(code, verifier string) community.CodeExchange {
			return community.CodeExchange{ClientID: cl.app.ClientID, ClientSecret: cl.secret, Code: code, RedirectURI: callback, Verifier: verifier}
		}

		code := authorize(challenge("a verifier"))
		for name, x := range map[string]struct {
			change func(*community.CodeExchange)
			code   string
		}{
			"a wrong secret":     {func(e *community.CodeExchange) { e.ClientSecret = other.secret }, "invalid_client"},
			"an unknown client":  {func(e *community.CodeExchange) { e.ClientID = "x" }, "invalid_client"},
			"another client":     {func(e *community.CodeExchange) { e.ClientID, e.ClientSecret = other.app.ClientID, other.secret }, "invalid_grant"},
			"another redirect":   {func(e *community.CodeExchange) { e.RedirectURI = community.OutOfBand }, "invalid_grant"},
			"no verifier":        {func(e *community.CodeExchange) { e.Verifier = "" }, "invalid_grant"},
			"another verifier":   {func(e *community.CodeExchange) { e.Verifier = "other" }, "invalid_grant"},
			"an unknown code":    {func(e *community.CodeExchange) { e.Code = "x" }, "invalid_grant"},
			"no code whatsoever": {func(e *community.CodeExchange) { e.Code = "" }, "invalid_grant"},
		} {
			e := exchange(code, "a verifier")
			x.change(&e)
			bearer, _, err := c.ExchangeCode(ctx, e)
			t.Run(name, func(t *testing.T) {
				wantOAuth(t, err, x.code)
				if bearer != "" {
					t.Error("a token all the same")
				}
			})
		}
		bearer, token, err := c.ExchangeCode(ctx, exchange(code, "a verifier"))
		if err != nil || token.Scopes != "read write:media" || *token.AccountID != anna.ID {
			t.Fatalf("%+v %v", token, err)
		}
		tok, acc, app, err := c.TokenByBearer(ctx, bearer)
		if err != nil || acc.ID != anna.ID || app.ID != cl.app.ID || tok.ID != token.ID {
			t.Errorf("%v %v %v %v", tok, acc, app, err)
		}
		if strings.Contains(tok.Hash, bearer) {
			t.Error("the token is kept as it is")
		}

		// A replay revokes what the code became.
		_, _, err = c.ExchangeCode(ctx, exchange(code, "a verifier"))
		wantOAuth(t, err, "invalid_grant")
		if _, _, _, err := c.TokenByBearer(ctx, bearer); !errors.Is(err, community.ErrUnauthenticated) {
			t.Errorf("after a replay: %v", err)
		}
		_, _, err = c.ExchangeCode(ctx, exchange(code, "a verifier"))
		wantOAuth(t, err, "invalid_grant")

		// Without PKCE a verifier is not taken either: it would hide that the challenge was dropped.
		code = authorize("")
		_, _, err = c.ExchangeCode(ctx, exchange(code, "a verifier"))
		wantOAuth(t, err, "invalid_grant")
		if _, _, err = c.ExchangeCode(ctx, exchange(code, "")); err != nil {
			t.Errorf("without PKCE: %v", err)
		}

		// A code is good for ten minutes.
		code = authorize("")
		if _, err := s.SQL().ExecContext(ctx, "UPDATE authorization_codes SET expires_at = created_at - 1"); err != nil {
			t.Fatal(err)
		}
		_, _, err = c.ExchangeCode(ctx, exchange(code, ""))
		wantOAuth(t, err, "invalid_grant")

		// Of several at once one gets a token, and then nobody has one.
		code = authorize("")
		var wg sync.WaitGroup
		bearers := make([]string, 4)
		for i := range bearers {
			wg.Go(func() {
				b, _, err := c.ExchangeCode(ctx, exchange(code, ""))
				bearers[i] = b
				var o *community.OAuthError
				if err != nil && !errors.As(err, &o) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		got := 0
		for _, b := range bearers {
			if b == "" {
				continue
			}
			got++
			if _, _, _, err := c.TokenByBearer(ctx, b); !errors.Is(err, community.ErrUnauthenticated) {
				t.Errorf("a code used four times left a token: %v", err)
			}
		}
		if got != 1 {
			t.Errorf("%d tokens for one code", got)
		}
	})
}

func TestTokens(t *testing.T) {
	eachDialect(t, func(t *testing.T, s *store.Store) {
		ctx := deadline(t)
		c := newSite(t, s, nil)
		anna := join(t, c, "anna")
		cl, other := newClient(t, c, "read write"), newClient(t, c, "read")

		own, token, err := c.ClientCredentials(ctx, cl.app.ClientID, cl.secret, "", "192.0.2.1")
		if err != nil || token.AccountID != nil || token.Scopes != "read" {
			t.Fatalf("%+v %v", token, err)
		}
		if _, acc, app, err := c.TokenByBearer(ctx, own); err != nil || acc != nil || app.ID != cl.app.ID {
			t.Errorf("a client's own token: %v %v", acc, err)
		}
		_, _, err = c.ClientCredentials(ctx, other.app.ClientID, other.secret, "write", "192.0.2.1")
		wantOAuth(t, err, "invalid_scope")
		_, _, err = c.ClientCredentials(ctx, cl.app.ClientID, "wrong", "read", "192.0.2.1")
		wantOAuth(t, err, "invalid_client")
		for _, b := range []string{"", "x", own + "x"} {
			if _, _, _, err := c.TokenByBearer(ctx, b); !errors.Is(err, community.ErrUnauthenticated) {
				t.Errorf("bearer %q: %v", b, err)
			}
		}

		first, _, err := c.TokenFor(ctx, cl.app, anna, "read")
		if err != nil {
			t.Fatal(err)
		}
		second, _, err := c.TokenFor(ctx, cl.app, anna, "write")
		if err != nil {
			t.Fatal(err)
		}
		third, _, err := c.TokenFor(ctx, other.app, anna, "read")
		if err != nil {
			t.Fatal(err)
		}
		apps, err := c.ApplicationsOf(ctx, anna)
		if err != nil || len(apps) != 2 || apps[0].App.ID != other.app.ID || apps[1].App.ID != cl.app.ID {
			t.Fatalf("%+v %v", apps, err)
		}
		if !community.ScopeAllows(apps[1].Scopes, "read") || !community.ScopeAllows(apps[1].Scopes, "write") {
			t.Errorf("scopes %q", apps[1].Scopes)
		}

		wantOAuth(t, c.RevokeToken(ctx, other.app.ClientID, other.secret, first), "unauthorized_client")
		wantOAuth(t, c.RevokeToken(ctx, cl.app.ClientID, "wrong", first), "invalid_client")
		alive := func(bearer string, want bool) {
			t.Helper()
			if _, _, _, err := c.TokenByBearer(ctx, bearer); (err == nil) != want || err != nil && !errors.Is(err, community.ErrUnauthenticated) {
				t.Errorf("alive %v, want %v (%v)", err == nil, want, err)
			}
		}
		alive(first, true)
		for range 2 { // twice is fine
			if err := c.RevokeToken(ctx, cl.app.ClientID, cl.secret, first); err != nil {
				t.Error(err)
			}
		}
		alive(first, false)
		alive(second, true)
		if err := c.RevokeApplication(ctx, anna, cl.app.ID); err != nil {
			t.Error(err)
		}
		alive(second, false)
		alive(third, true)
		alive(own, true)

		if _, err := c.SuspendAccount(ctx, "anna", true); err != nil {
			t.Fatal(err)
		}
		alive(third, false)
		if _, err := c.SuspendAccount(ctx, "anna", false); err != nil {
			t.Fatal(err)
		}
		alive(third, true)

		secret, err := c.CreateResetLink(ctx, community.ByCommand(""), "anna")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.ResetPassword(ctx, secret, "a new password"); err != nil {
			t.Fatal(err)
		}
		alive(third, false)
	})
}

// A token whose use cannot be noted serves all the same, and is left alone for a while.
func TestAUseThatCannotBeNoted(t *testing.T) {
	s := storetest.SQLite(t)
	var said atomic.Int64
	c := newSite(t, s, func(o *community.Options) { o.Log = slog.New(countedLines{&said}) })
	ctx := community.WithAddress(deadline(t), "192.0.2.1")
	cl := newClient(t, c, "read")
	bearer, _, err := c.ClientCredentials(ctx, cl.app.ClientID, cl.secret, "read", "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	use := func() {
		t.Helper()
		if _, _, _, err := c.TokenByBearer(ctx, bearer); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.SQL().ExecContext(ctx, "CREATE TRIGGER refuses BEFORE UPDATE ON access_tokens BEGIN SELECT RAISE(ABORT, 'not now'); END"); err != nil {
		t.Fatal(err)
	}
	use()
	servertest.Eventually(t, "somebody hears of it", func() bool { return said.Load() == 1 })
	use()
	use()
	if n := said.Load(); n != 1 {
		t.Errorf("%d tries to note it", n)
	}
}

// countedLines counts what is logged.
type countedLines struct{ n *atomic.Int64 }

func (c countedLines) Enabled(context.Context, slog.Level) bool  { return true }
func (c countedLines) Handle(context.Context, slog.Record) error { c.n.Add(1); return nil }
func (c countedLines) WithAttrs([]slog.Attr) slog.Handler        { return c }
func (c countedLines) WithGroup(string) slog.Handler             { return c }
