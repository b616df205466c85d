package session_test

import (
	"context"
	"fmt"
	"iter"
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
	awayIsEmpty      fault = "a target that is away is taken for one that has nothing"
	goesOnWithout    fault = "the mover goes on while the target is away"
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
	away           bool // the target does not answer
	mayFail        bool // people may be told that
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
			err := session.CopyAll(ctx, w.source, w.target, 1, func(one bool) error {
				if one {
					added++
				}
				return nil
			})
			if w.failed(err) && w.failure == "" {
				w.targetAnswers()
				continue
			}
			if added == 0 || w.fault == copiesOver { // which never has enough
				return
			}
		}
	}
	if w.fault != oneStep {
		set(1)
		await(1)
		if w.fault != goesOnWithout {
			w.targetAnswers()
		}
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
		w.failed(session.Clear(ctx, w.source, 1, func(*session.Record) bool { return true }, func() error { return nil }))
	}
	if w.fault == clearsTooEarly {
		clear()
	}
	set(3)
	await(3)
	set(4)
	await(4)
	clear()
	for w.failed(session.Clear(ctx, w.target, 1, (*session.Record).Ended, func() error { return nil })) && w.failure == "" {
		w.targetAnswers()
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

// state is all on which the rest of a run depends.
func (w *world) state() string {
	var b strings.Builder
	fmt.Fprint(&b, w.step, w.away, "|", w.source.state(), "|", w.target.state(), "|")
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
	faults := []fault{noWaiting, answersTooEarly, noMarks, noMarksWhenMoved, oneStep, copiesOver, copiesTooEarly, copiesOnce, clearsTooEarly, targetNotEmptied, awayIsEmpty, goesOnWithout}
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
