package move_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"tintype/internal/move"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

// routes are those of which a run takes one by its seed, and the long form all.
func routes() [][2]string {
	all := [][2]string{{"sqlite", "mariadb"}, {"mariadb", "mysql"}, {"mysql", "sqlite"}}
	if servertest.All() {
		return all
	}
	i := sample("way back")
	return all[i : i+1]
}

// keepUp runs the process's part in keeping the other place up, until the function that it returns is called.
func (s *server) keepUp(source, target *store.Place) (stop func()) {
	return s.keepUpWith(source, target, func(*move.WayBack) {})
}

// keepUpWith is keepUp with what set changes before it begins.
func (s *server) keepUpWith(source, target *store.Place, set func(*move.WayBack)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	back := move.NewWayBack(source, target, func() move.FollowState {
		st, _ := s.follower.State()
		return st
	}, slog.New(slog.DiscardHandler))
	set(back)
	var wg sync.WaitGroup
	wg.Go(func() { back.Run(ctx) })
	return func() { cancel(); wg.Wait() }
}

// TestDatabaseWayBack moves a database while people write, and back again by what was logged. Who keeps the old place up
// is stopped at random moments, and the mover back is killed at steps of many kinds. What was acknowledged is there at
// the end, and nothing is left of the move but the generation.
func TestDatabaseWayBack(t *testing.T) {
	beside(t)
	for _, route := range routes() {
		t.Run(route[0]+" to "+route[1], func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			urls := []string{databaseURL(t, route[0]), databaseURL(t, route[1])}
			servers := []*server{startServer(t, 1, urls[0], urls[1]), startServer(t, 2, urls[0], urls[1])}
			a, b := openPlace(t, urls[0]), openPlace(t, urls[1])
			p := &people{pace: 10 * time.Millisecond, acked: map[int64]string{}, last: map[string]int{}}
			p.start(t, servers, 4)
			defer p.stop()

			var keepers sync.WaitGroup
			stopKeepers := make(chan struct{})
			defer keepers.Wait()
			defer sync.OnceFunc(func() { close(stopKeepers) })()
			for _, s := range servers {
				keepers.Go(func() {
					for {
						stop := s.keepUp(a, b)
						select {
						case <-stopKeepers:
							stop()
							return
						case <-time.After(2*time.Second + time.Duration(rand.IntN(4000))*time.Millisecond):
							stop()
						}
					}
				})
			}
			there := move.NewDatabase(move.DatabaseOptions{Source: a, Target: b, WayBack: time.Hour})
			if err := there.Prepare(ctx); err != nil {
				t.Fatal(err)
			}
			if err := there.Run(ctx); err != nil {
				t.Fatal(err)
			}
			if err := move.Abort(ctx, b, a); !errors.Is(err, move.ErrUnfit) {
				t.Errorf("the way back is taken for a move that can be aborted: %v", err)
			}
			var moved *store.MovedError
			if err := servers[0].stores[1].CheckInCharge(ctx); !errors.As(err, &moved) || !moved.WayBack || moved.Peer != a.Name() {
				t.Errorf("a process without the old place: %v", err)
			}
			servertest.Within(t, time.Minute, "the old place is kept up", func() bool {
				w, err := b.WayBack(ctx)
				if err != nil {
					t.Fatal(err)
				}
				return w.Replayed > 300 && w.CompleteAt > 0
			})
			if g, err := a.Gate(ctx); err != nil || g.Mode != store.GateFilling {
				t.Errorf("the old place is %+v, %v", g, err)
			}

			killed, kills := map[string]bool{}, 0
			for n := 0; ; n++ {
				back := move.NewDatabase(move.DatabaseOptions{Source: b, Target: a, Back: true, Abandon: func(e move.Effect) bool {
					kind := kindOf(e)
					if killed[kind] || e.Op == move.OpPause || rand.IntN(3) == 0 {
						return false
					}
					killed[kind] = true
					kills++
					return true
				}})
				if err := back.Prepare(ctx); err != nil {
					t.Fatal(err)
				}
				err := back.Run(ctx)
				if err == nil {
					break
				}
				if !errors.Is(err, move.ErrAbandoned) {
					t.Fatal(err)
				}
				if n == 2 { // given up: the way back is as it was
					if g, err := b.Gate(ctx); err != nil || g.Mode != store.GateOpen && g.Mode != store.GateSealed {
						t.Fatalf("%+v, %v", g, err)
					}
					if err := move.Abort(ctx, b, a); err != nil {
						t.Fatal(err)
					}
					if m, err := b.Move(ctx); err != nil || !m.WayBack {
						t.Errorf("after a move back that was given up: %+v, %v", m, err)
					}
				}
			}
			before := p.writes.Load()
			servertest.Within(t, time.Minute, "writes after the way back", func() bool { return p.writes.Load() > before+20 })
			p.stop()
			for _, s := range servers {
				if st, _ := s.follower.State(); st.Side != move.Source {
					t.Errorf("a process serves the %s", st.Side)
				}
			}
			p.check(t, servers[0].stores[0])
			if err := move.Finish(ctx, b, a); err != nil {
				t.Fatal(err)
			}
			nothingLeft(t, a, b)
			if g, err := a.Gate(ctx); err != nil || g.Mode != store.GateOpen || g.Generation != 2 {
				t.Errorf("the gate is %+v, %v", g, err)
			}
			servertest.WaitedAtMost(t, time.Duration(p.longest.Load()))
			t.Logf("%d kills, %d writes, the longest took %v", kills, p.writes.Load(), time.Duration(p.longest.Load()))
		})
	}
}

