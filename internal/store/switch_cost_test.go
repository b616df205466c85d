package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// What a site asks of its database is the same, statement for statement, whether it cannot move (one database), could
// (two, no move) or has moved and finished. A read pays nothing for moves, nor does a write; while a move is under way a
// write's triggers do their work inside its own statements.
func TestASiteThatDoesNotMovePaysNothing(t *testing.T) {
	for _, kind := range []string{"sqlite", "mariadb", "mysql"} {
		t.Run(kind, func(t *testing.T) { testASiteThatDoesNotMovePaysNothing(t, kind) })
	}
}

func testASiteThatDoesNotMovePaysNothing(t *testing.T, kind string) {
	ctx := testContext(t)
	var seen told
	options := func(url string) store.Options {
		o := storetest.Options(url)
		o.Tracing = seen.tracing()
		return o
	}
	own := placeURL(t, kind)
	if err := store.NewMigrator(storetest.Options(own)).Up(ctx); err != nil {
		t.Fatal(err)
	}
	// statements are those of a read, of a write by one method and of a transaction.
	statements := func(s *store.Store) (texts []string) {
		t.Helper()
		act := func() error {
			_, missing := s.AccountByID(ctx, 1)
			if errors.Is(missing, store.ErrNotFound) {
				missing = nil
			}
			_, pages := s.FeedPhotos(ctx, []*store.Post{{ID: 1}}, nil, false) // which SQLite reads past database/sql
			return errors.Join(missing, pages, s.SetSiteInfo(ctx, "a", "b"), s.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
				_, err := tx.SiteInfo(ctx, "a")
				return errors.Join(err, tx.AddJob(ctx, "probe", nil, 0))
			}))
		}
		if err := act(); err != nil { // the first of a process asks for more
			t.Fatal(err)
		}
		seen.forget()
		if err := act(); err != nil {
			t.Fatal(err)
		}
		seen.mu.Lock()
		defer seen.mu.Unlock()
		for _, st := range seen.list {
			texts = append(texts, st.Text)
		}
		return texts
	}
	alone, err := store.Open(ctx, options(own))
	if err != nil {
		t.Fatal(err)
	}
	want := statements(alone)
	if err := alone.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(want); n < 6 || strings.Contains(strings.Join(want, " "), "move_") {
		t.Fatalf("%d statements: %q", n, want)
	}

	both, err := store.OpenBoth(ctx, options(own), options(storetest.SQLiteURL(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer both.Close()
	both.Serve(store.Serving{Until: time.Now().Add(time.Hour), Writable: true})
	if got := statements(both); !slices.Equal(got, want) {
		t.Errorf("with a place to go to\n%s\nand without\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	// After a move, nothing is left that would cost.
	place := openPlace(t, own)
	if err := errors.Join(place.MakeGate(ctx), place.MakeTriggers(ctx), place.Strip(ctx)); err != nil {
		t.Fatal(err)
	}
	if left, err := place.Remains(ctx); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if got := statements(both); !slices.Equal(got, want) {
		t.Errorf("after a move\n%s\nand before\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
