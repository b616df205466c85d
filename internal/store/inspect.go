package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
)

// A Server is what a MySQL server says of itself and of us, on a connection as this program opens it.
type Server struct {
	Address   string            // host:port; "" is the primary
	ID        string            // Aurora's name, else the server_id
	Database  string            // ours
	Variables map[string]string // by name, of the session where it has its own
	Grants    []Grant
	Cipher    string        // of the connection's TLS; "" is none
	Took      time.Duration // one statement
	Err       error         // it could not be asked, or not all of it
}

// A Grant is what an account may do on something.
type Grant struct {
	Privileges []string // in capitals, without columns; ALL PRIVILEGES is one
	On         string   // *.*, `name`.* …; "" for a role, whose privileges are not listed
}

// The variables that Servers asks for; a server lists those that it knows.
var inspected = []string{
	"version", "server_id", "aurora_server_id", "aurora_version", "read_only", "super_read_only", "innodb_read_only", "log_bin", "binlog_format", "sql_mode", "time_zone",
	"character_set_connection", "collation_connection", "character_set_database", "tx_isolation", "transaction_isolation",
	"innodb_flush_log_at_trx_commit", "sync_binlog", "max_connections", "max_user_connections",
	"replica_preserve_commit_order", "slave_preserve_commit_order", "replica_parallel_workers", "slave_parallel_workers",
	"slave_parallel_mode", "slave_parallel_threads", "gtid_slave_pos",
}

// Servers asks the primary and a server behind each address of replicas, all at once. It is empty on SQLite.
func (s *conn) Servers(ctx context.Context) []Server {
	if s.dialect.name() != "mysql" {
		return nil
	}
	pools, names := []*sql.DB{s.SQL()}, []string{""}
	if s.cluster != nil {
		for _, e := range s.cluster.endpoints {
			pools, names = append(pools, e.find), append(names, e.name)
		}
	}
	list := make([]Server, len(pools))
	var wg sync.WaitGroup
	for i, pool := range pools {
		wg.Go(func() {
			list[i] = inspect(ctx, pool)
			list[i].Address = names[i]
		})
	}
	wg.Wait()
	return list
}

func inspect(ctx context.Context, pool *sql.DB) Server {
	sv := Server{Variables: map[string]string{}}
	conn, err := pool.Conn(ctx)
	if err != nil {
		sv.Err = err
		return sv
	}
	defer conn.Close()
	start := time.Now()
	sv.Err = conn.QueryRowContext(ctx, "SELECT DATABASE()").Scan(&sv.Database)
	sv.Took = time.Since(start)
	if sv.Err == nil {
		sv.Err = pairs(ctx, conn, "SHOW VARIABLES WHERE Variable_name IN ('"+strings.Join(inspected, "', '")+"')", func(name, value string) {
			sv.Variables[strings.ToLower(name)] = value
		})
	}
	if sv.Err == nil {
		sv.Err = pairs(ctx, conn, "SHOW SESSION STATUS LIKE 'Ssl_cipher'", func(_, value string) { sv.Cipher = value })
	}
	if sv.Err == nil {
		sv.Grants, sv.Err = grantsOf(ctx, conn, "")
	}
	sv.ID = sv.Variables["server_id"]
	if name := sv.Variables["aurora_server_id"]; name != "" {
		sv.ID = name
	}
	return sv
}

// asker is what a pool and a connection have in common.
type asker interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

func pairs(ctx context.Context, c asker, query string, f func(name, value string)) error {
	rows, err := c.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var value sql.NullString
		if err := rows.Scan(&name, &value); err != nil {
			return err
		}
		f(name, value.String)
	}
	return rows.Err()
}

// grantsOf reads the grants of an account in quotes, "" for our own. What a server says may hold hashes of passwords,
// and goes no further.
func grantsOf(ctx context.Context, c asker, account string) ([]Grant, error) {
	query := "SHOW GRANTS"
	if account != "" {
		query += " FOR " + account
	}
	rows, err := c.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Grant
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		if g, ok := parseGrant(text); ok {
			list = append(list, g)
		}
	}
	return list, rows.Err()
}

