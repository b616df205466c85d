package community

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"tintype/internal/store"
)

const (
	sealsPasskeyChallenge = "a passkey's challenge"
	// PasskeyLife is how long a member may take to answer the browser's question.
	PasskeyLife = 5 * time.Minute
)

// errPasskey answers whatever is wrong with a passkey.
func errPasskey() error {
	return invalid("", "passkey", "That passkey was not accepted. Try again, or use another way.")
}

// Passkeys reports whether browsers make passkeys for this site: its host needs a name.
func (c *Community) Passkeys() bool {
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Hostname() == "" {
		return false
	}
	_, err = netip.ParseAddr(u.Hostname())
	return err != nil
}

func (c *Community) webAuthn(ctx context.Context) (*webauthn.WebAuthn, error) {
	u, err := url.Parse(c.BaseURL)
	if err != nil {
		return nil, err
	}
	return webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: c.Site(ctx).Name, RPOrigins: []string{u.Scheme + "://" + u.Host},
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired},
	})
}

// A passkeyUser is an account as package webauthn sees it.
type passkeyUser struct {
	acc  *store.Account
	keys []webauthn.Credential
}

func (u passkeyUser) WebAuthnID() []byte                         { return binary.BigEndian.AppendUint64(nil, uint64(u.acc.ID)) }
func (u passkeyUser) WebAuthnName() string                       { return u.acc.Username }
func (u passkeyUser) WebAuthnDisplayName() string                { return u.acc.Name() }
func (u passkeyUser) WebAuthnCredentials() []webauthn.Credential { return u.keys }

// passkeysOf are the account with its passkeys, and each one's row by its id.
func (c *Community) passkeysOf(ctx context.Context, acc *store.Account) (passkeyUser, map[string]*store.Factor, error) {
	list, err := c.Store.FactorsOf(ctx, acc.ID)
	if err != nil {
		return passkeyUser{}, nil, err
	}
	u, rows := passkeyUser{acc: acc}, map[string]*store.Factor{}
	for _, f := range list {
		if f.Kind != store.FactorPasskey {
			continue
		}
		b, _, err := c.unseal(sealsFactor, f.Secret)
		if errors.Is(err, errSealed) {
			continue // another factor or a recovery code still works
		}
		var key webauthn.Credential
		if err == nil {
			err = json.Unmarshal(b, &key)
		}
		if err != nil {
			return u, nil, err
		}
		u.keys = append(u.keys, key)
		rows[string(key.ID)] = f
	}
	return u, rows, nil
}

// passkeyChallenge is what a browser is asked, until it answers.
type passkeyChallenge struct {
	Account int64                `json:"account,omitempty"` // 0: a log-in
	Confirm string               `json:"confirm,omitempty"` // the session in which something is confirmed; "" for what is none
	Session webauthn.SessionData `json:"session"`
	At      int64                `json:"at"`
}

func (c *Community) sealChallenge(account int64, confirm string, session *webauthn.SessionData) (string, error) {
	b, err := json.Marshal(passkeyChallenge{account, confirm, *session, time.Now().Unix()})
	if err != nil {
		return "", err
	}
	return c.seal(sealsPasskeyChallenge, b)
}

// openChallenge takes a challenge back, once, and for what it was made.
func (c *Community) openChallenge(ctx context.Context, account int64, confirm, sealed string) (webauthn.SessionData, error) {
	var ch passkeyChallenge
	b, _, err := c.unseal(sealsPasskeyChallenge, sealed)
	if err == nil {
		err = json.Unmarshal(b, &ch)
	}
	if err != nil || ch.Account != account || ch.Confirm != confirm || time.Since(time.Unix(ch.At, 0)) > PasskeyLife {
		return ch.Session, errPasskey()
	}
	var many *TooMany
	if err := c.Allow(ctx, "challenge:"+hashSecret(ch.Session.Challenge), Limit{Count: 1, Window: 2 * PasskeyLife}); errors.As(err, &many) {
		return ch.Session, errPasskey()
	} else if err != nil {
		return ch.Session, err
	}
	return ch.Session, nil
}