// nothingLeft finds what a move has made and not removed: triggers, logs, flags. A place that was in charge after
// another one keeps its gate, which has its generation; one that the site has left keeps it to say where the site is.
func nothingLeft(t *testing.T, places ...*store.Place) {
	t.Helper()
	for _, p := range places {
		left, err := p.Remains(t.Context())
		if err != nil || len(left) > 1 || len(left) == 1 && left[0] != "move_gate" {
			t.Errorf("%s still has %v, %v", p.Name(), left, err)
		}
		g, err := p.Gate(t.Context())
		if err != nil || len(left) == 1 && g.Generation == 0 && g.Mode == store.GateOpen {
			t.Errorf("%s keeps a gate that says nothing: %+v, %v", p.Name(), g, err)
		}
		m, err := p.Move(t.Context())
		if err != nil || m.Logs || m.WayBack {
			t.Errorf("%s still says %+v, %v", p.Name(), m, err)
		}
		if g.Mode == store.GateOpen && (m.ID != "" || g.Mover != "" || g.Watch || g.Hold != 0) {
			t.Errorf("the gate of %s still says %+v, %+v", p.Name(), m, g)
		}
	}
}

// TestWayBackEnds has a way back reach each of its bounds, and ends one: the site goes on, and the old place says where
// it is.
func TestWayBackEnds(t *testing.T) {
	ends := map[string]struct {
		lasts time.Duration
		most  int64
		end   func(a, b *store.Place) error
		why   string
	}{
		"time":   {lasts: 3 * time.Second, most: 1000, why: "it was for 3s"},
		"writes": {lasts: time.Hour, most: 30, why: "more than 30 writes were behind"},
		"finish": {lasts: time.Hour, most: 1000, end: func(a, b *store.Place) error { return move.Finish(t.Context(), a, b) }},
	}
	for name, c := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			urls := []string{databaseURL(t, "sqlite"), databaseURL(t, "sqlite")}
			s := startServer(t, 1, urls[0], urls[1])
			a, b := openPlace(t, urls[0]), openPlace(t, urls[1])
			d := move.NewDatabase(move.DatabaseOptions{Source: a, Target: b, WayBack: c.lasts, WayBackMost: c.most})
			if err := d.Prepare(ctx); err != nil {
				t.Fatal(err)
			}
			if err := d.Run(ctx); err != nil {
				t.Fatal(err)
			}
			write := func(i int) {
				t.Helper()
				st, err := s.at(ctx, true)
				if err != nil {
					t.Fatal(err)
				}
				if err := st.SetSiteInfo(ctx, fmt.Sprint("value", i), "x"); err != nil {
					t.Fatal(err)
				}
			}
			if name == "writes" { // while nobody keeps the old place up
				for i := range 100 {
					write(i)
				}
			}
			over := func() bool {
				w, err := b.WayBack(ctx)
				if err != nil {
					t.Fatal(err)
				}
				return w != nil && w.Ended != 0 && w.Why == c.why
			}
			stop := s.keepUp(a, b)
			defer stop()
			write(200)
			if c.end != nil {
				servertest.Within(t, time.Minute, "the old place is kept up", func() bool {
					w, err := b.WayBack(ctx)
					return err == nil && w.CompleteAt > 0
				})
				if err := c.end(a, b); err != nil {
					t.Fatal(err)
				}
				nothingLeft(t, a, b)
			} else {
				servertest.Within(t, time.Minute, "the way back has ended", over)
				servertest.Within(t, time.Minute, "the log is empty", func() bool {
					n, err := b.LogLength(ctx)
					g, gerr := a.Gate(ctx)
					return err == nil && n == 0 && gerr == nil && g.Mode == store.GateMoved
				})
			}
			write(300)
			if err := s.stores[1].CheckInCharge(ctx); err != nil {
				t.Errorf("a process without the old place is refused: %v", err)
			}
			var moved *store.MovedError
			if err := s.stores[0].CheckInCharge(ctx); !errors.As(err, &moved) || moved.Mode != store.GateMoved || moved.Peer != b.Name() {
				t.Errorf("the old place says %v", err)
			}
			back := move.NewDatabase(move.DatabaseOptions{Source: b, Target: a, Back: true})
			if err := back.Prepare(ctx); !errors.Is(err, move.ErrUnfit) {
				t.Errorf("a move back without a copy is begun: %v", err)
			}
			if n, err := b.LogLength(ctx); err == nil && n > 0 {
				t.Errorf("the log has %d entries", n)
			}
		})
	}
}
