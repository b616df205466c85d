package app

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/command"
	"tintype/internal/move"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// said is what others write meanwhile.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// A release whose schema is newer starts while the database is being moved, and `migrate up` is run: both wait, and say
// for what and how far that is. Once the move is given up the schema changes where the site is; once it is over, in the
// place where the site is then. Who is told to stop, stops.
func TestABootWaitsForTheMove(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		testABootWaitsForTheMove(t, func(t *testing.T, name string) string { return "sqlite:" + filepath.Join(t.TempDir(), name) })
	})
	servertest.OnAnyFlavour(t, func(t *testing.T, f servertest.Flavour) {
		server := f.Server(t)
		if err := server.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
			t.Fatal(err)
		}
		testABootWaitsForTheMove(t, func(t *testing.T, _ string) string { return server.NewDatabase(t) })
	})
}

func testABootWaitsForTheMove(t *testing.T, newURL func(t *testing.T, name string) string) {
	urls := [2]string{newURL(t, "now.db"), newURL(t, "next.db")}
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "DATABASE_URL=" + urls[0], "DATABASE_NEXT=" + urls[1], "MIGRATE=auto", "SECRET_KEY=" + strings.Repeat("k", 32)}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var places [2]*store.Place
	var schemas [2]*store.Migrator
	for i, url := range urls {
		schemas[i] = store.NewMigrator(storetest.Options(url))
		if err := errors.Join(schemas[i].Up(ctx), schemas[i].Down(ctx, 1, true)); err != nil {
			t.Fatal(err)
		}
		p, err := store.OpenPlace(ctx, storetest.Options(url))
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		places[i] = p
	}
	old := func(i int) bool {
		t.Helper()
		st, err := schemas[i].State(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return st.Version < st.Latest
	}
	run := func(abandon func(move.Effect) bool) error {
		d := move.NewDatabase(move.DatabaseOptions{Source: places[0], Target: places[1], Abandon: abandon})
		if err := d.Prepare(ctx); err != nil {
			t.Fatal(err)
		}
		return d.Run(ctx)
	}
	begin := func() {
		t.Helper()
		if err := run(func(e move.Effect) bool { return e.Op == move.OpReadLog }); !errors.Is(err, move.ErrAbandoned) {
			t.Fatal(err)
		}
	}
	boot := func() (stop func(), log *said, wired <-chan error) {
		t.Helper()
		log = new(said)
		a := New(mustLoad(t, env...), slog.New(slog.NewTextHandler(log, nil)), io.Discard)
		if err := a.openSite(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() {
			_, err := a.wire(ctx)
			done <- err
		}()
		servertest.Within(t, time.Minute, "the process waits", func() bool { return strings.Contains(log.String(), "once the move is over") })
		if text := log.String(); !strings.Contains(text, "rows=") || !strings.Contains(text, places[1].Name()) {
			t.Errorf("it does not say how far the move is: %s", text)
		}
		return func() {
			cancel()
			for _, s := range slices.Backward(a.stops) {
				if err := s.stop(context.Background()); err != nil {
					t.Errorf("stop %s: %v", s.name, err)
				}
			}
		}, log, done
	}

	begin()
	stop, _, wired := boot()
	stop()
	if err := <-wired; !errors.Is(err, context.Canceled) || !old(0) {
		t.Errorf("told to stop: %v", err)
	}

	stop, _, wired = boot()
	var out, errs said
	set := map[string]string{}
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		set[name] = value
	}
	migrated := make(chan int, 1)
	go func() {
		migrated <- command.Main(ctx, command.Environment{
			Args: []string{"migrate", "up"}, Environ: env, Stdout: &out, Stderr: &errs,
			Lookup: func(name string) (string, bool) { v, ok := set[name]; return v, ok },
		}, program())
	}()
	servertest.Within(t, time.Minute, "migrate up waits", func() bool { return strings.Contains(errs.String(), "Waits: ") })
	if !old(0) {
		t.Error("the schema has changed during a move")
	}
	if err := move.Abort(ctx, places[0], places[1]); err != nil {
		t.Fatal(err)
	}
	if err := <-wired; err != nil || old(0) || !old(1) {
		t.Errorf("after the abort: %v", err)
	}
	if code := <-migrated; code != 0 || !strings.Contains(out.String(), "The schema is at version") || strings.Count(errs.String(), "Waits: ") != 1 {
		t.Errorf("%d %s%s", code, out.String(), errs.String())
	}
	stop()

	if err := schemas[0].Down(ctx, 1, true); err != nil {
		t.Fatal(err)
	}
	begin()
	stop, log, wired := boot()
	if err := run(nil); err != nil {
		t.Fatal(err)
	}
	if err := <-wired; err != nil || !old(0) || old(1) {
		t.Errorf("after the move: %v", err)
	}
	servertest.Within(t, time.Minute, "the site is in the new place", func() bool { return strings.Contains(log.String(), "the site has moved to DATABASE_NEXT") })
	stop()
}

// A process that starts while another program holds the database's lock, for longer than one try of its own lasts, waits
// for it as it waits for the schema, and does not end.
func TestABootWaitsForALock(t *testing.T) {
	first, _ := wired(t)
	first.close()
	path := first.cfg.Database.Path
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	lock, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if _, err := lock.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	log := new(said)
	a := New(mustLoad(t, "DATA_DIR="+first.cfg.DataDir), slog.New(slog.NewTextHandler(log, nil)), io.Discard)
	if err := a.openSite(); err != nil {
		t.Fatal(err)
	}
	wired := make(chan error, 1)
	go func() {
		_, err := a.wire(ctx)
		wired <- err
	}()
	servertest.Within(t, time.Minute, "the process waits", func() bool { return strings.Contains(log.String(), "waiting for the database") })
	if _, err := lock.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := <-wired; err != nil {
		t.Errorf("after the lock: %v", err)
	}
	for _, s := range slices.Backward(a.stops) {
		if err := s.stop(context.Background()); err != nil {
			t.Errorf("stop %s: %v", s.name, err)
		}
	}
}
