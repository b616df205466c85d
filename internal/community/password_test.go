package community

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/store"
)

func TestPasswords(t *testing.T) {
	ctx := t.Context()
	p := newPasswords(2)
	h, err := p.hash(ctx, byMember, "Grüße, Welt")
	if err != nil || !strings.HasPrefix(h, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("%q %v", h, err)
	}
	if again, err := p.hash(ctx, byMember, "Grüße, Welt"); err != nil || again == h {
		t.Errorf("two hashes share a salt: %v", err)
	}
	check := func(password, hash string, wantOK, wantStale bool) {
		t.Helper()
		if ok, stale, err := p.check(ctx, byMember, password, hash); ok != wantOK || stale != wantStale || err != nil {
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
		if ok, _, err := p.check(ctx, byMember, "password", damaged); ok || !errors.Is(err, errPHC) {
			t.Errorf("%q: %v %v", damaged, ok, err)
		}
	}
}

func TestPasswordsWaitForAProcessor(t *testing.T) {
	p := newPasswords(1)
	p.members <- struct{}{} // somebody else hashes
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	var away *Unavailable
	if _, err := p.hash(ctx, byMember, "password"); !errors.As(err, &away) {
		t.Errorf("hash: %v", err)
	}
	if _, _, err := p.check(ctx, byMember, "password", ""); !errors.As(err, &away) {
		t.Errorf("check: %v", err)
	}
	<-p.members
	if _, err := p.hash(t.Context(), byMember, "password"); err != nil {
		t.Errorf("the slot was not given back: %v", err)
	}
}

// Strangers whose passwords are being hashed, or wait for it, keep no member waiting.
func TestStrangersHashInSlotsOfTheirOwn(t *testing.T) {
	p := newPasswords(4)
	if cap(p.strangers) != 2 || cap(p.members) != 4 {
		t.Errorf("%d slots for strangers, %d for members", cap(p.strangers), cap(p.members))
	}
	for range cap(p.strangers) {
		if _, err := p.enter(t.Context(), byStranger); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	var away *Unavailable
	if _, _, err := p.check(ctx, byStranger, "password", ""); !errors.As(err, &away) {
		t.Errorf("a stranger more: %v", err)
	}
	if _, _, err := p.check(t.Context(), byMember, "password", ""); err != nil {
		t.Errorf("a member: %v", err)
	}
	ann := &store.Account{ID: 7, SessionEpoch: 3}
	for _, c := range []struct {
		name string
		got  claim
		want claim
	}{
		{"a new browser", Client{}.claim(ann), byStranger},
		{"a browser of another account", Client{Device: "d", Accounts: []KnownAccount{{8, 3}}}.claim(ann), byStranger},
		{"the account's browser before a new password", Client{Device: "d", Accounts: []KnownAccount{{7, 2}}}.claim(ann), byStranger},
		{"an unknown name in a known browser", Client{Device: "d", Accounts: []KnownAccount{{7, 3}}}.claim(nil), byStranger},
		{"the account's browser", Client{Device: "d", Accounts: []KnownAccount{{7, 3}}}.claim(ann), byMember},
		{"a sign-up", SignUp{}.claim(), byStranger},
		{"a sign-up by invitation", SignUp{Invite: "x"}.claim(), byMember},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", c.name, c.got, c.want)
		}
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

func TestNetworkBuckets(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7": "x:192.0.2.7=3", "::ffff:192.0.2.7": "x:192.0.2.7=3", "": "x:=3",
		"2001:db8:1:2:3:4:5:6": "x:2001:db8:1:2::/64=3 x:2001:db8:1::/56=6 x:2001:db8:1::/48=12",
		"fe80::1%eth0":         "x:fe80::/64=3 x:fe80::/56=6 x:fe80::/48=12",
	} {
		var got []string
		for _, b := range networkBuckets("x", address, Limit{Count: 3}) {
			got = append(got, fmt.Sprintf("%s=%d", b.name, b.limit.Count))
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%q: %q, want %q", address, s, want)
		}
	}
}

func TestPasswordsThatAreGuessedFirst(t *testing.T) {
	names := []string{"anna_sommer", "Anna Sommér", "as@mail.example", "", "Tintype"}
	for password, code := range map[string]string{
		"password": "common", "PassWord1": "common", "sunflower": "common", "1234567890": "common", "        ": "common", "zzzzzzzzzzz": "common", "äöäöäöäö": "common", "qwertyuiop": "common",
		"anna_sommer": "own_name", "AnnaSommer99!": "own_name", "annasommerannasommer": "own_name", "tintype2026": "own_name", "as@mail.example": "own_name",
		"anna sommer likes tea": "", "correct horse battery": "", "84950372161": "", "tintypes of 1860": "",
	} {
		var bad Invalid
		bad.checkPassword("password", password, names...)
		got := ""
		if len(bad.Fields) > 0 {
			got = bad.Fields[0].Code
		}
		if got != code {
			t.Errorf("%q: %q, want %q", password, got, code)
		}
	}
	for password, own := range map[string]bool{"84950372": true, "8495037284950372": true, "--84950372!": true, "84950372161": false, "my 84950372": false} {
		if isOwnName(password, "anna", "84950372") != own {
			t.Errorf("%q: the member's own name %v", password, !own)
		}
	}
	list, err := commonPasswords()
	if err != nil || len(list) != 10_000 || !slices.IsSorted(list) {
		t.Errorf("%d passwords, %v", len(list), err)
	}
}

func TestRedirectsToOtherProgramsAreRefused(t *testing.T) {
	for uri, want := range map[string]bool{
		"https://client.example/cb": true, "http://127.0.0.1:8080/": true, OutOfBand: true, "tusky://oauth": true, "com.example.app:/cb": true,
		"mastodon://joinmastodon.org/oauth": true, "icecubesapp://": true, "ivory://auth": true, "feather.app:callback": true,
		"feed:https://x.example": false, "mailto:a@x.example": false, "chrome://settings": false, "jar:https://x.example!/": false, "CHROME-extension://x": false,
		"moz-extension://x": false, "view-source:https://x": false, "ms-settings:": false, "search-ms:q": false, "intent://x#Intent;end": false, "intent:x": false,
		"tel:110": false, "sms:110": false, "ftp://x.example": false, "ws://x.example": false, "wss://x.example": false, "smb://x": false, "ssh://x": false,
		"about:blank": false, "blob:https://x.example/1": false, "resource://x": false, "urn:x:y": false, "web+thing:x": false, "itms-apps://x": false,
		"itms-services://?action=download-manifest": false, "zoommtg://x": false, "vscode://x": false, "slack://x": false, "whatsapp://send": false,
		"workflow://run": false, "App-Prefs:root": false, "x-man-page://1": false, "android-app://x": false, "microsoft-edge-holographic:x": false, "rdp://x": false,
		"javascript:alert(1)": false, "data:text/html,x": false, "https:///path": false, "https://u:p@x.example/": false, "https://x.example/#f": false,
	} {
		if got := validRedirect(uri); got != want {
			t.Errorf("%s: %v, want %v", uri, got, want)
		}
	}
}
