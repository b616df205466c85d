package move_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"tintype/internal/move"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// TestAbortUnderTheMover gives a move up at each kind of step of a mover that is alive and goes on with it: it notices,
// ends, and neither place keeps anything of the move. People write before and after. The seed chooses a third of the kinds; the long
// form has all of them.
func TestAbortUnderTheMover(t *testing.T) {
	beside(t)
	routes := [][2]string{{"sqlite", "sqlite"}}
	if servertest.All() {
		routes = append(routes, [2]string{"mariadb", "mysql"}, [2]string{"mysql", "sqlite"})
	}
	for _, route := range routes {
		t.Run(route[0]+" to "+route[1], func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
			defer cancel()
			urls := []string{databaseURL(t, route[0]), databaseURL(t, route[1])}
			var sites [2]*store.Store
			for i, url := range urls {
				s, err := store.Open(ctx, storetest.Options(url))
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				sites[i] = s
			}
			a, b := openPlace(t, urls[0]), openPlace(t, urls[1])
			given := map[string]bool{}
			for more := true; more; {
				more = false
				d := move.NewDatabase(move.DatabaseOptions{Source: a, Target: b, Abandon: func(e move.Effect) bool {
					kind := kindOf(e)
					if more || given[kind] || e.Op == move.OpPause || !servertest.All() && sample(kind)%3 != 0 {
						return false
					}
					err := move.Abort(ctx, a, b)
					if errors.Is(err, move.ErrUnfit) { // the site has moved
						return false
					}
					if err != nil {
						t.Error(kind, err)
					}
					more, given[kind] = true, true
					return false
				}})
				if err := errors.Join(sites[0].AddJob(ctx, "test", "x", 0), d.Prepare(ctx)); err != nil {
					t.Fatal(err)
				}
				if err := d.Run(ctx); more && !errors.Is(err, move.ErrTakenOver) || !more && err != nil {
					t.Fatalf("given up: %v; the mover ends with %v", more, err)
				}
				if more {
					nothingLeft(t, a, b)
					if table, err := b.Occupied(ctx); err != nil || table != "" {
						t.Errorf("the target holds %q, %v", table, err)
					}
					if err := errors.Join(sites[0].AddJob(ctx, "test", "x", 0), sites[0].CheckInCharge(ctx), sites[1].CheckInCharge(ctx)); err != nil {
						t.Error(err)
					}
				}
			}
			if err := move.Finish(ctx, a, b); err != nil {
				t.Fatal(err)
			}
			nothingLeft(t, a, b)
			if len(given) == 0 || servertest.All() && len(given) < 12 {
				t.Errorf("it was given up at %d kinds of steps only", len(given))
			}
		})
	}
}

// TestAbortBeforeTheTarget gives a move up that was stopped before the target took part, and once more after that: the
// target keeps nothing of it.
func TestAbortBeforeTheTarget(t *testing.T) {
	beside(t)
	a, b := openPlace(t, databaseURL(t, "sqlite")), openPlace(t, databaseURL(t, "sqlite"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := errors.Join(a.MakeGate(ctx), b.MakeGate(ctx)); err != nil {
		t.Fatal(err)
	}
	if ok, err := a.SetMove(ctx, store.PlaceMove{}, store.PlaceMove{ID: "one", Peer: b.Name(), Logs: true}, store.GateOpen, store.GateOpen); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if err := move.Abort(ctx, a, b); err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, a, b)
	if err := move.Abort(ctx, a, b); !errors.Is(err, move.ErrUnfit) {
		t.Errorf("there is no move: %v", err)
	}
}
