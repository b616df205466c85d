package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
)

// CopySQLite copies the SQLite database in the file path, as it is at one moment, to the file to, which must not exist.
// Others go on reading and writing. Deleted data is not in the copy, nor in its free pages. A database that is not the
// site's, or not any more, is a MovedError. Moving is the address of the other place, without its password, if at that
// moment a move was under way, or that place was kept up; else "".
func CopySQLite(ctx context.Context, path, to string) (moving string, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("there is no database at %s", path)
	}
	db, err := openFile(path, "rw")
	if err != nil {
		return "", err
	}
	defer db.Close()
	if _, err := movingFrom(ctx, db, path); err != nil { // before all of it is copied
		return "", err
	}
	// Not SQLite's online backup: that begins anew whenever another process has written.
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
		return "", fmt.Errorf("copy the database: %w", sqliteError(err))
	}
	copied, err := openFile(to, "rw")
	if err != nil {
		return "", err
	}
	defer copied.Close()
	if moving, err = movingFrom(ctx, copied, path); err != nil { // it may have left meanwhile
		return "", err
	}
	if err := stripCopy(ctx, copied); err != nil {
		return "", fmt.Errorf("copy the database: %w", sqliteError(err))
	}
	return moving, nil
}

// movingFrom returns a MovedError where the database is not the site's, and else the place that it moves to or keeps up.
func movingFrom(ctx context.Context, db rowAsker, path string) (string, error) {
	var moved *MovedError
	err := inCharge(ctx, db, path)
	switch {
	case !errors.As(err, &moved):
		return "", err
	case moved.Elsewhere():
		return "", fmt.Errorf("there is nothing to copy: %w", err)
	}
	return moved.Peer, nil // sealed, it is in charge until the move is decided, or has just come to be
}

// HasTakenOver tells whether a site has moved into the SQLite database in the file path, and is there. A file that does
// not exist has not.
func HasTakenOver(ctx context.Context, path string) (bool, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	db, err := openFile(path, "rw")
	if err != nil {
		return false, err
	}
	defer db.Close()
	g, err := readGate(ctx, db, "")
	return err == nil && g.Generation > 0 && g.Mode != GateMoved && g.Mode != GateFilling, err
}

// stripCopy removes from a copy what a move has made in the database: a site that is brought back from it is in one place.
func stripCopy(ctx context.Context, db *sql.DB) error {
	var drop []string
	err := collect(ctx, db, func(rows *sql.Rows) error {
		var typ, name string
		err := rows.Scan(&typ, &name)
		drop = append(drop, "DROP "+typ+" IF EXISTS "+identifier(name))
		return err
	}, `SELECT type, name FROM sqlite_schema WHERE type IN ('trigger', 'table') AND name LIKE 'move\_%' ESCAPE '\' ORDER BY type DESC`)
	if err != nil {
		return err
	}
	for _, statement := range drop {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// ForgetProcesses removes from a copy what is known of the processes that served the site when it was made, and returns
// the row of the move of a part, nil if there is none. The row goes as well where forget says so: whoever restores the
// copy has that part in a place of his own.
func ForgetProcesses(ctx context.Context, path, part string, forget func(*MoveRow) bool) (*MoveRow, error) {
	db, err := openFile(path, "rw")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	var tables int // an older release's database has none
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('instances', 'moves')").Scan(&tables); err != nil || tables < 2 {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, "DELETE FROM instances"); err != nil {
		return nil, sqliteError(err)
	}
	row := &MoveRow{Part: part}
	err = db.QueryRowContext(ctx, "SELECT phase, source, target FROM moves WHERE part = ?", part).Scan(&row.Phase, &row.Source, &row.Target)
	if errors.Is(err, sql.ErrNoRows) {
		row, err = nil, nil
	}
	if err == nil && row != nil && forget(row) {
		_, err = db.ExecContext(ctx, "DELETE FROM moves WHERE part = ?", part)
	}
	if err != nil {
		return nil, sqliteError(err)
	}
	return row, nil
}

// openFile opens a SQLite file that exists, on one connection.
func openFile(path, mode string) (*sql.DB, error) {
	v := url.Values{"mode": {mode}, "_pragma": {"busy_timeout(10000)", "temp_store(memory)"}}
	if mode == "ro" {
		v.Set("immutable", "1") // nobody writes to a copy; nothing is to be made beside it
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+v.Encode())
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

// ErrDiskFull is the error of a copy for which the disk has no space.
var ErrDiskFull = errors.New("the disk is full")

func sqliteError(err error) error {
	if strings.Contains(err.Error(), "database or disk is full") || strings.Contains(err.Error(), "SQLITE_FULL") {
		return fmt.Errorf("%w: %w", ErrDiskFull, err)
	}
	return err
}

// A Copy is a file that CopySQLite made. Nobody writes to it.
type Copy struct{ db *sql.DB }

// OpenCopy opens a file that CopySQLite made.
func OpenCopy(path string) (*Copy, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	db, err := openFile(path, "ro")
	if err != nil {
		return nil, err
	}
	return &Copy{db}, nil
}

// Close closes the file.
func (c *Copy) Close() error { return c.db.Close() }

// Check runs SQLite's integrity checks on every page, index and reference.
func (c *Copy) Check(ctx context.Context) error {
	var said string
	if err := c.db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&said); err != nil {
		return fmt.Errorf("the database is damaged: %w", err)
	}
	if said != "ok" {
		return fmt.Errorf("the database is damaged: %s", strings.ReplaceAll(said, "\n", " "))
	}
	rows, err := c.db.QueryContext(ctx, "PRAGMA foreign_key_check")
	if err != nil {
		return err
	}
	defer rows.Close()
	if rows.Next() {
		var table, parent string
		var row sql.NullInt64
		var key int
		if err := rows.Scan(&table, &row, &parent, &key); err != nil {
			return err
		}
		return fmt.Errorf("the database is damaged: row %d of %s refers to a row of %s that does not exist", row.Int64, table, parent)
	}
	return rows.Err()
}

// Schema returns the state of the copy's schema.
func (c *Copy) Schema(ctx context.Context) (SchemaState, error) { return state(ctx, c.db, "sqlite") }

// Rows counts the rows of each table.
func (c *Copy) Rows(ctx context.Context) (map[string]int64, error) {
	rows, err := c.db.QueryContext(ctx, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
	if err != nil {
		return nil, err
	}
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			rows.Close()
			return nil, err
		}
		names = append(names, name)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	counts := make(map[string]int64, len(names))
	for _, name := range names {
		var n int64
		if err := c.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM "`+strings.ReplaceAll(name, `"`, `""`)+`"`).Scan(&n); err != nil {
			return nil, err
		}
		counts[name] = n
	}
	return counts, nil
}

// EachPhoto calls f for every photo whose files should exist, with ID, State, OrigRandom, SetRandom, SetKind and
// Variants. Photos that share files come one by one.
func (c *Copy) EachPhoto(ctx context.Context, f func(*Photo) error) error {
	rows, err := c.db.QueryContext(ctx, "SELECT id, state, orig_random, set_random, set_kind, variants FROM photos WHERE state IN (?, ?, ?, ?) ORDER BY id",
		PhotoPending, PhotoReady, PhotoRefused, PhotoKept)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p Photo
		if err := rows.Scan(&p.ID, &p.State, &p.OrigRandom, &p.SetRandom, &p.SetKind, &p.Variants); err != nil {
			return err
		}
		if err := f(&p); err != nil {
			return err
		}
	}
	return rows.Err()
}
