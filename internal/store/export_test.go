package store

import (
	"testing"
	"time"
)

// SetTableWait changes how many seconds one try of a migration waits for its table, until the test's end.
func SetTableWait(t *testing.T, seconds string) {
	was := tableWait
	t.Cleanup(func() { tableWait = was })
	tableWait = seconds
}

// MigrationLock names the lock of a database's migrations.
var MigrationLock = migrationLock

// SetClock has the store's ids follow another clock.
func (s *Store) SetClock(now func() time.Time) {
	s.ids.mu.Lock()
	defer s.ids.mu.Unlock()
	s.ids.now = now
}

// IDTables are the tables whose newest rows new ids stay above.
var IDTables = idTables
