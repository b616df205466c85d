package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"syscall"

	"modernc.org/sqlite"
)

// leastRoom is what SQLite needs to open a database in WAL mode, with something to spare, in bytes.
const leastRoom = 128 << 10

// diskFull reports whether the disk that holds the file has no room for what SQLite makes beside it.
func diskFull(file string) bool {
	room, err := diskRoom(file)
	return err == nil && room < leastRoom
}

// diskRoom is how many bytes are free on the disk that holds the file.
func diskRoom(file string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(file), &s); err != nil {
		return 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil
}

// sayFull says of an error on a full disk that it is one, and what to do.
func sayFull(file string, err error) error {
	if err == nil || !diskFull(file) {
		return err
	}
	return fmt.Errorf("the disk that holds %s is full: free a few megabytes there, or set READ_ONLY=true, with which the site can be read meanwhile: %w: %w", file, ErrFull, err)
}

// usable opens a connection and reads.
func usable(ctx context.Context, db *sql.DB) error {
	var n int
	return db.QueryRowContext(ctx, "SELECT COUNT(*) FROM sqlite_schema").Scan(&n)
}

// openFullDisk opens a database to be read on a disk that has no room for the shared memory of WAL mode: as a file that
// nobody changes. Nobody else may write to it meanwhile. What a killed process left in the WAL goes into the file
// first, which takes no room.
func openFullDisk(ctx context.Context, file string) (*sql.DB, error) {
	if info, err := os.Stat(file + "-wal"); err == nil && info.Size() > 0 {
		if err := emptyWAL(ctx, file); err != nil {
			return nil, fmt.Errorf("move the WAL into the database: %w", err)
		}
	}
	c, err := sqlite.NewConnector(sqliteDSN(file, true) + "&immutable=1")
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(c)
	if err := usable(ctx, db); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// emptyWAL moves the WAL into the database. Who has the file alone needs no shared memory for that.
func emptyWAL(ctx context.Context, file string) error {
	// No pragma of the address: the driver runs them by name, and those before locking_mode read the WAL.
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: file}).EscapedPath())
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "PRAGMA locking_mode = EXCLUSIVE"); err != nil {
		return err
	}
	var busy, frames, moved int
	if err := conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved); err != nil {
		return err
	}
	if busy != 0 {
		return fmt.Errorf("another process has %s open", file)
	}
	return nil
}
