package community

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"tintype/internal/live"
	"tintype/internal/store"
)

// visibleIdle is how long after the last look events are still followed for a Visible.
const visibleIdle = 10 * time.Second

// A Visible counts how often what visitors see has changed, anywhere in the fleet: who keeps something that was read at
// one count may show it for as long as the count is the same.
//
// What this process commits counts at once, what others commit counts when its event is heard, and with replicas once
// more when all of them have it: what was read in between may have come from one that had not.
type Visible struct {
	store           *store.Store
	waitForReplicas func(context.Context) error // see StreamOptions
	log             *slog.Logger
	watch           *live.Watch
	changes         atomic.Uint64
	lagging         chan struct{}
}

// NewVisible makes a Visible; Follow makes it count.
func NewVisible(c *Community, waitForReplicas func(context.Context) error) *Visible {
	v := &Visible{store: c.Store, waitForReplicas: waitForReplicas, log: c.Log, lagging: make(chan struct{}, 1)}
	v.watch = live.NewWatch(live.WatchOptions{
		Hub: c.Live, Kinds: visibleKinds, Depth: eventsAhead, Idle: visibleIdle,
		OnStart: v.changed,
		OnEvent: func(live.Event) { v.changed() },
		OnStop:  func(bool) { v.changes.Add(1) },
	})
	return v
}

// Count is the count now. It is asked for before anything is read.
func (v *Visible) Count() uint64 {
	v.watch.Use()
	return v.changes.Load() + v.store.Commits()
}

// Changes is how many changes were seen.
func (v *Visible) Changes() uint64 { return v.changes.Load() }

func (v *Visible) changed() {
	v.changes.Add(1)
	select {
	case v.lagging <- struct{}{}:
	default:
	}
}

// Follow counts until ctx ends.
func (v *Visible) Follow(ctx context.Context) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		v.watch.Follow(ctx)
	}()
	defer func() { <-done }()
	for {
		select {
		case <-v.lagging:
		case <-ctx.Done():
			return
		}
		if v.waitForReplicas == nil {
			continue
		}
		for v.waitForReplicas(ctx) != nil {
			select {
			case <-time.After(replicaRetry):
			case <-ctx.Done():
				return
			}
		}
		v.changes.Add(1)
	}
}

// replicaRetry is how long after a failure the replicas are looked at again.
const replicaRetry = 500 * time.Millisecond
