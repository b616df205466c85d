package store

import "context"

// CreateLink inserts a one-time link under the hash of its secret.
func (s *conn) CreateLink(ctx context.Context, l *OneTimeLink) error {
	return translate(s.write(ctx).Create(l).Error)
}

// LinkByHash finds a link that is neither used nor expired, on the primary and by its clock.
func (s *conn) LinkByHash(ctx context.Context, hash string) (*OneTimeLink, error) {
	var l OneTimeLink
	err := first(s.read(Primary(ctx)).Where("hash = ? AND used_at IS NULL AND expires_at > "+s.dialect.nowMillis(), hash), &l)
	if err != nil {
		return nil, err
	}
	return &l, nil
}

// UseLink marks a link used. Of several callers one gets true.
func (s *conn) UseLink(ctx context.Context, hash, kind string) (bool, error) {
	now := s.dialect.nowMillis()
	res := s.write(ctx).Exec("UPDATE one_time_links SET used_at = "+now+" WHERE hash = ? AND kind = ? AND used_at IS NULL AND expires_at > "+now, hash, kind)
	return res.RowsAffected == 1, translate(res.Error)
}

// DropLinks removes an account's links of a kind, used or not.
func (s *conn) DropLinks(ctx context.Context, accountID int64, kind string) error {
	return translate(s.write(ctx).Exec("DELETE FROM one_time_links WHERE account_id = ? AND kind = ?", accountID, kind).Error)
}

// DropLinksOfActs removes the links of a kind of those accounts that an actor's acts since the moment were about.
func (s *conn) DropLinksOfActs(ctx context.Context, actor int64, act, kind string, since Millis) error {
	return translate(s.write(ctx).Exec("DELETE FROM one_time_links WHERE kind = ? AND account_id IN (SELECT target_id FROM admin_log WHERE actor_id = ? AND act = ? AND created_at >= ?)",
		kind, actor, act, since).Error)
}

// DeleteExpiredLinks removes links that expired before the moment, used ones too.
func (s *conn) DeleteExpiredLinks(ctx context.Context, before Millis) (int64, error) {
	res := s.write(ctx).Exec("DELETE FROM one_time_links WHERE expires_at < ?", before)
	return res.RowsAffected, translate(res.Error)
}
