package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"math"
	randv2 "math/rand/v2"
	"strconv"
	"time"

	"tintype/internal/sleep"
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

// errProved rolls back what Prove has written.
var errProved = errors.New("proved")

// Prove shows that this process reaches the place and may write there: it adds a row, which it rolls back. It returns the
// move that the place takes part in, a random text that who moves has written there.
func (p *Place) Prove(ctx context.Context) (move string, err error) {
	err = p.tx(ctx, 0, func(tx *sql.Tx) error {
		g, err := readGate(ctx, tx, "")
		if err != nil {
			return err
		}
		move = g.Move
		now := p.dialect.nowMillis()
		_, err = tx.ExecContext(ctx, "INSERT INTO instances (id, host, program, roles, started_at, seen_at, every_ms, facts, generation, watch, hold, parts)"+
			" VALUES (?, '', '', '', "+now+", "+now+", 0, '{}', 0, 0, 0, '{}')", -1-randv2.Int64N(math.MaxInt64))
		return cmp.Or(err, errProved)
	})
	if errors.Is(err, errProved) {
		return move, nil
	}
	return "", translate(err)
}

// followPatience is how long FollowClock waits for the other place, which may hang now that the site has left it.
const followPatience = 300 * time.Millisecond

// FollowClock raises the place's replication clock to the other's, so that a position in the other is none of the
// future here. Where the other does not answer, it is raised beyond what that one can have: both follow the time, and a move
// begins only where their times agree. SQLite has no clock that runs.
func (p *Place) FollowClock(ctx context.Context, other *Place) error {
	if p.onSQLite() || other.onSQLite() {
		return nil
	}
	asking, cancel := context.WithTimeout(ctx, followPatience)
	defer cancel()
	version, beyond := int64(0), int64(0)
	err := other.r.QueryRowContext(asking, versionQuery).Scan(&version)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		beyond = (MaxClockDifference + time.Second).Milliseconds()
	}
	_, err = p.w.ExecContext(ctx, "INSERT INTO replication_clock (id, version, holder, lease_until) VALUES (1, GREATEST(?, IF(? > 0, "+clockNow+" + ?, 0)), '', 0)"+
		" ON DUPLICATE KEY UPDATE version = GREATEST(version, VALUES(version))", version, beyond, beyond)
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

// ErrNotEmptied says that a place became another's while it was being emptied.
var ErrNotEmptied = errors.New("another process has taken the database over, and it is not emptied further")

// emptyRows is how many rows Empty deletes at a time.
const emptyRows = 10_000

// Empty removes every row that a move has put into the place, and all that the move has made there. It is for a place
// that is being filled: one that serves a site is refused.
//
// It takes the gate over first, as a mover does. From then on no mover writes, and each statement here looks whether the
// gate still says so: who was stopped in the middle and wakes when the site is in this place does no harm. A TRUNCATE
// could not look.
func (p *Place) Empty(ctx context.Context) error {
	g, err := p.Gate(ctx)
	if err != nil {
		return err
	}
	if g.Mode != GateFilling {
		return fmt.Errorf("%s is %s, and is not emptied", p.name, g.Mode)
	}
	own := g
	own.Epoch, own.Mover = g.Epoch+1, "emptying "+rand.Text()
	if ok, err := p.SwapGate(ctx, g, own, 10*time.Second); err != nil || !ok { // a mover's batch may hold the lock
		return cmp.Or(err, ErrNotEmptied)
	}
	still := func() error {
		g, err := p.Gate(ctx)
		if err == nil && (g.Mode != GateFilling || g.Mover != own.Mover) {
			err = ErrNotEmptied
		}
		return err
	}
	if err := p.dropMoveTables(ctx, still, pointTable); err != nil { // whoever goes on with the move copies from the beginning
		return err
	}
	for _, t := range p.tables {
		if t.Name == "site_info" {
			continue // what a migration has written belongs there; a move writes over the rest
		}
		if err := p.emptyTable(ctx, t, own.Mover); err != nil {
			return fmt.Errorf("empty %s: %w", p.name, err)
		}
	}
	if err := p.dropMoveTables(ctx, still, logTable, wayBackTable, moverTable); err != nil {
		return err
	}
	// A place that has been in charge of the site must not look so again.
	mode := GateFilling
	if g.Generation == 0 {
		mode = GateOpen
	}
	done := false
	err = p.tx(ctx, 0, func(tx *sql.Tx) error { // the next move counts its epochs anew
		res, err := tx.ExecContext(ctx, "UPDATE `move_gate` SET `move` = '', `peer` = '', `logs` = 0, `mode` = ?, `epoch` = 0, `mover` = '', `watch` = 0, `hold` = 0 WHERE `id` = 1 AND `mode` = ? AND `mover` = ?",
			mode, GateFilling, own.Mover)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		done = n == 1
		return err
	})
	if err != nil || !done {
		return cmp.Or(translate(err), ErrNotEmptied)
	}
	return p.Strip(ctx)
}

// dropMoveTables drops the place's triggers and some of the move's tables, while the caller still may.
func (p *Place) dropMoveTables(ctx context.Context, still func() error, tables ...string) error {
	has, err := p.triggers(ctx)
	if err != nil {
		return err
	}
	statements := make([]string, 0, len(has)+len(tables))
	for name := range has {
		statements = append(statements, "DROP TRIGGER IF EXISTS "+identifier(name))
	}
	for _, name := range tables {
		statements = append(statements, "DROP TABLE IF EXISTS "+identifier(name))
	}
	return p.ddlWhile(ctx, still, statements...)
}

// emptyTable deletes the table's rows, a part at a time, as long as the gate names that mover.
func (p *Place) emptyTable(ctx context.Context, t *PlaceTable, mover string) error {
	for begin := time.Now(); ; {
		var gone int64
		part, cancel := context.WithTimeout(ctx, schemaPatience)
		err := p.tx(part, schemaPatience, func(tx *sql.Tx) error {
			g, err := readGate(part, tx, p.dialect.forUpdate())
			if err != nil {
				return err
			}
			if g.Mode != GateFilling || g.Mover != mover {
				return ErrNotEmptied
			}
			statement := "DELETE FROM " + identifier(t.Name)
			if !p.onSQLite() {
				statement += " LIMIT " + strconv.Itoa(emptyRows) // by no order: all go
			}
			// A mover that has not noticed yet may make triggers, which refuse whoever is not busy with a move.
			if _, err := tx.ExecContext(part, "UPDATE `move_gate` SET `busy` = 1 WHERE `id` = 1"); err != nil {
				return err
			}
			res, err := tx.ExecContext(part, statement)
			if err != nil {
				return err
			}
			if gone, err = res.RowsAffected(); err != nil {
				return err
			}
			_, err = tx.ExecContext(part, "UPDATE `move_gate` SET `busy` = 0 WHERE `id` = 1")
			return err
		})
		cancel()
		switch {
		case errors.Is(err, ErrNotEmptied):
			return err
		case err != nil && retryable(err) && time.Since(begin) < schemaPatience:
			if err := sleep.For(ctx, 50*time.Millisecond); err != nil {
				return err
			}
			continue
		case err != nil:
			return placeError(err)
		case p.onSQLite() || gone < emptyRows:
			return nil
		}
		begin = time.Now()
	}
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
