package community

import (
	"context"
	"fmt"
	"strings"

	"tintype/internal/lang"
	"tintype/internal/store"
)

// ChangePassword sets a new password after asking for the present one. Every session of the account is over then, and
// every application's token: the caller starts a new session for whoever asks.
func (c *Community) ChangePassword(ctx context.Context, acc *store.Account, by Confirmation, password string) (*store.Account, error) {
	ctx = store.Primary(ctx)
	var bad Invalid
	bad.checkPassword("new_password", password, c.namesOf(ctx, acc.Username, acc.DisplayName, acc.Email)...)
	if err := bad.err(); err != nil {
		return nil, err
	}
	if err := c.confirm(ctx, acc, "current_password", by); err != nil {
		return nil, err
	}
	hash, err := c.passwords.hash(ctx, byMember, password)
	if err != nil {
		return nil, err
	}
	return c.changeAccount(ctx, acc.ID, func(ctx context.Context, tx *store.Store, now *store.Account) error {
		if now.PasswordHash == hash { // an earlier COMMIT, whose answer was lost
			return nil
		}
		if err := sameEpoch(acc, now); err != nil {
			return err
		}
		if err := tx.DropLinks(ctx, acc.ID, LinkReset); err != nil {
			return err
		}
		if err := replacePassword(ctx, tx, acc.ID, hash, by.Session); err != nil {
			return err
		}
		return c.tellAccount(ctx, tx, mailJob{Kind: mailPassword, Account: acc.ID})
	})
}

// replacePassword sets a password and ends whatever the one before it gave access to. The session goes on under another
// name, and its browser's pushes with it: see KeepPush.
func replacePassword(ctx context.Context, tx *store.Store, id int64, hash, session string) error {
	if err := tx.DeleteOtherSessions(ctx, id, ""); err != nil {
		return err
	}
	if err := endOtherAccess(ctx, tx, id, session); err != nil {
		return err
	}
	return tx.SetPassword(ctx, id, hash)
}

// endOtherAccess revokes an account's tokens and the codes that could still become tokens, and tells open pages and
// streams to find out whether their session or token still holds. Only the browser of the session goes on to be told by push.
func endOtherAccess(ctx context.Context, tx *store.Store, id int64, session string) error {
	if err := tx.DeletePushOfOtherSessions(ctx, id, session); err != nil {
		return err
	}
	if err := tx.DeleteTokensOf(ctx, id, 0); err != nil {
		return err
	}
	if err := tx.AddEvent(ctx, EventAppRevoked, id, 0, nil); err != nil {
		return err
	}
	return tx.AddEvent(ctx, EventSessionsEnded, id, id, nil)
}

// EndOtherAccess is for an account whose sessions have ended: what applications may do ends, too.
func (c *Community) EndOtherAccess(ctx context.Context, acc *store.Account, session string) error {
	return fromStore(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		return endOtherAccess(ctx, tx, acc.ID, session)
	}))
}

// EndOthers ends all of the account's sessions and tokens but for the session, and has no browser count any more as one where the
// account has logged in before, or where its second factor was given. The session goes on under another name: its browser logs
// in anew, and see KeepPush.
func (c *Community) EndOthers(ctx context.Context, acc *store.Account, session string) (*store.Account, error) {
	done := false
	return c.changeAccount(store.Primary(ctx), acc.ID, func(ctx context.Context, tx *store.Store, now *store.Account) error {
		if done && now.SessionEpoch == acc.SessionEpoch+1 { // an earlier COMMIT, whose answer was lost
			return nil
		}
		if err := sameEpoch(acc, now); err != nil {
			return err
		}
		if err := tx.DeleteOtherSessions(ctx, now.ID, ""); err != nil {
			return err
		}
		if err := endOtherAccess(ctx, tx, now.ID, session); err != nil {
			return err
		}
		if err := forgetDevices(ctx, tx, now); err != nil {
			return err
		}
		err := tx.RaiseEpoch(ctx, now.ID)
		done = err == nil
		return err
	})
}

// sameEpoch is ErrUnauthenticated where the account's sessions have ended since the request was let in: what gives access is
// not for whoever a new password was to lock out.
func sameEpoch(acc, now *store.Account) error {
	if now.SessionEpoch != acc.SessionEpoch {
		return ErrUnauthenticated
	}
	return nil
}

// ChangeEmail sets the e-mail address after asking for the password. Where mail reaches people, the new address counts once
// it is confirmed by a mail to it, and the account stays as it is until then. See SignUp for an address that is another's.
func (c *Community) ChangeEmail(ctx context.Context, acc *store.Account, by Confirmation, email string) (*store.Account, error) {
	ctx = store.Primary(ctx)
	var bad Invalid
	email = bad.cleanEmail("email", email)
	if err := bad.err(); err != nil {
		return nil, err
	}
	if err := c.confirm(ctx, acc, "email_password", by); err != nil {
		return nil, err
	}
	if err := c.emailAllowed(ctx, email); err != nil {
		return nil, err
	}
	if c.MailDelivers {
		if err := c.Allow(ctx, fmt.Sprintf("verify:%d", acc.ID), verifyLimit); err != nil {
			return nil, err
		}
		return c.changeAccount(ctx, acc.ID, func(ctx context.Context, tx *store.Store, now *store.Account) error {
			if err := sameEpoch(acc, now); err != nil {
				return err
			}
			state := linkState(MailChange, now)
			return c.addMail(ctx, tx, mailJob{Kind: mailChange, Account: now.ID, Email: email, State: state[:]})
		})
	}
	var after *store.Account
	var err error
	for range 2 { // again if somebody took the address between the question and the update
		after, err = c.changeAccount(ctx, acc.ID, func(ctx context.Context, tx *store.Store, now *store.Account) error {
			if err := sameEpoch(acc, now); err != nil {
				return err
			}
			key, err := freeEmailKey(ctx, tx, email, now.ID)
			if err != nil {
				return err
			}
			if err := tx.SetEmail(ctx, now.ID, email, key, nil); err != nil || now.Email == email {
				return err
			}
			return notifyAccount(ctx, tx, now.ID, newsEmail)
		})
		if !store.ConflictOn(err, "email_key") {
			break
		}
	}
	return after, err
}

