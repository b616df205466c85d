package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// PlaceCheck is what a look at every row has found.
type PlaceCheck struct {
	Rows, Bytes int64
	Largest     int64    // bytes of the largest row
	Problems    []string // why rows do not fit into the target; at most problemsShown, of all that there are
	More        int      // problems beyond those
}

// problemsShown is how many problems are named.
const problemsShown = 10

func (c *PlaceCheck) problem(format string, args ...any) {
	if len(c.Problems) >= problemsShown {
		c.More++
		return
	}
	c.Problems = append(c.Problems, fmt.Sprintf(format, args...))
}

// CheckFits reads every row and says what does not fit into the target: values that are too long, text that is not
// UTF-8, keys that the target takes for the same, rows that its server does not take at once. each is called now and
// then with the rows that were read.
func (p *Place) CheckFits(ctx context.Context, target *Place, each func(rows int64)) (*PlaceCheck, error) {
	c, largest := &PlaceCheck{}, ""
	for copier := p.Copy(CopyPoint{}); ; {
		b, err := copier.Next(ctx)
		if err != nil {
			return nil, err
		}
		if b == nil {
			break
		}
		for _, part := range b.Parts {
			t, into := p.Table(part.Table), target.Table(part.Table)
			for _, row := range part.Rows {
				text, larger := into.fits(part.Columns, row), int64(row.size()) > c.Largest
				if text == "" && !larger {
					continue
				}
				key, err := t.encodeKey(row)
				if err != nil {
					return nil, err
				}
				if text != "" {
					c.problem("%s, key %s: %s", t.Name, key, text)
				}
				if larger {
					c.Largest, largest = int64(row.size()), t.Name+", key "+key
				}
			}
		}
		c.Rows, c.Bytes = b.Point.Rows, b.Point.Bytes
		if each != nil {
			each(c.Rows)
		}
	}
	if target.onSQLite() {
		return c, nil
	}
	most, err := target.maxPacket(ctx)
	if err != nil {
		return nil, err
	}
	if 2*c.Largest > most { // the site sends text in which any byte may take two
		c.problem("%s: the row, the largest one, has %d bytes, and max_allowed_packet of %s is %d: set it to %d and more", largest, c.Largest, target.name, most, 2*c.Largest)
	}
	if !p.onSQLite() {
		return c, nil
	}
	return c, p.checkSpaces(ctx, c)
}

// maxPacket is how many bytes the server of a place on MySQL takes at once.
func (p *Place) maxPacket(ctx context.Context) (most int64, err error) {
	err = p.r.QueryRowContext(ctx, "SELECT @@max_allowed_packet").Scan(&most)
	return most, translate(err)
}

// An UnfitError names a row that does not fit into a place.
type UnfitError struct {
	Place, Table string
	Key          string // as the log has it
	Why          string
	err          error
}

func (e *UnfitError) Error() string {
	return fmt.Sprintf("a row does not fit into %s: %s, key %s: %s", e.Place, e.Table, e.Key, e.Why)
}

func (e *UnfitError) Unwrap() error { return e.err }

// unfit looks for a row because of which the place did not take the batch. It returns err itself where all fit.
func (p *Place) unfit(ctx context.Context, b *PlaceBatch, err error) error {
	most := int64(0)
	if !p.onSQLite() {
		most, _ = p.maxPacket(ctx) // the row is named the next time
	}
	for _, part := range b.Parts {
		t := p.Table(part.Table)
		if t == nil {
			return err
		}
		for _, row := range part.Rows {
			why := t.fits(part.Columns, row)
			if n := int64(row.size()); why == "" && most > 0 && n > most {
				why = fmt.Sprintf("it has %d bytes, and the server's max_allowed_packet is %d: set it to %d and more", n, most, 2*n)
			}
			if why == "" {
				continue
			}
			key, keyErr := t.keyIn(part.Columns, row)
			if keyErr != nil {
				return errors.Join(err, keyErr)
			}
			return &UnfitError{Place: p.name, Table: part.Table, Key: key, Why: why, err: err}
		}
	}
	return err
}

// checkSpaces finds unique keys of which a MySQL server takes two for the same, because they only differ in spaces at
// their end.
func (p *Place) checkSpaces(ctx context.Context, c *PlaceCheck) error {
	for _, t := range p.tables {
		for _, key := range t.unique {
			text := false
			parts := make([]string, len(key))
			for i, name := range key {
				col := t.column(name)
				if col == nil {
					continue
				}
				parts[i] = identifier(name)
				if col.kind == kindText {
					text = true
					parts[i] = "rtrim(" + parts[i] + ", ' ')"
				}
			}
			if !text {
				continue
			}
			trimmed := strings.Join(parts, ", ")
			where := " FROM " + identifier(t.Name) + " WHERE " + notNull(key)
			var twins []string
			err := collect(ctx, p.r, func(rows *sql.Rows) error {
				row, _, err := newScanner(t).row(rows)
				if err != nil {
					return err
				}
				text, err := t.encodeKey(row)
				twins = append(twins, text)
				return err
			}, "SELECT "+identifiers(t.columnNames())+where+" AND ("+trimmed+") IN (SELECT "+trimmed+where+" GROUP BY "+trimmed+" HAVING COUNT(*) > 1) ORDER BY "+trimmed+" LIMIT 2")
			if err != nil {
				return translate(err)
			}
			if len(twins) == 2 {
				c.problem("%s, keys %s and %s: they differ only in spaces at the end of (%s), which has to be unique", t.Name, twins[0], twins[1], strings.Join(key, ", "))
			}
		}
	}
	return nil
}

