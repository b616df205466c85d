package storetest

import (
	"context"
	"database/sql"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store"
)

// A spare is a migrated database that an earlier test has done with.
type spare struct {
	url    string
	tables map[string]int     // how many columns each has
	rows   map[string][][]any // what migrations leave in them
}

var spares struct {
	sync.Mutex
	of map[*servertest.DatabaseServer][]*spare
}

// Empty opens a migrated database of the server, with no rows but those of the migrations. It is one that an earlier test of
// the process has done with, where there is one: emptying it takes milliseconds, and migrations take seconds on MySQL.
func Empty(t testing.TB, server *servertest.DatabaseServer) *store.Store {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		d := takeSpare(server)
		again := d != nil
		if !again {
			d = &spare{url: server.LastingDatabase(t)}
			Migrate(t, d.url)
		}
		kept := false
		t.Cleanup(func() { // after what a test does at its end, the closing of the store among it
			if kept && !t.Failed() {
				spares.Lock()
				defer spares.Unlock()
				spares.of[server] = append(spares.of[server], d)
			}
		})
		s := open(t, d.url)
		var err error
		if again {
			kept, err = d.empty(ctx, s.SQL())
		} else {
			kept, err = true, d.remember(ctx, s.SQL())
		}
		if err != nil {
			t.Fatal(err)
		}
		if kept {
			return s
		}
	}
}

func takeSpare(server *servertest.DatabaseServer) *spare {
	spares.Lock()
	defer spares.Unlock()
	if spares.of == nil {
		spares.of = map[*servertest.DatabaseServer][]*spare{}
	}
	list := spares.of[server]
	if len(list) == 0 {
		return nil
	}
	d := list[len(list)-1]
	spares.of[server] = list[:len(list)-1]
	return d
}

// remember notes what a database that was just migrated has.
func (d *spare) remember(ctx context.Context, db *sql.DB) (err error) {
	if d.tables, err = tablesOf(ctx, db); err != nil {
		return err
	}
	d.rows = map[string][][]any{}
	for table, columns := range d.tables {
		rows, err := db.QueryContext(ctx, "SELECT * FROM `"+table+"`")
		if err != nil {
			return err
		}
		for rows.Next() {
			row, into := make([]any, columns), make([]any, columns)
			for i := range row {
				into[i] = &row[i]
			}
			if err := rows.Scan(into...); err != nil {
				rows.Close()
				return err
			}
			d.rows[table] = append(d.rows[table], row)
		}
		if err := rows.Err(); err != nil {
			return err
		}
	}
	return nil
}

// empty makes the database what it was after its migrations. It reports false where a test has left other tables, columns or
// triggers in it.
func (d *spare) empty(ctx context.Context, db *sql.DB) (bool, error) {
	now, err := tablesOf(ctx, db)
	if err != nil || !maps.Equal(now, d.tables) {
		return false, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	var triggers int
	if err := conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = DATABASE()").Scan(&triggers); err != nil || triggers > 0 {
		return false, err
	}
	if _, err := conn.ExecContext(ctx, "SET FOREIGN_KEY_CHECKS = 0"); err != nil {
		return false, err
	}
	for table, columns := range d.tables {
		if _, err := conn.ExecContext(ctx, "DELETE FROM `"+table+"`"); err != nil {
			return false, err
		}
		for _, row := range d.rows[table] {
			if _, err := conn.ExecContext(ctx, "INSERT INTO `"+table+"` VALUES (?"+strings.Repeat(",?", columns-1)+")", row...); err != nil {
				return false, err
			}
		}
	}
	_, err = conn.ExecContext(ctx, "SET FOREIGN_KEY_CHECKS = 1")
	return err == nil, err
}

// tablesOf says how many columns each table of a database has.
func tablesOf(ctx context.Context, db *sql.DB) (map[string]int, error) {
	rows, err := db.QueryContext(ctx, "SELECT table_name, COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() GROUP BY table_name")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	tables := map[string]int{}
	for rows.Next() {
		var name string
		var columns int
		if err := rows.Scan(&name, &columns); err != nil {
			return nil, err
		}
		tables[name] = columns
	}
	return tables, rows.Err()
}
