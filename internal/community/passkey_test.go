package community

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"tintype/internal/store"
)

// A softKey is an authenticator with one passkey.
type softKey struct {
	t       testing.TB
	key     *ecdsa.PrivateKey
	id      []byte
	user    []byte // whose it is
	counter uint32
	origin  string
}

func newSoftKey(t testing.TB) *softKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	return &softKey{t: t, key: key, id: id, counter: 1, origin: "https://photos.example"}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (k *softKey) json(v any) []byte {
	k.t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		k.t.Fatal(err)
	}
	return b
}

// data is what an authenticator signs, but for the client's part. The flags are: a person is there, and was verified.
func (k *softKey) data(flags byte, more ...byte) []byte {
	party := sha256.Sum256([]byte("photos.example"))
	b := append(party[:], flags|0x01|0x04)
	return append(binary.BigEndian.AppendUint32(b, k.counter), more...)
}

func (k *softKey) client(kind string, challenge protocol.URLEncodedBase64) []byte {
	return k.json(map[string]any{"type": kind, "challenge": b64(challenge), "origin": k.origin, "crossOrigin": false})
}

// makes answers the question of NewPasskey.
func (k *softKey) makes(options any) string {
	k.t.Helper()
	asked := options.(*protocol.CredentialCreation).Response
	user, err := base64.RawURLEncoding.DecodeString(asked.User.ID.(protocol.URLEncodedBase64).String())
	if err != nil {
		k.t.Fatal(err)
	}
	k.user = user
	public, err := webauthncbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: k.key.X.FillBytes(make([]byte, 32)), -3: k.key.Y.FillBytes(make([]byte, 32))})
	if err != nil {
		k.t.Fatal(err)
	}
	attested := append(make([]byte, 16), byte(len(k.id)>>8), byte(len(k.id)))
	attested = append(append(attested, k.id...), public...)
	object, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": k.data(0x40, attested...)})
	if err != nil {
		k.t.Fatal(err)
	}
	return string(k.json(map[string]any{"id": b64(k.id), "rawId": b64(k.id), "type": "public-key", "response": map[string]any{
		"clientDataJSON": b64(k.client("webauthn.create", asked.Challenge)), "attestationObject": b64(object),
	}}))
}

