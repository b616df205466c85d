package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// WayBack is what a place that has taken a site over says of the place before it: how long that one is kept up with
// what is written, and how far that is.
type WayBack struct {
	Lasts time.Duration // from when the place was opened
	Most  int64         // how many entries the log may have
	Until Millis        // by the place's clock; 0 before anybody has kept it up
	// Holder keeps it up as long as his lease lasts, "" for nobody.
	Holder string
	// CompleteAt is when the other place is known to have had everything, 0 for never.
	CompleteAt Millis
	Replayed   int64 // entries of the log
	// Ended is when it ended by itself, 0 while it has not; Why says why.
	Ended Millis
	Why   string
}

func (p *Place) wayBackDDL() string {
	if p.onSQLite() {
		return "CREATE TABLE IF NOT EXISTS move_way_back (id INTEGER NOT NULL PRIMARY KEY, lasts_ms INTEGER NOT NULL, most INTEGER NOT NULL, until_at INTEGER NOT NULL, holder TEXT NOT NULL, lease_until INTEGER NOT NULL, caught_up_at INTEGER NOT NULL, replayed INTEGER NOT NULL, ended_at INTEGER NOT NULL, why TEXT NOT NULL) STRICT"
	}
	return "CREATE TABLE IF NOT EXISTS `move_way_back` (`id` BIGINT NOT NULL PRIMARY KEY, `lasts_ms` BIGINT NOT NULL, `most` BIGINT NOT NULL, `until_at` BIGINT NOT NULL, `holder` VARCHAR(64) NOT NULL, `lease_until` BIGINT NOT NULL, `caught_up_at` BIGINT NOT NULL, `replayed` BIGINT NOT NULL, `ended_at` BIGINT NOT NULL, `why` VARCHAR(255) NOT NULL) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
}

// MakeWayBack says that the place, once it is in charge, keeps the other one up. PlaceMove.WayBack has it log.
func (p *Place) MakeWayBack(ctx context.Context, lasts time.Duration, most int64) error {
	if err := p.ddl(ctx, p.wayBackDDL()); err != nil {
		return fmt.Errorf("prepare %s: %w", p.name, err)
	}
	return translate(p.tx(ctx, 0, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "REPLACE INTO `move_way_back` (`id`, `lasts_ms`, `most`, `until_at`, `holder`, `lease_until`, `caught_up_at`, `replayed`, `ended_at`, `why`) VALUES (1, ?, ?, 0, '', 0, 0, 0, 0, '')",
			lasts.Milliseconds(), most)
		return err
	}))
}

// WayBack reads what the place says of the place before it; nil where it says nothing.
func (p *Place) WayBack(ctx context.Context) (*WayBack, error) {
	var b WayBack
	var lasts int64
	err := p.r.QueryRowContext(ctx, "SELECT `lasts_ms`, `most`, `until_at`, CASE WHEN `lease_until` > "+p.dialect.nowMillis()+" THEN `holder` ELSE '' END, `caught_up_at`, `replayed`, `ended_at`, `why` FROM `move_way_back` WHERE `id` = 1").
		Scan(&lasts, &b.Most, &b.Until, &b.Holder, &b.CompleteAt, &b.Replayed, &b.Ended, &b.Why)
	if errors.Is(err, sql.ErrNoRows) || err != nil && missingTable(err) {
		return nil, nil
	}
	b.Lasts = time.Duration(lasts) * time.Millisecond
	return &b, translate(err)
}

// HoldWayBack takes the lease of whoever keeps the other place up, or prolongs it. ok is false where another one has it,
// or where the way back has ended. Replayed is added to the count; the other place has everything that was written until
// so long ago, which is not known where that is negative.
func (p *Place) HoldWayBack(ctx context.Context, holder string, lease time.Duration, replayed int64, ago time.Duration) (ok bool, err error) {
	now := p.dialect.nowMillis()
	err = p.tx(ctx, lease, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "UPDATE `move_way_back` SET `until_at` = CASE WHEN `until_at` = 0 THEN "+now+" + `lasts_ms` ELSE `until_at` END, `lease_until` = "+now+" + ?,"+
			" `replayed` = `replayed` + ?, `caught_up_at` = CASE WHEN ? >= 0 THEN "+now+" - ? ELSE `caught_up_at` END, `holder` = ?"+
			" WHERE `id` = 1 AND `ended_at` = 0 AND (`holder` = ? OR `lease_until` < "+now+")",
			lease.Milliseconds(), replayed, ago.Milliseconds(), ago.Milliseconds(), holder, holder)
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

// DropWayBackLease gives the lease back, so that another process can take it at once.
func (p *Place) DropWayBackLease(ctx context.Context, holder string) error {
	return translate(p.tx(ctx, time.Second, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE `move_way_back` SET `lease_until` = 0 WHERE `id` = 1 AND `holder` = ?", holder)
		return err
	}))
}

// EndWayBack has the place log nothing any more. Whoever keeps the other one up loses his epoch. It reports whether the
// way back was there to be ended: not where a move on it is under way.
func (p *Place) EndWayBack(ctx context.Context, why string) (ok bool, err error) {
	err = p.tx(ctx, 0, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "UPDATE `move_gate` SET `logs` = ?, `epoch` = `epoch` + 1, `mover` = '' WHERE `id` = 1 AND `logs` = ?", logsNothing, logsWayBack)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if ok = n == 1; !ok || err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE `move_way_back` SET `ended_at` = "+p.dialect.nowMillis()+", `why` = ?, `lease_until` = 0 WHERE `id` = 1", why)
		return err
	})
	return ok && err == nil, translate(err)
}

// LogSpan is about how many entries the log has, and never less; 0 where there is none. It costs two look-ups.
func (p *Place) LogSpan(ctx context.Context) (int64, error) {
	var n int64
	err := p.r.QueryRowContext(ctx, "SELECT COALESCE((SELECT MAX(`number`) FROM `move_log`) - (SELECT MIN(`number`) FROM `move_log`) + 1, 0)").Scan(&n)
	if err != nil && missingTable(err) {
		return 0, nil
	}
	return n, translate(err)
}

// ClearLog deletes the entries of a log that nobody reads any more, a part at a time, for as long as the place logs nothing:
// what a move or a way back logs from then on is theirs.
func (p *Place) ClearLog(ctx context.Context) error {
	for {
		list, err := p.ReadLog(ctx, 5000)
		if err != nil || len(list) == 0 {
			return err
		}
		logs := logsNothing
		err = p.tx(ctx, 0, func(tx *sql.Tx) error {
			lock := " LOCK IN SHARE MODE"
			if p.onSQLite() {
				lock = "" // the transaction has the only lock
			}
			if err := tx.QueryRowContext(ctx, "SELECT `logs` FROM `move_gate` WHERE `id` = 1"+lock).Scan(&logs); err != nil || logs != logsNothing {
				return err
			}
			return deleteLog(ctx, tx, list)
		})
		if err != nil || logs != logsNothing {
			return translate(err)
		}
	}
}

// Remains lists what a move has made in the place and not removed: the names of tables and triggers.
func (p *Place) Remains(ctx context.Context) ([]string, error) {
	query := "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()" +
		" UNION ALL SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()"
	if p.onSQLite() {
		query = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'trigger')"
	}
	var list []string
	err := collect(ctx, p.r, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		if strings.HasPrefix(name, "move_") {
			list = append(list, name)
		}
		return err
	}, query)
	return list, translate(err)
}
