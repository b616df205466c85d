package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tintype/internal/move"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

// A process proves once for each move that it reaches the place that it does not serve. It never makes that anew: the site may
// have left it.
func TestAProcessProvesItsPlaceOnce(t *testing.T) {
	var files [2]string
	var places [2]*store.Place
	for i := range places {
		files[i] = filepath.Join(t.TempDir(), "tintype.db")
		o := store.Options{URL: func(context.Context) (string, error) { return "sqlite:" + files[i], nil }}
		if err := store.NewMigrator(o).Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		var err error
		if places[i], err = store.OpenPlace(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	if err := move.NewDatabase(move.DatabaseOptions{Source: places[0], Target: places[1]}).Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	f := move.NewProcessFollower(places[0], places[1], store.PlaceAnswer{ID: 1, Host: "web1", Program: "1", Facts: "{}"})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); f.Run(ctx) }()
	defer func() { cancel(); <-ended; places[0].Close() }()
	servertest.Within(t, time.Minute, "the move is known", func() bool {
		s, _ := f.State()
		return s.Gate.Move != ""
	})
	s, _ := f.State()
	away := false
	another := func() *otherPlace {
		return &otherPlace{follower: f, places: places, away: func(next bool) bool { return next && away }}
	}
	o := another()
	if got := o.prove(ctx); got != s.Gate.Move {
		t.Errorf("it proves %q", got)
	}
	if away = true; another().prove(ctx) != "" {
		t.Error("a place that is known to be away is asked")
	}
	if err := errors.Join(places[1].Close(), os.Remove(files[1])); err != nil {
		t.Fatal(err)
	}
	if got := o.prove(ctx); got != s.Gate.Move {
		t.Errorf("it forgets, and proves %q", got)
	}
	if away = false; another().prove(ctx) != "" || !missing(files[1]) {
		t.Error("a file that was removed is made anew")
	}
}
