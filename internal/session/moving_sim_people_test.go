package session_test

import (
	"context"
	"errors"
	"maps"
	"time"

	"tintype/internal/session"
)

// What people do. Each holds what it is told against what was acknowledged before it began.

func (w *world) logsOut(p *modelProcess, hash string) func(*actor) {
	return func(*actor) {
		w.yield("log out " + hash)
		if !w.failed(w.moving(p).Delete(context.Background(), 1, hash)) {
			w.ended[hash] = true
		}
	}
}

func (w *world) endsOthers(p *modelProcess, keep string) func(*actor) {
	return func(*actor) {
		w.yield("end others than " + keep)
		others := maps.Clone(w.began)
		delete(others, keep)
		if !w.failed(w.moving(p).DeleteOthers(context.Background(), 1, keep)) {
			maps.Copy(w.ended, others)
		}
	}
}

func (w *world) logsIn(p *modelProcess, hash string) func(*actor) {
	return func(*actor) {
		w.yield("log in " + hash)
		if !w.failed(w.moving(p).Put(context.Background(), newRecord(hash))) {
			w.began[hash] = true
		}
	}
}

func (w *world) touches(p *modelProcess, hash string) func(*actor) {
	return func(*actor) {
		w.yield("touch " + hash)
		now := time.Now()
		w.failed(w.moving(p).Touch(context.Background(), 1, hash, now, now.Add(session.Life)))
	}
}

// looks asks for a session, which may be ending in this run.
func (w *world) looks(p *modelProcess, hash string, mayEnd bool) func(*actor) {
	return func(*actor) {
		w.yield("look for " + hash)
		ended, began := w.ended[hash], w.began[hash]
		_, err := w.moving(p).Get(context.Background(), 1, hash)
		switch {
		case err == nil && ended:
			w.failure = hash + " is logged in after its log-out"
		case errors.Is(err, session.ErrUnavailable):
			if began { // else nothing is known, which is no answer
				w.failed(err)
			}
		case err != nil && began && !mayEnd:
			w.failure = hash + " is logged out: " + err.Error()
		}
	}
}

// failed tells whether an operation failed, which is a failure of the run unless the target is away and may be missed.
func (w *world) failed(err error) bool {
	if err != nil && !(errors.Is(err, session.ErrUnavailable) && (w.mayFail || w.running.process == nil)) {
		w.failure = err.Error()
	}
	return err != nil
}

// targetAnswers has the mover wait until the target does.
func (w *world) targetAnswers() {
	if w.away {
		w.waitFor("the target", func() bool { return !w.away })
	}
}

// breaks takes the target away for a while that begins while may says so.
func (w *world) breaks(may func() bool) func(*actor) {
	return func(*actor) {
		w.yield("the target goes away")
		if may() {
			w.away = true
			w.yield("the target comes back")
			w.away = false
		}
	}
}

// scenario is what people do while the mover is at work.
type scenario struct {
	name   string
	procs  int
	people func(w *world)
}

var scenarios = []scenario{
	{"a log-out here is known there", 2, func(w *world) {
		w.add("anna", w.procs[0], w.logsOut(w.procs[0], sessionOld))
		w.add("berta", w.procs[1], w.looks(w.procs[1], sessionOld, true))
	}},
	{"who does nothing stays logged in", 2, func(w *world) {
		w.add("anna", w.procs[0], w.looks(w.procs[0], sessionOld, false))
		w.add("berta", w.procs[1], w.looks(w.procs[1], sessionOther, false))
	}},
	{"a log-in here is known there", 2, func(w *world) {
		w.add("anna", w.procs[0], w.logsIn(w.procs[0], sessionNew))
		w.add("berta", w.procs[1], w.looks(w.procs[1], sessionNew, false))
	}},
	{"a use is noted while the session ends", 2, func(w *world) {
		w.add("anna", w.procs[0], w.touches(w.procs[0], sessionOld))
		w.add("berta", w.procs[1], w.logsOut(w.procs[1], sessionOld))
		w.add("clara", w.procs[0], w.looks(w.procs[0], sessionOld, true))
	}},
	{"a new password ends the others and keeps one", 2, func(w *world) {
		w.add("anna", w.procs[0], w.endsOthers(w.procs[0], sessionOther))
		w.add("berta", w.procs[1], w.looks(w.procs[1], sessionOld, true))
		w.add("clara", w.procs[1], w.looks(w.procs[1], sessionOther, false))
	}},
	{"a log-in and its log-out", 2, func(w *world) {
		w.add("anna", w.procs[0], func(a *actor) {
			w.logsIn(w.procs[0], sessionNew)(a)
			w.logsOut(w.procs[1], sessionNew)(a)
		})
		w.add("berta", w.procs[1], w.looks(w.procs[1], sessionNew, true))
	}},
	{"three processes", 3, func(w *world) {
		w.add("anna", w.procs[0], w.logsOut(w.procs[0], sessionOld))
		w.add("berta", w.procs[1], w.touches(w.procs[1], sessionOld))
		w.add("clara", w.procs[2], w.looks(w.procs[2], sessionOld, true))
	}},
	{"what an earlier move left", 1, func(w *world) {
		w.add("anna", w.procs[0], w.looks(w.procs[0], "w", true))
	}},
	{"a target that is away before it is written", 2, func(w *world) {
		w.add("network", nil, w.breaks(func() bool { return w.step == 0 }))
		w.add("anna", w.procs[0], func(a *actor) {
			w.looks(w.procs[0], sessionOld, false)(a)
			w.logsIn(w.procs[0], sessionNew)(a)
		})
		w.add("berta", w.procs[1], w.looks(w.procs[1], sessionNew, false))
	}},
	{"a target that is away as a session ends", 2, func(w *world) {
		w.mayFail = true
		w.add("network", nil, w.breaks(func() bool { return true }))
		w.add("anna", w.procs[0], w.logsOut(w.procs[0], sessionOld))
		w.add("berta", w.procs[1], w.looks(w.procs[1], sessionOld, true))
	}},
	{"a target that is away as a session begins", 2, func(w *world) {
		w.mayFail = true
		w.add("network", nil, w.breaks(func() bool { return true }))
		w.add("anna", w.procs[0], w.logsIn(w.procs[0], sessionNew))
		w.add("berta", w.procs[1], w.looks(w.procs[1], sessionNew, false))
	}},
}
