package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/store"
)

// TestPlaceSealWaits has a seal wait for a write that began before it, not longer than it may, and stand before all that
// come later.
func TestPlaceSealWaits(t *testing.T) {
	for _, kind := range placeKinds {
		t.Run(kind, func(t *testing.T) {
			ctx := testContext(t)
			s := newSite(t, kind)
			if err := errors.Join(s.place.MakeGate(ctx), s.place.MakeTriggers(ctx)); err != nil {
				t.Fatal(err)
			}
			open := store.Gate{Mode: store.GateOpen}
			sealed := store.Gate{Mode: store.GateSealed, Epoch: 1}
			tx := must[*sql.Tx](t)(s.SQL().Begin())
			must[sql.Result](t)(tx.Exec("INSERT INTO tags (id, name, name_key, created_at) VALUES (1, 'a', 'a', 1)"))
			start := time.Now()
			if ok, err := s.place.SwapGate(ctx, open, sealed, 200*time.Millisecond); ok || err == nil {
				t.Errorf("a seal does not wait for a write: %v, %v", ok, err)
			}
			if took := time.Since(start); took < 150*time.Millisecond {
				t.Errorf("it waited %v only", took)
			}
			if g := must[store.Gate](t)(s.place.Gate(ctx)); g != open {
				t.Errorf("what failed has changed the gate: %+v", g)
			}
			// One that is waited for.
			done := make(chan error, 1)
			go func() {
				ok, err := s.place.SwapGate(ctx, open, sealed, 30*time.Second)
				if err == nil && !ok {
					err = errors.New("the gate was another")
				}
				done <- err
			}()
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			_, err := s.SQL().Exec("INSERT INTO tags (id, name, name_key, created_at) VALUES (2, 'b', 'b', 1)")
			if err == nil {
				t.Error("a write came after the seal")
			}
			if n := s.count(t, "SELECT COUNT(*) FROM tags"); n != 1 {
				t.Errorf("%d rows, want the one that was before the seal", n)
			}
		})
	}
}

// TestPlaceReplay copies and replays while eight people write, seals, and finds both places equal.
func TestPlaceReplay(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *site) {
		ctx := testContext(t)
		a.addTags(t, 1, 2000)
		beginPlaces(t, ctx, a.place, b.place)
		var stop atomic.Bool
		var acked atomic.Int64
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(uint64(w), 1))
				for i := 0; !stop.Load(); i++ {
					// Keys swap between rows, rows come and go, keys change; writes wait for each other.
					id, other := 1+r.IntN(1999), 1+r.IntN(1999)
					err := a.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
						switch i % 5 {
						case 0:
							return tx.ExecForTest(ctx, "DELETE FROM tags WHERE id = ?", id)
						case 1:
							return tx.ExecForTest(ctx, fmt.Sprintf("UPDATE tags SET name = 'w%d', created_at = %d WHERE id = ?", w, i), id)
						case 2:
							return tx.ExecForTest(ctx, "UPDATE tags SET id = ? WHERE id = ?", 5000+id, id)
						case 3:
							if err := tx.ExecForTest(ctx, "DELETE FROM tags WHERE name_key = ?", fmt.Sprintf("tag%d", other)); err != nil {
								return err
							}
							return tx.ExecForTest(ctx, "UPDATE tags SET name_key = ? WHERE id = ?", fmt.Sprintf("tag%d", other), id)
						}
						return tx.ExecForTest(ctx, "INSERT INTO `order` (`key`, `group`, `unique`) VALUES (?, ?, NULL)", fmt.Sprintf("k%d ", r.IntN(50)), w*1_000_000+i)
					})
					switch {
					case err == nil:
						acked.Add(1)
					case errors.Is(err, store.ErrSealed):
						return
					case !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrBusy):
						t.Error(err)
						return
					}
				}
			})
		}
		defer wg.Wait()
		defer stop.Store(true)
		copyAll(t, ctx, a.place, b.place)
		c := store.NewComparer(a.place, b.place)
		replayed := 0
		for begin := time.Now(); time.Since(begin) < 2*time.Second || replayed < 500; {
			n, err := replay(ctx, a.place, b.place, 1, c)
			if err != nil {
				t.Fatal(err)
			}
			replayed += n
			if err := c.Compare(ctx); err != nil {
				t.Fatal(err)
			}
		}
		from := must[store.Gate](t)(a.place.Gate(ctx))
		to := from
		to.Mode = store.GateSealed
		for {
			if ok, err := a.place.SwapGate(ctx, from, to, time.Second); ok {
				break
			} else if err == nil {
				t.Fatal("the gate was another")
			}
		}
		for {
			n, err := replay(ctx, a.place, b.place, 1, c)
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				break
			}
			replayed += n
		}
		wg.Wait()
		if err := c.Compare(ctx); err != nil {
			t.Error("what was written since the last pass: ", err)
		}
		if err := store.NewComparer(a.place, b.place).Compare(ctx); err != nil {
			t.Error("everything: ", err)
		}
		for _, q := range []string{"SELECT COUNT(*) FROM tags", "SELECT COUNT(*) FROM `order`"} {
			if x, y := a.count(t, q), b.count(t, q); x != y || x == 0 {
				t.Errorf("%s: %d and %d", q, x, y)
			}
		}
		t.Logf("%d writes, %d entries replayed", acked.Load(), replayed)
	})
}

