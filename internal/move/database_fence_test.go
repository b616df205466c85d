package move_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"tintype/internal/move"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// jobsIn counts the rows of a table that tests fill.
func jobsIn(t *testing.T, s *store.Store) (n int) {
	t.Helper()
	if err := s.SQL().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM jobs").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// openSites opens a store beside each of the two places.
func openSites(t *testing.T, urls []string) (sites [2]*store.Store) {
	t.Helper()
	for i, url := range urls {
		s, err := store.Open(t.Context(), storetest.Options(url))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		sites[i] = s
	}
	return sites
}

// A mover is stopped with a batch in its hand. Its move is given up, and another one has copied and compared everything
// when it wakes: under the same epoch, since nothing of the first move is left. What it has in its hand is refused, and it
// deletes nothing from the log.
func TestAMoverFromBeforeTheAbort(t *testing.T) {
	beside(t)
	urls := []string{databaseURL(t, "sqlite"), databaseURL(t, "sqlite")}
	sites := openSites(t, urls)
	a, b := openPlace(t, urls[0]), openPlace(t, urls[1])
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for range 20 {
		if err := sites[0].AddJob(ctx, "test", "x", 0); err != nil {
			t.Fatal(err)
		}
	}
	stopped, wake, ended := make(chan bool), make(chan bool), make(chan error, 1)
	held := false
	old := move.NewDatabase(move.DatabaseOptions{Source: openPlace(t, urls[0]), Target: openPlace(t, urls[1]), Abandon: func(e move.Effect) bool {
		if batch, ok := e.Batch.(*store.PlaceBatch); ok && e.Op == move.OpWriteRows {
			for _, part := range batch.Parts {
				if part.Table == "jobs" && len(part.Rows) > 0 && !held {
					held = true
					close(stopped)
					<-wake
				}
			}
		}
		return false
	}})
	if err := old.Prepare(ctx); err != nil {
		t.Fatal(err)
	}
	go func() { ended <- old.Run(ctx) }()
	select {
	case <-stopped:
	case err := <-ended:
		t.Fatalf("the mover ended before it copied: %v", err)
	}
	if err := move.Abort(ctx, a, b); err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, a, b)
	if _, err := sites[0].SQL().ExecContext(ctx, "DELETE FROM jobs"); err != nil {
		t.Fatal(err)
	}
	woken := false
	d := move.NewDatabase(move.DatabaseOptions{Source: a, Target: b, Abandon: func(e move.Effect) bool {
		if e.Op == move.OpSwapGate && e.To.Hold != 0 && !woken { // everything is compared
			woken = true
			// Somebody writes, which is in the log under the numbers of the first move's.
			if err := sites[0].AddJob(ctx, "test", "new", 0); err != nil {
				t.Error(err)
			}
			close(wake)
			if err := <-ended; !errors.Is(err, move.ErrTakenOver) {
				t.Errorf("the mover from before ends with %v", err)
			}
		}
		return false
	}})
	if err := errors.Join(d.Prepare(ctx), d.Run(ctx)); err != nil {
		t.Fatal(err)
	}
	if n := jobsIn(t, sites[1]); n != 1 {
		t.Errorf("the target has %d jobs, want the one", n)
	}
}

// Aborts come at any moment of a mover that is at work, and goes on for as long as it can: the target keeps no row.
func TestAbortBesideTheMover(t *testing.T) {
	beside(t)
	urls := []string{databaseURL(t, "sqlite"), databaseURL(t, "sqlite")}
	sites := openSites(t, urls)
	a, b := openPlace(t, urls[0]), openPlace(t, urls[1])
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	err := sites[0].Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		for range 2000 {
			if err := tx.AddJob(ctx, "test", "x", 0); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	rounds := 4
	if servertest.All() {
		rounds = 100
	}
	aborted := 0
	for i := range rounds {
		d := move.NewDatabase(move.DatabaseOptions{Source: openPlace(t, urls[0]), Target: openPlace(t, urls[1])})
		if err := d.Prepare(ctx); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx) }()
		if i > 0 { // any moment will do, but the first is before the mover's end
			time.Sleep(rand.N(40 * time.Millisecond))
		}
		err := move.Abort(ctx, a, b)
		ran := <-ended
		if errors.Is(err, move.ErrUnfit) && ran == nil { // the move was faster
			if err := move.Finish(ctx, a, b); err != nil {
				t.Fatal(err)
			}
			break
		}
		if err != nil || !errors.Is(ran, move.ErrTakenOver) {
			t.Fatalf("given up: %v; the mover ends with %v", err, ran)
		}
		nothingLeft(t, a, b)
		if table, err := b.Occupied(ctx); err != nil || table != "" {
			t.Fatalf("the target holds %q, %v", table, err)
		}
		aborted++
	}
	if aborted == 0 {
		t.Error("every move was faster than its abort")
	}
}

