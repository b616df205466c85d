// Package sleep waits as time.Sleep does, but ends with a context.
package sleep

import (
	"context"
	"time"
)

// For waits for d. If ctx ends first, it returns the cause of that.
func For(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
