package community

import (
	"context"

	"tintype/internal/store"
)

// MaxFollows is how many accounts one account may follow, open requests included.
const MaxFollows = 5000

// Follow makes acc follow the target, or ask to where the target is locked. Following again changes nothing. It returns
// ErrNotFound for a target that is not active or that a block hides, and *Invalid for oneself and past MaxFollows.
func (c *Community) Follow(ctx context.Context, acc *store.Account, targetID int64) (Relationship, error) {
	return c.FollowWith(ctx, acc, targetID, FollowOptions{})
}

// FollowOptions say what of a followed account is shown and told. A field that is nil stays as it is; at first both are false.
type FollowOptions struct {
	HideBoosts *bool // leaves out what the account boosts
	Notify     *bool // tells of each post of the account
}

// FollowWith is Follow with options, which also change a follow or request that there is.
func (c *Community) FollowWith(ctx context.Context, acc *store.Account, targetID int64, o FollowOptions) (Relationship, error) {
	if acc == nil {
		return Relationship{}, ErrUnauthenticated
	}
	if acc.ID == targetID {
		return Relationship{}, invalid("", "self", "You cannot follow yourself.")
	}
	var rel Relationship
	_, err := c.Store.TxOnce(ctx, "follows", func(ctx context.Context, tx *store.Store, id int64) error {
		me, target, now, err := pair(ctx, tx, acc.ID, targetID)
		if err != nil {
			return err
		}
		if !target.Active() || now.Blocking || now.BlockedBy {
			return ErrNotFound
		}
		was := now
		set(&now.HideBoosts, o.HideBoosts)
		set(&now.Notify, o.Notify)
		if now.Following || now.Requested && target.Locked {
			rel = now
			if now == was {
				return nil
			}
			return tx.SetFollowOptions(ctx, me.ID, target.ID, now.HideBoosts, now.Notify)
		}
		requests, err := tx.FollowRequestsBy(ctx, me.ID)
		if err != nil {
			return err
		}
		if now.Requested {
			requests-- // becomes the follow
		}
		if me.FollowingCount+requests >= MaxFollows {
			return invalid("", "too_many_follows", "You follow 5,000 accounts, which is the most this site allows.")
		}
		at := store.ToMillis(store.IDTime(id))
		if target.Locked {
			if err := tx.AddFollowRequest(ctx, store.FollowRequest{FollowerID: me.ID, FolloweeID: target.ID, HideBoosts: now.HideBoosts, Notify: now.Notify, CreatedAt: at}); err != nil {
				return err
			}
			now.Requested = true
			rel = now
			return notify(ctx, tx, store.Notification{AccountID: target.ID, Kind: store.NotifyFollowRequest, FromID: me.ID, CreatedAt: at})
		}
		if now.Requested { // the account was unlocked since
			if err := dropRequest(ctx, tx, me.ID, target.ID); err != nil {
				return err
			}
		}
		if err := tx.AddFollow(ctx, store.Follow{ID: id, FollowerID: me.ID, FolloweeID: target.ID, HideBoosts: now.HideBoosts, Notify: now.Notify, CreatedAt: at}); err != nil {
			return err
		}
		if err := notify(ctx, tx, store.Notification{AccountID: target.ID, Kind: store.NotifyFollow, FromID: me.ID, CreatedAt: at}); err != nil {
			return err
		}
		now.Following, now.Requested = true, false
		rel = now
		return countFollow(ctx, tx, me.ID, target.ID, 1)
	})
	if err != nil {
		return Relationship{}, fromStore(err)
	}
	return rel, nil
}

// Unfollow ends a follow and withdraws a request, with their notifications. Nothing to end is no error, unless the
// target does not exist.
func (c *Community) Unfollow(ctx context.Context, acc *store.Account, targetID int64) (Relationship, error) {
	return c.change(ctx, acc, targetID, func(ctx context.Context, tx *store.Store, me, target *store.Account, now *Relationship) error {
		if !now.Following && !now.Requested {
			return visibleTo(target, now)
		}
		now.HideBoosts, now.Notify = false, false
		if now.Requested {
			now.Requested = false
			if err := dropRequest(ctx, tx, me.ID, target.ID); err != nil {
				return err
			}
		}
		if now.Following {
			now.Following = false
			return dropFollow(ctx, tx, me.ID, target.ID)
		}
		return nil
	})
}