// changeAccount locks an account that may act, has f change it, and answers it as it is then.
func (c *Community) changeAccount(ctx context.Context, id int64, f func(ctx context.Context, tx *store.Store, now *store.Account) error) (*store.Account, error) {
	return c.changeAccountIf(ctx, id, (*store.Account).Active, f)
}

// changeAccountIf is changeAccount for an account of which may is true.
func (c *Community) changeAccountIf(ctx context.Context, id int64, may func(*store.Account) bool, f func(ctx context.Context, tx *store.Store, now *store.Account) error) (*store.Account, error) {
	var after *store.Account
	err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		locked, err := tx.LockAccounts(ctx, id)
		if err != nil {
			return err
		}
		now := locked[id]
		if now == nil || !may(now) {
			return ErrUnauthenticated
		}
		if err := f(ctx, tx, now); err != nil {
			return err
		}
		after, err = tx.AccountByID(ctx, id)
		return err
	})
	if err != nil {
		return nil, fromStore(err)
	}
	return after, c.loadProfilePhotos(store.Primary(ctx), after)
}

// ViewingChange is how a member wants to see the site. A nil field stays as it is.
type ViewingChange struct {
	WarnedPhotos *string // ask, show, hide
	Theme        *string // system, light, dark
	LetterKeys   *bool
	Language     *string // of the pages; "": the site's
}

// UpdateViewing stores how a member wants to see the site.
func (c *Community) UpdateViewing(ctx context.Context, acc *store.Account, v ViewingChange) (*store.Account, error) {
	var bad Invalid
	bad.checkChoice("warnings", v.WarnedPhotos, "ask", "show", "hide")
	bad.checkChoice("theme", v.Theme, "system", "light", "dark")
	bad.checkChoice("language", v.Language, append(lang.Codes(), "")...)
	if err := bad.err(); err != nil {
		return nil, err
	}
	return c.changeAccount(ctx, acc.ID, func(ctx context.Context, tx *store.Store, now *store.Account) error {
		set(&now.WarnedPhotos, v.WarnedPhotos)
		set(&now.Theme, v.Theme)
		set(&now.LetterKeys, v.LetterKeys)
		set(&now.PagesLanguage, v.Language)
		return tx.SavePreferences(ctx, now)
	})
}

// PostingChange holds the defaults of a member's new posts, and whether followers need approval. A nil field stays as
// it is.
type PostingChange struct {
	Visibility   *store.Visibility
	Licence      *string
	ShowExif     *bool
	CommentsFrom *store.CommentsFrom
	Sensitive    *bool
	Language     *string
	Locked       *bool
}

func (e *Invalid) checkPosting(p PostingChange) {
	e.checkChoice("visibility", (*string)(p.Visibility), string(store.Public), string(store.Unlisted), string(store.Followers))
	if p.CommentsFrom != nil {
		e.checkCommentsFrom(*p.CommentsFrom)
	}
	if p.Licence != nil {
		if _, ok := LicenceByID(*p.Licence); !ok {
			e.add("licence", "invalid", "That licence is not known here.")
		}
	}
}

func (p PostingChange) apply(a *store.Account) {
	set(&a.DefaultVisibility, p.Visibility)
	set(&a.DefaultLicence, p.Licence)
	set(&a.DefaultShowExif, p.ShowExif)
	set(&a.DefaultCommentsFrom, p.CommentsFrom)
	set(&a.DefaultSensitive, p.Sensitive)
	if p.Language != nil {
		a.Language = cleanLanguage(*p.Language)
	}
	set(&a.Locked, p.Locked)
}

// UpdatePosting stores the defaults of a member's new posts. Waiting requests to follow stay when the account is
// unlocked.
func (c *Community) UpdatePosting(ctx context.Context, acc *store.Account, p PostingChange) (*store.Account, error) {
	var bad Invalid
	bad.checkPosting(p)
	if err := bad.err(); err != nil {
		return nil, err
	}
	return c.changeAccount(ctx, acc.ID, func(ctx context.Context, tx *store.Store, now *store.Account) error {
		p.apply(now)
		if err := tx.SavePreferences(ctx, now); err != nil {
			return err
		}
		if err := tx.AddEvent(ctx, EventAccountUpdated, now.ID, now.ID, nil); err != nil { // its lock is seen
			return err
		}
		return tx.SaveProfile(ctx, now)
	})
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// checkChoice checks that a value is one of a few.
func (e *Invalid) checkChoice(field string, value *string, choices ...string) {
	if value == nil {
		return
	}
	for _, c := range choices {
		if *value == c {
			return
		}
	}
	e.add(field, "invalid", "Choose one of %s.", strings.Join(choices, ", "))
}
