package move

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"tintype/internal/budget"
	"tintype/internal/sleep"
	"tintype/internal/store"
)

// ProcessFollower runs a Follower for a process of the site that has both places.
type ProcessFollower struct {
	source, target *store.Place
	self           store.PlaceAnswer // whose ID and names are the process's
	begin          time.Time
	mostPause      time.Duration // in tests: no pause is longer; 0: each is as long as it should be

	// Start is the place whose gate is asked first: the Source, unless that is away and TookOver has told that the site is in
	// the Target.
	Start Side
	// Servers, if set before Run, knows which of the places do not answer, and their replicas.
	Servers PlaceServers
	// OnChange, if set before Run, is called with each new state.
	OnChange func(FollowState)

	mu    sync.Mutex
	state FollowState
	wake  chan struct{} // closed when state changes

	askedOther time.Time // when the place that is not served was last asked whether it took over
}

// PlaceServers are the connections with which a process serves the two places: next is the target. *store.Store has them.
type PlaceServers interface {
	// AwayAt tells whether the place's primary is known not to answer.
	AwayAt(next bool) bool
	// GateByReplica reads the gate as a replica has it that is at most so far behind, while the primary is away.
	GateByReplica(ctx context.Context, next bool, behind time.Duration) (store.Gate, error)
}

// FollowState is what a process may do.
type FollowState struct {
	Side Side
	// ReadableUntil is the moment before which an operation may begin to read; the zero time: none may.
	ReadableUntil time.Time
	// ByReplicasUntil is the same for reads that replicas answer, while the primary is away.
	ByReplicasUntil time.Time
	// Writable tells whether a write should be tried, unless writes are held for an attempt: then HeldUntil is when it
	// is tried all the same.
	Writable  bool
	HeldUntil time.Time
	Gate      Gate
	// Strange is the gate of the other place, where the site has left this one for a third: its Mode is "" otherwise.
	Strange Gate
}

// NewProcessFollower makes one. The id is the process's own, as instances have it.
func NewProcessFollower(source, target *store.Place, self store.PlaceAnswer) *ProcessFollower {
	return &ProcessFollower{source: source, target: target, self: self, begin: time.Now(), wake: make(chan struct{})}
}

// TookOver tells whether a place says that it is in charge of the site which was in the one of that name, which is away. A
// place is left by an update of its own gate: so one that is open and takes part in a move with the other is in charge,
// whichever way that goes. After `tintype move finish database` it does not name the other any more, and nobody knows.
func TookOver(ctx context.Context, p *store.Place, from string) (bool, error) {
	g, err := p.Gate(ctx)
	if err != nil || g.Mode != store.GateOpen {
		return false, err
	}
	m, err := p.Move(ctx)
	return err == nil && m.ID != "" && m.Peer == from, err
}

// State returns what the process may do now, and a channel that is closed when that changes.
func (f *ProcessFollower) State() (FollowState, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state, f.wake
}

// Run follows the gates until ctx ends.
func (f *ProcessFollower) Run(ctx context.Context) {
	m := NewFollower()
	m.side = f.Start
	var ev Event
	for ctx.Err() == nil {
		e := m.Step(time.Since(f.begin), ev)
		f.publish(m)
		ev = f.do(ctx, e)
		if e.Op == OpReadGate && ev.Err != nil && f.tookOver(ctx, m) {
			m.changeOver(nil)
		}
	}
}

// otherEvery is how often the other place is asked while the one that is served is away.
const otherEvery = 2 * time.Second

// tookOver tells whether the other place is in charge, while the one that the process serves does not answer and may not be read:
// the process may have missed the switch, and the place is then away for good. It is what a process that begins asks, too.
func (f *ProcessFollower) tookOver(ctx context.Context, m *Follower) bool {
	now := time.Since(f.begin)
	if now < m.ReadableUntil() || now < m.ByReplicasUntil() || time.Since(f.askedOther) < otherEvery {
		return false
	}
	f.askedOther = time.Now()
	served, other := f.source, f.target
	if m.Side() == Target {
		served, other = other, served
	}
	if f.Servers != nil && f.Servers.AwayAt(m.Side() == Source) || other.FileMissing() {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	took, err := TookOver(ctx, other, served.Name())
	return took && err == nil
}

func (f *ProcessFollower) publish(m *Follower) {
	s := FollowState{Side: m.Side(), Gate: m.Gate(), Strange: m.Strange()}
	if until := m.ReadableUntil(); until > 0 {
		s.ReadableUntil = f.begin.Add(until)
	}
	if until := m.ByReplicasUntil(); until > 0 {
		s.ByReplicasUntil = f.begin.Add(until)
	}
	s.Writable = m.gate.Mode == Open
	if m.gate.Hold != 0 {
		s.HeldUntil = f.begin.Add(m.heldSince + AttemptTime)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s != f.state {
		f.state = s
		if f.OnChange != nil {
			f.OnChange(s)
		}
		close(f.wake)
		f.wake = make(chan struct{})
	}
}

func (f *ProcessFollower) do(ctx context.Context, e Effect) Event {
	if e.Op == OpPause {
		if f.mostPause > 0 {
			e.For = min(e.For, f.mostPause)
		}
		_ = sleep.For(ctx, e.For)
		return Event{}
	}
	limit := 2 * time.Second
	switch {
	case e.Op == OpReadReplica:
		limit = e.For
	case e.For > 0:
		limit = e.For + time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	p := f.source
	if e.Side == Target {
		p = f.target
	}
	switch e.Op {
	case OpReadGate:
		if f.Servers != nil && f.Servers.AwayAt(e.Side == Target) {
			return Event{Err: budget.ErrAway} // who knows that goes on asking, and leaves no connection behind each time
		}
		g, err := p.Gate(ctx)
		return Event{Err: err, Gate: fromGate(g)}
	case OpReadReplica:
		if f.Servers == nil {
			return Event{Err: errors.ErrUnsupported}
		}
		g, err := f.Servers.GateByReplica(ctx, e.Side == Target, ReplicaBehind)
		return Event{Err: err, Gate: fromGate(g)}
	case OpSwapGate:
		ok, err := swap(ctx, f.source, f.target, e)
		return Event{Err: err, OK: ok}
	case OpEndSleepers:
		return Event{Err: p.EndSleepers(ctx)}
	case OpAnswer:
		self := f.self
		self.Watch, self.Hold, self.Generation = e.Answer.Watch, e.Answer.Hold, e.Answer.Generation
		return Event{Err: p.Answer(ctx, self)}
	}
	return Event{Err: fmt.Errorf("move: no driver for operation %d", e.Op)}
}
