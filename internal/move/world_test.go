package move

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"time"
)

func newWorld(seed uint64, p plan) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 77)), plan: p}
	for i, mode := range []Mode{Open, Filling} {
		w.dbs[i] = &database{
			w: w, place: Side(i), gate: Gate{Mode: mode, Generation: 4},
			rows: map[string]row{}, processes: map[string]Answer{}, shared: map[int]*transaction{},
		}
	}
	for _, db := range w.dbs {
		db.gates = []gateAt{{gate: db.gate}}
	}
	w.lag = time.Duration(seed%91) * time.Second
	if seed%4 == 0 {
		w.lag = time.Duration(seed/4%60+1) * time.Minute
	}
	for i := range 7 {
		w.dbs[Source].put(fmt.Sprintf("old%d", i), row{value: i})
	}
	for i := range 3 {
		p := w.newProcess(fmt.Sprintf("process%d", i))
		w.procs = append(w.procs, p)
		w.at(w.between(0, 2*time.Second), func() { p.boot() })
	}
	for i := range 4 {
		m := &member{w: w, key: fmt.Sprintf("member%d", i), ids: map[int]int{}}
		w.members = append(w.members, m)
		w.at(w.between(0, time.Second), m.live)
	}
	w.mover = w.newProcess("mover")
	w.at(w.between(time.Second, 3*time.Second)+w.plan.begin, w.startMover)
	if p.sleep > 0 {
		w.at(w.between(500*time.Millisecond, 3*time.Second), func() { w.procs[0].hang(p.sleep) })
	}
	if p.cut > 0 {
		w.at(w.between(2500*time.Millisecond, 4*time.Second), func() { w.procs[0].cutUntil[Source] = w.now + p.cut })
	}
	if p.back {
		for i := range 2 {
			k := w.newProcess(fmt.Sprintf("keeper%d", i))
			k.flip = true
			w.keepers = append(w.keepers, k)
			w.at(w.between(time.Second, 4*time.Second), k.startKeeper)
		}
	}
	if p.chaos {
		w.at(w.between(2*time.Second, 8*time.Second), w.mischief)
	}
	return w
}

func (w *world) newProcess(id string) *process {
	p := &process{w: w, id: id}
	p.reclock()
	return p
}

// reclock gives the process another clock: it runs up to a twentieth fast or slow.
func (p *process) reclock() {
	p.rate = 0.95 + 0.1*p.w.rng.Float64()
	p.offset = p.w.between(0, time.Hour)
}

// boot begins the process anew. It knows nothing but its settings, which name the source.
func (p *process) boot() {
	p.life++
	p.alive = true
	p.reclock()
	p.follower = NewFollower()
	if p.w.plan.fault == withoutWait {
		p.follower.wait, p.follower.heldWait = 0, 0
	}
	p.follower.longHold = p.w.plan.fault == longHold
	p.booted = p.w.now
	p.followerStep(Event{})
}

func (p *process) followerStep(ev Event) {
	w := p.w
	e := p.follower.Step(p.clock(), ev)
	if p == w.procs[0] && (w.processSteps > 0 || p.follower.gate.Watch) {
		w.processSteps++
		switch w.processSteps {
		case w.plan.killProcess:
			p.kill()
			w.at(w.between(100*time.Millisecond, 4*time.Second), p.boot)
			return
		case w.plan.hangProcess:
			p.hang(w.plan.hangFor)
		}
	}
	p.run(func() { p.effect(e, p.followerStep) })
}

func (w *world) startMover() {
	p := w.mover
	p.life++
	p.alive, p.hungUntil = true, 0
	p.reclock()
	p.mover = NewMover(fmt.Sprintf("mover %d", p.life))
	if p.flip = w.backBegun; p.flip {
		p.mover = NewMoverBack(fmt.Sprintf("mover back %d", p.life))
	}
	p.mover.limit = 25
	if w.plan.fault == withoutWait {
		p.mover.wait, p.mover.heldWait = 0, 0
	}
	p.moverStep(Event{})
}

