package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"sync/atomic"
	"time"
)

// ErrLeaseLost means that another worker may have the job. What was to be committed with it must not be.
var ErrLeaseLost = errors.New("store: the job's lease is lost")

// signals are called in this process after a commit. They carry nothing that may not get lost: the rows are the truth,
// and are polled.
type signals struct {
	job     atomic.Pointer[func(id int64)]
	event   atomic.Pointer[func()]
	onEvent atomic.Pointer[func(kind string)]
	commits atomic.Uint64
}

// Commits counts this process's committed transactions. While it stands still, this process has changed nothing.
func (s *conn) Commits() uint64 { return s.signals.commits.Load() }

// OnJob has f called after each commit of a job that is due at once. f must not block.
func (s *conn) OnJob(f func(id int64)) { s.signals.job.Store(&f) }

// OnEvent has f called after each commit of an event. f must not block.
func (s *conn) OnEvent(f func()) { s.signals.event.Store(&f) }

// OnEventOf has f called with the kind of each committed event, before the transaction's caller goes on, so that this
// process drops what it must not read any more. f must be quick.
func (s *conn) OnEventOf(f func(kind string)) { s.signals.onEvent.Store(&f) }

// AddJob writes a job, in the transaction that wants it done. The payload becomes JSON. runAt 0 is at once.
func (s *conn) AddJob(ctx context.Context, kind string, payload any, runAt Millis) error {
	for try := 1; ; try++ {
		err := s.addJob(ctx, s.NewID(), kind, payload, runAt)
		var c *ConflictError
		if !errors.As(err, &c) || try == 3 { // the one unique key is the id
			return err
		}
	}
}

// AddJobID is AddJob under an id of TxOnce(ctx, "jobs", …).
func (s *conn) AddJobID(ctx context.Context, id int64, kind string, payload any) error {
	return s.addJob(ctx, id, kind, payload, 0)
}

func (s *conn) addJob(ctx context.Context, id int64, kind string, payload any, runAt Millis) error {
	b, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("payload of a job %s: %w", kind, err)
	}
	b = s.withOrigin(ctx, b)
	now := s.dialect.nowMillis()
	due, args := "?", []any{id, kind, string(b), JobReady, runAt}
	if runAt == 0 { // now, and not before everything else: jobs that were tried before have their turn as well
		due, args = now, args[:4]
	}
	err = s.write(ctx).Exec("INSERT INTO jobs (id, kind, payload, state, run_at, error, created_at) VALUES (?, ?, ?, ?, "+due+", '', "+now+")", args...).Error
	if err != nil {
		return translate(err)
	}
	if f := s.signals.job.Load(); f != nil && runAt == 0 {
		s.AfterCommit(func() { (*f)(id) })
	}
	return nil
}

// AddTick writes the job of kind for the current interval, unless it exists: one of all processes and tries succeeds.
// The id is made of the interval and the kind, so that the primary key decides.
func (s *conn) AddTick(ctx context.Context, kind string, every time.Duration) error {
	h := fnv.New32a()
	h.Write([]byte(kind))
	now, ms := s.dialect.nowMillis(), every.Milliseconds()
	err := s.write(ctx).Exec(s.dialect.insertIgnore()+" jobs (id, kind, payload, state, run_at, error, created_at) "+
		"SELECT (t.ms - t.ms % ?) * 65536 + ?, ?, '{}', ?, t.ms, '', t.ms FROM (SELECT "+now+" AS ms) t",
		ms, int64(h.Sum32()&0xFFFF), kind, JobReady).Error
	return translate(err)
}

const jobColumns = "id, kind, payload, state, attempts, run_at, lease_until, lease_token, error, created_at, finished_at"

func scanJobs(rows *sql.Rows, err error) ([]Job, error) {
	if err != nil {
		return nil, translate(err)
	}
	defer rows.Close()
	var jobs []Job
	for rows.Next() {
		var j Job
		var payload []byte
		err := rows.Scan(&j.ID, &j.Kind, &payload, &j.State, &j.Attempts, &j.RunAt, &j.LeaseUntil, &j.LeaseToken, &j.Error,
			&j.CreatedAt, &j.FinishedAt)
		if err != nil {
			return nil, translate(err)
		}
		j.Payload = payload
		jobs = append(jobs, j)
	}
	return jobs, translate(rows.Err())
}

// ClaimJobs leases up to n due jobs of these kinds, the longest due first. A claim counts an attempt, even if its
// process then dies. The token must be new for every call.
func (s *conn) ClaimJobs(ctx context.Context, kinds []string, n int, token string, lease time.Duration) ([]Job, error) {
	if len(kinds) == 0 || n <= 0 {
		return nil, nil
	}
	ctx, now := Primary(ctx), s.dialect.nowMillis()
	var ids []int64
	// Looking first takes no lock: on an idle site nothing is written.
	err := s.read(ctx).Raw("SELECT id FROM jobs WHERE state = ? AND run_at <= "+now+" AND lease_until < "+now+
		" AND kind IN ? ORDER BY run_at, id LIMIT ?", JobReady, kinds, 2*n).Scan(&ids).Error
	if err != nil {
		return nil, translate(err)
	}
	var mine []int64
	for _, id := range ids {
		res := s.write(ctx).Exec("UPDATE jobs SET attempts = attempts + 1, lease_token = ?, lease_until = "+now+" + ? WHERE id = ? AND state = ? AND run_at <= "+
			now+" AND lease_until < "+now, token, lease.Milliseconds(), id, JobReady)
		if res.Error != nil {
			if len(mine) > 0 {
				break // those are run; the rest waits for the next call
			}
			return nil, translate(res.Error)
		}
		if res.RowsAffected == 1 {
			if mine = append(mine, id); len(mine) == n {
				break
			}
		}
	}
	if len(mine) == 0 {
		return nil, nil
	}
	return scanJobs(s.read(ctx).Raw("SELECT "+jobColumns+" FROM jobs WHERE id IN ? AND lease_token = ? ORDER BY run_at, id", mine, token).Rows())
}

