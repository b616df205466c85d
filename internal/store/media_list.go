package store

import "context"

// MediaObjectsBetween lists up to limit sets of a kind whose names come behind after and not behind last, in their
// order. An empty last is the end. It reads on the primary.
func (s *conn) MediaObjectsBetween(ctx context.Context, kind, after, last string, limit int) ([]*MediaObject, error) {
	q := s.read(Primary(ctx)).Where("kind = ? AND random > ?", kind, after)
	if last != "" {
		q = q.Where("random <= ?", last)
	}
	var out []*MediaObject
	err := q.Order("random").Limit(limit).Find(&out).Error
	return out, translate(err)
}

// wantedSets are the states of sets whose files somebody may want.
var wantedSets = []string{ObjectNew, ObjectLive, ObjectRetired}

// MediaObjectsAfter lists up to limit sets that are being written or in use, were recorded at since or later, and whose
// names come behind after, in their order. It reads on the primary.
func (s *conn) MediaObjectsAfter(ctx context.Context, after string, since Millis, limit int) ([]*MediaObject, error) {
	var out []*MediaObject
	err := s.read(Primary(ctx)).Where("random > ? AND created_at >= ? AND state IN ?", after, since, wantedSets).Order("random").Limit(limit).Find(&out).Error
	return out, translate(err)
}

// GoneMediaObjectsAfter lists up to limit sets that are gone and still have their rows, whose names come behind after,
// in their order. It reads on the primary.
func (s *conn) GoneMediaObjectsAfter(ctx context.Context, after string, limit int) ([]*MediaObject, error) {
	var out []*MediaObject
	err := s.read(Primary(ctx)).Where("state = ? AND random > ?", ObjectGone, after).Order("random").Limit(limit).Find(&out).Error
	return out, translate(err)
}

// MediaObjectsByRandom reads the sets of these names that there are, in no order. It reads on the primary.
func (s *conn) MediaObjectsByRandom(ctx context.Context, randoms []string) ([]*MediaObject, error) {
	if len(randoms) == 0 {
		return nil, nil
	}
	var out []*MediaObject
	err := s.read(Primary(ctx)).Where("random IN ?", randoms).Find(&out).Error
	return out, translate(err)
}

// CountMediaObjects counts the sets that are being written or in use.
func (s *conn) CountMediaObjects(ctx context.Context) (int64, error) {
	var n int64
	err := s.read(ctx).Raw("SELECT COUNT(*) FROM media_objects WHERE state IN ?", wantedSets).Scan(&n).Error
	return n, translate(err)
}
