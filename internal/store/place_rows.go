package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// PlaceRow is a row's values in the order of its table's columns: nil, int64, float64, string or []byte, the same from
// every database.
type PlaceRow []any

// PlaceBatch is rows on their way into a place.
type PlaceBatch struct {
	Parts []PlacePart
	// Point is how far the copy is once the batch is written; nil for what is not part of the copy.
	Point *CopyPoint
}

// PlacePart is what a batch has of one table.
type PlacePart struct {
	Table   string
	Columns []string // of the rows
	Rows    []PlaceRow
	Gone    []string // keys, as the log has them, of rows that are not there any more
}

// CopyPoint is how far a copy is. Tables are copied in the order of their names, rows in the order of the source's keys.
type CopyPoint struct {
	Table string
	Key   string // of the last row, as the log has it; "" before the first
	Rows  int64
	Bytes int64
	Done  bool
}

// LoggedWrite is an entry of a place's log: a row that was written.
type LoggedWrite struct {
	Number int64
	Table  string
	Key    string
}

const (
	// batchBytes is how much a batch of rows may hold; one row may be larger.
	batchBytes = 1 << 20
	// batchRows bounds the rows of a batch: their statements' texts are long.
	batchRows = 4000
	// wholeStatement is up to which size rows are sent as text in one statement. Larger ones are sent as bytes, in
	// pieces, which makes them no longer.
	wholeStatement = 256 << 10
	// keysAtOnce is how many rows are asked for by their keys in one statement.
	keysAtOnce = 200
)

// after reads the rows that come after a key in the table's own order, "" for its first ones: at most limit, and no more
// than a batch takes.
func (p *Place) after(ctx context.Context, t *PlaceTable, key string, limit int) (list []PlaceRow, bytes int, err error) {
	var from []any
	if key != "" {
		if from, err = t.decodeKey(key); err != nil {
			return nil, 0, err
		}
	}
	names := t.keyNames()
	s := newScanner(t)
	// One statement for each column of the key, from the last to the first: first the rows that share all but the last
	// column with the key, and so on. Each is a range of the index, which a comparison of several columns is not.
	for share := len(t.key) - 1; share >= 0; share-- {
		where, args := "", []any(nil)
		if from != nil {
			for i := range share {
				where += identifier(names[i]) + " = ? AND "
				args = append(args, from[i])
			}
			where = " WHERE " + where + identifier(names[share]) + " > ?"
			args = append(args, from[share])
		}
		full := false
		err := collect(ctx, p.r, func(rows *sql.Rows) error {
			row, n, err := s.row(rows)
			if err != nil {
				return err
			}
			list = append(list, row)
			if bytes += n; bytes >= batchBytes {
				full = true
				return errFull
			}
			return nil
		}, "SELECT "+identifiers(t.columnNames())+" FROM "+identifier(t.Name)+where+" ORDER BY "+identifiers(names)+" LIMIT "+strconv.Itoa(limit-len(list)), args...)
		if err != nil && !errors.Is(err, errFull) {
			return nil, 0, translate(err)
		}
		if full || len(list) >= limit || from == nil {
			break
		}
	}
	return list, bytes, nil
}

var errFull = errors.New("store: the batch is full")

// tuples is a condition that finds rows by their keys.
func (p *Place) tuples(t *PlaceTable, n int) string {
	names := t.keyNames()
	if len(names) == 1 {
		return identifier(names[0]) + " IN " + placeholders(n)
	}
	one := placeholders(len(names))
	list := strings.Repeat(one+", ", n-1) + one
	if p.onSQLite() {
		list = "VALUES " + list
	}
	return "(" + identifiers(names) + ") IN (" + list + ")"
}

