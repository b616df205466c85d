package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	mysqldriver "github.com/go-sql-driver/mysql"
)

// SetupUser is one of a site's three users of a MySQL server.
type SetupUser struct {
	Role       string // owner, app or reader
	Name       string
	URL        string // mysql://… with its password, or without where that is not known
	Made       bool   // it did not exist
	NewSecret  bool   // the password in URL was set now
	Privileges []string
	Notes      []string // what a person should look at
}

// SetupOptions say which users to make.
type SetupOptions struct {
	// URL is the address of the database as an account that may create users and grant privileges.
	URL func(context.Context) (string, error)
	// From is the host part of the accounts: from where they may connect.
	From string
	// Passwords are those wanted, by role; a user that is missing in it gets a new one if it is made, and else keeps its
	// own.
	Passwords map[string]string
}

// setupRoles in the order in which they are made.
var setupRoles = []struct {
	name       string
	privileges []string
}{{"owner", OwnerPrivileges}, {"app", AppPrivileges}, {"reader", ReaderPrivileges}}

var (
	plainName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	plainHost = regexp.MustCompile(`^[A-Za-z0-9.:/%_-]{1,60}$`)
)

// longestUser is what remains of MySQL's 32 characters for the database's name in a user's.
const longestUser = 32 - len("_reader")

// SetupDatabase makes the database, and the users NAME_owner, NAME_app and NAME_reader with what each needs in it and
// nothing else. What is there already stays: a second call changes nothing, but takes privileges away that are too
// many.
func SetupDatabase(ctx context.Context, o SetupOptions) ([]SetupUser, error) {
	raw, err := o.URL(ctx)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(raw, "mysql:") {
		return nil, errors.New("only a MySQL server has users: set DATABASE_URL=mysql://admin:password@host:3306/name, with an account that may create users")
	}
	base, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("the database's address cannot be parsed")
	}
	name := strings.Trim(base.Path, "/")
	if !plainName.MatchString(name) {
		return nil, errors.New("the database's name may have letters, digits, - and _ only")
	}
	if !plainHost.MatchString(o.From) {
		return nil, errors.New("the host from which users may connect must look like % or 10.0.%")
	}
	conn, err := adminConn(ctx, raw)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := makeDatabase(ctx, conn, name); err != nil {
		return nil, err
	}
	var users []SetupUser
	for _, r := range setupRoles {
		u := SetupUser{Role: r.name, Name: name[:min(len(name), longestUser)] + "_" + r.name, Privileges: slices.Clone(r.privileges)}
		secret, err := u.make(ctx, conn, name, o)
		address := *base
		address.User = url.User(u.Name)
		if u.NewSecret {
			address.User = url.UserPassword(u.Name, secret)
		}
		u.URL = address.String()
		if r.name == "app" {
			u.Privileges = append(u.Privileges, strings.Join(AppTablePrivileges, " and ")+" in every table but "+adminLogTable)
		}
		users = append(users, u) // also one that is half made: its password is known to nobody else
		if err != nil {
			return users, fmt.Errorf("the user %s: %w", u.Name, err)
		}
	}
	return users, nil
}

// adminConn connects without naming the database, which may not exist yet.
func adminConn(ctx context.Context, raw string) (*sql.DB, error) {
	c, err := mysqlConfig(raw)
	if err != nil {
		return nil, err
	}
	c.DBName = ""
	connector, err := mysqldriver.NewConnector(c)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	if err := db.PingContext(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("reach the database: %w", err)
	}
	return db, nil
}

func makeDatabase(ctx context.Context, db *sql.DB, name string) error {
	var there int
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = ?", name).Scan(&there); err != nil || there > 0 {
		return err
	}
	if _, err := db.ExecContext(ctx, "CREATE DATABASE IF NOT EXISTS `"+name+"` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"); err != nil {
		return fmt.Errorf("the database %s: %w", name, explainDenied("create databases", err))
	}
	return nil
}