// ExtendJob prolongs the lease, or answers ErrLeaseLost.
func (s *conn) ExtendJob(ctx context.Context, id int64, token string, lease time.Duration) error {
	return s.leased(ctx, id, token, "lease_until = "+s.dialect.nowMillis()+" + ?", lease.Milliseconds())
}

// FinishJob marks the job done, first thing in the transaction of its effects. already reports that an earlier try of
// that transaction was committed though its answer got lost: then nothing is left to do. ErrLeaseLost means that the
// job is another worker's by now, or dropped.
func (s *conn) FinishJob(ctx context.Context, id int64, token string) (already bool, err error) {
	return s.end(ctx, id, token, JobDone, "")
}

// BuryJob marks the job dead with the reason, to be retried or dropped by hand. Results are as in FinishJob.
func (s *conn) BuryJob(ctx context.Context, id int64, token, reason string) (already bool, err error) {
	return s.end(ctx, id, token, JobDead, reason)
}

func (s *conn) end(ctx context.Context, id int64, token, state, reason string) (bool, error) {
	err := s.leased(ctx, id, token, "state = ?, error = ?, lease_until = 0, finished_at = "+s.dialect.nowMillis(), state, clip(reason, 4000))
	if !errors.Is(err, ErrLeaseLost) {
		return false, err
	}
	var n int64
	lookErr := s.read(Primary(ctx)).Raw("SELECT COUNT(*) FROM jobs WHERE id = ? AND lease_token = ? AND state = ?", id, token, state).Scan(&n).Error
	if lookErr != nil {
		return false, translate(lookErr)
	}
	if n == 1 {
		return true, nil
	}
	return false, err
}

// FailJob notes the error and has the job run again after a while.
func (s *conn) FailJob(ctx context.Context, id int64, token, reason string, again time.Duration) error {
	return s.leased(ctx, id, token, "error = ?, lease_until = 0, lease_token = '', run_at = "+s.dialect.nowMillis()+" + ?",
		clip(reason, 4000), again.Milliseconds())
}

// ReleaseJob returns the job without counting the attempt, because this process stops.
func (s *conn) ReleaseJob(ctx context.Context, id int64, token string) error {
	return s.leased(ctx, id, token, "attempts = attempts - 1, lease_until = 0, lease_token = ''")
}

// leased changes a job that this token still holds. A lease that ran out and that nobody took still holds.
func (s *conn) leased(ctx context.Context, id int64, token, set string, args ...any) error {
	res := s.write(ctx).Exec("UPDATE jobs SET "+set+" WHERE id = ? AND lease_token = ? AND state = ?", append(args, id, token, JobReady)...)
	if res.Error != nil {
		return translate(res.Error)
	}
	if res.RowsAffected == 0 {
		return ErrLeaseLost
	}
	return nil
}

// Jobs lists jobs of a state ("" all), newest first, with ids below beforeID (0: from the start).
func (s *conn) Jobs(ctx context.Context, state string, beforeID int64, limit int) ([]Job, error) {
	where, args := "1 = 1", []any{}
	if state != "" {
		where, args = where+" AND state = ?", append(args, state)
	}
	if beforeID > 0 {
		where, args = where+" AND id < ?", append(args, beforeID)
	}
	return scanJobs(s.read(Primary(ctx)).Raw("SELECT "+jobColumns+" FROM jobs WHERE "+where+" ORDER BY id DESC LIMIT ?", append(args, limit)...).Rows())
}

// JobByID returns ErrNotFound where there is none.
func (s *conn) JobByID(ctx context.Context, id int64) (Job, error) {
	jobs, err := scanJobs(s.read(Primary(ctx)).Raw("SELECT "+jobColumns+" FROM jobs WHERE id = ?", id).Rows())
	if err != nil {
		return Job{}, err
	}
	if len(jobs) == 0 {
		return Job{}, ErrNotFound
	}
	return jobs[0], nil
}

// RetryJob has a dead job, or one that waits for its next try, run at once with all its attempts. ErrNotFound if
// there is none such.
func (s *conn) RetryJob(ctx context.Context, id int64) error {
	now := s.dialect.nowMillis()
	res := s.write(ctx).Exec("UPDATE jobs SET state = ?, attempts = 0, run_at = "+now+", lease_until = 0, lease_token = '', finished_at = NULL WHERE id = ? AND (state = ? OR state = ? AND lease_until < "+
		now+")", JobReady, id, JobDead, JobReady)
	if res.Error != nil {
		return translate(res.Error)
	}
	if res.RowsAffected == 0 {
		return ErrNotFound
	}
	if f := s.signals.job.Load(); f != nil {
		s.AfterCommit(func() { (*f)(id) })
	}
	return nil
}

// DropJob deletes a job that is in one of the states, or in any where none is given; ErrNotFound where it is not. If the job
// is running, its effects will not be committed.
func (s *conn) DropJob(ctx context.Context, id int64, states ...string) error {
	statement, args := "DELETE FROM jobs WHERE id = ?", []any{id}
	if len(states) > 0 {
		statement, args = statement+" AND state IN ?", append(args, states)
	}
	res := s.write(ctx).Exec(statement, args...)
	if res.Error == nil && res.RowsAffected == 0 {
		return ErrNotFound
	}
	return translate(res.Error)
}

// clip cuts a text to at most n bytes of valid UTF-8.
func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}
