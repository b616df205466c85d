package community

import (
	"context"
	"time"

	"tintype/internal/store"
)

// Stats counts accounts and posts. It reads every account, so callers keep the answer for a while.
func (c *Community) Stats(ctx context.Context, now time.Time) (store.SiteStats, error) {
	s, err := c.Store.SiteStats(ctx, now)
	return s, fromStore(err)
}
