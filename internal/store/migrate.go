package store

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"sort"
	"strconv"
	"strings"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	migratemysql "github.com/golang-migrate/migrate/v4/database/mysql"
	migratesqlite "github.com/golang-migrate/migrate/v4/database/sqlite"
	"github.com/golang-migrate/migrate/v4/source/iofs"

	"tintype/internal/sleep"
	"tintype/migrations"
)

// Release numbers the schema's readers. A migration that an older binary cannot live with raises
// site_info.min_release to the first release that can.
const Release = 1

const (
	migrationLockWait = 10 * time.Minute
	// tablePatience is how long, with all its tries, a migration may ask for a table that others are using.
	tablePatience = 5 * time.Minute
)

// tableWait is how long one try of these does, in seconds: meanwhile everybody else waits for the table behind it.
var tableWait = "1"

// SchemaState is how the database's schema compares with what this binary knows.
type SchemaState struct {
	Version    uint // of the database, 0 when empty
	Latest     uint // that this binary brings
	Dirty      bool // a migrator was killed; the next Migrate settles it
	MinRelease int  // the oldest release that may use the schema
}

// Usable reports whether this binary can work on the schema, and if not, what to do.
func (s SchemaState) Usable() error {
	switch {
	case s.Dirty:
		return errors.New("a migration was interrupted: run `tintype migrate up`")
	case s.Version < s.Latest:
		return fmt.Errorf("the schema is at version %d, this release needs %d: run `tintype migrate up`", s.Version, s.Latest)
	case s.Version > s.Latest && s.MinRelease > Release:
		return fmt.Errorf("the schema is at version %d and needs a newer release of tintype than this one", s.Version)
	}
	return nil
}

// Migrator applies migrations on a connection of its own.
type Migrator struct{ o Options }

// NewMigrator returns a migrator of the database that o names.
func NewMigrator(o Options) *Migrator { return &Migrator{o} }

// Step is one migration as Status lists it.
type Step struct {
	Version uint   `json:"version"`
	Name    string `json:"name"`
	Applied bool   `json:"applied"`
}

// State reads the schema's version without changing anything.
func (m *Migrator) State(ctx context.Context) (SchemaState, error) {
	var st SchemaState
	err := m.with(ctx, false, func(ctx context.Context, db *sql.DB, dialect string) (err error) {
		st, err = state(ctx, db, dialect)
		return err
	})
	return st, err
}

func state(ctx context.Context, db *sql.DB, dialect string) (SchemaState, error) {
	var st SchemaState
	steps, err := list(dialect)
	if err != nil {
		return st, err
	}
	st.Latest = steps[len(steps)-1].Version
	st.MinRelease = 1
	var version int64
	var dirty bool
	err = db.QueryRowContext(ctx, "SELECT version, dirty FROM schema_migrations LIMIT 1").Scan(&version, &dirty)
	if err != nil {
		if errors.Is(err, sql.ErrNoRows) || missingTable(err) {
			return st, nil
		}
		return st, err
	}
	st.Version, st.Dirty = uint(version), dirty
	var min string
	err = db.QueryRowContext(ctx, "SELECT value FROM site_info WHERE name = 'min_release'").Scan(&min)
	if err == nil {
		st.MinRelease, _ = strconv.Atoi(min)
	} else if !errors.Is(err, sql.ErrNoRows) && !missingTable(err) {
		return st, err
	}
	return st, nil
}

// mayMigrate asks before anything is changed whether our user may change the schema, where that is needed: a migration
// that is refused half-way leaves a mark by which others take it for interrupted.
func mayMigrate(ctx context.Context, db *sql.DB) error {
	st, err := state(ctx, db, "mysql")
	if err != nil || !st.Dirty && st.Version >= st.Latest {
		return err
	}
	grants, err := grantsOf(ctx, db, "")
	if err != nil {
		return err
	}
	var name string
	if err := db.QueryRowContext(ctx, "SELECT DATABASE()").Scan(&name); err != nil {
		return err
	}
	needed := []string{"CREATE", "ALTER", "DROP", "INDEX", "REFERENCES"}
	if lacking := Lacking(grants, name, needed); len(lacking) > 0 {
		return &RightsError{lacking}
	}
	return nil
}

// Status lists every migration of this binary.
func (m *Migrator) Status(ctx context.Context) ([]Step, SchemaState, error) {
	st, err := m.State(ctx)
	if err != nil {
		return nil, st, err
	}
	steps, err := list(m.dialect(ctx))
	for i := range steps {
		steps[i].Applied = steps[i].Version <= st.Version && (!st.Dirty || steps[i].Version < st.Version)
	}
	return steps, st, err
}

