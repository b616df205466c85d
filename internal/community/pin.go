package community

import (
	"context"

	"tintype/internal/store"
)

// MaxPins is how many posts an account pins to its profile.
const MaxPins = 5

// Pin puts an own post at the top of the account's profile. Doing so again changes nothing. It returns ErrForbidden for
// another's post, and *Invalid for a comment and past MaxPins.
func (c *Community) Pin(ctx context.Context, acc *store.Account, id int64) (*Post, error) {
	return c.pinAndLoad(ctx, acc, id, true)
}

// Unpin is the opposite of Pin.
func (c *Community) Unpin(ctx context.Context, acc *store.Account, id int64) (*Post, error) {
	return c.pinAndLoad(ctx, acc, id, false)
}

func (c *Community) pinAndLoad(ctx context.Context, acc *store.Account, id int64, pin bool) (*Post, error) {
	p, err := c.SetPin(ctx, acc, id, pin)
	if err != nil {
		return nil, err
	}
	return c.LoadPost(ctx, acc, p)
}

// SetPin is Pin or Unpin for a caller that shows only the post's own row.
func (c *Community) SetPin(ctx context.Context, acc *store.Account, id int64, pin bool) (*store.Post, error) {
	return c.setMark(ctx, acc, id, "pins", pin, func(p *store.Post) *bool { return &p.Pinned },
		func(ctx context.Context, tx *store.Store, rowID int64, p *store.Post) error {
			if err := tx.AddEvent(ctx, EventAccountUpdated, acc.ID, acc.ID, nil); err != nil { // its profile looks different
				return err
			}
			if !pin {
				return tx.RemovePin(ctx, acc.ID, id)
			}
			if p.AuthorID != acc.ID {
				return ErrForbidden
			}
			n, err := tx.CountPins(ctx, acc.ID)
			switch {
			case err != nil:
				return err
			case p.Kind != store.KindPost:
				return invalid("", "comment", "Only photographs can be pinned, not comments.")
			case n >= MaxPins:
				return invalid("", "too_many", "You have pinned %d posts, which is the most. Unpin one first.", MaxPins)
			}
			return tx.AddPin(ctx, rowID, acc.ID, id, store.ToMillis(store.IDTime(rowID)))
		})
}

// PinnedPosts are the posts that an account has pinned and the viewer may see, or ErrNotFound if the viewer may not see the
// account.
func (c *Community) PinnedPosts(ctx context.Context, viewer *store.Account, accountID int64) ([]*Post, error) {
	if err := c.seesAccount(ctx, viewer, accountID); err != nil {
		return nil, err
	}
	posts, err := c.Store.PinnedPosts(ctx, viewer, accountID, MaxPins)
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadPosts(ctx, viewer, FilterAccount, posts)
}
