package move_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"tintype/internal/move"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// BenchmarkDatabase moves a site with 300,000 rows from SQLite to MariaDB, with nobody at work, and tells the rows a
// second of the copy alone and of the whole move with its comparison, and the most memory that the process held.
func BenchmarkDatabase(b *testing.B) {
	const accounts, posts, likes = 500, 40_000, 240_000
	source := storetest.SQLiteURL(b)
	fill(b, source, accounts, posts, likes)
	for b.Loop() {
		b.StopTimer()
		target := servertest.MariaDB(b).NewDatabase(b)
		ctx, cancel := context.WithTimeout(b.Context(), 20*time.Minute)
		if err := store.NewMigrator(storetest.Options(target)).Up(ctx); err != nil {
			b.Fatal(err)
		}
		from, to := openPlaceOf(b, source), openPlaceOf(b, target)
		b.StartTimer()
		var copied time.Duration
		var rows int64
		begin := time.Now()
		d := move.NewDatabase(move.DatabaseOptions{Source: from, Target: to, Progress: func(p move.Progress) {
			if p.Phase == "copying" {
				copied, rows = time.Since(begin), p.Rows
			}
		}})
		if err := d.Prepare(ctx); err != nil {
			b.Fatal(err)
		}
		if err := d.Run(ctx); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		b.ReportMetric(float64(rows)/copied.Seconds(), "rows/s-copy")
		b.ReportMetric(float64(rows)/time.Since(begin).Seconds(), "rows/s-whole")
		b.ReportMetric(float64(d.Held.Milliseconds()), "ms-held")
		b.ReportMetric(peakMB(b), "MB-peak")
		cancel()
		// The source is to be moved once more.
		s, err := store.Open(b.Context(), storetest.Options(source))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.SQL().Exec("UPDATE move_gate SET mode = 'open', move = '', logs = 0"); err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

func openPlaceOf(b *testing.B, url string) *store.Place {
	b.Helper()
	p, err := store.OpenPlace(b.Context(), storetest.Options(url))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { p.Close() })
	return p
}

func fill(b *testing.B, url string, accounts, posts, likes int) {
	b.Helper()
	s, err := store.Open(b.Context(), storetest.Options(url))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	now := store.ToMillis(time.Now())
	batch := func(n int, add func(ctx context.Context, tx *store.Store, from, to int) error) {
		for from := 0; from < n; from += 10_000 {
			if err := s.Tx(b.Context(), func(ctx context.Context, tx *store.Store) error { return add(ctx, tx, from, min(n, from+10_000)) }); err != nil {
				b.Fatal(err)
			}
		}
	}
	batch(accounts, func(ctx context.Context, tx *store.Store, from, to int) error {
		var list []store.Account
		for i := from; i < to; i++ {
			name := fmt.Sprint("member", i)
			list = append(list, store.Account{ID: int64(i + 1), Username: name, UsernameKey: name, Role: "member", CreatedAt: now, UpdatedAt: now})
		}
		return tx.ImportAccounts(ctx, list)
	})
	batch(posts, func(ctx context.Context, tx *store.Store, from, to int) error {
		var list []store.Post
		for i := from; i < to; i++ {
			list = append(list, store.Post{ID: int64(i + 1), AuthorID: int64(i%accounts + 1), Kind: "post", Home: true, Caption: strings.Repeat("A sentence about a photograph. ", 4), Visibility: "public", CreatedAt: now})
		}
		return tx.ImportPosts(ctx, list)
	})
	batch(likes, func(ctx context.Context, tx *store.Store, from, to int) error {
		var list []store.Like
		for i := from; i < to; i++ {
			list = append(list, store.Like{ID: int64(i + 1), AccountID: int64(i/posts + 1), PostID: int64(i%posts + 1), CreatedAt: now})
		}
		return tx.ImportLikes(ctx, list)
	})
}

// peakMB is the most memory that the process has held.
func peakMB(b *testing.B) float64 {
	b.Helper()
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if kb, ok := strings.CutPrefix(s.Text(), "VmHWM:"); ok {
			n, _ := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(kb), "kB")))
			return float64(n) / 1024
		}
	}
	return 0
}