// A process that begins without the second database while the move is under way puts the switch off until it has it, or
// has ended: no write is held for it.
func TestASwitchWaitsForProcesses(t *testing.T) {
	beside(t)
	urls := []string{databaseURL(t, "sqlite"), databaseURL(t, "sqlite")}
	a, b := openPlace(t, urls[0]), openPlace(t, urls[1])
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	both := map[string]string{move.DatabaseFact: move.Fingerprint(a.Name()), move.DatabaseNextFact: move.Fingerprint(b.Name())}
	listed(t, a, 1, "1", both)
	listed(t, a, 2, "1", map[string]string{move.DatabaseFact: move.Fingerprint(a.Name())})
	asked, held := 0, false
	d := move.NewDatabase(move.DatabaseOptions{Source: a, Target: b, Check: func(ctx context.Context) error {
		err := move.CheckProcesses(ctx, a, b, false)
		if asked++; asked <= 3 {
			if err == nil || !strings.Contains(err.Error(), "web2 does not have both databases") || strings.Contains(err.Error(), "web1") {
				t.Errorf("try %d: %v", asked, err)
			}
			if held {
				t.Error("writes are held for a switch that may not be")
			}
		}
		if asked == 3 {
			if err := errors.Join(a.Forget(ctx, 1), a.Forget(ctx, 2)); err != nil { // neither would ever answer
				t.Error(err)
			}
		}
		return err
	}, Abandon: func(e move.Effect) bool {
		held = held || e.Op == move.OpSwapGate && e.To.Hold != 0
		return false
	}})
	if err := errors.Join(d.Prepare(ctx), d.Run(ctx)); err != nil {
		t.Fatal(err)
	}
	if asked < 4 {
		t.Errorf("the processes were asked about %d times", asked)
	}
}

// Once a switch is near, each process that writes has to have read the move's id in the other database, over its own
// connections, and to have tried a write there. An address of the same name may lead it elsewhere.
func TestProcessesProveTheirPlace(t *testing.T) {
	urls := []string{databaseURL(t, "sqlite"), databaseURL(t, "sqlite"), databaseURL(t, "sqlite")}
	a, b, another := openPlace(t, urls[0]), openPlace(t, urls[1]), openPlace(t, urls[2])
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := move.NewDatabase(move.DatabaseOptions{Source: a, Target: b}).Prepare(ctx); err != nil {
		t.Fatal(err)
	}
	has := func(proof string) {
		t.Helper()
		if err := a.Forget(ctx, 1); err != nil {
			t.Fatal(err)
		}
		listed(t, a, 1, "1", map[string]string{move.DatabaseFact: move.Fingerprint(a.Name()), move.DatabaseNextFact: move.Fingerprint(b.Name()), move.DatabaseProofFact: proof})
	}
	proved := func(p *store.Place) string {
		t.Helper()
		id, err := p.Prove(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	has("")
	if err := move.CheckProcesses(ctx, a, b, false); err != nil {
		t.Errorf("long before the switch: %v", err)
	}
	if err := move.CheckProcesses(ctx, a, b, true); err == nil || !strings.Contains(err.Error(), "web1 has not proved") {
		t.Errorf("as soon as it had the time: %v", err)
	}
	g, err := a.Gate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	near := g
	near.Watch = true
	if ok, err := a.SwapGate(ctx, g, near, 0); err != nil || !ok {
		t.Fatal(ok, err)
	}
	for _, proof := range []string{"", "of another move", proved(another)} {
		has(proof)
		if err := move.CheckProcesses(ctx, a, b, false); err == nil || !strings.Contains(err.Error(), "web1 has not proved that it reaches "+b.Name()) {
			t.Errorf("with %q: %v", proof, err)
		}
	}
	for _, proof := range []string{proved(b), move.ProofExempt} {
		has(proof)
		if err := move.CheckProcesses(ctx, a, b, false); err != nil {
			t.Errorf("with %q: %v", proof, err)
		}
	}
}