// parseGrant reads a line of SHOW GRANTS: GRANT SELECT, UPDATE (a, b) ON `name`.* TO `user`@`host` …
func parseGrant(text string) (Grant, bool) {
	rest, ok := strings.CutPrefix(text, "GRANT ")
	if !ok {
		return Grant{}, false // SET DEFAULT ROLE …
	}
	var g Grant
	depth, start, quote := 0, 0, byte(0)
	add := func(end int) {
		p, _, _ := strings.Cut(rest[start:end], "(")
		g.Privileges = append(g.Privileges, strings.ToUpper(strings.TrimSpace(p)))
	}
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '`' || c == '\'' || c == '"':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case depth > 0:
		case c == ',':
			add(i)
			start = i + 1
		case strings.HasPrefix(rest[i:], " TO "):
			return Grant{Privileges: []string{"ROLE"}}, true
		case strings.HasPrefix(rest[i:], " ON "):
			add(i)
			g.On = rest[i+len(" ON "):]
			g.On = strings.TrimPrefix(g.On, "TABLE ")
			end := strings.Index(g.On, " TO ")
			if end < 0 {
				return Grant{}, false
			}
			if strings.Contains(g.On[end:], " WITH GRANT OPTION") {
				g.Privileges = append(g.Privileges, "GRANT OPTION")
			}
			g.On = g.On[:end]
			return g, true
		}
	}
	return Grant{}, false
}

// covers reports whether the grant is for a whole database.
func (g Grant) covers(database string) bool {
	if g.On == "*.*" {
		return true
	}
	name, ok := strings.CutSuffix(g.On, ".*")
	if !ok {
		return false
	}
	name = strings.Trim(name, "`\"'")
	return strings.EqualFold(strings.ReplaceAll(name, `\`, ""), database) || strings.EqualFold(name, database)
}

// Privileges are what the grants allow on a whole database. known is false where there is a role or a pattern, which
// may allow more.
func Privileges(grants []Grant, database string) (list []string, known bool) {
	known = true
	for _, g := range grants {
		switch {
		case g.On == "" || strings.Contains(g.On, "%"):
			known = false
		case g.covers(database):
			for _, p := range g.Privileges {
				if p == "ALL" {
					p = "ALL PRIVILEGES"
				}
				if p != "USAGE" && !slices.Contains(list, p) {
					list = append(list, p)
				}
			}
		}
	}
	slices.Sort(list)
	return list, known
}

// Lacking are those of the needed privileges that the grants do not allow on a whole database; nil where that is not
// known.
func Lacking(grants []Grant, database string, needed []string) []string {
	has, known := Privileges(grants, database)
	if !known || slices.Contains(has, "ALL PRIVILEGES") {
		return nil
	}
	var lacking []string
	for _, p := range needed {
		if !slices.Contains(has, p) {
			lacking = append(lacking, p)
		}
	}
	return lacking
}

// The privileges on the site's database that each part of the program needs.
var (
	ReaderPrivileges = []string{"SELECT"}
	AppPrivileges    = []string{"SELECT", "INSERT"}
	OwnerPrivileges  = []string{"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "INDEX", "REFERENCES", "TRIGGER"}
)

// AppTablePrivileges are what the site's user needs in each table but the log of administration.
var AppTablePrivileges = []string{"UPDATE", "DELETE"}

// A RightsError says that the database's user may not change the schema.
type RightsError struct{ Lacking []string }

func (e *RightsError) Error() string {
	text := "the schema has to change, and the user of DATABASE_URL may not do that"
	if len(e.Lacking) > 0 {
		text += " (it lacks " + strings.Join(e.Lacking, ", ") + ")"
	}
	return text + ": run `tintype migrate up` with the DATABASE_URL of the schema's owner, and set MIGRATE=wait for this one, so that it goes on by itself when that is done"
}

// denied reports whether a server refused a statement for want of a privilege.
func denied(err error) bool {
	var me *mysqldriver.MySQLError
	return errors.As(err, &me) && slices.Contains([]uint16{1044, 1142, 1143, 1227, 1370}, me.Number)
}

// LostDefiners names the users who made triggers of a move here and do not exist any more: then every write fails. Who may
// not see the server's triggers or users finds none.
func (s *conn) LostDefiners(ctx context.Context) ([]string, error) {
	return lostDefiners(ctx, s.SQL(), s.Dialect())
}

// LostDefiners is that of a Store, for a place.
func (p *Place) LostDefiners(ctx context.Context) ([]string, error) {
	return lostDefiners(ctx, p.r, p.Dialect())
}

func lostDefiners(ctx context.Context, db *sql.DB, dialect string) ([]string, error) {
	if dialect != "mysql" {
		return nil, nil
	}
	names := func(query string) (list []string, err error) {
		err = collect(ctx, db, func(rows *sql.Rows) error {
			var name string
			err := rows.Scan(&name)
			list = append(list, name)
			return err
		}, query)
		return list, err
	}
	lost, err := names("SELECT DISTINCT definer FROM information_schema.triggers WHERE trigger_schema = DATABASE() AND trigger_name LIKE 'move\\_%'")
	if err != nil || len(lost) == 0 {
		return nil, translate(err)
	}
	users, err := names("SELECT CONCAT(user, '@', host) FROM mysql.user")
	if err != nil && denied(err) {
		return nil, nil
	}
	return slices.DeleteFunc(lost, func(name string) bool { return slices.Contains(users, name) }), translate(err)
}
