package budget

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// The bounds of what a read writes by the way.
const (
	// asidePatience is how long the read waits for it, and asideBehind while the write of another read that did so is
	// under way.
	asidePatience = 80 * time.Millisecond
	asideBehind   = 20 * time.Millisecond
	// asideLimit is how long it may go on without the read, which a slow disk needs.
	asideLimit = 2500 * time.Millisecond
	// mostAsides is how many of them are under way at once. Each may hold a connection, while another program has a lock.
	mostAsides = 4
)

var (
	asides = make(chan struct{}, mostAsides)
	behind atomic.Int64 // writes under way that nobody waits for any more
)

// Aside runs what a read writes by the way, such as that a session was used. The read waits 80 ms for it at most, which
// are no part of its allowance, and must not fail with it. Aside reports whether write has ended. If not, it goes on
// alone, for a while, or was never begun, where too many are under way.
func Aside(ctx context.Context, write func(context.Context)) (ended bool) {
	most := asidePatience
	if behind.Load() > 0 {
		most = asideBehind
	}
	patience := time.NewTimer(most)
	defer patience.Stop()
	select {
	case asides <- struct{}{}:
	case <-patience.C:
		return false
	case <-ctx.Done():
		return false
	}
	done := make(chan struct{})
	go func() {
		defer func() { <-asides }()
		defer close(done)
		defer func() { // else it would end the process, and not only the request
			if why := recover(); why != nil {
				slog.ErrorContext(ctx, "what a read writes by the way has failed", "panic", why, "stack", string(debug.Stack()))
			}
		}()
		ctx, cancel := context.WithTimeout(None(context.WithoutCancel(ctx)), asideLimit)
		defer cancel()
		write(ctx)
	}()
	select {
	case <-done:
		return true
	case <-patience.C:
	case <-ctx.Done():
	}
	behind.Add(1)
	go func() {
		<-done
		behind.Add(-1)
	}()
	return false
}
