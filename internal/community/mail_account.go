package community

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tintype/internal/store"
)

var (
	// verifyLimit is how often a member may have the confirmation sent again.
	verifyLimit = Limit{Count: 3, Window: time.Hour}
	// forgotLimit is how many links for a new password one address gets.
	forgotLimit = Limit{Count: 3, Window: time.Hour}
	// forgotPerNetwork is how many one network asks for.
	forgotPerNetwork = Limit{Count: 20, Window: time.Hour}
)

// ResendVerification sends the confirmation of the account's address again. *TooMany where that is asked for often.
func (c *Community) ResendVerification(ctx context.Context, acc *store.Account) error {
	if acc == nil {
		return ErrUnauthenticated
	}
	if acc.EmailVerifiedAt != nil || acc.Email == "" || !c.MailDelivers {
		return nil
	}
	if err := c.Allow(ctx, fmt.Sprintf("verify:%d", acc.ID), verifyLimit); err != nil {
		return err
	}
	return fromStore(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		return c.addMail(ctx, tx, mailJob{Kind: mailVerify, Account: acc.ID, Email: acc.Email})
	}))
}

// ForgotPassword sends a link for a new password to the address, if it is a member's. Nothing shows whether it is, neither
// the answer nor its time: the job finds out. *TooMany where one network asks often.
func (c *Community) ForgotPassword(ctx context.Context, email, network string) error {
	var bad Invalid
	email = bad.cleanEmail("email", email)
	if err := bad.err(); err != nil {
		return err
	}
	if !c.MailDelivers {
		return ErrNotFound
	}
	if err := c.allowNetwork(ctx, "forgot", network, forgotPerNetwork); err != nil {
		return err
	}
	var many *TooMany
	if err := c.Allow(ctx, "forgot:"+hashSecret(store.EmailKey(email)), forgotLimit); errors.As(err, &many) {
		return nil // it has its mails
	} else if err != nil {
		return err
	}
	return fromStore(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		return c.addMail(ctx, tx, mailJob{Kind: mailReset, Email: email})
	}))
}

