package store_test

import (
	"context"
	"errors"
	"testing"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

func TestEmailKey(t *testing.T) {
	for address, want := range map[string]string{
		" Anna@Example.ORG ":         "anna@example.org",
		"anna@example.org.":          "anna@example.org",
		"anna@bücher.example":        "anna@xn--bcher-kva.example",
		"anna@bu\u0308cher.EXAMPLE.": "anna@xn--bcher-kva.example",
		"Anna@XN--bcher-kva.example": "anna@xn--bcher-kva.example",
		"anna@bucher.example":        "anna@bucher.example",
		"MÜLLER@example.org":         "müller@example.org",
		"muller@example.org":         "muller@example.org",
		"anna@my_host":               "anna@my_host",
		"anna@[192.0.2.1]":           "anna@[192.0.2.1]",
		"anna@[IPv6:2001:db8::1]":    "anna@[ipv6:2001:db8::1]",
		"anna":                       "anna",
	} {
		if got := store.EmailKey(address); got != want {
			t.Errorf("%q has the key %q, want %q", address, got, want)
		}
	}
}

// Rows of earlier releases stand under keys without accents: each is found by its own address, and by no other.
func TestAccountsUnderEarlierEmailKeys(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s, ctx := open(t), t.Context()
		add := func(name, email, key string) int64 {
			t.Helper()
			a := &store.Account{ID: s.NewID(), Username: name, Email: email, EmailKey: &key, PasswordHash: "x", Role: store.RoleMember, DefaultVisibility: store.Public}
			if err := s.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return tx.CreateAccount(ctx, a) }); err != nil {
				t.Fatal(err)
			}
			return a.ID
		}
		found := func(email string, want int64) {
			t.Helper()
			a, err := s.AccountByEmail(ctx, email)
			if want == 0 && errors.Is(err, store.ErrNotFound) {
				return
			}
			if err != nil || a.ID != want {
				t.Errorf("by %q: %+v, %v; want %d", email, a, err, want)
			}
		}
		earlier := add("earlier", "a@Bücher.example", "a@bucher.example")
		found("A@bücher.example", earlier)
		found("a@xn--bcher-kva.example.", earlier)
		found("a@bucher.example", 0)
		// Whoever has the address whose key that is gets it.
		if err := s.ClearEmailKey(ctx, "a@bucher.example"); err != nil {
			t.Fatal(err)
		}
		plain := add("plain", "a@bucher.example", store.EmailKey("a@bucher.example"))
		found("a@bucher.example", plain)
		found("a@xn--bcher-kva.example", earlier)
		// Where somebody has the key of the row's own address by now, the row has none.
		twice := add("twice", "b@bücher.example", "b@bucher.example")
		now := add("now", "b@xn--bcher-kva.example", store.EmailKey("b@xn--bcher-kva.example"))
		found("b@bücher.example", now)
		if err := s.ClearEmailKey(ctx, "b@bucher.example"); err != nil {
			t.Fatal(err)
		}
		if a, err := s.AccountByID(ctx, twice); err != nil || a.EmailKey != nil {
			t.Errorf("%+v, %v", a, err)
		}
		for _, own := range []string{"b@bücher.example", "nobody@example.org"} {
			if err := s.ClearEmailKey(ctx, own); err != nil {
				t.Error(err)
			}
		}
		found("b@bücher.example", now)
	})
}
