package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"tintype/internal/move"
	"tintype/internal/store"
)

// databaseMove is how far a move between the two databases is. How many rows there are it does not count.
func (d drivers) databaseMove(ctx context.Context) (s move.DatabaseStatus, err error) {
	a, err := store.OpenPlace(ctx, d.storeOptions())
	if err != nil {
		return s, err
	}
	b, err := store.OpenPlace(ctx, d.nextStoreOptions())
	if err != nil {
		return s, errors.Join(err, a.Close())
	}
	s, err = move.ReadDatabaseStatus(ctx, a, b, 1)
	return s, errors.Join(err, a.Close(), b.Close())
}

// databaseMoves returns an error while the database is being moved: it is the one part that moves by itself. Without
// DATABASE_NEXT, openStore has asked.
func (d drivers) databaseMoves(ctx context.Context) error {
	if d.cfg.DatabaseNext == nil {
		return nil
	}
	asking, cancel := context.WithTimeout(ctx, startPatience) // one of them may take connections and say nothing
	defer cancel()
	s, err := d.databaseMove(asking)
	if err != nil && d.staysAlone(ctx) {
		return nil
	}
	if err == nil && s.UnderWay {
		err = fmt.Errorf("the database of the site is moving from %s to %s, by itself: let that end first, or give it up by tintype move abort database", s.InCharge, s.Other)
	}
	return err
}

// staysAlone tells whether DATABASE_URL is in charge, and no move from it is under
// way: then the other one need not be asked.
func (d drivers) staysAlone(ctx context.Context) bool {
	p, err := store.NewPlace(ctx, d.storeOptions())
	if err != nil {
		return false
	}
	defer p.Close()
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	g, err := p.Gate(ctx)
	if err != nil || g.Mode != store.GateOpen {
		return false
	}
	m, err := p.Move(ctx)
	return err == nil && !m.Logs
}

// followDatabase has the store serve the database that is in charge, where there
// are two, until the function that it returns is called. A process that serves the
// site (serving) also keeps the one up that the site has left, while there is a way
// back to it.
func (d drivers) followDatabase(ctx context.Context, db *store.Store, id int64, serving bool) (stop func() error, err error) {
	if d.cfg.DatabaseNext == nil {
		return func() error { return nil }, nil
	}
	source, err := store.NewPlace(ctx, d.storeOptions())
	if err != nil {
		return nil, err
	}
	target, err := store.NewPlace(ctx, d.nextStoreOptions())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("DATABASE_NEXT: %w", err), source.Close())
	}
	known := d.databaseFacts(ctx)
	known[move.DatabaseProofFact] = move.ProofExempt // until the process says more
	facts, err := json.Marshal(known)
	if err != nil {
		return nil, errors.Join(err, source.Close(), target.Close())
	}
	release := func() error { return nil }
	if serving {
		if release, err = d.succeed(ctx, id, source, target); err != nil {
			d.log.WarnContext(ctx, "the row of the process that had DATA_DIR before was not removed: a move may wait for it", "error", err)
		}
	}
	f := move.NewProcessFollower(source, target, store.PlaceAnswer{ID: id, Host: processName(), Program: Version, Roles: roleNames(d.cfg), Facts: string(facts)})
	f.Servers = db
	if d.proof != nil {
		o := &otherPlace{follower: f, places: [2]*store.Place{source, target}, away: db.AwayAt}
		if d.proof.prove = o.prove; d.cfg.ReadOnly {
			d.proof.prove = func(context.Context) string { return move.ProofExempt }
		}
	}
	near := false
	if d.startsInNext(ctx) {
		f.Start = move.Target
		d.log.WarnContext(ctx, "DATABASE_URL does not answer, or is empty, and the site has moved to DATABASE_NEXT: make that DATABASE_URL in the settings", "from", source.Name(), "to", target.Name())
	}
	said, warned := false, false
	f.OnChange = func(s move.FollowState) {
		if s.Strange.Mode != "" && !warned {
			warned = true
			d.log.Error("of DATABASE_URL and DATABASE_NEXT, one says that the site has moved, and the other is not where it has moved to: nothing is served: name the database that the site has moved to",
				"database", source.Name(), "next", target.Name())
		}
		if s.Gate.Watch && !near {
			d.proof.now()
		}
		near = s.Gate.Watch
		db.Serve(store.Serving{Next: s.Side == move.Target, Until: s.ReadableUntil, ByReplicasUntil: s.ByReplicasUntil, Writable: s.Writable, HeldUntil: s.HeldUntil})
		if s.Side == move.Target && s.Writable && !said {
			said = true
			d.log.WarnContext(ctx, "the site has moved to DATABASE_NEXT: make it DATABASE_URL in the settings", "from", source.Name(), "to", target.Name())
		}
	}
	following, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { f.Run(following) })
	if serving {
		back := move.NewWayBack(source, target, func() move.FollowState {
			s, _ := f.State()
			return s
		}, d.log)
		running.Go(func() { back.Run(following) })
	}
	return func() error {
		cancel()
		running.Wait()
		// A row that stays counts as gone after three of its intervals.
		end, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		for _, p := range []*store.Place{source, target} {
			if err := p.Forget(end, id); err != nil {
				d.log.WarnContext(end, "the row of this process was not removed", "database", p.Name(), "error", err)
			}
		}
		return errors.Join(release(), source.Close(), target.Close())
	}, nil
}

