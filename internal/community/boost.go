package community

import (
	"context"
	"slices"

	"tintype/internal/store"
)

// Boost shows a post to the account's followers and on its profile. Only public and unlisted posts can be boosted: a
// boost leads nobody to what they may not see. It returns the post as the boost brings it. Doing so again changes nothing.
func (c *Community) Boost(ctx context.Context, acc *store.Account, id int64) (*Post, error) {
	p, err := c.SetBoost(ctx, acc, id, true)
	if err != nil {
		return nil, err
	}
	ctx = store.Primary(ctx)
	boost, err := c.Store.BoostID(ctx, acc.ID, id)
	if err != nil {
		return nil, fromStore(err)
	}
	p.BoostID, p.BoosterID = boost, acc.ID
	if boost == 0 { // taken back since
		p.BoosterID = 0
	}
	return c.loadPost(ctx, acc, p)
}

// Unboost removes a boost and its notification. Where there is none, nothing changes.
func (c *Community) Unboost(ctx context.Context, acc *store.Account, id int64) (*Post, error) {
	p, err := c.SetBoost(ctx, acc, id, false)
	if err != nil {
		return nil, err
	}
	return c.LoadPost(ctx, acc, p)
}

// SetBoost is Boost or Unboost for a caller that shows only the post's own row.
func (c *Community) SetBoost(ctx context.Context, acc *store.Account, id int64, boost bool) (*store.Post, error) {
	if acc == nil || !acc.Active() {
		return nil, ErrUnauthenticated
	}
	ctx = store.Primary(ctx)
	var made *store.Post // as the try that was committed left it
	_, err := c.Store.TxOnce(ctx, "boosts", func(ctx context.Context, tx *store.Store, boostID int64) error {
		p, err := tx.LockSeenPost(ctx, acc, id)
		if err == nil && boost {
			err = boostTx(ctx, tx, acc, p, boostID)
		} else if err == nil && p.Boosted {
			err = unboostTx(ctx, tx, acc, p)
		}
		if err == nil { // a rerun that fails says that the try before it was done
			made = p
		}
		return err
	})
	if err != nil {
		return nil, fromStore(err)
	}
	return made, nil
}

// boostEvent is what a stream must know of a boost, which may be taken back by the time the event is read.
type boostEvent struct {
	BoostID int64 `json:"boost_id"`
}

// boostTx leaves the post as it is then.
func boostTx(ctx context.Context, tx *store.Store, acc *store.Account, p *store.Post, boostID int64) error {
	people, err := tx.LockAccounts(ctx, acc.ID, p.AuthorID)
	if err != nil {
		return err
	}
	if me := people[acc.ID]; me == nil || !me.Active() {
		return ErrUnauthenticated
	}
	if p.Boosted {
		return nil
	}
	switch {
	case p.Kind != store.KindPost:
		return invalid("", "comment", "Only photographs can be boosted, not comments.")
	case p.Visibility == store.Followers:
		return invalid("", "private", "Only public and unlisted posts can be boosted.")
	}
	b := store.Boost{ID: boostID, AccountID: acc.ID, PostID: p.ID, CreatedAt: store.ToMillis(store.IDTime(boostID))}
	if err := notify(ctx, tx, store.Notification{AccountID: p.AuthorID, Kind: store.NotifyBoost, FromID: acc.ID, PostID: &p.ID, CreatedAt: b.CreatedAt}); err != nil {
		return err
	}
	if err := tx.AddEvent(ctx, EventPostBoosted, acc.ID, p.ID, boostEvent{boostID}); err != nil {
		return err
	}
	p.Boosted = true
	p.BoostsCount++
	return tx.AddBoost(ctx, b)
}

