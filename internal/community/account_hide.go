package community

import (
	"context"
	"errors"
	"slices"
	"time"

	"tintype/internal/queue"
	"tintype/internal/store"
)

// JobAccountPhotos renames the photos of an account that was suspended or restored.
const JobAccountPhotos = "account.photos"

type accountPhotosPayload struct {
	AccountID int64 `json:"account_id"`
}

// renameBatch is how many photos are copied before one transaction.
const renameBatch = 10

// errAccountChanged means that the account or one of its posts changed meanwhile. The batch is then chosen again.
var errAccountChanged = errors.New("community: the account changed while its photos were copied")

// renamePhotos is called in the transaction that suspends or restores an account. Where readers fetch public photos
// from a CDN or a bucket, nobody there knows who is suspended: only names that nobody knows protect the files. The
// second job is for posts that were being published at that moment.
func (c *Community) renamePhotos(ctx context.Context, tx *store.Store, accountID int64) error {
	if !c.FetchedElsewhere || c.MembersOnly(ctx) {
		return nil
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	for _, at := range []store.Millis{0, now + store.Millis(2*time.Minute/time.Millisecond)} {
		if err := tx.AddJob(ctx, JobAccountPhotos, accountPhotosPayload{accountID}, at); err != nil {
			return err
		}
	}
	return nil
}

// runAccountPhotos gives the public photos of a suspended account private names, whose addresses are signed, and has
// the CDN drop the old ones. It gives the photos of a restored account public names. It can be repeated at any point.
func (c *Community) runAccountPhotos(ctx context.Context, job *queue.Job) error {
	var payload accountPhotosPayload
	if err := readPayload(job, &payload); err != nil {
		return err
	}
	ctx = store.Primary(ctx)
	end := time.Now().Add(accountSlice)
	for after := int64(0); ; {
		acc, err := c.Store.AccountByID(ctx, payload.AccountID)
		if errors.Is(err, store.ErrNotFound) || err == nil && acc.DeletedAt != nil {
			return nil // the deletion removes them
		}
		if err != nil {
			return err
		}
		hidden := acc.SuspendedAt != nil
		if hidden && after == 0 {
			if err := c.dropReplaced(ctx, acc.ID); err != nil {
				return err
			}
		}
		ids, err := c.Store.PhotosToRename(ctx, acc.ID, hidden, after, renameBatch)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			return c.finishJob(ctx, job, func(context.Context, *store.Store) error { return nil })
		}
		kind := store.SetPublic
		if hidden {
			kind = store.SetPrivate
		}
		err = c.withSets(ctx, kind, ids, func(sets []replacedSet) error {
			return c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
				return c.switchRenamed(ctx, tx, acc.ID, hidden, sets)
			})
		})
		switch {
		case errors.Is(err, errAccountChanged):
			after = 0
		case err != nil:
			return err
		default:
			after = ids[len(ids)-1] // so that one whose file is lost holds up nobody
		}
		if time.Now().After(end) {
			return c.finishJob(ctx, job, func(ctx context.Context, tx *store.Store) error {
				return tx.AddJob(ctx, JobAccountPhotos, payload, 0)
			})
		}
	}
}

// dropReplaced removes the photos that an account's profile had before: readers hold their public addresses.
func (c *Community) dropReplaced(ctx context.Context, accountID int64) error {
	return c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		ids, err := tx.ReplacedPhotos(ctx, accountID)
		if err != nil {
			return err
		}
		_, err = c.dropProfilePhotos(ctx, tx, ids)
		return err
	})
}

// switchRenamed points photos at their new sets, unless the account or a post changed meanwhile.
func (c *Community) switchRenamed(ctx context.Context, tx *store.Store, accountID int64, hidden bool, sets []replacedSet) error {
	locked, err := tx.LockAccounts(ctx, accountID)
	if err != nil {
		return err
	}
	if acc := locked[accountID]; acc == nil || acc.DeletedAt != nil || (acc.SuspendedAt != nil) != hidden {
		return errAccountChanged
	}
	ids := make([]int64, len(sets))
	for i, s := range sets {
		ids[i] = s.photo
	}
	photos, err := tx.PhotosByID(ctx, ids)
	if err != nil {
		return err
	}
	var posts []int64
	for _, p := range photos {
		if p.PostID != nil {
			posts = append(posts, *p.PostID)
		}
	}
	slices.Sort(posts)
	for _, id := range slices.Compact(posts) {
		post, err := tx.LockPost(ctx, id)
		switch {
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return err
		case hidden: // whatever became of the post
		case err != nil || post.DeletedAt != nil || c.setKind(ctx, post.Visibility) != store.SetPublic:
			return errAccountChanged
		}
	}
	return c.switchSets(ctx, tx, sets)
}
