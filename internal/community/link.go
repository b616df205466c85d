package community

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"time"

	"tintype/internal/store"
)

// Kinds of one-time links, with their lifetimes.
const (
	LinkInvite = "invite"
	LinkReset  = "reset"

	inviteLife = 7 * 24 * time.Hour
	resetLife  = 24 * time.Hour
)

// newSecret returns 256 random bits in characters that an address may hold.
func newSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// CreateInvite makes a secret with which one person may sign up within seven days, even where registration is closed.
// It is shown once: the database keeps its hash. Its page is at LinkURL.
func (c *Community) CreateInvite(ctx context.Context, by By, role string) (secret string, err error) {
	if role != store.RoleMember && role != store.RoleAdmin {
		return "", invalid("role", "invalid", "The role must be member or admin.")
	}
	if a := by.Account; a != nil && a.Role != store.RoleOwner && rank(role) >= rank(a.Role) {
		return "", ErrForbidden // only owners make administrators
	}
	by.Key, secret = "", newSecret() // each form gets a link that works
	return secret, c.administration(ctx, by, Invite, func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (bool, error) {
		e.Detail = role
		return true, addLink(ctx, tx, secret, LinkInvite, nil, role, inviteLife)
	})
}

// CreateResetLink makes a secret with which a member sets a new password within a day. It replaces earlier ones.
func (c *Community) CreateResetLink(ctx context.Context, by By, username string) (secret string, err error) {
	by.Key, secret = "", newSecret() // each form gets a link that works
	_, err = c.onMember(ctx, by, ResetLink, username, func(ctx context.Context, tx *store.Store, now *store.Account, _ *store.AdminEntry) (bool, error) {
		if now.WaitingAt != nil {
			return false, waits()
		}
		return true, addLink(ctx, tx, secret, LinkReset, &now.ID, "", resetLife)
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// LinkURL is the page of a one-time link.
func (c *Community) LinkURL(secret string) string { return c.BaseURL + "/links/" + secret }

// addLink writes a link under the hash of its secret. It replaces earlier ones of the account.
func addLink(ctx context.Context, tx *store.Store, secret, kind string, accountID *int64, role string, life time.Duration) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	if accountID != nil {
		if err := tx.DropLinks(ctx, *accountID, kind); err != nil {
			return err
		}
	}
	return tx.CreateLink(ctx, &store.OneTimeLink{
		Hash: hashSecret(secret), Kind: kind, AccountID: accountID, Role: role,
		CreatedAt: now, ExpiresAt: now + store.Millis(life.Milliseconds()),
	})
}

// LinkByToken finds a link that is neither used nor expired. The account is that of a reset link, else nil.
func (c *Community) LinkByToken(ctx context.Context, secret string) (*store.OneTimeLink, *store.Account, error) {
	if id, ok := c.invitationOf(secret); ok {
		l, err := c.invitationLink(ctx, id)
		return l, nil, err
	}
	l, err := c.Store.LinkByHash(ctx, hashSecret(secret))
	if err != nil {
		return nil, nil, fromStore(err)
	}
	if l.AccountID == nil {
		return l, nil, nil
	}
	acc, err := c.Store.AccountByID(store.Primary(ctx), *l.AccountID)
	if err == nil && acc.DeletedAt != nil {
		err = store.ErrNotFound
	}
	if err != nil {
		return nil, nil, fromStore(err)
	}
	return l, acc, nil
}

// ResetPassword uses up a reset link and sets the password. It ends every session of the account and revokes every
// application's token: somebody who knew the old password may have made them.
func (c *Community) ResetPassword(ctx context.Context, secret, password string) (*store.Account, error) {
	l, acc, err := c.LinkByToken(ctx, secret)
	if err == nil && l.Kind != LinkReset {
		err = ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	var bad Invalid
	bad.checkPassword("password", password, c.namesOf(ctx, acc.Username, acc.DisplayName, acc.Email)...)
	if err := bad.err(); err != nil {
		return nil, err
	}
	hash, err := c.passwords.hash(ctx, byMember, password)
	if err != nil {
		return nil, err
	}
	err = c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		ok, err := tx.UseLink(ctx, l.Hash, LinkReset)
		if err != nil {
			return err
		}
		if !ok {
			// A lost answer to COMMIT brings us here again: then the hash is already ours.
			now, err := tx.AccountByID(ctx, acc.ID)
			if err != nil {
				return err
			}
			if now.PasswordHash == hash {
				return nil
			}
			return ErrNotFound
		}
		if err := replacePassword(ctx, tx, acc.ID, hash, ""); err != nil {
			return err
		}
		return c.tellAccount(ctx, tx, mailJob{Kind: mailPassword, Account: acc.ID})
	})
	if err != nil {
		return nil, fromStore(err)
	}
	acc, err = c.Store.AccountByID(store.Primary(ctx), acc.ID)
	return acc, fromStore(err)
}
