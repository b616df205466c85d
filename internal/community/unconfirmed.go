package community

import (
	"context"
	"time"

	"tintype/internal/store"
)

// keepUnconfirmed is how long the account of a stranger stays whose address nobody confirms, in which nothing is, and which
// nobody visits. Mastodon's two days are too short for who signs up on a Friday.
const keepUnconfirmed = 7 * 24 * time.Hour

// sweepUnconfirmed removes accounts that strangers signed up for and left: where a site sends mail, each is a row that
// somebody can have made with an address out of the air. Whoever was invited, or let in by moderators, is no stranger. Since
// nothing was ever there, the name is free again. Where no mail is sent, nobody can confirm anything.
func (c *Community) sweepUnconfirmed(ctx context.Context, now store.Millis) error {
	if !c.MailDelivers {
		return nil
	}
	before := now - store.Millis(keepUnconfirmed.Milliseconds())
	return inBatches(ctx, func(limit int) (int, error) {
		ids, err := c.Store.UnconfirmedAccounts(ctx, before, limit)
		if err != nil {
			return 0, err
		}
		for _, id := range ids {
			if err := c.sweepUnconfirmedAccount(ctx, id, before); err != nil {
				return 0, err
			}
		}
		return len(ids), nil
	})
}

// NoteLogin notes that somebody has logged in to an account that is swept where nobody visits it: the session may be over by then,
// and it is the only other thing that says so. More than once a day is of no use.
func (c *Community) NoteLogin(ctx context.Context, acc *store.Account) error {
	at := store.ToMillis(time.Now())
	if acc.UnconfirmedAt == nil || *acc.UnconfirmedAt > at-store.Millis((24*time.Hour).Milliseconds()) {
		return nil
	}
	return fromStore(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		locked, err := tx.LockAccounts(ctx, acc.ID)
		if err != nil {
			return err
		}
		if now := locked[acc.ID]; now == nil || now.UnconfirmedAt == nil || *now.UnconfirmedAt >= at {
			return nil
		}
		return tx.SetUnconfirmed(ctx, acc.ID, &at)
	}))
}

func (c *Community) sweepUnconfirmedAccount(ctx context.Context, id int64, before store.Millis) error {
	seen, err := c.Store.TokensUsed(ctx, id)
	if err != nil {
		return err
	}
	if c.SessionUsed != nil {
		used, err := c.SessionUsed(ctx, id)
		if err != nil {
			return err
		}
		if !used.IsZero() {
			seen = max(seen, store.ToMillis(used))
		}
	}
	later := before + store.Millis((24 * time.Hour).Milliseconds())
	return c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		locked, err := tx.LockAccounts(ctx, id)
		if err != nil {
			return err
		}
		now := locked[id]
		if now == nil || now.UnconfirmedAt == nil || *now.UnconfirmedAt >= before {
			return nil
		}
		traces, err := tx.HasTraces(ctx, id)
		if err != nil {
			return err
		}
		switch {
		case traces, now.EmailVerifiedAt != nil, now.Role != store.RoleMember, now.DeletedAt != nil, now.SuspendedAt != nil, now.LimitedAt != nil:
			return tx.SetUnconfirmed(ctx, id, nil) // it is somebody's, or moderators looked at it
		case seen >= before:
			return tx.SetUnconfirmed(ctx, id, &seen)
		}
		if some, err := tx.HasPhotoRows(ctx, id); err != nil {
			return err
		} else if some { // of a draft that was swept
			return tx.SetUnconfirmed(ctx, id, &later)
		}
		if err := tx.DeleteTokensOf(ctx, id, 0); err != nil {
			return err
		}
		for {
			n, err := tx.EraseAccountRows(ctx, id, accountBatch)
			if err != nil {
				return err
			}
			if n == 0 {
				break
			}
		}
		if err := tx.AddEvent(ctx, EventAccountGone, id, id, nil); err != nil {
			return err
		}
		return tx.DropAccount(ctx, id)
	})
}
