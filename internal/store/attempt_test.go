package store_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

func TestAttempts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		const window = 1000 * time.Hour // no test sees its end
		try := func(bucket string, limit int) bool {
			t.Helper()
			ok, wait, err := s.Attempt(ctx, bucket, limit, window)
			if err != nil {
				t.Fatal(err)
			}
			if ok != (wait == 0) || wait < 0 || wait > 2*window {
				t.Errorf("allowed %v, come back in %v", ok, wait)
			}
			return ok
		}
		for i := range 5 {
			if got, want := try("a", 3), i < 3; got != want {
				t.Errorf("try %d: %v, want %v", i+1, got, want)
			}
		}
		if !try("b", 3) {
			t.Error("another bucket is full, too")
		}
		if err := s.TakeBackAttempt(ctx, "a", window); err != nil {
			t.Fatal(err)
		}
		if !try("a", 3) || try("a", 3) {
			t.Error("a try that was taken back is not exactly one again")
		}
		if try("never", 0) {
			t.Error("a limit of none lets one through")
		}

		// What was counted in the window before still counts, by as much as is in sight.
		now, err := s.Now(ctx)
		if err != nil {
			t.Fatal(err)
		}
		start := int64(now) / window.Milliseconds() * window.Milliseconds()
		passed := float64(int64(now)-start) / float64(window.Milliseconds())
		insert := func(bucket string, start int64, count int) {
			t.Helper()
			if _, err := s.SQL().ExecContext(ctx, "INSERT INTO attempts (bucket, window_start, count) VALUES (?, ?, ?)", bucket, start, count); err != nil {
				t.Fatal(err)
			}
		}
		insert("before", start-window.Milliseconds(), 100)
		want := 0
		for try("before", 110) {
			want++
		}
		if expected := 110 - int(100*(1-passed)); want < expected-2 || want > expected+2 {
			t.Errorf("%d more were allowed, want about %d", want, expected)
		}
		insert("long ago", start-2*window.Milliseconds(), 100)
		if !try("long ago", 1) {
			t.Error("what is out of sight still counts")
		}

		if n, err := s.DeleteAttempts(ctx, store.Millis(start), 10); err != nil || n != 2 {
			t.Errorf("%d old windows forgotten, %v", n, err)
		}
		if try("a", 3) {
			t.Error("a present window was forgotten")
		}
	})
}

func TestAttemptsAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var allowed atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 4 {
					ok, _, err := s.Attempt(ctx, "bucket", 10, 1000*time.Hour)
					if err != nil {
						t.Error(err)
					}
					if ok {
						allowed.Add(1)
					}
				}
			})
		}
		wg.Wait()
		if allowed.Load() != 10 {
			t.Errorf("%d of 10 were allowed", allowed.Load())
		}
	})
}

func TestExpired(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := s.CreateAccount(ctx, &store.Account{ID: 1, Username: "anna", Role: store.RoleMember}); err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			if err := s.PutSession(ctx, store.SessionRow{AccountID: 1, Hash: fmt.Sprint(i), ExpiresAt: int64(i)}); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []int64{2, 1, 0} { // in batches
			if n, err := s.DeleteExpiredSessions(ctx, 3, 2); err != nil || n != want {
				t.Errorf("%d sessions forgotten, want %d, %v", n, want, err)
			}
		}
		if rows, err := s.SessionsOf(ctx, 1); err != nil || len(rows) != 2 {
			t.Errorf("%d left, %v", len(rows), err)
		}

		now, err := s.Now(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for hash, expires := range map[string]store.Millis{"past": now - 1000, "future": now + 1e6} {
			if err := s.CreateLink(ctx, &store.OneTimeLink{Hash: hash, Kind: "invite", ExpiresAt: expires}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.LinkByHash(ctx, "past"); err == nil {
			t.Error("a link that is over is found")
		}
		if ok, err := s.UseLink(ctx, "past", "invite"); ok || err != nil {
			t.Errorf("a link that is over was used: %v", err)
		}
		if ok, err := s.UseLink(ctx, "future", "reset"); ok || err != nil {
			t.Errorf("used for something else: %v", err)
		}
		if n, err := s.DeleteExpiredLinks(ctx, now); err != nil || n != 1 {
			t.Errorf("%d links forgotten, %v", n, err)
		}
		if ok, err := s.UseLink(ctx, "future", "invite"); !ok || err != nil {
			t.Errorf("not used: %v", err)
		}
		if ok, err := s.UseLink(ctx, "future", "invite"); ok || err != nil {
			t.Errorf("used twice: %v", err)
		}
	})
}
