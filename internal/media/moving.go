package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"
)

const (
	// RouteTime is for how long an operation goes by a route: a mover counts on it. One that writes or deletes and takes
	// longer asks again at its end.
	RouteTime = 10 * time.Second
	// secondTime and secondRate, in bytes a second, bound the writing to the place that is not in charge. Somebody waits
	// for it, and what does not come to pass the next pass of the move makes good.
	secondTime = 5 * time.Second
	secondRate = 4 << 20
	// A place that is not in charge and has failed is left alone for secondPause; twice as long each time, up to
	// mostPause.
	secondPause = 5 * time.Second
	mostPause   = 2 * time.Minute
)

// ErrLeftBehind: the objects are gone from the place in charge, and some are left in the other place of a move.
var ErrLeftBehind = errors.New("media: copies are left in the other place")

// A Route is where an operation finds photos. Without a move it has the place in charge alone.
type Route struct {
	Charge Store // has to have what is new
	Other  Store // the other place of a move, from which what is deleted has to go as well; nil: there is none
	Write  bool  // Other gets what is new, too, as far as it answers
	Read   bool  // what Charge does not have is looked for in Other
}

// MovingOptions configure NewMoving.
type MovingOptions struct {
	// Places are all that a route may lead to.
	Places []Store
	// Begin returns the route of an operation that begins now. The operation calls done at its end. An error says that
	// nobody can know where photos are.
	Begin func(context.Context) (_ Route, done func(), err error)
	// Last is the route that was last known. It asks nobody.
	Last func() Route
	Log  *slog.Logger
	Now  func() time.Time // nil is time.Now
}

// Moving is a Store that lies in two places while photos move from one to the other. Keys are immutable, so it makes no
// difference for a reader which of them answers.
type Moving struct {
	o     MovingOptions
	rests map[Store]*rest
}

var (
	_ Store       = (*Moving)(nil)
	_ Haver       = (*Moving)(nil)
	_ Presigner   = (*Moving)(nil)
	_ TempSweeper = (*Moving)(nil)
)

// NewMoving makes a Store of the places.
func NewMoving(o MovingOptions) *Moving {
	if o.Now == nil {
		o.Now = time.Now
	}
	m := &Moving{o: o, rests: make(map[Store]*rest)}
	for _, place := range o.Places {
		m.rests[place] = &rest{clock: o.Now}
	}
	return m
}

// Unwrap is the place in charge, whose abilities As finds, such as its folder. What concerns both places is Moving's own:
// Haver, Presigner and TempSweeper.
func (m *Moving) Unwrap() Store { return m.o.Last().Charge }

// String implements Store.
func (m *Moving) String() string {
	route := m.o.Last()
	if route.Other == nil {
		return route.Charge.String()
	}
	return route.Charge.String() + ", moving, with " + route.Other.String()
}

func (m *Moving) begin(ctx context.Context) (Route, func(), error) {
	route, done, err := m.o.Begin(ctx)
	switch {
	case err == nil:
		return route, done, nil
	case ctx.Err() != nil:
		return Route{}, nil, ctx.Err()
	}
	return Route{}, nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// Put implements Store.
func (m *Moving) Put(ctx context.Context, key string, r io.Reader, o PutOptions) (int64, error) {
	route, done, err := m.begin(ctx)
	if err != nil {
		return 0, err
	}
	// An upload may take an hour, and no move waits for it: what has changed meanwhile, settle sees to.
	done()
	n, err := route.Charge.Put(ctx, key, r, o)
	if err != nil {
		return 0, err
	}
	if err := m.settle(ctx, key, n, route.Charge); err != nil {
		wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), RouteTime)
		defer cancel()
		for _, place := range m.o.Places {
			err = errors.Join(err, place.Delete(wait, key))
		}
		return 0, err
	}
	return n, nil
}

