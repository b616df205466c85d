package community

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tintype/internal/store"
)

// maxDraftText bounds the stored text of a draft, in characters. It is more than a post may have, so that nothing typed
// is lost.
const maxDraftText = 20_000

// Draft returns the text and photos that the member has entered for the next post. A new draft has the member's
// defaults.
func (c *Community) Draft(ctx context.Context, acc *store.Account) (*store.Draft, []*store.Photo, error) {
	if acc == nil {
		return nil, nil, ErrUnauthenticated
	}
	ctx = store.PrimaryWhileThere(ctx) // another window may have changed it a moment ago
	d, err := c.draftOf(ctx, c.Store, acc)
	if err != nil {
		return nil, nil, fromStore(err)
	}
	photos, err := c.Store.PhotosOfDraft(ctx, acc.ID)
	return d, photos, fromStore(err)
}

func (c *Community) draftOf(ctx context.Context, s *store.Store, acc *store.Account) (*store.Draft, error) {
	d, err := s.DraftOf(ctx, acc.ID)
	if errors.Is(err, store.ErrNotFound) {
		return &store.Draft{AccountID: acc.ID, Visibility: acc.DefaultVisibility, Licence: acc.DefaultLicence, ShowExif: acc.DefaultShowExif, CommentsFrom: acc.DefaultCommentsFrom}, nil
	}
	return d, err
}

// DraftChange is what was typed. A nil field stays as it is.
type DraftChange struct {
	Caption, Warning *string
	Visibility       *store.Visibility
	Licence          *string
	ShowExif         *bool
	CommentsFrom     *store.CommentsFrom
	AlbumID          *int64
}

// SaveDraft stores what the member has typed so far. It checks nothing; Publish does.
func (c *Community) SaveDraft(ctx context.Context, acc *store.Account, ch DraftChange) (*store.Draft, error) {
	if acc == nil {
		return nil, ErrUnauthenticated
	}
	var bad Invalid
	text := func(field string, s *string, into *string, most int) {
		if s == nil {
			return
		}
		*into = strings.ToValidUTF8(*s, "")
		if n := utf8.RuneCountInString(*into); n > most {
			bad.add(field, "too_long", "This text has %d characters; a draft keeps at most %d.", n, most)
		}
	}
	var d *store.Draft
	err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		bad.Fields = nil
		var err error
		if d, err = c.draftOf(ctx, tx, acc); err != nil {
			return err
		}
		text("caption", ch.Caption, &d.Caption, maxDraftText)
		text("warning", ch.Warning, &d.Warning, 500)
		if v := ch.Visibility; v != nil {
			if *v != store.Public && *v != store.Unlisted && *v != store.Followers {
				bad.add("visibility", "invalid", "Choose who may see the post.")
			}
			d.Visibility = *v
		}
		text("licence", ch.Licence, &d.Licence, 40)
		if ch.ShowExif != nil {
			d.ShowExif = *ch.ShowExif
		}
		if from := ch.CommentsFrom; from != nil {
			bad.checkCommentsFrom(*from)
			d.CommentsFrom = *from
		}
		if ch.AlbumID != nil {
			d.AlbumID = *ch.AlbumID
		}
		if err := bad.err(); err != nil {
			return err
		}
		d.UpdatedAt = store.ToMillis(time.Now())
		return tx.PutDraft(ctx, d)
	})
	if err != nil {
		return nil, fromStore(err)
	}
	return d, nil
}

// ForgetDraft clears the typed text if it is the caption of the post that was just made. A form that was sent twice may
// store its text in the draft again after it became a post.
func (c *Community) ForgetDraft(ctx context.Context, acc *store.Account, caption string) error {
	return fromStore(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		d, err := tx.DraftOf(ctx, acc.ID)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return nil
		case err != nil:
			return err
		case Plain(d.Caption) != Plain(caption):
			return nil
		}
		return tx.ClearDraftText(ctx, acc.ID)
	}))
}

// OrderDraft puts the draft's photos into the order of ids. Photos that ids leaves out follow in their old order.
func (c *Community) OrderDraft(ctx context.Context, acc *store.Account, ids []int64) error {
	if acc == nil {
		return ErrUnauthenticated
	}
	return fromStore(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		photos, err := tx.PhotosOfDraft(ctx, acc.ID)
		if err != nil {
			return err
		}
		place := func(p *store.Photo) int {
			if i := slices.Index(ids, p.ID); i >= 0 {
				return i
			}
			return len(ids)
		}
		slices.SortStableFunc(photos, func(a, b *store.Photo) int { return place(a) - place(b) })
		for i, p := range photos {
			if p.Position == i {
				continue
			}
			if err := tx.SetDraftPosition(ctx, p.ID, i); err != nil {
				return err
			}
		}
		return nil
	}))
}
