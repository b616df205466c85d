package community

import (
	"context"

	"tintype/internal/store"
)

// Bookmark keeps the post or comment in the account's list of bookmarks, which nobody else sees. Doing so again changes
// nothing.
func (c *Community) Bookmark(ctx context.Context, acc *store.Account, id int64) (*Post, error) {
	return c.bookmarkAndLoad(ctx, acc, id, true)
}

// Unbookmark removes the bookmark. Where there is none, nothing changes.
func (c *Community) Unbookmark(ctx context.Context, acc *store.Account, id int64) (*Post, error) {
	return c.bookmarkAndLoad(ctx, acc, id, false)
}

func (c *Community) bookmarkAndLoad(ctx context.Context, acc *store.Account, id int64, keep bool) (*Post, error) {
	p, err := c.SetBookmark(ctx, acc, id, keep)
	if err != nil {
		return nil, err
	}
	return c.LoadPost(ctx, acc, p)
}

// SetBookmark is Bookmark or Unbookmark for a caller that shows only the post's own row.
func (c *Community) SetBookmark(ctx context.Context, acc *store.Account, id int64, keep bool) (*store.Post, error) {
	return c.setMark(ctx, acc, id, "bookmarks", keep, func(p *store.Post) *bool { return &p.Bookmarked },
		func(ctx context.Context, tx *store.Store, rowID int64, p *store.Post) error {
			if !keep {
				_, err := tx.RemoveBookmark(ctx, acc.ID, id)
				return err
			}
			return tx.AddBookmark(ctx, rowID, acc.ID, id, store.ToMillis(store.IDTime(rowID)))
		})
}

// setMark has set write or remove a row of the account's own about a post that it may see, unless that is so already. It
// returns the post as it is then.
func (c *Community) setMark(ctx context.Context, acc *store.Account, id int64, table string, on bool, mark func(*store.Post) *bool,
	set func(ctx context.Context, tx *store.Store, rowID int64, p *store.Post) error,
) (*store.Post, error) {
	if acc == nil || !acc.Active() {
		return nil, ErrUnauthenticated
	}
	ctx = store.Primary(ctx)
	var made *store.Post // as the try that was committed left it
	_, err := c.Store.TxOnce(ctx, table, func(ctx context.Context, tx *store.Store, rowID int64) error {
		p, err := tx.LockSeenPost(ctx, acc, id)
		if err != nil {
			return err
		}
		people, err := tx.LockAccounts(ctx, acc.ID)
		if err != nil {
			return err
		}
		if me := people[acc.ID]; me == nil || !me.Active() {
			return ErrUnauthenticated
		}
		if *mark(p) != on {
			if err := set(ctx, tx, rowID, p); err != nil {
				return err
			}
		}
		*mark(p), made = on, p // a rerun that fails says that the try before it was done
		return nil
	})
	if err != nil {
		return nil, fromStore(err)
	}
	return made, nil
}

// BookmarkedPosts is LikedPosts for bookmarks.
func (c *Community) BookmarkedPosts(ctx context.Context, acc *store.Account, page Cursor) (posts []*Post, next, prev int64, err error) {
	return c.markedPosts(ctx, acc, page, c.Store.BookmarkedPosts)
}
