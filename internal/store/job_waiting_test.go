package store_test

import (
	"context"
	"testing"

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
		if _, err := s.SQL().ExecContext(ctx, "UPDATE jobs SET created_at = created_at - ?", 3*hour); err != nil {
			t.Fatal(err)
		}
		between("made three hours ago", 3*hour, 4*hour)
		if _, err := s.SQL().ExecContext(ctx, "UPDATE jobs SET run_at = created_at + ?", 3*hour-10*minute); err != nil {
			t.Fatal(err)
		}
		between("due for ten minutes", 10*minute, 2*hour)
	})
}
