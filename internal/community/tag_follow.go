package community

import (
	"context"
	"errors"
	"slices"
	"strings"

	"tintype/internal/store"
)

// MaxTagFollows is how many tags an account follows: a home feed looks at each.
const MaxTagFollows = 50

// FollowTag has the public posts with the tag in the account's home feed, or with follow false no more. It returns *Invalid
// for what is no tag and past MaxTagFollows. Doing so again changes nothing.
func (c *Community) FollowTag(ctx context.Context, acc *store.Account, name string, follow bool) (*store.Tag, error) {
	if acc == nil || !acc.Active() {
		return nil, ErrUnauthenticated
	}
	name = strings.TrimPrefix(strings.TrimSpace(name), "#")
	if !ValidTag(name) {
		return nil, invalid("", "invalid", "That is not a tag.")
	}
	ctx = store.Primary(ctx)
	tag := store.Tag{Name: name, NameKey: store.Fold(name)}
	ids, err := c.Store.EnsureTags(ctx, map[string]string{tag.NameKey: name})
	if err != nil {
		return nil, fromStore(err)
	}
	tag.ID = ids[0]
	_, err = c.Store.TxOnce(ctx, "tag_follows", func(ctx context.Context, tx *store.Store, id int64) error {
		locked, err := tx.LockAccounts(ctx, acc.ID)
		if err != nil {
			return err
		}
		if me := locked[acc.ID]; me == nil || !me.Active() {
			return ErrUnauthenticated
		}
		if !follow {
			return tx.RemoveTagFollow(ctx, acc.ID, tag.ID)
		}
		followed, err := tx.FollowedTagIDs(ctx, acc.ID)
		switch {
		case err != nil:
			return err
		case slices.Contains(followed, tag.ID):
			return nil
		case len(followed) >= MaxTagFollows:
			return invalid("", "too_many", "You follow %d tags, which is the most this site allows.", MaxTagFollows)
		}
		return tx.AddTagFollow(ctx, id, acc.ID, tag.ID, store.ToMillis(store.IDTime(id)))
	})
	if err != nil {
		return nil, fromStore(err)
	}
	seen, err := c.Store.TagByKey(ctx, acc, tag.NameKey)
	if errors.Is(err, store.ErrNotFound) { // also where others have used it, in posts that acc may not see
		return &store.Tag{Name: name, NameKey: tag.NameKey}, nil
	}
	return seen, fromStore(err)
}

// FollowedTags lists the tags that the account follows, newest first. The cursors are ids of follows; next is 0 on the last
// page.
func (c *Community) FollowedTags(ctx context.Context, acc *store.Account, page Cursor) (tags []store.Tag, next, prev int64, err error) {
	if acc == nil {
		return nil, 0, 0, ErrUnauthenticated
	}
	r := page.span(defaultAccounts, 200)
	want := r.Limit
	r.Limit++
	rows, err := c.Store.FollowedTags(ctx, acc, r)
	if err != nil {
		return nil, 0, 0, fromStore(err)
	}
	more := len(rows) > want
	if more && r.Up {
		rows = rows[1:]
	} else if more {
		rows = rows[:want]
	}
	for _, row := range rows {
		tags = append(tags, row.Tag)
	}
	if len(rows) > 0 {
		prev = rows[0].RowID
		if more || r.Up {
			next = rows[len(rows)-1].RowID
		}
	}
	return tags, next, prev, nil
}

// FollowsTag reports whether the account follows the tag.
func (c *Community) FollowsTag(ctx context.Context, acc *store.Account, tagID int64) (bool, error) {
	if acc == nil || tagID == 0 {
		return false, nil
	}
	followed, err := c.Store.FollowedTagIDs(ctx, acc.ID)
	return slices.Contains(followed, tagID), fromStore(err)
}
