// Package queue runs jobs. A job is a row that some transaction wrote. This package claims due rows under a lease,
// calls their handlers, and records the outcome. Everything that must be true is in the rows, behind Backend: a process
// may die at any moment, and another one goes on when the lease has expired.
package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// ErrLeaseLost: the job is no longer this worker's, so its effects must not be committed. Backends and handlers
// return errors that wrap it.
var ErrLeaseLost = errors.New("queue: the lease is lost")

// Job is a claimed job.
type Job struct {
	ID       int64
	Kind     string
	Payload  []byte // JSON
	Attempts int    // this one counted
	Token    string // proves the lease when the job is finished
}

// Backend keeps the jobs. It measures times by its own clock, never by a worker's. Extend, Finish, Bury, Fail and
// Release change the job only while token holds its lease, and return ErrLeaseLost if it does not.
type Backend interface {
	// Claim leases up to n due jobs of these kinds, and counts an attempt for each.
	Claim(ctx context.Context, kinds []string, n int, lease time.Duration) ([]Job, error)
	Extend(ctx context.Context, id int64, token string, lease time.Duration) error
	// Finish and Bury end a job. Doing so twice under one token is no error: a handler may have done it in the
	// transaction of its effects.
	Finish(ctx context.Context, id int64, token string) error
	Bury(ctx context.Context, id int64, token, reason string) error
	// Fail makes the job run again after a while.
	Fail(ctx context.Context, id int64, token, reason string, again time.Duration) error
	// Release returns the job without counting its attempt.
	Release(ctx context.Context, id int64, token string) error
	// Tick adds the job of a periodic kind for the current interval, once in the whole fleet.
	Tick(ctx context.Context, kind string, every time.Duration) error
}

// Waker is told that a job may be due. It may lose, repeat and invent notices: the poll finds what it misses.
type Waker interface {
	Notify(id int64) // a job was committed; must not block
	C() <-chan struct{}
	// Remote reports whether workers also hear of the jobs that other processes add.
	Remote() bool
	// String says what the queue is and where, for people: "sqs, https://…".
	String() string
}

// Handler runs the jobs of one kind. Every job may run more than once.
type Handler struct {
	// Run does the job. If it ended the job itself, with its effects in one transaction, the queue finds that out;
	// else the queue ends it when Run returns nil. Other errors are tried again; see Permanent.
	Run func(ctx context.Context, job *Job) error
	// Dead is called before a job is buried, when its tries are used up; it may bury the job itself, with what
	// follows in one transaction.
	Dead func(ctx context.Context, job *Job, reason string) error

	Class       string        // jobs of a class share its workers; "" is a class too
	Timeout     time.Duration // for one try, default 1 min
	MaxAttempts int           // default 8
	Backoff     time.Duration // before the second try, then doubled up to 10 min; default 2 s
	Every       time.Duration // periodic: a job of this kind is added once in every such stretch
}

// Permanent marks an error that another try cannot fix.
func Permanent(err error) error { return &permanent{err} }

type permanent struct{ error }

func (p *permanent) Unwrap() error { return p.error }

// Options configure New. Zero values are defaults.
type Options struct {
	Backend Backend
	Waker   Waker // default NewSignal()
	Log     *slog.Logger
	Workers map[string]int // how many jobs of a class run at once; default 2
	Poll    time.Duration  // default 1 s
	Lease   time.Duration  // default 30 s
	// Awaited are classes whose jobs somebody waits for, in a process that learns of other processes' jobs only by
	// polling: it looks for them every 25 ms, or for a tenth of the time where a look takes long.
	Awaited []string
	// Observe is told how each try went: "done", "failed" (it is tried again), "dead", "lost" (the lease) or
	// "returned" (at a stop). Nil: nobody is.
	Observe func(kind, outcome string, took time.Duration)
	// Trace is called before each try, gives it its context, and is told of the outcome. Nil: nothing is.
	Trace func(ctx context.Context, job *Job) (context.Context, func(outcome string))
}

// Queue dispatches jobs. Register handlers, then Start it, then Stop it.
type Queue struct {
	o        Options
	handlers map[string]Handler
	classes  map[string]*class

	stopping  chan struct{} // closed when nothing more is claimed
	cancelAll context.CancelFunc
	loops     sync.WaitGroup
	running   sync.WaitGroup
	stop      sync.Once
}

type class struct {
	name    string
	kinds   []string
	slots   chan struct{}
	wake    chan struct{}
	awaited bool
}

const (
	awaitedPoll = 25 * time.Millisecond
	// mostPause is how long the poll waits at most where jobs cannot be claimed: a database that does not answer says so
	// at once, and once it is back the jobs are due.
	mostPause = 1500 * time.Millisecond
)

// New makes a Queue. It does nothing before Start.
func New(o Options) *Queue {
	if o.Waker == nil {
		o.Waker = NewSignal()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(string, string, time.Duration) {}
	}
	if o.Poll <= 0 {
		o.Poll = time.Second
	}
	if o.Lease <= 0 {
		o.Lease = 30 * time.Second
	}
	return &Queue{o: o, handlers: map[string]Handler{}, classes: map[string]*class{}, stopping: make(chan struct{})}
}

// Register sets the handler of a kind. Kinds without a handler stay for a process that has one. It panics if the kind
// has a handler already.
func (q *Queue) Register(kind string, h Handler) {
	if _, taken := q.handlers[kind]; taken {
		panic("queue: " + kind + " is registered twice")
	}
	if h.Timeout <= 0 {
		h.Timeout = time.Minute
	}
	if h.MaxAttempts <= 0 {
		h.MaxAttempts = 8
	}
	if h.Backoff <= 0 {
		h.Backoff = 2 * time.Second
	}
	q.handlers[kind] = h
	c := q.classes[h.Class]
	if c == nil {
		n := q.o.Workers[h.Class]
		if n <= 0 {
			n = 2
		}
		c = &class{name: h.Class, awaited: slices.Contains(q.o.Awaited, h.Class), slots: make(chan struct{}, n), wake: make(chan struct{}, 1)}
		q.classes[h.Class] = c
	}
	c.kinds = append(c.kinds, kind)
}

