package community

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tintype/internal/live"
	"tintype/internal/queue"
	"tintype/internal/store"
)

// JobBackend makes the store's jobs a queue.Backend.
func JobBackend(s *store.Store) queue.Backend { return jobBackend{s} }

type jobBackend struct{ s *store.Store }

func (b jobBackend) Claim(ctx context.Context, kinds []string, n int, lease time.Duration) ([]queue.Job, error) {
	var token [16]byte
	_, _ = rand.Read(token[:]) // never fails
	rows, err := b.s.ClaimJobs(ctx, kinds, n, hex.EncodeToString(token[:]), lease)
	jobs := make([]queue.Job, len(rows))
	for i, r := range rows {
		jobs[i] = queue.Job{ID: r.ID, Kind: r.Kind, Payload: r.Payload, Attempts: r.Attempts, Token: r.LeaseToken}
	}
	return jobs, err
}

func (b jobBackend) Extend(ctx context.Context, id int64, token string, lease time.Duration) error {
	return leaseError(b.s.ExtendJob(ctx, id, token, lease))
}

func (b jobBackend) Finish(ctx context.Context, id int64, token string) error {
	_, err := b.s.FinishJob(ctx, id, token)
	return leaseError(err)
}

func (b jobBackend) Bury(ctx context.Context, id int64, token, reason string) error {
	_, err := b.s.BuryJob(ctx, id, token, reason)
	return leaseError(err)
}

func (b jobBackend) Fail(ctx context.Context, id int64, token, reason string, again time.Duration) error {
	return leaseError(b.s.FailJob(ctx, id, token, reason, again))
}

func (b jobBackend) Release(ctx context.Context, id int64, token string) error {
	return leaseError(b.s.ReleaseJob(ctx, id, token))
}

func (b jobBackend) Tick(ctx context.Context, kind string, every time.Duration) error {
	return b.s.AddTick(ctx, kind, every)
}

func leaseError(err error) error {
	if errors.Is(err, store.ErrLeaseLost) {
		return fmt.Errorf("%w: %w", queue.ErrLeaseLost, err)
	}
	return err
}

// EventReader makes the store's events a live.Reader.
func EventReader(s *store.Store) live.Reader { return eventReader{s} }

type eventReader struct{ s *store.Store }

func (r eventReader) Now(ctx context.Context) (int64, error) {
	now, err := r.s.Now(ctx)
	return int64(now), err
}

func (r eventReader) After(ctx context.Context, at, id int64, limit int) ([]live.Event, error) {
	rows, err := r.s.EventsAfter(ctx, store.Millis(at), id, limit)
	events := make([]live.Event, len(rows))
	for i, e := range rows {
		events[i] = live.Event{ID: e.ID, At: int64(e.At), Kind: e.Kind, AccountID: e.AccountID, RefID: e.RefID, Payload: e.Payload}
	}
	return events, err
}

// finishJob runs f in the transaction that ends the job. The job's effects and its end commit together, and only while
// this worker holds the lease.
func (c *Community) finishJob(ctx context.Context, job *queue.Job, f func(ctx context.Context, tx *store.Store) error) error {
	return leaseError(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		already, err := tx.FinishJob(ctx, job.ID, job.Token)
		if err != nil || already {
			return err
		}
		return f(ctx, tx)
	}))
}

// buryJob is finishJob for a job that has failed for good.
func (c *Community) buryJob(ctx context.Context, job *queue.Job, reason string, f func(ctx context.Context, tx *store.Store) error) error {
	return leaseError(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		already, err := tx.BuryJob(ctx, job.ID, job.Token, reason)
		if err != nil || already {
			return err
		}
		return f(ctx, tx)
	}))
}

// readPayload reads a job's payload. One that does not parse now will not parse later, so the error is permanent.
func readPayload(job *queue.Job, into any) error {
	if err := json.Unmarshal(job.Payload, into); err != nil {
		return queue.Permanent(fmt.Errorf("payload: %w", err))
	}
	return nil
}

// Jobs lists jobs for administrators, newest first, below beforeID. state is ready, done, dead, or "" for all.
func (c *Community) Jobs(ctx context.Context, state string, beforeID int64, limit int) ([]store.Job, error) {
	jobs, err := c.Store.Jobs(ctx, state, beforeID, limit)
	return jobs, fromStore(err)
}

// RetryJob runs a dead job, or one that waits for its next try, at once. A photo that was refused because its job died
// is prepared anew.
func (c *Community) RetryJob(ctx context.Context, id int64) error {
	return fromStore(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		if err := tx.RetryJob(ctx, id); err != nil {
			return err
		}
		job, err := tx.JobByID(ctx, id)
		if err != nil || job.Kind != jobProcess {
			return err
		}
		var arg photoJob
		if json.Unmarshal(job.Payload, &arg) != nil {
			return nil // it will die again, and say so
		}
		p, err := tx.LockPhoto(ctx, arg.Photo)
		if errors.Is(err, store.ErrNotFound) || err == nil && (p.State != store.PhotoRefused || p.RefusalCode != RefusalFailed) {
			return nil
		}
		if err == nil {
			_, err = tx.RequeuePhoto(ctx, p.ID)
		}
		return err
	}))
}

// DropJob deletes a job.
func (c *Community) DropJob(ctx context.Context, id int64) error {
	return fromStore(c.Store.DropJob(ctx, id))
}
