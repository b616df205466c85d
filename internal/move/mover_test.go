package move

import (
	"errors"
	"testing"
	"time"
)

// script answers a Mover as two places would in which nothing goes wrong, but for what change makes of an answer. It
// ends when change says so, or the mover.
func script(t *testing.T, change func(Effect, Event) (Event, bool)) (done []Effect) {
	t.Helper()
	gates := [2]Gate{{Mode: Open, Generation: 4}, {Mode: Filling, Generation: 4}}
	m := NewMover("mover")
	var now time.Duration
	var ev Event
	for range 5000 {
		e := m.Step(now, ev)
		done = append(done, e)
		if e.Op == OpDone {
			return done
		}
		ev = Event{OK: true}
		switch e.Op {
		case OpPause:
			now += e.For
		case OpReadGate:
			ev.Gate = gates[e.Side]
		case OpSwapGate:
			if ev.OK = gates[e.Side] == e.From; ev.OK {
				gates[e.Side] = e.To
			}
		case OpCopy:
			ev.Done = true
		}
		now += time.Millisecond
		var end bool
		if ev, end = change(e, ev); end {
			return done
		}
	}
	t.Fatal("it does not end")
	return nil
}

// TestMoverSeesDifferenceBeforeItHolds has the places differ from the start: nobody's writes are held for that.
func TestMoverSeesDifferenceBeforeItHolds(t *testing.T) {
	done := script(t, func(e Effect, ev Event) (Event, bool) {
		if e.Op == OpCompare {
			ev.OK = false
		}
		return ev, false
	})
	if last := done[len(done)-1]; last.Outcome != Differs {
		t.Errorf("it ends with %v", last.Outcome)
	}
	for _, e := range done {
		if e.Op == OpSwapGate && (e.To.Hold != 0 || e.To.Mode == Sealed) {
			t.Errorf("it holds or seals: %+v", e)
		}
	}
}

// TestMoverBoundsWhatItDoesUnderSeal has a place hang while the source is sealed: each question says how long it may
// take, so that the attempt is given up in time.
func TestMoverBoundsWhatItDoesUnderSeal(t *testing.T) {
	sealed := false
	script(t, func(e Effect, ev Event) (Event, bool) {
		if e.Op == OpSwapGate && e.Side == Source {
			sealed = e.To.Mode == Sealed
		}
		switch {
		case !sealed:
			return ev, e.Op == OpSwapGate && e.To.Mode == Open && e.From.Mode == Sealed
		case e.Op == OpReadLog, e.Op == OpCompare:
			if e.For <= 0 || e.For > AttemptTime {
				t.Errorf("operation %d may take %v while nobody can write", e.Op, e.For)
			}
			return Event{Err: errors.New("no answer")}, false
		}
		return ev, false
	})
	if sealed {
		t.Error("it does not give up")
	}
}

// TestMoverRestsBetweenAttempts has every attempt fail, as with a target that is too slow: people's writes are held for a
// small part of the time only.
func TestMoverRestsBetweenAttempts(t *testing.T) {
	var now, held, began time.Duration
	sealed, attempts := false, 0
	script(t, func(e Effect, ev Event) (Event, bool) {
		now += time.Millisecond
		if e.Op == OpPause {
			now += e.For
		}
		if e.Op != OpSwapGate {
			return ev, false
		}
		if e.Side == Source {
			switch {
			case e.To.Hold != 0 && e.From.Hold == 0:
				attempts++
				began = now
			case e.To.Hold == 0 && e.From.Hold != 0:
				held += now - began
			}
			sealed = e.To.Mode == Sealed
		} else if sealed {
			now += AttemptTime
			return Event{Err: errors.New("no answer")}, false
		}
		return ev, attempts == 8
	})
	if attempts < 8 || held > now/4 {
		t.Errorf("writes were held for %v of %v in %d attempts", held, now, attempts)
	}
}

// TestMoverAsksTheTargetBeforeItDecides has a target hang, or refuse, from the moment at which the source is sealed, with
// nothing to bring there: the site is not handed over to it, and is opened again.
func TestMoverAsksTheTargetBeforeItDecides(t *testing.T) {
	for name, answer := range map[string]Event{"hangs": {Err: errors.New("no answer")}, "refuses": {}} {
		t.Run(name, func(t *testing.T) {
			sealed, asked := false, 0
			done := script(t, func(e Effect, ev Event) (Event, bool) {
				switch {
				case e.Op == OpSwapGate && e.Side == Source && e.To.Mode == Moved:
					t.Error("it hands the site over")
					return ev, true
				case e.Op == OpSwapGate && e.Side == Source:
					was := sealed
					sealed = e.To.Mode == Sealed
					return ev, was && !sealed
				case sealed && e.Side == Target && e.Op != OpPause:
					asked++
					if e.For <= 0 || e.For > AttemptTime {
						t.Errorf("operation %d may take %v while nobody can write", e.Op, e.For)
					}
					return answer, false
				}
				return ev, false
			})
			if last := done[len(done)-1]; asked == 0 || last.To.Mode != Open {
				t.Errorf("it asks the target %d times, and ends with %+v", asked, last)
			}
		})
	}
}

// TestMoverDeletesWhatWasRead has a place read the rows of a part of the log only.
func TestMoverDeletesWhatWasRead(t *testing.T) {
	log := []LogEntry{{1, "t", "1"}, {2, "t", "2"}, {3, "t", "3"}}
	reads := 0
	script(t, func(e Effect, ev Event) (Event, bool) {
		switch e.Op {
		case OpReadLog:
			reads++
			ev.Log = log
		case OpReadRows:
			ev.Log = e.Log[:1]
		case OpDeleteLog:
			if len(e.Log) != 1 || e.Log[0] != log[0] {
				t.Errorf("deletes %v", e.Log)
			}
			log = log[1:]
		case OpCompare:
			return ev, true
		}
		return ev, false
	})
	if reads < 3 {
		t.Errorf("the log was read %d times", reads)
	}
}
