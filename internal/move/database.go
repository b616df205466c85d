package move

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"tintype/internal/sleep"
	"tintype/internal/store"
)

// DatabaseOptions describe a move of the site's database.
type DatabaseOptions struct {
	Source, Target *store.Place
	// Rate bounds the copy, in rows a second; 0: as fast as it goes.
	Rate int
	// Progress is called now and then with how far the move is; nil is nobody.
	Progress func(Progress)
	// WayBack has the target keep the source up once it is in charge, so that the site can come back without being
	// copied: for so long, and while no more than WayBackMost writes are behind. 0: it does not.
	WayBack     time.Duration
	WayBackMost int64
	// Check is asked before each attempt to switch, after everything was compared: its error puts the attempt off. Nil asks
	// nothing.
	Check func(context.Context) error
	// Back moves to the place that the site has left and that is kept up to date: nothing is copied.
	Back bool
	// stays is told of the steps of a run that never ends by itself.
	stays *WayBack
	// Abandon, if set, is asked before each step, and true ends the run there, as a kill would.
	Abandon func(Effect) bool
}

// Database is a run of a move of the site's database.
type Database struct {
	o        DatabaseOptions
	mover    string
	move     string       // the move's id
	claimed  bool         // this run has been the source's mover
	attempt  atomic.Int64 // until when an attempt to switch may last, as UnixNano
	comparer *store.Comparer
	copier   *store.Copier
	ahead    chan ahead // the batch after the one that is being written
	progress Progress
	began    time.Time
	copied   int64     // rows, since paced
	paced    time.Time // since when the rate is kept to
	failures int       // of the step that is under way, one after the other
	// unwritten is what the target did not take; nil if it took what came last. What is read again on the way to another
	// try does not end the trouble with it.
	unwritten *store.PlaceBatch
	asked     int64 // the epoch under which processes were asked to ask often
	// Held is how long the source took no writes in the attempt that decided the switch.
	Held     time.Duration
	heldFrom time.Time
}

type ahead struct {
	batch *store.PlaceBatch
	err   error
}

// A DifferError says that the places differ although everything was copied.
type DifferError struct{ err error }

func (e *DifferError) Error() string {
	return "the two databases differ although everything was copied: " + e.err.Error()
}

func (e *DifferError) Unwrap() error { return e.err }

// Errors of a move of the database, for errors.Is.
var (
	ErrTakenOver = errors.New("another process goes on with this move")
	ErrUnfit     = errors.New("the databases are not in a state from which a move can begin")
	// ErrAbandoned ends a run as DatabaseOptions.Abandon asked for.
	ErrAbandoned = errors.New("the run was abandoned")
)

// NewDatabase makes a run. Prepare comes before Run.
func NewDatabase(o DatabaseOptions) *Database {
	return &Database{o: o, mover: rand.Text(), comparer: store.NewComparer(o.Source, o.Target)}
}

// newMover makes the Mover of a run.
func (d *Database) newMover() *Mover {
	switch {
	case d.o.stays != nil:
		return NewReplayer(d.mover)
	case d.o.Back:
		return NewMoverBack(d.mover)
	}
	return NewMover(d.mover)
}

// Run moves the site. It returns nil once the target is in charge and open. It may be killed at any time: another run
// goes on.
func (d *Database) Run(ctx context.Context) error {
	if d.o.stays == nil {
		if m, err := d.o.Source.Mover(ctx); err == nil && m.ID != "" && m.ID != d.mover {
			return ErrTakenOver // this one was stopped for long after Prepare
		}
		stop := d.keepAlive(ctx)
		defer d.leaveRow(ctx)
		defer stop()
	}
	m := d.newMover()
	d.began = time.Now()
	var ev Event
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		e := m.Step(d.clock(), ev)
		if e.Op == OpDone {
			return d.end(e.Outcome)
		}
		if d.o.Abandon != nil && d.o.Abandon(e) {
			return ErrAbandoned
		}
		if claims := e.Op == OpSwapGate && e.Side == Source && e.To.Mover == d.mover && !d.claimed; claims && d.givenUp(ctx) {
			return ErrTakenOver
		}
		ev = d.do(ctx, e)
		if ev.Err != nil && (d.replaced(ctx, e) || !d.claimed && d.givenUp(ctx)) {
			return ErrTakenOver
		}
		if d.o.stays != nil {
			d.o.stays.note(e, ev)
		}
		d.note(ctx, e, ev)
	}
}

