package community

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"tintype/internal/push"
	"tintype/internal/push/pushtest"
	"tintype/internal/store"
)

// waitingPush is the one job of a push that waits, and its pause to three seconds; nil where there is none.
func (s *pushSite) waitingPush() (*pushJob, time.Duration) {
	s.t.Helper()
	var payload []byte
	var runAt, createdAt int64
	err := s.Store.SQL().QueryRowContext(s.ctx, "SELECT payload, run_at, created_at FROM jobs WHERE kind = 'push' AND state = 'ready'").Scan(&payload, &runAt, &createdAt)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0
	}
	s.must(err)
	arg := new(pushJob)
	s.must(json.Unmarshal(payload, arg))
	return arg, (time.Duration(runAt-createdAt)*time.Millisecond + 2*time.Second).Truncate(3 * time.Second) // the row is written a little later
}

// Messages to a service that answers nothing wait longer each time, and have an end. Where it is this site that has enough under
// way, they wait as long as they may.
func TestPushServicesThatAreSilent(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newPushSite(t, g)
		ann, bob := g.account("ann"), g.account("bob")
		mine := g.post(ann, store.Public, "Harbour")
		d := s.browser(ann, "one")
		key, err := g.PushKey(g.ctx)
		g.must(err)
		send := func(ctx context.Context) error {
			return s.Push.Send(ctx, key, push.Receiver{Endpoint: d.Endpoint, P256dh: d.P256dh, Auth: d.Auth, Standard: true}, push.Message{Payload: []byte("x")})
		}
		deliver := func() {
			t.Helper()
			_, err := s.Store.SQL().ExecContext(s.ctx, "UPDATE jobs SET run_at = 0, attempts = 2 WHERE kind = 'push' AND state = 'ready'")
			s.must(err)
			s.deliver()
		}
		hold, arrived, ended := make(chan struct{}), make(chan struct{}, 10), make(chan error, 10)
		let := sync.OnceFunc(func() { close(hold) })
		defer let()
		s.service.Answer(func(http.ResponseWriter, *pushtest.Device) {
			arrived <- struct{}{}
			<-hold
		})
		ctx, cancel := context.WithCancel(g.ctx)
		defer cancel()
		for range 4 {
			go func() { ended <- send(ctx) }()
			<-arrived
		}
		g.comment(bob, mine.ID, "First")
		deliver()
		arg, pause := s.waitingPush()
		if arg == nil || arg.Busy != 1 || arg.Tried != 2 || pause != pushBusyPause {
			t.Fatalf("%+v waits for %v", arg, pause)
		}
		arg.Busy = 100
		payload, err := json.Marshal(arg)
		g.must(err)
		_, err = s.Store.SQL().ExecContext(s.ctx, "UPDATE jobs SET payload = ? WHERE kind = 'push' AND state = 'ready'", string(payload))
		g.must(err)
		deliver()
		if arg, pause = s.waitingPush(); arg == nil || arg.Busy != 101 || arg.Tried != 4 || pause != pushBusyMost {
			t.Fatalf("%+v waits for %v", arg, pause)
		}
		cancel()
		for range 4 {
			<-ended
		}
		let()
		s.service.Answer(nil)
		deliver()
		if arg, _ = s.waitingPush(); len(d.Got()) != 1 || arg != nil {
			t.Fatalf("%d messages came, and %+v waits", len(d.Got()), arg)
		}
		// Now it answers nothing.
		tried := s.service.Tried()
		g.comment(bob, mine.ID, "Second")
		var waits, last time.Duration
		runs := 0
		for arg, _ = s.waitingPush(); arg != nil; runs++ {
			if runs == 40 {
				t.Fatal("a message to a service that answers nothing is tried for ever")
			}
			for range 5 {
				_ = send(ctx) // which nobody waits for any more
			}
			deliver()
			if arg, pause = s.waitingPush(); pause != 0 && pause < last || pause > pushBusyMost {
				t.Errorf("a pause of %v after one of %v", pause, last)
			}
			waits, last = waits+pause, pause
		}
		if waits < 45*time.Minute || waits > 90*time.Minute || s.service.Tried() != tried {
			t.Errorf("given up after %v and %d tries", waits, s.service.Tried()-tried)
		}
		var failing int
		g.must(g.Store.SQL().QueryRowContext(g.ctx, "SELECT COUNT(*) FROM push_subscriptions WHERE failing_since IS NOT NULL").Scan(&failing))
		if failing != 1 {
			t.Errorf("%d subscriptions are noted as failing", failing)
		}
	})
}

// What was tried before a service was busy counts.
func TestTriesOfAPushAddUp(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newPushSite(t, g)
		ann, bob := g.account("ann"), g.account("bob")
		mine := g.post(ann, store.Public, "Harbour")
		s.browser(ann, "one")
		s.service.Answer(func(w http.ResponseWriter, _ *pushtest.Device) { w.WriteHeader(http.StatusServiceUnavailable) })
		g.comment(bob, mine.ID, "First")
		arg, _ := s.waitingPush()
		arg.Tried = pushAttempts - 2
		payload, err := json.Marshal(arg)
		g.must(err)
		_, err = s.Store.SQL().ExecContext(s.ctx, "UPDATE jobs SET payload = ? WHERE kind = 'push'", string(payload))
		g.must(err)
		s.deliver()
		if arg, _ := s.waitingPush(); s.service.Tried() != 2 || arg != nil {
			t.Errorf("tried %d times, and %+v waits", s.service.Tried(), arg)
		}
	})
}
