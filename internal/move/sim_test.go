package move

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// The simulation: a mover, three processes of the site, two databases with locks and logs, members who write and read
// through any process, clocks that drift, answers that get lost or come late, processes and databases that hang, and
// processes that are killed. Time is virtual. A schedule is determined by its seed and its plan.

// fault is something left out on purpose: the simulation has to notice.
type fault int

const (
	noFault        fault = iota
	withoutLock          // the triggers read the gate without a lock
	decideByReads        // a swap compares first and writes later
	withoutEpoch         // the target takes rows under any epoch
	deleteByKey          // replayed entries are deleted with all others of their rows
	withoutLease         // processes read without asking whether they may
	withoutWait          // the target is opened as soon as the switch is decided
	openedEarly          // the target is opened once the source is sealed
	rowsBeforeLog        // rows are read before the log that names them
	silentIsGone         // a process that was silent for half a minute counts as gone
	blindByReplica       // replicas are read without a look at the gate that they have
	lateByReplica        // replicas tell the gate however far they lag
	longHold             // processes keep the longer lease while writes are held
	loggedLate           // the new place logs once somebody keeps the old one up, and not from its opening
	countOfFaults
)

func (f fault) String() string {
	return [...]string{"none", "without lock", "decide by reads", "without epoch", "delete by key", "without lease", "without wait", "opened early", "rows before log", "silent is gone", "blind by replica", "late by replica", "long hold", "logged late"}[f]
}

// plan is what happens to whom in a schedule, besides what the seed brings.
type plan struct {
	fault fault
	// At the mover's step number killMover it is killed, before or after its effect was sent.
	killMover, hangMover     int
	after                    bool
	hangFor                  time.Duration
	killProcess, hangProcess int           // the same for process 0, counted from when the mover asks for short leases
	sleep                    time.Duration // for how long process 0 hangs, from before a switch is near
	cut                      time.Duration // for how long process 0 does not reach the source's primary, from before a switch is near
	begin                    time.Duration // the mover begins so much later
	back                     bool          // the old place is kept up, and the site moves back
	killKeeper, hangKeeper   int           // the same for the first of those who keep it up
	chaos                    bool
}

var (
	errLost   = errors.New("no answer")
	errLocked = errors.New("lock wait timeout")
	errSealed = errors.New("sealed")
)

type event struct {
	at  time.Duration
	seq int
	do  func()
}

type events []event

func (q events) Len() int { return len(q) }
func (q events) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[i].at, q[j].at), cmp.Compare(q[i].seq, q[j].seq)) < 0
}
func (q events) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *events) Push(x any)   { *q = append(*q, x.(event)) }
func (q *events) Pop() any {
	old := *q
	e := old[len(old)-1]
	*q = old[:len(old)-1]
	return e
}

type world struct {
	rng      *rand.Rand
	plan     plan
	now      time.Duration
	queue    events
	seq      int
	dbs      [2]*database
	procs    []*process
	mover    *process
	keepers  []*process // who keep the old place up
	members  []*member
	txs      int
	finished bool
	failures []string
	lag      time.Duration // of the databases' replicas

	longest   time.Duration // that a write waited at a process that ran meanwhile
	byReplica int           // reads that replicas answered while their primary was away

	moverSteps, processSteps, keeperSteps int
	backBegun                             bool // a mover back is at work: nobody claims the source to keep the target up
	over                                  bool
}

// process is a mover or a process of the site. What it is sent while it hangs it gets when it wakes.
type process struct {
	w         *world
	id        string
	life      int // raised when it is killed
	alive     bool
	booted    time.Duration
	hungSince time.Duration
	hungUntil time.Duration
	cutUntil  [2]time.Duration // it does not reach the databases before
	rate      float64          // of its clock
	offset    time.Duration
	mover     *Mover
	flip      bool // its mover's source is the target of the first move
	follower  *Follower
	early     map[string]*row // what a planted fault read too early
}

func (w *world) at(d time.Duration, do func()) {
	w.seq++
	heap.Push(&w.queue, event{w.now + d, w.seq, do})
}

func (w *world) fail(format string, args ...any) {
	w.failures = append(w.failures, fmt.Sprintf("%v: ", w.now)+fmt.Sprintf(format, args...))
}

func (w *world) chance(p float64) bool { return w.rng.Float64() < p }

func (w *world) between(a, b time.Duration) time.Duration {
	return a + time.Duration(w.rng.Int64N(int64(b-a)+1))
}

// travel is how long a message is under way.
func (w *world) travel() time.Duration {
	if w.plan.chaos && w.chance(0.01) {
		return w.between(10*time.Millisecond, 900*time.Millisecond)
	}
	return w.between(200*time.Microsecond, 4*time.Millisecond)
}

func (p *process) clock() time.Duration { return p.offset + time.Duration(float64(p.w.now)*p.rate) }

// run does something in the process once it is awake, unless it was killed meanwhile.
func (p *process) run(do func()) { p.runIn(p.life, do) }

func (p *process) runIn(life int, do func()) {
	var try func()
	try = func() {
		switch {
		case p.life != life || !p.alive:
		case p.w.now < p.hungUntil:
			p.w.at(p.hungUntil-p.w.now, try)
		default:
			do()
		}
	}
	try()
}

func (p *process) after(d time.Duration, do func()) {
	life := p.life
	p.w.at(time.Duration(float64(d)/p.rate), func() { p.runIn(life, do) })
}

func (p *process) hang(d time.Duration) {
	if p.w.now >= p.hungUntil {
		p.hungSince = p.w.now
	}
	p.hungUntil = max(p.hungUntil, p.w.now+d)
}

