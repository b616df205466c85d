package move

import "time"

// Progress is how far a move of the database is.
type Progress struct {
	Phase  string // what is being done: copying, replaying, comparing, waiting, switching, finishing
	Rows   int64  // copied, over all runs of the move
	Bytes  int64
	Behind int64 // entries of the log that are to be replayed, as far as they were read
	// Waits are the processes that have not yet said that they ask often, as they do before a switch. It waits for the
	// longest lease that they can have.
	Waits   []string
	GivenUp int // attempts to switch that were not over in time
	// Held is for how long the site's writes have been held by now, because this run has asked for that; 0: they are not.
	// Longest is the longest time that they were.
	Held, Longest time.Duration
	// Trouble is why the last try of the present step failed; nil if it did not.
	Trouble error
}

// noteHold records for how long writes have been held: from an attempt to switch until it is given up, or the target is
// open.
func (d *Database) noteHold(e Effect, ev Event) {
	if e.Op == OpSwapGate && e.To.Mode == Open {
		switch {
		case e.Side == Source && e.To.Hold != 0:
			d.heldFrom = time.Now()
		case ev.OK:
			d.heldFrom = time.Time{}
		}
	}
	p := &d.progress
	p.Held = 0
	if !d.heldFrom.IsZero() {
		p.Held = time.Since(d.heldFrom)
		p.Longest = max(p.Longest, p.Held)
	}
}
