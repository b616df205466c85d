package community

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"tintype/internal/store"
)

// PostByKey is the post that acc made under an idempotency key, ErrNotFound if none was. A form that was sent twice
// finds its post by it, whatever has become of the draft meanwhile.
func (c *Community) PostByKey(ctx context.Context, acc *store.Account, key string) (*Post, error) {
	if key == "" {
		return nil, ErrNotFound
	}
	sum := sha256.Sum256([]byte(key))
	ctx = store.Primary(ctx)
	k, err := c.Store.IdempotencyKeyOf(ctx, acc.ID, hex.EncodeToString(sum[:]))
	if err != nil {
		return nil, fromStore(err)
	}
	return c.PostOrHeld(ctx, acc, k.PostID)
}

// CountPhotos is how many photographs acc has posted.
func (c *Community) CountPhotos(ctx context.Context, acc *store.Account) (int, error) {
	n, err := c.Store.CountPhotosOf(ctx, acc.ID)
	return n, fromStore(err)
}

// FormSent notes that acc sends the form with the key, and reports whether it was sent before. Of two that arrive at the same time one
// is the first.
func (c *Community) FormSent(ctx context.Context, acc *store.Account, key string) (again bool, err error) {
	k, err := formKey(acc, "sent", key, nil)
	if k == nil || err != nil {
		return false, err
	}
	first, err := c.once(ctx, k, func() error {
		return c.Store.Tx(store.Primary(ctx), func(ctx context.Context, tx *store.Store) error { return takeKey(ctx, tx, k, c.Store.NewID()) })
	})
	return first != 0, fromStore(err)
}

// FormFailed forgets that the form was sent: it did nothing.
func (c *Community) FormFailed(ctx context.Context, acc *store.Account, key string) error {
	k, err := formKey(acc, "sent", key, nil)
	if k == nil || err != nil {
		return err
	}
	return fromStore(c.Store.DropIdempotencyKey(store.Primary(ctx), k.AccountID, k.KeyHash, store.ToMillis(time.Now().Add(time.Hour))))
}
