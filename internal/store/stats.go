package store

import (
	"context"
	"time"
)

// SiteStats are counts of the whole site. Posts are summed from their authors' counters, which reads each account
// instead of each post.
type SiteStats struct {
	Accounts    int64 // active
	Posts       int64 // of active accounts, open to everybody
	ActiveMonth int64 // accounts that posted within 30 days
}

// SiteStats counts. It reads every account, so callers keep the answer for a while.
func (s *conn) SiteStats(ctx context.Context, now time.Time) (SiteStats, error) {
	var row SiteStats
	err := s.read(ctx).Raw("SELECT COUNT(*) AS accounts, COALESCE(SUM(open_posts_count), 0) AS posts, "+
		"COALESCE(SUM(CASE WHEN last_post_at > ? THEN 1 ELSE 0 END), 0) AS active_month "+
		"FROM accounts WHERE suspended_at IS NULL AND deleted_at IS NULL", ToMillis(now.AddDate(0, 0, -30))).Scan(&row).Error
	return row, translate(err)
}
