package community

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"tintype/internal/store"
)

// The purposes of links in mails.
const (
	MailVerify = 'v' // the address is the member's
	MailChange = 'c' // the new address is
	MailUndo   = 'u' // the old address comes back
	MailReset  = 'r' // a new password
	// MailNoNotices and MailNoDigest end letters of a kind. They work as often as they are used.
	MailNoNotices = 'n'
	MailNoDigest  = 'd'
)

const (
	verifyLife    = 3 * 24 * time.Hour
	changeLife    = 24 * time.Hour
	undoLife      = 7 * 24 * time.Hour
	mailResetLife = time.Hour
	offLife       = 400 * 24 * time.Hour
)

// A MailLink is what stands in the address of a link in a mail. SECRET_KEY signs it: no row holds a secret, and every
// process of the site can check it.
type MailLink struct {
	Purpose byte
	Account int64
	Expires time.Time
	// State is a fingerprint of what the link changes, so that it works once.
	State [8]byte
	Extra string // an address
}

const (
	linkHead = 1 + 8 + 8 + 8
	linkMAC  = 16
)

// linkKeys are made of SECRET_KEY. The first signs, all verify.
func (c *Community) linkKeys() ([][]byte, error) {
	if c.SecretKeys == nil {
		return nil, errNoSecretKey
	}
	var keys [][]byte
	for _, secret := range c.SecretKeys() {
		k, err := hkdf.Key(sha256.New, secret, nil, "tintype signs links in mail", 32)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, errNoSecretKey
	}
	return keys, nil
}

func linkSum(key, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(body)
	return h.Sum(nil)[:linkMAC]
}

// mailURL is the page of a link.
func (c *Community) mailURL(l MailLink) (string, error) {
	keys, err := c.linkKeys()
	if err != nil {
		return "", err
	}
	b := []byte{l.Purpose}
	b = binary.BigEndian.AppendUint64(b, uint64(l.Account))
	b = binary.BigEndian.AppendUint64(b, uint64(l.Expires.UnixMilli()))
	b = append(b, l.State[:]...)
	b = append(b, l.Extra...)
	return c.BaseURL + "/mail/" + base64.RawURLEncoding.EncodeToString(append(b, linkSum(keys[0], b)...)), nil
}

// mailLink reads a link. It returns ErrNotFound for one that this site has not signed, or whose time is over.
func (c *Community) mailLink(token string) (MailLink, error) {
	keys, err := c.linkKeys()
	if err != nil {
		return MailLink{}, err
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) < linkHead+linkMAC {
		return MailLink{}, ErrNotFound
	}
	body, sum := b[:len(b)-linkMAC], b[len(b)-linkMAC:]
	for _, k := range keys {
		if !hmac.Equal(sum, linkSum(k, body)) {
			continue
		}
		l := MailLink{Purpose: body[0], Account: int64(binary.BigEndian.Uint64(body[1:])), Expires: time.UnixMilli(int64(binary.BigEndian.Uint64(body[9:]))), Extra: string(body[linkHead:])}
		copy(l.State[:], body[17:])
		if time.Now().After(l.Expires) {
			return MailLink{}, ErrNotFound
		}
		return l, nil
	}
	return MailLink{}, ErrNotFound
}

// linkState is the fingerprint of what a link for the purpose changes.
func linkState(purpose byte, acc *store.Account) (state [8]byte) {
	h := sha256.New()
	switch purpose {
	case MailVerify:
		fmt.Fprint(h, acc.Email, "\x00", acc.EmailVerifiedAt != nil)
	case MailChange: // whoever asked for it had a session, which ends with the epoch
		fmt.Fprint(h, acc.Email, "\x00", acc.PasswordHash, "\x00", acc.SessionEpoch)
	case MailReset:
		fmt.Fprint(h, acc.Email, "\x00", acc.EmailVerifiedAt != nil, "\x00", acc.PasswordHash)
	default:
		return state // MailUndo: see undoable; those that end letters change nothing else
	}
	copy(state[:], h.Sum(nil))
	return state
}

// changedAt is when the change was made that a link of MailUndo undoes.
func (l MailLink) changedAt() store.Millis { return store.ToMillis(l.Expires.Add(-undoLife)) }

// undoable reports whether a link of MailUndo still works. Neither another address nor another password takes the way back
// from the owner of the old address. One that was gone ends those of the same change and of later ones, never that of an
// earlier owner: whoever stole an account may have changed its address twice.
func undoable(acc *store.Account, l MailLink) bool {
	return acc.EmailUndoneAt == 0 || l.changedAt() > acc.EmailUndoneAt || l.changedAt() < acc.EmailUndoneChange
}

// linkTo makes the address of a link that changes something of the account.
func (c *Community) linkTo(purpose byte, acc *store.Account, from time.Time, life time.Duration, extra string) (string, error) {
	return c.mailURL(MailLink{Purpose: purpose, Account: acc.ID, Expires: from.Add(life), State: linkState(purpose, acc), Extra: extra})
}

// confirmsWaiting reports whether the link confirms the address of somebody who waits to be let in.
func confirmsWaiting(acc *store.Account, purpose byte) bool {
	return acc.WaitingAt != nil && acc.DeletedAt == nil && purpose == MailVerify
}

// mayReset reports whether the account's member may choose another password by mail. Who is suspended or has left may: there is an
// answer to give, everything to take along, a way back.
func mayReset(acc *store.Account) bool { return acc.DeletedAt == nil && acc.WaitingAt == nil }

// linkWorks reports whether a link for the purpose does something for the account as it is.
func linkWorks(acc *store.Account, purpose byte) bool {
	return acc.Active() || confirmsWaiting(acc, purpose) || (purpose == MailReset || purpose == MailUndo) && mayReset(acc)
}

// MailLinkByToken finds what a link is for and whose it is. ErrNotFound where it was used, its time is over, or the account
// may not act.
func (c *Community) MailLinkByToken(ctx context.Context, token string) (MailLink, *store.Account, error) {
	l, err := c.mailLink(token)
	if err != nil {
		return l, nil, err
	}
	acc, err := c.Store.AccountByID(store.Primary(ctx), l.Account)
	if errors.Is(err, store.ErrNotFound) || err == nil && (!linkWorks(acc, l.Purpose) || linkState(l.Purpose, acc) != l.State || l.Purpose == MailUndo && !undoable(acc, l)) {
		return l, nil, ErrNotFound
	}
	return l, acc, fromStore(err)
}
