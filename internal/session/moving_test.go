package session_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"tintype/internal/session"
	"tintype/internal/session/sessiontest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// moved is a Backend over two places in a phase that does not change.
func moved(phase session.Phase, source, target session.Movable) *session.Moving {
	return session.NewMoving(func(context.Context) (session.Route, func(), error) {
		return session.Route{Phase: phase, Source: source, Target: target}, func() {}, nil
	}, nil)
}

// In each phase two places together are a Backend like any other: SQL and DynamoDB, either way.
func TestMovingIsABackend(t *testing.T) {
	m := newMinidyn(t)
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		for phase, name := range map[session.Phase]string{session.Reading: "reading", session.Writing: "writing", session.Moved: "moved"} {
			for _, up := range []bool{true, false} {
				t.Run(fmt.Sprint(name, " up ", up), func(t *testing.T) {
					sessiontest.Run(t, func(t *testing.T) sessiontest.Backend {
						b := sessiontest.Backend{Anna: 1, Berta: 2}
						source, target := session.Movable(sqlPlace(t, open(t))), session.Movable(newTable(t, awsConfig(m.URL)))
						if !up {
							source, target = target, source
						}
						b.Backend = moved(phase, source, target)
						return b
					})
				})
			}
		}
	})
}

// sqlPlace is the sessions of a database that has the accounts 1 and 2.
func sqlPlace(t *testing.T, s *store.Store) *session.SQL {
	t.Helper()
	for id, name := range map[int64]string{1: "anna", 2: "berta"} {
		if err := s.CreateAccount(t.Context(), &store.Account{ID: id, Username: name, Role: store.RoleMember}); err != nil {
			t.Fatal(err)
		}
	}
	return session.NewSQL(s)
}

// A session whose account is gone is left behind, and so is one that is long over, and the mark of an end.
func TestACopyLeavesBehindWhatIsOver(t *testing.T) {
	m := newMinidyn(t)
	storetest.Each(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		source, target := newTable(t, awsConfig(m.URL)), sqlPlace(t, open(t))
		now := time.Now()
		put := func(account int64, hash string, epoch int, expires time.Time) {
			t.Helper()
			must(t, source.Put(t.Context(), &session.Record{AccountID: account, Hash: hash, Epoch: epoch, CreatedAt: now.Add(-48 * time.Hour), UsedAt: now, ExpiresAt: expires}))
		}
		for i := range 30 {
			put(1, fmt.Sprint("good", i), 0, now.Add(time.Hour))
		}
		put(1, "over", 0, now.Add(-2*time.Hour))
		put(1, "ended", -1, now.Add(time.Hour))
		put(77, "nobody", 0, now.Add(time.Hour))
		for pass, want := range []int{30, 0} {
			added, seen := 0, 0
			must(t, session.CopyAll(t.Context(), source, target, 1, func(one bool) error {
				seen++
				if one {
					added++
				}
				return nil
			}))
			if added != want || seen != 33 {
				t.Errorf("pass %d added %d of %d, want %d", pass+1, added, seen, want)
			}
		}
		if list, err := target.List(t.Context(), 1); err != nil || len(list) != 30 {
			t.Errorf("%d sessions, %v", len(list), err)
		}
		// Several at once do the same, and an error ends them all.
		must(t, session.Clear(t.Context(), target, 4, func(*session.Record) bool { return true }, func() error { return nil }))
		must(t, session.CopyAll(t.Context(), source, target, 4, func(bool) error { return nil }))
		if list, err := target.List(t.Context(), 1); err != nil || len(list) != 30 {
			t.Errorf("%d sessions, %v", len(list), err)
		}
		stop := errors.New("stop")
		if err := session.CopyAll(t.Context(), source, target, 4, func(bool) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("%v", err)
		}
	})
}

