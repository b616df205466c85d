package store_test

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// placeKinds are the kinds of database that a site can move from and to.
var placeKinds = []string{"sqlite", "mariadb", "mysql"}

// site is a migrated database of a kind, as the site sees it and as a move does.
type site struct {
	*store.Store
	place *store.Place
	url   string
}

// oddTable is what the site's schema does not have (yet): words that SQL uses itself, a key of two columns that is text
// in part, bytes, and a second unique key.
var oddTable = map[string]string{
	"sqlite": "CREATE TABLE `order` (`key` TEXT NOT NULL, `group` INTEGER NOT NULL, `select` TEXT NULL, `blob` BLOB NULL, `when` INTEGER NULL, `real` REAL NULL, `unique` TEXT NULL, PRIMARY KEY (`key`, `group`), UNIQUE (`unique`)) STRICT, WITHOUT ROWID",
	"mysql": "CREATE TABLE `order` (`unique` VARCHAR(64) NULL, `key` VARCHAR(64) NOT NULL, `group` BIGINT NOT NULL, `select` MEDIUMTEXT NULL, `blob` LONGBLOB NULL, `when` BIGINT NULL, `real` DOUBLE NULL, PRIMARY KEY (`key`, `group`), UNIQUE KEY `order_unique` (`unique`))" +
		" ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
}

func placeURL(t *testing.T, kind string) string {
	t.Helper()
	for _, f := range servertest.Flavours {
		if f.String() == kind {
			server := f.Server(t)
			// Both servers may write a binary log, and their users are not its masters.
			if err := server.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
				t.Fatal(err)
			}
			return server.NewDatabase(t)
		}
	}
	return storetest.SQLiteURL(t)
}

func newSite(t *testing.T, kind string) *site {
	t.Helper()
	s := &site{url: placeURL(t, kind)}
	if kind == "sqlite" {
		var err error
		if s.Store, err = store.Open(t.Context(), storetest.Options(s.url)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Store.Close() })
	} else {
		s.Store = storetest.MySQL(t, s.url)
	}
	s.exec(t, oddTable[s.Dialect()])
	s.place = openPlace(t, s.url)
	return s
}

