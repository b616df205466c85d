package app

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tintype/internal/move"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// contentOf is all that a database holds: tables, columns, indexes, triggers and rows, in lines. A file that is not there holds nothing.
func contentOf(t *testing.T, url string) (lines []string) {
	t.Helper()
	file, isFile := strings.CutPrefix(url, "sqlite:")
	var db *sql.DB
	if isFile {
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			return nil
		}
		var err error
		if db, err = sql.Open("sqlite", file); err != nil {
			t.Fatal(err)
		}
	} else {
		s, err := store.Open(t.Context(), storetest.Options(url))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		db = s.SQL()
	}
	if isFile {
		defer db.Close()
	}
	add := func(what, query string) {
		t.Helper()
		rows, err := db.QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(query, err)
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			values := make([]any, len(columns))
			into := make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, fmt.Sprintf("%s %q", what, values))
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	objects := []string{"SELECT type, name, sql FROM sqlite_schema"}
	tables := "SELECT name FROM sqlite_schema WHERE type = 'table'"
	if !isFile {
		objects = []string{
			"SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, COLLATION_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()",
			"SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()",
			"SELECT TRIGGER_NAME, ACTION_STATEMENT FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()",
		}
		tables = "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
	}
	for _, query := range objects {
		add("object", query)
	}
	rows, err := db.QueryContext(t.Context(), tables)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if name != "replication_clock" { // which runs
			add(name, "SELECT * FROM `"+name+"`")
		}
	}
	slices.Sort(lines)
	return lines
}

// unchanged runs a command that is to leave each of the databases as it is.
func unchanged(t *testing.T, urls [2]string, command func()) {
	t.Helper()
	var before [2][]string
	for i, url := range urls {
		before[i] = contentOf(t, url)
	}
	command()
	for i, url := range urls {
		after := contentOf(t, url)
		for _, line := range after {
			if !slices.Contains(before[i], line) {
				t.Errorf("%s has got %s", url, line)
			}
		}
		if len(after) < len(before[i]) {
			t.Errorf("%s had %d lines and has %d", url, len(before[i]), len(after))
		}
	}
}

// movePairs are the databases that a site moves from and to: files, and one of the servers either way. The seed chooses one of them.
func movePairs(t *testing.T) map[string]func() [2]string {
	t.Helper()
	file := func() string { return "sqlite:" + filepath.Join(t.TempDir(), "site.db") }
	pairs := map[string]func() [2]string{"file to file": func() [2]string { return [2]string{file(), file()} }}
	one := servertest.Random(t).IntN(3)
	if one == 0 && !servertest.All() {
		return pairs
	}
	server := servertest.AnyFlavour(t).Server(t)
	if err := server.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
		t.Fatal(err)
	}
	pairs["file to server"] = func() [2]string { return [2]string{file(), server.NewDatabase(t)} }
	pairs["server to file"] = func() [2]string { return [2]string{server.NewDatabase(t), file()} }
	if !servertest.All() {
		delete(pairs, "file to file")
		delete(pairs, []string{"", "file to server", "server to file"}[one])
	}
	return pairs
}

// --dry-run leaves both databases as they are, object by object and row by row: before a move, in the middle of one, and after it.
func TestADryRunLeavesNothing(t *testing.T) {
	for name, pair := range movePairs(t) {
		t.Run(name, func(t *testing.T) {
			urls := pair()
			env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "DATABASE_URL=" + urls[0], "DATABASE_NEXT=" + urls[1]}
			dry := func(want string, args ...string) {
				t.Helper()
				unchanged(t, urls, func() {
					if code, out, stderr := runCommand(env, append(args, "--dry-run")...); !strings.Contains(out+stderr, want) {
						t.Errorf("%v: %d %s%s", args, code, out, stderr)
					}
				})
			}
			storetest.Migrate(t, urls[0])
			dry("Nothing was begun.", "move", "database") // the target has no schema
			places, _ := killedMove(t, urls, func(e move.Effect) bool { return e.Op == move.OpCompare })
			for _, args := range []string{"move database", "move abort database", "move finish database"} {
				dry("Nothing was begun.", strings.Fields(args)...)
			}
			if err := move.Abort(t.Context(), places[0], places[1]); err != nil {
				t.Fatal(err)
			}
			dry("Nothing was begun.", "move", "database", "--way-back") // the target is empty
			if code, out, stderr := runCommand(env, "move", "database", "--way-back"); code != 0 {
				t.Fatalf("%d %s%s", code, out, stderr)
			}
			dry("The database is in "+places[1].Name(), "move", "database")
			dry("Nothing was begun.", "move", "back", "database")
			dry("Nothing was begun.", "move", "finish", "database")
			dry("Nothing was begun.", "move", "back", "database", "--empty="+places[0].Name())
		})
	}
}

// A move that was killed is given up by the command: in the copy, before the switch, under the seal. Nothing is left of it, the site
// goes on, and moves after all.
func TestAbortByTheCommand(t *testing.T) {
	moments := map[string]func(move.Effect) bool{
		"in the copy":       func(e move.Effect) bool { return e.Op == move.OpWriteRows },
		"before the switch": func(e move.Effect) bool { return e.Op == move.OpCompare },
		"under the seal":    func(e move.Effect) bool { return e.Op == move.OpSwapGate && e.To.Mode == move.Moved },
	}
	for name, pair := range movePairs(t) {
		for when, stop := range moments {
			t.Run(name+" "+when, func(t *testing.T) {
				urls := pair()
				for _, url := range urls {
					storetest.Migrate(t, url)
				}
				before := [2][]string{contentOf(t, urls[0]), contentOf(t, urls[1])}
				places, sites := killedMove(t, urls, stop)
				env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "DATABASE_URL=" + urls[0], "DATABASE_NEXT=" + urls[1]}
				code, out, stderr := runCommand(env, "move", "abort", "database")
				if code != 0 || !strings.Contains(out, "The database is in "+places[0].Name()+", as before.") {
					t.Fatalf("%d %s%s", code, out, stderr)
				}
				if err := sites[0].SetSiteInfo(t.Context(), "after", "the abort"); err != nil {
					t.Errorf("the site does not go on: %v", err)
				}
				for i, url := range urls {
					for _, line := range contentOf(t, url) {
						table, _, _ := strings.Cut(line, " ")
						if i == 0 && slices.Contains([]string{"jobs", "site_info", "admin_log"}, table) { // which were written on purpose
							continue
						}
						if strings.HasPrefix(line, `object ["table" "sqlite_sequence"`) { // SQLite's own, which it never drops
							continue
						}
						if !slices.Contains(before[i], line) {
							t.Errorf("%s has got %s", url, line)
						}
					}
				}
				if code, _, stderr := runCommand(env, "move", "abort", "database"); code == 0 {
					t.Errorf("there is nothing more to give up: %d %s", code, stderr)
				}
				if code, out, stderr := runCommand(env, "move", "database"); code != 0 {
					t.Fatalf("%d %s%s", code, out, stderr)
				}
				if v, err := sites[1].SiteInfo(t.Context(), "after"); err != nil || v != "the abort" {
					t.Errorf("moved after all: %q, %v", v, err)
				}
			})
		}
	}
}
