package move

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"tintype/internal/sleep"
	"tintype/internal/store"
)

// The bounds of a way back, where nobody names others.
const (
	// WayBackLasts is how long the place that a site has left is kept up.
	WayBackLasts = 24 * time.Hour
	// WayBackMost is how many writes that place may be behind. An entry of the log takes about a hundred bytes.
	WayBackMost = 1_000_000
)

const (
	wayBackLook  = 2 * time.Second  // how often a process looks whether there is something to keep up
	wayBackLease = 10 * time.Second // of the process that does
)

// WayBack keeps the place that the site has left up to date, in a process that has both. Of all processes one does, under a lease.
type WayBack struct {
	places [2]*store.Place
	state  func() FollowState
	holder string
	log    *slog.Logger

	abandonedMost                 int64
	abandonedAfter, abandonedLook time.Duration
	looked                        time.Time // whether the move is abandoned

	mu       sync.Mutex
	replayed int64     // entries since the lease was last prolonged
	before   time.Time // the step that is under way
	read     time.Time // the log was read to its end, and is being replayed; the zero time where it was not
	complete time.Time // until when everything is replayed; the zero time where that is not known
	unfit    string    // the row that does not fit into the other place, as it was last said
}

// NewWayBack makes one. State is that of the process's follower.
func NewWayBack(source, target *store.Place, state func() FollowState, log *slog.Logger) *WayBack {
	return &WayBack{places: [2]*store.Place{source, target}, state: state, holder: rand.Text(), log: log,
		abandonedMost: AbandonedMost, abandonedAfter: AbandonedAfter, abandonedLook: abandonedLook}
}

// Run keeps the other place up, whenever it is this process's turn, until ctx ends.
func (w *WayBack) Run(ctx context.Context) {
	said := ""
	for {
		if sleep.For(ctx, wayBackLook) != nil {
			return
		}
		err := w.turn(ctx)
		switch {
		case err == nil:
			said = ""
		case ctx.Err() == nil && err.Error() != said:
			said = err.Error()
			w.log.WarnContext(ctx, "the place that the site has left is not kept up; it is tried again", "error", err)
		}
	}
}

// turn looks whether there is something to do, and does it for as long as it is this process's turn.
func (w *WayBack) turn(ctx context.Context) error {
	at := w.state()
	if at.Gate.Mode != Open {
		return nil
	}
	now, left := w.places[at.Side], w.places[at.Side.Other()]
	look, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	m, err := now.Move(look)
	if err == nil && !m.WayBack && time.Since(w.looked) >= w.abandonedLook {
		w.looked = time.Now()
		return w.endIfAbandoned(ctx, now, m)
	}
	if err != nil || !m.WayBack {
		return err
	}
	// A file of the same name on another machine is not the place that the site has left.
	if other, err := left.Move(look); err == nil && other.ID != m.ID {
		return fmt.Errorf("%s is not the database that the site has left: it took no part in the move to %s", left.Name(), now.Name())
	}
	if ok, err := now.HoldWayBack(look, w.holder, wayBackLease, 0, -1); err != nil || !ok {
		return err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = now.DropWayBackLease(end, w.holder) // else it runs out
	}()
	if over, err := w.endIfOver(ctx, now, left); err != nil || over {
		return err
	}
	for _, p := range w.places { // it may have been away when this process began
		if len(p.Tables()) > 0 {
			continue
		}
		if err := p.ReadSchema(look); err != nil {
			return err
		}
	}
	return w.keep(ctx, now, left)
}

// keep replays what now logs into left, as long as it has the lease and the way back lasts.
func (w *WayBack) keep(ctx context.Context, now, left *store.Place) error {
	replaying, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w.mu.Lock()
	w.replayed, w.before, w.read, w.complete = 0, time.Time{}, time.Time{}, time.Time{}
	w.mu.Unlock()
	ended := make(chan error, 1)
	go func() { ended <- w.replay(replaying, now, left) }()
	for {
		select {
		case err := <-ended:
			return err
		case <-time.After(wayBackLease / 5):
		}
		err := w.prolong(ctx, now, left)
		if err == nil {
			continue
		}
		cancel(err)
		<-ended
		if errors.Is(err, errTurnOver) {
			err = nil
		}
		return err
	}
}

// errTurnOver says that another process keeps the place up, that somebody moves back, or that the way back has ended.
var errTurnOver = errors.New("it is not this process's turn any more")

// prolong prolongs the lease. It returns errTurnOver where there is nothing to do any more.
func (w *WayBack) prolong(ctx context.Context, now, left *store.Place) error {
	ctx, cancel := context.WithTimeout(ctx, wayBackLease/2)
	defer cancel()
	w.mu.Lock()
	replayed, age := w.replayed, time.Duration(-1)
	if !w.complete.IsZero() {
		age = time.Since(w.complete)
	}
	w.replayed = 0
	w.mu.Unlock()
	ok, err := now.HoldWayBack(ctx, w.holder, wayBackLease, replayed, age)
	if err != nil {
		return err
	}
	if !ok {
		return errTurnOver
	}
	m, err := now.Move(ctx)
	if err != nil {
		return err
	}
	if !m.WayBack { // somebody moves back
		return errTurnOver
	}
	over, err := w.endIfOver(ctx, now, left)
	if over && err == nil {
		err = errTurnOver
	}
	return err
}

