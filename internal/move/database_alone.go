package move

import (
	"context"
	"fmt"

	"tintype/internal/store"
)

// FinishAlone ends a move whose other place is lost for good, as nothing else can: it opens a target whose switch nobody
// knows to be decided, or ends a way back. It refuses a target that lacks rows. Opened tells that it has opened the target:
// what was written last in the other place may not be there.
func FinishAlone(ctx context.Context, p *store.Place) (opened bool, err error) {
	m, err := p.Move(ctx)
	if err != nil {
		return false, err
	}
	g, err := p.Gate(ctx)
	if err != nil {
		return false, err
	}
	to := g
	to.Mode, to.Mover, to.Watch, to.Hold = store.GateOpen, "", false, 0
	switch {
	case g.Mode == store.GateFilling && m.ID != "":
		c, err := p.Point(ctx)
		if err != nil {
			return false, err
		}
		if !c.Done {
			return false, fmt.Errorf("%w: %s has %d rows of %s only, and is no site without the rest", ErrUnfit, p.Name(), c.Rows, m.Peer)
		}
		// The other place may have one more than this had, and the switch adds one.
		to.Generation += 2
	case g.Mode == store.GateSealed && m.ID != "" && !m.Logs: // it has its generation already
	case g.Mode == store.GateOpen && (m.WayBack || m.ID != "" && !m.Logs):
		if m.WayBack {
			if ok, err := p.EndWayBack(ctx, "the other database is lost"); err != nil || !ok {
				return false, cmpErr(err, ErrTakenOver)
			}
			m.WayBack = false
		}
		return false, forgetMove(ctx, p, m)
	default:
		return false, fmt.Errorf("%w: %s is %s, and has nothing to finish", ErrUnfit, p.Name(), g.Mode)
	}
	to.Epoch++
	if ok, err := p.SwapGate(ctx, g, to, 0); err != nil || !ok {
		return false, cmpErr(err, ErrTakenOver)
	}
	return true, forgetMove(ctx, p, m)
}

// AbortAlone gives up a move whose target is lost for good. What is left there stays.
func AbortAlone(ctx context.Context, source *store.Place) error {
	if begun, err := begun(ctx, source); err != nil || !begun {
		return cmpErr(err, fmt.Errorf("%w: no move from %s is under way", ErrUnfit, source.Name()))
	}
	if err := goOn(ctx, source, "its target"); err != nil {
		return err
	}
	m, err := source.Move(ctx)
	if err != nil {
		return err
	}
	return forgetMove(ctx, source, m)
}

// AbortRestored ends the move in a database that was restored from a copy made during a move, such as a server's snapshot. It
// refuses a database that was not in charge when the copy was made, and one that processes serve, which is no copy.
func AbortRestored(ctx context.Context, p *store.Place) error {
	g, err := p.Gate(ctx)
	if err != nil {
		return err
	}
	m, err := p.Move(ctx)
	if err != nil {
		return err
	}
	switch g.Mode {
	case store.GateMoved:
		return fmt.Errorf("%w: the site had left %s for %s when this copy was made: restore that, or a copy from before", ErrUnfit, p.Name(), m.Peer)
	case store.GateFilling:
		return fmt.Errorf("%w: %s was being filled from %s when this copy was made: restore that", ErrUnfit, p.Name(), m.Peer)
	}
	answers, err := p.Answers(ctx)
	if err != nil {
		return err
	}
	for _, a := range answers {
		if !a.Silent {
			return fmt.Errorf("%w: %s serves the site from %s: a restored copy has nobody for the first minutes, and of a move that is under way there is tintype move abort database", ErrUnfit, a.Host, p.Name())
		}
	}
	left, err := p.Remains(ctx)
	switch {
	case err != nil:
		return err
	case m.ID == "" && len(left) == 0:
		return fmt.Errorf("%w: %s takes part in no move", ErrUnfit, p.Name())
	case m.Logs || m.ID == "":
		return AbortAlone(ctx, p)
	}
	_, err = FinishAlone(ctx, p)
	return err
}

// forgetMove has a place that is in charge take part in no move.
func forgetMove(ctx context.Context, p *store.Place, m store.PlaceMove) error {
	if ok, err := p.SetMove(ctx, m, store.PlaceMove{}, store.GateOpen, store.GateOpen); err != nil || !ok {
		return cmpErr(err, ErrTakenOver)
	}
	return p.Strip(ctx)
}

// goOn has the source go on as if nobody moved it, unless the site has moved already.
func goOn(ctx context.Context, source *store.Place, to string) error {
	for {
		g, err := source.Gate(ctx)
		if err != nil {
			return err
		}
		if g.Mode == store.GateMoved {
			return fmt.Errorf("%w: the site has moved to %s: it can be moved back", ErrUnfit, to)
		}
		if ok, err := openAgain(ctx, source, g); err != nil || ok {
			return err
		}
	}
}
