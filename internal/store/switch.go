package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"tintype/internal/budget"
)

//go:generate go test -run TestMethodsOfStore -update .

// places are the two databases between which a site moves, and which of them this process serves.
type places struct {
	conns [2]atomic.Pointer[conn] // nil where one could not be opened yet
	state atomic.Pointer[serving]
	mayBe bool // one that is not open has replicas

	mu   sync.Mutex // of Serve and of opening
	want Serving    // as Serve said
	stop context.CancelFunc
	late sync.WaitGroup // who opens the other one

	waits writeWaits
}

// writeWaits are transactions that wait because their place is being left.
type writeWaits struct {
	mu      sync.Mutex
	began   map[int64]time.Time // of those that wait now
	last    int64
	longest time.Duration // of those that are over
}

func (w *writeWaits) begin() (id int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.began == nil {
		w.began = make(map[int64]time.Time)
	}
	w.last++
	w.began[w.last] = time.Now()
	return w.last
}

func (w *writeWaits) end(id int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.longest = max(w.longest, time.Since(w.began[id]))
	delete(w.began, id)
}

// WriteWaits tells of the writes of this process that a switch has held up: how many wait now, for how long the first of
// them has waited, and the longest that any has waited since the start.
type WriteWaits struct {
	Now     int
	Since   time.Duration
	Longest time.Duration
}

// WriteWaits returns what a switch from one place to another costs this process. Without another place it is zero.
func (s *Store) WriteWaits() (out WriteWaits) {
	if s.places == nil {
		return out
	}
	w := &s.places.waits
	w.mu.Lock()
	defer w.mu.Unlock()
	out.Now, out.Longest = len(w.began), w.longest
	for _, began := range w.began {
		out.Since = max(out.Since, time.Since(began))
	}
	out.Longest = max(out.Longest, out.Since)
	return out
}

// serving is what a process may do, until the next one.
type serving struct {
	Serving
	c       *conn
	changed chan struct{} // closed by the next
}

// Serving is what a process may do while its site can move.
type Serving struct {
	// Next tells whether the place in charge is the one that OpenBoth was given second.
	Next bool
	// Until is the moment before which an operation may begin; the zero time: none may.
	Until time.Time
	// ByReplicasUntil is the same for a read that begins while the primary is away: a replica answers it.
	ByReplicasUntil time.Time
	// Writable tells whether a transaction should be tried. A transaction that the database refuses is run again all the same.
	Writable bool
	// HeldUntil is the moment before which no transaction begins, because a switch is under way.
	HeldUntil time.Time
}

// ServesNext tells whether the process serves the place that OpenBoth was given second.
func (s *Store) ServesNext() bool { return s.places != nil && s.places.state.Load().Next }

// current is the database that the process serves, for what needs no permission.
func (s *Store) current() *conn {
	if s.places == nil {
		return s.conn
	}
	return s.places.state.Load().c
}

// MayReplicate tells whether there are replicas in a place of the site, and so positions once it is served.
func (s *Store) MayReplicate() bool {
	if s.places == nil {
		return s.Replicated()
	}
	return s.places.replicated()
}

func (p *places) replicated() bool {
	for i := range p.conns {
		if c := p.conns[i].Load(); c != nil && c.Replicated() {
			return true
		}
	}
	return p.mayBe
}

// StartReads lets a request read on replicas that have reached the position its client brought. End it with the
// request. Without replicas it is nil, and the context unchanged. The request goes by the replicas of the place that is
// served when it reads.
func (s *Store) StartReads(ctx context.Context, brought Position) (context.Context, *Reads) {
	if s.places == nil {
		return s.conn.StartReads(ctx, brought)
	}
	if !s.places.replicated() {
		return ctx, nil
	}
	return startReads(ctx, s.places.state.Load().c.cluster, brought)
}

// sealedPoll is how often somebody who was refused by a place looks again, should he not be told.
const sealedPoll = 25 * time.Millisecond

// doubtAfter is how long somebody waits for permission until the server is asked whether it is there at all.
const doubtAfter = 300 * time.Millisecond

