package community

import (
	"context"
	"time"

	"tintype/internal/store"
)

// Stats counts accounts and posts. Callers keep the answer for a while: it costs a look at every account.
func (c *Community) Stats(ctx context.Context, now time.Time) (store.SiteStats, error) {
	s, err := c.Store.SiteStats(ctx, now)
	return s, fromStore(err)
}
