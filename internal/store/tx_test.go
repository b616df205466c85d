package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

func TestTx(t *testing.T) {
	s := storetest.SQLite(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	t.Run("nested", func(t *testing.T) {
		err := s.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			if err := tx.Tx(ctx, nil); !errors.Is(err, store.ErrNestedTx) {
				t.Errorf("Tx on the transaction: %v", err)
			}
			return s.Tx(ctx, nil)
		})
		if !errors.Is(err, store.ErrNestedTx) {
			t.Errorf("Tx in a Tx: %v", err)
		}
	})

	t.Run("transactions in parallel lose nothing", func(t *testing.T) {
		if err := s.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return tx.SetSiteInfo(ctx, "n", "") }); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 10 {
					err := s.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
						v, err := tx.SiteInfo(ctx, "n")
						if err != nil {
							return err
						}
						return tx.SetSiteInfo(ctx, "n", v+"x")
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if v, err := s.SiteInfo(ctx, "n"); err != nil || len(v) != 80 {
			t.Errorf("%d of 80 writes are there, %v", len(v), err)
		}
	})

	t.Run("after commit only", func(t *testing.T) {
		ran := 0
		boom := errors.New("boom")
		err := s.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			tx.AfterCommit(func() { ran++ })
			return boom
		})
		if !errors.Is(err, boom) || ran != 0 {
			t.Errorf("rolled back: %v, ran %d", err, ran)
		}
		err = s.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			tx.AfterCommit(func() { ran++ })
			return nil
		})
		if err != nil || ran != 1 {
			t.Errorf("committed: %v, ran %d", err, ran)
		}
	})

	t.Run("insert once", func(t *testing.T) {
		if ok, err := s.AddSiteInfo(ctx, "claimed", "1"); !ok || err != nil {
			t.Errorf("first: %v %v", ok, err)
		}
		if ok, err := s.AddSiteInfo(ctx, "claimed", "2"); ok || err != nil {
			t.Errorf("second: %v %v", ok, err)
		}
	})
}
