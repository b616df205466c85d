package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
	"gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	_ "modernc.org/sqlite" // registers "sqlite"
)

// Options say which database, and how much of it.
type Options struct {
	// URL is "sqlite:PATH" or "mysql://user:pass@host:3306/name?tls=true". It is resolved anew for every
	// connection, so that a rotated password needs no restart.
	URL      func(ctx context.Context) (string, error)
	MaxConns int // open connections at most, 0: chosen by dialect and machine
	Log      *slog.Logger
}

// Open connects to the database. It does not touch the schema; see Migrate and SchemaState.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	raw, err := o.URL(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case strings.HasPrefix(raw, "sqlite:"):
		return openSQLite(ctx, strings.TrimPrefix(raw, "sqlite:"), o)
	case strings.HasPrefix(raw, "mysql:"):
		return openMySQL(ctx, o)
	}
	return nil, errors.New("the database's address starts with neither sqlite: nor mysql://")
}

func gormConfig(o Options, prepare bool) *gorm.Config {
	return &gorm.Config{
		SkipDefaultTransaction: true,
		PrepareStmt:            prepare,
		PrepareStmtMaxSize:     300,
		Logger:                 logger.Discard, // errors are returned, and logged once with the request's id
		TranslateError:         false,
		DisableAutomaticPing:   true,
		NowFunc:                func() time.Time { return time.Now().UTC() },
	}
}

