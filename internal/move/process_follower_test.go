package move_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/move"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

// awaySource are servers of which the first does not answer any more.
type awaySource struct{ asked atomic.Int64 }

func (a *awaySource) AwayAt(next bool) bool {
	a.asked.Add(1)
	return !next
}

func (*awaySource) GateByReplica(context.Context, bool, time.Duration) (store.Gate, error) {
	return store.Gate{}, store.ErrBusy
}

// A process that has missed the switch, and whose place is then away for good, finds the site in the other one. While the site
// is in the place that is away, the other one is not served.
func TestAProcessThatMissedTheSwitch(t *testing.T) {
	beside(t)
	a, b := openPlace(t, databaseURL(t, "sqlite")), openPlace(t, databaseURL(t, "sqlite"))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	away := &awaySource{}
	follow := func() (f *move.ProcessFollower, stop func()) {
		f = move.NewProcessFollower(a, b, store.PlaceAnswer{ID: 1, Host: "web1", Program: "1", Facts: "{}"})
		f.Servers = away
		ctx, cancel := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() { defer close(ended); f.Run(ctx) }()
		return f, func() { cancel(); <-ended }
	}
	d := move.NewDatabase(move.DatabaseOptions{Source: a, Target: b})
	if err := d.Prepare(ctx); err != nil {
		t.Fatal(err)
	}
	f, stop := follow()
	servertest.Within(t, time.Minute, "it looks for the site some times", func() bool { return away.asked.Load() >= 5 })
	stop()
	if st, _ := f.State(); st.Side != move.Source || !st.ReadableUntil.IsZero() {
		t.Errorf("it serves the %s before the switch", st.Side)
	}
	if err := errors.Join(a.Forget(ctx, 1), d.Run(ctx)); err != nil {
		t.Fatal(err)
	}
	f, stop = follow()
	defer stop()
	servertest.Within(t, time.Minute, "it serves the other place", func() bool {
		st, _ := f.State()
		return st.Side == move.Target && st.Writable && time.Now().Before(st.ReadableUntil)
	})
}
