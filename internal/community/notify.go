package community

import (
	"context"

	"tintype/internal/store"
)

// notify tells n.AccountID what n.FromID did, in the transaction that does it: unless it was oneself, either
// is suspended or deleted, either blocks the other, or the same was told before. n needs no id. That the account may
// see the post is for the caller to know; lists leave out what it may not.
func notify(ctx context.Context, tx *store.Store, n store.Notification) error {
	if n.AccountID == n.FromID {
		return nil
	}
	ok, err := tx.MayNotify(ctx, n)
	if err != nil || !ok {
		return err
	}
	return tell(ctx, tx, n)
}

// tell writes the notification and wakes whoever waits for it.
func tell(ctx context.Context, tx *store.Store, n store.Notification) error {
	id, err := tx.AddNotification(ctx, n)
	if err != nil {
		return err
	}
	return tx.AddEvent(ctx, EventNotification, n.AccountID, id, nil)
}