// clock is the time that the Mover is told. It never goes back.
func (d *Database) clock() time.Duration { return time.Since(d.began) }

// givenUp tells whether the source takes part in the move no more.
func (d *Database) givenUp(ctx context.Context) bool {
	if d.move == "" {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, opTime[OpReadGate])
	defer cancel()
	m, err := d.o.Source.Move(ctx)
	return err == nil && m.ID != d.move
}

// replaced tells whether the source has another mover, or none, after a step that failed. An abort takes away what the
// step needs: to try it again would never end. While the source is sealed there is no time to ask; the gate's swap tells.
func (d *Database) replaced(ctx context.Context, e Effect) bool {
	switch e.Op {
	case OpCopy, OpReadLog, OpReadRows, OpWriteRows, OpDeleteLog, OpCompare:
	default:
		return false
	}
	if !d.claimed || e.For > 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, opTime[OpReadGate])
	defer cancel()
	g, err := d.o.Source.Gate(ctx)
	return err == nil && g.Mover != d.mover
}

func (d *Database) end(o Outcome) error {
	switch o {
	case Finished:
		return nil
	case TakenOver:
		return ErrTakenOver
	case Differs:
		return &DifferError{d.progress.Trouble}
	}
	return fmt.Errorf("%w: see `tintype move status`", ErrUnfit)
}

// note records the progress. It waits where the copy fails again and again, so that a place that is away or full is not
// asked ten times a second, and where a row does not fit, until somebody has changed it.
func (d *Database) note(ctx context.Context, e Effect, ev Event) {
	p := &d.progress
	switch {
	case e.Op == OpPause:
		return
	case e.Op == OpCompare && ev.Err == nil && !ev.OK: // Trouble is the difference
	case ev.Err == nil:
		if d.unwritten == nil || e.Op == OpCompare || e.Op == OpWriteRows && past(e.Batch, d.unwritten) {
			p.Trouble, d.failures, d.unwritten = nil, 0, nil
		}
	default:
		p.Trouble = fmt.Errorf("%s: %w", e.Side, ev.Err)
		d.failures++
		if b, ok := e.Batch.(*store.PlaceBatch); ok && e.Op == OpWriteRows {
			d.unwritten = b
		}
	}
	d.phase(e, ev)
	if d.o.Progress != nil {
		d.o.Progress(*p)
	}
	n, unfit := d.failures, (*store.UnfitError)(nil)
	switch {
	case ev.Err == nil || e.For > 0: // or writes would be held meanwhile
	case errors.As(ev.Err, &unfit):
		_ = sleep.For(ctx, min(time.Duration(n)*250*time.Millisecond, 5*time.Second))
	case n > 3 && (e.Op == OpCopy || e.Op == OpWriteRows && p.Phase == "copying" || d.o.stays != nil):
		_ = sleep.For(ctx, min(time.Duration(n)*100*time.Millisecond, 5*time.Second))
	}
}

// past tells whether what was written ends the trouble with what could not be written. Other tables' rows may come
// between: those that people have added meanwhile.
func past(written any, failed *store.PlaceBatch) bool {
	b, ok := written.(*store.PlaceBatch)
	if !ok || b.Point != nil && b.Point.Done {
		return true
	}
	for _, part := range failed.Parts {
		if b.Point != nil && b.Point.Table > part.Table || slices.ContainsFunc(b.Parts, func(p store.PlacePart) bool { return p.Table == part.Table }) {
			return true
		}
	}
	return len(failed.Parts) == 0
}

