package community

import (
	"context"
	"strings"

	"tintype/internal/store"
)

// AccountByName finds an account that the viewer may see, else ErrNotFound. A leading @ is fine.
func (c *Community) AccountByName(ctx context.Context, viewer *store.Account, username string) (*store.Account, error) {
	acc, err := c.Store.AccountByUsername(ctx, strings.TrimPrefix(username, "@"))
	if err != nil {
		return nil, fromStore(err)
	}
	return c.seen(ctx, viewer, acc)
}

// AccountByID finds an account that the viewer may see, else ErrNotFound.
func (c *Community) AccountByID(ctx context.Context, viewer *store.Account, id int64) (*store.Account, error) {
	acc, err := c.Store.AccountByID(ctx, id)
	if err != nil {
		return nil, fromStore(err)
	}
	return c.seen(ctx, viewer, acc)
}

func (c *Community) seen(ctx context.Context, viewer, acc *store.Account) (*store.Account, error) {
	as, err := c.onlySeen(ctx, viewer, []*store.Account{acc})
	if err != nil {
		return nil, err
	}
	if len(as) == 0 {
		return nil, ErrNotFound
	}
	return as[0], nil
}

// AccountsByID finds those of the accounts that the viewer may see, in the order asked for.
func (c *Community) AccountsByID(ctx context.Context, viewer *store.Account, ids []int64) ([]*store.Account, error) {
	found, err := c.Store.AccountsByID(ctx, ids)
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
	return c.onlySeen(ctx, viewer, ordered)
}

// onlySeen leaves out who is suspended or deleted, and who has a block between them and the viewer.
func (c *Community) onlySeen(ctx context.Context, viewer *store.Account, as []*store.Account) ([]*store.Account, error) {
	var viewerID int64
	if viewer != nil {
		viewerID = viewer.ID
	}
	ids := make([]int64, len(as))
	for i, a := range as {
		ids[i] = a.ID
	}
	blocked, err := c.Store.BlockedEitherWay(ctx, viewerID, ids)
	if err != nil {
		return nil, fromStore(err)
	}
	kept := as[:0]
	for _, a := range as {
		if a.Active() && !blocked[a.ID] {
			kept = append(kept, a)
		}
	}
	return kept, nil
}

// SearchAccounts finds accounts whose username starts with the words, at most limit (80); the exact one comes first.
func (c *Community) SearchAccounts(ctx context.Context, viewer *store.Account, q string, limit int) ([]*store.Account, error) {
	q = strings.TrimPrefix(strings.TrimSpace(q), "@")
	if q == "" || limit <= 0 {
		return nil, nil
	}
	var viewerID int64
	if viewer != nil {
		viewerID = viewer.ID
	}
	as, err := c.Store.AccountsStartingWith(ctx, viewerID, q, min(limit, 80))
	return as, fromStore(err)
}
