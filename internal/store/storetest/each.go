package storetest

import (
	"strings"
	"testing"

	"tintype/internal/servertest"
	"tintype/internal/store"
)

// EachURL runs the test on every kind of database, each time with a function that makes the address of a new one. A
// server that is not installed skips its part. The database may still be without a schema.
func EachURL(t *testing.T, test func(t *testing.T, newURL func(testing.TB) string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, SQLiteURL) })
	EachServer(t, func(t *testing.T, f servertest.Flavour) {
		server := f.Server(t)
		test(t, server.NewDatabase)
	})
}

// EachServer runs the test on every flavour of MySQL.
func EachServer(t *testing.T, test func(t *testing.T, f servertest.Flavour)) {
	for _, f := range servertest.Flavours {
		t.Run(f.String(), func(t *testing.T) { test(t, f) })
	}
}

// Each runs the test on every kind of database, each time with a function that opens fresh ones.
func Each(t *testing.T, test func(t *testing.T, open func(t testing.TB) *store.Store)) {
	EachURL(t, func(t *testing.T, newURL func(testing.TB) string) {
		test(t, func(t testing.TB) *store.Store { return openNew(t, newURL(t)) })
	})
}

// Two is Each for what two processes do on one database: the test gets two Stores that share nothing else.
func Two(t *testing.T, test func(t *testing.T, a, b *store.Store)) {
	EachURL(t, func(t *testing.T, newURL func(testing.TB) string) {
		url := newURL(t)
		test(t, openNew(t, url), open(t, url))
	})
}

// openNew opens a database of EachURL, migrated.
func openNew(t testing.TB, url string) *store.Store {
	t.Helper()
	if strings.HasPrefix(url, "sqlite:") {
		return open(t, url)
	}
	return MySQL(t, url)
}
