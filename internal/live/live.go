// Package live follows the events that transactions write, and delivers them to subscribers in this process. An event
// is a hint to look again: the database holds the truth.
package live

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Event is one row of the bus. At is in milliseconds by the database's clock.
type Event struct {
	ID        int64
	At        int64
	Kind      string
	AccountID int64 // whom it concerns, 0 everybody
	RefID     int64
	Payload   []byte // JSON
}

// Reader reads events from the primary.
type Reader interface {
	// Now is the clock that dates events.
	Now(ctx context.Context) (int64, error)
	// After lists up to limit events after the position (at, id), in that order.
	After(ctx context.Context, at, id int64, limit int) ([]Event, error)
}

// Options configure NewHub. Zero values are defaults.
type Options struct {
	Reader  Reader
	Log     *slog.Logger
	Poll    time.Duration // while somebody listens; default 250 ms
	Overlap time.Duration // reread at each poll: twice what a transaction may last; default 10 s
	Bound   int           // events in one reading; with more, listeners are told that some are lost; default 10,000
}

const (
	// gap is the least time between two readings, however often the hub is woken: a busy fleet wakes it at each commit.
	gap = 10 * time.Millisecond
	// glance is how far back a reading between two polls goes. The next poll finds what commits later than that.
	glance = time.Second
	// soon is how often it is looked while somebody waits for one event, as an uploader does for a photo, and nothing may
	// wake the hub: by one reading for all who wait, however many they are.
	soon = 20 * time.Millisecond
)

// Hub follows events for one process.
type Hub struct {
	o    Options
	wake chan struct{}

	polls, woken, failed, events atomic.Int64

	mu     sync.Mutex
	topics map[topic]map[*Subscription]struct{}
	soon   int // subscriptions that wait for one event
}

type topic struct {
	kind string
	ref  int64
}

// NewHub makes a Hub; Follow makes it work.
func NewHub(o Options) *Hub {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Poll <= 0 {
		o.Poll = 250 * time.Millisecond
	}
	if o.Overlap <= 0 {
		o.Overlap = 10 * time.Second
	}
	if o.Bound <= 0 {
		o.Bound = 10_000
	}
	return &Hub{o: o, wake: make(chan struct{}, 1), topics: map[topic]map[*Subscription]struct{}{}}
}

// Any as a reference is every reference.
const Any int64 = 0

// buffered is how many events a subscriber may be behind.
const buffered = 64

// Subscription gets events until it is closed.
type Subscription struct {
	hub    *Hub
	topics []topic
	c      chan Event
	lost   chan struct{}
	once   sync.Once
	soon   bool // it is among the hub's
}

// Subscribe subscribes to events of these kinds about ref, or Any. The caller closes the subscription, and reads the
// state of things after subscribing: events of the last seconds may come again, earlier ones do not.
func (h *Hub) Subscribe(ref int64, kinds ...string) *Subscription {
	return h.SubscribeDeep(buffered, ref, kinds...)
}

// SubscribeDeep is Subscribe for a subscriber that may lag by that many events before it counts as too slow.
func (h *Hub) SubscribeDeep(depth int, ref int64, kinds ...string) *Subscription {
	s := &Subscription{hub: h, c: make(chan Event, depth), lost: make(chan struct{})}
	h.mu.Lock()
	for _, kind := range kinds {
		t := topic{kind, ref}
		if h.topics[t] == nil {
			h.topics[t] = map[*Subscription]struct{}{}
		}
		h.topics[t][s] = struct{}{}
		s.topics = append(s.topics, t)
	}
	h.mu.Unlock()
	h.Wake()
	return s
}

// SubscribeSoon is Subscribe for who keeps somebody waiting until the event comes: it is looked for every 20 ms.
func (h *Hub) SubscribeSoon(ref int64, kinds ...string) *Subscription {
	s := h.Subscribe(ref, kinds...)
	h.mu.Lock()
	select {
	case <-s.lost: // already
	default:
		s.soon = true
		h.soon++
	}
	h.mu.Unlock()
	h.Wake()
	return s
}

// C delivers the events.
func (s *Subscription) C() <-chan Event { return s.c }

// Lost is closed when events were dropped, because the subscriber was too slow or the hub fell behind. The subscriber
// must then read the state of things again. A new subscription goes on.
func (s *Subscription) Lost() <-chan struct{} { return s.lost }

// Close ends the subscription.
func (s *Subscription) Close() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.hub.remove(s)
}

func (h *Hub) remove(s *Subscription) {
	if s.soon {
		s.soon = false
		h.soon--
	}
	for _, t := range s.topics {
		delete(h.topics[t], s)
		if len(h.topics[t]) == 0 {
			delete(h.topics, t)
		}
	}
}

