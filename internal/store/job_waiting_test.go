package store_test

import (
	"context"
	"testing"
	"time"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// How long a job has waited is counted from when it was made, or from when it is due if that is later.
func TestHowLongJobsWait(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		ctx := testContext(t)
		const minute, hour = 60_000, 60 * 60_000
		between := func(what string, least, most store.Millis) {
			t.Helper()
			w, err := s.WaitingJobs(ctx)
			if err != nil || w.Ready != 1 || w.OldestReady < least || w.OldestReady > most {
				t.Errorf("%s: %+v, %v", what, w, err)
			}
		}
		if err := s.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return tx.AddJob(ctx, "probe", nil, 0) }); err != nil {
			t.Fatal(err)
		}
		between("to run at once", 0, hour)
		if _, err := s.SQL().ExecContext(ctx, "UPDATE jobs SET created_at = created_at - ?, run_at = run_at - ?", 3*hour, 3*hour); err != nil {
			t.Fatal(err)
		}
		between("made three hours ago", 3*hour, 4*hour)
		if _, err := s.SQL().ExecContext(ctx, "UPDATE jobs SET run_at = created_at + ?", 3*hour-10*minute); err != nil {
			t.Fatal(err)
		}
		between("due for ten minutes", 10*minute, 2*hour)
	})
}

// A job that failed once, and is due again, runs before one that came later, however many of those come.
func TestRetriesHaveTheirTurn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		ctx := testContext(t)
		kinds := []string{"probe"}
		add := func(name string) {
			t.Helper()
			if err := s.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return tx.AddJob(ctx, "probe", name, 0) }); err != nil {
				t.Fatal(err)
			}
		}
		claim := func(token string) store.Job {
			t.Helper()
			jobs, err := s.ClaimJobs(ctx, kinds, 1, token, time.Minute)
			if err != nil || len(jobs) != 1 {
				t.Fatalf("%+v, %v", jobs, err)
			}
			return jobs[0]
		}
		add("first")
		first := claim("one")
		if err := s.FailJob(ctx, first.ID, "one", "it does not work", time.Millisecond); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
		add("second")
		if next := claim("two"); next.ID != first.ID {
			t.Errorf("the job that came later runs first: %s", next.Payload)
		}
		// One that is tried again by hand waits for its turn like one that is new.
		if err := s.FailJob(ctx, first.ID, "two", "it does not work", time.Hour); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
		if err := s.RetryJob(ctx, first.ID); err != nil {
			t.Fatal(err)
		}
		if next := claim("three"); string(next.Payload) != `"second"` {
			t.Errorf("the job that was retried by hand runs first: %s", next.Payload)
		}
		if next := claim("four"); next.ID != first.ID {
			t.Errorf("%s", next.Payload)
		}
		if err := s.AddTick(ctx, "tick", time.Hour); err != nil {
			t.Fatal(err)
		}
		if ticks, err := s.ClaimJobs(ctx, []string{"tick"}, 1, "five", time.Minute); err != nil || len(ticks) != 1 || ticks[0].RunAt == 0 {
			t.Errorf("%+v, %v", ticks, err)
		}
	})
}