// shows answers the question of AskPasskey or AskToConfirm.
func (k *softKey) shows(options any) string {
	k.t.Helper()
	k.counter++
	client, data := k.client("webauthn.get", options.(*protocol.CredentialAssertion).Response.Challenge), k.data(0)
	sum := sha256.Sum256(client)
	digest := sha256.Sum256(append(data[:len(data):len(data)], sum[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, k.key, digest[:])
	if err != nil {
		k.t.Fatal(err)
	}
	return string(k.json(map[string]any{"id": b64(k.id), "rawId": b64(k.id), "type": "public-key", "response": map[string]any{
		"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature), "userHandle": b64(k.user),
	}}))
}

// withPasskey is a member with a passkey.
func (s *mailTestSite) withPasskey(name string) (*store.Account, *softKey) {
	s.t.Helper()
	s.limitLogins(Limit{Count: 100, Window: time.Hour})
	acc := s.member(name)
	hash, err := s.passwords.hash(s.ctx, byMember, "correct horse battery")
	s.must(err)
	s.must(s.Store.SetPassword(s.ctx, acc.ID, hash))
	return s.addPasskey(reread(s.testSite, acc))
}

func (s *mailTestSite) addPasskey(acc *store.Account) (*store.Account, *softKey) {
	s.t.Helper()
	key := newSoftKey(s.t)
	options, sealed, err := s.NewPasskey(s.ctx, acc)
	s.must(err)
	_, err = s.AddPasskey(s.ctx, acc, Confirmation{Password: "correct horse battery"}, sealed, key.makes(options), "")
	s.must(err)
	return reread(s.testSite, acc), key
}

// by is what a log-in with the passkey gives.
func (s *mailTestSite) by(key *softKey) (*store.Account, error) {
	s.t.Helper()
	options, sealed, err := s.AskPasskey(s.ctx)
	s.must(err)
	return s.LoginByPasskey(s.ctx, sealed, key.shows(options), Client{Address: "192.0.2.1"})
}

func refusedPasskey(err error) bool {
	var bad *Invalid
	return errors.As(err, &bad) && strings.Contains(err.Error(), "passkey")
}

func TestPasskeys(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newMailTestSite(t, g)
		ann, key := s.withPasskey("ann")
		if acc, err := s.by(key); err != nil || acc.ID != ann.ID {
			t.Fatalf("a passkey: %v", err)
		}

		// A challenge counts once, for what it was made, and not for long.
		client := Client{Address: "192.0.2.1"}
		options, sealed, err := s.AskPasskey(s.ctx)
		s.must(err)
		if _, err := s.LoginByPasskey(s.ctx, sealed, key.shows(options), client); err != nil {
			t.Errorf("a challenge: %v", err)
		}
		if _, err := s.LoginByPasskey(s.ctx, sealed, key.shows(options), client); !refusedPasskey(err) {
			t.Errorf("the same challenge again: %v", err)
		}
		options, _, err = s.AskPasskey(s.ctx)
		s.must(err)
		_, other, err := s.AskPasskey(s.ctx)
		s.must(err)
		if _, err := s.LoginByPasskey(s.ctx, other, key.shows(options), client); !refusedPasskey(err) {
			t.Errorf("the challenge of another browser: %v", err)
		}
		options, sealed, err = s.AskToConfirm(s.ctx, ann, "a session")
		s.must(err)
		if _, err := s.LoginByPasskey(s.ctx, sealed, key.shows(options), client); !refusedPasskey(err) {
			t.Errorf("a challenge to confirm something: %v", err)
		}
		options, sealed, err = s.AskPasskey(s.ctx)
		s.must(err)
		b, _, err := s.unseal(sealsPasskeyChallenge, sealed)
		s.must(err)
		var ch passkeyChallenge
		s.must(json.Unmarshal(b, &ch))
		ch.At -= int64(PasskeyLife/time.Second) + 1
		sealed, err = s.seal(sealsPasskeyChallenge, key.json(ch))
		s.must(err)
		if _, err := s.LoginByPasskey(s.ctx, sealed, key.shows(options), client); !refusedPasskey(err) {
			t.Errorf("an old challenge: %v", err)
		}
		if _, err := s.LoginByPasskey(s.ctx, "made up", key.shows(options), client); !refusedPasskey(err) {
			t.Errorf("a challenge that nobody made: %v", err)
		}

		// One that has been copied counts its own uses.
		thief := *key
		if _, err := s.by(key); err != nil {
			t.Fatal(err)
		}
		if _, err := s.by(&thief); !refusedPasskey(err) {
			t.Errorf("a counter that went back: %v", err)
		}

		// Another site's page, another's name, another's key.
		thief = *key
		thief.origin = "https://photos.example.evil.example"
		if _, err := s.by(&thief); !refusedPasskey(err) {
			t.Errorf("asked by another site: %v", err)
		}
		ben, bens := s.withPasskey("ben")
		thief = *bens
		thief.user = key.user
		if _, err := s.by(&thief); !refusedPasskey(err) {
			t.Errorf("ben's passkey under ann's name: %v", err)
		}
		thief = *bens
		thief.id, thief.user = key.id, key.user
		if _, err := s.by(&thief); !refusedPasskey(err) {
			t.Errorf("ann's passkey, signed by ben's: %v", err)
		}
		twin := newSoftKey(t)
		twin.id = key.id
		options, sealed, err = s.NewPasskey(s.ctx, ben)
		s.must(err)
		if _, err := s.AddPasskey(s.ctx, ben, Confirmation{Password: "correct horse battery"}, sealed, twin.makes(options), ""); !refusedPasskey(err) {
			t.Errorf("a new passkey by the id of another's: %v", err)
		}
		options, sealed, err = s.NewPasskey(s.ctx, ann)
		s.must(err)
		if _, err := s.AddPasskey(s.ctx, ben, Confirmation{Password: "correct horse battery"}, sealed, newSoftKey(t).makes(options), ""); !refusedPasskey(err) {
			t.Errorf("a new passkey by another's challenge: %v", err)
		}

		// A suspended member has the one page that is left.
		_, err = s.SuspendMember(s.ctx, ByCommand(""), "ben", Sanction{})
		s.must(err)
		var suspended *Suspended
		if _, err := s.by(bens); !errors.As(err, &suspended) {
			t.Errorf("a suspended member's passkey: %v", err)
		}
		s.must(s.DeleteAccount(s.ctx, ann, Confirmation{Password: "correct horse battery"}))
		if _, err := s.by(key); !refusedPasskey(err) {
			t.Errorf("the passkey of somebody who has left: %v", err)
		}
	})
}

