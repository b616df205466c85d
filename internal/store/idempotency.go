package store

import "context"

// IdempotencyKeyOf returns what the account's key was used for, else ErrNotFound. It reads on the primary.
func (s *conn) IdempotencyKeyOf(ctx context.Context, accountID int64, keyHash string) (*IdempotencyKey, error) {
	var k IdempotencyKey
	if err := first(s.read(Primary(ctx)).Where("account_id = ? AND key_hash = ?", accountID, keyHash), &k); err != nil {
		return nil, err
	}
	return &k, nil
}

// TakeIdempotencyKey writes the key. It returns ErrConflict if the key exists, and waits for a transaction that is
// writing it.
func (s *conn) TakeIdempotencyKey(ctx context.Context, k *IdempotencyKey) error {
	return translate(s.write(ctx).Create(k).Error)
}

// DropIdempotencyKey removes the key if it is older than before.
func (s *conn) DropIdempotencyKey(ctx context.Context, accountID int64, keyHash string, before Millis) error {
	return translate(s.write(ctx).Exec("DELETE FROM idempotency_keys WHERE account_id = ? AND key_hash = ? AND created_at < ?",
		accountID, keyHash, before).Error)
}

// RemoveIdempotencyKeys removes at most limit keys older than before and returns how many went.
func (s *conn) RemoveIdempotencyKeys(ctx context.Context, before Millis, limit int) (int, error) {
	var old []IdempotencyKey
	if err := s.read(Primary(ctx)).Select("account_id, key_hash").Where("created_at < ?", before).Limit(limit).Find(&old).Error; err != nil {
		return 0, translate(err)
	}
	for _, k := range old {
		if err := s.DropIdempotencyKey(ctx, k.AccountID, k.KeyHash, before); err != nil {
			return 0, err
		}
	}
	return len(old), nil
}
