package store

import (
	"context"
	"slices"
)

// AddBlock inserts the block. ErrConflict if it exists.
func (s *Store) AddBlock(ctx context.Context, b Block) error {
	return translate(s.write(ctx).Create(&b).Error)
}

// DeleteBlock tells whether there was one.
func (s *Store) DeleteBlock(ctx context.Context, accountID, targetID int64) (bool, error) {
	res := s.write(ctx).Exec("DELETE FROM blocks WHERE account_id = ? AND target_id = ?", accountID, targetID)
	return res.RowsAffected > 0, translate(res.Error)
}

// Blocked tells whether either account blocks the other. For decisions about writes the context is to be Primary,
// or a transaction's.
func (s *Store) Blocked(ctx context.Context, a, b int64) (bool, error) {
	var n int
	err := s.read(ctx).Raw("SELECT COUNT(*) FROM blocks WHERE (account_id = ? AND target_id = ?) OR (account_id = ? AND target_id = ?)",
		a, b, b, a).Scan(&n).Error
	return n > 0, translate(err)
}

// BlockedBy lists whom the account blocks, newest first: active accounts, also those that block it in turn.
func (s *Store) BlockedBy(ctx context.Context, accountID int64, k Keyset) ([]AccountRow, error) {
	where, args, order := k.clause("b.id")
	var rows []AccountRow
	err := s.read(ctx).Raw("SELECT b.id AS row_id, a.* FROM blocks b JOIN accounts a ON a.id = b.target_id WHERE b.account_id = ? AND "+where+
		" AND a.suspended_at IS NULL AND a.deleted_at IS NULL"+order, append(append([]any{accountID}, args...), k.Limit)...).Scan(&rows).Error
	if err != nil {
		return nil, translate(err)
	}
	if k.MinID > 0 {
		slices.Reverse(rows)
	}
	return rows, nil
}
