package community

import (
	"context"
	"errors"
	"time"

	"tintype/internal/queue"
	"tintype/internal/store"
)

// LeaveWeek is how long somebody who has left may come back.
const LeaveWeek = 7 * 24 * time.Hour

// jobLeave deletes an account whose member left LeaveWeek before, and has not come back.
const jobLeave = "account.leave"

// leavePayload names the leave, so that its job does nothing where the member came back and left once more.
type leavePayload struct {
	AccountID int64        `json:"account_id"`
	At        store.Millis `json:"at"`
}

// LeavesUntil is until when the member of an account that is left may come back.
func LeavesUntil(acc *store.Account) time.Time { return acc.LeavingAt.Time().Add(LeaveWeek) }

// LeaveAccount closes an account for its member, after asking for the password: nobody sees it any more, as if it were suspended,
// its sessions and tokens are over, and a week later a job deletes it with everything in it. Until then ComeBack brings everything
// back. A mail says so. Doing so again changes nothing. *Invalid for the site's last owner.
func (c *Community) LeaveAccount(ctx context.Context, acc *store.Account, by Confirmation) error {
	ctx = store.Primary(ctx)
	if err := c.confirm(ctx, acc, "password", by); err != nil {
		return err
	}
	return fromStore(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		locked, err := tx.LockAccounts(ctx, acc.ID)
		if err != nil {
			return err
		}
		now := locked[acc.ID]
		if now == nil || now.DeletedAt != nil || now.LeavingAt != nil {
			return nil
		}
		return c.leave(ctx, tx, now)
	}))
}

// leave closes an account that the transaction has locked.
func (c *Community) leave(ctx context.Context, tx *store.Store, now *store.Account) error {
	if now.WaitingAt != nil {
		return waits()
	}
	if err := keepOwner(ctx, tx, now, ""); err != nil {
		return err
	}
	if err := endSessions(ctx, tx, now.ID); err != nil {
		return err
	}
	if err := tx.DeleteTokensOf(ctx, now.ID, 0); err != nil {
		return err
	}
	if err := tx.DropLinks(ctx, now.ID, LinkReset); err != nil {
		return err
	}
	if err := endGrants(ctx, tx, now, ""); err != nil {
		return err
	}
	at, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	if now.SuspendedAt != nil { // it stays so when the member comes back
		if *now.SuspendedAt == at {
			at++
		}
		err = tx.RaiseEpoch(ctx, now.ID)
	} else {
		if err := c.renamePhotos(ctx, tx, now.ID); err != nil {
			return err
		}
		err = tx.SetSuspended(ctx, now.ID, &at)
	}
	if err != nil {
		return err
	}
	if err := tx.SetLeaving(ctx, now.ID, &at); err != nil {
		return err
	}
	if err := tx.AddEvent(ctx, EventAccountHidden, now.ID, now.ID, nil); err != nil {
		return err
	}
	if err := tx.AddJob(ctx, jobLeave, leavePayload{now.ID, at}, at+store.Millis(LeaveWeek.Milliseconds())); err != nil {
		return err
	}
	return c.addMail(ctx, tx, mailJob{Kind: mailLeaving, Account: now.ID, At: at})
}

// ComeBack opens an account again that its member has left, and returns it. Everything is there as it was, but for sessions and
// applications. One that was suspended before is so still. Doing so again changes nothing. ErrNotFound where the account is deleted.
func (c *Community) ComeBack(ctx context.Context, acc *store.Account) (*store.Account, error) {
	var back *store.Account
	err := c.Store.Tx(store.Primary(ctx), func(ctx context.Context, tx *store.Store) error {
		locked, err := tx.LockAccounts(ctx, acc.ID)
		if err != nil {
			return err
		}
		now := locked[acc.ID]
		if now == nil || now.DeletedAt != nil {
			return ErrNotFound
		}
		if now.LeavingAt != nil {
			if err := c.comeBack(ctx, tx, now); err != nil {
				return err
			}
		}
		back, err = tx.AccountByID(ctx, acc.ID)
		return err
	})
	return back, fromStore(err)
}

func (c *Community) comeBack(ctx context.Context, tx *store.Store, now *store.Account) error {
	if !now.OnlyLeaving() {
		return tx.SetLeaving(ctx, now.ID, nil)
	}
	if err := tx.AddEvent(ctx, EventAccountShown, now.ID, now.ID, nil); err != nil {
		return err
	}
	if err := c.renamePhotos(ctx, tx, now.ID); err != nil {
		return err
	}
	if err := tx.SetSuspended(ctx, now.ID, nil); err != nil {
		return err
	}
	return tx.SetLeaving(ctx, now.ID, nil)
}

// runLeave deletes the account, unless its member has come back. Both lock the account, and the second finds what the first has
// made.
func (c *Community) runLeave(ctx context.Context, job *queue.Job) error {
	var payload leavePayload
	if err := readPayload(job, &payload); err != nil {
		return err
	}
	return c.finishJob(store.Primary(ctx), job, func(ctx context.Context, tx *store.Store) error {
		locked, err := tx.LockAccounts(ctx, payload.AccountID)
		if err != nil {
			return err
		}
		now := locked[payload.AccountID]
		if now == nil || now.DeletedAt != nil || now.LeavingAt == nil || *now.LeavingAt != payload.At {
			return nil
		}
		at, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		if at < payload.At+store.Millis(LeaveWeek.Milliseconds()) {
			return errors.New("the week is not over")
		}
		return deleteAccount(ctx, tx, now)
	})
}

// LeaveMember closes the account of a member who asked for it; see LeaveAccount.
func (c *Community) LeaveMember(ctx context.Context, by By, username string) (*store.Account, error) {
	return c.onMember(ctx, by, LeaveOther, username, func(ctx context.Context, tx *store.Store, now *store.Account, _ *store.AdminEntry) (bool, error) {
		if now.LeavingAt != nil {
			return false, nil
		}
		return true, c.leave(ctx, tx, now)
	})
}

// BringBackMember is ComeBack for a member who cannot log in.
func (c *Community) BringBackMember(ctx context.Context, by By, username string) (*store.Account, error) {
	return c.onMember(ctx, by, BringBack, username, func(ctx context.Context, tx *store.Store, now *store.Account, _ *store.AdminEntry) (bool, error) {
		if now.LeavingAt == nil {
			return false, nil
		}
		return true, c.comeBack(ctx, tx, now)
	})
}