// NewPasskey asks the member's browser for a passkey: options are for its script, and sealed comes back with the answer.
func (c *Community) NewPasskey(ctx context.Context, acc *store.Account) (options any, sealed string, err error) {
	if !c.Passkeys() {
		return nil, "", ErrNotFound
	}
	w, err := c.webAuthn(ctx)
	if err != nil {
		return nil, "", err
	}
	u, _, err := c.passkeysOf(ctx, acc)
	if err != nil {
		return nil, "", fromStore(err)
	}
	made, session, err := w.BeginRegistration(u, webauthn.WithExclusions(webauthn.Credentials(u.keys).CredentialDescriptors()))
	if err != nil {
		return nil, "", fmt.Errorf("begin a passkey: %w", err)
	}
	sealed, err = c.sealChallenge(acc.ID, "", session)
	return made, sealed, err
}

// AddPasskey stores the passkey that the browser made, after asking for the password. See AddTOTP.
func (c *Community) AddPasskey(ctx context.Context, acc *store.Account, by Confirmation, sealed, answer, name string) (codes []string, err error) {
	ctx = store.Primary(ctx)
	if err := c.confirm(ctx, acc, "passkey_password", by); err != nil {
		return nil, err
	}
	session, err := c.openChallenge(ctx, acc.ID, "", sealed)
	if err != nil {
		return nil, err
	}
	w, err := c.webAuthn(ctx)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return nil, errPasskey()
	}
	key, err := w.CreateCredential(passkeyUser{acc: acc}, session, parsed)
	if err != nil {
		c.Log.InfoContext(ctx, "a passkey was not accepted", "account", acc.ID, "error", err)
		return nil, errPasskey()
	}
	b, err := json.Marshal(key)
	if err != nil {
		return nil, err
	}
	codes, err = c.addFactor(ctx, acc, &store.Factor{Kind: store.FactorPasskey, Name: name, CredentialHash: new(hashSecret(string(key.ID)))}, b, recoveryChance())
	if store.ConflictOn(err, "credential_hash") {
		return nil, errPasskey()
	}
	return codes, err
}

// AskPasskey asks a browser for whichever passkey of this site it has.
func (c *Community) AskPasskey(ctx context.Context) (options any, sealed string, err error) {
	if !c.Passkeys() {
		return nil, "", ErrNotFound
	}
	w, err := c.webAuthn(ctx)
	if err != nil {
		return nil, "", err
	}
	asked, session, err := w.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, "", fmt.Errorf("ask for a passkey: %w", err)
	}
	sealed, err = c.sealChallenge(0, "", session)
	return asked, sealed, err
}

// passkeyBuckets are the limits of a log-in by a passkey. Nobody can guess one, so a browser in which anybody has logged in
// before counts by itself, and a neighbour's tries do not shut it out.
func (c *Community) passkeyBuckets(ctx context.Context, from Client) []bucket {
	limit := c.Site(ctx).LoginLimit
	if from.Device != "" {
		return []bucket{{"passkey:device:" + from.Device, limit}}
	}
	return networkBuckets("passkey", from.Address, Limit{Count: limit.Count * loginsPerNetwork, Window: limit.Window})
}

