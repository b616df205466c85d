package queuetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"tintype/internal/queue"
)

// Memory is a Backend whose clock the test sets.
type Memory struct {
	mu    sync.Mutex
	now   time.Duration
	next  int64
	jobs  map[int64]*row
	ticks map[string]bool
}

type row struct {
	queue.Job
	state  string
	reason string
	runAt  time.Duration
	lease  time.Duration
}

// NewMemory is empty.
func NewMemory() *Memory { return &Memory{jobs: map[int64]*row{}, ticks: map[string]bool{}} }

// Jobs is the Memory as Run wants it.
func (m *Memory) Jobs() Jobs { return Jobs{Backend: m, Add: m.Add, State: m.State, Pass: m.Pass} }

// Add adds a job that is due after a while.
func (m *Memory) Add(_ *testing.T, kind, payload string, in time.Duration) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.next++
	m.jobs[m.next] = &row{Job: queue.Job{ID: m.next, Kind: kind, Payload: []byte(payload)}, state: "ready", runAt: m.now + in}
	return m.next
}

// State reads a job back.
func (m *Memory) State(_ *testing.T, id int64) (string, int, string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.jobs[id]; r != nil {
		return r.state, r.Attempts, r.reason
	}
	return "", 0, ""
}

// Pass moves the clock.
func (m *Memory) Pass(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now += d
}

// Claim implements queue.Backend.
func (m *Memory) Claim(_ context.Context, kinds []string, n int, lease time.Duration) ([]queue.Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var due []*row
	for _, r := range m.jobs {
		if r.state == "ready" && r.runAt <= m.now && r.lease <= m.now && slices.Contains(kinds, r.Kind) {
			due = append(due, r)
		}
	}
	slices.SortFunc(due, func(a, b *row) int { return cmp.Or(cmp.Compare(a.runAt, b.runAt), cmp.Compare(a.ID, b.ID)) })
	var jobs []queue.Job
	for _, r := range due[:min(n, len(due))] {
		m.next++
		r.Attempts++
		r.Token, r.lease = fmt.Sprint("token ", m.next), m.now+lease
		jobs = append(jobs, r.Job)
	}
	return jobs, nil
}

func (m *Memory) change(id int64, token string, f func(*row)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.jobs[id]
	if r == nil || r.Token != token || r.state != "ready" {
		return queue.ErrLeaseLost
	}
	f(r)
	return nil
}

// Extend implements queue.Backend.
func (m *Memory) Extend(_ context.Context, id int64, token string, lease time.Duration) error {
	return m.change(id, token, func(r *row) { r.lease = m.now + lease })
}

func (m *Memory) end(id int64, token, state, reason string) error {
	err := m.change(id, token, func(r *row) { r.state, r.reason = state, reason })
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.jobs[id]; err != nil && r != nil && r.Token == token && r.state == state {
		return nil
	}
	return err
}

// Finish implements queue.Backend.
func (m *Memory) Finish(_ context.Context, id int64, token string) error {
	return m.end(id, token, "done", "")
}

// Bury implements queue.Backend.
func (m *Memory) Bury(_ context.Context, id int64, token, reason string) error {
	return m.end(id, token, "dead", reason)
}

// Fail implements queue.Backend.
func (m *Memory) Fail(_ context.Context, id int64, token, reason string, again time.Duration) error {
	return m.change(id, token, func(r *row) { r.reason, r.runAt, r.lease, r.Token = reason, m.now+again, 0, "" })
}

// Release implements queue.Backend.
func (m *Memory) Release(_ context.Context, id int64, token string) error {
	return m.change(id, token, func(r *row) { r.lease, r.Token = 0, ""; r.Attempts-- })
}

// Tick implements queue.Backend.
func (m *Memory) Tick(_ context.Context, kind string, every time.Duration) error {
	m.mu.Lock()
	slot := fmt.Sprint(kind, m.now/every)
	known := m.ticks[slot]
	m.ticks[slot] = true
	m.mu.Unlock()
	if !known {
		m.Add(nil, kind, "{}", 0)
	}
	return nil
}
