package move_test

import (
	"errors"
	"strings"
	"testing"

	"tintype/internal/move"
	"tintype/internal/store"
)

// Photos or sessions may begin to move after the database's checks. Then that does not move: what this run has made goes,
// what a run before has copied stays, and it goes on once they have ended.
func TestTheDatabaseWaitsForParts(t *testing.T) {
	beside(t)
	urls := []string{databaseURL(t, "sqlite"), databaseURL(t, "sqlite")}
	sites := openSites(t, urls)
	a, b := openPlace(t, urls[0]), openPlace(t, urls[1])
	ctx := t.Context()
	part := store.MoveRow{Part: "media", Phase: "reading", Step: 2, Source: "disk:/a", Target: "disk:/b", Progress: "{}"}
	enter := func(phase string) {
		t.Helper()
		before := part
		part.Phase, part.Step = phase, part.Step+1
		if ok, err := sites[0].ChangeMove(ctx, before.Epoch, before.Step, part); err != nil || !ok {
			t.Fatal(ok, err)
		}
	}
	run := func(abandon func(move.Effect) bool) (*move.Database, error) {
		d := move.NewDatabase(move.DatabaseOptions{Source: a, Target: b, Abandon: abandon})
		return d, d.Prepare(ctx)
	}
	refused := func() {
		t.Helper()
		if _, err := run(nil); !errors.Is(err, move.ErrUnfit) || !strings.Contains(err.Error(), "the photos of the site have begun to move") {
			t.Errorf("while photos move: %v", err)
		}
	}
	if found, err := move.CheckDatabase(ctx, a, b, move.CheckOptions{}); err != nil || len(found.Problems) > 0 {
		t.Fatalf("%v: %+v", err, found)
	}
	if err := sites[0].AddJob(ctx, "test", "before", 0); err != nil {
		t.Fatal(err)
	}
	if ok, err := sites[0].CreateMove(ctx, part); err != nil || !ok {
		t.Fatal(ok, err)
	}
	refused()
	nothingLeft(t, a, b)
	if table, err := b.Occupied(ctx); err != nil || table != "" {
		t.Errorf("the target holds %q, %v", table, err)
	}
	if err := errors.Join(sites[0].AddJob(ctx, "test", "after it was refused", 0), sites[0].CheckInCharge(ctx)); err != nil {
		t.Error(err)
	}

	// The same beside what a run before has begun.
	enter("finished")
	d, err := run(func(e move.Effect) bool { return e.Op == move.OpCompare })
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Run(ctx); !errors.Is(err, move.ErrAbandoned) {
		t.Fatal(err)
	}
	begun, err := a.Move(ctx)
	if err != nil {
		t.Fatal(err)
	}
	enter("reading")
	refused()
	if m, err := a.Move(ctx); err != nil || m != begun || !m.Logs {
		t.Errorf("the move that had begun: %+v, %v", m, err)
	}
	if n := jobsIn(t, sites[1]); n != 2 {
		t.Errorf("%d jobs are copied", n)
	}
	enter("finished")
	if d, err = run(nil); err == nil {
		err = d.Run(ctx)
	}
	if err != nil || jobsIn(t, sites[1]) != 2 {
		t.Error(err)
	}
}
