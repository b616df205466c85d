package community

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestPasswords(t *testing.T) {
	ctx := t.Context()
	p := newPasswords(2)
	h, err := p.hash(ctx, "Grüße, Welt")
	if err != nil || !strings.HasPrefix(h, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("%q %v", h, err)
	}
	if again, err := p.hash(ctx, "Grüße, Welt"); err != nil || again == h {
		t.Errorf("two hashes share a salt: %v", err)
	}
	check := func(password, hash string, wantOK, wantStale bool) {
		t.Helper()
		if ok, stale, err := p.check(ctx, password, hash); ok != wantOK || stale != wantStale || err != nil {
			t.Errorf("%q: %v %v %v, want %v %v", password, ok, stale, err, wantOK, wantStale)
		}
	}
	check("Grüße, Welt", h, true, false)
	check("Grüße, welt", h, false, false)
	check("", h, false, false)
	check("anything", "", false, false) // an account without a password
	check(strings.Repeat("x", maxPassword+1), h, false, false)

	old := argonParams{memory: 8 * 1024, time: 1, threads: 2}
	salt := []byte("0123456789abcdef")
	cheap := old.encode(salt, old.derive("password", salt, 32))
	check("password", cheap, true, true)
	check("passwort", cheap, false, false)

	for _, damaged := range []string{"x", "$argon2id$v=19$m=19456,t=2,p=1$$", "$argon2i$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg",
		"$argon2id$v=19$m=99999999,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg", "$argon2id$v=19$m=8,t=0,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg"} {
		if ok, _, err := p.check(ctx, "password", damaged); ok || !errors.Is(err, errPHC) {
			t.Errorf("%q: %v %v", damaged, ok, err)
		}
	}
}

func TestPasswordsWaitForAProcessor(t *testing.T) {
	p := newPasswords(1)
	p.slots <- struct{}{} // somebody else hashes
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	var away *Unavailable
	if _, err := p.hash(ctx, "password"); !errors.As(err, &away) {
		t.Errorf("hash: %v", err)
	}
	if _, _, err := p.check(ctx, "password", ""); !errors.As(err, &away) {
		t.Errorf("check: %v", err)
	}
	<-p.slots
	if _, err := p.hash(t.Context(), "password"); err != nil {
		t.Errorf("the slot was not given back: %v", err)
	}
}

func TestScopes(t *testing.T) {
	for _, x := range []struct {
		granted, needed string
		want            bool
	}{
		{"read", "read:accounts", true},
		{"read", "write:media", false},
		{"read:accounts", "read:accounts", true},
		{"read:accounts", "read", false},
		{"read:accounts", "read:statuses", false},
		{"read write", "write:media", true},
		{"follow", "write:follows", true},
		{"follow", "write:statuses", false},
		{"profile", "profile", true},
		{"read", "profile", true},
		{"", "read", false},
		{"readable", "read", false},
	} {
		if got := ScopeAllows(x.granted, x.needed); got != x.want {
			t.Errorf("%q allows %q: %v", x.granted, x.needed, got)
		}
	}
	for asked, want := range map[string]string{"": "read", "read write  follow push": "read write follow push", "read read": "read", "read+write": "read write"} {
		if got, ok := cleanScopes(asked); !ok || got != want {
			t.Errorf("%q: %q %v", asked, got, ok)
		}
	}
	if _, ok := cleanScopes("read admin"); ok {
		t.Error("an unknown scope passes")
	}
}

func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "": "",
	} {
		if got := network(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}
