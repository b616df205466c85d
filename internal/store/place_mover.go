package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// PlaceMover is who moves a place's site, as the place says.
type PlaceMover struct {
	ID    string // of the run; "" where nobody is at work
	Name  string // of the machine and the process
	Since time.Time
	Beat  int64         // grows as long as it is alive
	Age   time.Duration // since anybody at work was last heard from, by the place's clock
}

// moverDDL makes the row of the mover that is at work. The gate alone decides who may write; the row is for people, who
// should not take a move over by mistake.
func (p *Place) moverDDL() []string {
	if p.onSQLite() {
		return []string{
			"CREATE TABLE IF NOT EXISTS move_mover (id INTEGER NOT NULL PRIMARY KEY, mover TEXT NOT NULL, name TEXT NOT NULL, since_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, beat INTEGER NOT NULL) STRICT",
			"INSERT OR IGNORE INTO move_mover (id, mover, name, since_at, seen_at, beat) VALUES (1, '', '', 0, 0, 0)",
		}
	}
	return []string{
		"CREATE TABLE IF NOT EXISTS `move_mover` (`id` BIGINT NOT NULL PRIMARY KEY, `mover` VARCHAR(64) NOT NULL, `name` VARCHAR(255) NOT NULL, `since_at` BIGINT NOT NULL, `seen_at` BIGINT NOT NULL, `beat` BIGINT NOT NULL) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
		"INSERT IGNORE INTO `move_mover` (`id`, `mover`, `name`, `since_at`, `seen_at`, `beat`) VALUES (1, '', '', 0, 0, 0)",
	}
}

// Mover reads who is at work in the place.
func (p *Place) Mover(ctx context.Context) (PlaceMover, error) {
	var m PlaceMover
	var since, age int64
	err := p.r.QueryRowContext(ctx, "SELECT `mover`, `name`, `since_at`, `beat`, "+p.dialect.nowMillis()+" - `seen_at` FROM `move_mover` WHERE `id` = 1").Scan(&m.ID, &m.Name, &since, &m.Beat, &age)
	if errors.Is(err, sql.ErrNoRows) || err != nil && missingTable(err) {
		return PlaceMover{}, nil
	}
	m.Since, m.Age = time.UnixMilli(since), time.Duration(age)*time.Millisecond
	return m, translate(err)
}

// ReplaceMover puts a run in the place of the one that was read, and makes the row where there is none. It reports
// whether that one was still there, and had not been heard of since.
func (p *Place) ReplaceMover(ctx context.Context, was PlaceMover, id, name string) (ok bool, err error) {
	if err := p.ddl(ctx, p.moverDDL()...); err != nil {
		return false, fmt.Errorf("prepare %s: %w", p.name, err)
	}
	return p.TakeMover(ctx, was, id, name)
}

// TakeMover is ReplaceMover where the row is there already. It needs no right to make one.
func (p *Place) TakeMover(ctx context.Context, was PlaceMover, id, name string) (ok bool, err error) {
	now := p.dialect.nowMillis()
	return p.setMover(ctx, "UPDATE `move_mover` SET `mover` = ?, `name` = ?, `since_at` = "+now+", `seen_at` = "+now+", `beat` = `beat` + 1 WHERE `id` = 1 AND `mover` = ? AND `beat` = ?",
		id, name, was.ID, was.Beat)
}

// KeepMover says that the run is alive. It reports whether it is still the one at work.
func (p *Place) KeepMover(ctx context.Context, id string) (bool, error) {
	return p.setMover(ctx, "UPDATE `move_mover` SET `seen_at` = "+p.dialect.nowMillis()+", `beat` = `beat` + 1 WHERE `id` = 1 AND `mover` = ?", id)
}

// DropMover says that the run has ended, so that another one can begin at once.
func (p *Place) DropMover(ctx context.Context, id string) error {
	_, err := p.setMover(ctx, "UPDATE `move_mover` SET `mover` = '', `name` = '', `beat` = `beat` + 1 WHERE `id` = 1 AND `mover` = ?", id)
	return err
}

func (p *Place) setMover(ctx context.Context, statement string, args ...any) (ok bool, err error) {
	err = p.tx(ctx, time.Second, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, statement, args...)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		ok = n == 1
		return err
	})
	if err != nil && missingTable(err) {
		return false, nil
	}
	return ok && err == nil, translate(err)
}
