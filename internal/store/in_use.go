package store

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"

	"tintype/internal/sleep"
)

// InUseError is that others use the database whose schema is to be taken back.
type InUseError struct{ Who []string }

func (e *InUseError) Error() string {
	return "the database is in use by " + strings.Join(e.Who, "; ") + ": stop the site first, or wait half a minute after a kill"
}

// useLock is the file that whoever has a SQLite database open holds a shared lock on. SQLite's own locks last only as
// long as its transactions.
func useLock(file string) string { return file + ".use.lock" }

// lockUse holds the shared lock until the file is closed. It waits for a Down that runs. Where no file can be made (a
// read-only or full disk) it holds none, and nobody can take back a schema there either.
func lockUse(ctx context.Context, file string) (*os.File, error) {
	l, err := os.OpenFile(useLock(file), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, nil
	}
	if err := flock(ctx, l, syscall.LOCK_SH); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// LockServing takes the lock that one process has among those that serve a SQLite database. It returns nil where another
// has it. Closing what it returns gives it back, as the end of the process does. Where no file can be made it holds none
// and is as if it were alone.
func LockServing(file string) io.Closer {
	l, err := os.OpenFile(file+".serve.lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return io.NopCloser(nil)
	}
	if err := syscall.Flock(int(l.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		l.Close()
		return nil
	}
	return l
}

// lockAlone holds the lock that is nobody else's, or returns an InUseError.
func lockAlone(file string) (*os.File, error) {
	l, err := os.OpenFile(useLock(file), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(l.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = &InUseError{Who: []string{"another process that has " + file + " open"}}
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// goodbye is how long connections that end may still be listed.
const goodbye = 2 * time.Second

// usedByOthers returns an InUseError that names who else is connected to the schema, and which processes of the site say
// that they are there. A server tells a user without the PROCESS privilege of that user's connections only, and the
// schema's owner is not the site's user.
func usedByOthers(ctx context.Context, db *sql.DB) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for begin := time.Now(); ; {
		who, err := connectedNow(ctx, db)
		if err == nil {
			var there []string
			there, err = presentNow(ctx, db)
			who = append(who, there...)
		}
		switch {
		case err != nil:
			return err
		case len(who) == 0:
			return nil
		case time.Since(begin) > goodbye:
			return &InUseError{Who: who}
		}
		if err := sleep.For(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

func connectedNow(ctx context.Context, db *sql.DB) ([]string, error) {
	rows, err := db.QueryContext(ctx, "SELECT user, host FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID() ORDER BY user, host")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var who []string
	for rows.Next() {
		var user, host string
		if err := rows.Scan(&user, &host); err != nil {
			return nil, err
		}
		if name, _, err := net.SplitHostPort(host); err == nil { // each connection has a port of its own
			host = name
		}
		if name := user + "@" + host; !slices.Contains(who, name) {
			who = append(who, name)
		}
	}
	return who, rows.Err()
}

// presentNow names the processes of the site that have shown themselves lately.
func presentNow(ctx context.Context, db *sql.DB) ([]string, error) {
	rows, err := db.QueryContext(ctx, "SELECT host, roles FROM instances WHERE "+seenLately(mysqlDialect{})+" ORDER BY host, id")
	var me *mysqldriver.MySQLError
	if errors.As(err, &me) && (me.Number == 1146 || me.Number == 1054) {
		return nil, nil // the schema is older than such rows
	}
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var who []string
	for rows.Next() {
		var host, roles string
		if err := rows.Scan(&host, &roles); err != nil {
			return nil, err
		}
		who = append(who, host+" ("+roles+")")
	}
	return who, rows.Err()
}