// run runs a whole method in the place in charge, once this process may go by what it knows of it. A place that refuses
// to be written is left or opened soon: then the whole method runs again, so that no statement built for one database
// reaches the other. Nobody holds a connection meanwhile. Waiting for a switch costs the request's budget nothing. Waiting for a
// server that does not say who is in charge does.
func (p *places) run(ctx context.Context, transaction bool, f func(*conn) error) error {
	waits, began := int64(0), time.Time{}
	defer func() {
		if waits != 0 {
			p.waits.end(waits)
		}
	}()
	for {
		st := p.state.Load()
		now := time.Now()
		over := !now.Before(st.Until) && (transaction || !now.Before(st.ByReplicasUntil) || !st.c.PrimaryAway())
		var err error
		switch {
		case over:
			if err := st.c.awayError(); err != nil {
				return err
			}
			if began.IsZero() {
				began = now
			} else if now.Sub(began) > doubtAfter {
				st.c.doubt()
				began = now
			}
		case !transaction || st.Writable && !now.Before(st.HeldUntil):
			if err = f(st.c); !errors.Is(err, ErrSealed) {
				return err
			}
		}
		if waits == 0 && (transaction || err != nil) {
			waits = p.waits.begin()
		}
		if ended := st.await(ctx, over); ended != nil {
			if err == nil {
				err = fmt.Errorf("%w: %w: %w", ErrSealed, ErrBusy, ended)
			}
			return err
		}
	}
}

// await waits until something may have changed; charged: on the time of the request's budget.
func (st *serving) await(ctx context.Context, charged bool) error {
	if charged {
		var done func()
		var cancel context.CancelFunc
		ctx, done, cancel = budget.Take(ctx)
		defer cancel()
		defer done()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-st.changed:
	case <-time.After(sealedPoll):
	}
	return nil
}

// judge is who knows whether the primary answers; nil on SQLite.
func (s *conn) judge() *budget.Breaker {
	if s.cluster != nil {
		return s.cluster.breaker
	}
	return s.breaker
}

// awayError is an error where the primary is known not to answer, so that nobody waits for it; else nil.
func (s *conn) awayError() error {
	switch b := s.judge(); {
	case b == nil || !b.Away():
		return nil
	case s.cluster != nil:
		return ErrPrimaryAway
	}
	return translate(budget.ErrAway)
}

// doubt has the primary be asked whether it is there.
func (s *conn) doubt() {
	if b := s.judge(); b != nil {
		b.Failed()
	}
}

// at is a place's connections, nil where it could not be opened yet.
func (p *places) at(next bool) *conn {
	if next {
		return p.conns[1].Load()
	}
	return p.conns[0].Load()
}

// AwayAt tells whether a place's primary is known not to answer.
func (s *Store) AwayAt(next bool) bool {
	c := s.places.at(next)
	return c != nil && c.awayError() != nil
}

// GateByReplica reads the gate of a place whose primary has not answered, as the most advanced of its replicas has it that was
// at most so far behind when that was last known. It is an error where there is none, and where nobody knows yet that the
// primary is away: then that is found out.
func (s *Store) GateByReplica(ctx context.Context, next bool, behind time.Duration) (Gate, error) {
	c := s.places.at(next)
	if c == nil {
		return Gate{}, ErrBusy
	}
	if !c.PrimaryAway() {
		c.doubt()
		return Gate{}, ErrBusy
	}
	err := ErrPrimaryAway
	for _, e := range c.cluster.mostAdvanced() {
		var g Gate
		if g, err = e.gate(ctx, behind); err == nil {
			return g, nil
		}
		e.lookAgain()
	}
	return Gate{}, err
}

// Tx runs f in a transaction on the primary. When the database asks for it (deadlock, failover, a lost connection) the
// whole f runs again, so it must change nothing but tx. A Tx inside a Tx is ErrNestedTx. If the answer to COMMIT is
// lost, f runs once more; where that would do harm, use TxOnce.
func (s *Store) Tx(ctx context.Context, f func(ctx context.Context, tx *Store) error) error {
	return s.transaction(ctx, &once{}, func(ctx context.Context, tx *Store, _ int64) error { return f(ctx, tx) })
}

// TxOnce is Tx for what must happen once. f inserts a row with the given id as primary key of the table. The id is
// drawn before the first try and stays the same. If the answer to COMMIT is lost, TxOnce looks the id up on the primary
// to learn what happened. If another process drew the same id, the first try is repeated with a new one. It returns the
// id of the row.
func (s *Store) TxOnce(ctx context.Context, table string, f func(ctx context.Context, tx *Store, id int64) error) (int64, error) {
	o := &once{table: table}
	err := s.transaction(ctx, o, f)
	return o.id, err
}

func (s *Store) transaction(ctx context.Context, o *once, f func(context.Context, *Store, int64) error) error {
	if s.places == nil {
		return s.conn.run(ctx, o, f)
	}
	if ctx.Value(keyInTx) != nil {
		return ErrNestedTx
	}
	return s.places.run(ctx, true, func(c *conn) error { return c.run(ctx, o, f) })
}

// Close closes every connection, of both places where there are two.
func (s *Store) Close() error {
	if s.places == nil {
		return s.conn.Close()
	}
	s.places.stop()
	s.places.late.Wait()
	var err error
	for i := range s.places.conns {
		if c := s.places.conns[i].Load(); c != nil {
			err = errors.Join(err, c.Close())
		}
	}
	return err
}
