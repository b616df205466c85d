package store

import "context"

// CreateApp registers an OAuth client under its ID.
func (s *Store) CreateApp(ctx context.Context, a *App) error {
	return translate(s.write(ctx).Create(a).Error)
}

// AppByClientID reads on the primary: a client uses its registration at once.
func (s *Store) AppByClientID(ctx context.Context, clientID string) (*App, error) {
	var a App
	if err := first(s.read(Primary(ctx)).Where("client_id = ?", clientID), &a); err != nil {
		return nil, err
	}
	return &a, nil
}

// AppByID is ErrNotFound where there is none.
func (s *Store) AppByID(ctx context.Context, id int64) (*App, error) {
	var a App
	if err := first(s.read(ctx).Where("id = ?", id), &a); err != nil {
		return nil, err
	}
	return &a, nil
}

// AppsByID finds those that exist, in no particular order.
func (s *Store) AppsByID(ctx context.Context, ids []int64) ([]*App, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var as []*App
	err := s.read(ctx).Where("id IN ?", ids).Find(&as).Error
	return as, translate(err)
}