// AcceptFollow turns the follower's request into a follow. It returns ErrNotFound if there is no request.
func (c *Community) AcceptFollow(ctx context.Context, acc *store.Account, followerID int64) (Relationship, error) {
	if acc == nil {
		return Relationship{}, ErrUnauthenticated
	}
	var rel Relationship
	_, err := c.Store.TxOnce(ctx, "follows", func(ctx context.Context, tx *store.Store, id int64) error {
		me, follower, now, err := pair(ctx, tx, acc.ID, followerID)
		if err != nil {
			return err
		}
		if !now.RequestedBy || !follower.Active() {
			if now.FollowedBy && follower.Active() { // accepted already
				rel = now
				return nil
			}
			return ErrNotFound
		}
		theirs, err := tx.Relationships(ctx, follower.ID, []int64{me.ID})
		if err != nil {
			return err
		}
		if err := dropRequest(ctx, tx, follower.ID, me.ID); err != nil {
			return err
		}
		err = tx.AddFollow(ctx, store.Follow{
			ID: id, FollowerID: follower.ID, FolloweeID: me.ID, HideBoosts: theirs[0].HideBoosts, Notify: theirs[0].Notify, CreatedAt: store.ToMillis(store.IDTime(id)),
		})
		if err != nil {
			return err
		}
		now.RequestedBy, now.FollowedBy = false, true
		rel = now
		return countFollow(ctx, tx, follower.ID, me.ID, 1)
	})
	if err != nil {
		return Relationship{}, fromStore(err)
	}
	return rel, nil
}

// RefuseFollow removes a request. It returns ErrNotFound if there is none.
func (c *Community) RefuseFollow(ctx context.Context, acc *store.Account, followerID int64) (Relationship, error) {
	return c.change(ctx, acc, followerID, func(ctx context.Context, tx *store.Store, me, follower *store.Account, now *Relationship) error {
		if !now.RequestedBy {
			return ErrNotFound
		}
		now.RequestedBy = false
		return dropRequest(ctx, tx, follower.ID, me.ID)
	})
}

// RemoveFollower ends the other account's follow or request. Nothing to end is no error, unless that account does not
// exist.
func (c *Community) RemoveFollower(ctx context.Context, acc *store.Account, followerID int64) (Relationship, error) {
	return c.change(ctx, acc, followerID, func(ctx context.Context, tx *store.Store, me, follower *store.Account, now *Relationship) error {
		if !now.FollowedBy && !now.RequestedBy {
			return visibleTo(follower, now)
		}
		if now.RequestedBy {
			now.RequestedBy = false
			if err := dropRequest(ctx, tx, follower.ID, me.ID); err != nil {
				return err
			}
		}
		if now.FollowedBy {
			now.FollowedBy = false
			return dropFollow(ctx, tx, follower.ID, me.ID)
		}
		return nil
	})
}

// change runs f on two locked accounts. f may be repeated; it sets now to the relationship afterwards.
func (c *Community) change(ctx context.Context, acc *store.Account, otherID int64,
	f func(ctx context.Context, tx *store.Store, me, other *store.Account, now *Relationship) error,
) (Relationship, error) {
	if acc == nil {
		return Relationship{}, ErrUnauthenticated
	}
	if acc.ID == otherID {
		return Relationship{}, invalid("", "self", "That is your own account.")
	}
	var rel Relationship
	err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		me, other, now, err := pair(ctx, tx, acc.ID, otherID)
		if err != nil {
			return err
		}
		if err := f(ctx, tx, me, other, &now); err != nil {
			return err
		}
		rel = now
		return nil
	})
	if err != nil {
		return Relationship{}, fromStore(err)
	}
	return rel, nil
}

// visibleTo is ErrNotFound for an account that is not active or hidden by a block.
func visibleTo(other *store.Account, now *Relationship) error {
	if !other.Active() || now.Blocking || now.BlockedBy {
		return ErrNotFound
	}
	return nil
}

// dropRequest removes an existing request and its notification.
func dropRequest(ctx context.Context, tx *store.Store, followerID, followeeID int64) error {
	if _, err := tx.DeleteFollowRequest(ctx, followerID, followeeID); err != nil {
		return err
	}
	return tx.DeleteNotificationsFrom(ctx, followeeID, followerID, []string{store.NotifyFollowRequest}, nil)
}

// dropFollow removes an existing follow and its notification, and updates the counters, last in the transaction.
func dropFollow(ctx context.Context, tx *store.Store, followerID, followeeID int64) error {
	gone, err := tx.DeleteFollow(ctx, followerID, followeeID)
	if err != nil || !gone {
		return err
	}
	if err := tx.DeleteNotificationsFrom(ctx, followeeID, followerID, []string{store.NotifyFollow}, nil); err != nil {
		return err
	}
	return countFollow(ctx, tx, followerID, followeeID, -1)
}

func countFollow(ctx context.Context, tx *store.Store, followerID, followeeID int64, n int) error {
	if err := tx.AddEvent(ctx, EventAccountFollows, followerID, followeeID, nil); err != nil {
		return err
	}
	return tx.CountFollows(ctx, map[int64]store.FollowDelta{followerID: {Following: n}, followeeID: {Followers: n}})
}
