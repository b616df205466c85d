package live

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// WatchOptions configure NewWatch. All are required.
type WatchOptions struct {
	Hub     *Hub
	Kinds   []string
	Depth   int           // events that may wait while OnEvent is busy
	Idle    time.Duration // how long after the last Use events are still followed
	OnStart func()        // called before the first event
	OnEvent func(Event)
	// OnStop is called when no more events come. lost reports whether some were missed: what was kept true by them no
	// longer is.
	OnStop func(lost bool)
}

// A Watch follows events for as long as the values that they keep true are used, so that a site without visitors does
// not poll its database.
type Watch struct {
	o    WatchOptions
	wake chan struct{}
	used atomic.Int64 // UnixNano of the last Use
	sub  atomic.Pointer[Subscription]
	mu   sync.Mutex // held to begin and to end
}

// NewWatch makes a Watch. It does nothing before Follow runs.
func NewWatch(o WatchOptions) *Watch { return &Watch{o: o, wake: make(chan struct{}, 1)} }

// Use starts following unless a Watch already does. Call it before reading anything that is to be kept, so that no
// change is missed in between.
func (w *Watch) Use() {
	w.used.Store(time.Now().UnixNano())
	if w.sub.Load() != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sub.Load() != nil {
		return
	}
	w.sub.Store(w.o.Hub.SubscribeDeep(w.o.Depth, Any, w.o.Kinds...))
	w.o.OnStart()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Follow tells of events until ctx ends.
func (w *Watch) Follow(ctx context.Context) {
	idle := time.NewTicker(w.o.Idle)
	defer idle.Stop()
	for {
		sub := w.sub.Load()
		if sub == nil {
			select {
			case <-w.wake:
			case <-ctx.Done():
				return
			}
			continue
		}
		select {
		case e := <-sub.C():
			w.o.OnEvent(e)
		case <-sub.Lost():
			w.end(sub, true)
		case <-idle.C:
			w.rest(sub)
		case <-ctx.Done():
			w.end(sub, false)
			return
		}
	}
}

func (w *Watch) end(sub *Subscription, lost bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sub.Store(nil)
	sub.Close()
	w.o.OnStop(lost)
}

// rest stops following, unless the Watch was used lately.
func (w *Watch) rest(sub *Subscription) {
	w.mu.Lock()
	defer w.mu.Unlock()
	// A Use that comes after this waits for the lock and starts again; one that came before is seen here.
	w.sub.Store(nil)
	if time.Since(time.Unix(0, w.used.Load())) < w.o.Idle {
		w.sub.Store(sub)
		return
	}
	sub.Close()
	w.o.OnStop(false)
}