// byKeys calls each for the rows that have these keys, as the log has them. MySQL takes 'a' and 'a ' for the same key:
// a row may come that was not asked for.
func (p *Place) byKeys(ctx context.Context, t *PlaceTable, keys []string, each func(PlaceRow, int) error) error {
	s := newScanner(t)
	for chunk := range slices.Chunk(keys, keysAtOnce) {
		var args []any
		for _, key := range chunk {
			values, err := t.decodeKey(key)
			if err != nil {
				return err
			}
			args = append(args, values...)
		}
		err := collect(ctx, p.r, func(rows *sql.Rows) error {
			row, n, err := s.row(rows)
			if err != nil {
				return err
			}
			return each(row, n)
		}, "SELECT "+identifiers(t.columnNames())+" FROM "+identifier(t.Name)+" WHERE "+p.tuples(t, len(chunk)), args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// replayBytes is how much of the rows that the log names is read at a time.
const replayBytes = 4 << 20

// ReadRows reads the rows that the entries name, as they are now. It returns those entries whose rows it has read: all,
// unless the rows are too large together.
func (p *Place) ReadRows(ctx context.Context, log []LoggedWrite) (*PlaceBatch, []LoggedWrite, error) {
	b := &PlaceBatch{}
	var done []LoggedWrite
	bytes := 0
	for len(log) > 0 {
		n := min(len(log), keysAtOnce)
		if bytes > replayBytes {
			break
		}
		if bytes > 0 {
			n = max(1, min(n, len(done)*(replayBytes-bytes)/max(bytes, 1)))
		} else {
			n = min(n, 10) // how large rows are is not known yet
		}
		byTable := map[string][]string{}
		for _, l := range log[:n] {
			if !slices.Contains(byTable[l.Table], l.Key) {
				byTable[l.Table] = append(byTable[l.Table], l.Key)
			}
		}
		for name, keys := range byTable {
			t := p.Table(name)
			if t == nil {
				return nil, nil, fmt.Errorf("the log names the table %s, which was not there when the move began", name)
			}
			part := PlacePart{Table: name, Columns: t.columnNames()}
			there := map[string]bool{}
			err := p.byKeys(ctx, t, keys, func(row PlaceRow, n int) error {
				key, err := t.encodeKey(row)
				if err == nil && !there[key] {
					there[key] = true
					part.Rows = append(part.Rows, row)
					bytes += n
				}
				return err
			})
			if err != nil {
				return nil, nil, translate(err)
			}
			for _, key := range keys {
				if !there[key] {
					part.Gone = append(part.Gone, key)
				}
			}
			b.Parts = append(b.Parts, part)
		}
		done, log = append(done, log[:n]...), log[n:]
	}
	return b, done, nil
}

// ReadLog reads the first entries of the log.
func (p *Place) ReadLog(ctx context.Context, limit int) ([]LoggedWrite, error) {
	var list []LoggedWrite
	err := collect(ctx, p.r, func(rows *sql.Rows) error {
		var l LoggedWrite
		err := rows.Scan(&l.Number, &l.Table, &l.Key)
		list = append(list, l)
		return err
	}, "SELECT `number`, `tbl`, `row_key` FROM `move_log` ORDER BY `number` LIMIT "+strconv.Itoa(limit))
	return list, translate(err)
}

// DeleteLog deletes exactly these entries, if the gate names that mover: the numbers of a log that was made anew are
// others' writes. ok is false, and nothing is deleted, where it does not. A range would lock what others are about to add.
func (p *Place) DeleteLog(ctx context.Context, mover string, log []LoggedWrite) (ok bool, err error) {
	err = p.tx(ctx, 0, func(tx *sql.Tx) error {
		lock := " LOCK IN SHARE MODE"
		if p.onSQLite() {
			lock = "" // the transaction has the only lock
		}
		g, err := readGate(ctx, tx, lock)
		if ok = g.Mover == mover; !ok || err != nil {
			return err
		}
		return deleteLog(ctx, tx, log)
	})
	return ok && err == nil, translate(err)
}

func deleteLog(ctx context.Context, tx *sql.Tx, log []LoggedWrite) error {
	for chunk := range slices.Chunk(log, 1000) {
		args := make([]any, len(chunk))
		for i, l := range chunk {
			args[i] = l.Number
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM `move_log` WHERE `number` IN "+placeholders(len(args)), args...); err != nil {
			return err
		}
	}
	return nil
}

// LogLength counts the entries of the log.
func (p *Place) LogLength(ctx context.Context) (int64, error) {
	var n int64
	err := p.r.QueryRowContext(ctx, "SELECT COUNT(*) FROM `move_log`").Scan(&n)
	return n, translate(err)
}

// loggedKeys returns the keys of the table's rows in the log.
func (p *Place) loggedKeys(ctx context.Context, table string) (map[string]bool, error) {
	keys := map[string]bool{}
	err := collect(ctx, p.r, func(rows *sql.Rows) error {
		var key string
		err := rows.Scan(&key)
		keys[key] = true
		return err
	}, "SELECT `row_key` FROM `move_log` WHERE `tbl` = ?", table)
	return keys, translate(err)
}

// Point reads how far the copy into the place is.
func (p *Place) Point(ctx context.Context) (CopyPoint, error) {
	var c CopyPoint
	err := p.r.QueryRowContext(ctx, "SELECT `tbl`, `row_key`, `row_count`, `byte_count`, `done` FROM `move_checkpoint` WHERE `id` = 1").Scan(&c.Table, &c.Key, &c.Rows, &c.Bytes, &c.Done)
	if errors.Is(err, sql.ErrNoRows) {
		return CopyPoint{}, nil
	}
	return c, translate(err)
}

// WriteRows writes a batch in a transaction that first locks the gate and finds it filling under that epoch and
// by that mover: after an abort epochs begin anew. ok is false, and nothing is written, where it is not. Rows that
// stand in the way by a unique key go: the source has changed them, and they are in its log.
//
// A row that does not fit is an UnfitError.
func (p *Place) WriteRows(ctx context.Context, epoch int64, mover string, b *PlaceBatch) (ok bool, err error) {
	ok, err = p.writeRows(ctx, epoch, mover, b)
	if err != nil {
		err = p.unfit(ctx, b, err)
	}
	return ok, err
}

func (p *Place) writeRows(ctx context.Context, epoch int64, mover string, b *PlaceBatch) (ok bool, err error) {
	err = p.tx(ctx, 0, func(tx *sql.Tx) error {
		g, err := readGate(ctx, tx, p.dialect.forUpdate())
		if err != nil {
			return err
		}
		if ok = g.Mode == GateFilling && g.Epoch == epoch && g.Mover == mover; !ok {
			return nil
		}
		if _, err := tx.ExecContext(ctx, "UPDATE `move_gate` SET `busy` = 1 WHERE `id` = 1"); err != nil {
			return err
		}
		for _, part := range b.Parts {
			t := p.Table(part.Table)
			if t == nil {
				return &SchemaDifferenceError{p.name + " has no table " + part.Table}
			}
			if err := p.deleteKeys(ctx, tx, t, part.Gone); err != nil {
				return fmt.Errorf("%s: %w", part.Table, placeError(err))
			}
			if err := p.replaceRows(ctx, tx, &part); err != nil {
				return fmt.Errorf("%s: %w", part.Table, placeError(err))
			}
		}
		if c := b.Point; c != nil {
			_, err := tx.ExecContext(ctx, "REPLACE INTO `move_checkpoint` (`id`, `tbl`, `row_key`, `row_count`, `byte_count`, `done`) VALUES (1, ?, ?, ?, ?, ?)", c.Table, c.Key, c.Rows, c.Bytes, c.Done)
			if err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, "UPDATE `move_gate` SET `busy` = 0 WHERE `id` = 1")
		return err
	})
	return ok && err == nil, translate(err)
}

// deleteKeys comes before replaceRows: where keys that differ in spaces at their end are the same to the database, the
// row that is still there must be the one that stays.
func (p *Place) deleteKeys(ctx context.Context, tx *sql.Tx, t *PlaceTable, keys []string) error {
	for chunk := range slices.Chunk(keys, keysAtOnce) {
		var args []any
		for _, key := range chunk {
			values, err := t.decodeKey(key)
			if err != nil {
				return err
			}
			args = append(args, values...)
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+identifier(t.Name)+" WHERE "+p.tuples(t, len(chunk)), args...); err != nil {
			return err
		}
	}
	return nil
}

func (p *Place) replaceRows(ctx context.Context, tx *sql.Tx, part *PlacePart) error {
	list, width := part.Rows, max(1, len(part.Columns))
	most := batchRows
	if p.onSQLite() {
		most = max(1, importVars/width)
	}
	head := "REPLACE INTO " + identifier(part.Table) + " (" + identifiers(part.Columns) + ") VALUES "
	one := placeholders(width)
	for len(list) > 0 {
		n, bytes := 0, 0
		for n < len(list) && n < most {
			row := 0
			for _, v := range list[n] {
				row += size(v)
			}
			if n > 0 && bytes+row > wholeStatement {
				break
			}
			bytes += row
			n++
		}
		args := make([]any, 0, n*width)
		for _, row := range list[:n] {
			args = append(args, row...)
		}
		query := head + strings.Repeat(one+", ", n-1) + one
		err := p.replace(ctx, tx, query, args, bytes > wholeStatement)
		if part.Table == adminLogTable && denied(err) {
			// A process of the site keeps the place up that the site has left, and may only add to the log. What it was told
			// of before is there already, and no entry ever changes.
			err = p.addRows(ctx, tx, part, list[:n])
		}
		if err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// addRows inserts those of the rows that are not there, by their column id, one by one: the log of administration has few.
func (p *Place) addRows(ctx context.Context, tx *sql.Tx, part *PlacePart, rows []PlaceRow) error {
	id := slices.Index(part.Columns, "id")
	if id < 0 {
		return fmt.Errorf("the table %s has no id", part.Table)
	}
	insert := "INSERT INTO " + identifier(part.Table) + " (" + identifiers(part.Columns) + ") VALUES " + placeholders(len(part.Columns))
	for _, row := range rows {
		var there int
		if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+identifier(part.Table)+" WHERE `id` = ?", row[id]).Scan(&there); err != nil {
			return err
		}
		if there > 0 {
			continue
		}
		if _, err := tx.ExecContext(ctx, insert, row...); err != nil {
			return err
		}
	}
	return nil
}

func (p *Place) replace(ctx context.Context, tx *sql.Tx, query string, args []any, large bool) error {
	if !large || p.onSQLite() {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	}
	// Escaped into a text, bytes take up to twice their room, which may be more than the server takes at once.
	st, err := tx.PrepareContext(ctx, query)
	if err != nil {
		return err
	}
	defer st.Close()
	_, err = st.ExecContext(ctx, args...)
	return err
}

// Copier reads a place's rows in batches, from a checkpoint on.
type Copier struct {
	p     *Place
	at    CopyPoint
	limit map[string]int
}

// Copy begins to read after the point.
func (p *Place) Copy(at CopyPoint) *Copier { return &Copier{p: p, at: at, limit: map[string]int{}} }

// Next reads the next rows. It returns nil when none are left. Points of the batches belong into the target.
func (c *Copier) Next(ctx context.Context) (*PlaceBatch, error) {
	if c.at.Done {
		return nil, nil
	}
	for _, t := range c.p.tables {
		if t.Name < c.at.Table {
			continue
		}
		key := ""
		if t.Name == c.at.Table {
			key = c.at.Key
		}
		limit := cmp.Or(c.limit[t.Name], 200)
		list, bytes, err := c.p.after(ctx, t, key, limit)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			continue
		}
		// So many rows as fill a batch, judged by these.
		c.limit[t.Name] = min(batchRows, max(1, len(list)*batchBytes/max(bytes, 1)))
		last, err := t.encodeKey(list[len(list)-1])
		if err != nil {
			return nil, err
		}
		c.at = CopyPoint{Table: t.Name, Key: last, Rows: c.at.Rows + int64(len(list)), Bytes: c.at.Bytes + int64(bytes)}
		point := c.at
		return &PlaceBatch{Parts: []PlacePart{{Table: t.Name, Columns: t.columnNames(), Rows: list}}, Point: &point}, nil
	}
	c.at.Done = true
	point := c.at
	return &PlaceBatch{Point: &point}, nil
}

// rowHash stands for a row's values.
type rowHash [16]byte
