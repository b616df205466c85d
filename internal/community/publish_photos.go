package community

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tintype/internal/store"
)

// waitForPhotos is how long a post waits for photos that are still being prepared.
const waitForPhotos = 20 * time.Second

// readyPhotos are the account's photos for a post, once they are all ready. What cannot become part of it is *Invalid.
func (c *Community) readyPhotos(ctx context.Context, acc *store.Account, ids []int64) ([]*store.Photo, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	for end := time.Now().Add(waitForPhotos); ; {
		photos, err := c.Store.OwnPhotos(ctx, acc.ID, ids)
		if errors.Is(err, store.ErrNotFound) {
			return nil, &Invalid{[]FieldError{{"photos", "missing", "One of the photos is no longer there. Upload it again."}}}
		}
		if err != nil {
			return nil, fromStore(err)
		}
		bad, waiting := &Invalid{}, false
		for i, p := range photos {
			switch {
			case p.State == store.PhotoRefused:
				bad.add("photos", "refused", fmt.Sprintf("Photo %d: %s", i+1, p.Refusal))
			case p.PostID != nil:
				bad.add("photos", "taken", fmt.Sprintf("Photo %d is in another post already.", i+1))
			case p.State == store.PhotoGone:
				bad.add("photos", "missing", fmt.Sprintf("Photo %d is no longer there. Upload it again.", i+1))
			case p.State != store.PhotoReady:
				waiting = true
			}
		}
		if err := bad.err(); err != nil || !waiting {
			return photos, err
		}
		if time.Now().After(end) {
			return nil, &Invalid{[]FieldError{{"photos", "not_ready", "A photo is still being prepared. Try again in a moment."}}}
		}
		select {
		case <-ctx.Done():
			return nil, fromStore(ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// attach makes the photos the post's, in their order. Fewer than asked for is *Invalid.
func attach(ctx context.Context, tx *store.Store, p *store.Post, photos []*store.Photo, descriptions map[int64]string) error {
	for i, ph := range photos {
		description := ph.Description
		if d, ok := descriptions[ph.ID]; ok {
			description = tidy(d)
		}
		ok, err := tx.AttachPhoto(ctx, p.AuthorID, ph.ID, p.ID, i, description, p.CreatedAt)
		if err != nil {
			return err
		}
		if !ok {
			return &Invalid{[]FieldError{{"photos", "taken", fmt.Sprintf("Photo %d is in another post already, or gone.", i+1)}}}
		}
	}
	return nil
}

// fitSets makes sure that no photo of a post for followers lies at a public address.
func fitSets(photos []*store.Photo, v store.Visibility) error {
	for _, ph := range photos {
		if v == store.Followers && ph.SetKind != store.SetPrivate {
			return &Unavailable{RetryAfter: time.Minute, Err: errors.New("the photos have no private set")}
		}
	}
	return nil
}
