package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

// work runs one try and notes how it went.
func (q *Queue) work(ctx context.Context, job *Job, claimed time.Time) {
	h := q.handlers[job.Kind]
	log := q.o.Log.With("job", job.ID, "kind", job.Kind, "attempt", job.Attempts)
	if job.Attempts > h.MaxAttempts {
		q.o.Observe(job.Kind, "dead", 0)
		q.bury(ctx, h, job, log, "the process that worked on it ended before it was done, again and again")
		return
	}
	tctx, cancel := context.WithTimeoutCause(ctx, h.Timeout, fmt.Errorf("not done within %v", h.Timeout))
	lost := q.heartbeat(tctx, cancel, job, claimed, log)
	run, traced := tctx, func(string) {}
	if q.o.Trace != nil {
		run, traced = q.o.Trace(tctx, job)
	}
	err := protect(func() error { return h.Run(run, job) })
	cause := context.Cause(tctx)
	cancel()
	outcome := "failed"
	defer func() {
		q.o.Observe(job.Kind, outcome, time.Since(claimed))
		traced(outcome)
	}()
	var p *panicError
	if errors.As(err, &p) {
		log.Error("a job's handler panicked", "error", err, "stack", string(p.stack))
	}
	switch {
	case err == nil:
		outcome = "done"
		err = q.end(ctx, func(ctx context.Context) error { return q.o.Backend.Finish(ctx, job.ID, job.Token) })
		if err != nil {
			log.Warn("a job is done but could not be finished", "error", err)
			return
		}
		log.Debug("job done", "took", time.Since(claimed).Round(time.Millisecond))
	case lost() || errors.Is(err, ErrLeaseLost):
		outcome = "lost"
		log.Warn("the lease was lost while the job ran", "error", err)
	case ctx.Err() != nil: // this process stops
		outcome = "returned"
		err = q.end(ctx, func(ctx context.Context) error { return q.o.Backend.Release(ctx, job.ID, job.Token) })
		if err != nil && !errors.Is(err, ErrLeaseLost) {
			log.Warn("a job could not be given back; its lease will run out", "error", err)
		}
	default:
		if errors.Is(err, context.DeadlineExceeded) && cause != nil {
			err = fmt.Errorf("%w (%w)", cause, err)
		}
		var p *permanent
		if errors.As(err, &p) || job.Attempts >= h.MaxAttempts {
			outcome = "dead"
			q.bury(ctx, h, job, log, err.Error())
			return
		}
		again := jitter(min(h.Backoff<<min(job.Attempts-1, 20), 10*time.Minute))
		log.Warn("job failed", "error", err, "again", again.Round(time.Millisecond))
		err = q.end(ctx, func(ctx context.Context) error {
			return q.o.Backend.Fail(ctx, job.ID, job.Token, err.Error(), again)
		})
		if err != nil {
			log.Warn("a job's failure could not be noted; its lease will run out", "error", err)
		}
	}
}

// bury ends a job whose tries are used up.
func (q *Queue) bury(ctx context.Context, h Handler, job *Job, log *slog.Logger, reason string) {
	log.Error("job is dead", "error", reason)
	if h.Dead != nil && job.Attempts <= h.MaxAttempts+5 { // unless burying, too, kills its process
		dctx, cancel := context.WithTimeout(ctx, min(h.Timeout, q.o.Lease))
		err := protect(func() error { return h.Dead(dctx, job, reason) })
		cancel()
		if err != nil {
			log.Warn("a dead job could not be buried; its lease will run out", "error", err)
			return
		}
	}
	err := q.end(ctx, func(ctx context.Context) error { return q.o.Backend.Bury(ctx, job.ID, job.Token, reason) })
	if err != nil {
		log.Warn("a dead job could not be buried; its lease will run out", "error", err)
	}
}

// end records an outcome even when the process stops meanwhile.
func (q *Queue) end(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return f(ctx)
}

// heartbeat extends the lease until ctx ends. It calls cancel when the lease is lost, or when the backend cannot be
// reached for so long that it must be taken for lost. The result says which, once the work is over.
func (q *Queue) heartbeat(ctx context.Context, cancel context.CancelFunc, job *Job, claimed time.Time, log *slog.Logger) (lost func() bool) {
	gone := make(chan struct{})
	q.running.Go(func() {
		t := time.NewTicker(q.o.Lease / 3)
		defer t.Stop()
		good := claimed
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
			asked := time.Now()
			hctx, hcancel := context.WithTimeout(ctx, q.o.Lease/3)
			err := q.o.Backend.Extend(hctx, job.ID, job.Token, q.o.Lease)
			hcancel()
			switch {
			case err == nil:
				good = asked
			case ctx.Err() != nil:
				return
			case errors.Is(err, ErrLeaseLost) || time.Since(good) > q.o.Lease:
				close(gone)
				cancel()
				return
			default:
				log.Warn("a lease could not be prolonged", "error", err)
			}
		}
	})
	return func() bool {
		select {
		case <-gone:
			return true
		default:
			return false
		}
	}
}

// protect turns a panic into an error.
func protect(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{p, debug.Stack()}
		}
	}()
	return f()
}

type panicError struct {
	value any
	stack []byte
}

func (p *panicError) Error() string { return fmt.Sprintf("panic: %v", p.value) }
