package store_test

import (
	"testing"
	"time"

	"tintype/internal/store"
)

// Each change of the schema has every connection of a site on SQLite read it all anew, and people wait for that. So a move's
// triggers come and go together there: nobody ever sees some of them.
func TestTriggersComeTogetherOnSQLite(t *testing.T) {
	s := newSite(t, "sqlite")
	if err := s.place.MakeGate(t.Context()); err != nil {
		t.Fatal(err)
	}
	move := store.PlaceMove{ID: "one", Peer: "elsewhere", Logs: true}
	if ok, err := s.place.SetMove(t.Context(), store.PlaceMove{}, move, store.GateOpen, store.GateOpen); err != nil || !ok {
		t.Fatal(ok, err)
	}
	all := 3 * len(s.place.Tables())
	seen := func(do func() error, from, to int) {
		t.Helper()
		done := make(chan error)
		go func() { done <- do() }()
		for {
			n := s.count(t, "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'move%'")
			if n != from && n != to {
				t.Errorf("%d of %d triggers are there", n, all)
			}
			select {
			case err := <-done:
				if err != nil {
					t.Error(err)
				}
				if n = s.count(t, "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'move%'"); n != to {
					t.Errorf("%d triggers are there in the end, not %d", n, to)
				}
				return
			case <-time.After(time.Millisecond):
			}
		}
	}
	made := func() error {
		ok, err := s.place.MakeTriggersOf(t.Context(), "one")
		if err == nil && !ok {
			t.Error("it takes no part in its move")
		}
		return err
	}
	seen(made, 0, all)
	if ok, err := s.place.SetMove(t.Context(), move, store.PlaceMove{}, store.GateOpen, store.GateOpen); err != nil || !ok {
		t.Fatal(ok, err)
	}
	seen(func() error { return s.place.Strip(t.Context()) }, all, 0)
}
