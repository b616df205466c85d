package community

import (
	"context"
	"errors"
	"math"
	"time"

	"tintype/internal/queue"
	"tintype/internal/store"
)

// JobAccountDelete removes the rows and photos of a deleted account, in batches.
const JobAccountDelete = "account.delete"

type accountDeletePayload struct {
	AccountID int64 `json:"account_id"`
}

const (
	// accountSlice is how long one run of the job works on an account; a large one is continued by another job, so
	// that its size never counts as failed tries.
	accountSlice = 5 * time.Minute

	// accountBatch is how many rows of an account one transaction removes at most; see pacer.
	accountBatch = 50
)

// DeleteAccount deletes an account with everything in it, after asking for the password. It is gone from every page
// at once, its sessions and tokens are over, and nobody gets its username again. A job removes the rest. Doing so
// again changes nothing. *Invalid for the site's last owner.
func (c *Community) DeleteAccount(ctx context.Context, acc *store.Account, by Confirmation) error {
	ctx = store.Primary(ctx)
	if err := c.confirm(ctx, acc, "password", by); err != nil {
		return err
	}
	err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		locked, err := tx.LockAccounts(ctx, acc.ID)
		if err != nil {
			return err
		}
		now := locked[acc.ID]
		if now == nil || now.DeletedAt != nil {
			return nil
		}
		return deleteAccount(ctx, tx, now)
	})
	return fromStore(err)
}

// deleteAccount hides an account that the transaction has locked, and adds the job that removes it.
func deleteAccount(ctx context.Context, tx *store.Store, now *store.Account) error {
	if err := keepOwner(ctx, tx, now, ""); err != nil {
		return err
	}
	if err := tx.RetireUsername(ctx, now.Username); err != nil {
		return err
	}
	if err := tx.DeleteOtherSessions(ctx, now.ID, ""); err != nil {
		return err
	}
	if err := tx.DeleteTokensOf(ctx, now.ID, 0); err != nil {
		return err
	}
	if err := tx.DropLinks(ctx, now.ID, LinkReset); err != nil {
		return err
	}
	if err := endGrants(ctx, tx, now, ""); err != nil {
		return err
	}
	if err := tx.AddJob(ctx, JobAccountDelete, accountDeletePayload{now.ID}, 0); err != nil {
		return err
	}
	if err := tx.AddEvent(ctx, EventAccountGone, now.ID, now.ID, nil); err != nil {
		return err
	}
	return tx.HideAccount(ctx, now.ID)
}

// runAccountDelete can be repeated at any point: each batch is a transaction of its own, and the next run does not find
// what was removed.
func (c *Community) runAccountDelete(ctx context.Context, job *queue.Job) error {
	var payload accountDeletePayload
	if err := readPayload(job, &payload); err != nil {
		return err
	}
	ctx = store.Primary(ctx)
	acc, err := c.Store.AccountByID(ctx, payload.AccountID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if acc.DeletedAt == nil {
		return queue.Permanent(errors.New("the account is not deleted"))
	}
	pace := newPacer(accountBatch)
	for end := time.Now().Add(accountSlice); ; {
		more, err := c.eraseAccountBatch(ctx, acc.ID, pace)
		if err != nil {
			return err
		}
		if !more {
			return c.finishJob(ctx, job, func(ctx context.Context, tx *store.Store) error { return tx.BlankAccount(ctx, acc.ID) })
		}
		if time.Now().After(end) {
			return c.finishJob(ctx, job, func(ctx context.Context, tx *store.Store) error {
				return tx.AddJob(ctx, JobAccountDelete, payload, 0)
			})
		}
	}
}

// eraseAccountBatch removes one batch of a deleted account's rows. It reports whether there may be more. Photos go before
// posts, so that one job removes many of them.
func (c *Community) eraseAccountBatch(ctx context.Context, id int64, pace *pacer) (more bool, err error) {
	for _, erase := range []func(context.Context, int64, int) (int, error){
		c.eraseExport, c.eraseImport, c.erasePhotos, c.erasePosts, c.eraseLikes, c.eraseBoosts, c.eraseNeighbours, c.eraseAlbums, c.eraseAccountRows,
	} {
		n := 0
		err := pace.batch(ctx, func(limit int) (_ int, err error) {
			n, err = erase(ctx, id, limit)
			return n, err
		})
		if err != nil || n > 0 {
			return true, err
		}
	}
	return false, nil
}

// eraseExport removes the account's export.
func (c *Community) eraseExport(ctx context.Context, id int64, _ int) (int, error) {
	return eraseOne(ctx, c.Store, id, (*store.Store).ExportOf, c.dropExport)
}

// eraseImport removes the account's import.
func (c *Community) eraseImport(ctx context.Context, id int64, _ int) (int, error) {
	return eraseOne(ctx, c.Store, id, (*store.Store).ImportOf, c.dropImport)
}

// eraseOne drops what an account has at most one of, and returns how many there were.
func eraseOne[T any](ctx context.Context, s *store.Store, id int64, find func(*store.Store, context.Context, int64) (T, error), drop func(context.Context, *store.Store, T) error) (n int, err error) {
	err = s.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		n = 0
		v, err := find(tx, ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		n = 1
		return drop(ctx, tx, v)
	})
	return n, err
}