// CheckInCharge returns a MovedError where the site is not in the database, or where a move is under way. Of a database
// that does not exist yet it says nothing.
func (m *Migrator) CheckInCharge(ctx context.Context) error {
	return m.with(ctx, false, func(ctx context.Context, db *sql.DB, dialect string) error { return inCharge(ctx, db, dialect) })
}

// Up applies what is missing. Several processes may call it at once: one works, the others wait for it. A schema
// newer than this binary is left alone where its minimum release allows this one. While the database takes part in a move
// nothing is applied: that is a MovedError.
func (m *Migrator) Up(ctx context.Context) error {
	return m.with(ctx, true, func(ctx context.Context, db *sql.DB, dialect string) error {
		if dialect == "mysql" {
			if err := mayMigrate(ctx, db); err != nil {
				return err
			}
		}
		return m.run(ctx, db, dialect, func(g *migrate.Migrate, latest uint) error {
			v, _, err := g.Version()
			if err != nil && !errors.Is(err, migrate.ErrNilVersion) {
				return err
			}
			if dialect == "mysql" {
				// Before: processes that wait for the schema begin as soon as the last table is there. And where nothing else is
				// to do, too: `setup database` of an older release may have come between.
				// Then an error stops nobody: the doctor says what the site lacks.
				if err := grantToApp(ctx, db); err != nil && v < latest {
					return err
				}
			}
			if v >= latest {
				return nil
			}
			if err := inCharge(ctx, db, dialect); err != nil {
				return fmt.Errorf("the schema changes once the move is over, not before: %w", err)
			}
			return g.Up()
		})
	})
}

// movePoll is how often who waits for the end of a move looks whether it is over.
const movePoll = time.Second

// UpAfterMove is Up once a move of the database is over, or given up. It tells waits why it waits, once for each reason,
// and goes on until ctx ends. Where the site has moved away it does not wait.
func (m *Migrator) UpAfterMove(ctx context.Context, waits func(why error)) error {
	said := ""
	for {
		err := m.Up(ctx)
		var moved *MovedError
		if !errors.As(err, &moved) || moved.Elsewhere() {
			return err
		}
		if err.Error() != said {
			said = err.Error()
			waits(err)
		}
		if err := sleep.For(ctx, movePoll); err != nil {
			return err
		}
	}
}

// Down takes back n migrations, and what they held with them. While others use the database it does nothing and returns
// an InUseError, unless force is set.
func (m *Migrator) Down(ctx context.Context, n int, force bool) error {
	raw, err := m.o.URL(ctx)
	if err != nil {
		return err
	}
	file, isSQLite := strings.CutPrefix(raw, "sqlite:")
	switch {
	case force:
	case isSQLite:
		l, err := lockAlone(file) // for as long as it takes: a site that starts meanwhile waits
		if err != nil {
			return err
		}
		defer l.Close()
	default:
		err := m.with(ctx, false, func(ctx context.Context, db *sql.DB, _ string) error {
			db.SetMaxOpenConns(1) // or we were among the others
			return usedByOthers(ctx, db)
		})
		if err != nil {
			return err
		}
	}
	return m.with(ctx, true, func(ctx context.Context, db *sql.DB, dialect string) error {
		goal, begun := 0, false
		return m.run(ctx, db, dialect, func(g *migrate.Migrate, _ uint) error {
			v, _, err := g.Version()
			if err != nil && !errors.Is(err, migrate.ErrNilVersion) {
				return err
			}
			steps, err := list(dialect)
			if err != nil {
				return err
			}
			applied := sort.Search(len(steps), func(i int) bool { return steps[i].Version > v })
			if !begun { // a further try takes back what the ones before did not
				goal, begun = applied-n, true
			}
			return g.Steps(goal - applied)
		})
	})
}

