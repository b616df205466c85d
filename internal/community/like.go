package community

import (
	"context"
	"maps"
	"slices"

	"tintype/internal/store"
)

// Like makes the account like the post or comment. Doing so again changes nothing.
func (c *Community) Like(ctx context.Context, acc *store.Account, id int64) (*Post, error) {
	return c.likeAndLoad(ctx, acc, id, true)
}

// Unlike removes a like and its notification. Where there is none, nothing changes.
func (c *Community) Unlike(ctx context.Context, acc *store.Account, id int64) (*Post, error) {
	return c.likeAndLoad(ctx, acc, id, false)
}

func (c *Community) likeAndLoad(ctx context.Context, acc *store.Account, id int64, like bool) (*Post, error) {
	p, err := c.SetLike(ctx, acc, id, like)
	if err != nil {
		return nil, err
	}
	return c.LoadPost(ctx, acc, p)
}

// SetLike is Like or Unlike for a caller that shows only the post's own row.
func (c *Community) SetLike(ctx context.Context, acc *store.Account, id int64, like bool) (*store.Post, error) {
	if acc == nil || !acc.Active() {
		return nil, ErrUnauthenticated
	}
	ctx = store.Primary(ctx)
	var made *store.Post // as the try that was committed left it
	var err error
	if like {
		_, err = c.Store.TxOnce(ctx, "likes", func(ctx context.Context, tx *store.Store, likeID int64) error {
			p, err := likeTx(ctx, tx, acc, id, likeID)
			if err == nil { // a rerun that fails says that the try before it was done
				made = p
			}
			return err
		})
	} else {
		err = c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) (err error) {
			made, err = unlikeTx(ctx, tx, acc, id)
			return err
		})
	}
	if err != nil {
		return nil, fromStore(err)
	}
	return made, nil
}

// likeTx returns the post as it is then.
func likeTx(ctx context.Context, tx *store.Store, acc *store.Account, id, likeID int64) (*store.Post, error) {
	p, err := tx.LockSeenPost(ctx, acc, id)
	if err != nil {
		return nil, err
	}
	people, err := tx.LockAccounts(ctx, acc.ID, p.AuthorID)
	if err != nil {
		return nil, err
	}
	if me := people[acc.ID]; me == nil || !me.Active() {
		return nil, ErrUnauthenticated
	}
	if p.Liked {
		return p, nil
	}
	at := store.ToMillis(store.IDTime(likeID))
	if err := tx.AddLike(ctx, likeID, acc.ID, id, at); err != nil {
		return nil, err
	}
	if err := notify(ctx, tx, store.Notification{AccountID: p.AuthorID, Kind: store.NotifyLike, FromID: acc.ID, PostID: &id, CreatedAt: at}); err != nil {
		return nil, err
	}
	if err := tx.AddEvent(ctx, EventPostLiked, acc.ID, id, nil); err != nil {
		return nil, err
	}
	p.Liked = true
	p.LikesCount++
	return p, tx.AddToPost(ctx, id, 1, 0)
}

// unlikeTx returns the post as it is then.
func unlikeTx(ctx context.Context, tx *store.Store, acc *store.Account, id int64) (*store.Post, error) {
	p, err := tx.LockSeenPost(ctx, acc, id)
	if err != nil || !p.Liked {
		return p, err
	}
	removed, err := tx.RemoveLike(ctx, acc.ID, id)
	if err != nil || !removed {
		return p, err
	}
	if p.AuthorID != acc.ID { // nobody is told of own likes
		if err := tx.DeleteNotificationsFrom(ctx, p.AuthorID, acc.ID, []string{store.NotifyLike}, &id); err != nil {
			return nil, err
		}
	}
	if err := tx.AddEvent(ctx, EventPostUnliked, acc.ID, id, nil); err != nil {
		return nil, err
	}
	p.Liked = false
	p.LikesCount--
	return p, tx.AddToPost(ctx, id, -1, 0)
}

