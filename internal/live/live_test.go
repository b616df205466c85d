package live_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"tintype/internal/live"
	"tintype/internal/servertest"
)

// bus is a Reader in memory.
type bus struct {
	mu     sync.Mutex
	now    int64
	events []live.Event
	reads  int
	fail   error
}

func (b *bus) add(e live.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, e)
	slices.SortFunc(b.events, func(x, y live.Event) int { return cmp.Or(cmp.Compare(x.At, y.At), cmp.Compare(x.ID, y.ID)) })
}

func (b *bus) Now(context.Context) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now, b.fail
}

func (b *bus) After(_ context.Context, at, id int64, limit int) ([]live.Event, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reads++
	var out []live.Event
	for _, e := range b.events {
		if (e.At > at || e.At == at && e.ID > id) && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, b.fail
}

func (b *bus) set(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f()
}

func (b *bus) read() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reads
}

func follow(t *testing.T, b *bus, o live.Options) *live.Hub {
	o.Reader = b
	if o.Poll == 0 {
		o.Poll = 2 * time.Millisecond
	}
	h := live.NewHub(o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { h.Follow(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return h
}

func next(t *testing.T, s *live.Subscription) live.Event {
	t.Helper()
	select {
	case e := <-s.C():
		return e
	case <-s.Lost():
		t.Fatal("lost")
	case <-time.After(time.Minute):
		t.Fatal("no event")
	}
	return live.Event{}
}

// waitForPolls waits until everything written so far has been read twice.
func waitForPolls(t *testing.T, b *bus) {
	t.Helper()
	from := b.read()
	servertest.Eventually(t, "everything is read twice", func() bool { return b.read() >= from+3 })
}

func TestDelivers(t *testing.T) {
	b := &bus{now: 100_000}
	h := follow(t, b, live.Options{})
	mine := h.Subscribe(7, "ready", "refused")
	all := h.Subscribe(live.Any, "ready")
	defer mine.Close()
	defer all.Close()
	b.add(live.Event{ID: 1, At: 100_001, Kind: "ready", RefID: 8})
	b.add(live.Event{ID: 2, At: 100_002, Kind: "other", RefID: 7})
	b.add(live.Event{ID: 3, At: 100_003, Kind: "refused", RefID: 7})
	b.add(live.Event{ID: 4, At: 100_004, Kind: "ready", RefID: 7})
	h.Wake()
	if e := next(t, mine); e.ID != 3 {
		t.Errorf("got %+v", e)
	}
	if e := next(t, mine); e.ID != 4 {
		t.Errorf("got %+v", e)
	}
	if a, c := next(t, all), next(t, all); a.ID != 1 || c.ID != 4 {
		t.Errorf("got %+v, %+v", a, c)
	}
	// A transaction that began before these commits only now.
	b.add(live.Event{ID: 5, At: 99_000, Kind: "ready", RefID: 7})
	if e := next(t, mine); e.ID != 5 {
		t.Errorf("got %+v", e)
	}
	waitForPolls(t, b)
	if len(mine.C()) != 0 {
		t.Errorf("delivered again: %+v", <-mine.C())
	}
}

func TestOnceEach(t *testing.T) {
	b := &bus{now: 0}
	h := follow(t, b, live.Options{Overlap: time.Second})
	s := h.Subscribe(live.Any, "x")
	defer s.Close()
	for i := range int64(200) {
		b.add(live.Event{ID: 1000 - i, At: i * 37, Kind: "x", RefID: 1})
		if e := next(t, s); e.ID != 1000-i {
			t.Fatalf("got %+v, want %d", e, 1000-i)
		}
	}
}

func TestIdleReadsNothing(t *testing.T) {
	b := &bus{now: 50_000}
	h := follow(t, b, live.Options{})
	for range 20 {
		h.Wake()
		time.Sleep(time.Millisecond) // in which one that listens would read
	}
	if n := b.read(); n != 0 {
		t.Errorf("read %d times while nobody listened", n)
	}
	b.add(live.Event{ID: 1, At: 49_500, Kind: "x", RefID: 1}) // committed just before somebody came
	s := h.Subscribe(1, "x")
	defer s.Close()
	next(t, s)
}

func TestSlowSubscriberIsDroppedAlone(t *testing.T) {
	b := &bus{now: 0}
	h := follow(t, b, live.Options{})
	slow, quick := h.Subscribe(live.Any, "x"), h.Subscribe(5, "x")
	defer slow.Close()
	defer quick.Close()
	for i := range int64(500) {
		b.add(live.Event{ID: i + 1, At: i, Kind: "x", RefID: 1})
	}
	<-slow.Lost()
	b.add(live.Event{ID: 900, At: 900, Kind: "x", RefID: 5})
	if e := next(t, quick); e.ID != 900 {
		t.Errorf("got %+v", e)
	}
}

func TestFallsBehind(t *testing.T) {
	b := &bus{now: 0}
	for i := range int64(5000) {
		b.events = append(b.events, live.Event{ID: i + 1, At: i, Kind: "x", RefID: 1})
	}
	h := follow(t, b, live.Options{Bound: 2000})
	s := h.Subscribe(9, "x") // about none of these
	defer s.Close()
	<-s.Lost()
	b.set(func() { b.now = 60_000 })
	again := h.Subscribe(9, "x")
	defer again.Close()
	b.add(live.Event{ID: 9000, At: 60_001, Kind: "x", RefID: 9})
	if e := next(t, again); e.ID != 9000 {
		t.Errorf("got %+v", e)
	}
}

func TestGoesOnAfterErrors(t *testing.T) {
	b := &bus{now: 0, fail: errors.New("away")}
	h := follow(t, b, live.Options{})
	s := h.Subscribe(1, "x")
	defer s.Close()
	b.add(live.Event{ID: 1, At: 1, Kind: "x", RefID: 1})
	b.set(func() { b.fail = nil })
	next(t, s)
}

func TestWait(t *testing.T) {
	b := &bus{now: 0}
	h := follow(t, b, live.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h.Wait(ctx, 1, "x") // returns because its context is over
	done := make(chan struct{})
	go func() { h.Wait(t.Context(), 2, "x"); close(done) }()
	b.add(live.Event{ID: 1, At: 1, Kind: "x", RefID: 2})
	<-done
}

// Woken, it looks at once for what is new, however long the poll; what committed late waits for the poll.
func TestWoken(t *testing.T) {
	b := &bus{now: 100_000}
	h := follow(t, b, live.Options{Poll: time.Hour})
	s := h.Subscribe(live.Any, "x")
	defer s.Close()
	settle := func(n int) {
		t.Helper()
		servertest.Eventually(t, "it reads", func() bool { return b.read() >= n })
	}
	settle(1)
	b.add(live.Event{ID: 1, At: 95_000, Kind: "x", RefID: 1})
	b.add(live.Event{ID: 2, At: 100_001, Kind: "x", RefID: 1})
	for id := range int64(50) {
		h.Wake() // each is read, or with the one before
		b.add(live.Event{ID: 10 + id, At: 100_010 + id, Kind: "x", RefID: 1})
	}
	h.Wake()
	if e := next(t, s); e.ID != 2 {
		t.Errorf("got %+v", e)
	}
	for id := range int64(50) {
		if e := next(t, s); e.ID != 10+id {
			t.Errorf("got %+v", e)
		}
	}
	servertest.Eventually(t, "the last reading is counted", func() bool { _, woken, _, _ := h.Counts(); return woken > 0 })
	polls, woken, failed, events := h.Counts()
	if polls != 1 || woken > 51 || failed != 0 || events != 51 {
		t.Errorf("%d polls, woken %d times, %d failures, %d events", polls, woken, failed, events)
	}
}

// Who began to listen while nothing could be read learns that it may have missed something.
func TestAwayAtFirst(t *testing.T) {
	b := &bus{now: 0, fail: errors.New("away")}
	h := follow(t, b, live.Options{Overlap: 20 * time.Millisecond})
	s := h.Subscribe(1, "x")
	defer s.Close()
	time.Sleep(30 * time.Millisecond) // longer than the overlap, which would show what was missed
	b.set(func() { b.fail = nil })
	<-s.Lost()
	again := h.Subscribe(1, "x")
	defer again.Close()
	b.add(live.Event{ID: 1, At: 1, Kind: "x", RefID: 1})
	next(t, again)
}

func TestWatch(t *testing.T) {
	b := &bus{now: 0}
	began, heard, ended := make(chan struct{}, 9), make(chan live.Event, 9), make(chan bool, 9)
	w := live.NewWatch(live.WatchOptions{
		Hub: follow(t, b, live.Options{Bound: 100}), Kinds: []string{"x"}, Depth: 5, Idle: 50 * time.Millisecond,
		OnStart: func() { began <- struct{}{} },
		OnEvent: func(e live.Event) { heard <- e },
		OnStop:  func(lost bool) { ended <- lost },
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { w.Follow(ctx); close(done) }()
	for id := range int64(3) { // used, and then left alone
		b.add(live.Event{ID: id + 1, At: id + 1, Kind: "x", RefID: 1})
		for told := false; !told; time.Sleep(time.Millisecond) { // it is used all the time
			w.Use()
			select {
			case e := <-heard: // those of the last seconds come again
				told = e.ID == id+1
			case <-began:
			case lost := <-ended: // the machine was too busy to use it for a while
				if lost {
					t.Fatal("events were missed")
				}
			default:
			}
		}
		for reads := -1; reads != b.read(); time.Sleep(30 * time.Millisecond) { // until it reads no more
			reads = b.read()
		}
	}
	for len(began)+len(ended) > 0 {
		select {
		case <-began:
		case <-ended:
		}
	}
	w.Use()
	<-began
	b.set(func() {
		for i := range int64(3000) {
			b.events = append(b.events, live.Event{ID: 100 + i, At: 100 + i, Kind: "y"})
		}
	})
	for !<-ended { // which may be that nobody used it
		w.Use()
	}
	cancel()
	<-done
	w.Use() // nobody follows any more
	<-began
}

// TestSoon: while somebody waits for one event, the hub does not wait for its poll, and once nobody does it rests again.
func TestSoon(t *testing.T) {
	b := &bus{now: 1000}
	h := follow(t, b, live.Options{Poll: time.Hour})
	s := h.SubscribeSoon(7, "photo.ready")
	waitForPolls(t, b)
	b.add(live.Event{ID: 1, At: 1001, Kind: "photo.ready", RefID: 7})
	if e := next(t, s); e.ID != 1 {
		t.Errorf("%+v", e)
	}
	other := h.Subscribe(8, "photo.ready")
	defer other.Close()
	s.Close()
	s.Close()
	again := h.SubscribeSoon(9, "photo.ready")
	waitForPolls(t, b)
	again.Close()
}
