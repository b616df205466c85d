package store

import "context"

// DraftOf reads what a member has typed for the next post, or ErrNotFound.
func (s *Store) DraftOf(ctx context.Context, accountID int64) (*Draft, error) {
	var d Draft
	if err := first(s.read(ctx).Where("account_id = ?", accountID), &d); err != nil {
		return nil, err
	}
	return &d, nil
}

// PutDraft writes a draft, new or not.
func (s *Store) PutDraft(ctx context.Context, d *Draft) error {
	n := s.dialect.new
	return translate(s.write(ctx).Exec("INSERT INTO drafts (account_id, caption, warning, visibility, licence, show_exif, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?) "+
		s.dialect.upsert("account_id", "caption = "+n("caption")+", warning = "+n("warning")+", visibility = "+n("visibility")+", licence = "+n("licence")+
			", show_exif = "+n("show_exif")+", updated_at = "+n("updated_at")),
		d.AccountID, d.Caption, d.Warning, string(d.Visibility), d.Licence, d.ShowExif, int64(d.UpdatedAt)).Error)
}
