package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// A process that stands still in the middle of a transaction keeps the others from nothing for long: the server ends its
// transaction, of which nothing is left. When it goes on it hears of that, and can write again.
func TestATransactionOfAProcessThatStandsStill(t *testing.T) {
	store.SetPrimaryIdle(t, 2*time.Second)
	for _, f := range servertest.Flavours {
		t.Run(f.String(), func(t *testing.T) {
			url := f.Server(t).NewDatabase(t)
			still := storetest.MySQL(t, url)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			write := func(s *store.Store, value string) error {
				return s.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return tx.SetSiteInfo(ctx, "n", value) })
			}
			if err := write(still, "before"); err != nil {
				t.Fatal(err)
			}
			tx, err := still.SQL().BeginTx(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.ExecContext(ctx, "UPDATE site_info SET value = 'half' WHERE name = 'n'"); err != nil {
				t.Fatal(err)
			}
			other, err := store.Open(ctx, storetest.Options(url))
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close()
			for err = write(other, "other"); errors.Is(err, store.ErrBusy) && ctx.Err() == nil; err = write(other, "other") {
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := tx.Commit(); err == nil {
				t.Error("the transaction that was ended can be committed")
			}
			if v, err := other.SiteInfo(ctx, "n"); err != nil || v != "other" {
				t.Errorf("the site info is %q, %v", v, err)
			}
			if err := write(still, "again"); err != nil {
				t.Errorf("the process that goes on: %v", err)
			}
		})
	}
}