// silent is for how long the process of that name hangs by now.
func (w *world) silent(id string) time.Duration {
	for _, p := range w.procs {
		if p.id == id && w.now < p.hungUntil {
			return w.now - p.hungSince
		}
	}
	return 0
}

func (p *process) kill() {
	p.life++
	p.alive = false
}

// ask sends a question to a database. Work answers by calling reply, at once or later; then gets the answer, or errLost
// after the patience.
func (p *process) ask(db *database, patience time.Duration, work func(reply func(Event)), then func(Event)) {
	w := p.w
	answered := false
	life := p.life
	once := func(ev Event) {
		if !answered && p.life == life {
			answered = true
			then(ev)
		}
	}
	lost := w.plan.chaos && w.chance(0.01)
	w.at(w.travel(), func() {
		if w.now < p.cutUntil[db.place] {
			return
		}
		db.whenUp(func() {
			work(func(ev Event) {
				if lost {
					return
				}
				w.at(w.travel(), func() { p.runIn(life, func() { once(ev) }) })
			})
		})
	})
	p.after(patience, func() { once(Event{Err: errLost}) })
}

// away tells whether the process knows that the database's primary does not answer.
func (p *process) away(db *database) bool {
	return p.w.now < p.cutUntil[db.place] || p.w.now < db.hungUntil
}

// effect has the driver's work done, as a driver would.
func (p *process) effect(e Effect, then func(Event)) {
	w := p.w
	if p.flip {
		e.Side = e.Side.Other()
	}
	db := w.dbs[e.Side]
	patience := cmp.Or(e.For, time.Second) + time.Second
	switch e.Op {
	case OpPause:
		p.after(e.For, func() { then(Event{}) })
	case OpReadGate:
		p.ask(db, patience, func(reply func(Event)) { reply(Event{Gate: db.gate}) }, then)
	case OpReadReplica:
		p.after(3*time.Millisecond, func() {
			if !p.away(db) {
				then(Event{Err: errLost})
				return
			}
			if w.plan.fault == blindByReplica {
				then(Event{Gate: p.follower.gate})
				return
			}
			if w.lag > ReplicaBehind && w.plan.fault != lateByReplica {
				then(Event{Err: errLost})
				return
			}
			then(Event{Gate: db.gateBefore(w.lag)})
		})
	case OpSwapGate:
		p.ask(db, patience, func(reply func(Event)) { db.swap(e, p.mover != nil && p.mover.stays, reply) }, then)
	case OpProcesses:
		p.ask(db, patience, func(reply func(Event)) {
			var list []Process
			for id, a := range db.processes {
				if w.plan.fault == silentIsGone && w.silent(id) > 30*time.Second {
					continue
				}
				list = append(list, Process{ID: id, Answer: a})
			}
			reply(Event{Processes: list})
		}, then)
	case OpAnswer:
		p.ask(db, patience, func(reply func(Event)) {
			db.processes[p.id] = e.Answer
			reply(Event{})
		}, then)
	case OpCopy:
		from := w.dbs[Target].copied // the checkpoint, which stands in the target
		p.ask(db, patience, func(reply func(Event)) {
			keys := db.order
			if from >= len(keys) {
				reply(Event{Done: true})
				return
			}
			b := &batch{rows: map[string]*row{}, copied: from + 2}
			for _, k := range keys[from:min(from+2, len(keys))] {
				r := db.rows[k]
				b.rows[k] = &r
			}
			reply(Event{Batch: b})
		}, then)
	case OpReadLog:
		p.ask(db, patience, func(reply func(Event)) { reply(Event{Log: db.firstEntries(e.Limit)}) }, then)
	case OpReadRows:
		read := e.Log
		if len(read) > 1 && w.chance(0.2) { // the rows are large
			read = read[:1+w.rng.IntN(len(read)-1)]
		}
		p.ask(db, patience, func(reply func(Event)) { reply(Event{Batch: db.rowsOf(read), Log: read}) }, then)
	case OpWriteRows:
		p.ask(db, patience, func(reply func(Event)) {
			db.exclusive(time.Second, func() { reply(Event{OK: db.take(e)}) }, func() { reply(Event{Err: errLocked}) })
		}, then)
	case OpDeleteLog:
		p.ask(db, patience, func(reply func(Event)) {
			if w.plan.fault != withoutEpoch && db.gate.Mover != e.Mover {
				reply(Event{Err: ErrTakenOver})
				return
			}
			db.deleteLog(e.Log)
			reply(Event{})
		}, then)
	case OpCompare:
		p.ask(w.dbs[Target], patience, func(reply func(Event)) { reply(Event{OK: w.same(p.flip)}) }, then)
	case OpEndSleepers:
		p.ask(db, patience, func(reply func(Event)) {
			for _, tx := range db.shared {
				if tx.sleeps != 0 && w.now-tx.sleeps > 6*time.Second {
					tx.end()
				}
			}
			reply(Event{})
		}, then)
	}
}

// same compares what the log of the source does not name.
func (w *world) same(flip bool) bool {
	a, b := w.dbs[Source], w.dbs[Target]
	if flip {
		a, b = b, a
	}
	logged := map[string]bool{}
	for _, l := range a.log {
		logged[l.Key] = true
	}
	for _, k := range slices.Concat(a.order, b.order) {
		x, inA := a.rows[k]
		y, inB := b.rows[k]
		if !logged[k] && (inA != inB || x != y) {
			return w.plan.fault != noFault // a fault is to be found by what members see
		}
	}
	return true
}
