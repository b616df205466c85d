package store

import (
	"context"
	"testing"
	"time"
)

// SetTableWait changes how many seconds one try of a migration waits for its table, until the test's end.
func SetTableWait(t *testing.T, seconds string) {
	was := tableWait
	t.Cleanup(func() { tableWait = was })
	tableWait = seconds
}

// SetPrimaryIdle changes after how long the server ends an idle connection, until the test's end.
func SetPrimaryIdle(t *testing.T, d time.Duration) {
	was := primaryIdle
	t.Cleanup(func() { primaryIdle = was })
	primaryIdle = d
}

// MigrationLock names the lock of a database's migrations.
var MigrationLock = migrationLock

// SetClock has the store's ids follow another clock.
func (s *conn) SetClock(now func() time.Time) {
	s.ids.mu.Lock()
	defer s.ids.mu.Unlock()
	s.ids.now = now
}

// IDTables are the tables whose newest rows new ids stay above.
var IDTables = idTables

// ExecForTest runs a statement of a test in the transaction.
func (s *conn) ExecForTest(ctx context.Context, statement string, args ...any) error {
	return translate(s.write(ctx).Exec(statement, args...).Error)
}

// LongerWords finds words of the search's index that begin with one.
func (s *conn) LongerWords(ctx context.Context, word string) ([]string, error) {
	return s.longerWords(ctx, word)
}

// ProbeDisk asks the disk under the readers of a SQLite database whether it answers.
func ProbeDisk(s *Store) error { return s.conn.disk.probe() }

// AccountTraces are accountTraces.
func AccountTraces() [][2]string { return accountTraces }

// EmptyTable is emptyTable by the table's name.
func (p *Place) EmptyTable(ctx context.Context, table, mover string) error {
	return p.emptyTable(ctx, p.Table(table), mover)
}

// MakeTriggers makes the triggers that are not there yet, whatever the move.
func (p *Place) MakeTriggers(ctx context.Context) error {
	return p.makeTriggers(ctx, func() error { return nil })
}
