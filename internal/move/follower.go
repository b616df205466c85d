package move

import "time"

// followState is what a Follower waits for.
type followState int

const (
	followPause followState = iota
	followRegister
	followRead
	followReplica
	followAnswer
	followSwap
	followSleepers
)

// Follower follows the gates for one process of the site, and tells where it may read and write. It is not safe for
// concurrent use.
//
// Like a Mover it does one thing at a time. It never ends by itself.
type Follower struct {
	state   followState
	side    Side
	now     time.Duration
	sent    time.Duration // when the question that is under way was sent
	lease   time.Duration // until when the place may be read
	granted bool          // there has been a lease
	replica time.Duration // until when the place's replicas may be read while its primary is away
	gate    Gate          // of the place that is served, as last read
	answer  Answer        // what was last written into the process's row
	saved   bool          // the answer is written

	heldSince   time.Duration // when gate.Hold was first seen
	sealedSince time.Duration // when the place was first seen sealed under sealedAt
	sealedAt    int64         // an epoch

	endedAt time.Duration // when sleepers were last ended, or the wait for that began

	left    *Gate // of the place that sent this process to the one it serves; nil: none has
	strange Gate  // of a place that is not the one to which the other sent; its Mode is "" while there is none

	decided    bool          // the other place says that this one is in charge, and it is not open yet
	movedSince time.Duration // when that was first seen
	sawHold    bool          // heldSince is of the attempt that decided it
	generation int64         // of this place once it is in charge

	wait     time.Duration // how long after a gate has changed others may still go by what it was
	heldWait time.Duration // the same of a gate that held writes

	replicaLease time.Duration
	longHold     bool // it keeps a ShortLease while writes are held; for tests
}

// NewFollower makes the Follower of a process that serves the source, unless its gate says otherwise. Nothing is
// readable or writable before it has asked.
func NewFollower() *Follower {
	return &Follower{wait: passed(ShortLease), heldWait: passed(HoldLease), replicaLease: ReplicaLease}
}

// Side is the one that the process serves.
func (f *Follower) Side() Side { return f.side }

// Gate is the gate of the place that the process serves, as it was last read.
func (f *Follower) Gate() Gate { return f.gate }

// Strange is the gate of the other place, where that is not the one to which the site has moved: the process serves neither.
// Its Mode is "" otherwise.
func (f *Follower) Strange() Gate { return f.strange }

// ReadableUntil is the time before which an operation may begin to read the process's place. It is 0 where none may.
func (f *Follower) ReadableUntil() time.Duration {
	if !f.granted {
		return 0
	}
	return f.lease
}

// ByReplicasUntil is the time before which an operation may begin to read the place's replicas while its primary is away. It
// is 0 where none may.
func (f *Follower) ByReplicasUntil() time.Duration { return f.replica }

// Writable tells whether a write that begins now should be tried. The place itself may still refuse it.
func (f *Follower) Writable(now time.Duration) bool {
	if now >= f.ReadableUntil() || f.gate.Mode != Open {
		return false
	}
	// A mover that died while writes were held back does not hold them for ever.
	return f.gate.Hold == 0 || now-f.heldSince >= AttemptTime
}

// Step takes what came of the last effect and answers with the next.
func (f *Follower) Step(now time.Duration, ev Event) Effect {
	f.now = now
	switch f.state {
	case followRead:
		if ev.Err != nil {
			return f.askReplica()
		}
		f.replica = 0
		return f.onGate(ev.Gate)
	case followReplica:
		f.onReplica(ev)
		return f.pause(watchPoll)
	case followRegister:
		if ev.Err != nil {
			return f.askReplica()
		}
		f.saved = true
	case followAnswer:
		f.saved = ev.Err == nil
		return f.next()
	case followSwap:
		return f.pause(urgentPoll / 2)
	case followSleepers:
		return f.pause(watchPoll)
	}
	return f.ask()
}

// ask reads the gate of the place that is served. A lease counts from this moment. The process is registered before: a
// mover that lists the processes after it has changed the gate must know of all that may have read it as it was.
func (f *Follower) ask() Effect {
	if !f.saved {
		f.state, f.answer = followRegister, Answer{}
		return Effect{Op: OpAnswer, Side: f.side}
	}
	f.state, f.sent = followRead, f.now
	return Effect{Op: OpReadGate, Side: f.side}
}

// replicaPatience is how long a replica may take to tell the gate.
const replicaPatience = 500 * time.Millisecond

// askReplica asks a replica in the stead of a primary that did not answer, unless a switch was near when that last did.
func (f *Follower) askReplica() Effect {
	if !f.granted || f.gate.Mode != Open || f.gate.Watch {
		return f.pause(watchPoll)
	}
	f.state, f.sent = followReplica, f.now
	return Effect{Op: OpReadReplica, Side: f.side, For: replicaPatience}
}

// onReplica lets replicas be read where the gate, as the replica has it, says that no switch is near. Without an
// answer the lease before it runs on.
func (f *Follower) onReplica(ev Event) {
	if ev.Err != nil {
		return
	}
	f.replica = 0
	if g := ev.Gate; g.Mode == Open && !g.Watch && g.Generation == f.gate.Generation {
		f.replica = f.sent + f.replicaLease
	}
}

