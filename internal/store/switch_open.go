package store

import (
	"context"
	"errors"
	"time"

	"tintype/internal/sleep"
)

const (
	// openPatience is how long OpenBoth waits for a database of which it has the other one.
	openPatience = 5 * time.Second
	// openAgain is the first pause between tries to open it later, and openSeldom the longest: MySQL shuts a host out after a
	// hundred connections that were given up.
	openAgain  = time.Second
	openSeldom = 15 * time.Second
)

// OpenBoth connects to the two databases of a site that can move from one to the other. Nothing is read or written
// before Serve says in which. Replicas of a place are read while it is served. One database is enough: the other one is
// opened once it answers, and nobody needs it before it is in charge.
func OpenBoth(ctx context.Context, o, next Options) (*Store, error) {
	o.statements = &statementCounts{}
	next.statements = o.statements
	options := [2]Options{o, next}
	type opened struct {
		i   int
		c   *conn
		err error
	}
	opening, cancel := context.WithTimeout(ctx, openPatience)
	defer cancel()
	each := make(chan opened, 2)
	for i := range options {
		go func() {
			c, err := open(opening, options[i])
			each <- opened{i, c, err}
		}()
	}
	p := &places{}
	var errs [2]error
	for range options {
		if o := <-each; o.err != nil {
			errs[o.i] = o.err
		} else {
			p.add(o.i, o.c)
		}
	}
	if p.state.Load() == nil {
		return nil, errors.Join(errs[:]...)
	}
	running, stop := context.WithCancel(context.Background())
	p.stop = stop
	for i, err := range errs {
		if err != nil {
			p.mayBe = hasReplicas(ctx, options[i])
			p.late.Go(func() { p.openLater(running, i, options[i], err) })
		}
	}
	first := p.conns[0].Load()
	if first == nil {
		first = p.conns[1].Load()
	}
	return &Store{conn: first, places: p}, nil
}

func hasReplicas(ctx context.Context, o Options) bool {
	if o.Replicas == nil {
		return false
	}
	list, err := o.Replicas(ctx)
	return err != nil || len(list) > 0
}

// add takes a database that was opened.
func (p *places) add(i int, c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Ids, signals and counts are the process's own. Whoever is asked for the newest ids is asked again in the other place.
	if other := p.conns[1-i].Load(); other != nil {
		c.ids, c.signals = other.ids, other.signals
	}
	p.conns[i].Store(c)
	if p.state.Load() == nil {
		p.state.Store(&serving{c: c, changed: make(chan struct{})})
	}
	p.apply()
}

// openLater opens a database that could not be opened at first.
func (p *places) openLater(ctx context.Context, i int, o Options, err error) {
	name := "a database"
	if raw, err := o.URL(ctx); err == nil {
		if text, err := AddressName(raw); err == nil {
			name = text
		}
	}
	if o.Log != nil {
		o.Log.WarnContext(ctx, "one of DATABASE_URL and DATABASE_NEXT cannot be opened; the site runs by the other one, if it is there, and cannot move", "database", name, "error", err)
	}
	for pause := openAgain; sleep.For(ctx, pause) == nil; pause = min(2*pause, openSeldom) {
		opening, cancel := context.WithTimeout(ctx, 2*openPatience)
		c, err := open(opening, o)
		cancel()
		if err == nil {
			p.add(i, c)
			if o.Log != nil {
				o.Log.InfoContext(ctx, "the database is open now", "database", name)
			}
			return
		}
	}
}

// Serve says what the process may do from now on. It is for a Store of OpenBoth.
func (s *Store) Serve(v Serving) {
	p := s.places
	p.mu.Lock()
	defer p.mu.Unlock()
	p.want = v
	p.apply()
}

// apply has the process do what Serve said, as far as the database for it is open. Its caller holds mu.
func (p *places) apply() {
	was, v := p.state.Load(), p.want
	c := p.at(v.Next)
	if c == nil {
		c, v = was.c, Serving{Next: v.Next} // nothing may begin
	} else if c.cluster != nil && (c != was.c || was.Until.IsZero()) && was.Serving != v {
		c.cluster.takeOver()
	}
	if was.Serving == v && was.c == c {
		return
	}
	p.state.Store(&serving{Serving: v, c: c, changed: make(chan struct{})})
	close(was.changed)
}