// ResetByMail uses up a link of MailReset and sets the password. It ends what ResetPassword ends.
func (c *Community) ResetByMail(ctx context.Context, token, password string) (*store.Account, error) {
	ctx = store.Primary(ctx)
	l, acc, err := c.MailLinkByToken(ctx, token)
	if err == nil && l.Purpose != MailReset {
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
	return c.changeAccountIf(ctx, acc.ID, mayReset, func(ctx context.Context, tx *store.Store, now *store.Account) error {
		if now.PasswordHash == hash { // an earlier COMMIT, whose answer was lost
			return nil
		}
		if linkState(MailReset, now) != l.State {
			return ErrNotFound
		}
		if err := tx.DropLinks(ctx, now.ID, LinkReset); err != nil {
			return err
		}
		if err := replacePassword(ctx, tx, now.ID, hash, ""); err != nil {
			return err
		}
		return c.tellAccount(ctx, tx, mailJob{Kind: mailPassword, Account: now.ID})
	})
}

// ConfirmEmail uses up a link of MailVerify or MailChange: the address is the account's from then on, and a way to log in.
// It takes the address as that from an account that never confirmed it.
func (c *Community) ConfirmEmail(ctx context.Context, token string) (*store.Account, error) {
	ctx = store.Primary(ctx)
	l, acc, err := c.MailLinkByToken(ctx, token)
	if err == nil && l.Purpose != MailVerify && l.Purpose != MailChange {
		err = ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	if l.Purpose == MailChange { // it may have been blocked since the mail was sent
		if err := c.emailAllowed(ctx, l.Extra); err != nil {
			return nil, err
		}
	}
	may := func(now *store.Account) bool { return now.Active() || confirmsWaiting(now, l.Purpose) }
	return c.changeAccountIf(ctx, acc.ID, may, func(ctx context.Context, tx *store.Store, now *store.Account) error {
		email := now.Email
		if l.Purpose == MailChange {
			email = l.Extra
		}
		if now.EmailVerifiedAt != nil && now.Email == email { // an earlier COMMIT, whose answer was lost
			return nil
		}
		if linkState(l.Purpose, now) != l.State {
			return ErrNotFound
		}
		if err := c.setVerified(ctx, tx, now, email); err != nil {
			return err
		}
		if now.EmailVerifiedAt == nil || store.EmailKey(now.Email) == store.EmailKey(email) {
			return nil
		}
		return c.tellAccount(ctx, tx, mailJob{Kind: mailChanged, Account: now.ID, Email: now.Email})
	})
}

// setVerified makes an address that somebody has proved to have the account's.
func (c *Community) setVerified(ctx context.Context, tx *store.Store, now *store.Account, email string) error {
	key, err := freeEmailKey(ctx, tx, email, now.ID)
	if err != nil {
		return err
	}
	if key == nil {
		other, err := tx.AccountByEmail(ctx, email)
		if err != nil {
			return err
		}
		if other.EmailVerifiedAt == nil {
			if err := tx.DropEmailKey(ctx, other.ID); err != nil {
				return err
			}
			if key, err = freeEmailKey(ctx, tx, email, now.ID); err != nil {
				return err
			}
		}
	}
	at := store.ToMillis(time.Now())
	return tx.SetEmail(ctx, now.ID, email, key, &at)
}

// UndoEmail uses up a link of MailUndo: the old address comes back, everybody is logged out, and no password fits any more.
// The result is the page on which its owner chooses a new one.
func (c *Community) UndoEmail(ctx context.Context, token string) (page string, err error) {
	ctx = store.Primary(ctx)
	l, acc, err := c.MailLinkByToken(ctx, token)
	if err == nil && l.Purpose != MailUndo {
		err = ErrNotFound
	}
	if err != nil {
		return "", err
	}
	// Also of an account that is closed: whoever took it may have closed it.
	acc, err = c.changeAccountIf(ctx, acc.ID, mayReset, func(ctx context.Context, tx *store.Store, now *store.Account) error {
		if !undoable(now, l) {
			if now.Email == l.Extra && now.PasswordHash == "" { // an earlier COMMIT, whose answer was lost
				return nil
			}
			return ErrNotFound
		}
		if err := c.setVerified(ctx, tx, now, l.Extra); err != nil {
			return err
		}
		if err := tx.SetEmailUndone(ctx, now.ID, store.ToMillis(time.Now()), l.changedAt()); err != nil {
			return err
		}
		if err := tx.DropLinks(ctx, now.ID, LinkReset); err != nil {
			return err
		}
		if err := dropFactorsSince(ctx, tx, now.ID, l.changedAt()); err != nil {
			return err
		}
		return replacePassword(ctx, tx, now.ID, "", "")
	})
	if err != nil {
		return "", err
	}
	link, err := c.linkTo(MailReset, acc, time.Now(), mailResetLife, "")
	return strings.TrimPrefix(link, c.BaseURL), err
}

// dropFactorsSince removes second factors that were added from the moment on, of which the old address heard nothing: a passkey logs in by
// itself. Those of before stay.
func dropFactorsSince(ctx context.Context, tx *store.Store, accountID int64, since store.Millis) error {
	all, err := tx.FactorsOf(ctx, accountID)
	if err != nil {
		return err
	}
	added := slices.DeleteFunc(slices.Clone(all), func(f *store.Factor) bool { return f.CreatedAt < since })
	if len(added) > 0 && len(added) == len(all) {
		return tx.DeleteFactors(ctx, accountID)
	}
	for _, f := range added {
		if err := tx.DeleteFactor(ctx, accountID, f.ID); err != nil {
			return err
		}
	}
	return nil
}

// ToldOfLogin tells a member of a log-in where that account was not known.
func (c *Community) ToldOfLogin(ctx context.Context, acc *store.Account, from Client, device string) error {
	if from.knows(acc) {
		return nil
	}
	return fromStore(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		return c.tellAccount(ctx, tx, mailJob{Kind: mailDevice, Account: acc.ID, Words: device, Network: from.Address})
	}))
}

// tellOfApplication tells a member for whom an application may act, in the transaction that makes its token. A further token
// of an application that acts for the member already is no news.
func (c *Community) tellOfApplication(ctx context.Context, tx *store.Store, acc *store.Account, app *store.App) error {
	acts, err := tx.HasTokenOf(ctx, acc.ID, app.ID)
	if err != nil || acts {
		return err
	}
	return c.tellAccount(ctx, tx, mailJob{Kind: mailApplication, Account: acc.ID, Words: app.Name})
}
