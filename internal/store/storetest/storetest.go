// Package storetest opens fresh, migrated databases for tests.
package storetest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/store"
)

// template is an empty site's database, migrated once per test process.
var template = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "tintype-storetest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "template.db")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := store.NewMigrator(Options("sqlite:" + file)).Up(ctx); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

// SQLite returns an empty site's database in a file of its own.
func SQLite(t testing.TB) *store.Store {
	t.Helper()
	return open(t, SQLiteURL(t))
}

// SQLiteURL is the address of an empty site's database.
func SQLiteURL(t testing.TB) string {
	t.Helper()
	address := "sqlite:" + filepath.Join(t.TempDir(), "tintype.db")
	Migrate(t, address)
	return address
}

// MySQL migrates the empty database at url and opens it.
func MySQL(t testing.TB, url string) *store.Store {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := store.NewMigrator(Options(url)).Up(ctx); err != nil {
		t.Fatal(err)
	}
	return open(t, url)
}

// Options are those of a database at a fixed address. A busy machine, or the race detector, may take its time.
func Options(url string) store.Options {
	o := store.Options{URL: func(context.Context) (string, error) { return url, nil }, TxTimeout: time.Minute}
	if strings.HasPrefix(url, "mysql:") {
		o.Tracing = keepStatements
	}
	return o
}

func open(t testing.TB, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), Options(url))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
