package store_test

import (
	"context"
	"testing"
	"time"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

func TestInstances(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		a := store.InstanceRow{ID: 7, Host: "b, process 1", Program: "1.0", Roles: "web", StartedAt: 5, EveryMs: 10_000, Facts: `{"k":"v"}`, Parts: "{}"}
		b := store.InstanceRow{ID: 8, Host: "a, process 2", Program: "1.1", Roles: "worker", StartedAt: 6, EveryMs: 60_000, Facts: "{}", Generation: 1, Watch: 2, Hold: 3, Parts: `{"sessions":4}`}
		must(s.SaveInstance(ctx, a))
		must(s.SaveInstance(ctx, b))
		a.Roles, a.Watch, a.Parts = "web,worker", 9, `{"media":1}`
		must(s.SaveInstance(ctx, a))
		a.Watch = 0 // what it has answered to a move of the database, another method writes
		list, err := s.Instances(ctx)
		must(err)
		if len(list) != 2 {
			t.Fatalf("%+v", list)
		}
		for i := range list {
			if list[i].AgeMs < 0 || list[i].AgeMs > 60_000 {
				t.Errorf("written %d ms ago", list[i].AgeMs)
			}
			list[i].AgeMs = 0
		}
		if list[0] != b || list[1] != a {
			t.Errorf("got %+v", list)
		}
		must(s.DeleteOldInstances(ctx, 7, false))
		list, err = s.Instances(ctx)
		must(err)
		if len(list) != 2 {
			t.Errorf("%d left of those seen just now, beside another process", len(list))
		}
		must(s.DeleteOldInstances(ctx, 7, true))
		list, err = s.Instances(ctx)
		must(err)
		if want := map[string]int{"sqlite": 1, "mysql": 2}[s.Dialect()]; len(list) != want {
			t.Errorf("%d left of those seen just now, want %d", len(list), want)
		}
		must(s.DeleteInstance(ctx, 7))
		must(s.DeleteInstance(ctx, 8))
		must(s.DeleteInstance(ctx, 8))
		if list, err = s.Instances(ctx); err != nil || len(list) != 0 {
			t.Errorf("%+v %v", list, err)
		}
	})
}

func TestMoveRows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		did := func(want bool) func(bool, error) {
			return func(got bool, err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
				if got != want {
					t.Fatalf("done is %v", got)
				}
			}
		}
		row := store.MoveRow{Part: "sessions", Phase: "reading", Step: 1, Source: "sql:", Target: "dynamodb:t", Epoch: 1, Mover: "me", Progress: "{}"}
		did(true)(s.CreateMove(ctx, row))
		did(false)(s.CreateMove(ctx, row))
		other := row
		other.Mover, other.Epoch = "you", 2
		did(false)(s.ChangeMove(ctx, 2, 1, other))
		did(false)(s.ChangeMove(ctx, 1, 2, other))
		did(true)(s.ChangeMove(ctx, 1, 1, other))
		did(false)(s.ChangeMove(ctx, 1, 1, row))
		// The same again: what counts is the row that was found, not whether it changed.
		did(true)(s.ChangeMove(ctx, 2, 1, other))
		list, err := s.Moves(ctx)
		if err != nil || len(list) != 1 || list[0].AgeMs < 0 || list[0].AgeMs > 60_000 {
			t.Fatalf("%+v %v", list, err)
		}
		list[0].AgeMs = 0
		if list[0] != other {
			t.Errorf("got %+v", list[0])
		}
	})
}
