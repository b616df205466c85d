// Package queuetest holds the suites that every queue.Backend and every queue.Waker passes, and a Backend in memory
// for tests of what stands above.
package queuetest

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/queue"
)

// Jobs is a Backend with what a test needs around it.
type Jobs struct {
	queue.Backend
	// Add commits a job that is due after a while.
	Add func(t *testing.T, kind, payload string, in time.Duration) int64
	// State reads a job back: ready, done or dead, "" if there is none.
	State func(t *testing.T, id int64) (state string, attempts int, reason string)
	// Pass lets d pass on the backend's clock.
	Pass func(d time.Duration)
}

const lease = 150 * time.Millisecond

// Run tests the backend that open returns, a fresh and empty one for each call.
func Run(t *testing.T, open func(t *testing.T) Jobs) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Jobs)
	}{
		{"ClaimOnce", testClaimOnce},
		{"Kinds", testKinds},
		{"NotYet", testNotYet},
		{"LeaseRunsOut", testLeaseRunsOut},
		{"Extend", testExtend},
		{"Finish", testFinish},
		{"Bury", testBury},
		{"Fail", testFail},
		{"Release", testRelease},
		{"Parallel", testParallel},
		{"Tick", testTick},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

func claim(t *testing.T, b Jobs, n int, kinds ...string) []queue.Job {
	t.Helper()
	return claimFor(t, b, n, lease, kinds...)
}

func claimFor(t *testing.T, b Jobs, n int, lease time.Duration, kinds ...string) []queue.Job {
	t.Helper()
	jobs, err := b.Claim(t.Context(), kinds, n, lease)
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

func one(t *testing.T, b Jobs, kinds ...string) queue.Job {
	t.Helper()
	jobs := claim(t, b, 1, kinds...)
	if len(jobs) != 1 {
		t.Fatalf("claimed %d jobs, want 1", len(jobs))
	}
	return jobs[0]
}

func state(t *testing.T, b Jobs, id int64, want string, attempts int) {
	t.Helper()
	got, n, reason := b.State(t, id)
	if got != want || n != attempts {
		t.Errorf("the job is %q after %d attempts (%s), want %q after %d", got, n, reason, want, attempts)
	}
}

func lost(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, queue.ErrLeaseLost) {
		t.Errorf("%s = %v, want ErrLeaseLost", what, err)
	}
}

func good(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func testClaimOnce(t *testing.T, b Jobs) {
	id := b.Add(t, "a", `{"n":7}`, 0)
	jobs := claimFor(t, b, 5, time.Hour, "a")
	if len(jobs) != 1 {
		t.Fatalf("claimed %+v", jobs)
	}
	j := jobs[0]
	if j.ID != id || j.Kind != "a" || string(j.Payload) != `{"n":7}` || j.Attempts != 1 || j.Token == "" {
		t.Errorf("claimed %+v", j)
	}
	if again := claim(t, b, 5, "a"); len(again) != 0 {
		t.Errorf("claimed twice: %+v", again)
	}
	state(t, b, id, "ready", 1)
}

func testKinds(t *testing.T, b Jobs) {
	b.Add(t, "a", "{}", 0)
	id := b.Add(t, "b", "{}", 0)
	if j := one(t, b, "b", "c"); j.ID != id {
		t.Errorf("claimed %+v", j)
	}
	if jobs := claim(t, b, 5, "c"); len(jobs) != 0 {
		t.Errorf("claimed %+v", jobs)
	}
	if jobs := claim(t, b, 5); len(jobs) != 0 {
		t.Errorf("claimed %+v of no kind", jobs)
	}
}

func testNotYet(t *testing.T, b Jobs) {
	b.Add(t, "a", "{}", time.Hour)
	if jobs := claim(t, b, 5, "a"); len(jobs) != 0 {
		t.Errorf("claimed before its time: %+v", jobs)
	}
	b.Add(t, "b", "{}", lease)
	b.Pass(2 * lease)
	one(t, b, "a", "b")
}

func testLeaseRunsOut(t *testing.T, b Jobs) {
	id := b.Add(t, "a", "{}", 0)
	first := one(t, b, "a")
	b.Pass(2 * lease)
	second := one(t, b, "a")
	if second.ID != id || second.Attempts != 2 || second.Token == first.Token {
		t.Errorf("second claim: %+v, first %+v", second, first)
	}
	ctx := t.Context()
	lost(t, "Extend", b.Extend(ctx, id, first.Token, lease))
	lost(t, "Finish", b.Finish(ctx, id, first.Token))
	lost(t, "Fail", b.Fail(ctx, id, first.Token, "x", 0))
	lost(t, "Bury", b.Bury(ctx, id, first.Token, "x"))
	lost(t, "Release", b.Release(ctx, id, first.Token))
	state(t, b, id, "ready", 2)
	good(t, b.Finish(ctx, id, second.Token))
	state(t, b, id, "done", 2)
}

func testExtend(t *testing.T, b Jobs) {
	id := b.Add(t, "a", "{}", 0)
	j := one(t, b, "a")
	good(t, b.Extend(t.Context(), id, j.Token, time.Hour))
	b.Pass(2 * lease)
	if jobs := claim(t, b, 5, "a"); len(jobs) != 0 {
		t.Errorf("claimed under an extended lease: %+v", jobs)
	}
	// A lease that ran out unnoticed, and that nobody took, is still its own.
	id = b.Add(t, "b", "{}", 0)
	j = one(t, b, "b")
	b.Pass(2 * lease)
	good(t, b.Finish(t.Context(), id, j.Token))
}

func testFinish(t *testing.T, b Jobs) {
	id := b.Add(t, "a", "{}", 0)
	j := one(t, b, "a")
	good(t, b.Finish(t.Context(), id, j.Token))
	good(t, b.Finish(t.Context(), id, j.Token))
	state(t, b, id, "done", 1)
	b.Pass(2 * lease)
	if jobs := claim(t, b, 5, "a"); len(jobs) != 0 {
		t.Errorf("claimed when done: %+v", jobs)
	}
	lost(t, "Bury when done", b.Bury(t.Context(), id, j.Token, "x"))
	lost(t, "Finish of none", b.Finish(t.Context(), -1, j.Token))
}

func testBury(t *testing.T, b Jobs) {
	id := b.Add(t, "a", "{}", 0)
	j := one(t, b, "a")
	good(t, b.Bury(t.Context(), id, j.Token, "broken for good"))
	good(t, b.Bury(t.Context(), id, j.Token, "broken for good"))
	if s, _, reason := b.State(t, id); s != "dead" || reason != "broken for good" {
		t.Errorf("state %q, reason %q", s, reason)
	}
	b.Pass(2 * lease)
	if jobs := claim(t, b, 5, "a"); len(jobs) != 0 {
		t.Errorf("claimed when dead: %+v", jobs)
	}
}

func testFail(t *testing.T, b Jobs) {
	id := b.Add(t, "a", "{}", 0)
	j := one(t, b, "a")
	good(t, b.Fail(t.Context(), id, j.Token, "no luck", 2*lease))
	if s, n, reason := b.State(t, id); s != "ready" || n != 1 || reason != "no luck" {
		t.Errorf("%q after %d, %q", s, n, reason)
	}
	lost(t, "Finish after Fail", b.Finish(t.Context(), id, j.Token))
	b.Pass(4 * lease)
	if j := one(t, b, "a"); j.Attempts != 2 {
		t.Errorf("attempts %d, want 2", j.Attempts)
	}
}

func testRelease(t *testing.T, b Jobs) {
	id := b.Add(t, "a", "{}", 0)
	j := one(t, b, "a")
	good(t, b.Release(t.Context(), id, j.Token))
	state(t, b, id, "ready", 0)
	if j := one(t, b, "a"); j.Attempts != 1 {
		t.Errorf("attempts %d, want 1", j.Attempts)
	}
}

// testParallel: many workers, each job once.
func testParallel(t *testing.T, b Jobs) {
	const jobs = 40
	want := map[int64]bool{}
	for range jobs {
		want[b.Add(t, "a", "{}", 0)] = true
	}
	var mu sync.Mutex
	got := map[int64]int{}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				mine, err := b.Claim(t.Context(), []string{"a"}, 3, time.Hour)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, j := range mine {
					got[j.ID]++
				}
				all := len(got) == jobs
				mu.Unlock()
				if all {
					return
				}
			}
		})
	}
	wg.Wait()
	for id, n := range got {
		if n != 1 || !want[id] {
			t.Errorf("job %d was claimed %d times", id, n)
		}
	}
}

