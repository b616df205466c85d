package store

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/budget"
)

// hangReads has the disk under a store's readers hang until release.
func hangReads(t *testing.T, s *Store) (release func()) {
	t.Helper()
	stuck := make(chan struct{})
	disk := s.conn.disk
	gate := func() { <-stuck }
	disk.gate.Store(&gate)
	probe := disk.probe
	disk.probing <- struct{}{} // no probe runs
	disk.probe = func() error { <-stuck; return probe() }
	<-disk.probing
	release = sync.OnceFunc(func() {
		disk.gate.Store(nil)
		close(stuck)
	})
	t.Cleanup(release)
	return release
}

// R44: a disk that hangs costs whoever reads first a second, and whoever comes next nothing. It leaves few calls and
// connections behind, and all is well once it goes on.
func TestReadsFromADiskThatHangs(t *testing.T) {
	s, ctx := readersOf(t, 4)
	page := func(ctx context.Context) error {
		rows, err := s.page(ctx, "SELECT word FROM words WHERE id = 2")
		if err != nil {
			return err
		}
		if !rows.next() || rows.text() != "two words" {
			t.Error("another word")
		}
		return rows.done()
	}
	query := func(ctx context.Context) error {
		rows, err := s.query(ctx, "SELECT word FROM words ORDER BY id")
		if err != nil {
			return err
		}
		n := 0
		for rows.next() {
			n++
		}
		if err := rows.done(); err != nil {
			return err
		}
		if n != 4 {
			t.Errorf("%d words", n)
		}
		return nil
	}
	orm := func(ctx context.Context) error {
		var n int64
		return translate(s.r.WithContext(ctx).Raw("SELECT COUNT(*) FROM words").Scan(&n).Error)
	}
	reads := []func(context.Context) error{page, query, orm}
	for _, read := range reads {
		if err := read(ctx); err != nil {
			t.Fatal(err)
		}
	}
	release := hangReads(t, s)
	goroutines := runtime.NumGoroutine()
	begin := time.Now()
	var wg sync.WaitGroup
	for i := range 60 { // more than there are connections
		wg.Go(func() {
			if err := reads[i%3](budget.Start(ctx, 10*time.Second)); !errors.Is(err, ErrBusy) {
				t.Errorf("while the disk hangs: %v", err)
			}
		})
	}
	wg.Wait()
	if took := time.Since(begin); took > 8*time.Second { // a second, on a machine that does nothing else
		t.Errorf("the first reads took %v", took)
	}
	for range 1000 {
		for _, read := range reads {
			if err := read(ctx); !errors.Is(err, ErrBusy) {
				t.Fatalf("later: %v", err)
			}
		}
	}
	if n, most := s.disk.hung.Load(), s.disk.most; n > most {
		t.Errorf("%d calls hang, want %d at most", n, most)
	}
	if n := runtime.NumGoroutine() - goroutines; n > 40 {
		t.Errorf("%d goroutines more", n)
	}
	release()
	for _, read := range reads {
		for begin := time.Now(); ; {
			err := read(ctx)
			if err == nil {
				break
			}
			if time.Since(begin) > 30*time.Second {
				t.Fatalf("afterwards: %v", err)
			}
			runtime.Gosched()
		}
	}
	for begin := time.Now(); s.disk.hung.Load() != 0; runtime.Gosched() {
		if time.Since(begin) > 30*time.Second {
			t.Fatalf("%d calls never came back", s.disk.hung.Load())
		}
	}
}

// A read that only takes long is waited for: the disk answers.
func TestALongReadIsNoDiskThatHangs(t *testing.T) {
	s, ctx := readersOf(t, 1)
	over := make(chan struct{})
	time.AfterFunc(2*time.Second, func() { close(over) })
	gate := func() { <-over }
	s.disk.gate.Store(&gate)
	rows, err := s.page(budget.Start(ctx, 20*time.Second), "SELECT word FROM words WHERE id = 1")
	if err != nil {
		t.Fatal(err)
	}
	s.disk.gate.Store(nil)
	if !rows.next() || rows.text() != "one" {
		t.Error("another word")
	}
	if err := rows.done(); err != nil {
		t.Error(err)
	}
	if s.disk.hung.Load() != 0 {
		t.Error("it was left behind")
	}
}

// Each call switches goroutines twice, so rows are read many at a time.
func TestRowsAreReadTogether(t *testing.T) {
	s, ctx := readersOf(t, 1)
	if _, err := s.SQL().ExecContext(ctx, "WITH RECURSIVE n(i) AS (SELECT 4 UNION ALL SELECT i + 1 FROM n WHERE i < 199) INSERT INTO words (id, word, n) SELECT i, 'word ' || i, i FROM n"); err != nil {
		t.Fatal(err)
	}
	read := func(limit int) (ids []int64, calls int64) {
		var n atomic.Int64
		gate := func() { n.Add(1) }
		s.disk.gate.Store(&gate)
		defer s.disk.gate.Store(nil)
		rows, err := s.query(ctx, "SELECT id FROM words ORDER BY id LIMIT ?", limit)
		if err != nil {
			t.Fatal(err)
		}
		for rows.next() {
			ids = append(ids, rows.int())
		}
		if err := rows.done(); err != nil {
			t.Fatal(err)
		}
		return ids, n.Load()
	}
	read(1) // prepares it
	for limit, most := range map[int]int64{0: 1, 1: 1, firstRows - 1: 1, firstRows: 2, firstRows + 1: 2, 200: 4} {
		ids, calls := read(limit)
		if len(ids) != limit || calls > most {
			t.Errorf("%d rows of %d in %d calls, want %d", len(ids), limit, calls, most)
		}
		for i, id := range ids {
			if id != int64(i) {
				t.Fatalf("row %d of %d is %d", i, limit, id)
			}
		}
	}
}