func (p *process) moverStep(ev Event) {
	w := p.w
	e := p.mover.Step(p.clock(), ev)
	w.moverSteps++
	if e.Op == OpDone {
		switch {
		case w.backBegun && !p.flip: // it hung until the site was on its way back, and is not asked any more
		case w.plan.back && !w.backBegun && (e.Outcome == Finished || w.dbs[Source].gate.Mode == Filling):
			// A mover that begins once the old place is kept up finds that the site has moved.
			w.at(w.between(time.Second, 12*time.Second), w.moveBack)
		case e.Outcome == Finished:
			w.finished = true
		default:
			w.restartMover()
		}
		return
	}
	if w.moverSteps == w.plan.killMover {
		if w.plan.after {
			p.effect(e, func(Event) {})
		}
		w.restartMover()
		return
	}
	if w.moverSteps == w.plan.hangMover {
		if w.plan.after {
			p.effect(e, p.moverStep)
			p.hang(w.plan.hangFor)
			w.secondMover()
			return
		}
		p.hang(w.plan.hangFor)
		w.secondMover()
	}
	p.run(func() { w.step(p, e) })
}

// step has a mover's effect done; the planted fault reads rows before the log that names them.
func (w *world) step(p *process, e Effect) {
	if w.plan.fault == rowsBeforeLog && e.Op == OpReadLog {
		db := w.dbs[Source]
		all := map[string]*row{}
		p.ask(db, time.Second, func(reply func(Event)) {
			for k, r := range db.rows {
				all[k] = &r
			}
			reply(Event{})
		}, func(ev Event) {
			if ev.Err != nil {
				p.moverStep(ev)
				return
			}
			p.early = all
			p.after(3*time.Millisecond, func() { p.effect(e, p.moverStep) })
		})
		return
	}
	if w.plan.fault == rowsBeforeLog && e.Op == OpReadRows && p.early != nil {
		b := &batch{rows: map[string]*row{}}
		for _, l := range e.Log {
			b.rows[l.Key] = p.early[l.Key]
		}
		p.moverStep(Event{Batch: b})
		return
	}
	p.effect(e, p.moverStep)
}

// moveBack starts the mover back, once: a first mover that hung may say a second time that it has finished.
func (w *world) moveBack() {
	if w.backBegun {
		return
	}
	w.backBegun = true
	w.mover.kill()
	life := w.mover.life
	w.mover = w.newProcess("mover")
	w.mover.life = life + 1000
	w.startMover()
}

// startKeeper begins to keep the old place up. There is no lease here: two may be at it at once.
func (p *process) startKeeper() {
	w := p.w
	if w.backBegun || w.over {
		return
	}
	p.life++
	p.alive, p.hungUntil = true, 0
	p.reclock()
	p.mover = NewReplayer(fmt.Sprintf("%s %d", p.id, p.life))
	p.mover.limit = 25
	p.keeperStep(Event{})
}

func (p *process) keeperStep(ev Event) {
	w := p.w
	e := p.mover.Step(p.clock(), ev)
	if e.Op == OpDone {
		w.at(w.between(500*time.Millisecond, 4*time.Second), p.startKeeper)
		return
	}
	if p == w.keepers[0] && p.mover.epoch != 0 {
		w.keeperSteps++
		switch w.keeperSteps {
		case w.plan.killKeeper:
			p.kill()
			w.at(w.between(50*time.Millisecond, 3*time.Second), p.startKeeper)
			return
		case w.plan.hangKeeper:
			p.hang(w.plan.hangFor)
		}
	}
	p.run(func() { p.effect(e, p.keeperStep) })
}

func (w *world) restartMover() {
	w.mover.kill()
	w.at(w.between(50*time.Millisecond, 3*time.Second), w.startMover)
}

// secondMover is started by somebody who takes the one that hangs for dead. That one wakes later, and is not to do harm.
func (w *world) secondMover() {
	old := w.mover
	if w.plan.hangFor < 2*time.Second {
		return
	}
	w.mover = w.newProcess("mover")
	w.mover.life = old.life + 1000
	w.at(w.between(500*time.Millisecond, min(w.plan.hangFor, 3*time.Second)), w.startMover)
}

