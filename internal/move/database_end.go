package move

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tintype/internal/store"
)

// Finish ends a move whose switch is over, and the way back if there is one: the triggers and logs go. The source keeps
// saying where the site has moved.
func Finish(ctx context.Context, source, target *store.Place) error {
	m, err := target.Move(ctx)
	if err != nil {
		return err
	}
	if m.Logs {
		return fmt.Errorf("%w: a move from %s to %s is under way: let it end first, or abort it", ErrUnfit, target.Name(), m.Peer)
	}
	if m.WayBack {
		if err := EndWayBack(ctx, target, source, "the move was finished"); err != nil {
			return err
		}
	} else if err := leave(ctx, target, source); err != nil { // a finish before this one came no further
		return err
	}
	a, err := source.Gate(ctx)
	if err != nil {
		return err
	}
	b, err := target.Gate(ctx)
	if err != nil {
		return err
	}
	if a.Mode != store.GateMoved || b.Mode != store.GateOpen {
		return fmt.Errorf("%w: %s is %s, and %s is %s: the move is not over", ErrUnfit, source.Name(), a.Mode, target.Name(), b.Mode)
	}
	// A move back may have begun since the first look, or begin now.
	if m, err = target.Move(ctx); err != nil {
		return err
	}
	if m.Logs || m.WayBack {
		return ErrTakenOver
	}
	if ok, err := target.SetMove(ctx, m, store.PlaceMove{}, store.GateOpen, store.GateOpen); err != nil || !ok {
		return cmpErr(err, ErrTakenOver)
	}
	if b, err = target.Gate(ctx); err != nil {
		return err
	}
	to := b
	to.Mover = ""
	if ok, err := target.SwapGate(ctx, b, to, time.Second); err != nil || !ok {
		return cmpErr(err, ErrTakenOver)
	}
	return errors.Join(target.Strip(ctx), source.Strip(ctx))
}

// taken returns a NotEmptyError where a target holds what no move into it has begun with.
func taken(ctx context.Context, target *store.Place) error {
	m, err := target.Move(ctx)
	if err != nil {
		return err
	}
	g, err := target.Gate(ctx)
	if err != nil {
		return err
	}
	switch {
	case g.Mode == store.GateMoved:
		return &NotEmptyError{target.Name(), "it has an older copy of a site that has moved to " + m.Peer}
	case m.ID != "" && g.Mode == store.GateFilling:
		return &NotEmptyError{target.Name(), "it takes part in another move, from " + m.Peer}
	case m.ID != "" || g.Mode != store.GateOpen && g.Mode != store.GateFilling:
		return fmt.Errorf("%w: %s is %s, and takes part in a move with %s", ErrUnfit, target.Name(), g.Mode, m.Peer)
	}
	table, err := target.Occupied(ctx)
	if err == nil && table != "" {
		err = &NotEmptyError{target.Name(), "its table " + table + " has rows"}
	}
	return err
}

// clearable says why Clear may not empty the target: a site is served from it.
func clearable(ctx context.Context, source, target *store.Place) error {
	err := taken(ctx, target)
	if occupied := (*NotEmptyError)(nil); err != nil && !errors.As(err, &occupied) {
		return err
	}
	g, err := target.Gate(ctx)
	if err != nil || g.Mode != store.GateOpen {
		return err // the site has left it, or nobody has ever served it
	}
	own, err := source.Answers(ctx)
	if err != nil {
		return err
	}
	others, err := target.Answers(ctx)
	if err != nil {
		return err
	}
	for _, p := range others {
		if !p.Silent && !slices.ContainsFunc(own, func(o store.PlaceAnswer) bool { return o.ID == p.ID }) {
			return fmt.Errorf("%w: %s serves a site from %s, which is not emptied: end it first", ErrUnfit, p.Host, target.Name())
		}
	}
	return nil
}