// phase records what is being done.
func (d *Database) phase(e Effect, ev Event) {
	p := &d.progress
	switch {
	case e.Op == OpReadLog:
		p.Phase, p.Behind, p.Waits = "replaying", int64(len(ev.Log)), nil
	case e.Op == OpSwapGate && e.Side == Source && e.To.Watch && !e.From.Watch:
		p.Phase, d.asked = "waiting", e.To.Epoch
	case e.Op == OpProcesses && p.Phase == "waiting" && ev.Err == nil:
		p.Waits = nil
		for _, r := range ev.Processes {
			if r.Answer.Watch < d.asked {
				p.Waits = append(p.Waits, r.Name)
			}
		}
	case e.Op == OpSwapGate && e.Side == Source && e.From.Mode == Sealed && e.To.Mode == Open:
		p.GivenUp++
	case e.Op == OpCompare:
		p.Phase = "comparing"
	case e.Op == OpSwapGate && e.Side == Source && e.To.Hold != 0 && e.To.Mode == Open:
		p.Phase = "switching"
	case e.Op == OpSwapGate && e.Side == Source && e.To.Mode == Moved:
		p.Phase = "finishing"
	}
	d.noteHold(e, ev)
}

// opTime is how long a step may take that has no bound of its own.
var opTime = map[Op]time.Duration{
	OpReadGate: 2 * time.Second, OpProcesses: 2 * time.Second, OpCopy: time.Minute, OpReadLog: 10 * time.Second, OpReadRows: time.Minute,
	OpWriteRows: 2 * time.Minute, OpDeleteLog: 10 * time.Second, OpCompare: 24 * time.Hour, OpEndSleepers: 5 * time.Second,
}

func (d *Database) place(p Side) *store.Place {
	if p == Source {
		return d.o.Source
	}
	return d.o.Target
}