// lose marks a subscriber that missed something. The caller holds the lock.
func (h *Hub) lose(s *Subscription) {
	h.remove(s)
	s.once.Do(func() { close(s.lost) })
}

// Wait blocks until an event of one of these kinds about ref comes, or ctx ends, or something was lost; in any case
// the caller looks for itself.
func (h *Hub) Wait(ctx context.Context, ref int64, kinds ...string) {
	s := h.Subscribe(ref, kinds...)
	defer s.Close()
	select {
	case <-s.c:
	case <-s.lost:
	case <-ctx.Done():
	}
}

// Counts tells how often events were looked for because it was time or because the hub was woken, how often that
// failed, and how many events were found.
func (h *Hub) Counts() (polls, woken, failed, events int64) {
	return h.polls.Load(), h.woken.Load(), h.failed.Load(), h.events.Load()
}

// Wake makes the hub read now. It does not block.
func (h *Hub) Wake() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

func (h *Hub) listeners() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.topics)
}

// until is how long the hub rests before the next reading, if nothing wakes it.
func (h *Hub) until(poll time.Time) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.soon > 0 {
		return min(time.Until(poll), soon)
	}
	return time.Until(poll)
}

func (h *Hub) deliver(e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range []topic{{e.Kind, e.RefID}, {e.Kind, Any}} {
		for s := range h.topics[t] {
			select {
			case s.c <- e:
			default:
				h.lose(s)
			}
		}
		if e.RefID == Any {
			break
		}
	}
}

func (h *Hub) loseAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, subs := range h.topics {
		for s := range subs {
			h.lose(s)
		}
	}
}

// Follow reads events until ctx ends. While nobody is subscribed it reads nothing.
func (h *Hub) Follow(ctx context.Context) {
	f := follower{hub: h}
	failures := 0
	var poll time.Time // when it is time for the next one
	for {
		if h.listeners() == 0 {
			f.known, f.since, poll = nil, time.Time{}, time.Time{} // whoever comes next starts from then
			select {
			case <-h.wake:
				continue
			case <-ctx.Done():
				return
			}
		}
		now := time.Now()
		rest, deep := min(gap, h.o.Poll), !now.Before(poll)
		count := &h.woken
		if deep {
			poll, count = now.Add(h.o.Poll), &h.polls
		}
		if err := f.read(ctx, deep); err != nil {
			if ctx.Err() != nil {
				return
			}
			h.failed.Add(1)
			if failures++; failures == 1 || failures%20 == 0 {
				h.o.Log.Warn("events cannot be read", "error", err)
			}
			rest = h.o.Poll
			poll = now.Add(min(h.o.Poll<<min(failures, 5), max(h.o.Poll, time.Second)))
		} else {
			count.Add(1)
			failures = 0
		}
		next := h.until(poll)
		if failures > 0 {
			next = time.Until(poll)
		}
		if !sleep(ctx, rest, nil) || !sleep(ctx, next-rest, h.wake) {
			return
		}
	}
}

// sleep is false when ctx has ended.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-wake:
	case <-t.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// follower remembers the delivered events. newest is the latest date seen.
type follower struct {
	hub    *Hub
	newest int64
	known  map[int64]int64 // id → at, not older than the overlap; nil before the first reading
	since  time.Time       // the first try of the first reading
}

const pageSize = 1000

// read delivers new events. deep rereads the whole overlap, for events of transactions that committed late.
func (f *follower) read(ctx context.Context, deep bool) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	o := f.hub.o
	if f.known == nil {
		if f.since.IsZero() {
			f.since = time.Now()
		}
		now, err := o.Reader.Now(ctx)
		if err != nil {
			return err
		}
		if time.Since(f.since) > o.Overlap/2 {
			f.hub.loseAll() // who has been listening since then may have missed something
		}
		f.newest, f.known, f.since = now, map[int64]int64{}, time.Time{}
		deep = true
	}
	at, id := f.newest-o.Overlap.Milliseconds(), int64(0)
	for old, when := range f.known {
		if when < at {
			delete(f.known, old)
		}
	}
	if !deep {
		at = max(at, f.newest-glance.Milliseconds())
	}
	for n := 0; ; {
		events, err := o.Reader.After(ctx, at, id, pageSize)
		if err != nil {
			return err
		}
		for _, e := range events {
			if _, known := f.known[e.ID]; known {
				continue
			}
			f.known[e.ID] = e.At
			f.newest = max(f.newest, e.At)
			f.hub.events.Add(1)
			f.hub.deliver(e)
			n++
		}
		if len(events) < pageSize {
			return nil
		}
		if n > o.Bound {
			f.known = nil // go on from the present
			f.hub.loseAll()
			return nil
		}
		at, id = events[len(events)-1].At, events[len(events)-1].ID
	}
}
