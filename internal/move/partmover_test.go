package move

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// moverTable is a tableOf whose rows age, by the clock of the test's bubble.
type moverTable struct {
	*tableOf
	written map[string]time.Time
	seen    map[int64]time.Time
}

func newMoverTable() *moverTable {
	return &moverTable{newTable(), make(map[string]time.Time), make(map[int64]time.Time)}
}

func (m *moverTable) CreateMove(_ context.Context, r Row) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.moves[r.Part]; there || m.err != nil {
		return false, m.err
	}
	m.moves[r.Part], m.written[r.Part] = r, time.Now()
	return true, nil
}

func (m *moverTable) ChangeMove(_ context.Context, epoch, step int64, r Row) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if old := m.moves[r.Part]; m.err != nil || old.Epoch != epoch || old.Step != step {
		return false, m.err
	}
	m.moves[r.Part], m.written[r.Part] = r, time.Now()
	return true, nil
}

func (m *moverTable) Moves(context.Context) ([]Row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []Row
	for part, r := range m.moves {
		r.AgeMs = time.Since(m.written[part]).Milliseconds()
		list = append(list, r)
	}
	return list, m.err
}

func (m *moverTable) SaveInstance(ctx context.Context, r Instance) error {
	m.mu.Lock()
	m.seen[r.ID] = time.Now()
	m.mu.Unlock()
	return m.tableOf.SaveInstance(ctx, r)
}

func (m *moverTable) Instances(ctx context.Context) ([]Instance, error) {
	list, err := m.tableOf.Instances(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range list {
		list[i].AgeMs = time.Since(m.seen[list[i].ID]).Milliseconds()
	}
	return list, err
}

func (m *moverTable) row() Row {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.moves["sessions"]
}

// moverOf is a mover that notes what it does.
func moverOf(m *moverTable, name string) (*PartMover, func() string) {
	var mu sync.Mutex
	var did []string
	note := func(what string) {
		mu.Lock()
		did = append(did, what)
		mu.Unlock()
	}
	passes := 0
	return &PartMover{
			Table: m, Part: "sessions", Setting: "SESSION_NEXT", Name: name,
			Work: Work{
				Count: func(context.Context, string) (int64, error) { return 3, nil },
				Empty: func(_ context.Context, _, target string, step func(int64) error) error {
					note("empty " + target)
					return step(0)
				},
				Copy: func(_ context.Context, source, target string, step func(int64) error) (int64, error) {
					note("copy " + source + target + " in " + m.row().Phase)
					passes++
					for range 3 {
						if err := step(1); err != nil {
							return 0, err
						}
					}
					return int64(max(2-passes, 0)), nil
				},
				Finish: func(_ context.Context, source, _ string, step func(int64) error) error {
					note("clean " + source)
					return step(0)
				},
			},
		}, func() string {
			mu.Lock()
			defer mu.Unlock()
			return strings.Join(did, ", ")
		}
}

func always(context.Context) error { return nil }

// serve runs a process of the site until the test's end.
func serve(t *testing.T, m *moverTable, id int64, host, program, next string) (*Part, context.CancelFunc) {
	t.Helper()
	p := NewPresence(PresenceOptions{Table: m, ID: id, Host: host, Program: program, Every: time.Minute})
	part := p.AddPart("sessions", "a", "SESSION_NEXT", next)
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { _ = p.Run(ctx) }()
	return part, cancel
}

func TestAMoveAndItsWayBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMoverTable()
		serve(t, m, 1, "one", "1", "b")
		serve(t, m, 2, "two", "1", "b")
		mover, did := moverOf(m, "me")
		if err := mover.Move(t.Context(), "a", "b", always); err != nil {
			t.Fatal(err)
		}
		if got := did(); got != "empty b, copy ab in writing, copy ab in writing" {
			t.Errorf("did %s", got)
		}
		if r := m.row(); r.Phase != "moved" || InCharge(r) != "b" || r.Mover != "" {
			t.Errorf("%+v", r)
		}
		// Again: there is nothing to do.
		if err := mover.Move(t.Context(), "a", "b", always); err != nil || m.row().Phase != "moved" {
			t.Error(err, m.row())
		}
		back, did := moverOf(m, "me")
		back.Back = true
		if err := back.Move(t.Context(), "b", "a", always); err != nil {
			t.Fatal(err)
		}
		if got := did(); got != "empty a, copy ba in writing, copy ba in writing" {
			t.Errorf("did %s", got)
		}
		if !ParsePartProgress(m.row()).Back {
			t.Error("the row does not say that this was the way back")
		}
		end, _ := moverOf(m, "another")
		end.Work = back.Work
		if err := end.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !ParsePartProgress(m.row()).Back {
			t.Error("the row has forgotten that this was the way back")
		}
		if err := back.Finish(t.Context()); err != nil { // which does nothing
			t.Fatal(err)
		}
		if got := did(); got != "empty a, copy ba in writing, copy ba in writing, clean b" || m.row().Phase != "finished" || InCharge(m.row()) != "a" {
			t.Errorf("did %s, %+v", got, m.row())
		}
	})
}