// sqliteDSN opens the file in WAL mode. A transaction takes the write lock at its start: taking it later fails
// with SQLITE_BUSY whenever somebody else wrote in between, whatever the timeout.
func sqliteDSN(path string, readOnly bool) string {
	v := url.Values{}
	v.Set("_time_format", "sqlite")
	v.Add("_pragma", "busy_timeout(5000)")
	v.Add("_pragma", "foreign_keys(1)")
	v.Add("_pragma", "synchronous(FULL)")
	v.Add("_pragma", "cache_size(-8000)")
	v.Add("_pragma", "temp_store(memory)")
	if readOnly {
		v.Add("_pragma", "query_only(1)")
	} else {
		v.Set("_txlock", "immediate")
		v.Add("_pragma", "journal_mode(WAL)")
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + v.Encode()
}

func openSQLite(ctx context.Context, path string, o Options) (*Store, error) {
	if path == "" || strings.Contains(path, ":memory:") {
		return nil, errors.New("a SQLite database needs a file: sqlite:PATH")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	w, err := sql.Open("sqlite", sqliteDSN(path, false))
	if err != nil {
		return nil, err
	}
	w.SetMaxOpenConns(1) // one writer, so that waiting is a queue and not a poll of the file's lock
	if err := w.PingContext(ctx); err != nil {
		w.Close()
		return nil, fmt.Errorf("open the database %s: %w", path, err)
	}
	r, err := sql.Open("sqlite", sqliteDSN(path, true))
	if err != nil {
		w.Close()
		return nil, err
	}
	n := o.MaxConns
	if n <= 0 {
		n = max(4, 2*runtime.GOMAXPROCS(0))
	}
	r.SetMaxOpenConns(n)
	r.SetMaxIdleConns(n)
	r.SetConnMaxIdleTime(5 * time.Minute)
	return newStore(sqliteDialect{}, sqliteDialector{w}, sqliteDialector{r}, o, true)
}

func newStore(d dialect, w, r gorm.Dialector, o Options, prepare bool) (*Store, error) {
	// Only readers prepare. gorm has whoever wants a statement wait while another prepares it; SQLite's one writer may
	// be what that one waits for, and held by the transaction that wants it.
	wdb, err := gorm.Open(w, gormConfig(o, false))
	if err != nil {
		return nil, err
	}
	rdb := wdb
	if r != nil {
		if rdb, err = gorm.Open(r, gormConfig(o, prepare)); err != nil {
			return nil, err
		}
	}
	return &Store{w: wdb, r: rdb, dialect: d, ids: &ids{now: time.Now}, log: o.Log, signals: &signals{}}, nil
}

// mysqlConfig reads a mysql:// URL. Passwords never reach an error text.
func mysqlConfig(raw string) (*mysqldriver.Config, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "mysql" || u.Host == "" || strings.Trim(u.Path, "/") == "" {
		return nil, errors.New("the database's address must look like mysql://user:password@host:3306/name (a special character in the password is written as %XX)")
	}
	c := mysqldriver.NewConfig()
	c.User = u.User.Username()
	c.Passwd, _ = u.User.Password()
	c.DBName = strings.Trim(u.Path, "/")
	c.Net, c.Addr = "tcp", u.Host
	if u.Port() == "" {
		c.Addr += ":3306"
	}
	q := u.Query()
	if s := q.Get("socket"); s != "" {
		c.Net, c.Addr = "unix", s
	}
	for k := range q {
		if k != "socket" && k != "tls" {
			return nil, fmt.Errorf("the database's address has an unknown parameter %q; known are tls and socket", k)
		}
	}
	c.TLSConfig = q.Get("tls")
	c.Loc = time.UTC
	c.RejectReadOnly = true
	c.InterpolateParams = true
	c.ClientFoundRows = true // RowsAffected counts the rows found, as SQLite's does
	c.Timeout = 5 * time.Second
	c.ReadTimeout = 15 * time.Second
	c.WriteTimeout = 15 * time.Second
	c.Logger = &mysqldriver.NopLogger{}
	c.Params = map[string]string{
		"sql_mode":                 "'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,ONLY_FULL_GROUP_BY'",
		"time_zone":                "'+00:00'",
		"innodb_lock_wait_timeout": "3",
	}
	if err := c.Apply(mysqldriver.Charset("utf8mb4", "utf8mb4_bin")); err != nil {
		return nil, err
	}
	return c, nil
}

// mysqlPool opens a pool whose user and password are resolved for every new connection.
func mysqlPool(ctx context.Context, o Options, change func(*mysqldriver.Config)) (*sql.DB, error) {
	raw, err := o.URL(ctx)
	if err != nil {
		return nil, err
	}
	c, err := mysqlConfig(raw)
	if err != nil {
		return nil, err
	}
	if change != nil {
		change(c)
	}
	err = c.Apply(mysqldriver.BeforeConnect(func(ctx context.Context, c *mysqldriver.Config) error {
		raw, err := o.URL(ctx)
		if err != nil {
			return err
		}
		now, err := mysqlConfig(raw)
		if err != nil {
			return err
		}
		c.User, c.Passwd, c.Addr, c.Net, c.DBName = now.User, now.Passwd, now.Addr, now.Net, now.DBName
		return nil
	}))
	if err != nil {
		return nil, err
	}
	conn, err := mysqldriver.NewConnector(c)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(conn), nil
}

func openMySQL(ctx context.Context, o Options) (*Store, error) {
	// The flavour is asked once before the pool is built: the other's time limit is an error on every connection.
	probe, err := mysqlPool(ctx, o, nil)
	if err != nil {
		return nil, err
	}
	var version string
	err = probe.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version)
	probe.Close()
	if err != nil {
		return nil, fmt.Errorf("reach the database: %w", err)
	}
	limit := map[string]string{"max_execution_time": "10000"}
	if strings.Contains(version, "MariaDB") {
		limit = map[string]string{"max_statement_time": "10"}
	}
	w, err := mysqlPool(ctx, o, func(c *mysqldriver.Config) {
		for k, v := range limit {
			c.Params[k] = v
		}
	})
	if err != nil {
		return nil, err
	}
	n := o.MaxConns
	if n <= 0 {
		n = 20
	}
	w.SetMaxOpenConns(n)
	w.SetMaxIdleConns(n)
	w.SetConnMaxLifetime(3 * time.Minute) // a moved writer is noticed, and load spreads over new servers
	w.SetConnMaxIdleTime(time.Minute)
	return newStore(mysqlDialect{}, mysql.New(mysql.Config{Conn: w, SkipInitializeWithVersion: true}), nil, o, false)
}
