package move_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
)

// fillTables writes some rows into each table that a move takes along, of a database in a file: bytes that are no text,
// letters that collations take for others, NULL.
func fillTables(t *testing.T, url string) {
	t.Helper()
	db, err := sql.Open("sqlite", strings.TrimPrefix(url, "sqlite:")) // where foreign keys are not enforced
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, table := range openPlace(t, url).Tables() {
		if table.Name == "moves" { // a row there is a move of photos or sessions
			continue
		}
		type column struct {
			kind     string
			nullable bool
		}
		columns := map[string]column{}
		rows, err := db.QueryContext(t.Context(), "SELECT name, type, \"notnull\" = 0 AND pk = 0 FROM pragma_table_info(?)", table.Name)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var name string
			var c column
			if err := rows.Scan(&name, &c.kind, &c.nullable); err != nil {
				t.Fatal(err)
			}
			columns[name] = c
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		rows.Close()
		for row := 1; row <= 3; row++ {
			var names []string
			var values []any
			for _, c := range table.Columns {
				names = append(names, "`"+c.Name+"`")
				switch of := columns[c.Name]; {
				case of.nullable && row == 3:
					values = append(values, nil)
				case of.kind == "TEXT":
					values = append(values, []string{"", "é", "E", "e"}[row])
				case of.kind == "BLOB":
					values = append(values, []byte{0, 0xff, '\'', byte(row)})
				case of.kind == "REAL":
					values = append(values, 0.1*float64(row))
				default:
					values = append(values, row)
				}
			}
			statement := fmt.Sprintf("INSERT INTO `%s` (%s) VALUES (%s?)", table.Name, strings.Join(names, ", "), strings.Repeat("?, ", len(names)-1))
			if _, err := db.ExecContext(t.Context(), statement, values...); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
	}
}

// sameFiles compares each row of each table of two databases in files: the one that a site was in first, and the one that it is in
// now. Only jobs were added meanwhile, and what site_info says of people.
func sameFiles(t *testing.T, first, last string) {
	t.Helper()
	db, err := sql.Open("sqlite", strings.TrimPrefix(last, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // ATTACH is of a connection
	if _, err := db.ExecContext(t.Context(), "ATTACH ? AS first", strings.TrimPrefix(first, "sqlite:")); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, table := range openPlace(t, first).Tables() {
		count := func(query string) (n int) {
			t.Helper()
			query = strings.NewReplacer("FIRST", "first.`"+table.Name+"`", "LAST", "main.`"+table.Name+"`").Replace(query)
			if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
				t.Fatal(query, err)
			}
			return n
		}
		where := ""
		if table.Name == "site_info" {
			where = " WHERE name NOT LIKE 'person %'"
		}
		if n := count("SELECT COUNT(*) FROM (SELECT * FROM FIRST" + where + " EXCEPT SELECT * FROM LAST)"); n > 0 {
			t.Errorf("%d rows of %s are not as they were", n, table.Name)
		}
		if n := count("SELECT COUNT(*) FROM (SELECT * FROM LAST" + where + " EXCEPT SELECT * FROM FIRST)"); n > 0 && table.Name != "jobs" {
			t.Errorf("%d rows of %s are new", n, table.Name)
		}
		compared += count("SELECT COUNT(*) FROM FIRST")
	}
	if compared < 250 {
		t.Errorf("only %d rows were compared", compared)
	}
}
