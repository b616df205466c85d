package move_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"tintype/internal/move"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

// TestAbandonedMove has a mover stop, or hang, and the site write on. Once the log is longer than its bound and nobody has
// been at work for long enough, the site's processes give the move up. One at work is left alone.
func TestAbandonedMove(t *testing.T) {
	beside(t)
	for i, c := range []struct {
		name         string
		hangs, alive bool
	}{
		{"stopped", false, false},
		{"hangs", true, false},
		{"alive", true, true},
	} {
		routes := [][2]string{{"sqlite", "sqlite"}, {"mariadb", "mysql"}}
		switch {
		case servertest.All():
		case sample("abandoned") == i: // the seed chooses which of the three is on servers
			routes = routes[1:]
		default:
			routes = routes[:1]
		}
		for _, route := range routes {
			t.Run(c.name+" from "+route[0]+" to "+route[1], func(t *testing.T) {
				beside(t)
				ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
				defer cancel()
				urls := []string{databaseURL(t, route[0]), databaseURL(t, route[1])}
				servers := []*server{startServer(t, 1, urls[0], urls[1]), startServer(t, 2, urls[0], urls[1])}
				a, b := openPlace(t, urls[0]), openPlace(t, urls[1])
				written := 0
				write := func(n int) {
					t.Helper()
					for range n {
						written++
						st, err := servers[written%2].at(ctx, true)
						if err == nil {
							err = st.SetSiteInfo(ctx, fmt.Sprint("value", written), "x")
						}
						if err != nil {
							t.Fatal(err)
						}
					}
				}
				write(10)
				after := time.Duration(0)
				if c.alive {
					after = time.Hour
				}
				givenUp := func() bool {
					m, err := a.Move(ctx)
					n, lenErr := a.LogLength(ctx)
					return err == nil && lenErr == nil && m == store.PlaceMove{} && n == 0
				}
				met := false
				d := move.NewDatabase(move.DatabaseOptions{Source: a, Target: b, Abandon: func(e move.Effect) bool {
					if met || e.Op != move.OpCopy {
						return false
					}
					met = true
					write(100)
					for _, s := range servers {
						t.Cleanup(s.keepUpWith(a, b, func(w *move.WayBack) { w.GiveUp(50, after) }))
					}
					switch {
					case c.alive:
						time.Sleep(5 * time.Second) // in which each process looks twice
						if givenUp() {
							t.Error("a move that is under way was given up")
						}
					case c.hangs:
						servertest.Within(t, time.Minute, "the move is given up", givenUp)
					}
					return !c.hangs
				}})
				if err := d.Prepare(ctx); err != nil {
					t.Fatal(err)
				}
				err := d.Run(ctx)
				switch {
				case c.alive:
					if err != nil || !met {
						t.Fatal(met, err)
					}
					return
				case c.hangs && !errors.Is(err, move.ErrTakenOver), !c.hangs && !errors.Is(err, move.ErrAbandoned):
					t.Fatalf("the mover ends with %v", err)
				}
				servertest.Within(t, time.Minute, "the move is given up", givenUp)
				write(100)
				if n, err := a.LogLength(ctx); err != nil || n != 0 {
					t.Errorf("the log grows on: %d, %v", n, err)
				}
				if s, err := move.ReadDatabaseStatus(ctx, a, b, 1); err != nil || s.UnderWay || s.InCharge != a.Name() {
					t.Errorf("%+v, %v", s, err)
				}
				// Whoever goes on does not take what is old in the target for a copy.
				again := move.NewDatabase(move.DatabaseOptions{Source: a, Target: b})
				var occupied *move.NotEmptyError
				if err := again.Prepare(ctx); !errors.As(err, &occupied) {
					t.Fatalf("the copy of a move that was given up is gone on with: %v", err)
				}
				if err := move.Clear(ctx, a, b); err != nil {
					t.Fatal(err)
				}
				if err := again.Prepare(ctx); err != nil {
					t.Fatal(err)
				}
				if err := again.Run(ctx); err != nil {
					t.Fatal(err)
				}
				st, err := servers[0].at(ctx, false)
				if err != nil {
					t.Fatal(err)
				}
				for i := 1; i <= written; i++ {
					if v, err := st.SiteInfo(ctx, fmt.Sprint("value", i)); err != nil || v != "x" {
						t.Fatalf("value %d: %q, %v", i, v, err)
					}
				}
				if err := move.Finish(ctx, a, b); err != nil {
					t.Fatal(err)
				}
				nothingLeft(t, a, b)
			})
		}
	}
}

// Where no move has begun, and after one that is finished, there is nothing to give up and nothing to say.
func TestNothingToGiveUp(t *testing.T) {
	beside(t)
	for _, kind := range []string{"sqlite", "mariadb"} {
		t.Run(kind, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			urls := []string{databaseURL(t, kind), databaseURL(t, "sqlite")}
			startServer(t, 1, urls[0], urls[1])
			a, b := openPlace(t, urls[0]), openPlace(t, urls[1])
			look := func(what string, side move.Side) {
				t.Helper()
				w := move.NewWayBack(a, b, func() move.FollowState {
					return move.FollowState{Side: side, Gate: move.Gate{Mode: move.Open}}
				}, slog.New(slog.DiscardHandler))
				w.GiveUp(0, 0)
				if err := w.Turn(ctx); err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
			look("before a move", move.Source)
			d := move.NewDatabase(move.DatabaseOptions{Source: a, Target: b})
			if err := d.Prepare(ctx); err != nil {
				t.Fatal(err)
			}
			if err := d.Run(ctx); err != nil {
				t.Fatal(err)
			}
			look("after a move", move.Target)
			if err := move.Finish(ctx, a, b); err != nil {
				t.Fatal(err)
			}
			look("after its end", move.Target)
		})
	}
}
