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
	servertest.OnEachFlavour(t, func(t *testing.T, f servertest.Flavour) {
		server := f.Server(t)
		test(t, server.NewDatabase)
	})
}

// Each runs the test on every kind of database, each time with a function that opens empty ones.
func Each(t *testing.T, test func(t *testing.T, open func(t testing.TB) *store.Store)) {
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite) })
	servertest.OnEachFlavour(t, func(t *testing.T, f servertest.Flavour) {
		server := f.Server(t)
		test(t, func(t testing.TB) *store.Store { return Empty(t, server) })
	})
}

// EachDialect is Each with one flavour of MySQL, as servertest.OnAnyFlavour chooses: for tests of what stands on the store.
// That the flavours agree, the store's own tests show.
func EachDialect(t *testing.T, test func(t *testing.T, open func(t testing.TB) *store.Store)) {
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite) })
	servertest.OnAnyFlavour(t, func(t *testing.T, f servertest.Flavour) {
		server := f.Server(t)
		test(t, func(t testing.TB) *store.Store { return Empty(t, server) })
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
