package move_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/move"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// databaseURL is the address of an empty site's database of that kind.
func databaseURL(t *testing.T, kind string) string {
	t.Helper()
	for _, f := range servertest.Flavours {
		if f.String() != kind {
			continue
		}
		server := f.Server(t)
		if err := server.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
			t.Fatal(err)
		}
		url := server.NewDatabase(t)
		storetest.Migrate(t, url)
		return url
	}
	return storetest.SQLiteURL(t)
}

// beside lets a test run beside others: most of its time it waits, for a server, a lease or the clock. In the long form, which holds
// waits against what they may be, each has the machine to itself.
func beside(t *testing.T) {
	t.Helper()
	if !servertest.All() {
		t.Parallel()
	}
}

func openPlace(t *testing.T, url string) *store.Place {
	t.Helper()
	return openPlaceWith(t, storetest.Options(url))
}

func openPlaceWith(t *testing.T, o store.Options) *store.Place {
	t.Helper()
	p, err := store.OpenPlace(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// server is a process of the site, as far as a move knows of it.
type server struct {
	follower *move.ProcessFollower
	stores   [2]*store.Store
	stop     context.CancelFunc
}

func startServer(t *testing.T, id int64, source, target string) *server {
	t.Helper()
	return startServerWith(t, id, storetest.Options(source), storetest.Options(target))
}

func startServerWith(t *testing.T, id int64, source, target store.Options) *server {
	t.Helper()
	s := &server{}
	for i, o := range []store.Options{source, target} {
		var err error
		if s.stores[i], err = store.Open(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.stores[i].Close() })
	}
	s.follower = move.NewProcessFollower(openPlaceWith(t, source), openPlaceWith(t, target), store.PlaceAnswer{ID: id, Host: fmt.Sprint("host", id)})
	if !servertest.All() { // or each mover that is started waits for ten seconds
		s.follower.MostPause(time.Second)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { s.follower.Run(ctx) })
	s.stop = func() { cancel(); wg.Wait() }
	t.Cleanup(s.stop)
	return s
}

// at waits until the process may do it, and returns the store to do it in.
func (s *server) at(ctx context.Context, write bool) (*store.Store, error) {
	for {
		st, changed := s.follower.State()
		now := time.Now()
		ok := now.Before(st.ReadableUntil)
		if write {
			ok = ok && st.Writable && (st.HeldUntil.IsZero() || now.After(st.HeldUntil))
		}
		if ok {
			return s.stores[st.Side], nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-changed:
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// sideOf is the side of one of the server's stores.
func (s *server) sideOf(st *store.Store) move.Side {
	if st == s.stores[move.Target] {
		return move.Target
	}
	return move.Source
}

// people write and read through any of the servers, and know what they were told.
type people struct {
	servers []*server
	wg      sync.WaitGroup
	quit    atomic.Bool
	pace    time.Duration // between the requests of a person
	writes  atomic.Int64
	ids     atomic.Int64
	longest atomic.Int64 // nanoseconds

	mu    sync.Mutex
	acked map[int64]string // id of a job: its text
	last  map[string]int
}

func (p *people) start(t *testing.T, servers []*server, n int) {
	p.servers = servers
	p.quit.Store(false)
	for i := range n {
		name := fmt.Sprintf("person %d", i)
		p.wg.Go(func() { p.live(t, name) })
	}
}

func (p *people) stop() {
	p.quit.Store(true)
	p.wg.Wait()
}

func (p *people) live(t *testing.T, name string) {
	tick := time.NewTicker(p.pace)
	defer tick.Stop()
	for range tick.C {
		if p.quit.Load() {
			return
		}
		p.mu.Lock()
		n := p.last[name]
		p.mu.Unlock()
		s := p.servers[rand.IntN(len(p.servers))]
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		side, err := p.write(ctx, s, name, n+1)
		if err != nil {
			t.Error(name, err)
		}
		// What was acknowledged is read by the next request, wherever it lands.
		err = readBack(ctx, p.servers[rand.IntN(len(p.servers))], name, n+1, side)
		cancel()
		if err != nil && !errors.Is(err, store.ErrBusy) {
			t.Error(name, err)
			return
		}
	}
}

// readBack reads, at any server, what was acknowledged in the place on that side. A failure names both sides, and what the next
// read finds: a move can only lead a read to another place.
func readBack(ctx context.Context, s *server, name string, n int, acked move.Side) error {
	st, err := s.at(ctx, false)
	if err != nil {
		return err
	}
	text, err := st.SiteInfo(ctx, name)
	if err != nil || text == strconv.Itoa(n) {
		return err
	}
	side := s.sideOf(st)
	again, err := st.SiteInfo(ctx, name)
	return fmt.Errorf("reads %q in the %s after the write of %d that the %s acknowledged, and then %q, %v", text, side, n, acked, again, err)
}

// write is a request: its transaction runs again, whole and with the same id, until it is known to be done. It returns the
// place where it was done.
func (p *people) write(ctx context.Context, s *server, name string, n int) (move.Side, error) {
	begin := time.Now()
	id := p.ids.Add(1)
	text := fmt.Sprintf("%s writes %d 👻", name, n)
	var side move.Side
	for {
		st, err := s.at(ctx, true)
		if err != nil {
			return side, err
		}
		side = s.sideOf(st)
		err = st.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			if err := tx.AddJobID(ctx, id, "test", text); err != nil {
				return err
			}
			return tx.SetSiteInfo(ctx, name, strconv.Itoa(n))
		})
		if err == nil || store.ConflictOn(err, "PRIMARY") || store.ConflictOn(err, "jobs.id") { // an earlier try was done
			break
		}
		if !errors.Is(err, store.ErrBusy) {
			return side, err
		}
	}
	took := time.Since(begin)
	for was := p.longest.Load(); int64(took) > was && !p.longest.CompareAndSwap(was, int64(took)); was = p.longest.Load() {
	}
	p.writes.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.acked[id], p.last[name] = text, n
	return side, nil
}

// check holds a database against what people were told.
func (p *people) check(t *testing.T, s *store.Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	rows, err := s.SQL().QueryContext(ctx, "SELECT id, payload FROM jobs WHERE kind = 'test'")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := 0
	for rows.Next() {
		var id int64
		var payload string
		if err := rows.Scan(&id, &payload); err != nil {
			t.Fatal(err)
		}
		if text, ok := p.acked[id]; !ok || payload != `"`+text+`"` {
			t.Errorf("the row %d says %s, and should say %q", id, payload, text)
		}
		found++
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if found != len(p.acked) {
		t.Errorf("%d rows, %d writes were acknowledged", found, len(p.acked))
	}
	for name, n := range p.last {
		if text, err := s.SiteInfo(ctx, name); err != nil || text != strconv.Itoa(n) {
			t.Errorf("%s: %q, %v, want %d", name, text, err, n)
		}
	}
}

// kindOf says what kind of step a mover is about to do.
func kindOf(e move.Effect) string {
	if e.Op == move.OpSwapGate {
		return fmt.Sprintf("swap %s %s to %s, watch %v, hold %v", e.Side, e.From.Mode, e.To.Mode, e.To.Watch, e.To.Hold != 0)
	}
	return fmt.Sprintf("operation %d in %s", e.Op, e.Side)
}

// sample spreads kinds of steps over the moves of a run, in another way for each seed.
func sample(kind string) int { return pick(kind, 3) }

// pick is one of n, another one with another seed.
func pick(kind string, n uint32) int {
	h := fnv.New32a()
	h.Write([]byte(os.Getenv("TEST_SEED") + kind))
	return int(h.Sum32() >> 16 % n)
}

// TestDatabaseMoves takes a database from SQLite to MariaDB, to MySQL and back to SQLite while people write. The mover is
// killed at each kind of step in one of the moves (in all of them in the long form), and another one goes on. At the
// end every byte of what was there before is as it was.
func TestDatabaseMoves(t *testing.T) {
	p := &people{pace: 10 * time.Millisecond, acked: map[int64]string{}, last: map[string]int{}}
	kinds := []string{"sqlite", "mariadb", "mysql", "sqlite"}
	urls := make([]string, len(kinds))
	for i, kind := range kinds {
		urls[i] = databaseURL(t, kind)
	}
	fillTables(t, urls[0])
	p.ids.Store(100) // the jobs before are not theirs
	found := fillSearched(t, urls[0])
	for i := range kinds[1:] {
		t.Run(kinds[i]+" to "+kinds[i+1], func(t *testing.T) {
			servers := []*server{startServer(t, int64(10*i+1), urls[i], urls[i+1]), startServer(t, int64(10*i+2), urls[i], urls[i+1])}
			// Those of the move before have stopped in order, as the program's processes do: nobody waits for them.
			if _, err := servers[0].stores[0].SQL().ExecContext(t.Context(), fmt.Sprintf("DELETE FROM instances WHERE id < %d", 10*i)); err != nil {
				t.Fatal(err)
			}
			p.start(t, servers, 6)
			defer p.stop()
			source, target := openPlace(t, urls[i]), openPlace(t, urls[i+1])
			killed, kills := map[string]bool{}, 0
			var held, clock time.Duration
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			var d *move.Database
			for {
				d = move.NewDatabase(move.DatabaseOptions{Source: source, Target: target, Abandon: func(e move.Effect) bool {
					if now := d.Clock(); now < clock {
						t.Errorf("at %s the mover's clock goes back from %v to %v", kindOf(e), clock, now)
					} else {
						clock = now
					}
					kind := kindOf(e)
					if killed[kind] || e.Op == move.OpPause {
						return false
					}
					killed[kind] = true
					if os.Getenv("TEST_ALL") == "" && (sample(kind)+i)%3 != 0 {
						return false // at another of the moves
					}
					kills++
					return true
				}})
				if err := d.Prepare(ctx); err != nil {
					t.Fatal(err)
				}
				clock = 0
				err := d.Run(ctx)
				held = max(held, d.Held)
				if err == nil {
					break
				}
				if !errors.Is(err, move.ErrAbandoned) {
					t.Fatal(err)
				}
			}
			before := p.writes.Load()
			servertest.Within(t, time.Minute, "writes after the move", func() bool { return p.writes.Load() > before+20 })
			p.stop()
			for _, s := range servers {
				if st, _ := s.follower.State(); st.Side != move.Target {
					t.Errorf("a process serves the %s", st.Side)
				}
			}
			p.check(t, servers[0].stores[1])
			if got := searched(t, servers[0].stores[1]); got != found {
				t.Errorf("searches find after the move\n%sand before\n%s", got, found)
			}
			if err := move.Finish(ctx, source, target); err != nil {
				t.Fatal(err)
			}
			nothingLeft(t, source, target)
			if g, err := target.Gate(ctx); err != nil || g.Mode != store.GateOpen || g.Generation != int64(i+1) {
				t.Errorf("the target's gate is %+v, %v", g, err)
			}
			servertest.WaitedAtMost(t, time.Duration(p.longest.Load()))
			t.Logf("%d kills at %d kinds of steps, %d writes, the longest took %v; the source took none for %v", kills, len(killed), p.writes.Load(), time.Duration(p.longest.Load()), held)
			if len(killed) < 18 || kills == 0 { // the seed spreads the kills over the three moves
				t.Errorf("the mover was killed %d times at %d kinds of steps only", kills, len(killed))
			}
		})
	}
	sameFiles(t, urls[0], urls[len(urls)-1])
}

// TestDatabaseAbortAndBack gives a move up in the middle, moves after all, and moves back to the place that it left.
func TestDatabaseAbortAndBack(t *testing.T) {
	beside(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	urls := []string{databaseURL(t, "sqlite"), databaseURL(t, "mariadb")}
	var stores [2]*store.Store
	for i, url := range urls {
		s, err := store.Open(ctx, storetest.Options(url))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		stores[i] = s
	}
	write := func(s *store.Store, value string) error { return s.SetSiteInfo(ctx, "value", value) }
	says := func(s *store.Store, want string) {
		t.Helper()
		if got, err := s.SiteInfo(ctx, "value"); err != nil || got != want {
			t.Errorf("it says %q, %v, want %q", got, err, want)
		}
	}
	if err := errors.Join(write(stores[0], "one"), stores[0].AddJob(ctx, "test", "x", 0)); err != nil {
		t.Fatal(err)
	}
	a, b := openPlace(t, urls[0]), openPlace(t, urls[1])
	var last move.Progress
	run := func(source, target *store.Place, abandon func(move.Effect) bool) error {
		t.Helper()
		d := move.NewDatabase(move.DatabaseOptions{Source: source, Target: target, Abandon: abandon, Progress: func(p move.Progress) { last = p }})
		if err := d.Prepare(ctx); err != nil {
			return err
		}
		return d.Run(ctx)
	}
	// It is given up when the source is sealed.
	err := run(a, b, func(e move.Effect) bool {
		return e.Op == move.OpSwapGate && e.To.Mode == move.Moved
	})
	if !errors.Is(err, move.ErrAbandoned) {
		t.Fatal(err)
	}
	if last.Held <= 0 {
		t.Errorf("sealed, it does not say that writes are held: %+v", last)
	}
	if err := write(stores[0], "two"); !errors.Is(err, store.ErrSealed) {
		t.Errorf("under the seal: %v", err)
	}
	if err := move.Abort(ctx, a, b); err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, a, b)
	if err := write(stores[0], "two"); err != nil {
		t.Errorf("after the abort: %v", err)
	}
	for _, s := range stores {
		if err := s.CheckInCharge(ctx); err != nil {
			t.Errorf("after the abort: %v", err)
		}
	}
	if table, err := b.Occupied(ctx); err != nil || table != "" {
		t.Errorf("the target holds %q, %v", table, err)
	}
	if err := run(a, b, nil); err != nil {
		t.Fatal(err)
	}
	says(stores[1], "two")
	if last.Held != 0 || last.Longest <= 0 {
		t.Errorf("at its end, it says that writes are held: %+v", last)
	}
	if err := move.Abort(ctx, a, b); !errors.Is(err, move.ErrUnfit) {
		t.Errorf("a move that is over is aborted: %v", err)
	}
	var moved *store.MovedError
	if err := stores[0].CheckInCharge(ctx); !errors.As(err, &moved) || moved.Peer != b.Name() {
		t.Errorf("the source says %v", err)
	}
	if err := errors.Join(move.Finish(ctx, a, b), write(stores[1], "three")); err != nil {
		t.Fatal(err)
	}
	// Back: the old copy is in the way, until it is emptied by name. It never looks as if it were in charge.
	var occupied *move.NotEmptyError
	if err := run(b, a, nil); !errors.As(err, &occupied) {
		t.Errorf("into an older copy: %v", err)
	}
	if err := move.Discard(ctx, a); err != nil {
		t.Fatal(err)
	}
	if err := stores[0].CheckInCharge(ctx); !errors.As(err, &moved) {
		t.Errorf("emptied, it says %v", err)
	}
	if err := run(b, a, nil); err != nil {
		t.Fatal(err)
	}
	says(stores[0], "three")
	if err := stores[1].CheckInCharge(ctx); !errors.As(err, &moved) {
		t.Errorf("what was left says %v", err)
	}
	if g, err := a.Gate(ctx); err != nil || g.Mode != store.GateOpen || g.Generation != 2 {
		t.Errorf("%+v, %v", g, err)
	}
}
