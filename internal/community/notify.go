package community

import (
	"context"

	"tintype/internal/store"
)

// notify adds the notification n in the transaction of the act that it reports. It adds none about oneself, where
// either account is suspended or deleted, where either blocks the other, or where the same one exists. n needs no id.
// The caller makes sure that the account may see the post; lists leave out what it may not see.
func notify(ctx context.Context, tx *store.Store, n store.Notification) error {
	return notifyBy(ctx, tx, n, true)
}

// notifyBy is notify, which pushes nothing unless mayPush.
func notifyBy(ctx context.Context, tx *store.Store, n store.Notification, mayPush bool) error {
	if n.AccountID == n.FromID {
		return nil
	}
	may, push, err := tx.MayNotify(ctx, n)
	if err != nil || !may {
		return err
	}
	return tell(ctx, tx, n, push && mayPush)
}

// tell writes the notification, has it pushed where that is asked for, and wakes those who wait for it.
func tell(ctx context.Context, tx *store.Store, n store.Notification, push bool) error {
	id, err := tx.AddNotification(ctx, n)
	if err != nil {
		return err
	}
	if push {
		if err := addPush(ctx, tx, n.AccountID, id); err != nil {
			return err
		}
	}
	return tx.AddEvent(ctx, EventNotification, n.AccountID, id, nil)
}
