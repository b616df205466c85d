package community

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

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
