package queue_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/queue"
	"tintype/internal/queue/queuetest"
	"tintype/internal/servertest"
)

func TestMemory(t *testing.T) {
	queuetest.Run(t, func(*testing.T) queuetest.Jobs { return queuetest.NewMemory().Jobs() })
}

func TestSignal(t *testing.T) {
	queuetest.RunWaker(t, func(*testing.T) queue.Waker { return queue.NewSignal() })
}

func start(t *testing.T, m *queuetest.Memory, o queue.Options, handlers map[string]queue.Handler) *queue.Queue {
	t.Helper()
	if o.Backend == nil {
		o.Backend = m
	}
	if o.Poll == 0 {
		o.Poll = 5 * time.Millisecond
	}
	q := queue.New(o)
	for kind, h := range handlers {
		q.Register(kind, h)
	}
	q.Start(t.Context())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := q.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return q
}

func is(m *queuetest.Memory, id int64, state string) func() bool {
	return func() bool { s, _, _ := m.State(nil, id); return s == state }
}

func TestRunsAndFinishes(t *testing.T) {
	m := queuetest.NewMemory()
	var payload atomic.Value
	q := start(t, m, queue.Options{Poll: time.Hour}, map[string]queue.Handler{"a": {Run: func(_ context.Context, j *queue.Job) error {
		payload.Store(string(j.Payload))
		return nil
	}}})
	id := m.Add(t, "a", "42", 0)
	q.Notify(id) // the poll comes too late: the waker must do
	servertest.Eventually(t, "done", is(m, id, "done"))
	if payload.Load() != "42" {
		t.Errorf("payload %v", payload.Load())
	}
}

func TestFailuresAreTriedAgainAndThenDead(t *testing.T) {
	m := queuetest.NewMemory()
	var runs, dead atomic.Int32
	var deadReason atomic.Value
	start(t, m, queue.Options{}, map[string]queue.Handler{
		"fails": {
			Run: func(context.Context, *queue.Job) error { return fmt.Errorf("no luck %d", runs.Add(1)) },
			Dead: func(_ context.Context, _ *queue.Job, reason string) error {
				dead.Add(1)
				deadReason.Store(reason)
				return nil
			},
			MaxAttempts: 3,
		},
		"panics":    {Run: func(context.Context, *queue.Job) error { panic("oh") }, MaxAttempts: 1},
		"permanent": {Run: func(context.Context, *queue.Job) error { return queue.Permanent(errors.New("never")) }},
		"slow": {Run: func(ctx context.Context, _ *queue.Job) error { <-ctx.Done(); return ctx.Err() },
			Timeout: time.Millisecond, MaxAttempts: 1},
	})
	fails, panics := m.Add(t, "fails", "", 0), m.Add(t, "panics", "", 0)
	permanent, slow := m.Add(t, "permanent", "", 0), m.Add(t, "slow", "", 0)
	for id, want := range map[int64]string{panics: "panic: oh", permanent: "never", slow: "not done within 1ms"} {
		servertest.Eventually(t, want, is(m, id, "dead"))
		if _, n, reason := m.State(t, id); !strings.Contains(reason, want) || n != 1 {
			t.Errorf("after %d attempts: %q, want %q", n, reason, want)
		}
	}
	// Time passes while none of them runs, or it would end a lease, too.
	for n := range int32(2) {
		noted := fmt.Sprint("no luck ", n+1)
		servertest.Eventually(t, noted, func() bool { _, _, reason := m.State(t, fails); return reason == noted })
		if ran := runs.Load(); ran != n+1 {
			t.Errorf("ran %d times before its backoff had passed", ran)
		}
		m.Pass(time.Minute)
	}
	servertest.Eventually(t, "dead", is(m, fails, "dead"))
	if runs.Load() != 3 || dead.Load() != 1 || deadReason.Load() != "no luck 3" {
		t.Errorf("ran %d times, Dead %d times with %v", runs.Load(), dead.Load(), deadReason.Load())
	}
}