// LikedBy returns the accounts that like the post and that the viewer may see, the newest like first. The cursors are
// ids of likes: next is for MaxID, prev for MinID. Both are 0 for an empty list, and next is 0 on the last page.
func (c *Community) LikedBy(ctx context.Context, viewer *store.Account, id int64, page Cursor) (accounts []*store.Account, next, prev int64, err error) {
	return c.markedBy(ctx, viewer, id, page, c.Store.LikedBy)
}

// markedBy returns a page of the accounts of list, which is asked for one row more than the page holds.
func (c *Community) markedBy(ctx context.Context, viewer *store.Account, id int64, page Cursor,
	list func(context.Context, *store.Account, int64, store.Range) ([]store.RowAccount, error),
) (accounts []*store.Account, next, prev int64, err error) {
	if err := c.reader(ctx, viewer); err != nil {
		return nil, 0, 0, err
	}
	seen, err := c.Store.CanSee(ctx, viewer, id)
	if err != nil {
		return nil, 0, 0, fromStore(err)
	}
	if !seen {
		return nil, 0, 0, ErrNotFound
	}
	r := page.span(40, 80)
	want := r.Limit
	r.Limit++ // one more, to know whether there is more
	likes, err := list(ctx, viewer, id, r)
	if err != nil {
		return nil, 0, 0, fromStore(err)
	}
	more := len(likes) > want
	if more && r.Up {
		likes = likes[1:]
	} else if more {
		likes = likes[:want]
	}
	if len(likes) == 0 {
		return []*store.Account{}, 0, 0, nil
	}
	if more || r.Up { // upwards, what one comes from is below
		next = likes[len(likes)-1].RowID
	}
	ids := make([]int64, len(likes))
	for i, l := range likes {
		ids[i] = l.AccountID
	}
	accounts, err = c.listedAccounts(ctx, viewer, ids)
	return accounts, next, likes[0].RowID, err
}

// LikedPosts returns the posts and comments that the account likes, the newest like first. The cursors are ids of
// likes: next is for MaxID, prev for MinID. Both are 0 where there are none, and next is 0 on the last page.
func (c *Community) LikedPosts(ctx context.Context, acc *store.Account, page Cursor) (posts []*Post, next, prev int64, err error) {
	return c.markedPosts(ctx, acc, page, c.Store.LikedPosts)
}

// markedPosts returns a page of the posts of list, which is asked for one row more than the page holds, to know whether
// it is the last.
func (c *Community) markedPosts(ctx context.Context, acc *store.Account, page Cursor,
	list func(context.Context, *store.Account, store.Range) ([]store.RowPost, error),
) (posts []*Post, next, prev int64, err error) {
	if acc == nil || !acc.Active() {
		return nil, 0, 0, ErrUnauthenticated
	}
	r := page.span(defaultPosts, maxPosts)
	want := r.Limit
	r.Limit++
	rows, err := list(ctx, acc, r)
	if err != nil {
		return nil, 0, 0, fromStore(err)
	}
	more := len(rows) > want
	if more && r.Up {
		rows = rows[1:] // the extra row is the newest
	} else if more {
		rows = rows[:want]
	}
	if len(rows) == 0 {
		return []*Post{}, 0, 0, nil
	}
	if more || r.Up { // upwards, what one comes from is below
		next = rows[len(rows)-1].RowID
	}
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = row.PostID
	}
	posts, err = c.postsByID(ctx, acc, filterNowhere, ids)
	return posts, next, rows[0].RowID, err
}

// listedAccounts are accounts as lists show them, in the order of the ids, each once, with their avatars. Who is not to be
// seen is left out.
func (c *Community) listedAccounts(ctx context.Context, viewer *store.Account, ids []int64) ([]*store.Account, error) {
	byID, err := c.Store.FeedAccounts(ctx, viewer, ids)
	if err != nil {
		return nil, fromStore(err)
	}
	if err := c.loadProfilePhotos(ctx, slices.Collect(maps.Values(byID))...); err != nil {
		return nil, err
	}
	out := make([]*store.Account, 0, len(ids))
	for _, id := range ids {
		if a := byID[id]; a != nil {
			out = append(out, a)
		}
	}
	return out, nil
}
