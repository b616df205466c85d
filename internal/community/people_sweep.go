package community

import (
	"context"
	"errors"
	"time"

	"tintype/internal/store"
)

const (
	// keepClientTokens is how long a client's own token may lie unused (its uses are noted hourly), keepUnusedApps how long a
	// registration with which nobody has done anything: clients register again by themselves.
	keepClientTokens = 25 * time.Hour
	keepUnusedApps   = 24 * time.Hour

	keepAttempts = 2 * 24 * time.Hour // two windows of the longest limit that nobody can change
	keepLinks    = 24 * time.Hour     // after their end
)

// sweepPeople removes what nobody needs any more: expired sessions, links and codes, counts of limits, clients
// that nobody uses, and accounts of strangers that were never confirmed. A run is bounded, and does no harm next to another.
func (c *Community) sweepPeople(ctx context.Context) error {
	now, err := c.Store.Now(ctx)
	if err != nil {
		return err
	}
	ago := func(d time.Duration) store.Millis { return now - store.Millis(d.Milliseconds()) }
	s, site, attempts := c.Store, c.Site(ctx), keepAttempts
	for _, l := range []Limit{site.LoginLimit, site.SignUpLimit, site.UploadLimit, site.PostLimit, site.ReportLimit} {
		attempts = max(attempts, 2*l.Window)
	}
	counted := func(n int64, err error) (int, error) { return int(n), err }
	_, linksErr := s.DeleteExpiredLinks(ctx, ago(keepLinks))
	_, codesErr := s.DeleteExpiredCodes(ctx, ago(keepLinks))
	return errors.Join(linksErr, codesErr,
		inBatches(ctx, func(limit int) (int, error) { return counted(s.DeleteExpiredSessions(ctx, now, limit)) }),
		inBatches(ctx, func(limit int) (int, error) { return counted(s.DeleteAttempts(ctx, ago(attempts), limit)) }),
		inBatches(ctx, func(limit int) (int, error) { return s.DeleteUnusedClientTokens(ctx, ago(keepClientTokens), limit) }),
		c.sweepUnconfirmed(ctx, now),
		inBatches(ctx, func(limit int) (int, error) { return s.DeleteUnusedApps(ctx, ago(keepUnusedApps), limit) }),
	)
}
