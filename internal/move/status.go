package move

import (
	"context"
	"fmt"
	"time"

	"tintype/internal/store"
)

// DatabaseStatus is how far a move of the database is, as the two places say.
type DatabaseStatus struct {
	InCharge, Other string
	UnderWay        bool // from the place in charge to the other
	Switching       bool // writes are held or refused at this moment
	Moved           bool // the other place is the one that the site has left
	Finished        bool // nothing is left of the move, but that the other place says where the site is
	Rows, Bytes     int64
	Total           int64            // about how many rows there are to copy; 0 while nobody knows
	Behind          int64            // writes that the other place does not have yet, as the log has them
	Copied          bool             // every row, once
	Mover           store.PlaceMover // of a move that is under way
	// WayBack is how far the place that the site has left is kept up to date; nil where it never was.
	WayBack *WayBackStatus
}

// ReadDatabaseStatus asks both places. It asks what is costly, how many rows there are, only of a move that is under way
// and whose total is not known.
func ReadDatabaseStatus(ctx context.Context, a, b *store.Place, total int64) (s DatabaseStatus, err error) {
	source, err := a.Gate(ctx)
	if err != nil {
		return s, err
	}
	if source.Mode == store.GateMoved || source.Mode == store.GateFilling {
		a, b = b, a
		if source, err = a.Gate(ctx); err != nil {
			return s, err
		}
	}
	target, err := b.Gate(ctx)
	if err != nil {
		return s, err
	}
	s.InCharge, s.Other = a.Name(), b.Name()
	s.Moved = target.Mode == store.GateMoved
	from, err := a.Move(ctx)
	if err != nil {
		return s, err
	}
	to, err := b.Move(ctx)
	if err != nil {
		return s, err
	}
	if s.WayBack, err = ReadWayBack(ctx, a, b); err != nil {
		return s, err
	}
	s.Moved = s.Moved || s.WayBack != nil && !s.WayBack.Going
	s.Finished = s.Moved && from.ID == ""
	s.UnderWay = target.Mode == store.GateFilling && from.Logs && from.ID != "" && from.ID == to.ID
	if !s.UnderWay {
		return s, nil
	}
	s.Switching = source.Mode != store.GateOpen || source.Hold != 0
	at, err := b.Point(ctx)
	if err != nil {
		return s, err
	}
	s.Rows, s.Bytes, s.Copied = at.Rows, at.Bytes, at.Done
	if s.Mover, err = a.Mover(ctx); err != nil {
		return s, err
	}
	if s.Behind, err = a.LogLength(ctx); err != nil {
		return s, err
	}
	if s.Total = total; s.Total == 0 {
		s.Total, err = a.AboutRows(ctx)
	}
	return s, err
}

// After says in sentences where the database is after a move, and what is to be done next, if the way back does not say it.
func (s DatabaseStatus) After() string {
	text := fmt.Sprintf("The database is in %s; it has moved from %s.", s.InCharge, s.Other)
	switch {
	case s.Finished:
		text += fmt.Sprintf(" The move is finished: leave DATABASE_NEXT out, and name %s in DATABASE_URL.", s.InCharge)
	case s.WayBack == nil || s.WayBack.Ended != 0:
		text += fmt.Sprintf(" Name %s in DATABASE_URL; once nobody wants to go back, `tintype move finish database` ends the move.", s.InCharge)
	}
	return text
}

// GoesBack tells whether the move that is under way goes to the place that the site has left, which was kept up: nothing is copied.
func (s DatabaseStatus) GoesBack() bool {
	return s.UnderWay && s.WayBack != nil && s.WayBack.Ended == 0
}

// WayBackStatus is how far the place that a site has left is kept up to date.
type WayBackStatus struct {
	store.WayBack
	To     string
	Behind int64         // writes that it does not have yet
	Late   time.Duration // for how long it has not had everything; negative before it has had once
	Going  bool          // a move back is under way
}

// ReadWayBack asks the place in charge how far the one that the site has left is kept up to date. It returns nil where it
// never was.
func ReadWayBack(ctx context.Context, now, left *store.Place) (*WayBackStatus, error) {
	m, err := now.Move(ctx)
	if err != nil || m.ID == "" {
		return nil, err
	}
	b, err := now.WayBack(ctx)
	if err != nil || b == nil {
		return nil, err
	}
	s := &WayBackStatus{WayBack: *b, To: left.Name(), Late: -1, Going: m.Logs}
	if b.Ended != 0 {
		return s, nil
	}
	if s.Behind, err = now.LogLength(ctx); err != nil {
		return nil, err
	}
	clock, err := now.Now(ctx)
	if err == nil && b.CompleteAt != 0 {
		s.Late = max(0, time.Duration(clock-b.CompleteAt)*time.Millisecond)
	}
	return s, err
}

// String says it in a sentence or two.
func (s *WayBackStatus) String() string {
	switch {
	case s.Ended != 0:
		return fmt.Sprintf("The way back without a copy has ended: %s. The site has what was written since; `tintype move back database` copies everything again.", s.Why)
	case s.Going:
		return fmt.Sprintf("It goes back to %s, which is %d writes behind: `tintype move back database` goes on with that, `tintype move abort database` gives it up.", s.To, s.Behind)
	}
	text := fmt.Sprintf("%s is kept up for the way back: it is %d writes behind", s.To, s.Behind)
	if s.Late >= 0 {
		text += fmt.Sprintf(", and had everything %s ago", s.Late.Round(time.Second))
	}
	if s.Until != 0 {
		text += fmt.Sprintf("; that lasts until %s", time.UnixMilli(int64(s.Until)).UTC().Format("2006-01-02 15:04 UTC"))
	}
	return text + ". `tintype move back database` goes there and copies nothing; `tintype move finish database` gives that up."
}
