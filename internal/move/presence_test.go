package move

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// tableOf is a Table in memory, for as many processes as a test has.
type tableOf struct {
	mu        sync.Mutex
	instances map[int64]Instance
	moves     map[string]Row
	err       error
	asked     int
	order     []string
	held      chan struct{} // not nil: Moves waits for it
	file      bool          // of SQLite
}

func newTable() *tableOf {
	return &tableOf{instances: make(map[int64]Instance), moves: make(map[string]Row)}
}

func (m *tableOf) SaveInstance(_ context.Context, r Instance) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.order = append(m.order, "save")
	if m.err == nil {
		m.instances[r.ID] = r
	}
	return m.err
}

func (m *tableOf) Instances(context.Context) ([]Instance, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []Instance
	for _, r := range m.instances {
		list = append(list, r)
	}
	return list, m.err
}

func (m *tableOf) DeleteInstance(_ context.Context, id int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.instances, id)
	return m.err
}

func (m *tableOf) DeleteOldInstances(_ context.Context, own int64, alone bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if alone && m.file {
		maps.DeleteFunc(m.instances, func(id int64, _ Instance) bool { return id != own })
	}
	return nil
}

func (m *tableOf) Moves(context.Context) ([]Row, error) {
	m.mu.Lock()
	held := m.held
	m.asked++
	m.order = append(m.order, "ask")
	m.mu.Unlock()
	if held != nil {
		<-held
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []Row
	for _, r := range m.moves {
		list = append(list, r)
	}
	return list, m.err
}

func (m *tableOf) set(r Row) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r.Part = "sessions"
	m.moves["sessions"] = r
}

func (m *tableOf) answerOf(t *testing.T, id int64) int64 {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	var parts map[string]int64
	if err := json.Unmarshal([]byte(m.instances[id].Parts), &parts); err != nil {
		t.Fatal(err)
	}
	return parts["sessions"]
}

// testClock is a clock that a test turns.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// newProcess makes one that keeps sessions in a and may move them to b.
func newProcess(m *tableOf, id int64, next string) (*Presence, *Part, *testClock) {
	clock := &testClock{now: time.Unix(1_800_000_000, 0)}
	p := NewPresence(PresenceOptions{Table: m, ID: id, Host: "h", Program: "1", Every: time.Minute, Now: clock.Now})
	return p, p.AddPart("sessions", "a", "SESSION_NEXT", next), clock
}

func mustBegin(t *testing.T, part *Part) (Route, func()) {
	t.Helper()
	route, done, err := part.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return route, done
}

// A process without another place asks once, whatever time passes.
func TestASiteThatDoesNotMoveAsksOnce(t *testing.T) {
	m := newTable()
	p, part, clock := newProcess(m, 1, "")
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		clock.add(time.Hour)
		if route, done := mustBegin(t, part); route != (Route{PhaseStill, "a", "a"}) {
			t.Errorf("route %+v", route)
		} else {
			done()
		}
		if err := p.refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if m.asked != 1 {
		t.Errorf("asked %d times", m.asked)
	}
}

// It is listed before it asks; it asks anew where the answer is older than the lease; without an answer nothing begins.
func TestALeaseEnds(t *testing.T) {
	m := newTable()
	p, part, clock := newProcess(m, 1, "b")
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(m.order, " "); got != "save ask" {
		t.Errorf("order %q", got)
	}
	mustBegin(t, part)
	m.set(Row{Phase: "reading", Step: 1, Source: "a", Target: "b"})
	clock.add(Lease - time.Second)
	if route, _ := mustBegin(t, part); route.Phase != PhaseStill || m.asked != 1 {
		t.Errorf("within the lease: %+v, asked %d times", route, m.asked)
	}
	clock.add(time.Second)
	if route, _ := mustBegin(t, part); route != (Route{PhaseReading, "a", "b"}) || m.asked != 2 {
		t.Errorf("after the lease: %+v, asked %d times", route, m.asked)
	}
	clock.add(Lease)
	m.err = errors.New("away")
	if _, _, err := part.Begin(t.Context()); err == nil {
		t.Error("an operation begins without a lease")
	}
}

