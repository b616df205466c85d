package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func readersOf(t *testing.T, conns int) (*Store, context.Context) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	file := filepath.Join(t.TempDir(), "a.db")
	s, err := Open(ctx, Options{URL: func(context.Context) (string, error) { return "sqlite:" + file, nil }, MaxConns: conns})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if _, err := s.SQL().ExecContext(ctx, "CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT NOT NULL, n INTEGER NULL)"); err != nil {
		t.Fatal(err)
	}
	for i, word := range []string{"", "one", "two words", "drei\x00é"} {
		if _, err := s.SQL().ExecContext(ctx, "INSERT INTO words (id, word, n) VALUES (?, ?, ?)", i, word, -i); err != nil {
			t.Fatal(err)
		}
	}
	return s, ctx
}

// Rows that are read at the same time, or were read before, do not run into those that are read next.
func TestPagesAreOfTheirStatement(t *testing.T) {
	s, ctx := readersOf(t, 2)
	words := func(q string, args ...any) (out []string) {
		rows, err := s.page(ctx, q, args...)
		if err != nil {
			t.Error(err)
			return nil
		}
		for rows.next() {
			out = append(out, fmt.Sprintf("%d %q", rows.int(), rows.text()))
		}
		if err := rows.done(); err != nil {
			t.Error(err)
		}
		return out
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for range 200 {
				all := words("SELECT id, word FROM words WHERE id >= ? ORDER BY id", i)
				if want := []string{`0 ""`, `1 "one"`, `2 "two words"`, `3 "drei\x00é"`}[i:]; strings.Join(all, "|") != strings.Join(want, "|") {
					t.Errorf("from %d on: %v", i, all)
				}
			}
		})
	}
	wg.Wait()
	if got := words("SELECT id, word FROM words WHERE id > 9"); got != nil {
		t.Errorf("nothing is there, and %v was read", got)
	}
	for i := range maxStatements + 5 { // more than are kept
		if got := words(fmt.Sprintf("SELECT id, word FROM words WHERE id = %d - %d + ?", i, i), int64(1)); len(got) != 1 {
			t.Fatalf("statement %d: %v", i, got)
		}
	}
}

// A page waits for a connection, and reads its rows, no longer than its context lasts.
func TestPageEndsWithItsContext(t *testing.T) {
	s, ctx := readersOf(t, 1)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.page(ended, "SELECT id FROM words"); !errors.Is(err, context.Canceled) {
		t.Errorf("after its context: %v", err)
	}
	held, err := s.readers.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	soon, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if _, err := s.page(soon, "SELECT id FROM words"); !errors.Is(err, ErrBusy) {
		t.Errorf("with every connection in use: %v", err)
	}
	held.Close()
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	endless := "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
	if _, err := s.page(short, endless); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a list without an end: %v", err)
	}
	rows, err := s.page(ctx, "SELECT COUNT(*) FROM words") // and the connection is as good as before
	if err != nil {
		t.Fatal(err)
	}
	if !rows.next() || rows.int() != 4 {
		t.Error("the next page is wrong")
	}
	if err := rows.done(); err != nil {
		t.Error(err)
	}
	if _, err := s.page(ctx, "SELECT nothing FROM words"); err == nil {
		t.Error("a statement that is wrong passes")
	}
}
