package session_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"tintype/internal/session"
	"tintype/internal/store/storetest"
)

// together is a place to which sessions are added only once n are being added at the same time.
type together struct {
	session.Movable
	t *testing.T
	n int

	mu       sync.Mutex
	in, most int
	all      chan struct{}
}

func (p *together) Add(ctx context.Context, r *session.Record) (bool, error) {
	p.mu.Lock()
	p.in++
	p.most = max(p.most, p.in)
	if p.in == p.n {
		select {
		case <-p.all:
		default:
			close(p.all)
		}
	}
	p.mu.Unlock()
	select {
	case <-p.all:
	case <-time.After(time.Minute):
		p.t.Errorf("no %d workers are at work at once", p.n)
	}
	p.mu.Lock()
	p.in--
	p.mu.Unlock()
	return p.Movable.Add(ctx, r)
}

// As many sessions are copied at once as there are workers.
func TestACopyHasWorkers(t *testing.T) {
	for _, n := range []int{1, 5} {
		source := sqlPlace(t, storetest.SQLite(t))
		target := &together{Movable: sqlPlace(t, storetest.SQLite(t)), t: t, n: n, all: make(chan struct{})}
		now := time.Now()
		for i := range 3 * n {
			r := &session.Record{AccountID: 1, Hash: fmt.Sprintf("%064x", i), CreatedAt: now, UsedAt: now, ExpiresAt: now.Add(time.Hour)}
			if added, err := source.Add(t.Context(), r); err != nil || !added {
				t.Fatal(added, err)
			}
		}
		var mu sync.Mutex
		copied := 0
		must(t, session.CopyAll(t.Context(), source, target, n, func(added bool) error {
			mu.Lock()
			defer mu.Unlock()
			if added {
				copied++
			}
			return nil
		}))
		if copied != 3*n || target.most != n {
			t.Errorf("%d workers have copied %d, %d at once", n, copied, target.most)
		}
	}
}
