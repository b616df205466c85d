package community

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"tintype/internal/store"
)

const (
	// MaxJoinReason is how many characters the reason to join has.
	MaxJoinReason = 1000
	// maxWaiting is how many sign-ups may wait at once.
	maxWaiting = 1000
	// waitingPerNetwork is how many of them one network may add in a day: a few addresses would fill the room, and shut everybody out
	// until somebody has decided about them.
	waitingPerNetwork = maxWaiting / 20
	// WaitingPage is how many are listed at once.
	WaitingPage = 100
)

// checkJoinReason notes what is wrong with the reason of somebody who asks to join.
func (e *Invalid) checkJoinReason(reason string) {
	switch n := utf8.RuneCountInString(reason); {
	case n == 0:
		e.add("reason", "blank", "Say why you want to join.")
	case n > MaxJoinReason:
		e.add("reason", "too_long", "That has %d characters; the limit is %d.", n, MaxJoinReason)
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
	if list, err = c.Store.AccountsWaiting(ctx, after, WaitingPage); err != nil {
		return nil, 0, fromStore(err)
	}
	all, err = c.Store.CountWaiting(ctx)
	return list, all, fromStore(err)
}

// Undecided counts what waits for whoever decides, up to MaxUnread: sign-ups, held posts and answers to decisions of those below.
func (c *Community) Undecided(ctx context.Context, by By) (int, error) {
	for _, act := range []Act{ReadMembers, ReadHeld, ReadReports} {
		if err := by.may(act); err != nil {
			return 0, err
		}
	}
	n, err := c.Store.Undecided(ctx, decidesAbout(by.Account), MaxUnread)
	return n, fromStore(err)
}

// ApproveMember lets in somebody who waits, who hears of it by mail. *Invalid where nobody waits under the name: where somebody else
// has decided, it says who and what. Who does so again hears nothing.
func (c *Community) ApproveMember(ctx context.Context, by By, username string) (*store.Account, error) {
	acc, err := c.onMember(ctx, by, ApproveMember, username, func(ctx context.Context, tx *store.Store, now *store.Account, _ *store.AdminEntry) (bool, error) {
		if now.WaitingAt == nil { // somebody else was first
			err := joinDecided(ctx, tx, by, ApproveMember, store.AdminLogFilter{TargetID: now.ID})
			if errors.Is(err, ErrNotFound) {
				err = invalid("", "not_waiting", "Nobody with this name is waiting.")
			}
			return false, err
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
	if errors.Is(err, ErrNotFound) {
		if decided := joinDecided(store.Primary(ctx), c.Store, by, ApproveMember, store.AdminLogFilter{Target: nameOf(username)}); decided != nil {
			err = decided
		}
	}
	return acc, err
}

// RefuseMember removes the sign-up of somebody who waits, who hears of it by mail, with the words. The name is free again.
// *Invalid where somebody else has decided, which says who and what; ErrNotFound where nobody has waited under the name. Who
// does so again hears nothing.
func (c *Community) RefuseMember(ctx context.Context, by By, username, words string) error {
	ctx = store.Primary(ctx)
	if err := by.may(RefuseMember); err != nil {
		return err
	}
	if done, err := c.done(ctx, by, RefuseMember); done || err != nil {
		return err
	}
	words = tidy(words)
	if n := utf8.RuneCountInString(words); n > maxReason {
		return invalid("words", "too_long", "That has %d characters; the limit is %d.", n, maxReason)
	}
	acc, err := c.Store.AccountByUsername(ctx, nameOf(username))
	if errors.Is(err, store.ErrNotFound) {
		return joinDecided(ctx, c.Store, by, RefuseMember, store.AdminLogFilter{Target: nameOf(username)})
	}
	if err != nil {
		return fromStore(err)
	}
	if by.Reason == "" {
		by.Reason = words
	}
	return c.administration(ctx, by, RefuseMember, func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (bool, error) {
		e.TargetID, e.Target = &acc.ID, acc.Username
		err := tx.DropWaitingAccount(ctx, acc.ID)
		if errors.Is(err, store.ErrNotFound) {
			return false, joinDecided(ctx, tx, by, RefuseMember, store.AdminLogFilter{TargetID: acc.ID})
		}
		if err != nil {
			return false, err
		}
		return true, c.addMail(ctx, tx, mailJob{Kind: mailRefused, Account: acc.ID, Email: acc.Email, Words: words, Name: acc.Username})
	})
}

// nameOf is a username as it was typed, perhaps after an @.
func nameOf(typed string) string { return strings.TrimPrefix(strings.TrimSpace(typed), "@") }

// joinDecided says who has decided already about somebody who asked to join, and what: nothing where it was the same actor, and the
// same act. ErrNotFound where nobody has. The filter names of whom.
func joinDecided(ctx context.Context, s *store.Store, by By, act Act, f store.AdminLogFilter) error {
	var last store.AdminEntry
	for _, verdict := range []Act{ApproveMember, RefuseMember} {
		f.Act = string(verdict)
		list, err := s.AdminLog(ctx, f, store.Range{Limit: 1})
		if err != nil {
			return fromStore(err)
		}
		if len(list) > 0 && list[0].ID > last.ID {
			last = list[0]
		}
	}
	switch {
	case last.ID == 0:
		return ErrNotFound
	case last.Act == string(act) && (by.Account == nil) == (last.ActorID == nil) && (by.Account == nil || by.Account.ID == *last.ActorID):
		return nil
	case last.Act == string(ApproveMember) && last.Actor == "":
		return invalid("", "decided", "@%s was already let in, by command.", last.Target)
	case last.Act == string(ApproveMember):
		return invalid("", "decided", "@%s has already let @%s in.", last.Actor, last.Target)
	case last.Actor == "":
		return invalid("", "decided", "The sign-up of @%s was already refused, by command.", last.Target)
	}
	return invalid("", "decided", "@%s has already refused the sign-up of @%s.", last.Actor, last.Target)
}

// waits refuses an act on somebody about whose sign-up nobody has decided.
func waits() error {
	return invalid("", "waiting", "This sign-up waits for a decision: approve or refuse it.")
}