// One computer's junk shuts the network that it shares out of log-ins by passkeys, and no browser in which somebody has logged
// in before. That one has limits of its own.
func TestPasskeysOfABrowserThatIsKnown(t *testing.T) {
	s := newMailTestSite(t, newTestSite(t, testStore(t)))
	_, key := s.withPasskey("ann")
	s.limitLogins(Limit{Count: 2, Window: time.Hour})
	stranger := Client{Address: "192.0.2.7"}
	known := stranger
	known.Device, known.Accounts = "a browser", []KnownAccount{{7, 0}} // of another member
	by := func(from Client, junk bool) error {
		t.Helper()
		options, sealed, err := s.AskPasskey(s.ctx)
		s.must(err)
		answer := key.shows(options)
		if junk {
			answer = "{}"
		}
		_, err = s.LoginByPasskey(s.ctx, sealed, answer, from)
		return err
	}
	var many *TooMany
	for range 2 * loginsPerNetwork {
		if err := by(stranger, true); !refusedPasskey(err) {
			t.Fatalf("junk: %v", err)
		}
	}
	if err := by(stranger, false); !errors.As(err, &many) {
		t.Errorf("after much junk of the network: %v", err)
	}
	if err := by(known, false); err != nil {
		t.Errorf("in a browser that is known: %v", err)
	}
	for range 2 {
		if err := by(known, true); !refusedPasskey(err) {
			t.Fatalf("junk: %v", err)
		}
	}
	if err := by(known, false); !errors.As(err, &many) {
		t.Errorf("after much junk of the browser: %v", err)
	}
}

// A passkey goes on working while SECRET_KEY changes, and after the former one has gone.
func TestPasskeysOutliveASecretKey(t *testing.T) {
	s := newMailTestSite(t, newTestSite(t, testStore(t)))
	_, key := s.withPasskey("ann")
	former, next := []byte(strings.Repeat("k", 32)), []byte(strings.Repeat("n", 32))
	s.SecretKeys = func() [][]byte { return [][]byte{next, former} }
	options, sealed, err := s.AskPasskey(s.ctx)
	s.must(err)
	if _, err := s.LoginByPasskey(s.ctx, sealed, key.shows(options), Client{Address: "192.0.2.1"}); err != nil {
		t.Errorf("with both: %v", err)
	}
	_, other := s.withPasskey("ben") // one that nobody uses meanwhile
	s.SecretKeys = func() [][]byte { return [][]byte{former, next} }
	s.must(s.resealFactors(s.ctx))
	s.SecretKeys = func() [][]byte { return [][]byte{next, former} }
	s.must(s.resealFactors(s.ctx))
	s.SecretKeys = func() [][]byte { return [][]byte{next} }
	for name, k := range map[string]*softKey{"ann": key, "ben": other} {
		if acc, err := s.by(k); err != nil || acc.Username != name {
			t.Errorf("%s with the new one alone: %v", name, err)
		}
	}
	s.SecretKeys = func() [][]byte { return [][]byte{[]byte(strings.Repeat("x", 32))} }
	if _, err := s.by(key); !refusedPasskey(err) {
		t.Errorf("under a key that did not seal it: %v", err)
	}
}