// TestPoison: a job that ends its process each time is counted by its claims.
func TestPoison(t *testing.T) {
	m := queuetest.NewMemory()
	id := m.Add(t, "poison", "", 0)
	for range 4 { // four processes that died
		if jobs, err := m.Claim(t.Context(), []string{"poison"}, 1, time.Minute); len(jobs) != 1 || err != nil {
			t.Fatalf("%v, %v", jobs, err)
		}
		m.Pass(2 * time.Minute)
	}
	var dead atomic.Int32
	start(t, m, queue.Options{}, map[string]queue.Handler{"poison": {
		Run:         func(context.Context, *queue.Job) error { t.Error("it ran once more"); return nil },
		Dead:        func(context.Context, *queue.Job, string) error { dead.Add(1); return nil },
		MaxAttempts: 4,
	}})
	servertest.Eventually(t, "dead", is(m, id, "dead"))
	if _, _, reason := m.State(t, id); dead.Load() != 1 || !strings.Contains(reason, "ended before it was done") {
		t.Errorf("Dead %d times, reason %q", dead.Load(), reason)
	}
}

// TestClasses: long jobs that fill their class leave the others' workers alone.
func TestClasses(t *testing.T) {
	m := queuetest.NewMemory()
	block := make(chan struct{})
	var running, most atomic.Int32
	start(t, m, queue.Options{Workers: map[string]int{"photo": 3}}, map[string]queue.Handler{
		"photo": {Class: "photo", Run: func(context.Context, *queue.Job) error {
			n := running.Add(1)
			for {
				if old := most.Load(); n <= old || most.CompareAndSwap(old, n) {
					break
				}
			}
			<-block
			running.Add(-1)
			return nil
		}},
		"short": {Run: func(context.Context, *queue.Job) error { return nil }},
	})
	var photos []int64
	for range 10 {
		photos = append(photos, m.Add(t, "photo", "", 0))
	}
	servertest.Eventually(t, "all photo workers are busy", func() bool { return running.Load() == 3 })
	for range 20 {
		id := m.Add(t, "short", "", 0)
		servertest.Eventually(t, "a short job beside them", is(m, id, "done"))
	}
	close(block)
	for _, id := range photos {
		servertest.Eventually(t, "done", is(m, id, "done"))
	}
	if most.Load() != 3 {
		t.Errorf("%d at once, want 3", most.Load())
	}
}

// TestAwaited: where somebody waits for a class's jobs, they are looked for soon, whatever the poll. Others keep to it.
func TestAwaited(t *testing.T) {
	m := queuetest.NewMemory()
	did := queue.Handler{Class: "photo", Run: func(context.Context, *queue.Job) error { return nil }}
	q := start(t, m, queue.Options{Poll: time.Hour, Awaited: []string{"photo"}}, map[string]queue.Handler{
		"photo": did,
		"short": {Run: did.Run},
	})
	first := m.Add(t, "photo", "", 0)
	servertest.Eventually(t, "the first is done without being told of", is(m, first, "done"))
	short := m.Add(t, "short", "", 0)
	q.Notify(short)
	servertest.Eventually(t, "done", is(m, short, "done"))
	for range 5 { // what Notify said above may have been left for the first of them
		other := m.Add(t, "short", "", 0)
		for range 3 {
			id := m.Add(t, "photo", "", 0)
			servertest.Eventually(t, "done without being told of", is(m, id, "done"))
		}
		if !is(m, other, "done")() {
			return
		}
	}
	t.Error("jobs of a class for which nobody waits were done before its poll")
}