// mischief kills and hangs anything now and then, for a while.
func (w *world) mischief() {
	until := 40 * time.Second
	kinds := 8
	if w.plan.back {
		until, kinds = 70*time.Second, 10
	}
	if w.finished || w.now > until {
		return
	}
	switch w.rng.IntN(kinds) {
	case 7:
		w.procs[w.rng.IntN(len(w.procs))].cutUntil[w.rng.IntN(2)] = w.now + w.between(time.Second, 30*time.Second)
	case 8:
		k := w.keepers[w.rng.IntN(2)]
		k.kill()
		w.at(w.between(50*time.Millisecond, 3*time.Second), k.startKeeper)
	case 9:
		w.keepers[w.rng.IntN(2)].hang(w.between(100*time.Millisecond, 9*time.Second))
	case 0:
		p := w.procs[w.rng.IntN(len(w.procs))]
		if p.alive {
			p.kill()
			w.at(w.between(50*time.Millisecond, 5*time.Second), p.boot)
		}
	case 1:
		w.procs[w.rng.IntN(len(w.procs))].hang(w.between(100*time.Millisecond, 9*time.Second))
	case 2:
		db := w.dbs[w.rng.IntN(2)]
		db.hungUntil = max(db.hungUntil, w.now+w.between(50*time.Millisecond, 4*time.Second))
	case 3:
		if w.mover.alive {
			w.restartMover()
		}
	case 4, 5:
		w.mover.hang(w.between(100*time.Millisecond, 4*time.Second))
	case 6:
		w.plan.hangFor = w.between(2*time.Second, 6*time.Second)
		w.mover.hang(w.plan.hangFor)
		w.secondMover()
	}
	w.at(w.between(200*time.Millisecond, 3*time.Second), w.mischief)
}

// limit is by when a move has to be over, whatever happened: every long lease runs out once or twice.
const limit = 15 * time.Minute

// run plays the schedule to its end and returns what was wrong with it.
func (w *world) run() []string {
	var end time.Duration
	for len(w.queue) > 0 && len(w.failures) == 0 {
		e := heap.Pop(&w.queue).(event)
		w.now = e.at
		if w.now > limit {
			w.fail("the move is not over: source %+v, target %+v; the mover is alive: %v, its state %d, the log has %d entries", w.dbs[Source].gate, w.dbs[Target].gate, w.mover.alive, w.mover.mover.state, len(w.dbs[Source].log))
			break
		}
		e.do()
		if w.finished && end == 0 {
			end = w.now + 12*time.Second // whatever slept wakes, and members look once more
			w.finished = false
			w.over = true
		}
		if end != 0 && w.now > end {
			break
		}
	}
	if len(w.failures) == 0 {
		w.compare()
	}
	return w.failures
}

// compare holds the place in charge against what members were told.
func (w *world) compare() {
	now, before := w.dbs[Target], w.dbs[Source]
	if w.plan.back {
		now, before = before, now
	}
	if now.gate.Mode != Open || before.gate.Mode != Moved {
		w.fail("the %s is %s and the %s %s", now.place, now.gate.Mode, before.place, before.gate.Mode)
	}
	db := now
	for i := range 7 {
		if db.rows[fmt.Sprintf("old%d", i)].value != i {
			w.fail("an old row is lost")
		}
	}
	for _, m := range w.members {
		if m.next > 100000 {
			w.fail("%s ran away", m.key)
		}
		for id, n := range m.ids {
			if _, there := db.rows[idKey(m.key, id)]; !there || n != 1 {
				w.fail("%s: the acknowledged write of %d is lost", m.key, id)
			}
		}
		if r, ok := db.rows[m.key]; ok && r.value < m.acked {
			w.fail("%s: %d is older than the acknowledged %d", m.key, r.value, m.acked)
		}
	}
}
