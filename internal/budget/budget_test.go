package budget

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/sleep"
)

func TestWaitsShareABudget(t *testing.T) {
	const whole = 200 * time.Millisecond
	gave := GaveUp()
	ctx := Start(t.Context(), whole)
	before := time.Now()
	for n := range 3 { // each would wait for ever
		wait, done, cancel := Take(ctx)
		<-wait.Done()
		done()
		cancel()
		if !errors.Is(wait.Err(), context.DeadlineExceeded) {
			t.Errorf("wait %d ended with %v", n, wait.Err())
		}
	}
	if Left(ctx, time.Hour) != 0 {
		t.Errorf("%v are left", Left(ctx, time.Hour))
	}
	if n := GaveUp() - gave; n != 1 {
		t.Errorf("%d waits count as given up: only the first one waited", n)
	}
	if took := time.Since(before); took < whole {
		t.Errorf("the waits ended after %v", took)
	}
	if ctx.Err() != nil {
		t.Error("what does not wait ended, too")
	}
}

func TestWaitsAtTheSameTimeCountOnce(t *testing.T) {
	ctx := Start(t.Context(), time.Hour)
	_, first, cancel := Take(ctx)
	defer cancel()
	_, second, cancel2 := Take(ctx)
	defer cancel2()
	began := time.Now()
	_ = sleep.For(t.Context(), 20*time.Millisecond)
	first()
	second()
	if used := time.Hour - Left(ctx, 2*time.Hour); used < 20*time.Millisecond || used > 2*time.Since(began)-20*time.Millisecond {
		t.Errorf("%v were charged", used)
	}
}

func TestWithoutABudget(t *testing.T) {
	for _, ctx := range []context.Context{t.Context(), None(t.Context()), None(Start(t.Context(), 0))} {
		wait, done, cancel := Take(ctx)
		done()
		cancel()
		if wait.Err() != nil || Left(ctx, time.Minute) != time.Minute {
			t.Errorf("%v, %v", wait.Err(), Left(ctx, time.Minute))
		}
	}
}

// A fakeBackend answers, hangs or refuses.
type fakeBackend struct {
	hangs, refuses atomic.Bool
	probes         atomic.Int64
}

func (f *fakeBackend) ask(ctx context.Context) error {
	switch {
	case f.refuses.Load():
		return errors.New("refused")
	case f.hangs.Load():
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

func (f *fakeBackend) breaker(t *testing.T) (*Breaker, *atomic.Int64) {
	var changes atomic.Int64
	b := NewBreaker(BreakerOptions{
		Probe:  func(ctx context.Context) error { f.probes.Add(1); return f.ask(ctx) },
		OnAway: func(error) { changes.Add(1) }, OnBack: func() { changes.Add(1) },
	})
	t.Cleanup(b.Close)
	return b, &changes
}

func answeredIfNil(err error) bool { return err == nil }

func TestABackendThatHangs(t *testing.T) {
	var f fakeBackend
	b, changes := f.breaker(t)
	if err := b.Do(t.Context(), f.ask, answeredIfNil); err != nil || b.Away() {
		t.Fatal(err)
	}
	f.hangs.Store(true)
	began := time.Now()
	if err := b.Do(t.Context(), f.ask, answeredIfNil); !errors.Is(err, ErrAway) {
		t.Fatalf("the first that waits: %v", err)
	}
	if took := time.Since(began); took < suspectAfter {
		t.Errorf("the verdict came after %v", took)
	}
	asked := f.probes.Load()
	for range 1000 { // each would wait for ever
		if err := b.Do(t.Context(), f.ask, answeredIfNil); !errors.Is(err, ErrAway) {
			t.Fatalf("who comes later: %v", err)
		}
	}
	if n := f.probes.Load() - asked; n > 100 {
		t.Errorf("a thousand that came had the backend asked %d times", n)
	}
	asked = f.probes.Load()
	began = time.Now()
	for range 500 {
		if b.Recheck(t.Context(), time.Millisecond) {
			t.Fatal("asked again, it is there")
		}
	}
	if n, most := f.probes.Load()-asked, 2*int64(time.Since(began)/againPatience)+2; n > most {
		t.Errorf("five hundred that asked again had the backend asked %d times, want %d at most", n, most)
	}
	f.hangs.Store(false)
	eventually(t, func() bool { return !b.Away() })
	if err := b.Do(t.Context(), f.ask, answeredIfNil); err != nil {
		t.Error(err)
	}
	if n := changes.Load(); n != 2 {
		t.Errorf("%d changes were told", n)
	}
}

func TestABackendThatRefuses(t *testing.T) {
	var f fakeBackend
	b, _ := f.breaker(t)
	f.refuses.Store(true)
	if err := b.Do(t.Context(), f.ask, answeredIfNil); err == nil || errors.Is(err, ErrAway) {
		t.Errorf("the first hears %v", err)
	}
	b.Failed()
	if !b.Verdict(t.Context()) {
		t.Error("it is there")
	}
	f.refuses.Store(false)
	if !b.Recheck(t.Context(), time.Minute) || b.Away() {
		t.Error("asked again, it is not there")
	}
}

// A long answer to one is no silence while a new connection is answered.
func TestALongWaitIsNoSilence(t *testing.T) {
	var f fakeBackend
	b, changes := f.breaker(t)
	w := b.NewWait(func() { t.Error("it was cut off") }, false)
	w.Begin()
	eventually(t, func() bool { return f.probes.Load() >= 2 })
	w.End(true)
	w.Close()
	if b.Away() || changes.Load() != 0 {
		t.Error("the backend is away")
	}
}

// What is answered from memory says nothing of the backend behind it.
func TestAnswersFromMemory(t *testing.T) {
	var f fakeBackend
	b := NewBreaker(BreakerOptions{Probe: f.ask, Cached: true})
	t.Cleanup(b.Close)
	f.hangs.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	var others sync.WaitGroup
	others.Go(func() {
		for ctx.Err() == nil {
			b.Heard()
			_ = sleep.For(ctx, 5*time.Millisecond)
		}
	})
	if err := b.Do(t.Context(), f.ask, answeredIfNil); !errors.Is(err, ErrAway) { // it would wait for ever
		t.Errorf("who waits while others are answered: %v", err)
	}
	cancel()
	others.Wait()
	f.hangs.Store(false)
	eventually(t, func() bool { return !b.Away() })
}

// Where others are answered, that new connections are refused says nothing.
func TestNewConnectionsAreRefused(t *testing.T) {
	var f fakeBackend
	b, _ := f.breaker(t)
	f.refuses.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	told := make(chan struct{})
	late := false // this machine let nobody say so
	b.Heard()
	go func() {
		defer close(told)
		for last := time.Now(); ctx.Err() == nil; last = time.Now() {
			b.Heard()
			_ = sleep.For(ctx, 5*time.Millisecond)
			late = late || time.Since(last) > 200*time.Millisecond
		}
	}()
	away := b.Verdict(t.Context())
	cancel()
	<-told
	if away && !late {
		t.Error("the backend is away")
	}
}

func TestWhoHasGoneSaysNothingAboutABackend(t *testing.T) {
	var f fakeBackend
	f.hangs.Store(true)
	b, _ := f.breaker(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Do(ctx, f.ask, answeredIfNil); !errors.Is(err, context.Canceled) || f.probes.Load() != 0 {
		t.Errorf("%v, and %d probes", err, f.probes.Load())
	}
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !ok() {
		if ctx.Err() != nil {
			t.Fatal("it did not come about")
		}
		_ = sleep.For(ctx, time.Millisecond)
	}
}
