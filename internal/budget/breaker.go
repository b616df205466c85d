package budget

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"tintype/internal/sleep"
)

// ErrAway is returned in place of a wait for a backend that is known not to answer.
var ErrAway error = away{}

type away struct{}

func (away) Error() string { return "the server does not answer" }

// RetryableError tells the AWS SDK not to try again.
func (away) RetryableError() bool { return false }

// The times of a breaker. A backend that falls silent is away after suspectAfter + probePatience.
const (
	// suspectAfter is how long somebody must have waited, and nobody been answered, before a probe asks the backend.
	suspectAfter = 300 * time.Millisecond
	// probePatience is how long that probe may take.
	probePatience = 700 * time.Millisecond
	// reassured is how long an answered probe is enough for a wait that goes on, such as that for a long statement. Each
	// further answer is enough for twice as long, up to mostReassured.
	reassured     = 500 * time.Millisecond
	mostReassured = 4 * time.Second
	// againEvery is how often a backend that is away is probed.
	againEvery = 200 * time.Millisecond
	// againPatience is how long such a probe hangs before another one joins it. A probe ends then too, unless
	// BreakerOptions.Patience is longer.
	againPatience = time.Second
	// mostProbes is how many of these probes may be under way at once.
	mostProbes = 6
	// refusedPause is the pause between probes that are refused at once.
	refusedPause = 50 * time.Millisecond
)

// BreakerOptions are what a Breaker needs to know of its backend.
type BreakerOptions struct {
	// Probe asks the backend over a new connection whether it is there: nil means that it answered, whatever it said.
	Probe func(ctx context.Context) error
	// Patience is how long a probe of a backend that is away may take, at least a second. It is long for a backend that
	// counts the connections that we give up, as MySQL does: then we give few up.
	Patience time.Duration
	// Cached tells that answers may come from a memory in front of the backend, as those of a disk do. They say nothing
	// of the backend then: each wait is a reason for suspicion by itself, and the probe's answer alone decides.
	Cached bool
	// OnAway and OnBack are called when the backend falls silent and when it answers again; nil is nothing.
	OnAway func(err error)
	OnBack func()
}

// A Breaker knows whether a backend answers. It is away when somebody waits for it, nobody is answered (see
// BreakerOptions.Cached), and a probe over a new connection is not answered either. Then whoever waits is cut off, and whoever comes is to be refused at once,
// until a probe finds that it is back.
type Breaker struct {
	o       BreakerOptions
	away    atomic.Bool
	heardAt atomic.Int64  // UnixNano of the last answer
	askedAt atomic.Int64  // UnixNano of the last probe that was answered
	hurry   chan struct{} // makes recover probe now

	mu      sync.Mutex
	waits   map[*Wait]struct{}
	looking chan struct{} // closed at the end of the look that runs; nil: none does
	// returned is closed when the backend that is away, or was last, answers again.
	returned chan struct{}
	closed   bool
	ctx      context.Context
	stop     context.CancelFunc
	ended    sync.WaitGroup
}

// NewBreaker makes a Breaker of a backend that is taken to be there. Close ends it.
func NewBreaker(o BreakerOptions) *Breaker {
	b := &Breaker{o: o, waits: make(map[*Wait]struct{}), hurry: make(chan struct{}, 1)}
	b.ctx, b.stop = context.WithCancel(context.Background())
	return b
}

// Away reports whether the backend is known not to answer.
func (b *Breaker) Away() bool { return b.away.Load() }

// Close ends the probes. Away keeps its last value.
func (b *Breaker) Close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.stop()
	b.ended.Wait()
}

// Heard notes an answer.
func (b *Breaker) Heard() { b.heardAt.Store(time.Now().UnixNano()) }

// silence is how long nothing has been heard.
func (b *Breaker) silence() time.Duration { return time.Since(time.Unix(0, b.heardAt.Load())) }

// Failed notes that the backend refused, or broke a connection off. It returns at once; Verdict waits.
func (b *Breaker) Failed() {
	if !b.Away() {
		b.look()
	}
}

// Verdict asks the backend whether it is there, where it is not known to be away, and reports that.
func (b *Breaker) Verdict(ctx context.Context) (away bool) {
	if b.Away() {
		return true
	}
	select {
	case <-b.look():
	case <-ctx.Done():
	}
	return b.Away()
}

// Recheck probes a backend that is away at once, waits for the answer for at most patience, and reports whether the
// backend is there.
func (b *Breaker) Recheck(ctx context.Context, patience time.Duration) bool {
	b.mu.Lock()
	returned := b.returned
	b.mu.Unlock()
	if !b.Away() {
		return true
	}
	select {
	case b.hurry <- struct{}{}:
	default:
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-returned:
	case <-timer.C:
	case <-ctx.Done():
	}
	return !b.Away()
}

// look starts a probe unless one runs. It closes the channel when the verdict is known.
func (b *Breaker) look() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.looking != nil {
		return b.looking
	}
	done := make(chan struct{})
	if b.closed {
		close(done)
		return done
	}
	b.looking = done
	b.ended.Go(func() {
		err := b.judge()
		b.mu.Lock()
		b.looking = nil
		b.mu.Unlock()
		if err != nil {
			b.trip(err)
		}
		close(done)
	})
	return done
}

