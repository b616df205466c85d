package servertest

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Slow knows when the machine was too busy for a site to keep within its bounds. A site may say then that it cannot do
// something for the moment.
type Slow struct{ last atomic.Int64 }

const (
	slowAnswer = 300 * time.Millisecond
	slowAfter  = 10 * time.Second
)

// WatchSlow looks until the test ends: whether this process is run in time, and how fast the databases answer.
func WatchSlow(t testing.TB, databases ...*sql.DB) *Slow {
	s := &Slow{}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	t.Cleanup(func() { cancel(); wg.Wait() })
	watch := func(ask func() error) {
		wg.Go(func() {
			tick := time.NewTicker(100 * time.Millisecond)
			defer tick.Stop()
			for begin := time.Now(); ; begin = time.Now() {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				if err := ask(); (err != nil || time.Since(begin) > 100*time.Millisecond+slowAnswer) && ctx.Err() == nil {
					s.last.Store(time.Now().UnixNano())
				}
			}
		})
	}
	watch(func() error { return nil })
	for _, db := range databases {
		watch(func() error {
			ctx, cancel := context.WithTimeout(ctx, 2*slowAnswer)
			defer cancel()
			return db.PingContext(ctx)
		})
	}
	return s
}

// Recently tells whether it was too busy in the last ten seconds.
func (s *Slow) Recently() bool { return time.Now().UnixNano()-s.last.Load() <= int64(slowAfter) }