// No phase begins before every process goes by the one before: one that is busy is waited for, and so is one that is
// silent, until nothing of it can be left.
func TestAMoverWaitsForEveryProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMoverTable()
		part, _ := serve(t, m, 1, "busy", "1", "b")
		_, die := serve(t, m, 2, "silent", "1", "b")
		_, done, err := part.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		die()
		mover, _ := moverOf(m, "me")
		ended := make(chan error, 1)
		go func() { ended <- mover.Move(t.Context(), "a", "b", always) }()
		time.Sleep(GoneAfter - time.Second)
		if r := m.row(); r.Phase != "reading" || !slices.Equal(ParsePartProgress(r).Waits, []string{"busy", "silent"}) && !slices.Equal(ParsePartProgress(r).Waits, []string{"silent", "busy"}) {
			t.Errorf("%+v", r)
		}
		time.Sleep(GoneAfter)
		if r := m.row(); r.Phase != "reading" || !slices.Equal(ParsePartProgress(r).Waits, []string{"busy"}) {
			t.Errorf("the silent one is gone: %+v", r)
		}
		done()
		if err := <-ended; err != nil || m.row().Phase != "moved" {
			t.Error(err, m.row())
		}
	})
}

// A target that is away half-way is waited for before anybody needs it, if not everything stays in the source.
func TestAMoverWaitsForTheTarget(t *testing.T) {
	for _, whole := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			m := newMoverTable()
			serve(t, m, 1, "one", "1", "b")
			mover, did := moverOf(m, "me")
			mover.Work.SourceWhole = whole
			var away atomic.Bool
			mover.Work.Count = func(_ context.Context, place string) (int64, error) {
				if place == "b" && away.Load() {
					return 0, errAway
				}
				return 3, nil
			}
			ended := make(chan error, 1)
			away.Store(true) // since it was emptied
			go func() { ended <- mover.Move(t.Context(), "a", "b", always) }()
			time.Sleep(5 * time.Minute)
			if r := m.row(); !whole && (r.Phase != "reading" || ParsePartProgress(r).Note != errAway.Error() || did() != "empty b") {
				t.Errorf("%+v, did %s", r, did())
			}
			away.Store(false)
			if err := <-ended; err != nil || m.row().Phase != "moved" {
				t.Error(err, m.row())
			}
		})
	}
}

