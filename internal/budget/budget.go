// Package budget bounds what a request waits for the servers and disks behind the site, its backends.
//
// A Budget is one allowance for all the waits of a request, so that nothing waits for the sum of several timeouts. A
// Breaker knows whether a backend answers at all, so that what hangs costs as little as what refuses.
package budget

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// A Budget is how long a request may still wait. Waits at the same time count once.
type Budget struct {
	mu      sync.Mutex
	left    time.Duration
	waiting int
	since   time.Time // of the first of those that wait now
}

type key struct{}

// Start gives a request an allowance, in place of one that its context may already have.
func Start(ctx context.Context, allowance time.Duration) context.Context {
	return context.WithValue(ctx, key{}, &Budget{left: allowance})
}

// None takes the allowance away, for work that has a limit of its own: a stream, a job, the end of what has been begun.
func None(ctx context.Context) context.Context {
	if of(ctx) == nil {
		return ctx
	}
	return context.WithValue(ctx, key{}, (*Budget)(nil))
}

func of(ctx context.Context) *Budget {
	b, _ := ctx.Value(key{}).(*Budget)
	return b
}

// Take begins a wait. The context that it returns ends when the allowance is used up; without an allowance it is ctx
// itself. The caller calls done once, which charges the time of the wait, and cancel when it has read the answer. Done
// does not end the context, because the answer may still be read under it.
func Take(ctx context.Context) (_ context.Context, done func(), cancel context.CancelFunc) {
	b := of(ctx)
	if b == nil {
		return ctx, func() {}, func() {}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting++; b.waiting == 1 {
		b.since = time.Now()
	}
	ctx, cancel = context.WithDeadline(ctx, b.since.Add(b.left))
	return ctx, b.end, cancel
}

// Left is what a request may still wait, or most where there is no allowance or a larger one.
func Left(ctx context.Context, most time.Duration) time.Duration {
	b := of(ctx)
	if b == nil {
		return most
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	left := b.left
	if b.waiting > 0 {
		left -= time.Since(b.since)
	}
	return min(max(left, 0), most)
}

func (b *Budget) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting--; b.waiting == 0 {
		before := b.left
		if b.left = max(b.left-time.Since(b.since), 0); b.left == 0 && before > 0 {
			gaveUp.Add(1)
		}
	}
}

var gaveUp atomic.Int64

// GaveUp counts the waits of this process that ended without an answer: with the allowance of a request, or because the
// backend was found to be away. What is refused without a wait is none of them.
func GaveUp() int64 { return gaveUp.Load() }
