package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	mysqldriver "github.com/go-sql-driver/mysql"
	"gorm.io/gorm"
	"modernc.org/sqlite"

	"tintype/internal/budget"
)

// Errors to ask for with errors.Is.
var (
	ErrNotFound = errors.New("store: not found")
	ErrConflict = errors.New("store: conflict")    // a unique or foreign key refused the write; see ConflictError
	ErrBusy     = errors.New("store: unavailable") // the database did not answer, or not in time
	ErrFull     = errors.New("store: disk full")
	ErrNestedTx = errors.New("store: a transaction inside a transaction")
	// ErrDefiner refuses every write because the user is gone who made a move's triggers. Whoever meets it meets ErrBusy as well.
	ErrDefiner = errors.New("store: the user who made the triggers of a move of the database does not exist any more")
	// ErrSealed refuses a write while the database is being moved. Whoever meets it meets ErrBusy as well.
	ErrSealed = errors.New("store: the database is being moved")
)

// ConflictError names the key that refused a write.
type ConflictError struct {
	Key     string // the database's words: a key's name on MySQL, table.column on SQLite
	Primary bool
	Foreign bool // a row that it refers to is missing, or rows refer to it
	err     error
}

func (e *ConflictError) Error() string { return "store: conflict on " + e.Key }

// Is makes errors.Is(err, ErrConflict) hold.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

func (e *ConflictError) Unwrap() error { return e.err }

// ConflictOn reports whether err is a conflict on the unique key of that column, such as "username_key".
func ConflictOn(err error, column string) bool {
	var c *ConflictError
	return errors.As(err, &c) && !c.Foreign && strings.Contains(c.Key, column)
}

// Extended result codes of SQLite, https://sqlite.org/rescode.html.
const (
	sqliteBusy       = 5
	sqliteLocked     = 6
	sqliteReadOnly   = 8
	sqliteMoved      = 8 | 4<<8 // SQLITE_READONLY_DBMOVED
	sqliteFull       = 13
	sqliteIOErr      = 10
	sqliteProtocol   = 15 // ten seconds of waiting for a lock that should last a moment
	sqlitePrimaryKey = 1555
	sqliteUnique     = 2067
	sqliteForeignKey = 787
	sqliteRowID      = 2579
	sqliteTrigger    = 1811
)

// translate turns a driver's error into the store's.
func translate(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return ErrNotFound
	}
	if errors.Is(err, ErrSealed) {
		return err // it was translated before
	}
	var se *sqlite.Error
	if errors.As(err, &se) {
		switch se.Code() {
		case sqlitePrimaryKey, sqliteRowID:
			return &ConflictError{Key: se.Error(), Primary: true, err: err}
		case sqliteUnique:
			return &ConflictError{Key: se.Error(), err: err}
		case sqliteForeignKey:
			return &ConflictError{Key: "foreign key", Foreign: true, err: err}
		case sqliteTrigger: // only a move's triggers refuse anything
			return fmt.Errorf("%w: %w: %w", ErrSealed, ErrBusy, err)
		case sqliteMoved: // which no waiting mends
			return fmt.Errorf("the database's file was moved or replaced under this process: restart it: %w", err)
		}
		switch se.Code() & 0xFF {
		case sqliteReadOnly: // the file, or its disk, takes no writes
			return fmt.Errorf("%w: %w", ErrPrimaryAway, err)
		case sqliteFull:
			return fmt.Errorf("%w: %w", ErrFull, err)
		case sqliteBusy, sqliteLocked, sqliteIOErr, sqliteProtocol:
			return fmt.Errorf("%w: %w", ErrBusy, err)
		}
		return err
	}
	var me *mysqldriver.MySQLError
	if errors.As(err, &me) {
		switch me.Number {
		case 1062:
			key := me.Message
			if i := strings.LastIndex(key, " for key "); i >= 0 {
				key = strings.Trim(key[i+9:], "'")
			}
			return &ConflictError{Key: key, Primary: strings.HasSuffix(key, "PRIMARY"), err: err}
		case 1216, 1217, 1451, 1452:
			return &ConflictError{Key: "foreign key", Foreign: true, err: err}
		case 1644: // a SIGNAL; only a move's triggers refuse anything
			return fmt.Errorf("%w: %w: %w", ErrSealed, ErrBusy, err)
		case 1449: // the site has no definers but those
			return fmt.Errorf("%w: %w: %w", ErrDefiner, ErrBusy, err)
		case 1021, 1114, 28, 3: // disk full in its several forms
			return fmt.Errorf("%w: %w", ErrFull, err)
		case 1040, 1203, 1205, 1213, 1020, 1412, 1053, 1317, 1927, 1969, 3024, 4031, 1290, 1836:
			return fmt.Errorf("%w: %w", ErrBusy, err)
		}
		return err
	}
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, errServerOut) || errors.Is(err, budget.ErrAway) || brokenWire(err) && !errors.Is(err, context.Canceled) ||
		errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return err
}

// retryable reports whether a transaction that failed this way before COMMIT may simply be run again.
func retryable(err error) bool {
	var me *mysqldriver.MySQLError
	if errors.As(err, &me) {
		switch me.Number {
		case 1213, 1205, 1020, 1053, 1412, 1927, 4031: // 1412: a migration came between the snapshot and the table; 4031: see primaryIdle
			return true
		}
		return false
	}
	var se *sqlite.Error
	if errors.As(err, &se) {
		c := se.Code() & 0xFF
		return c == sqliteBusy || c == sqliteLocked
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, budget.ErrAway) {
		return false
	}
	return errors.Is(err, driver.ErrBadConn) || brokenWire(err)
}

// deadlocked reports whether the server ended a deadlock by this statement, and undid its transaction.
func deadlocked(err error) bool {
	var me *mysqldriver.MySQLError
	return errors.As(err, &me) && me.Number == 1213
}

// brokenWire reports whether the connection to the server broke, or could not be made.
func brokenWire(err error) bool {
	var ne net.Error
	for _, known := range []error{mysqldriver.ErrInvalidConn, mysqldriver.ErrMalformPkt, mysqldriver.ErrPktSync, mysqldriver.ErrPktSyncMul, sql.ErrConnDone} {
		if errors.Is(err, known) {
			return true
		}
	}
	return errors.As(err, &ne) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// readOnly reports whether a server refused a write because it does not take any.
func readOnly(err error) bool {
	var me *mysqldriver.MySQLError
	return errors.Is(err, driver.ErrBadConn) || errors.As(err, &me) && (me.Number == 1290 || me.Number == 1836)
}
