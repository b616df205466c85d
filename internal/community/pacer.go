package community

import (
	"context"
	"time"

	"tintype/internal/sleep"
)

const (
	// batchAim is how long a batch of a pacer is to take. Others wait that long for the one write connection of SQLite, or for the
	// rows.
	batchAim = 15 * time.Millisecond
	// maxPause bounds a pause, so that a job under load still comes to its end.
	maxPause = time.Second
)

// pacer has a long job leave the database to others. It sizes the batches so that each takes about batchAim, and after
// each it pauses for as long as the batch took. The time that a batch waits for others counts, so batches are smaller and
// pauses longer while the database is busy.
type pacer struct {
	size, least, most int
	pause             func(context.Context, time.Duration) error
}

// newPacer returns a pacer whose batches have up to most rows.
func newPacer(most int) *pacer {
	return &pacer{size: min(most, 8), least: 1, most: most, pause: sleep.For}
}

// batch runs f, which removes at most limit rows and returns how many, and pauses. It does not pause after an empty
// batch.
func (p *pacer) batch(ctx context.Context, f func(limit int) (int, error)) error {
	begin := time.Now()
	n, err := f(p.size)
	if err != nil || n == 0 {
		return err
	}
	return p.took(ctx, n, time.Since(begin))
}

// took adapts the next batch to one of n rows that took d, and pauses.
func (p *pacer) took(ctx context.Context, n int, d time.Duration) error {
	switch {
	case d > batchAim:
		p.size = max(p.least, p.size/2)
	case n >= p.size && d < batchAim/2:
		p.size = min(p.most, p.size+1+p.size/4)
	}
	return p.pause(ctx, min(d, maxPause))
}
