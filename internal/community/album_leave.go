package community

import (
	"context"
	"errors"

	"tintype/internal/store"
)

// UnseenAlbums is how many albums that acc does not see any more have photographs of an own post.
func (c *Community) UnseenAlbums(ctx context.Context, acc *store.Account, postID int64) (int, error) {
	if acc == nil || !acc.Active() {
		return 0, ErrUnauthenticated
	}
	ids, err := c.Store.UnseenAlbumsOf(ctx, acc, postID)
	return len(ids), fromStore(err)
}

// LeaveUnseenAlbums takes the photographs of an own post out of the albums that acc does not see any more: it has no page of theirs
// to do so.
func (c *Community) LeaveUnseenAlbums(ctx context.Context, acc *store.Account, postID int64) error {
	if acc == nil || !acc.Active() {
		return ErrUnauthenticated
	}
	ctx = store.Primary(ctx)
	albums, err := c.Store.UnseenAlbumsOf(ctx, acc, postID)
	if err != nil || len(albums) == 0 {
		return fromStore(err)
	}
	photos, err := c.Store.PhotoIDsOfPost(ctx, postID)
	if err != nil {
		return fromStore(err)
	}
	for _, id := range albums {
		err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			if _, err := tx.LockAlbum(ctx, id); err != nil {
				return err
			}
			for _, photo := range photos {
				if _, err := tx.RemoveFromAlbum(ctx, id, photo, acc.ID); err != nil {
					return err
				}
			}
			return tx.AddEvent(ctx, EventAlbumChanged, acc.ID, id, nil)
		})
		if err != nil && !errors.Is(err, store.ErrNotFound) { // deleted meanwhile
			return fromStore(err)
		}
	}
	return nil
}