// Before what hurts, a passkey stands for the password: the member's own, once, in the session that asked.
func TestConfirmByPasskey(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newMailTestSite(t, g)
		ann, key := s.withPasskey("ann")
		ben, bens := s.withPasskey("ben")
		asked := func(acc *store.Account, k *softKey, session string) Confirmation {
			t.Helper()
			options, sealed, err := s.AskToConfirm(s.ctx, acc, session)
			s.must(err)
			return Confirmation{Session: session, Passkey: k.shows(options), Challenge: sealed}
		}
		good := asked(ann, key, "one")
		if _, err := s.NewRecoveryCodes(s.ctx, ann, good); err != nil {
			t.Errorf("a passkey: %v", err)
		}
		if _, err := s.NewRecoveryCodes(s.ctx, ann, good); !refusedPasskey(err) {
			t.Errorf("the same answer again: %v", err)
		}
		if _, err := s.NewRecoveryCodes(s.ctx, ann, Confirmation{Session: "one", Passkey: "{}"}); !refusedPasskey(err) {
			t.Errorf("no passkey: %v", err)
		}
		if _, err := s.NewRecoveryCodes(s.ctx, ann, Confirmation{Session: "one", Password: "correct horse battery", Passkey: "{}"}); !refusedPasskey(err) {
			t.Errorf("a bad passkey beside the password: %v", err)
		}
		elsewhere := asked(ann, key, "one")
		elsewhere.Session = "two"
		if _, err := s.NewRecoveryCodes(s.ctx, ann, elsewhere); !refusedPasskey(err) {
			t.Errorf("the answer of another session: %v", err)
		}
		if _, err := s.NewRecoveryCodes(s.ctx, ann, asked(ben, bens, "one")); !refusedPasskey(err) {
			t.Errorf("another's answer: %v", err)
		}
		if _, err := s.NewRecoveryCodes(s.ctx, ann, asked(ann, bens, "one")); !refusedPasskey(err) {
			t.Errorf("another's passkey: %v", err)
		}
		thief := *key
		if _, err := s.NewRecoveryCodes(s.ctx, ann, asked(ann, key, "one")); err != nil {
			t.Error(err)
		}
		if _, err := s.NewRecoveryCodes(s.ctx, ann, asked(ann, &thief, "one")); !refusedPasskey(err) {
			t.Errorf("a counter that went back: %v", err)
		}
		options, sealed, err := s.AskPasskey(s.ctx)
		s.must(err)
		if _, err := s.NewRecoveryCodes(s.ctx, ann, Confirmation{Session: "one", Passkey: key.shows(options), Challenge: sealed}); !refusedPasskey(err) {
			t.Errorf("the answer of a log-in: %v", err)
		}

		// Who has no password any more has the passkey.
		s.must(s.Store.SetPassword(s.ctx, ann.ID, ""))
		ann = reread(s.testSite, ann)
		if _, err := s.ChangeEmail(s.ctx, ann, Confirmation{Session: "one"}, "new@example.org"); err == nil {
			t.Error("an empty password confirmed something")
		}
		if _, err := s.ChangeEmail(s.ctx, ann, asked(ann, key, "one"), "new@example.org"); err != nil {
			t.Errorf("the address: %v", err)
		}

		// Nobody without one is asked, and the last one stays where the site wants two factors.
		cleo := s.member("cleo")
		if _, _, err := s.AskToConfirm(s.ctx, cleo, "one"); !errors.Is(err, ErrNotFound) {
			t.Errorf("somebody without a passkey is asked: %v", err)
		}
		s.SiteDefaults.RequireTwoFactors = store.RoleMember
		s.site.drop()
		mine, err := s.TwoFactorsOf(s.ctx, ann)
		s.must(err)
		var bad *Invalid
		if err := s.RemoveFactor(s.ctx, ann, asked(ann, key, "one"), mine.Factors[0].ID); !errors.As(err, &bad) || !strings.Contains(err.Error(), "needs a second factor") {
			t.Errorf("the last one is removed: %v", err)
		}
		if acc, err := s.by(key); err != nil || acc.ID != ann.ID {
			t.Errorf("it still lets in: %v", err)
		}
		s.SiteDefaults.RequireTwoFactors = ""
		s.site.drop()
		s.must(s.RemoveFactor(s.ctx, ann, asked(ann, key, "one"), mine.Factors[0].ID))
		if _, err := s.by(key); !refusedPasskey(err) {
			t.Errorf("a passkey that was removed: %v", err)
		}
	})
}
