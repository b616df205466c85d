package storetest

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"

	"tintype/internal/store"
)

// schemas has, by the release of a server, what migrations make there.
var schemas struct {
	sync.Mutex
	of map[string]*schema
}

// A schema is what migrations leave in a database.
type schema struct {
	made []string           // statements that make the tables
	rows map[string][][]any // by table
}

// Migrate gives an empty database, or a file that does not exist yet, the site's schema, and others what they lack of it. Only the
// first of a kind in a process goes through all migrations, which takes seconds on a server; the others get what these leave.
func Migrate(t testing.TB, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if file, ok := strings.CutPrefix(address, "sqlite:"); ok {
		if info, err := os.Stat(file); err == nil && info.Size() > 0 {
			if err := store.NewMigrator(Options(address)).Up(ctx); err != nil {
				t.Fatal(err)
			}
			return
		}
		empty, err := template()
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, empty, 0o600)); err != nil {
			t.Fatal(err)
		}
		return
	}
	db := connect(t, address)
	defer db.Close()
	var release string
	var tables int
	if err := db.QueryRowContext(ctx, "SELECT VERSION(), (SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE())").Scan(&release, &tables); err != nil {
		t.Fatal(err)
	}
	schemas.Lock()
	defer schemas.Unlock()
	if s := schemas.of[release]; s != nil && tables == 0 {
		if err := s.make(ctx, db); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := store.NewMigrator(Options(address)).Up(ctx); err != nil {
		t.Fatal(err)
	}
	if tables > 0 {
		return // its rows are nobody else's
	}
	s, err := schemaOf(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	if schemas.of == nil {
		schemas.of = map[string]*schema{}
	}
	schemas.of[release] = s
}

// connect opens the database of an address for whatever statements there are.
func connect(t testing.TB, address string) *sql.DB {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	c := mysqldriver.NewConfig()
	c.User, c.Net, c.Addr, c.DBName = u.User.Username(), "tcp", u.Host, strings.Trim(u.Path, "/")
	c.Passwd, _ = u.User.Password()
	connector, err := mysqldriver.NewConnector(c)
	if err != nil {
		t.Fatal(err)
	}
	return sql.OpenDB(connector)
}

// schemaOf reads the schema of a database that was just migrated.
func schemaOf(ctx context.Context, db *sql.DB) (*schema, error) {
	d := &spare{}
	if err := d.remember(ctx, db); err != nil {
		return nil, err
	}
	s := &schema{rows: d.rows}
	for table := range d.tables {
		var name, statement string
		if err := db.QueryRowContext(ctx, "SHOW CREATE TABLE `"+table+"`").Scan(&name, &statement); err != nil {
			return nil, err
		}
		s.made = append(s.made, statement)
	}
	return s, nil
}

// make fills a database that is empty.
func (s *schema) make(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// A table may refer to one that comes later.
	for _, statement := range append([]string{"SET FOREIGN_KEY_CHECKS = 0"}, s.made...) {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	for table, rows := range s.rows {
		for _, row := range rows {
			if _, err := conn.ExecContext(ctx, "INSERT INTO `"+table+"` VALUES (?"+strings.Repeat(",?", len(row)-1)+")", row...); err != nil {
				return err
			}
		}
	}
	return nil
}
