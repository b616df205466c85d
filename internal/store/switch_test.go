package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// bothOf opens a SQLite and another database as the two places of a site.
func bothOf(t *testing.T, kind string) (s *store.Store, a, b *site) {
	t.Helper()
	a, b = newSite(t, "sqlite"), newSite(t, kind)
	s, err := store.OpenBoth(t.Context(), storetest.Options(a.url), storetest.Options(b.url))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, a, b
}

// TestStoreServesThePlaceInCharge asks and writes while the place in charge changes. Nothing begins without permission,
// and what was refused runs again, whole, in the other place.
func TestStoreServesThePlaceInCharge(t *testing.T) {
	for _, kind := range []string{"mariadb", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			s, a, b := bothOf(t, kind)
			ctx := testContext(t)
			soon, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
			defer cancel()
			if _, err := s.SiteInfo(soon, "where"); !errors.Is(err, store.ErrSealed) || !errors.Is(err, store.ErrBusy) {
				t.Errorf("a read without permission: %v", err)
			}
			long := time.Now().Add(time.Hour)
			s.Serve(store.Serving{Until: long, Writable: true})
			for _, in := range []*site{a, b} {
				if err := in.SetSiteInfo(ctx, "where", in.Dialect()); err != nil {
					t.Fatal(err)
				}
			}
			if where, err := s.SiteInfo(ctx, "where"); where != "sqlite" || err != nil || s.Dialect() != "sqlite" {
				t.Errorf("it serves %s, %s: %v", where, s.Dialect(), err)
			}
			// The source is sealed while a transaction and two methods that write by themselves are under way.
			if err := errors.Join(a.place.MakeGate(ctx), a.place.MakeTriggers(ctx)); err != nil {
				t.Fatal(err)
			}
			if ok, err := a.place.SwapGate(ctx, store.Gate{Mode: store.GateOpen}, store.Gate{Mode: store.GateSealed}, 0); !ok || err != nil {
				t.Fatal(ok, err)
			}
			var wg sync.WaitGroup
			var tries []string
			wg.Go(func() {
				id, err := s.TxOnce(ctx, "jobs", func(ctx context.Context, tx *store.Store, id int64) error {
					tries = append(tries, tx.Dialect())
					return tx.AddJobID(ctx, id, "test", "x")
				})
				if job, lookErr := b.JobByID(ctx, id); err != nil || lookErr != nil || job.Kind != "test" {
					t.Errorf("TxOnce: %v; %+v, %v", err, job, lookErr)
				}
			})
			wg.Go(func() {
				if _, _, err := s.Attempt(ctx, "bucket", 5, time.Hour); err != nil {
					t.Error("Attempt: ", err)
				}
			})
			wg.Go(func() {
				if err := s.SetSiteInfo(ctx, "written", "late"); err != nil {
					t.Error("SetSiteInfo: ", err)
				}
			})
			storetest.Eventually(t, time.Minute, func() bool {
				if where, err := s.SiteInfo(ctx, "where"); where != "sqlite" || err != nil {
					t.Fatalf("reads go on while writes wait: %s, %v", where, err)
				}
				return s.Commits() == 0
			})
			s.Serve(store.Serving{Next: true, Until: long, Writable: true})
			wg.Wait()
			if len(tries) == 0 || tries[len(tries)-1] != "mysql" {
				t.Errorf("the transaction ran in %v", tries)
			}
			if where, err := s.SiteInfo(ctx, "where"); where != "mysql" || err != nil || s.Dialect() != "mysql" {
				t.Errorf("it serves %s, %s: %v", where, s.Dialect(), err)
			}
			if text, err := b.SiteInfo(ctx, "written"); text != "late" || err != nil {
				t.Errorf("what waited is not in the other place: %q, %v", text, err)
			}
			if text, err := a.SiteInfo(ctx, "written"); text != "" && !errors.Is(err, store.ErrNotFound) {
				t.Errorf("what was refused is in the source: %q, %v", text, err)
			}
			// Held back: transactions wait, reads do not.
			until := time.Now().Add(200 * time.Millisecond)
			s.Serve(store.Serving{Next: true, Until: long, Writable: true, HeldUntil: until})
			if _, err := s.SiteInfo(ctx, "where"); err != nil {
				t.Error(err)
			}
			if err := s.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return tx.SetSiteInfo(ctx, "a", "b") }); err != nil || time.Now().Before(until) {
				t.Errorf("a transaction that is held ends %v before it may begin: %v", time.Until(until), err)
			}
		})
	}
}

// BenchmarkOnePlace is what the way through two places costs a site that has one, against the same method of two.
func BenchmarkOnePlace(b *testing.B) {
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
	defer cancel()
	one := storetest.SQLite(b)
	two, err := store.OpenBoth(ctx, storetest.Options(storetest.SQLiteURL(b)), storetest.Options(storetest.SQLiteURL(b)))
	if err != nil {
		b.Fatal(err)
	}
	defer two.Close()
	two.Serve(store.Serving{Until: time.Now().Add(time.Hour), Writable: true})
	for name, s := range map[string]*store.Store{"one": one, "two": two} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Blocked(ctx, 1, 2); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What a switch holds up is known while it waits, and how long it took afterwards.
func TestWriteWaits(t *testing.T) {
	s, _, _ := bothOf(t, "sqlite")
	ctx := testContext(t)
	long := time.Now().Add(time.Hour)
	s.Serve(store.Serving{Until: long, Writable: true})
	write := func() error { return s.Tx(ctx, func(context.Context, *store.Store) error { return nil }) }
	if err := write(); err != nil {
		t.Fatal(err)
	}
	if w := s.WriteWaits(); w != (store.WriteWaits{}) {
		t.Errorf("nothing was held up: %+v", w)
	}
	s.Serve(store.Serving{Until: long, Writable: true, HeldUntil: long})
	done := make(chan error)
	go func() { done <- write() }()
	servertest.Eventually(t, "a write waits", func() bool { w := s.WriteWaits(); return w.Now == 1 && w.Since > 0 })
	s.Serve(store.Serving{Until: long, Writable: true})
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if w := s.WriteWaits(); w.Now != 0 || w.Since != 0 || w.Longest <= 0 {
		t.Errorf("after the switch: %+v", w)
	}
}

// How many rows there are is counted in a file, and guessed by a server.
func TestAboutRows(t *testing.T) {
	for _, kind := range []string{"sqlite", "mariadb"} {
		in := newSite(t, kind)
		ctx := testContext(t)
		for _, name := range []string{"a", "b", "c"} {
			if err := in.SetSiteInfo(ctx, name, "x"); err != nil {
				t.Fatal(err)
			}
		}
		n, err := in.place.AboutRows(ctx)
		if err != nil || n < 0 || kind == "sqlite" && n < 3 {
			t.Errorf("%s: %d %v", kind, n, err)
		}
	}
}
