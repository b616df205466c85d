package store

import "context"

// OwnPhotos are those of the account's photos, in the order of the ids; ErrNotFound if one is missing.
func (s *Store) OwnPhotos(ctx context.Context, accountID int64, ids []int64) ([]*Photo, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var found []*Photo
	if err := s.read(ctx).Where("account_id = ? AND id IN ? AND purpose = ?", accountID, ids, PurposePost).Find(&found).Error; err != nil {
		return nil, translate(err)
	}
	byID := make(map[int64]*Photo, len(found))
	for _, p := range found {
		byID[p.ID] = p
	}
	out := make([]*Photo, len(ids))
	for i, id := range ids {
		if out[i] = byID[id]; out[i] == nil {
			return nil, ErrNotFound
		}
	}
	return out, nil
}

// ClearDraftText forgets what was typed for the next post.
func (s *Store) ClearDraftText(ctx context.Context, accountID int64) error {
	return translate(s.write(ctx).Exec("DELETE FROM drafts WHERE account_id = ?", accountID).Error)
}

// AttachPhoto makes a ready photo of the account, that has no post yet, the post's, and tells whether there was such.
func (s *Store) AttachPhoto(ctx context.Context, accountID, photoID, postID int64, position int, description string, at Millis) (bool, error) {
	res := s.write(ctx).Exec("UPDATE photos SET post_id = ?, position = ?, description = ?, attached_at = ?, updated_at = ?"+
		" WHERE id = ? AND account_id = ? AND purpose = ? AND state = ? AND post_id IS NULL",
		postID, position, description, at, at, photoID, accountID, PurposePost, PhotoReady)
	return res.RowsAffected == 1, translate(res.Error)
}
