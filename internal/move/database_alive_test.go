package move_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"tintype/internal/move"
	"tintype/internal/servertest"
)

// TestOneMoverOfTheDatabase begins a move while another process is at it: the second one is told who that is and since
// when, and does nothing. The first one goes on. Of one that was stopped nobody knows at once: the second waits until it
// has been silent, and goes on where it was; the first, should it wake, ends.
func TestOneMoverOfTheDatabase(t *testing.T) {
	t.Parallel()
	route := [2]string{"sqlite", "sqlite"}
	if servertest.All() {
		route = [2]string{"mysql", "mariadb"}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	a, b := openPlace(t, databaseURL(t, route[0])), openPlace(t, databaseURL(t, route[1]))
	mover := func(step func(move.Effect)) *move.Database {
		return move.NewDatabase(move.DatabaseOptions{Source: a, Target: b, Abandon: func(e move.Effect) bool {
			step(e)
			return false
		}})
	}
	reached, goOn := make(chan struct{}), make(chan struct{})
	held := false
	first := mover(func(e move.Effect) {
		if !held && e.Op == move.OpReadLog {
			held = true
			close(reached)
			<-goOn
		}
	})
	began := time.Now()
	if err := first.Prepare(ctx); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- first.Run(ctx) }()
	<-reached
	before, err := a.Gate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var work *move.AtWorkError
	second := mover(func(e move.Effect) { t.Errorf("the second does %s", kindOf(e)) })
	if err := second.Prepare(ctx); !errors.As(err, &work) || work.Since.Before(began.Add(-time.Minute)) || work.Since.After(time.Now().Add(time.Minute)) ||
		!strings.Contains(err.Error(), fmt.Sprintf("process %d has been moving the database since %d-", os.Getpid(), began.UTC().Year())) {
		t.Errorf("the second is told %v", err)
	}
	if g, err := a.Gate(ctx); err != nil || g != before {
		t.Errorf("the second has changed the gate: %+v, %v", g, err)
	}
	close(goOn)
	if err := <-ended; err != nil {
		t.Fatalf("the first ends with %v", err)
	}
	if err := move.Finish(ctx, a, b); err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, a, b)

	if err := move.Discard(ctx, a); err != nil {
		t.Fatal(err)
	}
	a, b = b, a
	stopped := mover(func(move.Effect) {})
	if err := stopped.Prepare(ctx); err != nil {
		t.Fatal(err)
	}
	woken := false
	second = mover(func(e move.Effect) {
		if !woken && e.Op == move.OpReadLog {
			woken = true
			if err := stopped.Run(ctx); !errors.Is(err, move.ErrTakenOver) {
				t.Errorf("the one that was stopped ends with %v", err)
			}
		}
	})
	if err := second.Prepare(ctx); err != nil {
		t.Fatal(err)
	}
	if err := second.Run(ctx); err != nil || !woken {
		t.Fatal(err)
	}
	if err := move.Finish(ctx, a, b); err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, a, b)
}

// TestARefusedMoveLeavesNothing begins moves that are refused: neither place keeps anything of them.
func TestARefusedMoveLeavesNothing(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	urls := []string{databaseURL(t, "sqlite"), databaseURL(t, "sqlite")}
	s := startServer(t, 1, urls[0], urls[1])
	if err := s.stores[1].AddJob(ctx, "test", "of another site", 0); err != nil {
		t.Fatal(err)
	}
	a, b := openPlace(t, urls[0]), openPlace(t, urls[1])
	var occupied *move.NotEmptyError
	if err := move.NewDatabase(move.DatabaseOptions{Source: a, Target: b}).Prepare(ctx); !errors.As(err, &occupied) {
		t.Errorf("into another site: %v", err)
	}
	nothingLeft(t, a, b)
	if err := move.NewDatabase(move.DatabaseOptions{Source: a, Target: b, Back: true}).Prepare(ctx); !errors.Is(err, move.ErrUnfit) {
		t.Errorf("back, without having moved: %v", err)
	}
	nothingLeft(t, a, b)
}
