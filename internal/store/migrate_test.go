package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
	"tintype/migrations"
)

func TestDialectsHaveTheSameMigrations(t *testing.T) {
	names := map[string]int{}
	for _, d := range []string{"sqlite", "mysql"} {
		files, err := fs.Glob(migrations.FS, d+"/*.sql")
		if err != nil || len(files) == 0 {
			t.Fatal(d, err)
		}
		for _, f := range files {
			b, err := fs.ReadFile(migrations.FS, f)
			if err != nil {
				t.Fatal(err)
			}
			text := string(b)
			if strings.HasSuffix(f, ".up.sql") && !strings.HasPrefix(text, "-- done: SELECT ") {
				t.Errorf("%s does not begin with its done query", f)
			}
			if n := strings.Count(strings.TrimSpace(text), ";"); d == "mysql" && n != 1 {
				t.Errorf("%s has %d statements; MySQL commits after each", f, n)
			}
			names[filepath.Base(f)]++
		}
	}
	for n, c := range names {
		if c != 2 {
			t.Errorf("%s is missing in one dialect", n)
		}
	}
}

func TestMigrateAtOnce(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "new", "tintype.db")
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			if err := store.NewMigrator(storetest.Options(url)).Up(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	st, err := store.NewMigrator(storetest.Options(url)).State(t.Context())
	if err != nil || st.Usable() != nil || st.Version != st.Latest {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestMigrateDownAndUp(t *testing.T) {
	m := store.NewMigrator(storetest.Options("sqlite:" + filepath.Join(t.TempDir(), "tintype.db")))
	ctx := t.Context()
	if st, err := m.State(ctx); err != nil || st.Version != 0 || st.Usable() == nil {
		t.Errorf("empty: %+v, %v", st, err)
	}
	if err := m.Up(ctx); err != nil {
		t.Fatal(err)
	}
	if err := m.Down(ctx, migrationsAfter(t, 0), true); err != nil {
		t.Fatal(err)
	}
	if st, err := m.State(ctx); err != nil || st.Version != 0 {
		t.Errorf("after down: %+v, %v", st, err)
	}
	if err := m.Up(ctx); err != nil {
		t.Fatal(err)
	}
}

// migrationsAfter counts the migrations above a version. Their numbers have gaps.
func migrationsAfter(t *testing.T, version int) (n int) {
	t.Helper()
	files, err := filepath.Glob("../../migrations/sqlite/*.up.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("no migrations", err)
	}
	for _, file := range files {
		number, _, _ := strings.Cut(filepath.Base(file), "_")
		if v, err := strconv.Atoi(number); err != nil {
			t.Fatal(err)
		} else if v > version {
			n++
		}
	}
	return n
}

// What a migrator leaves that dies in the middle of version v: the mark, and the change done or not.
func TestMigrateAfterADeath(t *testing.T) {
	for _, mark := range []int{1, 5, 26} {
		for _, done := range []int{mark - 1, mark, mark + 1} { // mark+1: it died going down
			t.Run(fmt.Sprintf("mark %d, done %d", mark, done), func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "tintype.db")
				m := store.NewMigrator(storetest.Options("sqlite:" + file))
				if err := m.Up(t.Context()); err != nil {
					t.Fatal(err)
				}
				st, _ := m.State(t.Context())
				if done > int(st.Latest) {
					return
				}
				if n := migrationsAfter(t, done); n > 0 {
					if err := m.Down(t.Context(), n, true); err != nil {
						t.Fatal(err)
					}
				}
				db, err := sql.Open("sqlite", file)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := db.Exec("DELETE FROM schema_migrations"); err != nil {
					t.Fatal(err)
				}
				if _, err := db.Exec("INSERT INTO schema_migrations (version, dirty) VALUES (?, 1)", mark); err != nil {
					t.Fatal(err)
				}
				db.Close()
				if st, err := m.State(t.Context()); err != nil || st.Usable() == nil {
					t.Errorf("a dirty schema is usable: %+v %v", st, err)
				}
				if err := m.Up(t.Context()); err != nil {
					t.Fatal(err)
				}
				if st, err := m.State(t.Context()); err != nil || st.Usable() != nil {
					t.Errorf("%+v %v", st, err)
				}
			})
		}
	}
}

func TestNewerSchema(t *testing.T) {
	for min, ok := range map[int]bool{store.Release: true, store.Release + 1: false} {
		st := store.SchemaState{Version: 99, Latest: 26, MinRelease: min}
		if (st.Usable() == nil) != ok {
			t.Errorf("min release %d: %v", min, st.Usable())
		}
	}
}

// A release before had the server compute the lock's name. It is the same one, so that both wait for each other.
func TestTheMigrationLockOfAnOlderRelease(t *testing.T) {
	server := servertest.MariaDB(t) // MySQL 9 has no MD5
	o := storetest.Options(server.NewDatabase(t))
	o.Tracing = nil // what an older release asks need not suit every server
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var database, older string
	if err := s.SQL().QueryRowContext(t.Context(), "SELECT DATABASE(), CONCAT('tintype_migrate_', MD5(DATABASE()))").Scan(&database, &older); err != nil {
		t.Fatal(err)
	}
	if got := store.MigrationLock(database); got != older || len(got) > 64 {
		t.Errorf("the lock of %s is %s, and was %s", database, got, older)
	}
}

// The server goes on with the statement of a migrator that died: the next one waits for its end, and does not do the
// same beside it.
func TestTheStatementOfADeadMigrator(t *testing.T) {
	servertest.OnEachFlavour(t, testTheStatementOfADeadMigrator)
}

