package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"tintype/internal/budget"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// TestReplicasOfThePlaceInCharge has a site go to a place whose replica does not have yet what was brought there. Requests
// that were begun before and after read it all the same, on the primary, and on the replica once that has it.
func TestReplicasOfThePlaceInCharge(t *testing.T) {
	f := servertest.AnyFlavour(t)
	sides := []*storetest.Replicated{storetest.OnReplicas(t, f, 1), storetest.OnReplicas(t, f, 1)}
	ctx := testContext(t)
	s, err := store.OpenBoth(ctx, sides[0].Options(), sides[1].Options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	var alone [2]*store.Store // each place by itself, as a mover has it
	var ann [2]int64
	for i, side := range sides {
		if alone[i], err = store.Open(ctx, storetest.Options(side.PrimaryURL)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { alone[i].Close() })
		ann[i] = newAccount(t, alone[i], "ann")
		begin(t, alone[i], 0).mark(ann[i], 1)
		side.CatchUp(t)
	}
	// byReplica makes requests until a replica answers one; each reads what is wanted.
	byReplica := func(side int, want int64) {
		t.Helper()
		storetest.Eventually(t, time.Minute, func() bool {
			was := replicaReads(s)
			r := begin(t, s, 0)
			defer r.end()
			if n, err := r.marked(ann[side]); n != want || err != nil {
				t.Fatalf("it reads %d, %v, and %d was written", n, err, want)
			}
			return replicaReads(s) > was
		})
	}
	long := time.Now().Add(time.Hour)
	s.Serve(store.Serving{Until: long, Writable: true})
	if !s.MayReplicate() {
		t.Error("nobody would give positions")
	}
	byReplica(0, 1)
	before := begin(t, s, 0) // holds a connection to the first place's replica
	if n, err := before.marked(ann[0]); n != 1 || err != nil {
		t.Fatal(n, err)
	}

	sides[1].Replicas[0].StopApplying(t)
	begin(t, alone[1], 0).mark(ann[1], 2)
	s.Serve(store.Serving{Next: true, Until: long})
	for range 20 {
		if n, err := before.marked(ann[1]); n != 2 || err != nil {
			t.Fatalf("a request that was begun in the other place reads %d, %v", n, err)
		}
		r := begin(t, s, 0)
		if n, err := r.marked(ann[1]); n != 2 || err != nil {
			t.Fatalf("a visitor reads %d, %v", n, err)
		}
		r.end()
	}
	s.Serve(store.Serving{Next: true, Until: long, Writable: true})

	// What the request writes now has a position in the new place, although it began in the other one.
	before.mark(ann[1], 3)
	if p := before.end(); p <= 0 || p == store.PositionPrimary {
		t.Errorf("its client has the position %d", p)
	}
	sides[1].Replicas[0].StartApplying(t)
	byReplica(1, 3)

	// Back in the first place, its replica counts again.
	s.Serve(store.Serving{Until: long, Writable: true})
	byReplica(0, 1)
}

// TestReadsWhileNobodySaysWhoIsInCharge has the primary hang for longer than the process may go by what it knew. Replicas
// answer for as long as one of them says that no switch is near. Whatever else waits is refused at once, and first waits no
// longer than its request's budget.
func TestReadsWhileNobodySaysWhoIsInCharge(t *testing.T) {
	side := storetest.OnReplicas(t, servertest.AnyFlavour(t), 1)
	ctx := testContext(t)
	s, err := store.OpenBoth(ctx, side.Options(), storetest.Options(storetest.SQLiteURL(t)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	long, past := time.Now().Add(time.Hour), time.Now().Add(-time.Second)
	s.Serve(store.Serving{Until: long, Writable: true})
	ann := newAccount(t, s, "ann")
	begin(t, s, 0).mark(ann, 1)
	side.CatchUp(t)
	read := func(budgeted time.Duration) (took time.Duration, err error) {
		t.Helper()
		r := begin(t, s, 0)
		defer r.end()
		if budgeted > 0 {
			r.ctx = budget.Start(r.ctx, budgeted)
		}
		from := time.Now()
		n, err := r.marked(ann)
		if err == nil && n != 1 {
			t.Errorf("it reads %d", n)
		}
		return time.Since(from), err
	}
	s.Serve(store.Serving{Until: past, Writable: true})
	if took, err := read(200 * time.Millisecond); !errors.Is(err, store.ErrBusy) || took > 10*time.Second {
		t.Errorf("a read whose budget is used up: %v after %v", err, took)
	}
	if _, err := s.GateByReplica(ctx, false, time.Hour); !errors.Is(err, store.ErrBusy) || s.AwayAt(false) {
		t.Errorf("a replica tells the gate while the primary is there: %v", err)
	}
	// What a replica tells is as old as it lags, and a switch may have begun since.
	side.Replicas[0].StopApplying(t)
	time.Sleep(2 * time.Second) // it lags
	side.Primary.Hang(t)
	if _, err := read(20 * time.Second); !errors.Is(err, store.ErrPrimaryAway) {
		t.Errorf("a read that waits: %v", err)
	}
	if _, err := s.GateByReplica(ctx, false, time.Second); !errors.Is(err, store.ErrBusy) {
		t.Errorf("a replica that lags tells the gate: %v", err)
	}
	if g, err := s.GateByReplica(ctx, false, time.Hour); err != nil || g.Mode != store.GateOpen || !s.AwayAt(false) {
		t.Errorf("the gate of a replica: %+v, %v", g, err)
	}
	s.Serve(store.Serving{Until: past, ByReplicasUntil: long, Writable: true})
	if _, err := read(0); err != nil {
		t.Errorf("a read by a replica: %v", err)
	}
	if err := s.Tx(ctx, func(context.Context, *store.Store) error { return nil }); !errors.Is(err, store.ErrPrimaryAway) {
		t.Errorf("a transaction: %v", err)
	}
	s.Serve(store.Serving{Until: past, Writable: true})
	if _, err := read(0); !errors.Is(err, store.ErrPrimaryAway) {
		t.Errorf("a read that nobody allows any more: %v", err)
	}
	// The primary may have been left meanwhile: once it answers, it has to say so first.
	s.Serve(store.Serving{Until: past, ByReplicasUntil: long, Writable: true})
	side.Primary.Cont(t)
	storetest.Eventually(t, time.Minute, func() bool { return !s.PrimaryAway() })
	if _, err := read(200 * time.Millisecond); !errors.Is(err, store.ErrBusy) {
		t.Errorf("a read of a primary that is back: %v", err)
	}
}
