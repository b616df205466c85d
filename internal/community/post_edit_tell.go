package community

import (
	"context"
	"errors"
	"slices"
	"time"

	"tintype/internal/queue"
	"tintype/internal/store"
)

// jobTellEdit tells who boosted a post or commented on it that it was edited; of a comment, to whom it was told.
const jobTellEdit = "post.tell_edit"

const (
	// editTold is how many are told in one transaction.
	editTold = 50
	// editRings is for how long an edit keeps the next one from being pushed: typing errors are mended one after the other.
	editRings = store.Millis(10 * time.Minute / time.Millisecond)
)

type tellEditPayload struct {
	PostID int64 `json:"post_id"`
	After  int64 `json:"after,omitempty"` // the account that was looked at last
	Quiet  bool  `json:"quiet,omitempty"` // nothing is pushed
}

// tellEdit has a job tell of an edit that changed what a post says or shows. Who may see it or comment on it is no news to others,
// nor is a description that was mended.
func tellEdit(ctx context.Context, tx *store.Store, p, was *store.Post, photosBefore, photosAfter []int64) error {
	same := p.Caption == was.Caption && p.Warning == was.Warning && slices.Equal(photosBefore, photosAfter)
	if same || p.Kind == store.KindPost && p.BoostsCount == 0 && p.CommentsCount == 0 {
		return nil
	}
	quiet := was.EditedAt != nil && *p.EditedAt-*was.EditedAt < editRings
	return tx.AddJob(ctx, jobTellEdit, tellEditPayload{PostID: p.ID, Quiet: quiet}, 0)
}

// runTellEdit tells some, and leaves the others to a job of their own. What tells of an earlier edit goes, as in Mastodon.
func (c *Community) runTellEdit(ctx context.Context, job *queue.Job) error {
	var payload tellEditPayload
	if err := readPayload(job, &payload); err != nil {
		return err
	}
	return c.finishJob(store.Primary(ctx), job, func(ctx context.Context, tx *store.Store) error {
		p, err := tx.RawPost(ctx, payload.PostID)
		if errors.Is(err, store.ErrNotFound) || err == nil && (p.DeletedAt != nil || p.EditedAt == nil) {
			return nil
		}
		if err != nil {
			return err
		}
		find := tx.BoostersAndCommenters
		if p.Kind == store.KindComment {
			find = tx.ToldOfComment
		}
		people, err := find(ctx, p.ID, payload.After, editTold)
		if err != nil {
			return err
		}
		for _, id := range people {
			if err := tx.DeleteNotificationsFrom(ctx, id, p.AuthorID, []string{store.NotifyUpdate}, &p.ID); err != nil {
				return err
			}
			n := store.Notification{AccountID: id, Kind: store.NotifyUpdate, FromID: p.AuthorID, PostID: &p.ID, CreatedAt: *p.EditedAt}
			if err := notifyBy(ctx, tx, n, !payload.Quiet); err != nil {
				return err
			}
		}
		if len(people) < editTold {
			return nil
		}
		return tx.AddJob(ctx, jobTellEdit, tellEditPayload{p.ID, people[len(people)-1], payload.Quiet}, 0)
	})
}