// TestPlaceEpoch lets no mover write but the one whose epoch the gate has.
func TestPlaceEpoch(t *testing.T) {
	for _, kind := range placeKinds {
		t.Run(kind, func(t *testing.T) {
			ctx := testContext(t)
			a, b := newSite(t, "sqlite"), newSite(t, kind)
			a.addTags(t, 1, 10)
			beginPlaces(t, ctx, a.place, b.place)
			batch := must[*store.PlaceBatch](t)(a.place.Copy(store.CopyPoint{}).Next(ctx))
			if must[bool](t)(b.place.WriteRows(ctx, 1, "another mover", batch)) {
				t.Error("another mover writes under the epoch of the first")
			}
			for epoch, want := range map[int64]bool{0: false, 2: false, 1: true} {
				if ok := must[bool](t)(b.place.WriteRows(ctx, epoch, testMover, batch)); ok != want {
					t.Errorf("epoch %d: %v", epoch, ok)
				}
			}
			from := must[store.Gate](t)(b.place.Gate(ctx))
			to := from
			to.Mode = store.GateOpen
			if !must[bool](t)(b.place.SwapGate(ctx, from, to, 0)) {
				t.Fatal("no swap")
			}
			if must[bool](t)(b.place.WriteRows(ctx, 1, testMover, batch)) {
				t.Error("a mover writes into a place that is open")
			}
		})
	}
}

// TestEmptyIsFenced has a process that empties a place wake after another one has taken the place over: it deletes no
// more. Nor does it begin where the place serves a site.
func TestEmptyIsFenced(t *testing.T) {
	for _, kind := range placeKinds {
		t.Run(kind, func(t *testing.T) {
			ctx := testContext(t)
			a, b := newSite(t, "sqlite"), newSite(t, kind)
			a.addTags(t, 1, 10)
			beginPlaces(t, ctx, a.place, b.place)
			copyAll(t, ctx, a.place, b.place)
			had := b.count(t, "SELECT COUNT(*) FROM tags")
			if err := b.place.EmptyTable(ctx, "tags", "emptying, from before"); !errors.Is(err, store.ErrNotEmptied) {
				t.Errorf("a place that another one has taken: %v", err)
			}
			from := must[store.Gate](t)(b.place.Gate(ctx))
			to := from
			to.Mode, to.Mover = store.GateOpen, "emptying, from before"
			if !must[bool](t)(b.place.SwapGate(ctx, from, to, 0)) {
				t.Fatal("no swap")
			}
			if err := b.place.EmptyTable(ctx, "tags", "emptying, from before"); !errors.Is(err, store.ErrNotEmptied) {
				t.Errorf("a place that is in charge: %v", err)
			}
			if err := b.place.Empty(ctx); err == nil {
				t.Error("a place that is in charge is emptied")
			}
			if n := b.count(t, "SELECT COUNT(*) FROM tags"); n != had || n == 0 {
				t.Errorf("%d tags, want %d", n, had)
			}
			if !must[bool](t)(b.place.SwapGate(ctx, to, from, 0)) {
				t.Fatal("no swap")
			}
			if err := b.place.Empty(ctx); err != nil {
				t.Fatal(err)
			}
			if n := b.count(t, "SELECT COUNT(*) FROM tags"); n != 0 {
				t.Errorf("%d tags are left", n)
			}
			if left := must[[]string](t)(b.place.Remains(ctx)); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

// TestFollowClock has the clock of a place go on from that of the other, also where that one does not answer any more.
func TestFollowClock(t *testing.T) {
	ctx := testContext(t)
	a, b := newSite(t, "mariadb"), newSite(t, "mysql")
	version := func(s *site) int64 {
		return int64(s.count(t, "SELECT COALESCE(MAX(version), 0) FROM replication_clock"))
	}
	ahead := time.Now().Add(time.Hour).UnixMilli()
	if _, err := a.SQL().ExecContext(ctx, "REPLACE INTO replication_clock (id, version, holder, lease_until) VALUES (1, ?, '', 0)", ahead); err != nil {
		t.Fatal(err)
	}
	if err := b.place.FollowClock(ctx, a.place); err != nil {
		t.Fatal(err)
	}
	if got := version(b); got < ahead {
		t.Errorf("the clock is %d ms behind", ahead-got)
	}
	if _, err := b.SQL().ExecContext(ctx, "DELETE FROM replication_clock"); err != nil {
		t.Fatal(err)
	}
	gone := openPlace(t, a.url)
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	before := time.Now()
	if err := b.place.FollowClock(ctx, gone); err != nil {
		t.Fatal(err)
	}
	if got, least := version(b), before.Add(store.MaxClockDifference).UnixMilli(); got < least {
		t.Errorf("the clock is %d ms before what the other one may have", least-got)
	}
}
