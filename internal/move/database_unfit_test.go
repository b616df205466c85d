package move_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/move"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// keyOf is a text's key, as a move names it.
func keyOf(text string) string { return strings.ToUpper(hex.EncodeToString([]byte(text))) }

// smallPackets is a database of a server that takes a megabyte at once.
func smallPackets(t *testing.T, f servertest.Flavour) string {
	t.Helper()
	server := f.Own(t)
	if err := server.Exec("SET GLOBAL log_bin_trust_function_creators = 1", "SET GLOBAL max_allowed_packet = 1048576"); err != nil {
		t.Fatal(err)
	}
	url := server.NewDatabase(t)
	storetest.Migrate(t, url)
	return url
}

// TestCheckFindsWhatDoesNotFit has rows in SQLite that MySQL and MariaDB do not take, each in its own way: the check
// names every one of them by its table and key, and nothing else.
func TestCheckFindsWhatDoesNotFit(t *testing.T) {
	servertest.OnAnyFlavour(t, func(t *testing.T, f servertest.Flavour) {
		file := databaseURL(t, "sqlite")
		s, err := store.Open(t.Context(), storetest.Options(file))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		source, target := openPlace(t, file), openPlace(t, smallPackets(t, f))
		exec := func(statement string, args ...any) {
			t.Helper()
			if _, err := s.SQL().ExecContext(t.Context(), statement, args...); err != nil {
				t.Fatal(err)
			}
		}
		exec("INSERT INTO site_info (name, value) VALUES ('fits', ?)", strings.Repeat("ä", 1000))
		exec("INSERT INTO site_info (name, value) VALUES (?, 'x')", strings.Repeat("ä", 64)) // as many as fit
		if problems, _ := checked(t, source, target); problems != "" {
			t.Fatalf("everything fits: %q", problems)
		}
		long := strings.Repeat("l", 65)
		for _, c := range []struct {
			name, do, undo string
			want           []string
		}{
			{"a text that is too long", "INSERT INTO site_info (name, value) VALUES ('" + long + "', 'x')", "DELETE FROM site_info WHERE name = '" + long + "'",
				[]string{"site_info, key " + keyOf(long) + ": name is longer than the 64 that fit"}},
			{"text that is not UTF-8", "INSERT INTO site_info (name, value) VALUES ('bytes', CAST(x'66ff6f' AS TEXT))", "DELETE FROM site_info WHERE name = 'bytes'",
				[]string{"site_info, key " + keyOf("bytes") + ": value is no valid UTF-8"}},
			{"keys that differ in spaces", "INSERT INTO site_info (name, value) VALUES ('twin', '1'), ('twin  ', '2')", "DELETE FROM site_info WHERE name LIKE 'twin%'",
				[]string{"site_info, keys " + keyOf("twin"), keyOf("twin  "), "differ only in spaces at the end of (name)"}},
			{"a row that is too large", "INSERT INTO site_info (name, value) VALUES ('large', printf('%.*c', 600000, 'x'))", "DELETE FROM site_info WHERE name = 'large'",
				[]string{"site_info, key " + keyOf("large"), "has 600", "max_allowed_packet of " + target.Name() + " is 1048576"}},
		} {
			exec(c.do)
			problems, _ := checked(t, source, target)
			for _, want := range c.want {
				if !strings.Contains(problems, want) {
					t.Errorf("%s: no %q in %q", c.name, want, problems)
				}
			}
			if strings.Contains(problems, "\n") || strings.Contains(problems, keyOf("fits")) {
				t.Errorf("%s: more than that: %q", c.name, problems)
			}
			exec(c.undo)
		}
		if problems, _ := checked(t, source, target); problems != "" {
			t.Errorf("everything fits again: %q", problems)
		}
	})
}

// TestAValueStopsFitting has rows come in the middle of a move that the target does not take: the move pauses and names
// the row, nobody is held up meanwhile, and it goes on once the row is changed.
func TestAValueStopsFitting(t *testing.T) {
	beside(t)
	servertest.OnAnyFlavour(t, func(t *testing.T, f servertest.Flavour) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		urls := []string{databaseURL(t, "sqlite"), smallPackets(t, f)}
		servers := []*server{startServer(t, 1, urls[0], urls[1])}
		p := &people{pace: 10 * time.Millisecond, acked: map[int64]string{}, last: map[string]int{}}
		p.start(t, servers, 2)
		defer p.stop()
		exec := func(statement string) {
			if _, err := servers[0].stores[0].SQL().ExecContext(ctx, statement); err != nil {
				t.Error(err)
			}
		}
		long := strings.Repeat("l", 65)
		comes := map[string]struct{ do, undo, key string }{
			"while it copies":  {"INSERT INTO site_info (name, value) VALUES ('" + long + "', 'x')", "UPDATE site_info SET name = 'short' WHERE name = '" + long + "'", keyOf(long)},
			"while it replays": {"INSERT INTO site_info (name, value) VALUES ('large', printf('%.*c', 1500000, 'x'))", "UPDATE site_info SET value = 'small' WHERE name = 'large'", keyOf("large")},
		}
		var mu sync.Mutex
		waits := ""           // for the row of this key
		var before int64      // writes when it began to wait
		paused, quiet := 0, 0 // reports that named the row, and those that did not, before it was changed
		begin := func(when string) {
			mu.Lock()
			defer mu.Unlock()
			if c, ok := comes[when]; ok && waits == "" {
				exec(c.do)
				waits, before, paused = c.key, 0, 0
			}
		}
		progress := func(now move.Progress) {
			mu.Lock()
			defer mu.Unlock()
			if waits == "" {
				return
			}
			var unfit *store.UnfitError
			if !errors.As(now.Trouble, &unfit) {
				if paused > 0 {
					quiet++
				}
				return
			}
			if unfit.Table != "site_info" || unfit.Key != waits || !strings.Contains(now.Trouble.Error(), "key "+waits) {
				t.Errorf("the wrong row: %v", now.Trouble)
			}
			if paused++; before == 0 {
				before = p.writes.Load()
			}
			if paused < 3 || p.writes.Load() < before+10 {
				return
			}
			for when, c := range comes {
				if c.key == waits {
					exec(c.undo)
					delete(comes, when)
				}
			}
			waits = ""
		}
		d := move.NewDatabase(move.DatabaseOptions{Source: openPlace(t, urls[0]), Target: openPlace(t, urls[1]), Progress: progress, Abandon: func(e move.Effect) bool {
			switch {
			case e.Op == move.OpCopy:
				begin("while it copies")
			case e.Op == move.OpReadLog:
				begin("while it replays")
			case e.Op == move.OpSwapGate && e.To.Hold != 0 && len(comes) > 0:
				t.Error("writes are held although a row does not fit")
			}
			return false
		}})
		if err := d.Prepare(ctx); err != nil {
			t.Fatal(err)
		}
		if err := d.Run(ctx); err != nil {
			t.Fatal(err)
		}
		p.stop()
		if len(comes) > 0 || quiet > 0 {
			t.Errorf("it did not wait for %v; %d reports did not say why it waits", comes, quiet)
		}
		p.check(t, servers[0].stores[1])
		for name, want := range map[string]string{"short": "x", "large": "small"} {
			if got, err := servers[0].stores[1].SiteInfo(ctx, name); err != nil || got != want {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
		t.Log(fmt.Sprint(p.writes.Load(), " writes"))
	})
}
