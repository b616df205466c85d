package move

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"tintype/internal/store"
)

// The bounds of a move that nobody goes on with. Its log grows with each write of the site until then.
const (
	// AbandonedAfter is how long nobody has been at work by then.
	AbandonedAfter = time.Hour
	// AbandonedMost is how many entries the log has by then, about: some hundred megabytes.
	AbandonedMost = 5 * WayBackMost
)

// abandonedLook is how often a process looks whether the move is abandoned.
const abandonedLook = time.Minute

// giveUpAbandoned gives a move from now up once its log is longer than most, and nobody has been at work for so long. The
// site goes on as before. A move to the other place that it keeps up goes back to keeping it up, which has bounds of its
// own. Otherwise the other place keeps what was copied: it may be away, and only who names it may empty it.
func giveUpAbandoned(ctx context.Context, now *store.Place, most int64, silent time.Duration) (gone bool, err error) {
	held, cancel := context.WithTimeout(ctx, aliveSilent/2)
	defer cancel()
	span, err := now.LogSpan(held)
	if err != nil || span <= most {
		return false, err
	}
	mover, err := now.Mover(held)
	if err != nil || mover.Age < silent {
		return false, err
	}
	// Whoever goes on with the move waits for this row first, and finds the move given up.
	id := rand.Text()
	if ok, err := now.TakeMover(held, mover, id, moverName()); err != nil || !ok {
		return false, err
	}
	gone, err = reopenWithout(held, now)
	drop, cancelDrop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancelDrop()
	if dropErr := now.DropMover(drop, id); err == nil {
		err = dropErr
	}
	if gone && err == nil {
		err = now.ClearLog(ctx) // or the next look does
	}
	return gone, err
}

// reopenWithout opens the gate of now, and has it log nothing for a move any more. Where now kept the other place up before,
// it logs for that again.
func reopenWithout(ctx context.Context, now *store.Place) (ok bool, err error) {
	g, err := now.Gate(ctx)
	if err != nil || g.Mode == store.GateMoved {
		return false, err
	}
	if ok, err := openAgain(ctx, now, g); err != nil || !ok {
		return false, err
	}
	m, err := now.Move(ctx)
	if err != nil {
		return false, err
	}
	back, err := OnTheWayBack(ctx, now)
	if err != nil {
		return false, err
	}
	to := store.PlaceMove{}
	if back {
		to = m
		to.Logs, to.WayBack = false, true
	}
	return now.SetMove(ctx, m, to, store.GateOpen, store.GateOpen)
}

// AtWork tells whether somebody moves the database now.
func AtWork(m store.PlaceMover) bool { return m.ID != "" && m.Age < aliveSilent }

// DescribeMover says who moves the database, or that nobody does.
func DescribeMover(m store.PlaceMover) string {
	if !AtWork(m) {
		return "Nobody is at work: `tintype move database` goes on, `tintype move abort database` gives it up."
	}
	return fmt.Sprintf("%s has been moving it since %s, and was last heard from %d s ago.", m.Name, m.Since.UTC().Format("2006-01-02 15:04:05 UTC"), int64(m.Age/time.Second))
}
