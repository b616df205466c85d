package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// With READ_ONLY nothing is written, in a transaction or without one, and whoever wants to hears that the site can only be
// read.
func TestReadOnlyWritesNothing(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, newURL func(testing.TB) string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		o := storetest.Options(newURL(t))
		if err := store.NewMigrator(o).Up(ctx); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		ann := &store.Account{ID: 1, Username: "ann", Role: store.RoleMember, DefaultVisibility: store.Public, WarnedPhotos: "ask", Theme: "system"}
		if err := s.CreateAccount(ctx, ann); err != nil {
			t.Fatal(err)
		}
		o.ReadOnly = true
		reader, err := store.Open(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		for what, err := range map[string]error{
			"a row":                  reader.SetNote(ctx, 1, ann.ID, 2, "a note", 1),
			"a session's use":        reader.TouchSession(ctx, ann.ID, "hash", 1, 2),
			"a token's use":          reader.TouchToken(ctx, 1, 1, ""),
			"what a member has seen": ignored(reader.MarkNotificationsRead(ctx, ann.ID, 7)),
		} {
			if !errors.Is(err, store.ErrPrimaryAway) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if a, err := reader.AccountByID(ctx, ann.ID); err != nil || a.NotificationsReadID != 0 {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

// ignored is the error of a call, whatever else it returns.
func ignored[T any](_ T, err error) error { return err }

// A file that takes no writes is a site that can only be read, and no fault of the program.
func TestAFileThatTakesNoWrites(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := storetest.SQLite(t)
	if _, err := s.SQL().ExecContext(ctx, "PRAGMA query_only = 1"); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"a write":       ignored(s.MarkNotificationsRead(ctx, 1, 7)),
		"a transaction": s.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return ignored(tx.MarkNotificationsRead(ctx, 1, 7)) }),
	} {
		if !errors.Is(err, store.ErrPrimaryAway) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