// What a place can do is found through the move: that of the place in charge.
func TestAMoveHidesNoAbility(t *testing.T) {
	table := session.NewDynamo(aws.Config{Region: "eu-central-1"}, "sessions")
	rows := session.NewSQL(nil)
	for _, c := range []struct {
		phase          session.Phase
		source, target session.Movable
		want           bool
	}{
		{session.Alone, table, rows, true},
		{session.Reading, table, rows, true},
		{session.Writing, table, rows, true},
		{session.Moved, table, rows, false},
		{session.Moved, rows, table, true},
		{session.Writing, rows, table, false},
	} {
		found, ok := session.As[session.Inspector](moved(c.phase, c.source, c.target))
		if ok != c.want || ok && found != session.Inspector(table) {
			t.Errorf("%v from %s: %v", c.phase, c.source, ok)
		}
	}
	nowhere := session.NewMoving(func(context.Context) (session.Route, func(), error) { return session.Route{}, nil, errors.New("away") }, nil)
	if _, ok := session.As[session.Inspector](nowhere); ok {
		t.Error("a place that nobody knows has an ability")
	}
}

// Where nobody knows where sessions are, nobody is logged out: that is no answer about a session.
func TestMovingKnowsNothingWithoutARoute(t *testing.T) {
	lost := session.NewMoving(func(context.Context) (session.Route, func(), error) {
		return session.Route{}, nil, errors.New("the database is away")
	}, nil)
	_, err := lost.Get(t.Context(), 1, "a")
	for what, err := range map[string]error{
		"get":  err,
		"put":  lost.Put(t.Context(), &session.Record{}),
		"end":  lost.Delete(t.Context(), 1, "a"),
		"ends": lost.DeleteOthers(t.Context(), 1, ""),
	} {
		if !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// awayPlace does not answer.
type awayPlace struct{ session.Movable }

func (awayPlace) Get(context.Context, int64, string) (*session.Record, error) {
	return nil, session.ErrUnavailable
}
func (awayPlace) Put(context.Context, *session.Record) error { return session.ErrUnavailable }
func (awayPlace) List(context.Context, int64) ([]*session.Record, error) {
	return nil, session.ErrUnavailable
}

// While the source is in charge the target may be away: who is logged in stays so, and others log in. What needs the
// target, as a log-out does, is not answered as if it had been done.
func TestMovingWithTheTargetAway(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		source := sqlPlace(t, open(t))
		now := time.Now()
		for _, r := range []*session.Record{
			{AccountID: 1, Hash: "in", CreatedAt: now, UsedAt: now, ExpiresAt: now.Add(time.Hour)},
			{AccountID: 1, Hash: "over", CreatedAt: now, UsedAt: now, ExpiresAt: now.Add(-time.Hour)},
			{AccountID: 1, Hash: "ended", Epoch: -1, CreatedAt: now, UsedAt: now, ExpiresAt: now.Add(time.Hour)},
		} {
			must(t, source.Put(t.Context(), r))
		}
		reading, writing := moved(session.Reading, source, awayPlace{}), moved(session.Writing, source, awayPlace{})
		must(t, reading.Put(t.Context(), &session.Record{AccountID: 1, Hash: "new", CreatedAt: now, UsedAt: now, ExpiresAt: now.Add(time.Hour)}))
		for hash, want := range map[string]error{
			"in": nil, "new": nil, "ended": session.ErrNone,
			"over": session.ErrUnavailable, // a process that is ahead may have noted a use
			"none": session.ErrUnavailable, // or a log-in
		} {
			if _, err := reading.Get(t.Context(), 1, hash); !errors.Is(err, want) {
				t.Errorf("reading, %s: %v", hash, err)
			}
			// Here a log-out may have left the source alone.
			if _, err := writing.Get(t.Context(), 1, hash); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("writing, %s: %v", hash, err)
			}
		}
		_, list := reading.List(t.Context(), 1)
		for what, err := range map[string]error{"end": reading.Delete(t.Context(), 1, "in"), "ends": reading.DeleteOthers(t.Context(), 1, ""), "list": list} {
			if !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := reading.Get(t.Context(), 1, "in"); err != nil {
			t.Errorf("what was not ended: %v", err)
		}
	})
}
