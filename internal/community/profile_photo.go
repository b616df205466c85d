package community

import (
	"context"

	"tintype/internal/store"
)

// loadProfilePhotos fills in the accounts' avatars and headers, as far as they are ready, in one statement at most.
func (c *Community) loadProfilePhotos(ctx context.Context, accounts ...*store.Account) error {
	_, err := c.Store.FeedPhotos(ctx, nil, accounts, false)
	return fromStore(err)
}

// accountsWithPhotos loads accounts, active or not, with their avatars and headers, by id.
func (c *Community) accountsWithPhotos(ctx context.Context, ids []int64) (map[int64]*store.Account, error) {
	found, err := c.Store.AccountsByID(ctx, ids)
	if err != nil {
		return nil, fromStore(err)
	}
	out := make(map[int64]*store.Account, len(found))
	for _, a := range found {
		out[a.ID] = a
	}
	return out, c.loadProfilePhotos(ctx, found...)
}