// A databaseProof is how a process proves that both of its databases are those of
// the move.
type databaseProof struct {
	prove func(context.Context) string

	mu    sync.Mutex
	soon  func()
	early bool // it was to be told before there was anybody who could
}

// tellBy names what has the proof be told.
func (p *databaseProof) tellBy(soon func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.soon = soon; p.early {
		p.early = false
		soon()
	}
}

// now has the proof be told at once.
func (p *databaseProof) now() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.early = p.soon == nil; !p.early {
		p.soon()
	}
}

// provePatience is how long a proof may take: it is part of what a process says of
// itself every now and then.
const provePatience = time.Second

// otherPlace is the one of two places that a process does not serve.
type otherPlace struct {
	follower *move.ProcessFollower
	places   [2]*store.Place
	away     func(next bool) bool
	proved   string // the move of which both places are known to be
}

// prove tries the place while a move is under way, once for each move, and returns
// the move in which that takes part. The gate names the move also when it is over:
// then the place has been left, and may be away.
func (o *otherPlace) prove(ctx context.Context) string {
	s, _ := o.follower.State()
	other := o.places[s.Side.Other()]
	switch {
	case s.Gate.Move == "" || s.Gate.Move == o.proved:
		return s.Gate.Move
	case o.away(s.Side == move.Source) || other.FileMissing():
		return "" // or the next time
	}
	ctx, cancel := context.WithTimeout(ctx, provePatience)
	defer cancel()
	id, err := other.Prove(ctx)
	if err != nil {
		return ""
	}
	if id == s.Gate.Move {
		o.proved = id
	}
	return id
}

// startPatience is how long a process that begins waits for the database of which
// it may not need to know.
const startPatience = 5 * time.Second

// startsInNext tells whether DATABASE_NEXT says that it has taken the site over,
// while DATABASE_URL says nothing at all: it is away, or its file is gone.
func (d drivers) startsInNext(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	asking, done := context.WithTimeout(ctx, startPatience/2)
	defer done()
	if state, err := store.NewMigrator(d.storeOptions()).State(asking); err == nil && state.Version != 0 {
		return false
	}
	raw, err := d.cfg.Database.URL.Value(ctx)
	if err != nil {
		return false
	}
	name, err := store.AddressName(raw)
	if err != nil || d.cfg.DatabaseNext.Driver == "sqlite" && missing(d.cfg.DatabaseNext.Path) {
		return false
	}
	next, err := store.NewPlace(ctx, d.nextStoreOptions())
	if err != nil {
		return false
	}
	defer next.Close()
	took, err := move.TookOver(ctx, next, name)
	return took && err == nil
}

func missing(file string) bool {
	_, err := os.Stat(file)
	return errors.Is(err, fs.ErrNotExist)
}

// succeed removes the rows of the process that had DATA_DIR before this one and
// died without a word. Release comes once this process has removed its own.
func (d drivers) succeed(ctx context.Context, id int64, places ...*store.Place) (release func() error, err error) {
	release = func() error { return nil }
	p, err := takePredecessor(d.cfg.DataDir)
	if p == nil {
		return release, err
	}
	if p.id != 0 {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		for _, place := range places {
			err = errors.Join(err, place.Forget(ctx, p.id))
		}
	}
	if err == nil { // else the next one removes them
		err = p.become(id)
	}
	return p.release, err
}

// databaseFacts are fingerprints of the databases that this process has. An
// address that cannot be resolved now has none.
func (d drivers) databaseFacts(ctx context.Context) map[string]string {
	facts := map[string]string{}
	if d.cfg.DatabaseNext == nil {
		return facts
	}
	for fact, url := range map[string]func(context.Context) (string, error){move.DatabaseFact: d.cfg.Database.URL.Value, move.DatabaseNextFact: d.cfg.DatabaseNext.URL.Value} {
		raw, err := url(ctx)
		if err != nil {
			continue
		}
		if name, err := store.AddressName(raw); err == nil {
			facts[fact] = move.Fingerprint(name)
		}
	}
	return facts
}

// addClients adds from where the database is in use, as its server tells: a move
// begins only once each of those is a process that it knows.
func (d drivers) addClients(ctx context.Context, db *store.Store, facts map[string]string) {
	if d.cfg.DatabaseNext == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if own, all, err := db.Clients(ctx); err == nil && own != "" { // or the next time
		facts[move.ClientFact], facts[move.ClientsFact] = own, strings.Join(all, ",")
	}
}
