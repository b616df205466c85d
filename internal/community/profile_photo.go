package community

import (
	"context"

	"tintype/internal/store"
)

// loadProfilePhotos fills in the accounts' avatars and headers, as far as they are ready, in one statement.
func (c *Community) loadProfilePhotos(ctx context.Context, accounts ...*store.Account) error {
	var profileIDs idSet
	for _, a := range accounts {
		for _, id := range []*int64{a.AvatarPhotoID, a.HeaderPhotoID} {
			if id != nil {
				profileIDs.add(*id)
			}
		}
	}
	if len(profileIDs.ids) == 0 {
		return nil
	}
	photos, err := c.Store.FeedPhotos(ctx, nil, profileIDs.ids, false)
	if err != nil {
		return fromStore(err)
	}
	byID := make(map[int64]*store.Photo, len(photos))
	for _, ph := range photos {
		byID[ph.ID] = ph
	}
	for _, a := range accounts {
		if a.AvatarPhotoID != nil {
			a.Avatar = byID[*a.AvatarPhotoID]
		}
		if a.HeaderPhotoID != nil {
			a.Header = byID[*a.HeaderPhotoID]
		}
	}
	return nil
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