// settle brings an object of n bytes that was written to one place to all that should have it now.
func (m *Moving) settle(ctx context.Context, key string, n int64, written Store) error {
	for {
		began := m.o.Now()
		route, done, err := m.begin(ctx)
		if err != nil {
			return err
		}
		err = m.bring(ctx, key, n, written, route)
		done()
		if err != nil || m.o.Now().Sub(began) < RouteTime {
			return err
		}
		written = route.Charge
	}
}

func (m *Moving) bring(ctx context.Context, key string, n int64, written Store, route Route) error {
	if written != route.Charge {
		if err := transfer(ctx, written, key, route.Charge, key); err != nil {
			return err
		}
		if written != route.Other {
			if err := written.Delete(ctx, key); err != nil {
				m.o.Log.WarnContext(ctx, "a copy is left where photos are no longer", "place", written.String(), "key", key, "error", err)
			}
		}
	}
	if route.Write && written != route.Other {
		m.second(ctx, route.Other, n, func(ctx context.Context) error { return transfer(ctx, route.Charge, key, route.Other, key) })
	}
	return nil
}

// second writes n bytes to the place that is not in charge, if it answers in time.
func (m *Moving) second(ctx context.Context, place Store, n int64, write func(context.Context) error) {
	if m.rests[place].now() != nil {
		return // it was told of
	}
	bounded, cancel := context.WithTimeout(ctx, secondTime+time.Duration(n/secondRate)*time.Second)
	defer cancel()
	err := write(bounded)
	if ctx.Err() != nil {
		return // which says nothing about the place
	}
	if m.rests[place].note(err); err != nil {
		m.o.Log.WarnContext(ctx, "a photo is not in both places of the move yet: the command that moved them brings it there, `tintype move media` or `tintype move back media`", "place", place.String(), "error", err)
	}
}

// transfer copies an object from one place to another.
func transfer(ctx context.Context, from Store, key string, to Store, name string) error {
	o, err := from.Open(ctx, key)
	if err != nil {
		return err
	}
	defer o.Close()
	_, err = to.Put(ctx, name, o, PutOptions{ContentType: o.ContentType, Size: o.Size})
	return err
}

// Open implements Store.
func (m *Moving) Open(ctx context.Context, key string) (*Object, error) {
	route, done, err := m.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	o, err := route.Charge.Open(ctx, key)
	absent := errors.Is(err, ErrNotFound)
	switch {
	case err == nil, route.Other == nil, absent && !route.Read, errors.Is(err, ErrKey), ctx.Err() != nil:
		return o, err
	}
	// It may be only there as yet. And while the place in charge does not answer, the other one does as well.
	rested := m.rests[route.Other].now()
	if rested == nil {
		var otherErr error
		if o, otherErr = route.Other.Open(ctx, key); otherErr == nil {
			m.rests[route.Other].note(nil)
			return o, nil
		}
		if !errors.Is(otherErr, ErrNotFound) && ctx.Err() == nil {
			m.rests[route.Other].note(otherErr)
			rested = otherErr
		}
	}
	if absent && rested != nil {
		return nil, fmt.Errorf("%w: %s may have %s: %w", ErrUnavailable, route.Other, key, rested)
	}
	return nil, err
}

