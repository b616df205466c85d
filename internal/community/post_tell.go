package community

import (
	"context"
	"errors"
	"time"

	"tintype/internal/queue"
	"tintype/internal/store"
)

// jobTellPost tells of a new post those followers of its author who want to be told of each.
const jobTellPost = "post.tell"

// postTold is how many are told in one transaction.
const postTold = 50

type tellPostPayload struct {
	PostID int64 `json:"post_id"`
	After  int64 `json:"after,omitempty"` // the account that was looked at last
}

// tellFollowers has a job tell of a new post. Most authors have nobody who wants that: to look for one costs less than a job
// for each post.
func tellFollowers(ctx context.Context, tx *store.Store, p *store.Post) error {
	if p.Kind != store.KindPost {
		return nil
	}
	first, err := tx.ToldOfPost(ctx, p, 0, 1)
	if err != nil || len(first) == 0 {
		return err
	}
	return tx.AddJob(ctx, jobTellPost, tellPostPayload{PostID: p.ID}, 0)
}

// runTellPost tells some, and leaves the others to a job of their own. They follow the author now, so they may see the post.
func (c *Community) runTellPost(ctx context.Context, job *queue.Job) error {
	var payload tellPostPayload
	if err := readPayload(job, &payload); err != nil {
		return err
	}
	return c.finishJob(store.Primary(ctx), job, func(ctx context.Context, tx *store.Store) error {
		p, err := tx.RawPost(ctx, payload.PostID)
		if errors.Is(err, store.ErrNotFound) || err == nil && p.DeletedAt != nil {
			return nil
		}
		if err != nil {
			return err
		}
		people, err := tx.ToldOfPost(ctx, p, payload.After, postTold)
		if err != nil {
			return err
		}
		for _, id := range people {
			n := store.Notification{AccountID: id, Kind: store.NotifyPost, FromID: p.AuthorID, PostID: &p.ID, CreatedAt: store.ToMillis(time.Now())}
			if err := notify(ctx, tx, n); err != nil {
				return err
			}
		}
		if len(people) < postTold {
			return nil
		}
		return tx.AddJob(ctx, jobTellPost, tellPostPayload{p.ID, people[len(people)-1]}, 0)
	})
}
