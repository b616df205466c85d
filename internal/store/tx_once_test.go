package store

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"
)

func TestTxOnceDrawsAnotherIDWhenItsOwnIsTaken(t *testing.T) {
	o := Options{URL: func(context.Context) (string, error) { return "sqlite:" + filepath.Join(t.TempDir(), "t.db"), nil }}
	url, _ := o.URL(t.Context())
	o.URL = func(context.Context) (string, error) { return url, nil }
	if err := NewMigrator(o).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	clock := time.Now()
	s.ids.now = func() time.Time { return clock }
	insert := func(ctx context.Context, db *Store, id int64) error {
		return translate(db.write(ctx).Exec("INSERT INTO jobs (id, kind, payload, state, run_at, error, created_at) VALUES (?, 'x', '', 'ready', 0, '', 0)", id).Error)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Tx(ctx, func(context.Context, *Store) error { return nil }); err != nil { // it knows what stands before taken does
		t.Fatal(err)
	}
	taken := s.NewID() + 1
	if err := insert(ctx, s, taken); err != nil {
		t.Fatal(err)
	}
	runs := 0
	id, err := s.TxOnce(ctx, "jobs", func(ctx context.Context, tx *Store, id int64) error {
		runs++
		return insert(ctx, tx, id)
	})
	if err != nil || id != taken+1 || runs != 2 {
		t.Errorf("id %d after %d runs, %v; %d was taken", id, runs, err, taken)
	}

	// A conflict on another row is the caller's to know.
	_, err = s.TxOnce(ctx, "jobs", func(ctx context.Context, tx *Store, id int64) error { return insert(ctx, tx, taken) })
	if !errors.Is(err, ErrConflict) {
		t.Errorf("conflict elsewhere: %v", err)
	}
}