// judge returns an error if the backend is away. While the backend refuses at once, judge asks again until nobody has
// been answered for suspectAfter: a server may refuse connections because it has enough of them.
func (b *Breaker) judge() error {
	ctx, cancel := context.WithTimeout(b.ctx, probePatience)
	defer cancel()
	for {
		err := b.o.Probe(ctx)
		switch {
		case err == nil:
			b.askedAt.Store(time.Now().UnixNano())
			b.Heard()
			return nil
		case b.ctx.Err() != nil:
			return nil
		case b.o.Cached || b.silence() >= suspectAfter:
			return err
		case ctx.Err() != nil:
			return nil // others were answered meanwhile
		}
		_ = sleep.For(ctx, refusedPause)
	}
}

// trip marks the backend as away and cuts off whoever waits for it.
func (b *Breaker) trip(err error) {
	b.mu.Lock()
	if b.away.Load() || b.closed {
		b.mu.Unlock()
		return
	}
	returned := make(chan struct{})
	b.returned = returned
	b.away.Store(true)
	cut := make([]func(), 0, len(b.waits))
	for w := range b.waits {
		cut = append(cut, w.cut)
		if w.since.Load() != 0 {
			gaveUp.Add(1)
		}
	}
	b.ended.Go(func() { b.recover(returned) })
	b.mu.Unlock()
	for _, c := range cut {
		c()
	}
	if b.o.OnAway != nil {
		b.o.OnAway(err)
	}
}

// recover probes until the backend has returned. Further probes join those that hang, because it may be only their
// connections that are dead.
func (b *Breaker) recover(returned <-chan struct{}) {
	tick := time.NewTicker(againEvery)
	defer tick.Stop()
	ended := make(chan struct{})
	pending, newest := 0, time.Time{}
	for {
		select {
		case <-returned:
			return
		case <-b.ctx.Done():
			return
		case <-ended:
			pending--
			continue
		case <-tick.C:
		case <-b.hurry:
		}
		if pending > 0 && (pending >= mostProbes || time.Since(newest) < againPatience) {
			continue
		}
		pending, newest = pending+1, time.Now()
		b.ended.Go(func() {
			ctx, cancel := context.WithTimeout(b.ctx, max(b.o.Patience, againPatience))
			defer cancel()
			if b.o.Probe(ctx) == nil {
				b.back()
			}
			select {
			case ended <- struct{}{}:
			case <-returned:
			case <-b.ctx.Done():
			}
		})
	}
}

func (b *Breaker) back() {
	b.Heard()
	b.mu.Lock()
	was := b.away.Swap(false)
	if was {
		close(b.returned)
	}
	b.mu.Unlock()
	if was && b.o.OnBack != nil {
		b.o.OnBack()
	}
}

// A Wait is what may wait for the backend's answer, once or many times: a connection or a call.
type Wait struct {
	b     *Breaker
	cut   func()
	since atomic.Int64 // UnixNano, 0: it does not wait
	calm  atomic.Int64 // how long the next answered probe is enough for it, in nanoseconds
	timer *time.Timer  // nil: its waits are no reason for suspicion
}

// NewWait makes a Wait. Cut is called when the backend is found to be away, even while nothing waits; it must not block.
// A quiet Wait notes answers and raises no suspicion. Close ends it.
func (b *Breaker) NewWait(cut func(), quiet bool) *Wait {
	w := &Wait{b: b, cut: cut}
	if !quiet {
		w.timer = time.AfterFunc(time.Hour, w.suspect)
		w.timer.Stop()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waits[w] = struct{}{}
	return w
}

// Begin notes that a wait begins.
func (w *Wait) Begin() {
	if w.timer == nil {
		return
	}
	w.since.Store(time.Now().UnixNano())
	w.calm.Store(int64(reassured))
	w.timer.Reset(suspectAfter)
}

// End notes that the wait is over, and whether it was answered.
func (w *Wait) End(heard bool) {
	if heard {
		w.b.Heard()
	}
	if w.timer != nil {
		w.since.Store(0)
		w.timer.Stop()
	}
}

// Close has the Breaker forget the Wait.
func (w *Wait) Close() {
	w.End(false)
	w.b.mu.Lock()
	defer w.b.mu.Unlock()
	delete(w.b.waits, w)
}

// suspect runs when a wait takes long. It starts a probe if no answer of the backend was heard meanwhile.
func (w *Wait) suspect() {
	since := w.since.Load()
	if since == 0 || w.b.Away() {
		return
	}
	quiet := since // when it became quiet for this wait
	if !w.b.o.Cached {
		quiet = max(quiet, w.b.heardAt.Load())
	}
	due := suspectAfter - time.Since(time.Unix(0, quiet))
	if asked := w.b.askedAt.Load(); asked > since {
		due = max(due, time.Duration(w.calm.Load())-time.Since(time.Unix(0, asked)))
	}
	if due <= 0 {
		w.b.look()
		due = suspectAfter
		if w.b.askedAt.Load() > since { // it waits long for what takes long
			w.calm.Store(min(2*w.calm.Load(), int64(mostReassured)))
		}
	}
	w.timer.Reset(due)
	if w.since.Load() == 0 { // it ended meanwhile
		w.timer.Stop()
	}
}

// Do calls f, which waits for the backend once, with a context that also ends when the backend is found to be away. Then
// Do returns ErrAway. While the backend is known to be away it does so at once. Answered tells from f's error whether
// the backend answered.
func (b *Breaker) Do(ctx context.Context, f func(context.Context) error, answered func(error) bool) error {
	if b.Away() {
		return ErrAway
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := b.NewWait(func() { cancel(ErrAway) }, false)
	if b.Away() { // it went away before NewWait, so nothing cuts w
		w.Close()
		return ErrAway
	}
	w.Begin()
	err := f(ctx)
	w.End(answered(err))
	w.Close()
	if err != nil && errors.Is(context.Cause(ctx), ErrAway) {
		return ErrAway
	}
	return err
}
