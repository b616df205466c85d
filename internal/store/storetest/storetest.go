// Package storetest opens fresh, migrated databases for tests.
package storetest

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tintype/internal/store"
)

var template struct {
	sync.Once
	file string
	err  error
}

// SQLite returns an empty site's database in a file of its own. The schema is migrated once per test process.
func SQLite(t testing.TB) *store.Store {
	t.Helper()
	return open(t, SQLiteURL(t))
}

// SQLiteURL is the address of an empty site's database.
func SQLiteURL(t testing.TB) string {
	t.Helper()
	template.Do(func() {
		dir, err := os.MkdirTemp("", "tintype-storetest")
		if err != nil {
			template.err = err
			return
		}
		template.file = filepath.Join(dir, "template.db")
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		template.err = store.NewMigrator(Options("sqlite:" + template.file)).Up(ctx)
	})
	if template.err != nil {
		t.Fatal(template.err)
	}
	file := filepath.Join(t.TempDir(), "tintype.db")
	if err := copyFile(template.file, file); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + file
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

// Options are those of a database at a fixed address.
func Options(url string) store.Options {
	return store.Options{URL: func(context.Context) (string, error) { return url, nil }}
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

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
