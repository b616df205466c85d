package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
	"modernc.org/sqlite"
)

// Place is a database as a move sees it: its tables as the schema has them, the gate that says what the database is
// for, the log of what is written, and rows by their keys. It has connections of its own, without the web pools' limits
// of time: every context must carry a deadline.
type Place struct {
	w, r    *sql.DB // one pool on MySQL
	dialect dialect
	name    string
	tables  []*PlaceTable
}

// The tables that a move makes in both places.
const (
	gateTable  = "move_gate"
	logTable   = "move_log"
	pointTable = "move_checkpoint"
	// wayBackTable is only in a place that has taken the site over and keeps the one before it up.
	wayBackTable = "move_way_back"
	moverTable   = "move_mover"
)

// notMoved are the tables that belong to a place, not to the site.
var notMoved = []string{gateTable, logTable, pointTable, wayBackTable, moverTable, "instances", "measures", "replication_clock", "schema_migrations", "move_same_place", trialTable}

// placeConns bounds a place's connections: the copy reads ahead while it writes, and a comparison reads both places.
const placeConns = 4

// OpenPlace connects to the database that o names and reads its schema.
func OpenPlace(ctx context.Context, o Options) (*Place, error) {
	p, err := NewPlace(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := p.ReadSchema(ctx); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// NewPlace is OpenPlace without a connection, which its first use makes: the database may be away. It has tables after
// ReadSchema.
func NewPlace(ctx context.Context, o Options) (*Place, error) {
	raw, err := o.URL(ctx)
	if err != nil {
		return nil, err
	}
	var p *Place
	if path, ok := strings.CutPrefix(raw, "sqlite:"); ok {
		p, err = openSQLitePlace(path)
	} else {
		p, err = openMySQLPlace(ctx, o)
	}
	if err != nil {
		return nil, err
	}
	if p.name, err = AddressName(raw); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// AddressName is a database's address without user, password and options.
func AddressName(raw string) (string, error) {
	if path, ok := strings.CutPrefix(raw, "sqlite:"); ok {
		path, err := filepath.Abs(path)
		return "sqlite:" + path, err
	}
	c, err := mysqlConfig(raw)
	if err != nil {
		return "", err
	}
	return "mysql://" + c.Addr + "/" + c.DBName, nil
}

func openSQLitePlace(path string) (*Place, error) {
	open := func(v url.Values) (*sql.DB, error) {
		v.Set("_time_format", "sqlite")
		v.Add("_pragma", "temp_store(memory)")
		c, err := sqlite.NewConnector("file:" + (&url.URL{Path: path}).EscapedPath() + "?" + v.Encode())
		if err != nil {
			return nil, err
		}
		return sql.OpenDB(c), nil
	}
	// The write connection polls for the lock itself (see sqliteTx). Rows come in any order, so references are not checked: they
	// were in the source.
	w, err := open(url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(0)", "foreign_keys(0)", "synchronous(FULL)", "journal_mode(WAL)"}})
	if err != nil {
		return nil, err
	}
	w.SetMaxOpenConns(1)
	r, err := open(url.Values{"_pragma": {"busy_timeout(5000)", "query_only(1)"}})
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	r.SetMaxOpenConns(placeConns)
	return &Place{w: w, r: r, dialect: sqliteDialect{}}, nil
}

func openMySQLPlace(ctx context.Context, o Options) (*Place, error) {
	db, err := mysqlPool(ctx, o.URL, func(c *mysqldriver.Config) {
		c.ReadTimeout, c.WriteTimeout = 0, 0
		c.Params["foreign_key_checks"] = "0" // rows come in any order; references held in the source
		c.Params["innodb_lock_wait_timeout"] = "1"
		c.Params["lock_wait_timeout"] = "1" // whoever waits for a table makes everybody else wait behind him
	})
	if err != nil {
		return nil, err
	}
	limitPool(db, placeConns)
	return &Place{w: db, r: db, dialect: mysqlDialect{}}, nil
}

// Close closes the connections.
func (p *Place) Close() error {
	if p.r == p.w {
		return p.w.Close()
	}
	return errors.Join(p.r.Close(), p.w.Close())
}

// FileMissing tells whether the place is a SQLite file that does not exist: whoever asks it would make it anew.
func (p *Place) FileMissing() bool {
	path, ok := strings.CutPrefix(p.name, "sqlite:")
	if !ok {
		return false
	}
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// Name is the place's address without a password.
func (p *Place) Name() string { return p.name }

// Dialect is "sqlite" or "mysql".
func (p *Place) Dialect() string { return p.dialect.name() }

// onSQLite tells whether the place is a SQLite file.
func (p *Place) onSQLite() bool { return p.dialect.name() == "sqlite" }

// sqlitePoll is how often the write connection of a SQLite place asks for the lock. SQLite's own waiting asks ever more seldom, and
// loses to a site that writes all the time.
const sqlitePoll = time.Millisecond

// tx runs f in a transaction that can be run again: on SQLite with the write lock from the start, on MySQL under READ
// COMMITTED, in which a statement locks no more than the rows that it finds. It waits at most that long for SQLite's
// lock, 0: as long as the context lasts.
func (p *Place) tx(ctx context.Context, wait time.Duration, f func(*sql.Tx) error) error {
	if !p.onSQLite() {
		return p.txOnce(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted}, f)
	}
	begin := time.Now()
	for {
		err := p.txOnce(ctx, nil, f)
		if err == nil || !retryable(err) || wait > 0 && time.Since(begin) >= wait {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(sqlitePoll):
		}
	}
}

func (p *Place) txOnce(ctx context.Context, o *sql.TxOptions, f func(*sql.Tx) error) error {
	tx, err := p.w.BeginTx(ctx, o)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	return tx.Commit()
}

// ignoreDone drops what a rollback says after the connection or the transaction is gone.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) || brokenWire(err) || errors.Is(err, mysqldriver.ErrInvalidConn) {
		return nil
	}
	return err
}

// Now is the place's clock.
func (p *Place) Now(ctx context.Context) (Millis, error) {
	var ms int64
	err := p.r.QueryRowContext(ctx, "SELECT "+p.dialect.nowMillis()).Scan(&ms)
	return Millis(ms), translate(err)
}

// identifier is a name in a statement. Both dialects take these quotes.
func identifier(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

func identifiers(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = identifier(n)
	}
	return strings.Join(out, ", ")
}

// Table returns the table of that name, or nil.
func (p *Place) Table(name string) *PlaceTable {
	for _, t := range p.tables {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// Tables are those that a move takes along, in the order of their names.
func (p *Place) Tables() []*PlaceTable { return slices.Clone(p.tables) }

// PlaceTable is a table as a place's schema has it.
type PlaceTable struct {
	Name    string
	Columns []PlaceColumn
	key     []int // the primary key's columns
	unique  [][]string
}

// PlaceColumn is a column of a table.
type PlaceColumn struct {
	Name string
	kind valueKind
	// most is how many characters, or bytes in a blob, a value may have; 0: no bound.
	most int64
	low  int64 // of an integer
	high int64
}

// valueKind is what a column holds. The dialects have more types than that.
type valueKind int

const (
	kindInt valueKind = iota + 1
	kindText
	kindBlob
	kindReal
)

func (k valueKind) String() string {
	return [...]string{"", "an integer", "text", "bytes", "a number"}[k]
}

func (t *PlaceTable) columnNames() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

func (t *PlaceTable) keyNames() []string {
	names := make([]string, len(t.key))
	for i, k := range t.key {
		names[i] = t.Columns[k].Name
	}
	return names
}

func (t *PlaceTable) column(name string) *PlaceColumn {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return &t.Columns[i]
		}
	}
	return nil
}

// A SchemaDifferenceError says where two places' schemas differ.
type SchemaDifferenceError struct{ What string }

func (e *SchemaDifferenceError) Error() string { return "the two databases' schemas differ: " + e.What }

// SameSchema returns a SchemaDifferenceError where the other place does not have the same tables, columns and keys.
func (p *Place) SameSchema(other *Place) error {
	for _, pair := range [][2]*Place{{p, other}, {other, p}} {
		for _, t := range pair[0].tables {
			o := pair[1].Table(t.Name)
			if o == nil {
				return &SchemaDifferenceError{fmt.Sprintf("%s has no table %s", pair[1].name, t.Name)}
			}
			for _, c := range t.Columns {
				oc := o.column(c.Name)
				if oc == nil {
					return &SchemaDifferenceError{fmt.Sprintf("%s has no column %s.%s", pair[1].name, t.Name, c.Name)}
				}
				if oc.kind != c.kind {
					return &SchemaDifferenceError{fmt.Sprintf("%s.%s is %v in %s and %v in %s", t.Name, c.Name, c.kind, pair[0].name, oc.kind, pair[1].name)}
				}
			}
			if !slices.Equal(t.keyNames(), o.keyNames()) {
				return &SchemaDifferenceError{fmt.Sprintf("the primary key of %s has other columns in %s", t.Name, pair[1].name)}
			}
		}
	}
	return nil
}
