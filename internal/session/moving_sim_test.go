package session_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/session"
)

// The tests of this file run the code of a move against every order of what its processes do: each call of a place is
// one step, and so is each process's learning of a new phase. Every state that can be reached is visited once.

// fault is something that a world does wrong.
type fault string

const (
	none             fault = ""
	noWaiting        fault = "the mover does not wait for answers"
	answersTooEarly  fault = "a process answers while an operation goes by the phase before"
	noMarks          fault = "an end leaves no mark in the target"
	noMarksWhenMoved fault = "an end leaves no mark once the target has everything"
	oneStep          fault = "what is new goes to the target at once"
	copiesOver       fault = "a copy replaces what is there"
	copiesTooEarly   fault = "the copy begins while some still write the source"
	copiesOnce       fault = "there is no copy"
	clearsTooEarly   fault = "the source is emptied before the target is in charge"
	targetNotEmptied fault = "the target has what an earlier move left there"
)

// modelProcess is a process of the site: which phase it goes by, and the operations that go by each.
type modelProcess struct {
	step   int
	flying map[int]int
}

// answer is the step that all its operations go by.
func (p *modelProcess) answer() int {
	step := p.step
	for s := range p.flying {
		step = min(step, s)
	}
	return step
}

// actor is one of those that take turns.
type actor struct {
	name    string
	process *modelProcess // nil for the mover
	body    func(a *actor)
	ready   func() bool // nil: it can go on
	yield   func(string) bool
	next    func() (string, bool)
	stop    func()
	at      string // the call that comes next
	knows   string
	ended   bool
}

// world is a site while its sessions move.
type world struct {
	fault          fault
	source, target *memoryPlace
	procs          []*modelProcess
	actors         []*actor
	running        *actor
	phases         []session.Phase // by step
	step           int             // the row's
	ended          map[string]bool // acknowledged
	began          map[string]bool // acknowledged
	failure        string
	trace          []string
}

const (
	sessionOld   = "x" // there before the move
	sessionOther = "y" // as well
	sessionNew   = "z" // begins meanwhile
)

// stopped ends an actor whose run is over.
type stopped struct{}

func (w *world) yield(at string) {
	w.running.at = at
	if !w.running.yield(at) {
		panic(stopped{})
	}
}

// waitFor has the running actor go on once the condition holds.
func (w *world) waitFor(what string, ready func() bool) {
	w.running.ready = ready
	w.yield("wait for " + what)
}

func (w *world) phaseOfRunning() session.Phase {
	if w.running.process == nil {
		return session.Alone
	}
	return w.phases[w.running.process.step]
}

func newWorld(f fault, procs int) *world {
	w := &world{fault: f, ended: make(map[string]bool), began: map[string]bool{sessionOld: true, sessionOther: true}}
	w.source = &memoryPlace{w: w, name: "source", rows: make(map[string]session.Record)}
	w.target = &memoryPlace{w: w, name: "target", rows: make(map[string]session.Record)}
	for _, hash := range []string{sessionOld, sessionOther} {
		w.source.rows[hash] = *newRecord(hash)
	}
	if f == targetNotEmptied {
		w.target.rows["w"] = *newRecord("w") // it was logged out long ago
		w.ended["w"] = true
	}
	for range procs {
		w.procs = append(w.procs, &modelProcess{flying: make(map[int]int)})
	}
	// The steps of the row, and what processes make of them. The last is the end of the move: the target, without marks.
	w.phases = []session.Phase{session.Alone, session.Reading, session.Writing, session.Moved, session.Alone}
	return w
}

func newRecord(hash string) *session.Record {
	now := time.Now()
	return &session.Record{AccountID: 1, Hash: hash, CreatedAt: now, UsedAt: now, ExpiresAt: now.Add(session.Life)}
}

// moving is the Backend of a process.
func (w *world) moving(p *modelProcess) *session.Moving {
	return session.NewMoving(func(context.Context) (session.Route, func(), error) {
		step := p.step
		p.flying[step]++
		done := func() {
			if p.flying[step]--; p.flying[step] == 0 {
				delete(p.flying, step)
			}
		}
		if step == len(w.phases)-1 {
			return session.Route{Phase: session.Alone, Source: w.target}, done, nil
		}
		return session.Route{Phase: w.phases[step], Source: w.source, Target: w.target}, done, nil
	}, nil)
}

