package store

import "context"

// ClearDraftText forgets what was typed for the next post.
func (s *conn) ClearDraftText(ctx context.Context, accountID int64) error {
	return translate(s.write(ctx).Exec("DELETE FROM drafts WHERE account_id = ?", accountID).Error)
}

// AttachPhoto makes a ready photo of the account, that has no post yet, the post's, and reports whether there was such.
func (s *conn) AttachPhoto(ctx context.Context, accountID, photoID, postID int64, position int, description string, at Millis) (bool, error) {
	if err := s.photoChanged(&Photo{PostID: &postID}); err != nil {
		return false, err
	}
	res := s.write(ctx).Exec("UPDATE photos SET post_id = ?, position = ?, description = ?, attached_at = ?, updated_at = ?"+
		" WHERE id = ? AND account_id = ? AND purpose = ? AND state = ? AND post_id IS NULL AND source <> 'held'",
		postID, position, description, at, at, photoID, accountID, PurposePost, PhotoReady)
	return res.RowsAffected == 1, translate(res.Error)
}

// PhotoIDsOfPost are the ids of all photos that the post has.
func (s *conn) PhotoIDsOfPost(ctx context.Context, postID int64) ([]int64, error) {
	return s.idList(ctx, "SELECT id FROM photos WHERE post_id = ? ORDER BY position, id", postID)
}
