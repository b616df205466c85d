package store

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
	"gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	"modernc.org/sqlite"
)

// Options name the database and its bounds.
type Options struct {
	// URL is "sqlite:PATH" or "mysql://user:pass@host:3306/name?tls=true". It is resolved anew for every
	// connection, so that a rotated password needs no restart.
	URL func(ctx context.Context) (string, error)
	// Replicas are the addresses of readers of a MySQL primary, in the form of URL, and resolved as often. Their number
	// is fixed by the first call. Nil means none.
	Replicas func(ctx context.Context) ([]string, error)
	// MaxLag is how far a replica may lag and still be read; 0 is DefaultMaxLag.
	MaxLag time.Duration
	// MaxConns is how many connections may be open at most, to the primary and to each replica's address; 0: chosen by
	// dialect and machine.
	MaxConns int
	Log      *slog.Logger
	// ReadOnly refuses every transaction and write with ErrPrimaryAway, and leaves the replication clock to others.
	ReadOnly bool
	// Tracing is called for statements; nil costs nothing.
	Tracing *Tracing
	// TxTimeout bounds a transaction with all its tries and its wait for a connection, 0: 5 s.
	TxTimeout time.Duration

	statements *statementCounts // of another place of the same Store, nil for counts of its own
}

const (
	// DefaultMaxLag is for Options.MaxLag.
	DefaultMaxLag = 30 * time.Second
	// DefaultMySQLConns is for Options.MaxConns on MySQL.
	DefaultMySQLConns = 20
	// MinMySQLConns is the least for Options.MaxConns on MySQL.
	MinMySQLConns = 3
)

// Open connects to the database. It does not touch the schema; see Migrate and SchemaState.
func Open(ctx context.Context, o Options) (*Store, error) {
	c, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	return &Store{conn: c}, nil
}

func open(ctx context.Context, o Options) (*conn, error) {
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

func openSQLite(ctx context.Context, path string, o Options) (*conn, error) {
	if path == "" || strings.Contains(path, ":memory:") {
		return nil, errors.New("a SQLite database needs a file: sqlite:PATH")
	}
	if err := makePrivate(path); err != nil {
		return nil, err
	}
	toPrimary, err := sqlite.NewConnector(sqliteDSN(path, false))
	if err != nil {
		return nil, err
	}
	w := sql.OpenDB(traced(&writeConnector{Connector: toPrimary}, o.Tracing, TracedStatement{System: "sqlite", Node: "primary"}))
	w.SetMaxOpenConns(1) // one connection, so that waiting is a queue and not a poll of the file's lock
	if err := usable(ctx, w); err != nil {
		w.Close()
		if o.ReadOnly && diskFull(path) {
			return openSQLiteToRead(ctx, path, o)
		}
		return nil, fmt.Errorf("open the database %s: %w", path, sayFull(path, err))
	}
	n := o.MaxConns
	if n <= 0 {
		n = max(4, 2*runtime.GOMAXPROCS(0))
	}
	r, disk, err := openReaders(sqliteDSN(path, true), path, n, o.Tracing)
	if err != nil {
		w.Close()
		return nil, err
	}
	r.SetConnMaxIdleTime(5 * time.Minute)
	s, err := newStore(sqliteDialect{}, sqliteDialector{bounded{w}}, sqliteDialector{r}, o, true)
	if err != nil {
		return nil, errors.Join(err, w.Close(), r.Close())
	}
	s.readers, s.disk = r, disk
	if s.inUse, err = lockUse(ctx, path); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// openSQLiteToRead opens a database on a full disk.
func openSQLiteToRead(ctx context.Context, path string, o Options) (*conn, error) {
	w, err := openFullDisk(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open the database %s: %w", path, sayFull(path, err))
	}
	r, disk, err := openReaders(sqliteDSN(path, true)+"&immutable=1", path, max(4, 2*runtime.GOMAXPROCS(0)), o.Tracing)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	s, err := newStore(sqliteDialect{}, sqliteDialector{bounded{w}}, sqliteDialector{r}, o, true)
	if err != nil {
		return nil, errors.Join(err, w.Close(), r.Close())
	}
	s.readers, s.disk = r, disk
	return s, nil
}

func newStore(d dialect, w, r gorm.Dialector, o Options, prepare bool) (*conn, error) {
	// Only readers prepare. gorm has whoever wants a statement wait while another prepares it; SQLite's one write connection may
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
	counts := cmp.Or(o.statements, &statementCounts{})
	err = counts.count(wdb)
	if rdb != wdb {
		err = errors.Join(err, counts.count(rdb))
	}
	if err != nil {
		return nil, err
	}
	return &conn{w: wdb, r: rdb, dialect: d, statements: counts, ids: &ids{now: time.Now}, log: o.Log, tracing: o.Tracing, txTimeout: cmp.Or(o.TxTimeout, 5*time.Second), signals: &signals{}, readOnly: o.ReadOnly, shown: newPhotoCache()}, nil
}

// MySQLURLOptions are the options of a mysql:// address: tls (true, or skip-verify for a test), ca (the file of the
// authority that signed the server's certificate, where the machine does not know it, as with Amazon's for RDS) and
// socket (a Unix socket's path instead of the host).
var MySQLURLOptions = []string{"tls", "ca", "socket"}

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
		if !slices.Contains(MySQLURLOptions, k) {
			return nil, fmt.Errorf("the database's address has an unknown parameter %q; known are %s", k, strings.Join(MySQLURLOptions, ", "))
		}
	}
	c.TLSConfig = q.Get("tls")
	if file := q.Get("ca"); file != "" {
		if c.TLSConfig != "" && c.TLSConfig != "true" {
			return nil, errors.New("the database's address has a ca, which only tls=true checks")
		}
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("the database's ca: %w", err)
		}
		c.TLS = &tls.Config{RootCAs: x509.NewCertPool(), ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
		if !c.TLS.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("the database's ca: %s holds no certificate", file)
		}
		c.TLSConfig = ""
	}
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