func (f *Follower) pause(d time.Duration) Effect {
	f.state = followPause
	return Effect{Op: OpPause, For: d}
}

// belongs tells whether a place is the one to which another sends that is being left, or filled. A setting may name a
// database of another site, or the file of that name on another machine.
func belongs(g, left Gate) bool {
	switch {
	case left.Mode == Moved && g.Mode == Open:
		return g.Generation > left.Generation
	case left.Mode == Moved:
		return g.Move == left.Move && (g.Mode == Filling || g.Mode == Sealed)
	}
	// Left is filled, by a move or for a way back. A place that was emptied names no move.
	return left.Move == "" || g.Move == left.Move || g.Generation > left.Generation
}

// onGate does what the gate of the process's place asks for.
func (f *Follower) onGate(g Gate) Effect {
	if f.left != nil && !belongs(g, *f.left) {
		f.changeOver(nil)
		f.strange = g
		return f.pause(watchPoll)
	}
	if g.Hold != 0 && !f.decided && (g.Hold != f.gate.Hold || g.Epoch != f.gate.Epoch) {
		f.heldSince = f.now
	}
	if g.Mode == Sealed && (g.Epoch != f.sealedAt || f.gate.Mode != Sealed) {
		f.sealedAt, f.sealedSince = g.Epoch, f.now
	}
	if !g.Watch || !f.gate.Watch {
		f.endedAt = f.now
	}
	to := g
	switch g.Mode {
	case Moved:
		f.sawHold = f.gate.Hold != 0 && f.gate.Epoch == g.Epoch
		f.changeOver(&g)
		f.decided, f.movedSince, f.generation = true, f.now, g.Generation+1
		return f.ask()
	case Filling:
		if !f.decided {
			// The place was never opened, or it is filled anew: the other one is in charge, if any is.
			f.changeOver(&g)
			return f.pause(watchPoll)
		}
		to.Mode, to.Generation, to.Watch, to.Hold = Sealed, f.generation, true, 0
		return f.swap(g, to)
	case Sealed:
		switch {
		case f.decided && leasesOver(f.now, f.movedSince, f.heldSince, f.sawHold, f.wait, f.heldWait):
			to.Mode, to.Watch = Open, false
			return f.swap(g, to)
		case !f.decided && (f.now-f.sealedSince >= AbandonAfter || g.Hold != 0 && f.now-f.heldSince >= AttemptTime):
			// The mover that sealed it was stopped, or its attempt is over. If it was not, the first update decides. Writes have
			// waited since the hold: from there on everything is counted.
			to.Mode, to.Hold, to.Epoch = Open, 0, g.Epoch+1
			return f.swap(g, to)
		}
	default:
		f.decided, f.left = false, nil
	}
	f.gate, f.strange = g, Gate{}
	f.grant(g)
	want := Answer{Hold: g.Hold, Generation: g.Generation}
	if g.Watch {
		want.Watch = g.Epoch
	}
	return f.tell(want)
}

// grant takes a lease from the moment at which the gate was asked.
func (f *Follower) grant(g Gate) {
	d := LongLease
	switch {
	case g.Hold != 0 && !f.longHold:
		d = HoldLease
	case g.Watch || g.Mode != Open:
		d = ShortLease
	}
	f.lease, f.granted = f.sent+d, true
}

// leasesOver tells whether no process can go by the gate that the source had before it was left: not by one from before
// the hold, if held is a moment after that began, and not by one with the hold.
func leasesOver(now, moved, held time.Duration, known bool, wait, heldWait time.Duration) bool {
	if !known {
		return now-moved >= wait
	}
	return now-held >= wait && now-moved >= heldWait
}

// changeOver has the process serve the other place. Left is the gate that sends it there, nil where none does.
func (f *Follower) changeOver(left *Gate) {
	f.left = left
	f.side, f.granted, f.gate, f.saved, f.decided, f.replica = f.side.Other(), false, Gate{}, false, false, 0
}

func (f *Follower) swap(from, to Gate) Effect {
	f.state = followSwap
	return Effect{Op: OpSwapGate, Side: f.side, From: from, To: to, For: time.Second}
}

// tell writes an answer into the process's row, if it is another than before.
func (f *Follower) tell(a Answer) Effect {
	if f.saved && f.answer == a {
		return f.next()
	}
	f.state, f.answer = followAnswer, a
	return Effect{Op: OpAnswer, Side: f.side, Answer: a}
}

// sleepersAfter is how long a switch is near before a process ends its sleepers.
const sleepersAfter = 8 * time.Second

// next waits until the gate is to be asked again. A switch that does not come about may be held up by a client that has
// vanished in the middle of a transaction. The mover may have another user than the site, and cannot end that.
func (f *Follower) next() Effect {
	switch {
	case f.now >= f.lease:
		return f.ask() // the answer took longer than it is worth: the process hung meanwhile
	case f.gate.Watch && f.now-f.endedAt >= sleepersAfter:
		f.state, f.endedAt = followSleepers, f.now
		return Effect{Op: OpEndSleepers, Side: f.side}
	case f.gate.Mode != Open || f.gate.Hold != 0:
		return f.pause(urgentPoll)
	case f.gate.Watch:
		return f.pause(watchPoll)
	}
	return f.pause(idlePoll)
}