// Has implements Haver.
func (m *Moving) Has(ctx context.Context, key string) (bool, error) {
	route, done, err := m.begin(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	there, err := Has(ctx, route.Charge, key)
	if err == nil && !there && route.Read {
		return Has(ctx, route.Other, key)
	}
	return there, err
}

// Delete implements Store. Objects that are gone from the place in charge alone are ErrLeftBehind; whoever tries again
// removes the rest.
func (m *Moving) Delete(ctx context.Context, keys ...string) error {
	var by Route // of the last try
	for {
		began := m.o.Now()
		route, done, err := m.begin(ctx)
		if err != nil {
			return err
		}
		if route == by {
			done()
			return nil
		}
		err = m.deleteBy(ctx, route, keys)
		done()
		if err != nil || m.o.Now().Sub(began) < RouteTime {
			return err
		}
		by = route // meanwhile a move may have copied what was not deleted yet
	}
}

func (m *Moving) deleteBy(ctx context.Context, route Route, keys []string) error {
	err := route.Charge.Delete(ctx, keys...)
	if route.Other == nil {
		return err
	}
	otherErr := m.rests[route.Other].now()
	if otherErr == nil {
		otherErr = route.Other.Delete(ctx, keys...)
		if ctx.Err() == nil && !errors.Is(otherErr, ErrKey) && !errors.Is(otherErr, ErrHeld) {
			m.rests[route.Other].note(otherErr)
		}
	}
	if err == nil && otherErr != nil {
		return fmt.Errorf("%w: %s: %w", ErrLeftBehind, route.Other, otherErr)
	}
	return errors.Join(err, otherErr)
}

// Copy implements Store.
func (m *Moving) Copy(ctx context.Context, from, to string) error {
	for {
		began := m.o.Now()
		route, done, err := m.begin(ctx)
		if err != nil {
			return err
		}
		err = m.copyBy(ctx, route, from, to)
		done()
		if err != nil || m.o.Now().Sub(began) < RouteTime {
			return err
		}
	}
}

func (m *Moving) copyBy(ctx context.Context, route Route, from, to string) error {
	err := route.Charge.Copy(ctx, from, to)
	if errors.Is(err, ErrNotFound) && route.Read {
		err = transfer(ctx, route.Other, from, route.Charge, to)
	}
	if err != nil || from == to || !route.Write {
		return err
	}
	m.second(ctx, route.Other, 0, func(ctx context.Context) error {
		err := route.Other.Copy(ctx, from, to)
		if errors.Is(err, ErrNotFound) {
			err = transfer(ctx, route.Charge, to, route.Other, to)
		}
		return err
	})
	return nil
}

// Check implements Store, for the place in charge.
func (m *Moving) Check(ctx context.Context) error {
	route, done, err := m.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	return route.Charge.Check(ctx)
}

// Presign implements Presigner: by the place in charge, if it can and surely has the object.
func (m *Moving) Presign(ctx context.Context, key string, life time.Duration) (address string, good time.Duration, err error) {
	route, done, err := m.begin(ctx)
	if err != nil {
		return "", 0, err
	}
	defer done()
	signer, ok := As[Presigner](route.Charge)
	if !ok {
		return "", 0, nil
	}
	if route.Read {
		if there, err := Has(ctx, route.Charge, key); err != nil || !there {
			return "", 0, nil
		}
	}
	return signer.Presign(ctx, key, life)
}

// Origins implements Presigner, for all places that a reader may be sent to.
func (m *Moving) Origins(ctx context.Context) ([]string, error) {
	var all []string
	for _, place := range m.o.Places {
		if signer, ok := As[Presigner](place); ok {
			origins, err := signer.Origins(ctx)
			if err != nil {
				return nil, err
			}
			all = append(all, origins...)
		}
	}
	return all, nil
}

// SweepTemp implements TempSweeper, in all places.
func (m *Moving) SweepTemp(ctx context.Context, olderThan time.Duration) (int, error) {
	var sum int
	var errs []error
	for _, place := range m.o.Places {
		if sweeper, ok := As[TempSweeper](place); ok {
			n, err := sweeper.SweepTemp(ctx, olderThan)
			sum, errs = sum+n, append(errs, err)
		}
	}
	return sum, errors.Join(errs...)
}

// rest keeps a place that failed from being asked for a while.
type rest struct {
	clock func() time.Time
	mu    sync.Mutex
	err   error // of the last time
	pause time.Duration
	until time.Time
}

// now is why the place is not to be asked, nil if it may be.
func (r *rest) now() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.clock().Before(r.until) {
		return r.err
	}
	return nil
}

// note takes what came of asking it.
func (r *rest) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err = err; err == nil {
		r.pause, r.until = 0, time.Time{}
		return
	}
	if r.clock().Before(r.until) {
		return // others failed at the same time
	}
	r.pause = min(max(secondPause, 2*r.pause), mostPause)
	r.until = r.clock().Add(r.pause)
}
