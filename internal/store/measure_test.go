package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

func TestMeasures(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		first := store.MeasureRow{At: 900_000, Instance: 7, Host: "b", Facts: `{"cpus":2}`, Figures: `{"v":{"cpu":[0.5]}}`}
		other := store.MeasureRow{At: 900_000, Instance: 3, Host: "a", Facts: "{}", Figures: "{}"}
		later := store.MeasureRow{At: 1_800_000, Instance: 7, Host: "b", Facts: "{}", Figures: "{}"}
		for _, r := range []store.MeasureRow{later, first, other} {
			if err := s.SaveMeasures(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
		first.Host, first.Facts, first.Figures = "c", `{"cpus":4}`, `{"v":{"cpu":[0.5,1]}}`
		if err := s.SaveMeasures(ctx, first); err != nil {
			t.Fatal(err)
		}
		holds := func(since int64, want ...store.MeasureRow) {
			t.Helper()
			if got, err := s.Measures(ctx, since); err != nil || !slices.Equal(got, want) {
				t.Errorf("since %d: %+v %v, want %+v", since, got, err, want)
			}
		}
		holds(0, other, first, later)
		holds(900_001, later)
		if err := s.DeleteOldMeasures(ctx, 1_800_000); err != nil {
			t.Fatal(err)
		}
		holds(0, later)
	})
}

// Statements are counted where they are sent, and by what they do.
func TestStatementCounts(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		reads, writes := s.StatementCounts()
		if _, err := s.Measures(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if r, w := s.StatementCounts(); r != reads+1 || w != writes {
			t.Errorf("after a read: %d and %d, from %d and %d", r, w, reads, writes)
		}
		if err := s.DeleteOldMeasures(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if r, w := s.StatementCounts(); r != reads+1 || w != writes+1 {
			t.Errorf("after a write: %d and %d, from %d and %d", r, w, reads, writes)
		}
	})
}
