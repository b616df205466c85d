package community

import (
	"context"
	"strings"

	"tintype/internal/store"
)

// AccountByName finds an account that the viewer may see, else ErrNotFound. A leading @ is fine.
func (c *Community) AccountByName(ctx context.Context, viewer *store.Account, username string) (*store.Account, error) {
	if err := c.reader(viewer); err != nil {
		return nil, err
	}
	acc, err := c.Store.SeenAccountByUsername(ctx, viewer, strings.TrimPrefix(username, "@"))
	if err != nil {
		return nil, fromStore(err)
	}
	return acc, c.loadProfilePhotos(ctx, acc)
}

// AccountByID finds an account that the viewer may see, else ErrNotFound.
func (c *Community) AccountByID(ctx context.Context, viewer *store.Account, id int64) (*store.Account, error) {
	if err := c.reader(viewer); err != nil {
		return nil, err
	}
	acc, err := c.Store.SeenAccountByID(ctx, viewer, id)
	if err != nil {
		return nil, fromStore(err)
	}
	return acc, c.loadProfilePhotos(ctx, acc)
}

// AccountsByID finds those of the accounts that the viewer may see, in the order asked for, 80 at most.
func (c *Community) AccountsByID(ctx context.Context, viewer *store.Account, ids []int64) ([]*store.Account, error) {
	if err := c.reader(viewer); err != nil {
		return nil, err
	}
	if len(ids) > 80 {
		ids = ids[:80]
	}
	found, err := c.Store.SeenAccountsByID(ctx, viewer, ids)
	if err != nil {
		return nil, fromStore(err)
	}
	byID := make(map[int64]*store.Account, len(found))
	for _, a := range found {
		byID[a.ID] = a
	}
	ordered := make([]*store.Account, 0, len(found))
	for _, id := range ids {
		if a := byID[id]; a != nil {
			ordered = append(ordered, a)
			delete(byID, id)
		}
	}
	return ordered, c.loadProfilePhotos(ctx, ordered...)
}

// SearchAccounts finds accounts whose username starts with the words, at most limit (80); the exact one comes first.
func (c *Community) SearchAccounts(ctx context.Context, viewer *store.Account, q string, limit int) ([]*store.Account, error) {
	if err := c.reader(viewer); err != nil {
		return nil, err
	}
	q = strings.TrimPrefix(strings.TrimSpace(q), "@")
	if q == "" || limit <= 0 {
		return nil, nil
	}
	as, err := c.Store.AccountsStartingWith(ctx, viewer, q, min(limit, 80))
	if err != nil {
		return nil, fromStore(err)
	}
	return as, c.loadProfilePhotos(ctx, as...)
}
