package store

import "context"

// AddPin puts a post at the top of its author's profile. The transaction has locked the post and the account, and found
// that there is none yet.
func (s *conn) AddPin(ctx context.Context, id, accountID, postID int64, at Millis) error {
	return translate(s.write(ctx).Exec("INSERT INTO pins (id, account_id, post_id, created_at) VALUES (?, ?, ?, ?)", id, accountID, postID, at).Error)
}

// RemovePin is the opposite of AddPin; one that is not there is fine.
func (s *conn) RemovePin(ctx context.Context, accountID, postID int64) error {
	return translate(s.write(ctx).Exec("DELETE FROM pins WHERE account_id = ? AND post_id = ?", accountID, postID).Error)
}

// CountPins counts the account's pins of posts that are not deleted.
func (s *conn) CountPins(ctx context.Context, accountID int64) (int, error) {
	ids, err := s.idList(ctx, "SELECT n.id FROM pins n JOIN posts p ON p.id = n.post_id WHERE n.account_id = ? AND p.deleted_at IS NULL", accountID)
	return len(ids), err
}

// PinnedPosts are the account's pinned posts that the viewer may see, the latest pin first, at most limit.
func (s *conn) PinnedPosts(ctx context.Context, viewer *Account, accountID int64, limit int) ([]Post, error) {
	columns, where := homePost.by(viewer), rootSeen(viewer, "p", "a")
	if c, ok := notHidden(viewer); ok {
		where.and(c)
	}
	args := append(append(columns.args, accountID), where.args...)
	return s.posts(ctx, columns, "SELECT "+columns.sql+" FROM pins n "+s.joinByID("posts p", "n.post_id")+" "+s.joinByID("accounts a", "p.author_id")+
		" WHERE n.account_id = ? AND "+where.sql+" ORDER BY n.id DESC LIMIT ?", append(args, limit)...)
}