func TestHeartbeat(t *testing.T) {
	m := queuetest.NewMemory()
	backend := &beating{Backend: m}
	release := make(chan struct{})
	var ran atomic.Int32
	start(t, m, queue.Options{Backend: backend, Lease: 30 * time.Millisecond}, map[string]queue.Handler{"long": {Run: func(ctx context.Context, _ *queue.Job) error {
		ran.Add(1)
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}})
	id := m.Add(t, "long", "", 0)
	servertest.Eventually(t, "running", func() bool { return ran.Load() == 1 })
	// Lease after lease goes by on the backend's clock, each with heartbeats of this process.
	for range 10 {
		m.Pass(10 * time.Millisecond)
		before := backend.beats.Load()
		servertest.Eventually(t, "a heartbeat", func() bool { return backend.beats.Load() > before })
	}
	close(release)
	servertest.Eventually(t, "done", is(m, id, "done"))
	if _, n, _ := m.State(t, id); n != 1 || ran.Load() != 1 {
		t.Errorf("%d attempts, ran %d times", n, ran.Load())
	}
}

// beating counts the heartbeats.
type beating struct {
	queue.Backend
	beats atomic.Int32
}

func (b *beating) Extend(ctx context.Context, id int64, token string, lease time.Duration) error {
	err := b.Backend.Extend(ctx, id, token, lease)
	b.beats.Add(1)
	return err
}

// TestLostLease: a worker presumed dead is stopped, and changes nothing.
func TestLostLease(t *testing.T) {
	m := queuetest.NewMemory()
	stopped := make(chan error, 1)
	q := start(t, m, queue.Options{Lease: 30 * time.Millisecond, Poll: time.Hour}, map[string]queue.Handler{"a": {Run: func(ctx context.Context, _ *queue.Job) error {
		for ctx.Err() == nil {
			m.Pass(time.Minute)
			jobs, err := m.Claim(ctx, []string{"a"}, 1, time.Hour)
			if err != nil {
				t.Error(err)
			}
			if len(jobs) == 1 {
				break // somebody else has it; else a heartbeat came between
			}
		}
		<-ctx.Done()
		stopped <- ctx.Err()
		return ctx.Err()
	}}})
	id := m.Add(t, "a", "", 0)
	q.Notify(id) // the queue may have looked before the job was there
	<-stopped
	if s, n, reason := m.State(t, id); s != "ready" || n != 2 || reason != "" {
		t.Errorf("%q after %d attempts, %q", s, n, reason)
	}
}

func TestStop(t *testing.T) {
	m := queuetest.NewMemory()
	started, release := make(chan struct{}, 2), make(chan struct{})
	q := queue.New(queue.Options{Backend: m, Poll: time.Millisecond, Workers: map[string]int{"": 2}})
	q.Register("polite", queue.Handler{Run: func(context.Context, *queue.Job) error { started <- struct{}{}; <-release; return nil }})
	q.Register("endless", queue.Handler{Run: func(ctx context.Context, _ *queue.Job) error {
		started <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}})
	polite, endless := m.Add(t, "polite", "", 0), m.Add(t, "endless", "", 0)
	q.Start(t.Context())
	<-started
	<-started
	late := m.Add(t, "polite", "", 0)
	ctx, cancel := context.WithCancel(t.Context())
	stopping, done := make(chan struct{}), make(chan error)
	go func() { done <- q.Stop(watched{ctx, sync.OnceFunc(func() { close(stopping) })}) }()
	<-stopping
	close(release)
	servertest.Eventually(t, "the polite job finishes while the queue stops", is(m, polite, "done"))
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if s, n, _ := m.State(t, endless); s != "ready" || n != 0 {
		t.Errorf("the cancelled job is %q after %d attempts; want it given back uncounted", s, n)
	}
	if jobs, _ := m.Claim(t.Context(), []string{"endless"}, 1, time.Minute); len(jobs) != 1 {
		t.Error("the cancelled job is still leased")
	}
	if s, n, _ := m.State(t, late); s != "ready" || n != 0 {
		t.Errorf("a job that came after Stop is %q after %d attempts", s, n)
	}
}

// watched tells when somebody begins to wait for its end.
type watched struct {
	context.Context
	waits func()
}

func (w watched) Done() <-chan struct{} { w.waits(); return w.Context.Done() }

func TestPeriodic(t *testing.T) {
	m := queuetest.NewMemory()
	var ran atomic.Int32
	h := map[string]queue.Handler{"sweep": {Every: time.Hour, Run: func(context.Context, *queue.Job) error { ran.Add(1); return nil }}}
	start(t, m, queue.Options{}, h)
	start(t, m, queue.Options{}, h) // another process
	id := m.Add(t, "sweep", "", 0)  // comes after both ticks have been seen
	servertest.Eventually(t, "ran", is(m, id, "done"))
	servertest.Eventually(t, "ran twice", func() bool { return ran.Load() == 2 })
}