// All who wait share one question.
func TestOneAsksForAll(t *testing.T) {
	m := newTable()
	p, part, clock := newProcess(m, 1, "b")
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	clock.add(Lease)
	held := make(chan struct{})
	m.mu.Lock()
	m.held = held
	m.mu.Unlock()
	var all sync.WaitGroup
	waiting := make(chan struct{}, 20)
	for range 20 {
		all.Go(func() {
			waiting <- struct{}{}
			if _, _, err := part.Begin(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	for range 20 {
		<-waiting
	}
	close(held)
	all.Wait()
	if m.asked > 3 { // a straggler may come after the answer's lease was taken, but never one each
		t.Errorf("asked %d times", m.asked)
	}
}

// A step is answered once nothing goes by an older one, and told without waiting for the next turn.
func TestAnAnswerWaitsForOperations(t *testing.T) {
	m := newTable()
	p, part, _ := newProcess(m, 1, "b")
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	refresh := func() {
		t.Helper()
		if err := p.refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	m.set(Row{Phase: "reading", Step: 1, Source: "a", Target: "b"})
	refresh() // reads it
	refresh() // tells
	if got := m.answerOf(t, 1); got != 1 {
		t.Errorf("answers %d, want 1", got)
	}
	_, done := mustBegin(t, part)
	m.set(Row{Phase: "writing", Step: 2, Source: "a", Target: "b"})
	refresh()
	refresh()
	if got := m.answerOf(t, 1); got != 1 {
		t.Errorf("answers %d with an operation of step 1 under way", got)
	}
	select {
	case <-p.kick:
	default:
	}
	done()
	select {
	case <-p.kick:
	default:
		t.Error("the end of the operation is not told soon")
	}
	refresh()
	if got := m.answerOf(t, 1); got != 2 {
		t.Errorf("answers %d, want 2", got)
	}
	// A replica that is late takes nothing back.
	m.set(Row{Phase: "reading", Step: 1, Source: "a", Target: "b"})
	refresh()
	if route, _ := mustBegin(t, part); route.Phase != PhaseWriting {
		t.Errorf("went back to %s", route.Phase)
	}
	// Of places that it does not have, it says nothing and does nothing.
	m.set(Row{Phase: "reading", Step: 3, Source: "a", Target: "c"})
	refresh()
	refresh()
	if _, _, err := part.Begin(t.Context()); !errors.Is(err, ErrElsewhere) {
		t.Errorf("%v", err)
	}
	if got := m.answerOf(t, 1); got != 0 {
		t.Errorf("answers %d about a place that it does not have", got)
	}
}

// R40: who may start, and with which place in charge.
func TestTheBootRule(t *testing.T) {
	row := func(phase Phase) *Row {
		return &Row{Part: "sessions", Phase: string(phase), Source: "a", Target: "b"}
	}
	for _, c := range []struct {
		row       *Row
		own, next string
		charge    string // "": refuses
		says      string // in the refusal or the notice
	}{
		{nil, "a", "", "a", ""},
		{nil, "a", "b", "a", ""},
		{row(PhaseReading), "a", "b", "a", ""},
		{row(PhaseReading), "a", "", "", "on their way from a to b"},
		{row(PhaseReading), "a", "c", "", "on their way from a to b"},
		{row(PhaseReading), "b", "a", "a", ""},
		{row(PhaseWriting), "a", "b", "a", ""},
		{row(PhaseWriting), "b", "", "", "on their way"},
		{row(PhaseMoved), "a", "b", "b", "SESSION_NEXT names"},
		{row(PhaseMoved), "b", "a", "b", ""},
		{row(PhaseMoved), "b", "", "b", ""},
		{row(PhaseMoved), "a", "", "", "on their way from a to b"},
		{row(PhaseFinished), "b", "", "b", ""},
		{row(PhaseFinished), "b", "c", "b", ""},
		{row(PhaseFinished), "a", "b", "b", "make it the setting"},
		{row(PhaseFinished), "a", "", "", "are in b, not in a"},
		{row(PhaseFinished), "a", "c", "", "are in b, not in a"},
		{row(PhaseAborting), "a", "b", "a", ""},
		{row(PhaseAborting), "a", "", "", "on their way"},
		{row(PhaseAborted), "a", "", "a", ""},
		{row(PhaseAborted), "a", "b", "a", ""},
		{row(PhaseAborted), "b", "", "", "are in a, not in b"},
	} {
		got, err := Choose(c.row, c.own, "SESSION_NEXT", c.next)
		said := got.Notice
		if err != nil {
			said = err.Error()
		}
		if got.InCharge != c.charge || !strings.Contains(said, c.says) || c.says == "" && said != "" {
			t.Errorf("%+v own %s next %q: serves %q, says %q", c.row, c.own, c.next, got.InCharge, said)
		}
	}
}

func TestCompare(t *testing.T) {
	one := func(host, program, facts string) Instance {
		return Instance{Host: host, Program: program, Facts: facts}
	}
	parts := map[string]string{"sessions": "SESSION_NEXT"}
	for _, c := range []struct {
		name string
		list []Instance
		want string // of the only difference; "": none
		not  string
	}{
		{"alike", []Instance{one("a", "1", `{"key":"x","sessions":"s","sessions.own":"s"}`), one("b", "1", `{"key":"x","sessions":"s","sessions.own":"s"}`)}, "", ""},
		{"alone", []Instance{one("a", "1", `{"key":"x"}`)}, "", ""},
		{"keys", []Instance{one("a", "1", `{"key":"x"}`), one("b", "1", `{"key":"y"}`), one("c", "1", `{"key":"x"}`)}, "a and b sign with different keys", "c"},
		{"a key that rotates", []Instance{one("a", "1", `{"key":"y,x"}`), one("b", "1", `{"key":"x,y"}`)}, "", ""},
		{"a key that the other does not take yet", []Instance{one("a", "1", `{"key":"y,x"}`), one("b", "1", `{"key":"x"}`)}, "a and b sign with different keys", ""},
		{"releases", []Instance{one("a", "1", `{}`), one("b", "2", `{}`)}, "a runs 1, b runs 2", ""},
		{"places", []Instance{one("a", "1", `{"sessions":"s"}`), one("b", "1", `{"sessions":"t"}`)}, "the sessions are in different places for a / b", "SESSION_NEXT"},
		{"next", []Instance{one("a", "1", `{"sessions":"s","sessions.own":"s","sessions.next":"t"}`), one("b", "1", `{"sessions":"s","sessions.own":"s"}`)}, "SESSION_NEXT is not the same for a / b", ""},
		{"the new setting is the old one's next", []Instance{one("a", "1", `{"sessions":"t","sessions.own":"s","sessions.next":"t"}`), one("b", "1", `{"sessions":"t","sessions.own":"t","sessions.next":"s"}`)}, "", ""},
	} {
		got := Compare(c.list, parts)
		switch {
		case c.want == "" && len(got) > 0, c.want != "" && len(got) != 1:
			t.Errorf("%s: %+v", c.name, got)
		case c.want != "" && (!strings.Contains(got[0].Text, c.want) || c.not != "" && strings.Contains(got[0].Text, c.not)):
			t.Errorf("%s: %q", c.name, got[0].Text)
		}
	}
}

func TestLongestWriteWait(t *testing.T) {
	list := []Instance{{Host: "a", Facts: `{"write wait":"12"}`}, {Host: "b", Facts: `{"write wait":"340"}`}, {Host: "c", Facts: `{"write wait":"many"}`}, {Host: "d", Facts: `{}`}, {Host: "e"}}
	if longest, host := LongestWriteWait(list); longest != 340*time.Millisecond || host != "b" {
		t.Errorf("%s %s", longest, host)
	}
	if longest, host := LongestWriteWait(list[2:]); longest != 0 || host != "" {
		t.Errorf("%s %s", longest, host)
	}
}

// What is to be told soon is told although a writing is under way that began before.
func TestWhatChangesDuringABeatIsTold(t *testing.T) {
	m := newTable()
	m.held = make(chan struct{})
	var fact atomic.Value
	fact.Store("before")
	p := NewPresence(PresenceOptions{Table: m, ID: 1, Every: time.Hour, Facts: func() map[string]string { return map[string]string{"fact": fact.Load().(string)} }})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { _ = p.refresh(ctx) })
	until := func(what string, done func() bool) {
		t.Helper()
		for end := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("it never comes that ", what)
			}
		}
	}
	until("it asks", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.asked == 1
	})
	fact.Store("after")
	p.Soon()
	running.Go(func() { _ = p.Run(ctx) })
	until("the kick is taken", func() bool { return len(p.kick) == 0 })
	close(m.held)
	until("it is told", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return strings.Contains(m.instances[1].Facts, "after")
	})
}

// On a file the row of a process that was killed goes at once. That of another one that serves the same file stays, also through the
// hours: a mover has to know of both.
func TestTheRowOfAProcessOnTheSameFile(t *testing.T) {
	for _, beside := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			m := newTable()
			m.file = true
			other := Instance{ID: 1, Host: "another"}
			if err := m.SaveInstance(t.Context(), other); err != nil {
				t.Fatal(err)
			}
			there := func() bool {
				list, err := m.Instances(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return slices.Contains(list, other)
			}
			p := NewPresence(PresenceOptions{Table: m, ID: 2, Every: time.Minute, Beside: beside})
			if err := p.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			if there() != beside {
				t.Errorf("beside %v: it is there %v", beside, there())
			}
			if err := m.SaveInstance(t.Context(), other); err != nil { // a second one begins
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- p.Run(ctx) }()
			time.Sleep(3 * time.Hour)
			if !there() {
				t.Errorf("beside %v: after hours it is gone", beside)
			}
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}
