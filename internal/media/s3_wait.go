package media

import (
	"context"
	"time"

	"tintype/internal/budget"
)

// signPatience is how long the credentials for an address may take to come, and the bucket's time. Whoever comes next
// has them.
const signPatience = time.Second

// oneWait is the context of one call of the bucket, with all its tries: for most at most, and no longer than the request
// that makes it may still wait. Uploads have bodies, and limits of their own.
func oneWait(ctx context.Context, most time.Duration) (context.Context, context.CancelFunc) {
	ctx, done, end := budget.Take(ctx)
	ctx, cancel := context.WithTimeout(ctx, most)
	return ctx, func() {
		cancel()
		done()
		end()
	}
}
