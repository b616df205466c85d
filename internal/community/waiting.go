package community

import (
	"context"
	"strings"
	"unicode/utf8"

	"tintype/internal/store"
)

const (
	// MaxJoinReason is how many characters the reason to join has.
	MaxJoinReason = 1000
	// maxWaiting is how many sign-ups may wait at once.
	maxWaiting = 1000
	// waitingPage is how many are listed at once.
	waitingPage = 100
)

// checkJoinReason notes what is wrong with the reason of somebody who asks to join.
func (e *Invalid) checkJoinReason(reason string) {
	switch n := utf8.RuneCountInString(reason); {
	case n == 0:
		e.add("reason", "blank", "Say why you want to join.")
	case n > MaxJoinReason:
		e.add("reason", "too_long", "That has %d characters, at most %d are possible.", n, MaxJoinReason)
	}
}

// roomToWait refuses a sign-up where too many wait already. Those that come at once wait for each other.
func (c *Community) roomToWait(ctx context.Context, tx *store.Store) error {
	if _, err := tx.LockSiteInfos(ctx, "waiting."); err != nil {
		return err
	}
	n, err := tx.CountWaiting(ctx)
	if err == nil && n >= maxWaiting {
		err = invalid("", "too_many", "Too many people wait to be let in. Try again in a few days.")
	}
	return err
}

// Waiting lists those who asked to join and wait, the first first, after an id, and counts all.
func (c *Community) Waiting(ctx context.Context, by By, after int64) (list []*store.Account, all int, err error) {
	if err := by.may(ReadMembers); err != nil {
		return nil, 0, err
	}
	if list, err = c.Store.AccountsWaiting(ctx, after, waitingPage); err != nil {
		return nil, 0, fromStore(err)
	}
	all, err = c.Store.CountWaiting(ctx)
	return list, all, fromStore(err)
}

// Undecided counts what waits for those who decide, up to MaxUnread: sign-ups, held posts and answers to decisions.
func (c *Community) Undecided(ctx context.Context, by By) (int, error) {
	for _, act := range []Act{ReadMembers, ReadHeld, ReadReports} {
		if err := by.may(act); err != nil {
			return 0, err
		}
	}
	n, err := c.Store.Undecided(ctx, hiddenFrom(by.Account), MaxUnread)
	return n, fromStore(err)
}

// ApproveMember lets in somebody who waits, who hears of it by mail. *Invalid where nobody waits under the name.
func (c *Community) ApproveMember(ctx context.Context, by By, username string) (*store.Account, error) {
	return c.onMember(ctx, by, ApproveMember, username, func(ctx context.Context, tx *store.Store, now *store.Account, _ *store.AdminEntry) (bool, error) {
		if now.WaitingAt == nil {
			return false, nil // somebody else was first
		}
		if err := tx.ApproveAccount(ctx, now.ID); err != nil {
			return false, err
		}
		if err := tx.AddEvent(ctx, EventAccountCreated, now.ID, now.ID, nil); err != nil {
			return false, err
		}
		if err := c.addMail(ctx, tx, mailJob{Kind: mailApproved, Account: now.ID}); err != nil {
			return false, err
		}
		return true, c.addMail(ctx, tx, mailJob{Kind: mailVerify, Account: now.ID, Email: now.Email})
	})
}

// RefuseMember removes the sign-up of somebody who waits, who hears of it by mail, with the words. The name is free again.
// ErrNotFound where nobody waits under the name.
func (c *Community) RefuseMember(ctx context.Context, by By, username, words string) error {
	ctx = store.Primary(ctx)
	if err := by.may(RefuseMember); err != nil {
		return err
	}
	if done, err := c.done(ctx, by, RefuseMember); done || err != nil {
		return err
	}
	words = strings.TrimSpace(words)
	if n := utf8.RuneCountInString(words); n > maxReason {
		return invalid("words", "too_long", "That has %d characters, at most %d are possible.", n, maxReason)
	}
	acc, err := c.Store.AccountByUsername(ctx, strings.TrimPrefix(strings.TrimSpace(username), "@"))
	if err != nil {
		return fromStore(err)
	}
	if by.Reason == "" {
		by.Reason = words
	}
	return c.administration(ctx, by, RefuseMember, func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (bool, error) {
		e.TargetID, e.Target = &acc.ID, acc.Username
		if err := tx.DropWaitingAccount(ctx, acc.ID); err != nil {
			return false, err
		}
		return true, c.addMail(ctx, tx, mailJob{Kind: mailRefused, Account: acc.ID, Email: acc.Email, Words: words, Name: acc.Username})
	})
}