// R42: a move does not begin while processes differ, or one lacks a place.
func TestAMoveDoesNotBeginWhileProcessesDiffer(t *testing.T) {
	for name, c := range map[string]struct {
		program, next, facts string
		want                 string
	}{
		"an older release": {"0.9", "b", "", "two runs 0.9"},
		"no other place":   {"1", "", "", "two does not have both a and b: restart it with SESSION_NEXT"},
		"another place":    {"1", "c", "", "two does not have both a and b"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMoverTable()
				serve(t, m, 1, "one", "1", "b")
				serve(t, m, 2, "two", c.program, c.next)
				mover, did := moverOf(m, "me")
				err := mover.Move(t.Context(), "a", "b", func(ctx context.Context) error { return mover.Examine(ctx, "a", "b") })
				if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "one does not") {
					t.Errorf("%v", err)
				}
				if did() != "" || Phase(m.row().Phase).UnderWay() {
					t.Errorf("did %s: %+v", did(), m.row())
				}
			})
		})
	}
	// One that died without a word is waited for, not refused.
	synctest.Test(t, func(t *testing.T) {
		m := newMoverTable()
		serve(t, m, 1, "one", "1", "b")
		facts, _ := json.Marshal(map[string]string{"sessions.own": Fingerprint("a")})
		if err := m.SaveInstance(t.Context(), Instance{ID: 2, Host: "dead", Program: "1", EveryMs: 10_000, Facts: string(facts), Parts: "{}"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(15 * time.Second)
		mover, _ := moverOf(m, "me")
		if err := mover.Examine(t.Context(), "a", "b"); err != nil {
			t.Error(err)
		}
	})
}

// A row without places is one that the site's move to another database made a moment ago: what it lacks comes with the next
// beat.
func TestAMoveWaitsForWhatAProcessHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMoverTable()
		serve(t, m, 1, "one", "1", "b")
		say := func(facts map[string]string) {
			text, _ := json.Marshal(facts)
			if err := m.SaveInstance(t.Context(), Instance{ID: 2, Host: "two", Program: "1", EveryMs: 10_000, Facts: string(text), Parts: "{}"}); err != nil {
				t.Error(err)
			}
		}
		say(map[string]string{DatabaseFact: "x"})
		told := make(chan struct{})
		go func() {
			defer close(told)
			time.Sleep(5 * time.Second)
			say(map[string]string{"sessions.own": Fingerprint("a"), "sessions.next": Fingerprint("b")})
		}()
		mover, _ := moverOf(m, "me")
		if err := mover.Examine(t.Context(), "a", "b"); err != nil {
			t.Error(err)
		}
		<-told
	})
}

// A second mover is told of the first. One that is silent is replaced, and can do nothing when it wakes.
func TestOneMoverAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMoverTable()
		first, _ := moverOf(m, "first")
		link := &awayTable{moverTable: m}
		first.Table = link
		work := make(chan struct{})
		first.Work.Copy = func(ctx context.Context, _, _ string, step func(int64) error) (int64, error) {
			for {
				select {
				case <-work:
					return 0, nil
				case <-time.After(time.Second):
					if err := step(1); err != nil {
						return 0, err
					}
				}
			}
		}
		ended := make(chan error, 1)
		go func() { ended <- first.Move(t.Context(), "a", "b", always) }()
		time.Sleep(20 * time.Second)
		second, did := moverOf(m, "second")
		if err := second.Move(t.Context(), "a", "b", always); err == nil || !strings.Contains(err.Error(), "first is moving the sessions") {
			t.Errorf("%v", err)
		}
		if did() != "" {
			t.Errorf("the second did %s", did())
		}
		// The first hangs: from its view the database does not answer, while the second reaches it.
		link.away.Store(true)
		time.Sleep(moverSilent)
		if err := second.Move(t.Context(), "a", "b", always); err != nil || m.row().Phase != "moved" {
			t.Errorf("%v %+v", err, m.row())
		}
		link.away.Store(false)
		if err := <-ended; !errors.Is(err, ErrTakenOver) {
			t.Errorf("the first ended with %v", err)
		}
		if r := m.row(); r.Phase != "moved" || InCharge(r) != "b" {
			t.Errorf("%+v", r)
		}
	})
}

// slowTable has something happen between its first answer and whoever asked.
type slowTable struct {
	*moverTable
	once      sync.Once
	meanwhile func()
}

func (t *slowTable) Moves(ctx context.Context) ([]Row, error) {
	rows, err := t.moverTable.Moves(ctx)
	t.once.Do(t.meanwhile)
	return rows, err
}