// do does what the Mover asks for.
func (d *Database) do(ctx context.Context, e Effect) Event {
	if e.Op == OpPause {
		_ = sleep.For(ctx, e.For)
		return Event{}
	}
	limit := opTime[e.Op]
	if e.Op == OpSwapGate && e.To.Hold != 0 {
		d.attempt.Store(time.Now().Add(AttemptTime).UnixNano())
	}
	switch {
	case e.Op == OpSwapGate && e.Side == Target && e.For > 0:
		limit = e.For // the source is sealed
	case e.Op == OpSwapGate:
		limit = max(e.For, time.Second) + time.Second
	case e.For > 0:
		limit = e.For
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	p := d.place(e.Side)
	switch e.Op {
	case OpReadGate:
		g, err := p.Gate(ctx)
		return Event{Err: err, Gate: fromGate(g)}
	case OpSwapGate:
		return d.swap(ctx, e)
	case OpProcesses:
		list, err := processes(ctx, p)
		return Event{Err: err, Processes: list}
	case OpCopy:
		return d.copy(ctx)
	case OpReadLog:
		log, err := p.ReadLog(ctx, e.Limit)
		d.comparer.Touched(log)
		return Event{Err: err, Log: fromLog(log)}
	case OpReadRows:
		batch, done, err := p.ReadRows(ctx, toLog(e.Log))
		return Event{Err: err, Batch: batch, Log: fromLog(done)}
	case OpWriteRows:
		batch := e.Batch.(*store.PlaceBatch)
		ok, err := p.WriteRows(ctx, e.Epoch, e.Mover, batch)
		d.written(ctx, batch, ok, err)
		return Event{Err: err, OK: ok}
	case OpDeleteLog:
		ok, err := p.DeleteLog(ctx, e.Mover, toLog(e.Log))
		if err == nil && !ok {
			err = ErrTakenOver
		}
		return Event{Err: err}
	case OpCompare:
		p = d.o.Target
		err := d.comparer.Compare(ctx)
		var differ *store.DifferenceError
		if errors.As(err, &differ) {
			if g, gateErr := p.Gate(ctx); gateErr == nil && g.Mover != d.mover {
				return Event{Err: ErrTakenOver} // an abort empties the target
			}
			d.progress.Trouble = err
			return Event{}
		}
		if err == nil && e.For == 0 && d.o.Check != nil { // writes are not held yet
			err = d.o.Check(ctx)
		}
		return Event{Err: err, OK: err == nil}
	case OpEndSleepers:
		return Event{Err: p.EndSleepers(ctx)}
	}
	return Event{Err: fmt.Errorf("move: no driver for operation %d", e.Op)}
}

func (d *Database) swap(ctx context.Context, e Effect) Event {
	if d.o.stays != nil && e.Side == Source {
		ok, err := d.o.Source.ClaimWayBack(ctx, toGate(e.From), toGate(e.To))
		d.claimed = d.claimed || ok
		return Event{Err: err, OK: ok}
	}
	ok, err := swap(ctx, d.o.Source, d.o.Target, e)
	d.claimed = d.claimed || ok && e.Side == Source && e.To.Mover == d.mover
	if ok && e.Side == Source && e.To.Mode == Moved {
		d.Held = time.Since(d.heldFrom)
	}
	return Event{Err: err, OK: ok}
}

// swap is OpSwapGate, for movers and followers.
func swap(ctx context.Context, source, target *store.Place, e Effect) (bool, error) {
	p := source
	if e.Side == Target {
		p = target
	}
	if e.From.Mode == Filling && e.To.Mode == Sealed {
		// The clock goes on from that of the place which was in charge: positions of members are compared with it.
		other := source
		if e.Side == Source {
			other = target
		}
		if err := p.FollowClock(ctx, other); err != nil {
			return false, err
		}
	}
	return p.SwapGate(ctx, toGate(e.From), toGate(e.To), e.For)
}

// copy returns the next batch, which was read while the one before it was written.
func (d *Database) copy(ctx context.Context) Event {
	if d.copier == nil {
		at, err := d.o.Target.Point(ctx)
		if err != nil {
			return Event{Err: err}
		}
		d.copier = d.o.Source.Copy(at)
		d.progress.Rows, d.progress.Bytes = at.Rows, at.Bytes
		d.copied, d.paced = 0, time.Now()
		d.readAhead(ctx)
	}
	next := <-d.ahead
	if next.err != nil {
		d.copier = nil
		return Event{Err: next.err}
	}
	if next.batch != nil {
		d.readAhead(ctx)
		return Event{Batch: next.batch}
	}
	// The target's triggers stand before it can be opened. While it is filled they would slow the copy down.
	if err := d.makeTriggers(ctx, d.o.Target); err != nil {
		d.copier = nil
		return Event{Err: err}
	}
	return Event{Done: true}
}

func (d *Database) readAhead(ctx context.Context) {
	c := d.copier
	ch := make(chan ahead, 1)
	d.ahead = ch
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), opTime[OpCopy])
	go func() {
		defer cancel()
		batch, err := c.Next(ctx)
		ch <- ahead{batch, err}
	}()
}

// written counts what was copied and keeps to the rate. What was not written is read again from the checkpoint.
func (d *Database) written(ctx context.Context, b *store.PlaceBatch, ok bool, err error) {
	if b.Point == nil {
		return
	}
	if !ok || err != nil {
		if d.copier != nil {
			<-d.ahead
		}
		d.copier = nil
		return
	}
	for _, part := range b.Parts {
		d.copied += int64(len(part.Rows))
	}
	d.progress.Rows, d.progress.Bytes = b.Point.Rows, b.Point.Bytes
	if d.o.Rate > 0 {
		due := time.Duration(float64(d.copied) / float64(d.o.Rate) * float64(time.Second))
		if early := due - time.Since(d.paced); early > 0 {
			_ = sleep.For(ctx, min(early, 10*time.Second))
		}
	}
}
