package store

import "context"

// ClearDraftText forgets what was typed for the next post.
func (s *Store) ClearDraftText(ctx context.Context, accountID int64) error {
	return translate(s.write(ctx).Exec("DELETE FROM drafts WHERE account_id = ?", accountID).Error)
}

// PhotoIDsOfPost are the ids of all photos that the post has.
func (s *Store) PhotoIDsOfPost(ctx context.Context, postID int64) ([]int64, error) {
	return s.idList(ctx, "SELECT id FROM photos WHERE post_id = ? ORDER BY position, id", postID)
}