// Clear empties a target that holds what is not of this move, as somebody has asked for by its name. It refuses one from
// which a site is served.
func Clear(ctx context.Context, source, target *store.Place) error {
	if err := taken(ctx, target); err == nil { // it is empty, but for what says which site it had
		return target.ForgetSite(ctx)
	}
	if err := clearable(ctx, source, target); err != nil {
		return err
	}
	if err := target.MakeGate(ctx); err != nil {
		return err
	}
	g, err := target.Gate(ctx)
	if err != nil {
		return err
	}
	if g.Mode == store.GateOpen {
		to := g
		to.Mode = store.GateFilling // nobody begins to serve it meanwhile
		if ok, err := target.SwapGate(ctx, g, to, time.Second); err != nil || !ok {
			return cmpErr(err, ErrTakenOver)
		}
	}
	if err := Discard(ctx, target); err != nil {
		return err
	}
	return target.ForgetSite(ctx) // now that no trigger is left that would refuse it
}

// Discard empties a place that a site has left, so that it can be a target again. It never says that it is in charge
// meanwhile.
func Discard(ctx context.Context, p *store.Place) error {
	g, err := p.Gate(ctx)
	if err != nil {
		return err
	}
	if g.Mode == store.GateMoved {
		to := g
		to.Mode, to.Generation = store.GateFilling, max(g.Generation, 1) // emptied, it is none that was never in charge
		if ok, err := p.SwapGate(ctx, g, to, time.Second); err != nil || !ok {
			return cmpErr(err, ErrTakenOver)
		}
	}
	return p.Empty(ctx)
}

// Abort gives up a move whose switch is not decided. The source goes on as before, and the target is emptied. On the way
// back the target stays as it is, and the source goes on to keep it up.
func Abort(ctx context.Context, source, target *store.Place) error {
	back, err := OnTheWayBack(ctx, source)
	if err != nil {
		return err
	}
	if begun, err := begun(ctx, source); err != nil || !begun {
		return cmpErr(err, fmt.Errorf("%w: no move is under way from %s to %s", ErrUnfit, source.Name(), target.Name()))
	}
	if err := goOn(ctx, source, target.Name()); err != nil {
		return err
	}
	am, err := source.Move(ctx)
	if err != nil {
		return err
	}
	if back {
		to := am
		to.Logs, to.WayBack = false, true
		_, err := source.SetMove(ctx, am, to, store.GateOpen, store.GateOpen)
		return err
	}
	bm, err := target.Move(ctx)
	if err != nil {
		return err
	}
	switch {
	case am.ID != "" && bm.ID == am.ID:
		err = target.Empty(ctx)
	case bm.ID == "": // the mover was stopped before the target took part
		err = target.Strip(ctx)
	}
	if err != nil {
		return err
	}
	if _, err := source.SetMove(ctx, am, store.PlaceMove{}, store.GateOpen, store.GateOpen); err != nil {
		return err
	}
	return source.Strip(ctx)
}

// openAgain has the source go on as if nobody moved it, if its gate is still g. A mover that is at work loses its epoch.
func openAgain(ctx context.Context, source *store.Place, g store.Gate) (bool, error) {
	to := g
	to.Mode, to.Epoch, to.Mover, to.Watch, to.Hold = store.GateOpen, g.Epoch+1, "", false, 0
	return source.SwapGate(ctx, g, to, time.Second)
}

// begun tells whether a move from the place has begun and is not over, or has left something there.
func begun(ctx context.Context, source *store.Place) (bool, error) {
	m, err := source.Move(ctx)
	if err != nil || m.ID != "" {
		return m.Logs, err
	}
	g, err := source.Gate(ctx)
	if err != nil {
		return false, err
	}
	left, err := source.Remains(ctx)
	// What has moved before keeps its gate.
	return len(left) > 1 || len(left) == 1 && g.Generation == 0, err
}

// OnTheWayBack tells whether a move is under way from the place to the one that it has kept up.
func OnTheWayBack(ctx context.Context, p *store.Place) (bool, error) {
	m, err := p.Move(ctx)
	if err != nil || !m.Logs {
		return false, err
	}
	b, err := p.WayBack(ctx)
	return b != nil && b.Ended == 0, err
}

func cmpErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