func testTheStatementOfADeadMigrator(t *testing.T, f servertest.Flavour) {
	server := f.Server(t)
	address := server.NewDatabase(t)
	name := address[strings.LastIndex(address, "/")+1:]
	s := storetest.MySQL(t, address)
	m := store.NewMigrator(storetest.Options(address))
	const column = 28 // the migration that adds one to access_tokens
	if err := m.Down(t.Context(), migrationsAfter(t, column-1), true); err != nil {
		t.Fatal(err)
	}
	store.SetTableWait(t, "300") // the dead one's; by itself it would give up at once
	held, err := s.SQL().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if _, err := held.ExecContext(t.Context(), "LOCK TABLES access_tokens WRITE"); err != nil {
		t.Fatal(err)
	}
	waiting := func(state string) func() bool {
		return func() bool {
			v, err := server.Value("SELECT COUNT(*) FROM information_schema.processlist WHERE db = '" + name + "' AND state LIKE '" + state + "'")
			return err == nil && v != "0"
		}
	}
	proxy := servertest.NewProxy(t, server.Port)
	died := make(chan error, 1)
	go func() { died <- store.NewMigrator(storetest.Options(through(t, address, proxy.Port))).Up(t.Context()) }()
	storetest.Eventually(t, time.Minute, waiting("Waiting for table%"))
	proxy.CutAll()
	if err := <-died; err == nil {
		t.Error("a migrator without a connection succeeded")
	}
	if !waiting("Waiting for table%")() {
		t.Fatal("the dead one's statement is over already")
	}
	next := make(chan error, 1)
	go func() { next <- m.Up(t.Context()) }()
	select {
	case err := <-next:
		t.Fatalf("the next one did not wait: %v", err)
	case <-time.After(time.Second):
	}
	if _, err := held.ExecContext(t.Context(), "UNLOCK TABLES"); err != nil {
		t.Fatal(err)
	}
	if err := <-next; err != nil {
		t.Errorf("the next one: %v", err)
	}
	if st, err := m.State(t.Context()); err != nil || st.Usable() != nil {
		t.Errorf("%+v, %v", st, err)
	}
}

// A table that a transaction uses for long is not asked for so long that everybody else waits behind the migration,
// and the migration is done when it can be, both ways.
func TestMigrationsStepAside(t *testing.T) { servertest.OnEachFlavour(t, testMigrationsStepAside) }

func testMigrationsStepAside(t *testing.T, f servertest.Flavour) {
	server := f.Server(t)
	address := server.NewDatabase(t)
	name := address[strings.LastIndex(address, "/")+1:]
	s := storetest.MySQL(t, address)
	m := store.NewMigrator(storetest.Options(address))
	before, err := m.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const clock = 27 // the migration that creates replication_clock; the one after it changes access_tokens
	files, err := fs.Glob(migrations.FS, "mysql/*.up.sql")
	if err != nil {
		t.Fatal(err)
	}
	back := 0 // numbers may be missing among them
	for _, file := range files {
		if n, err := strconv.Atoi(filepath.Base(file)[:4]); err == nil && n >= clock {
			back++
		}
	}
	for what, step := range []struct {
		table   string
		migrate func() error
	}{
		{"replication_clock", func() error { return m.Down(t.Context(), back, true) }},
		{"access_tokens", func() error { return m.Up(t.Context()) }},
	} {
		tx, err := s.SQL().BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var n int
		if err := tx.QueryRow("SELECT COUNT(*) FROM " + step.table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- step.migrate() }()
		storetest.Eventually(t, time.Minute, func() bool {
			v, err := server.Value("SELECT COUNT(*) FROM information_schema.processlist WHERE db = '" + name + "' AND state LIKE 'Waiting for table%'")
			return err == nil && v != "0"
		})
		storetest.Eventually(t, time.Minute, func() bool {
			_, err := server.Value("SELECT COUNT(*) FROM " + name + "." + step.table)
			return err == nil
		})
		select {
		case err := <-done:
			t.Errorf("step %d ended beside the transaction: %v", what, err)
		default:
		}
		if err := tx.Commit(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Errorf("step %d: %v", what, err)
		}
		st, err := m.State(t.Context())
		if want := []uint{clock - 1, before.Latest}[what]; err != nil || st.Dirty || st.Version != want {
			t.Errorf("step %d: %+v, %v, want version %d", what, st, err, want)
		}
	}
}

// A migration that comes between a transaction's snapshot and a table has the transaction run again.
func TestATransactionAroundAMigration(t *testing.T) {
	servertest.OnEachFlavour(t, testATransactionAroundAMigration)
}

func testATransactionAroundAMigration(t *testing.T, f servertest.Flavour) {
	server := f.Server(t)
	address := server.NewDatabase(t)
	name := address[strings.LastIndex(address, "/")+1:]
	s := storetest.MySQL(t, address)
	if err := s.SetSiteInfo(t.Context(), "min_release", "1"); err != nil {
		t.Fatal(err)
	}
	tries := 0
	err := s.Tx(t.Context(), func(ctx context.Context, tx *store.Store) error {
		if _, err := tx.AccountByID(ctx, 1); !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("the first read: %w", err)
		}
		if tries++; tries == 1 {
			if err := server.Exec("ALTER TABLE " + name + ".site_info FORCE"); err != nil {
				return err
			}
		}
		_, err := tx.SiteInfo(ctx, "min_release")
		return err
	})
	if err != nil || tries != 2 {
		t.Errorf("%v after %d tries", err, tries)
	}
}
