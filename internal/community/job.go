package community

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"time"

	"tintype/internal/queue"
	"tintype/internal/store"
)

// Classes of jobs. Each has workers of its own, so that none waits behind another's.
const (
	ClassShort = ""      // moments
	ClassPhoto = "photo" // bound by processors and the photo budget
	ClassBulk  = "bulk"  // minutes: removing large things, sweeping
	ClassPush  = "push"  // bound by other people's servers
	ClassMail  = "mail"  // bound by the mail server

	// ClassAlbum, ClassExport and ClassImport read or write many photographs for one member, and go on for long. A small album does not wait for an
	// export of hundreds of gigabytes, nor that for somebody's import. Within a class members take turns: after each part of an
	// export, and after importSlice of an import.
	ClassAlbum  = "album"  // an album's archive
	ClassExport = "export" // a part of all that a member has
	ClassImport = "import"
)

// Workers is how many jobs of each class a process runs at once.
func Workers() map[string]int {
	return map[string]int{ClassShort: 4, ClassPhoto: max(2, runtime.GOMAXPROCS(0)), ClassBulk: 1, ClassPush: 6, ClassMail: 4, ClassAlbum: 1, ClassExport: 1, ClassImport: 1}
}

// RegisterJobs has q run the jobs of every kind.
func (c *Community) RegisterJobs(q *queue.Queue) {
	q.Register(jobProcess, queue.Handler{
		Run: c.preparePhoto, Dead: c.preparingFailed, Class: ClassPhoto, Timeout: 5 * time.Minute, MaxAttempts: 4, Backoff: time.Second,
	})
	q.Register(jobFocus, queue.Handler{Run: c.refocusPhoto, Class: ClassPhoto, Timeout: 5 * time.Minute, MaxAttempts: 6, Backoff: time.Second})
	q.Register(jobRemove, queue.Handler{Run: c.removeMedia, Class: ClassBulk, Timeout: 10 * time.Minute, MaxAttempts: 10})
	q.Register(jobSweep, queue.Handler{Run: c.sweepJob, Class: ClassBulk, Timeout: 10 * time.Minute, MaxAttempts: 3, Every: 10 * time.Minute})
	q.Register(jobRetention, queue.Handler{Run: c.retentionJob, Class: ClassBulk, Timeout: 10 * time.Minute, MaxAttempts: 3, Every: time.Hour})
	q.Register(jobTrends, queue.Handler{
		Run: func(ctx context.Context, _ *queue.Job) error { return c.RankTrends(ctx) }, Class: ClassBulk, Timeout: 5 * time.Minute, MaxAttempts: 3, Every: time.Hour,
	})
	q.Register(jobSearchFill, queue.Handler{Run: c.runSearchFill, Class: ClassBulk, Timeout: 10 * time.Minute, MaxAttempts: 10, Every: time.Hour})
	q.Register(jobAlbumZip, queue.Handler{Run: c.makeAlbumZip, Dead: c.albumZipFailed, Class: ClassAlbum, Timeout: 30 * time.Minute, MaxAttempts: 4})
	q.Register(jobPush, queue.Handler{Run: c.runPush, Class: ClassPush, Timeout: 30 * time.Second, MaxAttempts: pushAttempts, Backoff: 20 * time.Second})
	c.registerMail(q)
	q.Register(jobKeepPhotos, queue.Handler{Run: c.runKeepPhotos, Timeout: 10 * time.Minute})
	q.Register(JobPostDelete, queue.Handler{Run: c.runPostDelete, Timeout: 10 * time.Minute})
	q.Register(jobTellPost, queue.Handler{Run: c.runTellPost, Timeout: time.Minute})
	q.Register(jobTellEdit, queue.Handler{Run: c.runTellEdit, Timeout: time.Minute})
	q.Register(JobAccountDelete, queue.Handler{Run: c.runAccountDelete, Class: ClassBulk, Timeout: 2 * accountSlice, MaxAttempts: 10})
	q.Register(jobExport, queue.Handler{
		Run: c.writeExport, Dead: c.exportFailed, Class: ClassExport, Timeout: exportPatience, MaxAttempts: 5, Backoff: 10 * time.Second,
	})
	q.Register(jobImport, queue.Handler{
		Run: c.runImport, Dead: c.importFailed, Class: ClassImport, Timeout: 2 * importSlice, MaxAttempts: 6, Backoff: 10 * time.Second,
	})
	q.Register(jobUnsuspend, queue.Handler{Run: c.runUnsuspend, Timeout: time.Minute, MaxAttempts: 20})
	q.Register(jobLeave, queue.Handler{Run: c.runLeave, Timeout: time.Minute, MaxAttempts: 100})
	q.Register(jobAnnounce, queue.Handler{Run: c.runAnnounce, Timeout: time.Minute, MaxAttempts: 20})
	q.Register(jobAnnouncementDelete, queue.Handler{Run: c.runAnnouncementDelete, Class: ClassBulk, Timeout: 10 * time.Minute, MaxAttempts: 10})
	q.Register(JobAccountPhotos, queue.Handler{Run: c.runAccountPhotos, Class: ClassBulk, Timeout: 2 * accountSlice, MaxAttempts: 10})
}

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
func (c *Community) RetryJob(ctx context.Context, by By, id int64) error {
	return c.administration(ctx, by, RetryJob, func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (bool, error) {
		if err := tx.RetryJob(ctx, id); err != nil {
			return false, err
		}
		job, err := tx.JobByID(ctx, id)
		if err != nil {
			return false, err
		}
		e.RefID, e.Detail = &id, job.Kind
		if job.Kind != jobProcess {
			return true, nil
		}
		var arg photoJob
		if json.Unmarshal(job.Payload, &arg) != nil {
			return true, nil // it will die again, and say so
		}
		p, err := tx.LockPhoto(ctx, arg.Photo)
		if errors.Is(err, store.ErrNotFound) || err == nil && (p.State != store.PhotoRefused || p.RefusalCode != RefusalFailed) {
			return true, nil
		}
		if err == nil {
			_, err = tx.RequeuePhoto(ctx, p.ID)
		}
		return true, err
	})
}

// DropJob deletes a job.
func (c *Community) DropJob(ctx context.Context, by By, id int64) error {
	return c.dropJob(ctx, by, id)
}

// DropDeadJob deletes a job that failed for good: ErrNotFound where it may still run.
func (c *Community) DropDeadJob(ctx context.Context, by By, id int64) error {
	return c.dropJob(ctx, by, id, store.JobDead)
}

func (c *Community) dropJob(ctx context.Context, by By, id int64, states ...string) error {
	return c.administration(ctx, by, DropJob, func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (bool, error) {
		job, err := tx.JobByID(ctx, id)
		if err != nil {
			return false, err
		}
		e.RefID, e.Detail = &id, job.Kind
		return true, tx.DropJob(ctx, id, states...)
	})
}
