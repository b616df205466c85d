package store

import "context"

// AddBlock inserts the block. It returns ErrConflict if it exists.
func (s *conn) AddBlock(ctx context.Context, b Block) error {
	return translate(s.write(ctx).Create(&b).Error)
}

// DeleteBlock reports whether there was one.
func (s *conn) DeleteBlock(ctx context.Context, accountID, targetID int64) (bool, error) {
	res := s.write(ctx).Exec("DELETE FROM blocks WHERE account_id = ? AND target_id = ?", accountID, targetID)
	return res.RowsAffected > 0, translate(res.Error)
}

// Blocked reports whether either account blocks the other. For decisions about writes the context is to be Primary,
// or a transaction's.
func (s *conn) Blocked(ctx context.Context, a, b int64) (bool, error) {
	var n int
	err := s.read(ctx).Raw("SELECT COUNT(*) FROM blocks WHERE (account_id = ? AND target_id = ?) OR (account_id = ? AND target_id = ?)",
		a, b, b, a).Scan(&n).Error
	return n > 0, translate(err)
}

// BlockedBy lists the active accounts that the account blocks, newest block first, including those that block it in
// turn.
func (s *conn) BlockedBy(ctx context.Context, accountID int64, r Range) ([]RowAccount, error) {
	return s.rowAccounts(ctx, "blocks", "target_id", "account_id", accountID, accountActive("a"), r)
}
