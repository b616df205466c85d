package store

import "context"

// CountPhotosOf counts the photographs in an account's posts.
func (s *conn) CountPhotosOf(ctx context.Context, accountID int64) (int, error) {
	var n int
	err := s.read(ctx).Raw("SELECT COUNT(*) FROM photos WHERE account_id = ? AND state = ? AND post_id IS NOT NULL", accountID, PhotoReady).Scan(&n).Error
	return n, translate(err)
}
