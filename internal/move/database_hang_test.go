package move_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/move"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// TestSwitchWaitsForASilentProcess has a process hang that may read the source for two minutes. Its row gets old
// meanwhile: it is not taken for gone, or it would read the source when it wakes while others write the target.
func TestSwitchWaitsForASilentProcess(t *testing.T) {
	beside(t)
	urls := []string{databaseURL(t, "mariadb"), databaseURL(t, "sqlite")}
	s := startServer(t, 1, urls[0], urls[1])
	servertest.Within(t, time.Minute, "a lease", func() bool {
		st, _ := s.follower.State()
		return !st.ReadableUntil.IsZero()
	})
	s.stop()
	if _, err := s.stores[0].SQL().ExecContext(t.Context(), "UPDATE instances SET seen_at = seen_at - 100000"); err != nil {
		t.Fatal(err)
	}
	source, target := openPlace(t, urls[0]), openPlace(t, urls[1])
	// It has come as far as it may once it has asked for short leases and lists the processes again and again.
	listed, waits := 0, ""
	run := func(enough func(move.Effect) bool) error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		d := move.NewDatabase(move.DatabaseOptions{Source: source, Target: target, Abandon: enough, Progress: func(p move.Progress) {
			if len(p.Waits) > 0 {
				waits = fmt.Sprint(p.Phase, " for ", p.Waits)
			}
		}})
		if err := d.Prepare(ctx); err != nil {
			t.Fatal(err)
		}
		return d.Run(ctx)
	}
	err := run(func(e move.Effect) bool {
		if e.Op == move.OpProcesses {
			listed++
		}
		if e.Op == move.OpSwapGate && e.To.Hold != 0 {
			t.Error("writes are held although a process may read the source")
			return true
		}
		return listed == 10
	})
	if !errors.Is(err, move.ErrAbandoned) || waits != "waiting for [host1]" {
		t.Fatal(err, waits)
	}
	if st, _ := s.follower.State(); !time.Now().Before(st.ReadableUntil) {
		t.Fatal("the lease is over: the test says nothing")
	}
	// The process wakes, and the move goes on.
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.follower.Run(ctx)
	}()
	defer func() { cancel(); <-ended }()
	if err := run(nil); err != nil {
		t.Fatal(err)
	}
	if st, _ := s.follower.State(); st.Side != move.Target {
		t.Errorf("the process serves the %s", st.Side)
	}
	if g, err := target.Gate(t.Context()); err != nil || g.Mode != store.GateOpen {
		t.Errorf("%+v, %v", g, err)
	}
}

// TestDatabaseMovesAmidHangs moves a database between MariaDB and MySQL while people write. The source or the target
// hangs for two seconds when a step begins: the seed says in which direction and at which kinds of steps, the long form
// hangs at each in both. The mover waits and goes on, nothing is lost, and nobody notices that a target hangs.
func TestDatabaseMovesAmidHangs(t *testing.T) {
	flavours := []servertest.Flavour{servertest.FlavourMariaDB, servertest.FlavourMySQL}
	for i, from := range flavours {
		if !servertest.All() && pick("direction", 2) != i {
			continue
		}
		to := flavours[1-i]
		t.Run(fmt.Sprint(from, " to ", to), func(t *testing.T) {
			own := [2]*servertest.DatabaseServer{from.Own(t), to.Own(t)}
			var urls [2]string
			var places [2]*store.Place
			for j, s := range own {
				if err := s.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
					t.Fatal(err)
				}
				urls[j] = s.NewDatabase(t)
				storetest.Migrate(t, urls[j])
				places[j] = openPlace(t, urls[j])
			}
			p := &people{pace: 10 * time.Millisecond, acked: map[int64]string{}, last: map[string]int{}}
			servers := []*server{startServer(t, 1, urls[0], urls[1]), startServer(t, 2, urls[0], urls[1])}
			p.start(t, servers, 4)
			defer p.stop()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			var hangs sync.WaitGroup
			defer hangs.Wait()
			var busy atomic.Bool
			hung, seen, decided := 0, map[string]bool{}, false
			hang := func(e move.Effect) bool {
				decided = decided || e.Op == move.OpSwapGate && e.To.Mode == move.Moved
				for j, s := range own {
					kind := fmt.Sprintf("the %s hangs at %s", move.Side(j), kindOf(e))
					if seen[kind] || e.Op == move.OpPause || busy.Load() {
						continue
					}
					seen[kind] = true
					if !servertest.All() && pick(kind, 9) != 0 {
						continue // with another seed
					}
					hung++
					t.Log(kind)
					s.Hang(t)
					busy.Store(true)
					aside := j == int(move.Target) && !decided
					before := p.writes.Load()
					hangs.Go(func() {
						time.Sleep(2 * time.Second) // for how long it hangs is the point
						if n := p.writes.Load() - before; aside && n < 5 {
							t.Errorf("%s: %d writes in two seconds", kind, n)
						}
						s.Cont(t)
						busy.Store(false)
					})
					break
				}
				return false
			}
			d := move.NewDatabase(move.DatabaseOptions{Source: places[0], Target: places[1], Abandon: hang})
			if err := d.Prepare(ctx); err != nil {
				t.Fatal(err)
			}
			if err := d.Run(ctx); err != nil {
				t.Fatal(err)
			}
			before := p.writes.Load()
			servertest.Within(t, time.Minute, "writes after the move", func() bool { return p.writes.Load() > before+20 })
			p.stop()
			p.check(t, servers[0].stores[1])
			t.Logf("%d hangs at %d kinds of steps, %d writes, the longest took %v; the source took none for %v", hung, len(seen), p.writes.Load(), time.Duration(p.longest.Load()), d.Held)
		})
	}
}