// LoginByPasskey finds the account that the passkey belongs to. It needs no password: the passkey is in a device, which has
// asked for a finger or a number. *Suspended for one that is, as Login. Tries are limited by network: *TooMany.
func (c *Community) LoginByPasskey(ctx context.Context, sealed, answer string, from Client) (*store.Account, error) {
	ctx = store.Primary(ctx)
	buckets := c.passkeyBuckets(ctx, from)
	if err := c.allowAll(ctx, buckets); err != nil {
		return nil, err
	}
	session, err := c.openChallenge(ctx, 0, "", sealed)
	if err != nil {
		return nil, err
	}
	w, err := c.webAuthn(ctx)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return nil, errPasskey()
	}
	var acc *store.Account
	var rows map[string]*store.Factor
	var failed error // of the database
	_, key, err := w.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		if len(handle) != 8 {
			return nil, ErrNotFound
		}
		found, err := c.Store.AccountByID(ctx, int64(binary.BigEndian.Uint64(handle)))
		if err != nil {
			if !errors.Is(err, store.ErrNotFound) {
				failed = err
			}
			return nil, err
		}
		u, r, err := c.passkeysOf(ctx, found)
		if err != nil {
			failed = err
			return nil, err
		}
		acc, rows = found, r
		return u, nil
	}, session, parsed)
	switch {
	case failed != nil:
		return nil, fromStore(failed)
	case err != nil || acc == nil || rows[string(key.ID)] == nil || acc.DeletedAt != nil:
		return nil, errPasskey()
	case key.Authenticator.CloneWarning: // its counter went back: there are two of it
		c.Log.WarnContext(ctx, "a passkey may have been copied, and was refused", "account", acc.ID)
		return nil, errPasskey()
	case acc.SuspendedAt != nil:
		return nil, &Suspended{acc}
	}
	if err := c.notePasskey(ctx, rows[string(key.ID)], key); err != nil {
		return nil, err
	}
	c.takeBackAll(ctx, buckets)
	return acc, nil
}

// notePasskey stores when a passkey was used, and its counter.
func (c *Community) notePasskey(ctx context.Context, row *store.Factor, key *webauthn.Credential) error {
	b, err := json.Marshal(key)
	if err != nil {
		return err
	}
	secret, err := c.seal(sealsFactor, b)
	if err != nil {
		return err
	}
	return fromStore(c.Store.UsePasskey(ctx, row.ID, row.Secret, secret, store.ToMillis(time.Now())))
}

// HasPasskey reports whether the member can confirm something by a passkey.
func (c *Community) HasPasskey(ctx context.Context, acc *store.Account) (bool, error) {
	if !HasTwoFactors(acc) || !c.Passkeys() {
		return false, nil
	}
	list, err := c.Store.FactorsOf(ctx, acc.ID)
	return slices.ContainsFunc(list, func(f *store.Factor) bool { return f.Kind == store.FactorPasskey }), fromStore(err)
}

// AskToConfirm asks the member's browser for one of the member's own passkeys, instead of the password: see Confirmation. The
// answer counts in the same session. ErrNotFound where there is none.
func (c *Community) AskToConfirm(ctx context.Context, acc *store.Account, session string) (options any, sealed string, err error) {
	if !c.Passkeys() {
		return nil, "", ErrNotFound
	}
	w, err := c.webAuthn(ctx)
	if err != nil {
		return nil, "", err
	}
	u, _, err := c.passkeysOf(ctx, acc)
	if err != nil {
		return nil, "", fromStore(err)
	}
	if len(u.keys) == 0 {
		return nil, "", ErrNotFound
	}
	asked, data, err := w.BeginLogin(u, webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, "", fmt.Errorf("ask for a passkey: %w", err)
	}
	sealed, err = c.sealChallenge(acc.ID, hashSecret(session), data)
	return asked, sealed, err
}

func (c *Community) confirmByPasskey(ctx context.Context, acc *store.Account, field string, by Confirmation) error {
	wrong := invalid(field, "passkey", "That passkey was not accepted. Try again, or type your password.")
	data, err := c.openChallenge(ctx, acc.ID, hashSecret(by.Session), by.Challenge)
	var bad *Invalid
	if errors.As(err, &bad) {
		return wrong
	}
	if err != nil {
		return err
	}
	w, err := c.webAuthn(ctx)
	if err != nil {
		return err
	}
	u, rows, err := c.passkeysOf(ctx, acc)
	if err != nil {
		return fromStore(err)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(by.Passkey))
	if err != nil {
		return wrong
	}
	key, err := w.ValidateLogin(u, data, parsed)
	switch {
	case err != nil || rows[string(key.ID)] == nil:
		return wrong
	case key.Authenticator.CloneWarning:
		c.Log.WarnContext(ctx, "a passkey may have been copied, and was refused", "account", acc.ID)
		return wrong
	}
	return c.notePasskey(ctx, rows[string(key.ID)], key)
}