func (w *world) add(name string, p *modelProcess, body func(a *actor)) {
	w.actors = append(w.actors, &actor{name: name, process: p, body: body})
}

// mover takes the sessions from the source to the target.
func (w *world) mover(a *actor) {
	ctx := context.Background()
	set := func(step int) {
		w.yield(fmt.Sprintf("set step %d", step))
		w.step = step
	}
	await := func(step int) {
		if w.fault == noWaiting {
			return
		}
		w.waitFor(fmt.Sprintf("answers of %d", step), func() bool {
			return !slices.ContainsFunc(w.procs, func(p *modelProcess) bool {
				if w.fault == answersTooEarly {
					return p.step < step
				}
				return p.answer() < step
			})
		})
	}
	copyAll := func() {
		for w.fault != copiesOnce {
			added := 0
			must := session.CopyAll(ctx, w.source, w.target, 1, func(one bool) error {
				if one {
					added++
				}
				return nil
			})
			if must != nil {
				w.failure = must.Error()
			}
			if added == 0 || w.fault == copiesOver { // which never has enough
				return
			}
		}
	}
	if w.fault != oneStep {
		set(1)
		await(1)
	}
	set(2)
	if w.fault == copiesTooEarly {
		copyAll()
	}
	await(2)
	if w.fault != copiesTooEarly {
		copyAll()
	}
	clear := func() {
		if err := session.Clear(ctx, w.source, 1, func(*session.Record) bool { return true }, func() error { return nil }); err != nil {
			w.failure = err.Error()
		}
	}
	if w.fault == clearsTooEarly {
		clear()
	}
	set(3)
	await(3)
	set(4)
	await(4)
	clear()
	if err := session.Clear(ctx, w.target, 1, (*session.Record).Ended, func() error { return nil }); err != nil {
		w.failure = err.Error()
	}
}

// learn has a process follow the row. It is one phase behind the row at most, as the mover waits for it.
func (w *world) learn(p *modelProcess) func(*actor) {
	return func(*actor) {
		for p.step < len(w.phases)-1 {
			w.waitFor("news", func() bool { return w.step > p.step })
			p.step = w.step
		}
	}
}

// What people do. Each holds what it is told against what was acknowledged before it began.

func (w *world) logsOut(p *modelProcess, hash string) func(*actor) {
	return func(*actor) {
		w.yield("log out " + hash)
		if err := w.moving(p).Delete(context.Background(), 1, hash); err != nil {
			w.failure = err.Error()
		}
		w.ended[hash] = true
	}
}

func (w *world) endsOthers(p *modelProcess, keep string) func(*actor) {
	return func(*actor) {
		w.yield("end others than " + keep)
		others := maps.Clone(w.began)
		delete(others, keep)
		if err := w.moving(p).DeleteOthers(context.Background(), 1, keep); err != nil {
			w.failure = err.Error()
		}
		maps.Copy(w.ended, others)
	}
}

func (w *world) logsIn(p *modelProcess, hash string) func(*actor) {
	return func(*actor) {
		w.yield("log in " + hash)
		if err := w.moving(p).Put(context.Background(), newRecord(hash)); err != nil {
			w.failure = err.Error()
		}
		w.began[hash] = true
	}
}

func (w *world) touches(p *modelProcess, hash string) func(*actor) {
	return func(*actor) {
		w.yield("touch " + hash)
		now := time.Now()
		if err := w.moving(p).Touch(context.Background(), 1, hash, now, now.Add(session.Life)); err != nil {
			w.failure = err.Error()
		}
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
		case err != nil && began && !mayEnd:
			w.failure = hash + " is logged out: " + err.Error()
		}
	}
}

// state is all on which the rest of a run depends.
func (w *world) state() string {
	var b strings.Builder
	fmt.Fprint(&b, w.step, "|", w.source.state(), "|", w.target.state(), "|")
	for _, p := range w.procs {
		fmt.Fprint(&b, p.step, p.flying, "|")
	}
	for _, a := range w.actors {
		fmt.Fprint(&b, a.ended, a.at, "(", a.knows, ")")
	}
	fmt.Fprint(&b, w.ended, w.began)
	return b.String()
}