func notNull(key []string) string {
	parts := make([]string, len(key))
	for i, name := range key {
		parts[i] = identifier(name) + " IS NOT NULL"
	}
	return strings.Join(parts, " AND ")
}

// MaxClockDifference is how far the clocks of two places may be apart: times in rows are compared with them.
const MaxClockDifference = time.Second

// ClockDifference is how far the other place's clock is before this one's, at least: what the questions took is in its
// favour.
func (p *Place) ClockDifference(ctx context.Context, other *Place) (time.Duration, error) {
	begin := time.Now()
	a, err := p.Now(ctx)
	if err != nil {
		return 0, err
	}
	b, err := other.Now(ctx)
	if err != nil {
		return 0, err
	}
	took := time.Since(begin)
	d := time.Duration(b-a) * time.Millisecond
	switch {
	case d > took:
		return d - took, nil
	case d < 0:
		return d, nil
	}
	return 0, nil
}

// SamePlace tells whether both are one database, by whatever names: a row that is written through one is looked for
// through the other.
func (p *Place) SamePlace(ctx context.Context, other *Place) (bool, error) {
	if p.dialect.name() != other.dialect.name() {
		return false, nil
	}
	if p.name == other.name {
		return true, nil
	}
	const name = "move_same_place"
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	exists := func() (bool, error) {
		query := "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?"
		if other.onSQLite() {
			query = "SELECT COUNT(*) FROM sqlite_schema WHERE name = ?"
		}
		var n int
		err := other.r.QueryRowContext(ctx, query, name).Scan(&n)
		return n > 0, translate(err)
	}
	if err := p.ddl(ctx, "CREATE TABLE IF NOT EXISTS "+name+" (id INTEGER NOT NULL PRIMARY KEY)"); err != nil {
		return false, err
	}
	same, err := exists()
	return same, errors.Join(err, p.ddl(ctx, "DROP TABLE IF EXISTS "+name))
}

// trialTable is where Try writes.
const trialTable = "move_trial"

// Bounds of what Try writes.
const (
	trialTime  = 300 * time.Millisecond
	trialRows  = 2000
	trialBytes = 1 << 20 // and half as much again
)

// Try makes a table with a trigger, as a move needs to, and drops both. Into a target it also writes rows of about that
// many bytes, and returns how many it wrote a second; 0 bytes: it writes none. The error says what an operator can do.
func (p *Place) Try(ctx context.Context, rowBytes int) (pace float64, err error) {
	if p.onSQLite() && rowBytes == 0 {
		return 0, nil // it takes triggers, and the site writes there
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	const drop = "DROP TABLE IF EXISTS " + trialTable
	create := []string{
		drop,
		"CREATE TABLE " + trialTable + " (id BIGINT NOT NULL PRIMARY KEY, value LONGBLOB NOT NULL)",
		"CREATE TRIGGER move_trial_insert BEFORE INSERT ON " + trialTable + " FOR EACH ROW SET NEW.value = NEW.value",
	}
	if p.onSQLite() {
		create[2] = "CREATE TRIGGER move_trial_insert BEFORE INSERT ON " + trialTable + " BEGIN SELECT 1; END"
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if dropErr := p.ddl(end, drop); err == nil {
			err = dropErr
		}
	}()
	if err := p.ddl(ctx, create...); err != nil {
		return 0, err
	}
	if rowBytes == 0 {
		return 0, nil
	}
	rowBytes = min(rowBytes, trialBytes/8)
	rows := min(trialBytes/8/rowBytes, trialRows/4) // of a statement
	value := make([]byte, rowBytes)
	written, begin := 0, time.Now()
	for written == 0 || written < trialRows && written*rowBytes < trialBytes && time.Since(begin) < trialTime {
		err := p.tx(ctx, 0, func(tx *sql.Tx) error {
			for part := range 4 {
				args := make([]any, 0, 2*rows)
				for i := range rows {
					args = append(args, written+part*rows+i, value)
				}
				if _, err := tx.ExecContext(ctx, "INSERT INTO "+trialTable+" (id, value) VALUES "+strings.Repeat("(?, ?), ", rows-1)+"(?, ?)", args...); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, placeError(err)
		}
		written += 4 * rows
	}
	return float64(written) / time.Since(begin).Seconds(), nil
}

// TakesTriggers tells whether the server lets an owner of the database make triggers: not while it writes a binary log
// and does not trust owners.
func (p *Place) TakesTriggers(ctx context.Context) (bool, error) {
	if p.onSQLite() {
		return true, nil
	}
	var logs, trusts bool
	err := p.r.QueryRowContext(ctx, "SELECT @@log_bin, @@log_bin_trust_function_creators").Scan(&logs, &trusts)
	return !logs || trusts, translate(err)
}

// Room is how many bytes are free where the place is. known is false for a server, which does not say.
func (p *Place) Room() (bytes uint64, known bool, err error) {
	file, ok := strings.CutPrefix(p.name, "sqlite:")
	if !ok {
		return 0, false, nil
	}
	bytes, err = diskRoom(file)
	return bytes, err == nil, err
}