// Notify tells that a job was committed.
func (q *Queue) Notify(id int64) { q.o.Waker.Notify(id) }

// Wake looks for due jobs now.
func (q *Queue) Wake() {
	for _, c := range q.classes {
		select {
		case c.wake <- struct{}{}:
		default:
		}
	}
}

// Start begins to claim jobs. The contexts of handlers derive from ctx, and end with it.
func (q *Queue) Start(ctx context.Context) {
	ctx, q.cancelAll = context.WithCancel(ctx)
	periodic := map[string]time.Duration{}
	for kind, h := range q.handlers {
		if h.Every > 0 {
			periodic[kind] = h.Every
		}
	}
	q.loops.Go(func() {
		for {
			select {
			case <-q.o.Waker.C():
				q.Wake()
			case <-q.stopping:
				return
			case <-ctx.Done():
				return
			}
		}
	})
	if len(periodic) > 0 {
		q.loops.Go(func() { q.tick(ctx, periodic) })
	}
	for _, c := range q.classes {
		q.loops.Go(func() { q.dispatch(ctx, c) })
	}
}

// Stop claims nothing more and lets running jobs finish until ctx ends; those that are left then are cancelled and
// given back.
func (q *Queue) Stop(ctx context.Context) error {
	if q.cancelAll == nil {
		return nil // never started
	}
	q.stop.Do(func() { close(q.stopping) })
	done := make(chan struct{})
	go func() {
		q.loops.Wait()
		q.running.Wait()
		close(done)
	}()
	defer q.cancelAll()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	q.cancelAll()
	select {
	case <-done:
		return nil
	case <-time.After(5 * time.Second): // a handler that does not listen: its lease runs out
		return fmt.Errorf("queue: jobs still run: %w", ctx.Err())
	}
}

// tick adds the jobs of periodic kinds. Every process tries, and the backend lets one of them: nobody leads, so nobody's
// death delays a tick.
func (q *Queue) tick(ctx context.Context, kinds map[string]time.Duration) {
	pause := time.Minute
	for _, every := range kinds {
		pause = min(pause, every/4)
	}
	for {
		for kind, every := range kinds {
			tctx, cancel := context.WithTimeout(ctx, 10*time.Second)
			if err := q.o.Backend.Tick(tctx, kind, every); err != nil && ctx.Err() == nil {
				q.o.Log.Warn("a periodic job could not be added", "kind", kind, "error", err)
			}
			cancel()
		}
		q.Wake()
		if !q.sleep(ctx, nil, jitter(pause)) {
			return
		}
	}
}

// sleep waits for d or for wake. It is false when it is time to stop.
func (q *Queue) sleep(ctx context.Context, wake <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-wake:
	case <-t.C:
	case <-q.stopping:
		return false
	case <-ctx.Done():
		return false
	}
	return true
}

// dispatch fills the free slots of a class. Only dispatch takes slots, so the number that it counts as free cannot
// shrink.
func (q *Queue) dispatch(ctx context.Context, c *class) {
	failures := 0
	for {
		select {
		case c.slots <- struct{}{}:
		case <-q.stopping:
			return
		case <-ctx.Done():
			return
		}
		free := 1
		for len(c.slots) < cap(c.slots) {
			c.slots <- struct{}{}
			free++
		}
		if q.isStopping() {
			return
		}
		cctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		claimed := time.Now()
		jobs, err := q.o.Backend.Claim(cctx, c.kinds, free, q.o.Lease)
		cancel()
		for i := range jobs {
			q.running.Go(func() {
				defer func() { <-c.slots }()
				q.work(ctx, &jobs[i], claimed)
			})
		}
		for range free - len(jobs) {
			<-c.slots
		}
		wait := q.o.Poll
		if c.awaited {
			wait = min(wait, max(awaitedPoll, 9*time.Since(claimed)))
		}
		wait = jitter(wait)
		switch {
		case err != nil:
			// Said less and less often.
			if failures++; ctx.Err() == nil && failures&(failures-1) == 0 {
				q.o.Log.Warn("jobs cannot be claimed", "class", c.name, "error", err)
			}
			wait = jitter(max(q.o.Poll, mostPause))
		case len(jobs) == free:
			failures = 0
			continue // there may be more
		default:
			failures = 0
		}
		if !q.sleep(ctx, c.wake, wait) {
			return
		}
	}
}

func (q *Queue) isStopping() bool {
	select {
	case <-q.stopping:
		return true
	default:
		return false
	}
}

// jitter varies d by up to a quarter either way.
func jitter(d time.Duration) time.Duration {
	return d - d/4 + rand.N(d/2+1)
}

// Signal is the Waker of one process.
type Signal struct{ c chan struct{} }

// NewSignal makes a Signal.
func NewSignal() *Signal { return &Signal{make(chan struct{}, 1)} }

// Notify implements Waker.
func (s *Signal) Notify(int64) {
	select {
	case s.c <- struct{}{}:
	default:
	}
}

// C implements Waker.
func (s *Signal) C() <-chan struct{} { return s.c }

// Remote implements Waker.
func (s *Signal) Remote() bool { return false }

// String implements Waker.
func (s *Signal) String() string { return "sql, in the database" }