// able lists the actors that can go on.
func (w *world) able() []int {
	var list []int
	for i, a := range w.actors {
		if !a.ended && (a.ready == nil || a.ready()) {
			list = append(list, i)
		}
	}
	return list
}

// turn runs an actor up to its next step.
func (w *world) turn(i int) {
	a := w.actors[i]
	w.running, a.ready = a, nil
	if a.next == nil {
		a.next, a.stop = iter.Pull(func(yield func(string) bool) {
			defer func() {
				if e := recover(); e != nil && e != any(stopped{}) {
					panic(e)
				}
			}()
			a.yield = yield
			a.body(a)
		})
	}
	w.trace = append(w.trace, a.name+": "+a.at)
	if _, more := a.next(); !more {
		a.ended = true
	}
}

// run replays the choices in a fresh world.
func run(build func() *world, choices []int) *world {
	w := build()
	for _, i := range choices {
		w.turn(i)
	}
	return w
}

func (w *world) close() {
	for _, a := range w.actors {
		if a.stop != nil {
			a.stop()
		}
	}
}

// explore visits every state that can be reached and returns the first failure with the way to it.
func explore(build func() *world, most int) (failure string, trace []string, states int) {
	visited := make(map[string]bool)
	stack := [][]int{nil}
	for len(stack) > 0 && states < most {
		choices := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		w := run(build, choices)
		state := w.state()
		failure, trace = w.failure, w.trace
		able := w.able()
		if failure == "" && len(able) == 0 && slices.ContainsFunc(w.actors, func(a *actor) bool { return !a.ended }) {
			failure = "nobody can go on"
		}
		w.close()
		if failure != "" {
			return failure, trace, states
		}
		if visited[state] {
			continue
		}
		visited[state] = true
		states++
		for _, i := range able {
			stack = append(stack, append(slices.Clone(choices), i))
		}
	}
	return "", nil, states
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
}

func (s scenario) build(f fault) func() *world {
	return func() *world {
		w := newWorld(f, s.procs)
		w.add("mover", nil, w.mover)
		for i, p := range w.procs {
			w.add(fmt.Sprint("process ", i), nil, w.learn(p))
		}
		s.people(w)
		return w
	}
}

// manyStates bounds a test that would not end.
const manyStates = 3_000_000

// R39: in every order in which a log-in, a log-out, a new password, a use and the copy can meet the changes of phases on
// two or three processes, nobody is logged out and no log-out is undone.
func TestEveryOrderOfAMove(t *testing.T) {
	total, some := 0, scenarios
	if testing.Short() {
		some = nil
		for _, i := range servertest.Random(t).Perm(len(scenarios))[:3] {
			some = append(some, scenarios[i])
		}
	}
	for _, s := range some {
		failure, trace, states := explore(s.build(none), manyStates)
		if failure != "" {
			t.Errorf("%s: %s, by\n  %s", s.name, failure, strings.Join(trace, "\n  "))
		}
		if states == manyStates {
			t.Errorf("%s has more states", s.name)
		}
		t.Logf("%s: %d states", s.name, states)
		total += states
	}
	t.Logf("%d states", total)
}

// Whoever weakens the protocol breaks one of the scenarios.
func TestEveryOrderFindsFaults(t *testing.T) {
	faults := []fault{noWaiting, answersTooEarly, noMarks, noMarksWhenMoved, oneStep, copiesOver, copiesTooEarly, copiesOnce, clearsTooEarly, targetNotEmptied}
	if !servertest.All() {
		few := 3
		if testing.Short() {
			few = 1
		}
		servertest.Random(t).Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
		faults = faults[:few]
	}
	for _, f := range faults {
		found := ""
		for _, s := range scenarios {
			if failure, trace, states := explore(s.build(f), manyStates); failure != "" {
				found = fmt.Sprintf("%s after %d states: %s (%d steps)", s.name, states, failure, len(trace))
				break
			}
		}
		if found == "" {
			t.Errorf("nothing finds that %s", f)
		}
		t.Logf("%s: %s", f, found)
	}
}