// A mover that is stopped after it has looked, and wakes after another one has done all the work, empties nothing and
// puts no place in charge that was left.
func TestAMoverDecidesByTheRowThatItHolds(t *testing.T) {
	for name, before := range map[string]*Row{
		"the first move":   nil,
		"a move back":      {Phase: "finished", Step: 7, Epoch: 3, Source: "b", Target: "a"},
		"one that goes on": {Phase: "reading", Step: 7, Epoch: 3, Source: "a", Target: "b"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMoverTable()
				if before != nil {
					m.set(*before)
				}
				late, did := moverOf(m, "late")
				late.Table = &slowTable{moverTable: m, meanwhile: func() {
					quick, _ := moverOf(m, "quick")
					if err := errors.Join(quick.Move(t.Context(), "a", "b", always), quick.Finish(t.Context())); err != nil {
						t.Error(err)
					}
				}}
				err := late.Move(t.Context(), "a", "b", always)
				if err == nil || !strings.Contains(err.Error(), "are in b, not in a") || did() != "" {
					t.Errorf("%v, did %q", err, did())
				}
				if r := m.row(); r.Phase != "finished" || InCharge(r) != "b" || r.Mover != "" {
					t.Errorf("%+v", r)
				}
			})
		})
	}
}

// awayTable is a table that may not answer.
type awayTable struct {
	*moverTable
	away atomic.Bool
}

var errAway = errors.New("away")

func (t *awayTable) Moves(ctx context.Context) ([]Row, error) {
	if t.away.Load() {
		return nil, errAway
	}
	return t.moverTable.Moves(ctx)
}

func (t *awayTable) ChangeMove(ctx context.Context, epoch, step int64, r Row) (bool, error) {
	if t.away.Load() {
		return false, errAway
	}
	return t.moverTable.ChangeMove(ctx, epoch, step, r)
}

// From reading a move is taken back at once; from writing it goes on and then back, as people have logged in there.
func TestAMoveIsTakenBack(t *testing.T) {
	for _, phase := range []Phase{PhaseReading, PhaseWriting, PhaseAborting} {
		t.Run(string(phase), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMoverTable()
				m.set(Row{Part: "sessions", Phase: string(phase), Step: 5, Epoch: 2, Source: "a", Target: "b"})
				serve(t, m, 1, "one", "1", "b")
				mover, did := moverOf(m, "me")
				if err := mover.Abort(t.Context(), always); err != nil {
					t.Fatal(err)
				}
				if InCharge(m.row()) != "a" {
					t.Errorf("%+v", m.row())
				}
				want := "empty b"
				if phase == PhaseWriting {
					want = "copy ab in writing, copy ab in writing, empty a, copy ba in writing"
				}
				if got := did(); got != want {
					t.Errorf("did %q, want %q", got, want)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		m := newMoverTable()
		mover, _ := moverOf(m, "me")
		if err := mover.Abort(t.Context(), always); err == nil {
			t.Error("there was no move")
		}
		m.set(Row{Phase: "moved", Step: 5, Source: "a", Target: "b"})
		if err := mover.Abort(t.Context(), always); err == nil || !strings.Contains(err.Error(), "move back") {
			t.Error(err)
		}
	})
}

// What was left by the last move may be emptied; what somebody else has there may not, unless it is named.
func TestTheTargetIsEmptyOrOurs(t *testing.T) {
	for _, c := range []struct {
		row   *Row
		holds int64
		empty string
		ok    bool
	}{
		{nil, 0, "", true},
		{nil, 3, "", false},
		{nil, 3, "a", false},
		{nil, 3, "b", true},
		{&Row{Phase: "finished", Step: 9, Source: "b", Target: "a"}, 3, "", true},
		{&Row{Phase: "moved", Step: 9, Source: "b", Target: "a"}, 3, "", true},
		{&Row{Phase: "aborted", Step: 9, Source: "a", Target: "b"}, 3, "", true},
		{&Row{Phase: "aborted", Step: 1, Source: "a", Target: "b"}, 3, "", false}, // it has not begun
		{&Row{Phase: "finished", Step: 9, Source: "c", Target: "a"}, 3, "", false},
	} {
		m := newMoverTable()
		if c.row != nil {
			m.set(*c.row)
		}
		mover, _ := moverOf(m, "me")
		p := &Plan{Mover: mover, Own: "a", Next: "b", What: "sessions", Occupied: func(context.Context, string) (int64, error) { return c.holds, nil }}
		if err := p.Ready(t.Context(), "a", "b", c.empty); (err == nil) != c.ok || err != nil && !strings.Contains(err.Error(), "--empty=b") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
