package move

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"tintype/internal/store"
)

// A NotEmptyError says that the target holds what is not of this move.
type NotEmptyError struct{ Place, What string }

func (e *NotEmptyError) Error() string {
	return e.Place + " is not empty: " + e.What + "; if nobody needs that, add --empty=" + e.Place
}

// Prepare makes gates, logs and the source's triggers, or finds those of an earlier run. From here on the source logs
// what is written. The target must be empty, or this very move's. It returns an AtWorkError where another process moves
// the database. A move that is refused leaves nothing.
func (d *Database) Prepare(ctx context.Context) error {
	stop, err := d.alone(ctx)
	if err != nil {
		return err
	}
	defer stop()
	if d.o.Back {
		err = d.prepareBack(ctx)
	} else {
		err = d.prepare(ctx)
	}
	if err != nil {
		d.leaveRow(ctx)
		d.leavePlaces(ctx)
	}
	return err
}

func (d *Database) prepare(ctx context.Context) error {
	a, b := d.o.Source, d.o.Target
	if err := a.SameSchema(b); err != nil {
		return err
	}
	for _, p := range []*store.Place{a, b} {
		if err := p.MakeGate(ctx); err != nil {
			return err
		}
	}
	am, err := a.Move(ctx)
	if err != nil {
		return err
	}
	bm, err := b.Move(ctx)
	if err != nil {
		return err
	}
	ag, err := a.Gate(ctx)
	if err != nil {
		return err
	}
	bg, err := b.Gate(ctx)
	if err != nil {
		return err
	}
	begun := false // by this run
	switch {
	case am.ID != "" && am.ID == bm.ID: // a run before has begun it
		if ag.Mode == store.GateMoved || bg.Mode != store.GateFilling || bm.WayBack || d.o.WayBack == 0 {
			break
		}
		to := bm
		to.WayBack = true
		if err := d.keepUp(ctx, bm, to, store.GateFilling); err != nil {
			return err
		}
	case ag.Mode == store.GateMoved:
		return fmt.Errorf("%w: the site has moved from %s to %s already", ErrUnfit, a.Name(), am.Peer)
	case ag.Mode != store.GateOpen:
		return fmt.Errorf("%w: %s is %s", ErrUnfit, a.Name(), ag.Mode)
	default:
		if err := taken(ctx, b); err != nil {
			return err
		}
		begun = true
		to := store.PlaceMove{ID: am.ID, Peer: b.Name(), Logs: true}
		if to.ID == "" {
			to.ID = rand.Text()
		}
		if ok, err := a.SetMove(ctx, am, to, store.GateOpen, store.GateOpen); err != nil || !ok {
			return cmpErr(err, ErrTakenOver)
		}
		to.Peer, to.Logs, to.WayBack = a.Name(), false, d.o.WayBack > 0
		if err := d.keepUp(ctx, bm, to, bg.Mode); err != nil {
			return err
		}
	}
	if ag.Mode == store.GateMoved {
		return nil
	}
	if am, err = a.Move(ctx); err != nil {
		return err
	}
	d.move = am.ID
	// One that began since the check was made sees this move, or is seen here.
	if parts, err := a.PartsUnderWay(ctx); err != nil {
		return err
	} else if len(parts) > 0 {
		err := fmt.Errorf("%w: the %s of the site have begun to move: let that end first", ErrUnfit, people(parts[0]))
		if begun { // what a run before has copied stays
			err = errors.Join(err, Abort(ctx, a, b))
		}
		return err
	}
	if err := d.makeTriggers(ctx, a); err != nil {
		return err
	}
	d.progress.Phase = "copying"
	return nil
}

// makeTriggers makes the triggers of a place, unless the move is given up meanwhile.
func (d *Database) makeTriggers(ctx context.Context, p *store.Place) error {
	ok, err := p.MakeTriggersOf(ctx, d.move)
	if err == nil && !ok {
		err = ErrTakenOver
	}
	return err
}

// keepUp writes into the target's gate which move it takes part in, and that it logs for a way back, if it is to: it
// does from the moment at which it is opened.
func (d *Database) keepUp(ctx context.Context, from, to store.PlaceMove, mode string) error {
	b := d.o.Target
	if to.WayBack {
		if err := b.MakeWayBack(ctx, d.o.WayBack, cmp.Or(d.o.WayBackMost, WayBackMost)); err != nil {
			return err
		}
	}
	ok, err := b.SetMove(ctx, from, to, mode, store.GateFilling)
	if err != nil || !ok {
		return cmpErr(err, ErrTakenOver)
	}
	return nil
}

// prepareBack makes the log of the way back that of a move. No replayer claims the source from here on.
func (d *Database) prepareBack(ctx context.Context) error {
	a, b := d.o.Source, d.o.Target
	if err := a.SameSchema(b); err != nil {
		return err
	}
	if g, err := a.Gate(ctx); err != nil || g.Mode == store.GateMoved { // the switch is decided
		return err
	}
	am, err := a.Move(ctx)
	if err != nil {
		return err
	}
	bm, err := b.Move(ctx)
	if err != nil {
		return err
	}
	if am.ID == "" || am.ID != bm.ID || !am.WayBack && !am.Logs {
		return fmt.Errorf("%w: %s does not keep %s up", ErrUnfit, a.Name(), b.Name())
	}
	if !am.Logs {
		to := am
		to.WayBack, to.Logs = false, true
		if ok, err := a.SetMove(ctx, am, to, store.GateOpen, store.GateOpen); err != nil || !ok {
			return cmpErr(err, ErrTakenOver)
		}
	}
	if d.o.WayBack > 0 && !bm.WayBack {
		bg, err := b.Gate(ctx)
		if err != nil {
			return err
		}
		to := bm
		to.WayBack = true
		if err := b.MakeWayBack(ctx, d.o.WayBack, cmp.Or(d.o.WayBackMost, WayBackMost)); err != nil {
			return err
		}
		if ok, err := b.SetMove(ctx, bm, to, bg.Mode, bg.Mode); err != nil || !ok {
			return cmpErr(err, ErrTakenOver)
		}
	}
	d.progress.Phase, d.move = "replaying", am.ID
	return errors.Join(d.makeTriggers(ctx, a), d.makeTriggers(ctx, b))
}

// leavePlaces removes what a move that was refused has made, from places that take part in none.
func (d *Database) leavePlaces(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for _, p := range []*store.Place{d.o.Source, d.o.Target} {
		if m, err := p.Move(ctx); err == nil && m.ID == "" {
			_ = p.Strip(ctx) // an abort does it later
		}
	}
}