// mysqlConnector opens connections whose address, user and password are resolved anew for each.
func mysqlConnector(ctx context.Context, url func(context.Context) (string, error), change func(*mysqldriver.Config)) (driver.Connector, error) {
	raw, err := url(ctx)
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
		raw, err := url(ctx)
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
	return mysqldriver.NewConnector(c)
}

func mysqlPool(ctx context.Context, url func(context.Context) (string, error), change func(*mysqldriver.Config)) (*sql.DB, error) {
	conn, err := mysqlConnector(ctx, url, change)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(conn), nil
}

// limitPool bounds a pool of MySQL.
func limitPool(db *sql.DB, conns int) {
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxLifetime(3 * time.Minute) // a moved primary is noticed, and load spreads over new servers
	db.SetConnMaxIdleTime(time.Minute)
}

// statementLimit ends statements that run too long, in the syntax of the server's flavour. The other flavour's would be
// an error on every connection.
func statementLimit(version string) func(*mysqldriver.Config) {
	name, value := "max_execution_time", "10000"
	if strings.Contains(version, "MariaDB") {
		name, value = "max_statement_time", "10"
	}
	return func(c *mysqldriver.Config) { c.Params[name] = value }
}

func openMySQL(ctx context.Context, o Options) (*conn, error) {
	// The flavour is asked once before the pool is built.
	probe, err := mysqlPool(ctx, o.URL, nil)
	if err != nil {
		return nil, err
	}
	var version string
	err = probe.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version)
	probe.Close()
	if err != nil {
		return nil, fmt.Errorf("reach the database: %w", err)
	}
	n := o.MaxConns
	if n <= 0 {
		n = DefaultMySQLConns
	}
	n = max(n, MinMySQLConns)
	if o.Replicas != nil {
		list, err := o.Replicas(ctx)
		if err != nil {
			return nil, err
		}
		if len(list) > 0 {
			return openCluster(ctx, o, n, len(list), statementLimit(version))
		}
	}
	b, err := openBreaker(ctx, o, nil, func(err error) {
		o.Log.Error("the database does not answer", "error", err)
	}, func() {
		o.Log.Info("the database answers again")
	})
	if err != nil {
		return nil, err
	}
	w, err := openGuarded(ctx, o, b, n, statementLimit(version))
	if err != nil {
		b.Close()
		return nil, err
	}
	s, err := newStore(mysqlDialect{}, mysqlDialector(bounded{w}), nil, o, false)
	if err != nil {
		b.Close()
		return nil, errors.Join(err, w.Close())
	}
	s.breaker = b
	return s, nil
}

func mysqlDialector(pool gorm.ConnPool) gorm.Dialector {
	return mysql.New(mysql.Config{Conn: pool, SkipInitializeWithVersion: true})
}
