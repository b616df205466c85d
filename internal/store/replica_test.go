package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// request is what a request does: read at a position, and answer.
type request struct {
	t     *testing.T
	s     *store.Store
	ctx   context.Context
	reads *store.Reads
}

func begin(t *testing.T, s *store.Store, brought store.Position) *request {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	ctx, reads := s.StartReads(ctx, brought)
	t.Cleanup(func() { reads.End(); cancel() })
	return &request{t, s, ctx, reads}
}

func (r *request) end() store.Position {
	defer r.reads.End()
	return r.reads.Answer(r.ctx)
}

// mark sets an account's marker, which is what these tests write; marked reads it.
func (r *request) mark(acc, n int64) {
	r.t.Helper()
	if err := r.s.SetMarker(r.ctx, acc, "home", n); err != nil {
		r.t.Fatal(err)
	}
}

func (r *request) marked(acc int64) (int64, error) {
	ms, err := r.s.MarkersOf(r.ctx, acc, []string{"home"})
	if err != nil || len(ms) == 0 {
		return 0, err
	}
	return ms[0].LastReadID, nil
}

func newAccount(t *testing.T, s *store.Store, name string) int64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	id, err := s.TxOnce(ctx, "accounts", func(ctx context.Context, tx *store.Store, id int64) error {
		return tx.CreateAccount(ctx, &store.Account{ID: id, Username: name, Email: name + "@example.org", PasswordHash: "x", Role: store.RoleMember})
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// unwell counts the reads that went to the primary because a replica was not well, as on a busy machine it may be.
func unwell(s *store.Store) int64 {
	counts := s.ReadCounts().Primary
	return counts["unhealthy"] + counts["failed"]
}

// replicaReads sums what all replicas have answered.
func replicaReads(s *store.Store) int64 {
	var n int64
	for _, c := range s.ReadCounts().Replicas {
		n += c
	}
	return n
}

func TestReplicas(t *testing.T) { servertest.OnEachFlavour(t, testReplicas) }

func testReplicas(t *testing.T, f servertest.Flavour) {
	t.Parallel() // to the other flavour: it mostly waits
	db := storetest.OnReplicas(t, f, 2)
	a, b := db.Open(t), db.Open(t)
	acc := newAccount(t, a, "ann")

	t.Run("both replicas are read", func(t *testing.T) {
		storetest.Eventually(t, time.Minute, func() bool { // else one of them was left meanwhile
			storetest.WaitInUse(t, a, 2)
			before := a.ReadCounts().Replicas
			for range 20 {
				r := begin(t, a, 0)
				if _, err := r.marked(acc); err != nil {
					t.Fatal(err)
				}
				r.end()
			}
			after := a.ReadCounts().Replicas
			t.Logf("of 20 reads: before %v, after %v", before, after)
			few := len(after) != 2
			for address, n := range after {
				few = few || n-before[address] < 5
			}
			return !few
		})
	})

	t.Run("who stays connected holds no place", func(t *testing.T) {
		for range 30 { // more than may ask the primary at once
			r := begin(t, a, 0)
			r.reads.Answer(r.ctx)
			if _, err := a.ListByID(r.ctx, acc, 1); !errors.Is(err, store.ErrNotFound) {
				t.Fatal(err)
			}
		}
	})

	t.Run("without a request the primary answers", func(t *testing.T) {
		before := replicaReads(a)
		if _, err := a.MarkersOf(t.Context(), acc, []string{"home"}); err != nil || replicaReads(a) != before {
			t.Errorf("%v, %d reads by replicas", err, replicaReads(a)-before)
		}
	})

	t.Run("no transaction after the answer", func(t *testing.T) {
		r := begin(t, a, 0)
		r.end()
		if err := a.Tx(r.ctx, func(context.Context, *store.Store) error { return nil }); !errors.Is(err, store.ErrAfterAnswer) {
			t.Errorf("%v", err)
		}
	})

	db.DelayBy(t, 2, db.Replicas...)
	storetest.WaitInUse(t, b, 2)

	t.Run("one's own write is read on another process, everybody else's reads stay on replicas", func(t *testing.T) {
		var position store.Position
		for i := int64(1); i <= 30; i++ {
			w := begin(t, a, position)
			w.mark(acc, i)
			if got, err := w.marked(acc); got != i || err != nil {
				t.Fatalf("in the request itself: %d, %v; want %d", got, err, i)
			}
			next := w.end()
			if next < position {
				t.Fatalf("the position went from %d to %d", position, next)
			}
			position = next
			own := begin(t, b, position)
			if got, err := own.marked(acc); got != i || err != nil {
				t.Fatalf("who wrote reads %d, %v; want %d", got, err, i)
			}
			if p := own.end(); p != 0 {
				t.Errorf("a read has a new position %d", p)
			}
			before, sick := replicaReads(b), unwell(b)
			other := begin(t, b, 0)
			if _, err := other.marked(acc); err != nil {
				t.Fatal(err)
			}
			other.end()
			if replicaReads(b) != before+1 && unwell(b) == sick {
				t.Error("another reader was sent to the primary")
			}
		}
		before := replicaReads(b)
		storetest.Eventually(t, time.Minute, func() bool { // who wrote, too, comes back to the replicas
			r := begin(t, b, position)
			got, err := r.marked(acc)
			if r.end(); got != 30 || err != nil {
				t.Fatalf("%d, %v", got, err)
			}
			return replicaReads(b) > before
		})
	})

	t.Run("what was made a moment ago is found by its key, with what hangs on it", func(t *testing.T) {
		n := 0
		storetest.Eventually(t, time.Minute, func() bool { // else the replicas had it already, or none was read
			n++
			name := fmt.Sprint("ben", n)
			id := newAccount(t, a, name)
			w := begin(t, a, 0)
			w.mark(id, 7)
			w.end()
			r := begin(t, b, 0)
			defer r.end()
			found, err := b.AccountByUsername(r.ctx, name)
			if err != nil || found.ID != id {
				t.Fatalf("%v, %v", found, err)
			}
			if got, err := r.marked(id); got != 7 || err != nil {
				t.Errorf("%d, %v", got, err)
			}
			return b.ReadCounts().Primary["not_found"] > 0
		})
		r := begin(t, b, 0)
		if _, err := b.AccountByUsername(r.ctx, "nobody"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%v", err)
		}
	})

	t.Run("a token carries its client's position", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		app, err := a.TxOnce(ctx, "apps", func(ctx context.Context, tx *store.Store, id int64) error {
			return tx.CreateApp(ctx, &store.App{ID: id, Name: "app", ClientID: fmt.Sprint(id)})
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.TxOnce(ctx, "access_tokens", func(ctx context.Context, tx *store.Store, id int64) error {
			return tx.CreateToken(ctx, &store.AccessToken{ID: id, Hash: "h", AccountID: &acc, AppID: app})
		}); err != nil {
			t.Fatal(err)
		}
		call := func(s *store.Store) *request {
			r := begin(t, s, 0)
			token, err := s.TokenByHash(r.ctx, "h")
			if err != nil {
				t.Fatal(err)
			}
			s.CarryByToken(r.ctx, token)
			return r
		}
		for i := int64(101); i <= 120; i++ {
			w := call(a)
			w.mark(acc, i)
			if p := w.end(); p != 0 {
				t.Errorf("a cookie was asked to carry %d", p)
			}
			r := call(b)
			if got, err := r.marked(acc); got != i || err != nil {
				t.Fatalf("%d, %v; want %d", got, err, i)
			}
			r.end()
		}
	})

	if n := a.ReadCounts().LostPositions + b.ReadCounts().LostPositions; n != 0 {
		t.Errorf("%d positions were lost", n)
	}
}

func TestReplicaHealth(t *testing.T) { servertest.OnEachFlavour(t, testReplicaHealth) }

func testReplicaHealth(t *testing.T, f servertest.Flavour) {
	t.Parallel() // to the other flavour: it mostly waits
	db := storetest.OnReplicas(t, f, 2)
	s := db.Open(t, func(o *store.Options) { o.MaxLag = 4 * time.Second })
	acc := newAccount(t, s, "ann")
	read := func() {
		t.Helper()
		r := begin(t, s, 0)
		if _, err := r.marked(acc); err != nil {
			t.Fatal(err)
		}
		r.end()
	}
	first := strings.TrimPrefix(db.ReplicaURLs[0][strings.Index(db.ReplicaURLs[0], "@"):], "@")
	first = first[:strings.Index(first, "/")]
	out := map[string]func() (back func()){
		"stopped": func() func() { db.Replicas[0].Stop(t); return func() { db.Replicas[0].Start(t) } },
		"hung":    func() func() { db.Replicas[0].Hang(t); return func() { db.Replicas[0].Cont(t) } },
		"late":    func() func() { db.Replicas[0].Delay(t, 8); return func() { db.Replicas[0].Delay(t, 0) } },
		"stands":  func() func() { db.Replicas[0].StopApplying(t); return func() { db.Replicas[0].StartApplying(t) } },
	}
	for name, begin := range out {
		t.Run(name, func(t *testing.T) {
			back := begin()
			defer func() {
				if t.Failed() {
					back()
				}
			}()
			storetest.Eventually(t, time.Minute, func() bool { read(); return storetest.InUse(s) == 1 })
			before := s.ReadCounts()
			after := before
			storetest.Eventually(t, time.Minute, func() bool { // else the other one was left, too, for a moment
				storetest.WaitInUse(t, s, 1)
				sick := unwell(s)
				for range 20 {
					read()
				}
				after = s.ReadCounts()
				t.Logf("the primary had %d of 20 reads", unwell(s)-sick)
				return unwell(s) == sick
			})
			if n := after.Replicas[first] - before.Replicas[first]; n != 0 {
				t.Errorf("the replica had %d reads while it was out", n)
			}
			back()
			storetest.WaitInUse(t, s, 2)
			storetest.Eventually(t, time.Minute, func() bool { read(); return s.ReadCounts().Replicas[first] > after.Replicas[first] })
		})
	}

	t.Run("with no replica left the primary answers, up to its cap", func(t *testing.T) {
		small := db.Open(t, func(o *store.Options) { o.MaxConns = 5; o.MaxLag = 4 * time.Second }) // a cap of 2
		for _, m := range db.Replicas {
			m.StopApplying(t)
		}
		defer func() {
			for _, m := range db.Replicas {
				m.StartApplying(t)
			}
		}()
		storetest.WaitInUse(t, small, 0)
		var held []*request
		for range 2 {
			r := begin(t, small, 0)
			if _, err := r.marked(acc); err != nil {
				t.Fatal(err)
			}
			held = append(held, r)
		}
		r := begin(t, small, 0)
		if _, err := r.marked(acc); !errors.Is(err, store.ErrBusy) {
			t.Errorf("past the cap: %v", err)
		}
		if small.ReadCounts().Refused == 0 {
			t.Error("the refusal was not counted")
		}
		held[0].end()
		if _, err := r.marked(acc); err != nil {
			t.Errorf("with a place free again: %v", err)
		}
	})
}

func TestPrimaryAway(t *testing.T) { servertest.OnEachFlavour(t, testPrimaryAway) }

func testPrimaryAway(t *testing.T, f servertest.Flavour) {
	t.Parallel() // to the other flavour: it mostly waits
	db := storetest.OnReplicas(t, f, 2)
	s := db.Open(t)
	acc := newAccount(t, s, "ann")
	w := begin(t, s, 0)
	w.mark(acc, 1)
	position := w.end()
	db.CatchUp(t)
	for name, gone := range map[string]func() (back func()){
		"hung":    func() func() { db.Primary.Hang(t); return func() { db.Primary.Cont(t) } },
		"stopped": func() func() { db.Primary.Stop(t); return func() { db.Primary.Start(t) } },
	} {
		t.Run(name, func(t *testing.T) {
			back := gone()
			// Asked before anybody knows that the primary is away: the answer takes a second, but comes.
			r := begin(t, s, 0)
			if found, err := s.AccountByID(store.PrimaryWhileThere(r.ctx), acc); err != nil || found.ID != acc {
				t.Errorf("who asks: %v, %v", found, err)
			}
			r.end()
			if !s.PrimaryAway() {
				t.Error("the primary counts as there")
			}
			for _, p := range []store.Position{0, position, store.PositionPrimary} {
				r := begin(t, s, p)
				if got, err := r.marked(acc); got != 1 || err != nil {
					t.Errorf("at %d: %d, %v", p, got, err)
				}
				r.end()
			}
			r = begin(t, s, 0)
			if err := s.SetMarker(r.ctx, acc, "home", 2); !errors.Is(err, store.ErrPrimaryAway) || !errors.Is(err, store.ErrBusy) {
				t.Errorf("a write: %v", err)
			}
			if err := s.Tx(r.ctx, func(context.Context, *store.Store) error { return nil }); !errors.Is(err, store.ErrPrimaryAway) {
				t.Errorf("a transaction: %v", err)
			}
			back()
			storetest.Eventually(t, time.Minute, func() bool { return !s.PrimaryAway() })
			w := begin(t, s, 0)
			w.mark(acc, 1)
			// Later than before: by that, processes that have not reached the primary yet learn that it is back.
			if p := w.end(); p <= position || p == store.PositionPrimary {
				t.Errorf("position %d after %d", p, position)
			}
		})
	}
}

// Connections that ended while nobody used them are no reason to call a stop failed.
func TestCloseWithoutTheReplica(t *testing.T) {
	servertest.OnEachFlavour(t, testCloseWithoutTheReplica)
}

func testCloseWithoutTheReplica(t *testing.T, f servertest.Flavour) {
	t.Parallel() // to the other flavour: it mostly waits
	db := storetest.OnReplicas(t, f, 1)
	s := db.Open(t)
	acc := newAccount(t, s, "ann")
	db.CatchUp(t)
	storetest.Eventually(t, time.Minute, func() bool {
		var held []*request
		for range 3 { // at once, so that the pool keeps some
			r := begin(t, s, 0)
			if _, err := r.marked(acc); err != nil {
				t.Fatal(err)
			}
			held = append(held, r)
		}
		for _, r := range held {
			r.end()
		}
		return replicaReads(s) > 0
	})
	db.Replicas[0].Hang(t)
	defer db.Replicas[0].Cont(t)
	storetest.WaitInUse(t, s, 0)
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// While one replica is seconds behind the other, a request sees one state of the site, whichever: never what one of
// them has and then the other has not.
func TestARequestReadsOneServer(t *testing.T) {
	servertest.OnEachFlavour(t, testARequestReadsOneServer)
}

func testARequestReadsOneServer(t *testing.T, f servertest.Flavour) {
	t.Parallel() // to the other flavour: it mostly waits
	db := storetest.OnReplicas(t, f, 2)
	a, b := db.Open(t), db.Open(t)
	acc := newAccount(t, a, "ann")
	db.CatchUp(t)
	db.DelayBy(t, 2, db.Replicas[0])
	storetest.WaitInUse(t, b, 2)

	i, apart := int64(0), 0
	storetest.Eventually(t, time.Minute, func() bool { // else the replica that is behind was not read, and nothing was tested
		for range 30 {
			i++
			w := begin(t, a, 0)
			w.mark(acc, i)
			w.end()
			time.Sleep(20 * time.Millisecond) // in which the other replica mostly follows
			r := begin(t, b, 0)
			last := int64(-1)
			for range 4 {
				got, err := r.marked(acc)
				if err != nil {
					t.Fatal(err)
				}
				if got < last {
					t.Fatalf("a request read %d and then %d", last, got)
				}
				last = got
			}
			r.end()
			if last < i {
				apart++
			}
		}
		return apart > 0
	})

	t.Run("a position that becomes known late counts all the same", func(t *testing.T) {
		for range 10 {
			i++
			w := begin(t, a, 0)
			w.mark(acc, i)
			position := w.end()
			r := begin(t, b, 0)
			if _, err := r.marked(acc); err != nil {
				t.Fatal(err)
			}
			b.CarryByToken(r.ctx, &store.AccessToken{Position: position})
			if got, err := r.marked(acc); got != i || err != nil {
				t.Errorf("who wrote reads %d, %v; want %d", got, err, i)
			}
			r.end()
		}
	})
}
