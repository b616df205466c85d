package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// PlaceAnswer is what a process of the site has answered to a move, in its row of instances.
type PlaceAnswer struct {
	ID                      int64
	Host, Program, Roles    string
	Facts                   string // as the process has written them, JSON
	Generation, Watch, Hold int64
	// Silent tells that the row is older than three of the intervals in which the process writes it: the process was
	// killed, or it hangs.
	Silent bool
}

// Answers lists the processes that have a row in the place, the silent ones too: one that hangs may wake.
func (p *Place) Answers(ctx context.Context) ([]PlaceAnswer, error) {
	var list []PlaceAnswer
	err := collect(ctx, p.r, func(rows *sql.Rows) error {
		var a PlaceAnswer
		err := rows.Scan(&a.ID, &a.Host, &a.Program, &a.Roles, &a.Facts, &a.Generation, &a.Watch, &a.Hold, &a.Silent)
		list = append(list, a)
		return err
	}, "SELECT id, host, program, roles, facts, generation, watch, hold, seen_at + 3 * every_ms <= "+p.dialect.nowMillis()+" FROM instances ORDER BY id")
	return list, translate(err)
}

// answerEvery is how often a process writes its row that a move has put into a place.
const answerEvery = 10_000

// Answer writes what a process answers into its row, and makes the row where there is none.
func (p *Place) Answer(ctx context.Context, a PlaceAnswer) error {
	d := p.dialect
	return translate(p.tx(ctx, 0, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO instances (id, host, program, roles, started_at, seen_at, every_ms, facts, generation, watch, hold, parts)"+
			" VALUES (?, ?, ?, ?, "+d.nowMillis()+", "+d.nowMillis()+", ?, ?, ?, ?, ?, '{}') "+
			d.upsert("id", "seen_at = "+d.new("seen_at")+", generation = "+d.new("generation")+", watch = "+d.new("watch")+", hold = "+d.new("hold")),
			a.ID, a.Host, a.Program, a.Roles, answerEvery, cmp.Or(a.Facts, "{}"), a.Generation, a.Watch, a.Hold)
		return err
	}))
}

// Forget removes the row of a process that ends.
func (p *Place) Forget(ctx context.Context, id int64) error {
	err := p.tx(ctx, 0, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM instances WHERE id = ?", id)
		return err
	})
	if err != nil && missingTable(err) {
		return nil // nobody has made the schema there yet
	}
	return translate(err)
}

// FollowClock raises the place's replication clock to the other's, so that a position in the other is none of the
// future here. SQLite has no clock that runs.
func (p *Place) FollowClock(ctx context.Context, other *Place) error {
	if p.onSQLite() || other.onSQLite() {
		return nil
	}
	var version int64
	err := other.r.QueryRowContext(ctx, versionQuery).Scan(&version)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		_, err = p.w.ExecContext(ctx, "INSERT INTO replication_clock (id, version, holder, lease_until) VALUES (1, ?, '', 0) ON DUPLICATE KEY UPDATE version = GREATEST(version, VALUES(version))", version)
	}
	return translate(err)
}

// Occupied names a table that has rows, "" if none has. What a migration writes into an empty site does not count.
func (p *Place) Occupied(ctx context.Context) (string, error) {
	for _, t := range p.tables {
		if t.Name == "site_info" {
			continue
		}
		var one int
		err := p.r.QueryRowContext(ctx, "SELECT 1 FROM "+identifier(t.Name)+" LIMIT 1").Scan(&one)
		if err == nil {
			return t.Name, nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return "", translate(err)
		}
	}
	return "", nil
}

// Empty removes every row that a move has put into the place, and all that the move has made there. It is for a place
// that is being filled: one that serves a site is refused.
func (p *Place) Empty(ctx context.Context) error {
	g, err := p.Gate(ctx)
	if err != nil {
		return err
	}
	if g.Mode != GateFilling {
		return fmt.Errorf("%s is %s, and is not emptied", p.name, g.Mode)
	}
	has, err := p.triggers(ctx)
	if err != nil {
		return err
	}
	for name := range has {
		if err := p.ddl(ctx, "DROP TRIGGER IF EXISTS "+identifier(name)); err != nil {
			return err
		}
	}
	for _, t := range p.tables {
		if t.Name == "site_info" {
			continue // what a migration has written belongs there; a move writes over the rest
		}
		statement := "TRUNCATE TABLE " + identifier(t.Name)
		if p.onSQLite() {
			statement = "DELETE FROM " + identifier(t.Name)
		}
		if err := p.ddl(ctx, statement); err != nil {
			return fmt.Errorf("empty %s: %w", p.name, err)
		}
	}
	m, err := p.Move(ctx)
	if err != nil {
		return err
	}
	// A place that has been in charge of the site must not look so again.
	mode := GateFilling
	if g.Generation == 0 {
		mode = GateOpen
	}
	if _, err := p.SetMove(ctx, m, PlaceMove{}, GateFilling, mode); err != nil {
		return err
	}
	from := g
	from.Mode = mode
	to := Gate{Mode: mode, Generation: g.Generation} // the next move counts its epochs anew
	if _, err := p.SwapGate(ctx, from, to, 0); err != nil {
		return err
	}
	return p.Strip(ctx)
}

// ForgetSite removes what the place says of the site that it had. Empty leaves that, because migrations write there, too.
func (p *Place) ForgetSite(ctx context.Context) error {
	return placeError(p.tx(ctx, 0, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM site_info")
		return err
	}))
}

// PartsUnderWay names the parts of the site (sessions, media) that are being moved. They and the database do not move at
// the same time: the rows that lead each process are in the database.
func (p *Place) PartsUnderWay(ctx context.Context) ([]string, error) {
	var list []string
	err := collect(ctx, p.r, func(rows *sql.Rows) error {
		var part string
		err := rows.Scan(&part)
		list = append(list, part)
		return err
	}, "SELECT part FROM moves WHERE phase IN ('reading', 'writing', 'leaving', 'aborting') ORDER BY part")
	return list, translate(err)
}
