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

// keepKeys is how long an idempotency key returns the first answer.
const keepKeys = 48 * time.Hour

func idempotencyKey(acc *store.Account, in NewPost) (*store.IdempotencyKey, error) {
	if in.IdempotencyKey == "" {
		return nil, nil
	}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	body, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("hash a post: %w", err)
	}
	keyHash, bodyHash := sha256.Sum256([]byte(key)), sha256.Sum256(body)
	return &store.IdempotencyKey{AccountID: acc.ID, KeyHash: hex.EncodeToString(keyHash[:]), BodyHash: hex.EncodeToString(bodyHash[:])}, nil
}

// firstAnswer is the post that was made under the key; nil if there is none yet.
func (c *Community) firstAnswer(ctx context.Context, acc *store.Account, key *store.IdempotencyKey) (*Post, error) {
	if key == nil {
		return nil, nil
	}
	k, err := c.Store.IdempotencyKeyOf(ctx, acc.ID, key.KeyHash)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fromStore(err)
	}
	if old := store.ToMillis(time.Now().Add(-keepKeys)); k.CreatedAt < old {
		return nil, fromStore(c.Store.DropIdempotencyKey(ctx, acc.ID, key.KeyHash, old))
	}
	if k.BodyHash != key.BodyHash {
		return nil, invalid("idempotency_key", "reused", "This form was already sent with different content.")
	}
	return c.PostOrHeld(ctx, acc, k.PostID)
}
