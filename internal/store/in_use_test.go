package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// Nobody takes back the schema under a site that runs, unless told to.
func TestDownAsksWhoIsThere(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, newURL func(testing.TB) string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		o := storetest.Options(newURL(t))
		m := store.NewMigrator(o)
		if err := m.Up(ctx); err != nil {
			t.Fatal(err)
		}
		version := func() uint {
			t.Helper()
			st, err := m.State(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return st.Version
		}
		full := version()
		site, err := store.Open(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := site.Ping(ctx); err != nil {
			t.Fatal(err)
		}
		var inUse *store.InUseError
		if err := m.Down(ctx, 1, false); !errors.As(err, &inUse) || len(inUse.Who) != 1 || !strings.Contains(err.Error(), "stop the site") {
			t.Errorf("under a site that runs: %v", err)
		}
		if v := version(); v != full {
			t.Errorf("it is at version %d of %d", v, full)
		}
		if err := m.Down(ctx, 1, true); err != nil {
			t.Fatal(err)
		}
		if err := site.Close(); err != nil {
			t.Fatal(err)
		}
		if err := m.Down(ctx, 1, false); err != nil {
			t.Errorf("with nobody there: %v", err)
		}
		if v := version(); migrationsAfter(t, int(v)) != 2 {
			t.Errorf("it is at version %d of %d, want two below", v, full)
		}
	})
}
