package session

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Movable is a Backend from and to which sessions can be moved.
type Movable interface {
	Backend
	// Add inserts a session if nothing is under its key, and tells whether it did. A session whose account is gone is
	// not added.
	Add(ctx context.Context, r *Record) (added bool, err error)
	// Each calls f for every record, those of ended sessions too, until f fails. What is written meanwhile may be missed.
	Each(ctx context.Context, f func(*Record) error) error
}

// endedEpoch marks a record that stands for the end of its session. No account has it, so even who does not know the
// mark takes such a session for over.
const endedEpoch = -1

// Ended tells whether the record stands for the end of its session, which another place may not know of yet.
func (r *Record) Ended() bool { return r.Epoch == endedEpoch }

// Phase says how far a move of sessions has come.
type Phase int

// The phases of a move. While it goes on, one process may be a phase ahead of another, so each phase keeps to what the
// one before and the one after expect.
const (
	// Alone: there is the source only.
	Alone Phase = iota
	// Reading: what is new goes to the source, which is in charge: what it has is good, without the target. Only what it
	// lacks is looked for in the target, because a process that is ahead writes there.
	Reading
	// Writing: what is new goes to the target; what is not there is looked for in the source.
	Writing
	// Moved: the target has everything. A process that is behind still looks into the source, so what ends leaves a mark.
	Moved
)

// Route is the way that an operation goes.
type Route struct {
	Phase          Phase
	Source, Target Movable // Alone has no target, Moved needs no source
}

// Moving is a Backend over the two places of a move. From the first phase to the last nobody is logged out, and who logs
// out is logged out everywhere.
//
// The end of a session is first marked in the target, by a record that lasts as long as the session would have, and only
// then the session is deleted from the source. So neither a process that is a phase behind nor a copy that was read
// before can bring it back: a copy is added only where nothing is.
type Moving struct {
	begin func(context.Context) (Route, func(), error)
	now   func() time.Time
}

// NewMoving makes a Backend that asks begin for the route of each operation, and calls what that returns at the
// operation's end. An error of begin says that nobody can know where sessions are. Now nil is time.Now.
func NewMoving(begin func(context.Context) (Route, func(), error), now func() time.Time) *Moving {
	if now == nil {
		now = time.Now
	}
	return &Moving{begin, now}
}

// OperationTime is how long an operation may take in all: a mover counts on it.
const OperationTime = 10 * time.Second

// route begins an operation. Its context ends with the operation.
func (m *Moving) route(ctx context.Context) (context.Context, Route, func(), error) {
	r, done, err := m.begin(ctx)
	if err != nil {
		return ctx, r, nil, unavailable("find the place of sessions", err)
	}
	ctx, cancel := context.WithTimeout(ctx, OperationTime)
	return ctx, r, func() { cancel(); done() }, nil
}

// String implements Backend.
func (m *Moving) String() string {
	ctx, cancel := context.WithTimeout(context.Background(), dynamoAll)
	defer cancel()
	_, r, done, err := m.route(ctx)
	if err != nil {
		return "unknown"
	}
	defer done()
	switch r.Phase {
	case Reading, Writing:
		return r.Source.String() + ", moving to " + r.Target.String()
	case Moved:
		return r.Target.String()
	}
	return r.Source.String()
}

// Unwrap is the place in charge, whose abilities As finds; nil where nobody can know it.
func (m *Moving) Unwrap() Backend {
	ctx, cancel := context.WithTimeout(context.Background(), dynamoAll)
	defer cancel()
	_, r, done, err := m.route(ctx)
	if err != nil {
		return nil
	}
	defer done()
	if r.Phase == Moved {
		return r.Target
	}
	return r.Source
}