// erasePosts removes posts and comments, newest first, with their rows, and takes them out of the counters.
func (c *Community) erasePosts(ctx context.Context, id int64, limit int) (int, error) {
	ids, err := c.Store.LivePostIDsOf(ctx, id, limit)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return len(ids), c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		for _, postID := range ids {
			row, err := tx.RawPost(ctx, postID)
			if err == nil {
				err = c.eraseWholePost(ctx, tx, row)
			}
			if err != nil && !errors.Is(err, store.ErrNotFound) { // somebody else has just deleted it
				return err
			}
		}
		return nil
	})
}

// eraseWholePost removes a post or comment with its rows. One that has a thread or many rows it hides, and adds the job
// that removes them.
func (c *Community) eraseWholePost(ctx context.Context, tx *store.Store, p *store.Post) error {
	if err := hidePostRow(ctx, tx, p); err != nil {
		return err
	}
	comments, err := tx.CommentIDs(ctx, p.ID, math.MaxInt64, 1)
	if err != nil {
		return err
	}
	if len(comments) == 0 {
		photos, err := tx.AllPhotoIDsOfPost(ctx, p.ID)
		if err != nil {
			return err
		}
		if err := c.markPhotosGone(ctx, tx, photos); err != nil {
			return err
		}
		n, err := tx.ErasePostRows(ctx, p.ID, accountBatch)
		if err != nil {
			return err
		}
		if n < accountBatch {
			return tx.DropPost(ctx, p.ID)
		}
	}
	return tx.AddJob(ctx, JobPostDelete, postDeletePayload{p.ID}, 0)
}

// erasePhotos marks the photos gone, those of drafts, avatars and headers too. Jobs remove their bytes and rows.
func (c *Community) erasePhotos(ctx context.Context, id int64, limit int) (int, error) {
	ids, err := c.Store.PhotoIDsOf(ctx, id, limit)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return len(ids), c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return c.markPhotosGone(ctx, tx, ids) })
}

// eraseLikes removes likes in ascending order of the posts, which is the order in which everybody locks posts.
func (c *Community) eraseLikes(ctx context.Context, id int64, limit int) (int, error) {
	return c.eraseMarks(ctx, id, limit, c.Store.LikesBy, store.NotifyLike, EventPostUnliked,
		func(ctx context.Context, tx *store.Store, postID int64) (removed bool, payload any, err error) {
			removed, err = tx.RemoveLike(ctx, id, postID)
			return removed, nil, err
		},
		func(ctx context.Context, tx *store.Store, postID int64) error {
			return tx.AddToPost(ctx, postID, -1, 0)
		})
}

// eraseMarks removes some of the account's likes or boosts, with their notifications, and counts them last.
func (c *Community) eraseMarks(ctx context.Context, id int64, limit int, list func(context.Context, int64, int) ([]store.LikeRef, error), told, event string,
	remove func(context.Context, *store.Store, int64) (bool, any, error), count func(context.Context, *store.Store, int64) error,
) (int, error) {
	marks, err := list(ctx, id, limit)
	if err != nil || len(marks) == 0 {
		return 0, err
	}
	return len(marks), c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		var counted []int64
		for _, m := range marks {
			if _, err := tx.LockPost(ctx, m.PostID); errors.Is(err, store.ErrNotFound) {
				continue // its post has just gone, and the mark with it
			} else if err != nil {
				return err
			}
			removed, payload, err := remove(ctx, tx, m.PostID)
			if err != nil {
				return err
			}
			if removed {
				counted = append(counted, m.PostID)
				if err := tx.AddEvent(ctx, event, id, m.PostID, payload); err != nil {
					return err
				}
			}
			if err := tx.DeleteNotificationsFrom(ctx, m.AuthorID, id, []string{told}, &m.PostID); err != nil {
				return err
			}
		}
		for _, postID := range counted {
			if err := count(ctx, tx, postID); err != nil {
				return err
			}
		}
		return nil
	})
}

// eraseNeighbours ends follows, requests and blocks, both ways.
func (c *Community) eraseNeighbours(ctx context.Context, id int64, limit int) (int, error) {
	others, err := c.Store.NeighboursOf(ctx, id, limit)
	if err != nil || len(others) == 0 {
		return 0, err
	}
	return len(others), c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		if _, err := tx.LockAccounts(ctx, append([]int64{id}, others...)...); err != nil {
			return err
		}
		deltas := map[int64]store.FollowDelta{}
		own := store.FollowDelta{}
		for _, other := range others {
			theirs := store.FollowDelta{}
			following, err := tx.DeleteFollow(ctx, id, other)
			if err != nil {
				return err
			}
			if following {
				own.Following--
				theirs.Followers--
			}
			followed, err := tx.DeleteFollow(ctx, other, id)
			if err != nil {
				return err
			}
			if followed {
				own.Followers--
				theirs.Following--
			}
			deltas[other] = theirs
			for _, way := range [][2]int64{{id, other}, {other, id}} {
				if _, err := tx.DeleteFollowRequest(ctx, way[0], way[1]); err != nil {
					return err
				}
				if _, err := tx.DeleteBlock(ctx, way[0], way[1]); err != nil {
					return err
				}
			}
			if err := tx.DeleteNotificationsBetween(ctx, id, other); err != nil {
				return err
			}
		}
		deltas[id] = own
		if err := tx.AddEvent(ctx, EventAccountFollows, id, id, nil); err != nil {
			return err
		}
		return tx.CountFollows(ctx, deltas)
	})
}

// eraseAccountRows removes rows that no counter counts.
func (c *Community) eraseAccountRows(ctx context.Context, id int64, limit int) (n int, err error) {
	err = c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		n, err = tx.EraseAccountRows(ctx, id, limit)
		return err
	})
	return n, err
}
