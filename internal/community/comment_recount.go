package community

import (
	"context"
	"errors"
	"strconv"
	"time"

	"tintype/internal/store"
)

// The accounts' counters of comments are younger than the comments. The migration that adds them counts what is there,
// and processes of the release before, which may serve beside this one for the length of a rolling upgrade, do not keep
// them. So they are counted once more when that is over.
const (
	infoCommentsKept    = "comments_kept_since" // the first run of a release that keeps the counters, in milliseconds
	infoCommentsCounted = "comments_counted"    // nothing is left to do

	rollingUpgrade = 3 * time.Hour // is over by then
	recountBatch   = 100
)

// recountComments mends the counters once. It can be repeated at any point.
func (c *Community) recountComments(ctx context.Context, now store.Millis) error {
	ctx = store.Primary(ctx)
	switch _, err := c.Store.SiteInfo(ctx, infoCommentsCounted); {
	case err == nil:
		return nil
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	since, err := c.Store.SiteInfo(ctx, infoCommentsKept)
	if errors.Is(err, store.ErrNotFound) {
		_, err := c.Store.AddSiteInfo(ctx, infoCommentsKept, strconv.FormatInt(int64(now), 10))
		return err
	}
	if err != nil {
		return err
	}
	first, err := strconv.ParseInt(since, 10, 64)
	if err != nil {
		return err
	}
	if now < store.Millis(first+rollingUpgrade.Milliseconds()) {
		return nil
	}
	for after := int64(0); ; {
		ids, err := c.Store.AccountIDsAfter(ctx, after, recountBatch)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			break
		}
		wrong, err := c.Store.MiscountedComments(ctx, ids)
		if err != nil {
			return err
		}
		for _, id := range wrong {
			err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
				// Whoever changes the counters locks the account before the comment shows, or after it is gone.
				if _, err := tx.LockAccounts(ctx, id); err != nil {
					return err
				}
				return tx.RecountComments(ctx, id)
			})
			if err != nil {
				return err
			}
		}
		after = ids[len(ids)-1]
	}
	return c.Store.SetSiteInfo(ctx, infoCommentsCounted, strconv.FormatInt(int64(now), 10))
}