func testTick(t *testing.T, b Jobs) {
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 3 {
				if err := b.Tick(t.Context(), "daily", 1000*24*time.Hour); err != nil {
					t.Error(err)
				}
				if err := b.Tick(t.Context(), "other", 1000*24*time.Hour); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if jobs := claim(t, b, 10, "daily"); len(jobs) != 1 {
		t.Errorf("%d jobs for one stretch of time", len(jobs))
	}
	if jobs := claim(t, b, 10, "other"); len(jobs) != 1 {
		t.Errorf("%d jobs for one stretch of time", len(jobs))
	}
}

// RunWaker tests the waker that open returns.
func RunWaker(t *testing.T, open func(t *testing.T) queue.Waker) {
	t.Run("SaysWhatItIs", func(t *testing.T) {
		if kind, where, ok := strings.Cut(open(t).String(), ", "); !ok || kind == "" || where == "" {
			t.Errorf("%q, %q", kind, where)
		}
	})
	t.Run("NotifyDoesNotBlock", func(t *testing.T) {
		w := open(t)
		for id := range int64(10_000) {
			w.Notify(id) // nobody listens
		}
		<-w.C()
	})
	t.Run("Wakes", func(t *testing.T) {
		w := open(t)
		for id := range int64(3) {
			done := make(chan struct{})
			go func() { <-w.C(); close(done) }()
			w.Notify(id)
			<-done
		}
	})
}