// endIfAbandoned gives up a move that nobody goes on with. Any process that comes by deletes what its log still has.
func (w *WayBack) endIfAbandoned(ctx context.Context, now *store.Place, m store.PlaceMove) error {
	if !m.Logs {
		ctx, cancel := context.WithTimeout(ctx, abandonedLook)
		defer cancel()
		if span, err := now.LogSpan(ctx); err != nil || span == 0 {
			return err
		}
		return now.ClearLog(ctx)
	}
	gone, err := giveUpAbandoned(ctx, now, w.abandonedMost, w.abandonedAfter)
	if gone {
		w.log.WarnContext(ctx, "the move of the database was given up: nobody went on with it, and its log was full. The site stays where it is; `tintype move database --empty="+m.Peer+"` begins anew",
			"from", now.Name(), "to", m.Peer, "entries", w.abandonedMost, "silent_for", w.abandonedAfter)
	}
	return err
}

// endIfOver ends the way back once a bound is reached.
func (w *WayBack) endIfOver(ctx context.Context, now, left *store.Place) (over bool, err error) {
	why, err := wayBackOver(ctx, now)
	if err != nil || why == "" {
		return false, err
	}
	w.log.WarnContext(ctx, "the way back to the place that the site has left ends: `tintype move back database` copies everything again", "place", left.Name(), "reason", why)
	return true, EndWayBack(context.WithoutCancel(ctx), now, left, why)
}

// wayBackOver says which bound is reached, "" for none.
func wayBackOver(ctx context.Context, now *store.Place) (string, error) {
	b, err := now.WayBack(ctx)
	if err != nil || b == nil {
		return "", err
	}
	clock, err := now.Now(ctx)
	if err != nil {
		return "", err
	}
	if b.Until != 0 && clock > b.Until {
		return fmt.Sprintf("it was for %s", b.Lasts), nil
	}
	span, err := now.LogSpan(ctx)
	if err == nil && span > b.Most {
		return fmt.Sprintf("more than %d writes were behind", b.Most), nil
	}
	return "", err
}

// EndWayBack ends the way back from now to left. The site goes on; left says that it has moved. It does nothing where a
// move on the way back is under way.
func EndWayBack(ctx context.Context, now, left *store.Place, why string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if ok, err := now.EndWayBack(ctx, why); err != nil || !ok {
		return err
	}
	return errors.Join(leave(ctx, now, left), now.ClearLog(ctx))
}

// leave has a place that is not kept up any more say again that the site has moved.
func leave(ctx context.Context, now, left *store.Place) error {
	ours, err := keptUp(ctx, now, left)
	if err != nil || !ours {
		return err
	}
	g, err := left.Gate(ctx)
	if err != nil || g.Mode != store.GateFilling {
		return err
	}
	to := g
	to.Mode, to.Mover = store.GateMoved, ""
	_, err = left.SwapGate(ctx, g, to, time.Second)
	return err
}

// keptUp tells whether left is the place from which the site has moved to now.
func keptUp(ctx context.Context, now, left *store.Place) (bool, error) {
	a, err := now.Move(ctx)
	if err != nil {
		return false, err
	}
	b, err := left.Move(ctx)
	if err != nil {
		return false, err
	}
	ag, err := now.Gate(ctx)
	if err != nil {
		return false, err
	}
	bg, err := left.Gate(ctx)
	return a.ID != "" && a.ID == b.ID && ag.Mode == store.GateOpen && bg.Generation < ag.Generation, err
}

// replay runs a replayer until it ends, which is no error where another one took over.
func (w *WayBack) replay(ctx context.Context, now, left *store.Place) error {
	d := NewDatabase(DatabaseOptions{Source: now, Target: left, stays: w})
	err := d.Run(ctx)
	switch {
	case ctx.Err() != nil, errors.Is(err, ErrTakenOver), errors.Is(err, ErrUnfit):
		return nil
	}
	return err
}

// note is told of each step of the replayer.
func (w *WayBack) note(e Effect, ev Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var unfit *store.UnfitError
	if errors.As(ev.Err, &unfit) && unfit.Error() != w.unfit {
		w.unfit = unfit.Error()
		w.log.Warn("the place that the site has left is not kept up: it waits until the row is changed", "error", unfit)
	}
	switch {
	case ev.Err != nil:
		w.read = time.Time{}
	case e.Op == OpReadLog && len(ev.Log) == 0:
		w.complete = w.before
	case e.Op == OpReadLog && len(ev.Log) < e.Limit:
		w.read = w.before
	case e.Op == OpReadLog, e.Op == OpReadRows && len(ev.Log) < len(e.Log):
		w.read = time.Time{}
	case e.Op == OpDeleteLog:
		w.replayed += int64(len(e.Log))
		if !w.read.IsZero() {
			w.complete = w.read
		}
	}
	w.before = time.Now()
}
