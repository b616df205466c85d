package move

import (
	"context"
	"time"
)

// GiveUp has it look often for a move that nobody goes on with, and give it up at these bounds.
func (w *WayBack) GiveUp(most int64, after time.Duration) {
	w.abandonedMost, w.abandonedAfter, w.abandonedLook = most, after, 0
}

// Turn looks once whether there is something to do.
func (w *WayBack) Turn(ctx context.Context) error { return w.turn(ctx) }

// Clock is what the run tells its Mover for the time.
func (d *Database) Clock() time.Duration { return d.clock() }

// MostPause has the process ask its gate at least so often while no switch is near. A mover waits for that.
func (f *ProcessFollower) MostPause(d time.Duration) { f.mostPause = d }