// Get implements Backend.
func (m *Moving) Get(ctx context.Context, accountID int64, hash string) (*Record, error) {
	ctx, r, done, err := m.route(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return r.get(ctx, accountID, hash, m.now())
}

// places are those that have sessions, and first the one whose record of two is newer.
func (r Route) places() []Movable {
	switch r.Phase {
	case Alone:
		return []Movable{r.Source}
	case Moved:
		return []Movable{r.Target}
	}
	return []Movable{r.Target, r.Source}
}

// get reads a session. In the phase Reading the target may be away: nobody who has a session in the source notices. No
// log-out is acknowledged before that is deleted from the source; in the phase Moved it is left there, but nobody is in
// that phase while one is in Reading. In the phase Writing somebody may be, so the target must answer.
func (r Route) get(ctx context.Context, accountID int64, hash string, now time.Time) (*Record, error) {
	places := r.places()
	if r.Phase == Reading {
		slices.Reverse(places)
	}
	var old *Record
	for i, place := range places {
		rec, err := place.Get(ctx, accountID, hash)
		switch {
		case errors.Is(err, ErrNone):
		case err != nil:
			return nil, err
		case rec.Ended():
			return nil, ErrNone
		case r.Phase == Reading && i == 0 && !rec.holds(now):
			old = rec // a process that is ahead notes uses in the target
		default:
			return rec, nil
		}
	}
	if old != nil {
		return old, nil
	}
	return nil, ErrNone
}

// Put implements Backend.
func (m *Moving) Put(ctx context.Context, rec *Record) error {
	ctx, r, done, err := m.route(ctx)
	if err != nil {
		return err
	}
	defer done()
	switch r.Phase {
	case Alone:
		return r.Source.Put(ctx, rec)
	case Reading:
		// What is in the target hides the source.
		if _, err := r.Target.Get(ctx, rec.AccountID, rec.Hash); errors.Is(err, ErrNone) {
			return r.Source.Put(ctx, rec)
		} else if err != nil {
			// A log-in has a new secret, of which no place knows: it needs no answer.
			if added, addErr := r.Source.Add(ctx, rec); added || addErr != nil {
				return addErr
			}
			return err
		}
	}
	return r.Target.Put(ctx, rec)
}

// Touch implements Backend.
func (m *Moving) Touch(ctx context.Context, accountID int64, hash string, used, expires time.Time) error {
	ctx, r, done, err := m.route(ctx)
	if err != nil {
		return err
	}
	defer done()
	switch r.Phase {
	case Alone:
		return r.Source.Touch(ctx, accountID, hash, used, expires)
	case Reading:
		return errors.Join(r.Target.Touch(ctx, accountID, hash, used, expires), r.Source.Touch(ctx, accountID, hash, used, expires))
	case Writing:
		// One that is still in the source only is taken along.
		if _, err := r.Target.Get(ctx, accountID, hash); !errors.Is(err, ErrNone) {
			if err != nil {
				return err
			}
			break
		}
		rec, err := r.Source.Get(ctx, accountID, hash)
		if errors.Is(err, ErrNone) {
			break
		}
		if err != nil {
			return err
		}
		if rec.Ended() {
			return nil
		}
		along := *rec
		along.UsedAt, along.ExpiresAt = used, expires
		if added, err := r.Target.Add(ctx, &along); added || err != nil {
			return err
		}
	}
	return r.Target.Touch(ctx, accountID, hash, used, expires)
}

// Delete implements Backend.
func (m *Moving) Delete(ctx context.Context, accountID int64, hash string) error {
	ctx, r, done, err := m.route(ctx)
	if err != nil {
		return err
	}
	defer done()
	if r.Phase == Alone {
		return r.Source.Delete(ctx, accountID, hash)
	}
	rec, err := r.get(ctx, accountID, hash, m.now())
	if errors.Is(err, ErrNone) {
		return nil // nobody leaves marks for what never was
	}
	if err != nil {
		return err
	}
	return r.end(ctx, rec, m.now())
}

// end ends a session while it may be in both places.
func (r Route) end(ctx context.Context, rec *Record, now time.Time) error {
	mark := *rec
	// No copy of the session lasts longer: each was used before now.
	mark.Owner, mark.Epoch, mark.UserAgent, mark.Address, mark.UsedAt, mark.ExpiresAt = nil, endedEpoch, "", "", now, now.Add(Life)
	if err := r.Target.Put(ctx, &mark); err != nil {
		return err
	}
	if r.Phase == Moved {
		return nil
	}
	return r.Source.Delete(ctx, rec.AccountID, rec.Hash)
}

// List implements Backend.
func (m *Moving) List(ctx context.Context, accountID int64) ([]*Record, error) {
	ctx, r, done, err := m.route(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return r.list(ctx, accountID)
}

func (r Route) list(ctx context.Context, accountID int64) ([]*Record, error) {
	var all []*Record
	known := make(map[string]bool)
	for _, place := range r.places() {
		list, err := place.List(ctx, accountID)
		if err != nil {
			return nil, err
		}
		for _, rec := range list {
			if known[rec.Hash] {
				continue
			}
			known[rec.Hash] = true
			if !rec.Ended() {
				all = append(all, rec)
			}
		}
	}
	slices.SortFunc(all, lastUsedFirst)
	return all, nil
}

func lastUsedFirst(x, y *Record) int {
	return cmp.Or(y.UsedAt.Compare(x.UsedAt), y.CreatedAt.Compare(x.CreatedAt), cmp.Compare(x.Hash, y.Hash))
}

// DeleteOthers implements Backend. Sessions that begin meanwhile are not among the others.
func (m *Moving) DeleteOthers(ctx context.Context, accountID int64, keep string) error {
	ctx, r, done, err := m.route(ctx)
	if err != nil {
		return err
	}
	defer done()
	if r.Phase == Alone {
		return r.Source.DeleteOthers(ctx, accountID, keep)
	}
	all, err := r.list(ctx, accountID)
	if err != nil {
		return err
	}
	for _, rec := range all {
		if rec.Hash != keep {
			if err := r.end(ctx, rec, m.now()); err != nil {
				return err
			}
		}
	}
	return nil
}

// staleAfter is how long a session must be over by this machine's clock before a copy leaves it behind: another's may be
// slow.
const staleAfter = time.Hour

// CopyAll adds to target what source has and target does not, so many at once, and calls count for each session with
// whether it was added. While a move is in the phase Writing, a second time that adds nothing proves that the target has
// everything.
func CopyAll(ctx context.Context, source, target Movable, workers int, count func(added bool) error) error {
	return eachAtOnce(ctx, source, workers, func(ctx context.Context, r *Record) error {
		added := false
		if !r.Ended() && r.holds(time.Now().Add(-staleAfter)) {
			var err error
			if added, err = target.Add(ctx, r); err != nil {
				return err
			}
		}
		return count(added)
	})
}

// eachAtOnce is Each with several calls of f at once.
func eachAtOnce(ctx context.Context, place Movable, workers int, f func(context.Context, *Record) error) error {
	if workers <= 1 {
		return place.Each(ctx, func(r *Record) error { return f(ctx, r) })
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan *Record)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for r := range work {
				if err := f(ctx, r); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	err := place.Each(ctx, func(r *Record) error {
		select {
		case work <- r:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	close(work)
	group.Wait()
	if err == nil {
		err = context.Cause(ctx)
	}
	return err
}

// Clear deletes the sessions of a place that want chooses, so many at once, and calls count for each that it looked at.
func Clear(ctx context.Context, place Movable, workers int, want func(*Record) bool, count func() error) error {
	return eachAtOnce(ctx, place, workers, func(ctx context.Context, r *Record) error {
		if want(r) {
			if err := place.Delete(ctx, r.AccountID, r.Hash); err != nil {
				return err
			}
		}
		return count()
	})
}
