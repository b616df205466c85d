package community

import (
	"context"

	"tintype/internal/store"
)

// Block hides the two accounts from each other and removes follows, requests and notifications between them, both ways.
// A blocked account may block back. Blocking again changes nothing.
func (c *Community) Block(ctx context.Context, acc *store.Account, targetID int64) (Relationship, error) {
	if acc == nil {
		return Relationship{}, ErrUnauthenticated
	}
	if acc.ID == targetID {
		return Relationship{}, invalid("", "self", "You cannot block yourself.")
	}
	var rel Relationship
	_, err := c.Store.TxOnce(ctx, "blocks", func(ctx context.Context, tx *store.Store, id int64) error {
		me, target, now, err := pair(ctx, tx, acc.ID, targetID)
		if err != nil {
			return err
		}
		if now.Blocking {
			rel = now
			return nil
		}
		if !target.Active() {
			return ErrNotFound
		}
		if err := tx.AddBlock(ctx, store.Block{ID: id, AccountID: me.ID, TargetID: target.ID, CreatedAt: store.ToMillis(store.IDTime(id))}); err != nil {
			return err
		}
		var mine, theirs store.FollowDelta
		for _, way := range []struct {
			follower, followee           int64
			followerDelta, followeeDelta *store.FollowDelta
		}{{me.ID, target.ID, &mine, &theirs}, {target.ID, me.ID, &theirs, &mine}} {
			if _, err := tx.DeleteFollowRequest(ctx, way.follower, way.followee); err != nil {
				return err
			}
			gone, err := tx.DeleteFollow(ctx, way.follower, way.followee)
			if err != nil {
				return err
			}
			if gone {
				way.followerDelta.Following--
				way.followeeDelta.Followers--
			}
		}
		if err := tx.DeleteNotificationsBetween(ctx, me.ID, target.ID); err != nil {
			return err
		}
		rel = Relationship{ID: target.ID, Blocking: true, BlockedBy: now.BlockedBy}
		if mine != (store.FollowDelta{}) { // a follow goes by the way
			if err := tx.AddEvent(ctx, EventAccountFollows, me.ID, target.ID, nil); err != nil {
				return err
			}
		}
		return tx.CountFollows(ctx, map[int64]store.FollowDelta{me.ID: mine, target.ID: theirs})
	})
	if err != nil {
		return Relationship{}, fromStore(err)
	}
	return rel, nil
}

// Unblock removes the block that acc made. Follows do not come back. A block that does not exist is no error; a target
// that does not exist is ErrNotFound.
func (c *Community) Unblock(ctx context.Context, acc *store.Account, targetID int64) (Relationship, error) {
	return c.change(ctx, acc, targetID, func(ctx context.Context, tx *store.Store, me, target *store.Account, now *Relationship) error {
		if !now.Blocking {
			return visibleTo(target, now)
		}
		now.Blocking = false
		_, err := tx.DeleteBlock(ctx, me.ID, target.ID)
		return err
	})
}
