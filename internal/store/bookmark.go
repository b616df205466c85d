package store

import "context"

// AddBookmark writes a bookmark under id. The transaction has locked the post, and found that the account has none of it
// yet.
func (s *conn) AddBookmark(ctx context.Context, id, accountID, postID int64, at Millis) error {
	return translate(s.write(ctx).Exec("INSERT INTO bookmarks (id, account_id, post_id, created_at) VALUES (?, ?, ?, ?)", id, accountID, postID, at).Error)
}

// RemoveBookmark reports whether there was one.
func (s *conn) RemoveBookmark(ctx context.Context, accountID, postID int64) (bool, error) {
	res := s.write(ctx).Exec("DELETE FROM bookmarks WHERE account_id = ? AND post_id = ?", accountID, postID)
	return res.RowsAffected > 0, translate(res.Error)
}

// BookmarkedPosts is LikedPosts for bookmarks.
func (s *conn) BookmarkedPosts(ctx context.Context, acc *Account, r Range) ([]RowPost, error) {
	return s.markedPosts(ctx, "bookmarks", acc, r)
}
