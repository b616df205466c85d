package community

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"tintype/internal/live"
	"tintype/internal/sleep"
	"tintype/internal/store"
)

// visibleIdle is how long events are followed after the last call of Count.
const visibleIdle = 10 * time.Second

// A Visible counts changes of what visitors see, anywhere in the fleet. What was read at one count may be shown for as
// long as the count stays the same.
//
// A commit of this process counts at once. A commit of another process counts when its event is read. With replicas
// each counts once more when all of them have it, because what was read in between may have come from a replica that
// had not.
type Visible struct {
	store           *store.Store
	waitForReplicas func(context.Context) error // see StreamOptions
	log             *slog.Logger
	watch           *live.Watch
	changes         atomic.Uint64
	lagging         chan struct{}
}

// NewVisible makes a Visible. It counts only commits of this process before Follow runs.
func NewVisible(c *Community, waitForReplicas func(context.Context) error) *Visible {
	v := &Visible{store: c.Store, waitForReplicas: waitForReplicas, log: c.Log, lagging: make(chan struct{}, 1)}
	v.watch = live.NewWatch(live.WatchOptions{
		Hub: c.Live, Kinds: visibleKinds, Depth: eventsAhead, Idle: visibleIdle,
		OnStart: v.changed,
		OnEvent: func(e live.Event) {
			if e.Kind == EventSiteChanged {
				c.site.drop() // before it counts: what is read from then on is kept
			}
			v.changed()
		},
		OnStop: func(bool) { v.changes.Add(1) },
	})
	return v
}

// Count returns the count now. Call it before reading anything.
func (v *Visible) Count() uint64 {
	v.watch.Use()
	return v.changes.Load() + v.store.Commits()
}

// Changes returns how many changes were read from events.
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
			if sleep.For(ctx, replicaRetry) != nil {
				return
			}
		}
		v.changes.Add(1)
	}
}

// replicaRetry is the pause after the replicas could not be asked.
const replicaRetry = 500 * time.Millisecond