// unboostTx leaves the post as it is then.
func unboostTx(ctx context.Context, tx *store.Store, acc *store.Account, p *store.Post) error {
	boostID, err := tx.RemoveBoost(ctx, acc.ID, p.ID)
	if err != nil || boostID == 0 {
		return err
	}
	if p.AuthorID != acc.ID { // nobody is told of own boosts
		if err := tx.DeleteNotificationsFrom(ctx, p.AuthorID, acc.ID, []string{store.NotifyBoost}, &p.ID); err != nil {
			return err
		}
	}
	if err := tx.AddEvent(ctx, EventPostUnboosted, acc.ID, p.ID, boostEvent{boostID}); err != nil {
		return err
	}
	p.Boosted = false
	p.BoostsCount--
	return tx.AddToBoosts(ctx, p.ID, -1)
}

// BoostedPosts is LikedPosts for boosts.
func (c *Community) BoostedPosts(ctx context.Context, acc *store.Account, page Cursor) (posts []*Post, next, prev int64, err error) {
	return c.markedPosts(ctx, acc, page, c.Store.BoostedPosts)
}

// BoostsOf returns what the account boosted and the viewer may see, the newest boost first, paged by FeedID, or ErrNotFound if the
// viewer may not see the account.
func (c *Community) BoostsOf(ctx context.Context, viewer *store.Account, accountID int64, page Cursor) ([]*Post, error) {
	if err := c.seesAccount(ctx, viewer, accountID); err != nil {
		return nil, err
	}
	posts, err := c.Store.BoostsOf(ctx, viewer, accountID, page.span(defaultPosts, maxPosts))
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadPosts(ctx, viewer, FilterAccount, posts)
}

// BoostByID is the boosted post as that boost brings it, else ErrNotFound.
func (c *Community) BoostByID(ctx context.Context, viewer *store.Account, id int64) (*Post, error) {
	if err := c.reader(ctx, viewer); err != nil {
		return nil, err
	}
	p, err := c.Store.BoostByID(ctx, viewer, id)
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadPost(ctx, viewer, p)
}

// PostsAndBoostsByID is PostsByID for ids of boosts as well, whose posts come as the boosts bring them.
func (c *Community) PostsAndBoostsByID(ctx context.Context, viewer *store.Account, ids []int64) ([]*Post, error) {
	posts, err := c.PostsByID(ctx, viewer, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[int64]*Post, len(ids))
	for _, p := range posts {
		found[p.ID] = p
	}
	others := slices.DeleteFunc(slices.Clone(ids[:min(len(ids), 80)]), func(id int64) bool { return found[id] != nil })
	rows, err := c.Store.BoostsByID(ctx, viewer, others)
	if err != nil || len(rows) == 0 {
		return posts, fromStore(err)
	}
	boosts, err := c.loadPosts(ctx, viewer, filterAnywhere, rows)
	if err != nil {
		return nil, err
	}
	for _, p := range boosts {
		found[p.BoostID] = p
	}
	all := make([]*Post, 0, len(found))
	for _, id := range ids {
		if p := found[id]; p != nil {
			all = append(all, p)
			delete(found, id)
		}
	}
	return all, nil
}

// BoostedBy returns the accounts that boosted the post and that the viewer may see, the newest boost first. The cursors
// are ids of boosts, as LikedBy has those of likes.
func (c *Community) BoostedBy(ctx context.Context, viewer *store.Account, id int64, page Cursor) (accounts []*store.Account, next, prev int64, err error) {
	return c.markedBy(ctx, viewer, id, page, c.Store.BoostedBy)
}

// eraseBoosts is eraseLikes for boosts.
func (c *Community) eraseBoosts(ctx context.Context, id int64, limit int) (int, error) {
	return c.eraseMarks(ctx, id, limit, c.Store.BoostsBy, store.NotifyBoost, EventPostUnboosted,
		func(ctx context.Context, tx *store.Store, postID int64) (removed bool, payload any, err error) {
			boostID, err := tx.RemoveBoost(ctx, id, postID)
			return boostID != 0, boostEvent{boostID}, err
		},
		func(ctx context.Context, tx *store.Store, postID int64) error { return tx.AddToBoosts(ctx, postID, -1) })
}