func openPlace(t *testing.T, url string) *store.Place {
	t.Helper()
	p, err := store.OpenPlace(t.Context(), storetest.Options(url))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func (s *site) exec(t testing.TB, statement string, args ...any) {
	t.Helper()
	if _, err := s.SQL().ExecContext(context.Background(), statement, args...); err != nil {
		t.Fatalf("%s: %v", strings.Split(statement, "(")[0], err)
	}
}

func (s *site) count(t testing.TB, query string) (n int) {
	t.Helper()
	if err := s.SQL().QueryRowContext(context.Background(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// addOdd adds what is hard to carry: emoji, NULL, NUL, empty, bytes, the ends of the integers, times before 1970, spaces
// at the end, characters outside of the first plane, 12 MiB.
func (s *site) addOdd(t *testing.T) {
	const insert = "INSERT INTO `order` (`key`, `group`, `select`, `blob`, `when`, `real`, `unique`) VALUES (?, ?, ?, ?, ?, ?, ?)"
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	large := make([]byte, 12<<20)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(large)
	for i, row := range [][]any{
		{"", 0, nil, nil, nil, nil, nil},
		{"", 1, "", []byte{}, 0, 0.0, ""},
		{"emoji", -1, "👩‍👩‍👧‍👦 and 𝒜 and e\u0301", []byte("\x00\xff"), -62135596800000, math.SmallestNonzeroFloat64, "👻"},
		{"quotes", math.MaxInt64, "it's \"`\\ % _ \n\r\t\x00 ?", all, math.MinInt64, 0.1 + 0.2, "'\\"},
		{"quotes", math.MinInt64, "a,b;--", bytes.Repeat(all, 300), -1, -math.MaxFloat64, "spaces at the end  "},
		{"spaces ", 1, "  ", []byte("  "), 1, 1e-300, " "[:0] + "\u00a0"},
		{"ümläut,comma", 7, strings.Repeat("ß", 3000), nil, -2208988800000, -0.5, "ÜNIQUE"},
		{"large", 1, strings.Repeat("x\\'", 100), large, nil, nil, nil},
		{"large", 2, strings.Repeat("👀", 1<<20), nil, nil, nil, nil},
	} {
		if s.Dialect() == "mysql" && i >= 7 { // the driver's text of it would be twice as long as the server takes
			st, err := s.SQL().Prepare(insert)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := st.Exec(row...); err != nil {
				t.Fatal(err)
			}
			st.Close()
			continue
		}
		s.exec(t, insert, row...)
	}
}

// addTags fills a table of the site.
func (s *site) addTags(t testing.TB, from, to int) {
	t.Helper()
	for at := from; at < to; at += 500 {
		var values []string
		for i := at; i < min(to, at+500); i++ {
			values = append(values, fmt.Sprintf("(%d, 'Tag%d', 'tag%d', %d)", i, i, i, -i))
		}
		s.exec(t, "INSERT INTO tags (id, name, name_key, created_at) VALUES "+strings.Join(values, ", "))
	}
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// must takes what a call returned that should not fail.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// testMover is the mover of beginPlaces.
const testMover = "a mover"

// A process proves that it reaches a place by its move's id, and that it may write there, where nobody may yet. Nothing stays.
func TestProve(t *testing.T) {
	for _, kind := range []string{"sqlite", "mariadb", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			ctx := testContext(t)
			a, b := newSite(t, "sqlite"), newSite(t, kind)
			if id, err := b.place.Prove(ctx); id != "" || err != nil {
				t.Errorf("before a move: %q, %v", id, err)
			}
			beginPlaces(t, ctx, a.place, b.place)
			if id, err := b.place.Prove(ctx); id != "m" || err != nil {
				t.Errorf("in the move m: %q, %v", id, err)
			}
			if n := b.count(t, "SELECT COUNT(*) FROM instances"); n != 0 {
				t.Errorf("%d rows stay", n)
			}
			tamper(t, b, "DROP TABLE instances")
			if id, err := b.place.Prove(ctx); err == nil || id != "" {
				t.Errorf("without a write: %q, %v", id, err)
			}
		})
	}
}

// beginPlaces makes gates and triggers in both places, as a move does: the source logs, the target is filled under epoch 1.
func beginPlaces(t *testing.T, ctx context.Context, a, b *store.Place) {
	t.Helper()
	for _, p := range []*store.Place{a, b} {
		if err := p.MakeGate(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if ok := must[bool](t)(a.SetMove(ctx, store.PlaceMove{}, store.PlaceMove{ID: "m", Logs: true}, store.GateOpen, store.GateOpen)); !ok {
		t.Fatal("the source is not open")
	}
	if ok := must[bool](t)(b.SetMove(ctx, store.PlaceMove{}, store.PlaceMove{ID: "m"}, store.GateOpen, store.GateFilling)); !ok {
		t.Fatal("the target is not open")
	}
	for _, p := range []*store.Place{a, b} {
		from := must[store.Gate](t)(p.Gate(ctx))
		to := from
		to.Epoch, to.Mover = 1, testMover
		if ok := must[bool](t)(p.SwapGate(ctx, from, to, 0)); !ok {
			t.Fatal("a gate has changed")
		}
	}
	for _, p := range []*store.Place{a, b} {
		if err := p.MakeTriggers(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

func copyAll(t *testing.T, ctx context.Context, a, b *store.Place) (batches int) {
	t.Helper()
	for c := a.Copy(must[store.CopyPoint](t)(b.Point(ctx))); ; batches++ {
		batch := must[*store.PlaceBatch](t)(c.Next(ctx))
		if batch == nil {
			return batches
		}
		if !must[bool](t)(b.WriteRows(ctx, 1, testMover, batch)) {
			t.Fatal("the target takes no rows")
		}
	}
}

func replay(ctx context.Context, a, b *store.Place, epoch int64, c *store.Comparer) (int, error) {
	log, err := a.ReadLog(ctx, 1000)
	if err != nil || len(log) == 0 {
		return 0, err
	}
	if c != nil {
		c.Touched(log)
	}
	batch, done, err := a.ReadRows(ctx, log)
	if err != nil {
		return 0, err
	}
	ok, err := b.WriteRows(ctx, epoch, testMover, batch)
	if err == nil && !ok {
		err = errors.New("the target takes no rows")
	}
	if err != nil {
		return 0, err
	}
	if ok, err := a.DeleteLog(ctx, testMover, done); err != nil || !ok {
		return 0, cmp.Or(err, errors.New("the source's log is another mover's"))
	}
	return len(done), nil
}

func eachPair(t *testing.T, test func(t *testing.T, a, b *site)) {
	for i, from := range placeKinds {
		to := placeKinds[(i+1)%len(placeKinds)]
		t.Run(from+" to "+to, func(t *testing.T) { test(t, newSite(t, from), newSite(t, to)) })
	}
	t.Run("mysql to mariadb", func(t *testing.T) { test(t, newSite(t, "mysql"), newSite(t, "mariadb")) })
}

// TestPlaceCopy carries rows that are hard to carry into every kind of database, and compares.
func TestPlaceCopy(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *site) {
		ctx := testContext(t)
		if err := a.place.SameSchema(b.place); err != nil {
			t.Fatal(err)
		}
		a.addOdd(t)
		a.addTags(t, 1, 9000)
		beginPlaces(t, ctx, a.place, b.place)
		if n := copyAll(t, ctx, a.place, b.place); n < 5 {
			t.Errorf("%d batches", n)
		}
		c := store.NewComparer(a.place, b.place)
		if err := c.Compare(ctx); err != nil {
			t.Fatal(err)
		}
		if want := int64(8999 + 9); c.Rows < want {
			t.Errorf("%d rows were compared, want %d and more", c.Rows, want)
		}
		if p := must[store.CopyPoint](t)(b.place.Point(ctx)); !p.Done || p.Rows < 9008 || p.Bytes < 12<<20 {
			t.Errorf("the copy ended at %+v", p)
		}
		// A comparison that finds nothing is worth nothing: each of these has to be found, in a pass over all.
		for _, change := range []string{
			"UPDATE `order` SET `select` = NULL WHERE `key` = '' AND `group` = 1",
			"UPDATE `order` SET `real` = 0.30000000000000010 WHERE `group` = " + fmt.Sprint(math.MaxInt64),
			"UPDATE tags SET created_at = 5 WHERE id = 8000",
			"DELETE FROM tags WHERE id = 4711",
			"INSERT INTO tags (id, name, name_key, created_at) VALUES (99999, 'x', 'x', 0)",
		} {
			tamper(t, b, change)
			var d *store.DifferenceError
			if err := store.NewComparer(a.place, b.place).Compare(ctx); !errors.As(err, &d) || d.Rows != 1 {
				t.Errorf("after %s: %v", change, err)
			}
			if d == nil {
				continue
			}
			batch, _, err := a.place.ReadRows(ctx, []store.LoggedWrite{{Table: d.Table, Key: d.Key}})
			if err != nil {
				t.Fatal(err)
			}
			if !must[bool](t)(b.place.WriteRows(ctx, 1, testMover, batch)) {
				t.Fatal("the target takes no rows")
			}
		}
	})
}

// tamper changes something in a place that refuses writes, as its mover would.
func tamper(t *testing.T, s *site, statement string) {
	t.Helper()
	tx := must[*sql.Tx](t)(s.SQL().Begin())
	for _, q := range []string{"UPDATE move_gate SET busy = 1", statement, "UPDATE move_gate SET busy = 0"} {
		if _, err := tx.Exec(q); err != nil {
			t.Fatal(q, err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// writes are all ways in which the site writes.
var writes = map[string][2]string{ // by name: SQLite's and MySQL's statement
	"insert":        {"INSERT INTO tags (id, name, name_key, created_at) VALUES (900, 'n', 'n', 1)", ""},
	"insert ignore": {"INSERT OR IGNORE INTO tags (id, name, name_key, created_at) VALUES (901, 'n2', 'n2', 1)", "INSERT IGNORE INTO tags (id, name, name_key, created_at) VALUES (901, 'n2', 'n2', 1)"},
	"ignored":       {"INSERT OR IGNORE INTO tags (id, name, name_key, created_at) VALUES (1, 'n3', 'n3', 1)", "INSERT IGNORE INTO tags (id, name, name_key, created_at) VALUES (1, 'n3', 'n3', 1)"},
	"upsert":        {"INSERT INTO tags (id, name, name_key, created_at) VALUES (1, 'n4', 'n4', 1) ON CONFLICT (id) DO UPDATE SET name = 'n5'", "INSERT INTO tags (id, name, name_key, created_at) VALUES (1, 'n4', 'n4', 1) ON DUPLICATE KEY UPDATE name = 'n5'"},
	"update":        {"UPDATE tags SET name = 'n6' WHERE id = 2", ""},
	"update of key": {"UPDATE tags SET id = 902 WHERE id = 3", ""},
	"delete":        {"DELETE FROM tags WHERE id = 4", ""},
	"many":          {"UPDATE tags SET created_at = created_at + 1", ""},
	"odd table":     {"INSERT INTO `order` (`key`, `group`) VALUES ('k', 1)", ""},
}

func statementFor(s *site, w [2]string) string {
	if s.Dialect() == "mysql" && w[1] != "" {
		return w[1]
	}
	return w[0]
}

// TestPlaceGateRefuses tries every way to write in every mode of the gate.
func TestPlaceGateRefuses(t *testing.T) {
	for _, kind := range placeKinds {
		t.Run(kind, func(t *testing.T) {
			ctx := testContext(t)
			s := newSite(t, kind)
			s.addTags(t, 1, 20)
			if g := must[store.Gate](t)(s.place.Gate(ctx)); g != (store.Gate{Mode: store.GateOpen}) {
				t.Errorf("without a gate it is %+v", g)
			}
			if err := s.place.MakeGate(ctx); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second time there is nothing to do
				if err := s.place.MakeTriggers(ctx); err != nil {
					t.Fatal(err)
				}
			}
			set := func(mode string) {
				t.Helper()
				from := must[store.Gate](t)(s.place.Gate(ctx))
				to := from
				to.Mode = mode
				to.Epoch++
				if !must[bool](t)(s.place.SwapGate(ctx, from, to, 0)) || must[bool](t)(s.place.SwapGate(ctx, from, to, 0)) {
					t.Fatal("a swap from what the gate is does it, and no other")
				}
			}
			before := s.count(t, "SELECT COUNT(*) FROM tags")
			for _, mode := range []string{store.GateSealed, store.GateMoved, store.GateFilling} {
				set(mode)
				for name, w := range writes {
					err := s.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return tx.ExecForTest(ctx, statementFor(s, w)) })
					if !errors.Is(err, store.ErrSealed) || !errors.Is(err, store.ErrBusy) || errors.Is(err, store.ErrConflict) {
						t.Errorf("%s, %s: %v", mode, name, err)
					}
				}
				if n := s.count(t, "SELECT COUNT(*) FROM tags"); n != before {
					t.Errorf("%s: %d rows, before %d", mode, n, before)
				}
			}
			set(store.GateOpen)
			if n := must[int64](t)(s.place.LogLength(ctx)); n != 0 {
				t.Errorf("%d entries in a log that is not kept", n)
			}
			m := must[store.PlaceMove](t)(s.place.Move(ctx))
			logs := m
			logs.Logs, logs.ID = true, "move"
			if !must[bool](t)(s.place.SetMove(ctx, m, logs, store.GateOpen, store.GateOpen)) {
				t.Fatal("it is not open")
			}
			want := map[string]string{
				"insert": "tags 900", "insert ignore": "tags 901", "upsert": "tags 1", "update": "tags 2", "update of key": "tags 3, tags 902", "delete": "tags 4",
				"odd table": "order 6B,1",
			}
			for name, w := range writes {
				s.exec(t, statementFor(s, w))
				log := must[[]store.LoggedWrite](t)(s.place.ReadLog(ctx, 100))
				for _, entry := range strings.Split(want[name], ", ") {
					found := want[name] == ""
					for _, l := range log {
						found = found || l.Table+" "+l.Key == entry
					}
					if !found {
						t.Errorf("%s: the log has no %s: %v", name, entry, log)
					}
				}
				if name == "many" && len(log) < before-2 {
					t.Errorf("a statement that writes many rows logs %d", len(log))
				}
				if ok, err := s.place.DeleteLog(ctx, must[store.Gate](t)(s.place.Gate(ctx)).Mover, log); err != nil || !ok {
					t.Fatal(err)
				}
			}
			set(store.GateOpen)
			if err := s.place.Strip(ctx); !errors.Is(err, store.ErrInMove) {
				t.Errorf("what takes part in a move is stripped: %v", err)
			}
			if !must[bool](t)(s.place.SetMove(ctx, logs, m, store.GateOpen, store.GateOpen)) {
				t.Fatal("it is not open")
			}
			// It has moved before: its generation stays. Else nothing does.
			if err := s.place.Strip(ctx); err != nil {
				t.Fatal(err)
			}
			left := "SELECT (SELECT COUNT(*) FROM sqlite_schema WHERE name LIKE 'move\\_%' ESCAPE '\\')"
			if s.Dialect() == "mysql" {
				left = "SELECT (SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = DATABASE()) + (SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name LIKE 'move\\_%')"
			}
			if n := s.count(t, left); n != 0 {
				t.Errorf("%d tables or triggers of the move are left", n)
			}
		})
	}
}
