package storetest

import (
	"testing"

	"tintype/internal/servertest"
	"tintype/internal/store"
)

// Each runs the test on every dialect, each time with a function that opens fresh databases. MariaDB's part is
// skipped where it is not installed.
func Each(t *testing.T, test func(t *testing.T, open func(t testing.TB) *store.Store)) {
	t.Run("sqlite", func(t *testing.T) { test(t, func(t testing.TB) *store.Store { return SQLite(t) }) })
	t.Run("mariadb", func(t *testing.T) {
		server := servertest.MariaDB(t)
		test(t, func(t testing.TB) *store.Store { return MySQL(t, server.NewDatabase(t)) })
	})
}

// Two is Each for what two processes do on one database: the test gets two Stores that share nothing else.
func Two(t *testing.T, test func(t *testing.T, a, b *store.Store)) {
	t.Run("sqlite", func(t *testing.T) {
		url := SQLiteURL(t)
		test(t, open(t, url), open(t, url))
	})
	t.Run("mariadb", func(t *testing.T) {
		url := servertest.MariaDB(t).NewDatabase(t)
		test(t, MySQL(t, url), open(t, url))
	})
}
