package community

import (
	"context"
	"errors"
	"slices"
	"time"

	"tintype/internal/store"
)

// waitForPhotos is how long a post waits for all of its photos that are being prepared.
const waitForPhotos = 20 * time.Second

// readyPhotos waits until the photos are ready. Photos that cannot become part of the account's post are *Invalid, by
// their place among ids. Those of have are part of it already.
func (c *Community) readyPhotos(ctx context.Context, acc *store.Account, ids, have []int64) error {
	bad := &Invalid{}
	end := time.Now().Add(waitForPhotos)
	for i, id := range ids {
		if slices.Contains(have, id) {
			continue
		}
		p, err := c.WaitPhoto(ctx, acc, id, max(time.Until(end), 0))
		switch {
		case errors.Is(err, ErrNotFound), err == nil && (p.Purpose != store.PurposePost || p.State == store.PhotoGone):
			bad.add("photos", "missing", "Photo %d is no longer there. Upload it again.", i+1)
		case err != nil:
			return err
		case p.PostID != nil || p.Source == store.SourceHeld:
			bad.add("photos", "taken", "Photo %d is already in another post.", i+1)
		case p.State == store.PhotoRefused:
			bad.add("photos", "refused", "Photo %d: %s", i+1, p.Refusal)
		case p.State != store.PhotoReady:
			bad.add("photos", "not_ready", "Photo %d is still being prepared. Try again in a moment.", i+1)
		}
	}
	return bad.err()
}

// withSetsFor runs f, whose transaction makes the photos those of a post with this visibility; see withSets.
func (c *Community) withSetsFor(ctx context.Context, v store.Visibility, ids []int64, f func(sets []replacedSet) error) error {
	if len(ids) == 0 {
		return f(nil)
	}
	return c.withSets(ctx, c.setKind(ctx, v), ids, f)
}

func newPhotos(in NewPost) []PostPhoto {
	photos := make([]PostPhoto, len(in.PhotoIDs))
	for i, id := range in.PhotoIDs {
		photos[i].ID = id
		if d, ok := in.Descriptions[id]; ok {
			photos[i].Description = &d
		}
		if f, ok := in.Focus[id]; ok {
			photos[i].FocusX, photos[i].FocusY = &f.X, &f.Y
		}
	}
	return photos
}

// placePhotos makes these, in this order, all the photos of a post. Its row is locked or new, and it has the photos of
// the other ids now. Photos that are new to it must be ready and the author's; the others are removed, or kept where the post was reported.
func (c *Community) placePhotos(ctx context.Context, tx *store.Store, p *store.Post, have []int64, photos []PostPhoto) error {
	for i, ph := range photos {
		row, err := tx.LockPhoto(ctx, ph.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		fresh := !slices.Contains(have, ph.ID)
		if err == nil && fresh {
			var ok bool
			if ok, err = tx.AttachPhoto(ctx, p.AuthorID, ph.ID, p.ID, i, row.Description, store.ToMillis(time.Now())); err != nil {
				return err
			} else if !ok {
				err = store.ErrNotFound
			}
		}
		if err != nil {
			return invalid("photos", "taken", "Photo %d is already in another post, or gone.", i+1)
		}
		if fresh && ph.Description == nil && ph.FocusX == nil && ph.FocusY == nil {
			continue
		}
		change := PhotoChange{FocusX: ph.FocusX, FocusY: ph.FocusY, Position: &i}
		if ph.Description != nil {
			d := tidy(*ph.Description)
			change.Description = &d
		}
		if err := c.changePhoto(ctx, tx, row, change); err != nil {
			return err
		}
	}
	gone := slices.DeleteFunc(have, func(id int64) bool {
		return slices.ContainsFunc(photos, func(ph PostPhoto) bool { return ph.ID == id })
	})
	return c.takeOut(ctx, tx, p.ID, gone)
}
