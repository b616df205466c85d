package community

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tintype/internal/store"
)

// formKey is the key of a form that makes one thing. It covers what was entered: the same form with other words, which Back
// brings to the screen again, makes another thing. It is nil for a form without a key.
func formKey(acc *store.Account, what, key string, entered any) (*store.IdempotencyKey, error) {
	if acc == nil || key == "" {
		return nil, nil
	}
	body, err := json.Marshal(entered)
	if err != nil {
		return nil, fmt.Errorf("hash a form: %w", err)
	}
	bodyHash := sha256.Sum256(body)
	keyHash := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%x", what, key, bodyHash))
	return &store.IdempotencyKey{AccountID: acc.ID, KeyHash: hex.EncodeToString(keyHash[:]), BodyHash: hex.EncodeToString(bodyHash[:])}, nil
}

// once returns the id of what was made under the key, or has create make it. create takes the key by takeKey in its
// transaction, so that of two forms sent at the same time the second waits, fails, and gets what the first has made.
func (c *Community) once(ctx context.Context, key *store.IdempotencyKey, create func() error) (first int64, err error) {
	if key == nil {
		return 0, create()
	}
	ctx = store.Primary(ctx)
	if first, err = c.madeUnder(ctx, key); first != 0 || err != nil {
		return first, err
	}
	if err = create(); err == nil {
		return 0, nil
	}
	if first, again := c.madeUnder(ctx, key); first != 0 || again != nil {
		return first, again
	}
	return 0, err
}

func (c *Community) madeUnder(ctx context.Context, key *store.IdempotencyKey) (int64, error) {
	k, err := c.Store.IdempotencyKeyOf(ctx, key.AccountID, key.KeyHash)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, fromStore(err)
	}
	if old := store.ToMillis(time.Now().Add(-keepKeys)); k.CreatedAt < old {
		return 0, fromStore(c.Store.DropIdempotencyKey(ctx, key.AccountID, key.KeyHash, old))
	}
	return k.PostID, nil
}

// takeKey writes down that the key, if there is one, made the thing with the id.
func takeKey(ctx context.Context, tx *store.Store, key *store.IdempotencyKey, id int64) error {
	if key == nil {
		return nil
	}
	k := *key
	k.PostID, k.CreatedAt = id, store.ToMillis(time.Now())
	return tx.TakeIdempotencyKey(ctx, &k)
}
