package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"math"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// replicaPoll is how often each replica is asked how far it has come.
	replicaPoll = 300 * time.Millisecond
	// pollPatience is how long a poll of the primary waits for its answer.
	pollPatience = time.Second
	// replicaPatience is that of a poll of a replica.
	replicaPatience = 600 * time.Millisecond
	// standsAfter is how long a replica may stand still while the primary moves.
	standsAfter = 3 * time.Second
	// discoverEvery is how often an address is asked by a new connection, which may lead to a server not known yet.
	discoverEvery = 5 * time.Second
	// forgetAfter is how long a server that is not met any more is remembered.
	forgetAfter = 10 * time.Minute
)

// An endpoint is an address for reads with the servers behind it: one, or Aurora's readers.
type endpoint struct {
	name string // host:port
	c    *cluster
	pool *sql.DB // for reads: leads to servers in use only
	find *sql.DB // for polls: every connection is new
	wake chan struct{}

	reads atomic.Int64

	mu      sync.Mutex
	servers map[string]*server
}

// A server is one replica.
type server struct {
	id       string
	endpoint *endpoint
	conns    connSet

	healthy     atomic.Bool // may be read
	answers     atomic.Bool
	version     atomic.Int64 // of the clock, at the last answer
	lag         atomic.Int64 // nanoseconds behind the primary, when that was last known
	wireHeardAt atomic.Int64 // UnixNano of its last answer to anything
	heardAt     atomic.Int64 // UnixNano of that
	why         atomic.Value // string: why it is out, "" when it is not

	// Of the polls alone:
	probe   *sql.Conn
	movedAt time.Time // when the version last changed
}

// usable reports whether the server may be read now.
func (s *server) usable() bool {
	return s.healthy.Load() || s.endpoint.c.breaker.Away() && s.answers.Load()
}

func (e *endpoint) all() []*server {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := make([]*server, 0, len(e.servers))
	for _, s := range e.servers {
		list = append(list, s)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].id < list[j].id })
	return list
}

// serverOf returns the server with that id. A new one is polled soon, and not read before.
func (e *endpoint) serverOf(id string) *server {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.servers[id]
	if s == nil {
		s = &server{id: id, endpoint: e, movedAt: time.Now()}
		s.heardAt.Store(time.Now().UnixNano())
		s.lag.Store(math.MaxInt64)
		s.why.Store("not asked yet")
		e.servers[id] = s
		e.lookAgain()
	}
	return s
}

func (e *endpoint) usable() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.servers {
		if s.usable() {
			return true
		}
	}
	return false
}

// furthest is the version of the most advanced server in use.
func (e *endpoint) furthest() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	var v int64
	for _, s := range e.servers {
		if s.usable() {
			v = max(v, s.version.Load())
		}
	}
	return v
}

// surelyBehind reports, without asking, that no server has reached the position: even at twice the clock's pace none
// could be that far since the last poll. If one is after all, the primary answers, which is right too.
func (e *endpoint) surelyBehind(p Position) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.servers {
		since := time.Since(time.Unix(0, s.heardAt.Load())).Milliseconds()
		if s.usable() && s.version.Load()+2*since+500 >= int64(p) {
			return false
		}
	}
	return true
}

// ask takes a connection and reads the position of the server behind it.
func (e *endpoint) ask(ctx context.Context) (*sql.Conn, int64, error) {
	ctx, cancel := context.WithTimeout(ctx, pinPatience)
	defer cancel()
	conn, err := e.pool.Conn(ctx)
	if err != nil {
		return nil, 0, err
	}
	var v int64
	if err := conn.QueryRowContext(ctx, versionQuery).Scan(&v); err != nil {
		conn.Close()
		return nil, 0, err
	}
	return conn, v, nil
}

// query asks on a connection that its caller keeps. It replaces an idle connection that has ended in the pool.
func (e *endpoint) query(ctx context.Context, q string, args []any) (*sql.Conn, *sql.Rows, error) {
	for try := 1; ; try++ {
		conn, err := e.pool.Conn(ctx)
		if err != nil {
			return nil, nil, err
		}
		rows, err := conn.QueryContext(ctx, q, args...)
		if err == nil {
			return conn, rows, nil
		}
		conn.Close()
		if try == poolTries || !errors.Is(err, driver.ErrBadConn) {
			return nil, nil, err
		}
	}
}

// poolTries is how often database/sql itself tries another connection.
const poolTries = 3

// lookAgain polls the servers at once.
func (e *endpoint) lookAgain() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// watch polls until ctx ends.
func (e *endpoint) watch(ctx context.Context) {
	discovered := time.Now()
	tick := time.NewTicker(replicaPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			for _, s := range e.all() {
				s.dropProbe()
			}
			return
		case <-tick.C:
		case <-e.wake:
		}
		if e.poll(ctx) == 0 || time.Since(discovered) > discoverEvery {
			e.discover(ctx)
			discovered = time.Now()
		}
	}
}

