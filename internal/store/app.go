package store

import (
	"context"
	"errors"
)

// CreateApp registers an OAuth client under its ID.
func (s *conn) CreateApp(ctx context.Context, a *App) error {
	return translate(s.write(ctx).Create(a).Error)
}

// AppByClientID reads on the primary, because a client uses its registration at once.
func (s *conn) AppByClientID(ctx context.Context, clientID string) (*App, error) {
	var a App
	if err := first(s.read(Primary(ctx)).Where("client_id = ?", clientID), &a); err != nil {
		return nil, err
	}
	return &a, nil
}

// AppsByID returns those that exist, in no particular order.
func (s *conn) AppsByID(ctx context.Context, ids []int64) ([]*App, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var as []*App
	err := s.read(ctx).Where("id IN ?", ids).Find(&as).Error
	return as, translate(err)
}

// DeleteUnusedApps removes at most limit apps that registered before the moment and were never used: no token or code
// of a member, no post. It returns how many apps it looked at.
func (s *conn) DeleteUnusedApps(ctx context.Context, before Millis, limit int) (int, error) {
	ids, err := s.idList(Primary(ctx), "SELECT a.id FROM apps a WHERE a.created_at < ? AND NOT EXISTS (SELECT 1 FROM access_tokens t WHERE t.app_id = a.id)"+
		" AND NOT EXISTS (SELECT 1 FROM authorization_codes c WHERE c.app_id = a.id) AND NOT EXISTS (SELECT 1 FROM posts p WHERE p.app_id = a.id)"+
		" ORDER BY a.id LIMIT ?", before, limit)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		err := translate(s.write(ctx).Exec("DELETE FROM apps WHERE id = ?", id).Error)
		if err != nil && !errors.Is(err, ErrConflict) { // somebody has just begun to use it
			return 0, err
		}
	}
	return len(ids), nil
}
