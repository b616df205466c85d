package store

import "context"

// DraftOf reads what a member has typed for the next post, or ErrNotFound.
func (s *conn) DraftOf(ctx context.Context, accountID int64) (*Draft, error) {
	var d Draft
	if err := first(s.read(ctx).Where("account_id = ?", accountID), &d); err != nil {
		return nil, err
	}
	return &d, nil
}

// PutDraft writes a draft, new or not.
func (s *conn) PutDraft(ctx context.Context, d *Draft) error {
	n := s.dialect.new
	return translate(s.write(ctx).Exec("INSERT INTO drafts (account_id, caption, warning, visibility, licence, show_exif, comments_from, album_id, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "+
		s.dialect.upsert("account_id", "caption = "+n("caption")+", warning = "+n("warning")+", visibility = "+n("visibility")+", licence = "+n("licence")+
			", show_exif = "+n("show_exif")+", comments_from = "+n("comments_from")+", album_id = "+n("album_id")+", updated_at = "+n("updated_at")),
		d.AccountID, d.Caption, d.Warning, string(d.Visibility), d.Licence, d.ShowExif, string(d.CommentsFrom), d.AlbumID, int64(d.UpdatedAt)).Error)
}