// poll asks all servers at once for their positions, and returns how many answered.
func (e *endpoint) poll(ctx context.Context) int {
	var wg sync.WaitGroup
	var answered atomic.Int64
	for _, s := range e.all() {
		if s.probe == nil {
			s.judge(ctx, 0, errNoProbe)
			continue
		}
		wg.Go(func() {
			v, err := s.ask(ctx)
			if err != nil {
				s.dropProbe()
			} else {
				answered.Add(1)
			}
			s.judge(ctx, v, err)
		})
	}
	wg.Wait()
	e.forget()
	return int(answered.Load())
}

var (
	errNoProbe = errors.New("no connection")
	errSlow    = errors.New("a late answer")
)

func (s *server) ask(ctx context.Context) (v int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, replicaPatience)
	defer cancel()
	asked := time.Now().UnixNano()
	err = s.probe.QueryRowContext(ctx, versionQuery).Scan(&v)
	if err != nil && ctx.Err() != nil && s.wireHeardAt.Load() > asked {
		err = errSlow // others got answers meanwhile
	}
	return v, err
}

func (s *server) dropProbe() {
	if s.probe != nil {
		s.probe.Close()
		s.probe = nil
	}
}

// discover opens a new connection, which may lead to a server not known yet, or to one that is back.
func (e *endpoint) discover(ctx context.Context) {
	asking, cancel := context.WithTimeout(ctx, pollPatience)
	defer cancel()
	conn, err := e.find.Conn(asking)
	if err != nil {
		return
	}
	var s *server
	_ = conn.Raw(func(dc any) error {
		s = dc.(*tracked).server
		return nil
	})
	if s == nil || s.probe != nil {
		conn.Close()
		return
	}
	s.probe = conn
	v, err := s.ask(ctx)
	if err != nil {
		s.dropProbe()
	}
	s.judge(ctx, v, err)
}

// judge decides by a poll whether the server may be read. A poll that ended with the watch's ctx says nothing about it.
func (s *server) judge(ctx context.Context, v int64, err error) {
	if ctx.Err() != nil {
		return
	}
	c, now := s.endpoint.c, time.Now()
	answered := s.answers.Load()
	if errors.Is(err, errSlow) {
		return
	}
	if err != nil {
		s.answers.Store(false)
		s.set("does not answer")
		if answered {
			// Who waits for it is better served by another.
			s.conns.cut()
		}
		return
	}
	moved := v != s.version.Load()
	if moved {
		s.movedAt = now
	}
	s.version.Store(v)
	s.measure(now, v, moved)
	s.heardAt.Store(now.UnixNano())
	s.answers.Store(true)
	primary := c.version.Load()
	switch behind := time.Duration(primary-v) * time.Millisecond; {
	case primary == 0:
		s.set("the primary has not answered yet")
	case c.breaker.Away():
		// Nothing to compare with: it stays what it was.
	case behind > c.maxLag:
		s.set("lags " + behind.Round(time.Second).String() + " behind the primary")
	case behind > standsAfter && now.Sub(s.movedAt) > standsAfter:
		s.set("stands still")
	default:
		s.set("")
	}
}

// livesOn is how far a replica's clock has to be past the last that was heard of the primary's until the primary is known to have
// gone on since.
const livesOn = 5 * time.Second

// measure notes how far the server lags. While this process does not hear the primary, it is as far behind as before, unless
// the server tells that the primary goes on.
func (s *server) measure(now time.Time, v int64, moved bool) {
	c := s.endpoint.c
	primary := c.version.Load()
	if primary == 0 || c.breaker.Away() && !(moved && v > primary+livesOn.Milliseconds()) {
		return
	}
	behind := time.Duration(primary-v)*time.Millisecond + now.Sub(time.Unix(0, c.movedAt.Load()))
	s.lag.Store(int64(max(behind, 0)))
}

// errLags refuses the gate of a server that may be too far behind.
var errLags = &busyError{"store: the replica may be too far behind to say who is in charge"}

// gate reads the gate on a server that is at most so far behind the primary.
func (e *endpoint) gate(ctx context.Context, behind time.Duration) (Gate, error) {
	conn, err := e.pool.Conn(ctx)
	if err != nil {
		return Gate{}, err
	}
	defer conn.Close()
	lag := time.Duration(math.MaxInt64)
	err = conn.Raw(func(dc any) error {
		lag = time.Duration(trackedOf(dc).server.lag.Load())
		return nil
	})
	if err != nil {
		return Gate{}, err
	}
	if lag > behind {
		return Gate{}, errLags
	}
	return readGate(ctx, conn, "")
}

// set records why the server may not be read ("": it may) and logs a change.
func (s *server) set(why string) {
	s.why.Store(why)
	if was := s.healthy.Swap(why == ""); was == (why == "") {
		return
	}
	log := s.endpoint.c.log.With("replica", s.endpoint.name, "server", s.id)
	if why == "" {
		log.Info("a replica is in use")
	} else {
		log.Warn("a replica is not in use", "reason", why)
	}
}

// forget drops servers that were not seen for a long time.
func (e *endpoint) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, s := range e.servers {
		if s.probe == nil && time.Since(time.Unix(0, s.heardAt.Load())) > forgetAfter {
			delete(e.servers, id)
		}
	}
}

func (e *endpoint) close() {
	_ = e.pool.Close()
	_ = e.find.Close()
}
