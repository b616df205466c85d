package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
)

// ReadSchema fills tables from the database's own schema, so that a table that comes later moves without code.
func (p *Place) ReadSchema(ctx context.Context) error {
	var list []*PlaceTable
	var err error
	if p.onSQLite() {
		list, err = p.sqliteTables(ctx)
	} else {
		list, err = p.mysqlTables(ctx)
	}
	if err != nil {
		return fmt.Errorf("read the schema of %s: %w", p.name, err)
	}
	slices.SortFunc(list, func(a, b *PlaceTable) int { return strings.Compare(a.Name, b.Name) })
	for _, t := range list {
		if len(t.key) == 0 {
			return fmt.Errorf("the table %s of %s has no primary key: a move finds rows by it", t.Name, p.name)
		}
		for _, c := range t.Columns {
			if c.kind == 0 {
				return fmt.Errorf("the column %s.%s of %s has a type that a move does not know", t.Name, c.Name, p.name)
			}
		}
	}
	p.tables = list
	return nil
}

// collect runs a query and calls scan for each row.
func collect(ctx context.Context, db asker, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (p *Place) sqliteTables(ctx context.Context) ([]*PlaceTable, error) {
	var list []*PlaceTable
	err := collect(ctx, p.r, func(rows *sql.Rows) error {
		t := &PlaceTable{}
		err := rows.Scan(&t.Name)
		if !slices.Contains(notMoved, t.Name) {
			list = append(list, t)
		}
		return err
	}, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`)
	if err != nil {
		return nil, err
	}
	for _, t := range list {
		places := map[int]int{} // in the key: column
		err := collect(ctx, p.r, func(rows *sql.Rows) error {
			var name, typ string
			var pk, hidden int
			if err := rows.Scan(&name, &typ, &pk, &hidden); err != nil {
				return err
			}
			if hidden != 0 {
				return nil // generated from others
			}
			c := PlaceColumn{Name: name, low: math.MinInt64, high: math.MaxInt64}
			switch strings.ToUpper(typ) {
			case "INT", "INTEGER":
				c.kind = kindInt
			case "TEXT":
				c.kind = kindText
			case "BLOB":
				c.kind = kindBlob
			case "REAL":
				c.kind = kindReal
			}
			if pk > 0 {
				places[pk] = len(t.Columns)
			}
			t.Columns = append(t.Columns, c)
			return nil
		}, "SELECT name, type, pk, hidden FROM pragma_table_xinfo(?) ORDER BY cid", t.Name)
		if err != nil {
			return nil, err
		}
		for i := 1; i <= len(places); i++ {
			t.key = append(t.key, places[i])
		}
		var indexes []string
		err = collect(ctx, p.r, func(rows *sql.Rows) error {
			var name string
			err := rows.Scan(&name)
			indexes = append(indexes, name)
			return err
		}, "SELECT name FROM pragma_index_list(?) WHERE \"unique\" = 1", t.Name)
		if err != nil {
			return nil, err
		}
		for _, index := range indexes {
			var columns []string
			err := collect(ctx, p.r, func(rows *sql.Rows) error {
				var name sql.NullString
				err := rows.Scan(&name)
				columns = append(columns, name.String)
				return err
			}, "SELECT name FROM pragma_index_info(?) ORDER BY seqno", index)
			if err != nil {
				return nil, err
			}
			t.unique = append(t.unique, columns)
		}
	}
	return list, nil
}

func (p *Place) mysqlTables(ctx context.Context) ([]*PlaceTable, error) {
	byName := map[string]*PlaceTable{}
	var list []*PlaceTable
	err := collect(ctx, p.r, func(rows *sql.Rows) error {
		var table, name, typ, full, extra string
		var most sql.NullInt64
		if err := rows.Scan(&table, &name, &typ, &full, &most, &extra); err != nil {
			return err
		}
		if slices.Contains(notMoved, table) || strings.Contains(strings.ToUpper(extra), "GENERATED") {
			return nil
		}
		t := byName[table]
		if t == nil {
			t = &PlaceTable{Name: table}
			byName[table], list = t, append(list, t)
		}
		t.Columns = append(t.Columns, mysqlColumn(name, strings.ToLower(typ), strings.ToLower(full), most.Int64))
		return nil
	}, "SELECT c.table_name, c.column_name, c.data_type, c.column_type, c.character_maximum_length, c.extra FROM information_schema.columns c"+
		" JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE'"+
		" WHERE c.table_schema = DATABASE() ORDER BY c.table_name, c.ordinal_position")
	if err != nil {
		return nil, err
	}
	unique := map[string]map[string][]string{}
	err = collect(ctx, p.r, func(rows *sql.Rows) error {
		var table, index, column string
		if err := rows.Scan(&table, &index, &column); err != nil {
			return err
		}
		t := byName[table]
		if t == nil {
			return nil
		}
		at := slices.IndexFunc(t.Columns, func(c PlaceColumn) bool { return c.Name == column })
		if at < 0 {
			return errors.New("the key " + index + " of " + table + " has a column that is generated")
		}
		if index == "PRIMARY" {
			t.key = append(t.key, at)
		}
		if unique[table] == nil {
			unique[table] = map[string][]string{}
		}
		unique[table][index] = append(unique[table][index], column)
		return nil
	}, "SELECT table_name, index_name, column_name FROM information_schema.statistics WHERE table_schema = DATABASE() AND non_unique = 0 ORDER BY table_name, index_name, seq_in_index")
	for table, keys := range unique {
		for _, columns := range keys {
			byName[table].unique = append(byName[table].unique, columns)
		}
	}
	return list, err
}

// mysqlColumn is a column of one of the types that the schema uses.
func mysqlColumn(name, typ, full string, most int64) PlaceColumn {
	c := PlaceColumn{Name: name, low: math.MinInt64, high: math.MaxInt64}
	switch typ {
	case "tinyint", "smallint", "mediumint", "int", "bigint":
		bits := map[string]int{"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}[typ]
		if strings.Contains(full, "unsigned") {
			break
		}
		c.kind, c.low, c.high = kindInt, -1<<(bits-1), 1<<(bits-1)-1
	case "char", "varchar":
		c.kind, c.most = kindText, most
	case "tinytext", "text", "mediumtext", "longtext":
		c.kind, c.most = kindText, most
	case "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob":
		c.kind, c.most = kindBlob, most
	case "double":
		c.kind = kindReal
	}
	return c
}

// schemaPatience is how long a statement that changes the schema may go on asking for its table. Each try holds others
// up for a second at most.
const schemaPatience = 2 * time.Minute

// ddl runs statements that change the schema, again and again while others use a table.
func (p *Place) ddl(ctx context.Context, statements ...string) error {
	return p.ddlWhile(ctx, func() error { return nil }, statements...)
}

// ddlWhile is ddl that stops where may is an error. On SQLite all is one transaction: after each that changes the schema, every
// connection of the site reads the whole schema anew, and people wait for most of that.
func (p *Place) ddlWhile(ctx context.Context, may func() error, statements ...string) error {
	if p.onSQLite() {
		return ddlTry(ctx, "the database", func(ctx context.Context) error {
			return p.tx(ctx, 0, func(tx *sql.Tx) error {
				if err := may(); err != nil { // and nobody else writes before the end
					return err
				}
				for _, statement := range statements {
					if _, err := tx.ExecContext(ctx, statement); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
	for _, statement := range statements {
		if err := errors.Join(may(), ctx.Err()); err != nil {
			return err
		}
		err := ddlTry(ctx, fmt.Sprintf("a table that %.80s needs", statement), func(ctx context.Context) error {
			_, err := p.w.ExecContext(ctx, statement)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ddlTry runs f again and again while others use what it needs.
func ddlTry(ctx context.Context, what string, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, schemaPatience)
	defer cancel()
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := f(ctx)
		if err == nil || !retryable(err) {
			return placeError(err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("others use %s all the time: %w", what, placeError(err))
		case <-time.After(pause):
		}
	}
}

// placeError is translate, with what an operator can do about the errors that only a move meets.
func placeError(err error) error {
	var me *mysqldriver.MySQLError
	if errors.As(err, &me) {
		switch {
		case me.Number == 1419:
			return fmt.Errorf("the server writes a binary log and lets no trigger be made: set log_bin_trust_function_creators=1 on it (in the parameter group on RDS and Aurora): %w", err)
		case denied(err):
			return fmt.Errorf("the database's user may not make what a move needs (CREATE, DROP and TRIGGER on the database): %w", err)
		case me.Number == 1153 || me.Number == 1301:
			return fmt.Errorf("a row is larger than the server's max_allowed_packet: %w", err)
		case me.Number == 1406 || me.Number == 1264 || me.Number == 1366 || me.Number == 1118:
			return fmt.Errorf("a value does not fit into the database: %w", err)
		}
	}
	return translate(err)
}
