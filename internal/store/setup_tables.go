package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"

	"tintype/migrations"
)

// adminLogTable is the log of administration: the site's user may add to it, and neither change nor delete what stands there.
const adminLogTable = "admin_log"

// moveTables are those that a move makes. The site's processes write there while they keep up the place that the site has left.
var moveTables = []string{"move_checkpoint", "move_gate", "move_log", "move_mover", "move_way_back"}

var createsTable = regexp.MustCompile("(?m)^CREATE TABLE `([a-z_]+)`")

// appTables are the tables in which the site's user changes and deletes rows: all that the migrations of this release make, but
// for the log, and those of a move. MySQL only adds up grants: a table is left out where the others are named one by one.
var appTables = sync.OnceValue(func() []string {
	list := slices.Clone(moveTables)
	files, err := fs.Glob(migrations.FS, "mysql/*.up.sql")
	if err != nil {
		panic(err) // the pattern is wrong
	}
	for _, name := range files {
		text, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			panic(err) // it is embedded
		}
		for _, m := range createsTable.FindAllSubmatch(text, -1) {
			if table := string(m[1]); table != adminLogTable {
				list = append(list, table)
			}
		}
	}
	slices.Sort(list)
	return list
})

// AppTables are the tables in which the site's user needs AppTablePrivileges.
func AppTables() []string { return slices.Clone(appTables()) }

// table is the one table of the database that the grant is for, "" where it is for something else.
func (g Grant) table(database string) string {
	name, table, ok := strings.Cut(g.On, ".")
	if !ok || table == "*" || !strings.EqualFold(strings.Trim(name, "`\"'"), database) { // some servers fold names
		return ""
	}
	return strings.Trim(table, "`\"'")
}

// mayOn tells whether the grants allow something on one table of the database.
func mayOn(grants []Grant, database, table, privilege string) bool {
	return slices.ContainsFunc(grants, func(g Grant) bool {
		return (g.covers(database) || g.table(database) == table) && slices.ContainsFunc(g.Privileges, func(p string) bool { return p == privilege || p == "ALL PRIVILEGES" || p == "ALL" })
	})
}

// LackingOfApp are the privileges that the site's user lacks, with the tables where these are not all; nil where that is not
// known.
func LackingOfApp(grants []Grant, database string) []string {
	lacking := Lacking(grants, database, AppPrivileges)
	for _, p := range AppTablePrivileges {
		if Lacking(grants, database, []string{p}) == nil {
			continue
		}
		var on []string
		for _, t := range appTables() {
			if !mayOn(grants, database, t, p) {
				on = append(on, t)
			}
		}
		switch len(on) {
		case 0:
		case len(appTables()):
			lacking = append(lacking, p)
		default:
			lacking = append(lacking, p+" on "+strings.Join(on, ", "))
		}
	}
	return lacking
}

// MayChangeLog tells whether the grants allow to change or delete what the log of administration says. It is false where that
// is not known.
func MayChangeLog(grants []Grant, database string) bool {
	return slices.ContainsFunc(AppTablePrivileges, func(p string) bool { return mayOn(grants, database, adminLogTable, p) })
}

// grantTables lets the account change and delete rows of these tables. A server takes a grant for a table that is not there yet
// only together with CREATE, which is taken away again at once.
func grantTables(ctx context.Context, db *sql.DB, database, account string, tables []string) error {
	there := map[string]bool{}
	rows, err := db.QueryContext(ctx, "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", database)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		there[name] = true
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	privileges := strings.Join(AppTablePrivileges, ", ")
	for _, t := range tables {
		on := " ON `" + database + "`.`" + t + "`"
		statements := []string{"GRANT " + privileges + on + " TO " + account}
		if !there[t] {
			statements = []string{"GRANT CREATE, " + privileges + on + " TO " + account, "REVOKE CREATE" + on + " FROM " + account}
		}
		for _, s := range statements {
			if _, err := db.ExecContext(ctx, s); err != nil {
				return fmt.Errorf("%s on %s: %w", privileges, t, err)
			}
		}
	}
	return nil
}

// needsTables are those of appTables in which the grants do not allow all that the site's user needs.
func needsTables(grants []Grant, database string) []string {
	return slices.DeleteFunc(slices.Clone(appTables()), func(t string) bool {
		return !slices.ContainsFunc(AppTablePrivileges, func(p string) bool {
			return !slices.ContainsFunc(grants, func(g Grant) bool { return g.table(database) == t && slices.Contains(g.Privileges, p) })
		})
	})
}

// tablePrivileges is ALL PRIVILEGES on a table, one by one: MySQL and MariaDB have these in common.
var tablePrivileges = []string{"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "INDEX", "REFERENCES", "TRIGGER", "CREATE VIEW", "SHOW VIEW"}

// tooMuchOn is what a grant for one table allows the site's user beyond what it needs there.
func tooMuchOn(table string, privileges []string) []string {
	more := slices.DeleteFunc(slices.Clone(privileges), func(p string) bool { return p == "USAGE" })
	if i := slices.Index(more, "ALL PRIVILEGES"); i >= 0 {
		more = append(slices.Delete(more, i, i+1), tablePrivileges...)
	}
	if table != adminLogTable { // one that this release does not know may be of a later one, whose site runs
		more = slices.DeleteFunc(more, func(p string) bool { return slices.Contains(AppTablePrivileges, p) })
	}
	return more
}

// grantToApp lets the site's user change rows of the tables that are about to be made. It does so as the owner that
// SetupDatabase has made, for the user that it has made beside it. Of users that somebody else made nothing is known: then
// nothing is granted, and the doctor says what the site's user lacks.
func grantToApp(ctx context.Context, db *sql.DB) error {
	var user, database string
	if err := db.QueryRowContext(ctx, "SELECT CURRENT_USER(), DATABASE()").Scan(&user, &database); err != nil {
		return err
	}
	at := strings.LastIndexByte(user, '@')
	name, ours := strings.CutSuffix(user[:max(at, 0)], "_owner")
	if !ours || !plainName.MatchString(name) || !plainHost.MatchString(user[at+1:]) || !plainName.MatchString(database) {
		return nil
	}
	grants, err := grantsOf(ctx, db, "")
	if err != nil || !slices.ContainsFunc(grants, func(g Grant) bool { return g.covers(database) && slices.Contains(g.Privileges, "GRANT OPTION") }) {
		return err
	}
	err = grantTables(ctx, db, database, "'"+name+"_app'@'"+user[at+1:]+"'", appTables())
	if denied(err) || isNumber(err, 1410, 1133, 1141, 1147) { // there is no such user
		return nil
	}
	return err
}
