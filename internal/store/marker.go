package store

import "context"

// MarkersOf reads how far an account has read the timelines.
func (s *conn) MarkersOf(ctx context.Context, accountID int64, timelines []string) ([]*Marker, error) {
	if len(timelines) == 0 {
		return nil, nil
	}
	var ms []*Marker
	err := s.read(ctx).Where("account_id = ? AND timeline IN ?", accountID, timelines).Find(&ms).Error
	return ms, translate(err)
}

// SetMarker stores a position and counts the change.
func (s *conn) SetMarker(ctx context.Context, accountID int64, timeline string, lastReadID int64) error {
	d := s.dialect
	// In MySQL, assignments run from left to right and unqualified columns are the row's own.
	return translate(s.write(ctx).Exec("INSERT INTO markers (account_id, timeline, last_read_id, version, updated_at) VALUES (?, ?, ?, 1, ?) "+
		d.upsert("account_id, timeline", "last_read_id = "+d.new("last_read_id")+", version = markers.version + 1, updated_at = "+d.new("updated_at")),
		accountID, timeline, lastReadID, nowMillis()).Error)
}