// make brings one user to what it should be, and returns its password where that was set now.
func (u *SetupUser) make(ctx context.Context, db *sql.DB, database string, o SetupOptions) (secret string, err error) {
	account := "'" + u.Name + "'@'" + o.From + "'"
	secret = o.Passwords[u.Role]
	given := secret != ""
	if !given {
		// Some servers want small and capital letters, digits and others.
		secret = "Tt1-" + rand.Text()
	}
	// SHOW GRANTS shows whether the user exists. Where it is not allowed, CREATE USER does.
	_, look := grantsOf(ctx, db, account)
	if look != nil {
		_, err = db.ExecContext(ctx, "CREATE USER "+account+" IDENTIFIED BY "+quoted(secret))
		u.Made = err == nil
		if err != nil && !isNumber(err, 1396) { // there already
			return "", explainDenied("create users", err)
		}
	}
	if !u.Made && given {
		if _, err := db.ExecContext(ctx, "ALTER USER "+account+" IDENTIFIED BY "+quoted(secret)); err != nil {
			return "", explainDenied("set passwords", err)
		}
	}
	u.NewSecret = u.Made || given
	// First what is needed: a site that runs must not be without it for a moment.
	grant := "GRANT " + strings.Join(u.Privileges, ", ") + " ON `" + database + "`.* TO " + account
	if u.Role == "owner" {
		grant += " WITH GRANT OPTION" // so that a migration's new table is the site's as well
	}
	if _, err := db.ExecContext(ctx, grant); err != nil {
		return secret, explainDenied("grant "+strings.Join(u.Privileges, ", "), err)
	}
	if u.Role == "app" {
		grants, _ := grantsOf(ctx, db, account) // where they cannot be seen, all are granted
		if err := grantTables(ctx, db, database, account, needsTables(grants, database)); err != nil {
			return secret, explainDenied("grant "+strings.Join(AppTablePrivileges, ", "), err)
		}
	}
	return secret, u.narrow(ctx, db, database, account)
}

// narrow takes away what the user has in the database beyond its role, and tells of what it has elsewhere.
func (u *SetupUser) narrow(ctx context.Context, db *sql.DB, database, account string) error {
	for range 2 { // ALL PRIVILEGES comes apart into those that both flavours know, and what only one has
		grants, err := grantsOf(ctx, db, account)
		if err != nil {
			u.Notes = []string{"what else it may do cannot be seen by this administrator"}
			return nil
		}
		u.Notes = nil
		for _, g := range grants {
			if table := g.table(database); table != "" && u.Role == "app" {
				if err := revoke(ctx, db, tooMuchOn(table, g.Privileges), g.On, account); err != nil {
					return err
				}
				continue
			}
			if !g.covers(database) || g.On == "*.*" {
				u.noteElsewhere(g)
				continue
			}
			more := slices.DeleteFunc(slices.Clone(g.Privileges), func(p string) bool {
				return slices.Contains(u.Privileges, p) || p == "USAGE" || p == "GRANT OPTION" && u.Role == "owner"
			})
			if i := slices.Index(more, "ALL PRIVILEGES"); i >= 0 {
				more = append(slices.Delete(more, i, i+1), slices.DeleteFunc(slices.Clone(revocable), func(p string) bool { return slices.Contains(u.Privileges, p) })...)
			}
			if err := revoke(ctx, db, more, g.On, account); err != nil {
				return err
			}
		}
	}
	return nil
}

func revoke(ctx context.Context, db *sql.DB, privileges []string, on, account string) error {
	if len(privileges) == 0 {
		return nil
	}
	if _, err := db.ExecContext(ctx, "REVOKE "+strings.Join(privileges, ", ")+" ON "+on+" FROM "+account); err != nil {
		return explainDenied("revoke "+strings.Join(privileges, ", "), err)
	}
	return nil
}

func (u *SetupUser) noteElsewhere(g Grant) {
	if slices.Equal(g.Privileges, []string{"USAGE"}) {
		return
	}
	on := g.On
	if on == "" {
		on = "what a role may do"
	}
	u.Notes = append(u.Notes, "it also has "+strings.Join(g.Privileges, ", ")+" on "+on+": revoke that if it is not meant")
}

// revocable is ALL PRIVILEGES on a database, one by one: MySQL and MariaDB have these in common.
var revocable = []string{
	"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "INDEX", "REFERENCES", "TRIGGER", "CREATE TEMPORARY TABLES", "LOCK TABLES",
	"CREATE VIEW", "SHOW VIEW", "CREATE ROUTINE", "ALTER ROUTINE", "EXECUTE", "EVENT",
}

func explainDenied(what string, err error) error {
	if denied(err) || isNumber(err, 1410) {
		return fmt.Errorf("the account in DATABASE_URL may not %s: use one that may create users and grant privileges, such as the master user of RDS (%w)", what, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

func isNumber(err error, numbers ...uint16) bool {
	var me *mysqldriver.MySQLError
	return errors.As(err, &me) && slices.Contains(numbers, me.Number)
}

// quoted is a text as a literal, whatever the SQL mode says of backslashes: there is none in it.
func quoted(s string) string {
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// CheckPassword reports whether a password can be given to SetupDatabase.
func CheckPassword(s string) error {
	if len(s) < 12 || len(s) > 128 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }) {
		return errors.New("a password has 12 to 128 printable ASCII characters, without spaces and backslashes")
	}
	return nil
}