// run calls f, again where a table was in use. Migrations that were applied stay so.
func (m *Migrator) run(ctx context.Context, db *sql.DB, dialect string, f func(*migrate.Migrate, uint) error) error {
	src, err := iofs.New(migrations.FS, dialect)
	if err != nil {
		return err
	}
	var drv database.Driver
	if dialect == "sqlite" {
		drv, err = migratesqlite.WithInstance(db, &migratesqlite.Config{})
	} else {
		// A connection of ours, so that it is given back: golang-migrate's own would stay open.
		conn, connErr := db.Conn(ctx)
		if connErr != nil {
			return connErr
		}
		defer conn.Close()
		drv, err = migratemysql.WithConnection(ctx, conn, &migratemysql.Config{})
	}
	if err != nil {
		return err
	}
	g, err := migrate.NewWithInstance("iofs", src, dialect, drv)
	if err != nil {
		return err
	}
	steps, err := list(dialect)
	if err != nil {
		return err
	}
	if err := settle(ctx, db, g, dialect, steps); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { g.GracefulStop <- true })
	defer stop()
	err = f(g, steps[len(steps)-1].Version)
	for begin := time.Now(); tableInUse(err); err = f(g, steps[len(steps)-1].Version) {
		if err := settle(ctx, db, g, dialect, steps); err != nil {
			return err
		}
		if time.Since(begin) > tablePatience {
			return fmt.Errorf("migrate: others have been using a table for %s, a dump perhaps (SHOW PROCESSLIST tells); run `tintype migrate` again when they have ended: %w", tablePatience, err)
		}
		// Others have their turn.
		if ended := sleep.For(ctx, time.Duration(200+rand.IntN(800))*time.Millisecond); ended != nil {
			return fmt.Errorf("migrate: %w: %w", ended, err)
		}
	}
	if err != nil && !errors.Is(err, migrate.ErrNoChange) {
		if denied(err) {
			return fmt.Errorf("%w: %w", &RightsError{}, err)
		}
		return fmt.Errorf("migrate: %w", err)
	}
	if dialect != "sqlite" {
		return nil
	}
	rows, err := db.QueryContext(ctx, "PRAGMA foreign_key_check")
	if err != nil {
		return err
	}
	defer rows.Close()
	if rows.Next() {
		return errors.New("migrate: rows refer to rows that do not exist; restore the backup made before this release")
	}
	return rows.Err()
}

// tableInUse reports whether a migration did not get its table. golang-migrate's error hides the driver's.
func tableInUse(err error) bool {
	var at *database.Error
	var plain database.Error
	switch {
	case errors.As(err, &at):
		err = at.OrigErr
	case errors.As(err, &plain):
		err = plain.OrigErr
	}
	var me *mysqldriver.MySQLError
	return errors.As(err, &me) && (me.Number == 1205 || me.Number == 1213)
}

// settle asks the database what became of the migration during which a migrator died. A killed `down` leaves the
// mark on the version below, so the one above is asked as well.
func settle(ctx context.Context, db *sql.DB, g *migrate.Migrate, dialect string, steps []Step) error {
	v, dirty, err := g.Version()
	if err != nil && !errors.Is(err, migrate.ErrNilVersion) {
		return err
	}
	if err == nil && !dirty {
		return nil
	}
	at := -1 // the last step that stands; the marked one is steps[marked]
	marked := -1
	if err == nil {
		marked = sort.Search(len(steps), func(i int) bool { return steps[i].Version >= v })
		if marked == len(steps) || steps[marked].Version != v {
			return fmt.Errorf("migration %d was interrupted and belongs to another release: run that release's `tintype migrate up`", v)
		}
		at = marked - 1
	}
	for i := max(marked, 0); i < min(marked+2, len(steps)); i++ {
		query, err := doneQuery(dialect, steps[i])
		if err != nil {
			return err
		}
		var n int
		if err := db.QueryRowContext(ctx, query).Scan(&n); err != nil {
			return fmt.Errorf("ask whether migration %d is done: %w", steps[i].Version, err)
		}
		if n == 0 {
			break
		}
		at = i
	}
	if at < 0 {
		return g.Force(database.NilVersion)
	}
	return g.Force(int(steps[at].Version))
}

func doneQuery(dialect string, s Step) (string, error) {
	f, err := migrations.FS.Open(path.Join(dialect, fmt.Sprintf("%04d_%s.up.sql", s.Version, s.Name)))
	if err != nil {
		return "", err
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Scan()
	q, ok := strings.CutPrefix(sc.Text(), "-- done: ")
	if !ok {
		return "", fmt.Errorf("migration %04d_%s does not say how to tell that it is done", s.Version, s.Name)
	}
	return q, nil
}

func list(dialect string) ([]Step, error) {
	entries, err := fs.Glob(migrations.FS, dialect+"/*.up.sql")
	if err != nil {
		return nil, err
	}
	var steps []Step
	for _, e := range entries {
		v, name, _ := strings.Cut(strings.TrimSuffix(path.Base(e), ".up.sql"), "_")
		n, err := strconv.ParseUint(v, 10, 32)
		if err != nil {
			return nil, err
		}
		steps = append(steps, Step{Version: uint(n), Name: name})
	}
	sort.Slice(steps, func(i, j int) bool { return steps[i].Version < steps[j].Version })
	return steps, nil
}

func (m *Migrator) dialect(ctx context.Context) string {
	if raw, err := m.o.URL(ctx); err == nil && strings.HasPrefix(raw, "sqlite:") {
		return "sqlite"
	}
	return "mysql"
}

func missingTable(err error) bool {
	var me *mysqldriver.MySQLError
	if errors.As(err, &me) {
		return me.Number == 1146
	}
	return strings.Contains(err.Error(), "no such table")
}
