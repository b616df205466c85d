package store

import (
	"context"
	"crypto/md5"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"

	"tintype/internal/sleep"
)

// with opens a connection for schema work, under the lock if asked.
func (m *Migrator) with(ctx context.Context, lock bool, f func(context.Context, *sql.DB, string) error) error {
	raw, err := m.o.URL(ctx)
	if err != nil {
		return err
	}
	if file, ok := strings.CutPrefix(raw, "sqlite:"); ok {
		return sayFull(file, withSQLite(ctx, file, lock, m.o.ReadOnly, f))
	}
	// Schema changes may take long, so this pool has no read timeout and no statement limit.
	db, err := mysqlPool(ctx, m.o.URL, func(c *mysqldriver.Config) {
		c.ReadTimeout, c.WriteTimeout = 0, 0
		// A change waits for the transactions that use its table, and all others behind it. Some of these it waits
		// for in vain: a change holds the table and asks InnoDB for the tables that refer to it, of which one is
		// locked by a transaction that asks for the first. No server sees that as a deadlock.
		c.Params["lock_wait_timeout"], c.Params["innodb_lock_wait_timeout"] = tableWait, tableWait
	})
	if err != nil {
		return err
	}
	defer db.Close()
	if lock {
		conn, err := db.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		var name string
		if err := conn.QueryRowContext(ctx, "SELECT DATABASE()").Scan(&name); err != nil {
			return err
		}
		name = migrationLock(name)
		var got sql.NullInt64
		if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, ?)", name, int(migrationLockWait.Seconds())).Scan(&got); err != nil {
			return fmt.Errorf("wait for the migration lock: %w", err)
		}
		if got.Int64 != 1 {
			return fmt.Errorf("another process has held the migration lock for %s", migrationLockWait)
		}
		defer func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			_, _ = conn.ExecContext(ctx, "DO RELEASE_LOCK(?)", name) // closing the connection releases it too
		}()
	}
	return f(ctx, db, "mysql")
}

// migrationLock names the lock of a database's migrations. All databases of a server share its locks. The name is the
// one that releases before asked the server for, by MD5(DATABASE()), so that an older process and this one wait for each
// other. MySQL has no MD5 since 9.6, so it is computed here; nothing secret depends on it.
func migrationLock(database string) string {
	return fmt.Sprintf("tintype_migrate_%x", md5.Sum([]byte(database)))
}

func withSQLite(ctx context.Context, file string, lock, readOnly bool, f func(context.Context, *sql.DB, string) error) error {
	if err := makePrivate(file); err != nil {
		return err
	}
	if lock {
		l, err := os.OpenFile(file+".migrate.lock", os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return err
		}
		defer l.Close()
		if err := flock(ctx, l, syscall.LOCK_EX); err != nil {
			return err
		}
	}
	// Foreign keys are off here: a table that is rebuilt with them on deletes its children.
	dsn := strings.Replace(sqliteDSN(file, false), "foreign_keys%281%29", "foreign_keys%280%29", 1)
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return err
	}
	if readOnly && !lock && diskFull(file) && usable(ctx, db) != nil {
		db.Close()
		if db, err = openFullDisk(ctx, file); err != nil {
			return err
		}
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	return f(ctx, db, "sqlite")
}

// flock waits for a lock of that kind on the file.
func flock(ctx context.Context, l *os.File, how int) error {
	ctx, cancel := context.WithTimeout(ctx, migrationLockWait)
	defer cancel()
	for {
		err := syscall.Flock(int(l.Fd()), how|syscall.LOCK_NB)
		if err == nil {
			return nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("lock %s: %w", l.Name(), err)
		}
		if err := sleep.For(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("another process holds %s: %w", l.Name(), err)
		}
	}
}
