package store

import (
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"tintype/internal/hostname"
)

// EmailKey is what e-mail addresses have in common that reach one mailbox: the host in the spelling of browsers, and the
// mailbox without regard to case. Accents count, since they tell hosts and mailboxes apart.
func EmailKey(address string) string {
	address = strings.TrimSpace(address)
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return Fold(address)
	}
	host := address[at+1:]
	if name, err := hostname.Clean(host, ""); err == nil {
		host = name
	} else {
		host = strings.ToLower(strings.TrimSuffix(host, "."))
	}
	return cases.Fold().String(norm.NFC.String(address[:at])) + "@" + host
}

// emailKeys are the keys under which an account with the address may stand: EmailKey, and what earlier releases made of the
// address as it was typed, without accents.
func emailKeys(address string) []string {
	key := EmailKey(address)
	keys := []string{key}
	mailbox, host, _ := strings.Cut(key, "@")
	typed := []string{key}
	if letters, err := idna.ToUnicode(host); err == nil {
		typed = append(typed, mailbox+"@"+letters)
	}
	for _, t := range typed {
		if t = Fold(t); !slices.Contains(keys, t) {
			keys = append(keys, t)
		}
	}
	return keys
}

// AccountByEmail finds the account that logs in by that address, in whatever spelling.
func (s *conn) AccountByEmail(ctx context.Context, email string) (*Account, error) {
	var found *Account
	keys := emailKeys(email)
	err := lookUp(ctx, func(ctx context.Context) error {
		var as []*Account
		if err := s.read(ctx).Where("email_key IN ?", keys).Find(&as).Error; err != nil {
			return translate(err)
		}
		for _, a := range as { // of which some may stand under what an earlier release made of another address
			if EmailKey(a.Email) == keys[0] && (found == nil || *a.EmailKey == keys[0]) {
				found = a
			}
		}
		if found == nil {
			return ErrNotFound
		}
		return nil
	})
	return found, err
}

// ClearEmailKey takes the key of an address from an account with another address, to which an earlier release gave it. That
// account gets its own key, or none where somebody has that.
func (s *conn) ClearEmailKey(ctx context.Context, address string) error {
	key := EmailKey(address)
	var a Account
	if err := first(s.read(ctx).Where("email_key = ?", key), &a); errors.Is(err, ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	own := EmailKey(a.Email)
	if own == key {
		return nil
	}
	other, err := s.AccountByEmail(ctx, own)
	switch {
	case err == nil && other.ID != a.ID:
		return s.DropEmailKey(ctx, a.ID)
	case err != nil && !errors.Is(err, ErrNotFound):
		return err
	}
	return s.setAccount(ctx, a.ID, "email_key = ?", own)
}
