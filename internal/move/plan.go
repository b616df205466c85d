package move

import (
	"context"
	"fmt"
	"time"

	"tintype/internal/store"
)

// Plan is a part that may move, with its mover.
type Plan struct {
	Mover     *PartMover
	Own, Next string // the places of the settings; Next is "" where none is set
	// What is the name of the things that are counted, such as "sessions".
	What string
	// Settings returns the lines that make a place the one that the settings name.
	Settings func(place string) []string
	// Occupied tells how much a place holds that a move may not take for its own.
	Occupied func(ctx context.Context, place string) (int64, error)
	// Check, if set, says why a move may not begin.
	Check func(ctx context.Context, source, target string) error
	// Strict tells that Occupied also looks at what the last move has left behind.
	Strict bool
	// Size tells, if it is set, how much a place holds.
	Size func(ctx context.Context, place string) (MediaSize, error)
	// Pace, if it is set, measures for a moment how long a thing of that many bytes takes, with all workers at work.
	Pace func(ctx context.Context, source, target string, bytes int64) (time.Duration, error)
	// Promise is what people are spared, in a sentence.
	Promise string
	// Log writes a row into the log of administration.
	Log func(context.Context, store.AdminEntry) error
	// Cost is what the way back costs, in a sentence.
	Cost string
}

// Route is from where to where a move of the part would go now: from the place in charge to the other one.
func (p *Plan) Route(ctx context.Context) (source, target string, row *Row, err error) {
	row, err = p.Mover.Row(ctx)
	if err != nil {
		return "", "", nil, err
	}
	if p.Next == "" {
		return "", "", row, fmt.Errorf("%s is not set: name the other place there, on all processes of the site", p.Mover.Setting)
	}
	if row != nil && Phase(row.Phase).UnderWay() && !Phase(row.Phase).hasMoved() {
		return row.Source, row.Target, row, nil
	}
	choice, err := Choose(row, p.Own, p.Mover.Setting, p.Next)
	if err != nil {
		return "", "", row, err
	}
	source, target = p.Own, p.Next
	if choice.InCharge == p.Next {
		source, target = p.Next, p.Own
	}
	return source, target, row, nil
}

// Through tells whether a command to move asks for the move that a row tells of, which has come to its target, and not for one
// in the other direction. That would be the way back, which is asked for by name, whichever place the settings name by now;
// only once a move is finished, or was itself the way back, the settings say where the next one leads.
func (p *Plan) Through(r Row) bool {
	return HasMoved(r) && (r.Target == p.Next || Phase(r.Phase).UnderWay() && !ParsePartProgress(r).Back)
}

// Ready tells whether the target may be emptied and filled: it is empty, this site's last move has left behind what is
// there, or empty names it.
func (p *Plan) Ready(ctx context.Context, source, target, empty string) error {
	if err := p.Mover.Examine(ctx, source, target); err != nil {
		return err
	}
	if p.Check != nil {
		if err := p.Check(ctx, source, target); err != nil {
			return err
		}
	}
	row, err := p.Mover.Row(ctx)
	if err != nil {
		return err
	}
	if !p.Strict && Leftover(row, target) || empty == target {
		return nil
	}
	n, err := p.Occupied(ctx, target)
	if err != nil {
		return fmt.Errorf("%s cannot be read: %w", target, err)
	}
	if n > 0 {
		return fmt.Errorf("%s holds %d %s, which no move of this site has left there; if nobody needs them, add --empty=%s", target, n, p.What, target)
	}
	return nil
}

// settles is about how long a move waits in all for every process to know of its steps.
const settles = 20 * time.Second

// Takes is about how long a move takes, from what is measured in a moment or set as a rate. It is 0 where neither says.
// Things are what is counted; they come in so many pieces of so many bytes.
func (p *Plan) Takes(ctx context.Context, source, target string, things, pieces, bytes int64) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	known, work := false, time.Duration(0)
	if p.Pace != nil && pieces > 0 {
		if each, err := p.Pace(ctx, source, target, bytes/pieces); err == nil { // else the checks tell what is wrong
			known, work = true, time.Duration(pieces)*each
		}
	}
	if rate := p.Mover.Rate; rate > 0 {
		known, work = true, max(work, time.Duration(things)*time.Second/time.Duration(rate))
	}
	if !known && pieces > 0 {
		return 0
	}
	return work + settles
}

// Leftover tells whether what is in a place was left there by the last move.
func Leftover(row *Row, place string) bool {
	if row == nil || row.Step <= firstStep { // which has only been claimed
		return false
	}
	switch Phase(row.Phase) {
	case PhaseMoved, PhaseLeaving, PhaseFinished:
		return row.Source == place
	case PhaseAborted:
		return row.Target == place
	}
	return false
}
