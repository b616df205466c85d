package store

import "testing"

// SetTableWait changes how many seconds one try of a migration waits for its table, until the test's end.
func SetTableWait(t *testing.T, seconds string) {
	was := tableWait
	t.Cleanup(func() { tableWait = was })
	tableWait = seconds
}

// MigrationLock names the lock of a database's migrations.
var MigrationLock = migrationLock
