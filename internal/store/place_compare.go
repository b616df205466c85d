package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Comparer compares two places while the source is written. It reads every row of both once; afterwards only rows that
// were written since, as the source's log told (see Touched).
type Comparer struct {
	source, target *Place
	whole          bool                       // every row was compared and found the same, but for those in touched
	touched        map[string]map[string]bool // by table: keys of rows to compare again
	count          int
	Rows           int64 // compared, over all passes
}

// NewComparer makes a Comparer that has compared nothing yet.
func NewComparer(source, target *Place) *Comparer {
	return &Comparer{source: source, target: target, touched: map[string]map[string]bool{}}
}

const (
	// touchedMost is how many keys are kept. Beyond that, everything is compared anew.
	touchedMost = 200_000
	// astrayMost is how many rows of a table may be missing in the other place before it is said to differ. They are
	// kept in memory while the pass may still find them.
	astrayMost = 50_000
)

// Touched has rows compared again that the source's log named.
func (c *Comparer) Touched(log []LoggedWrite) {
	for _, l := range log {
		c.touch(l.Table, l.Key)
	}
	if c.count > touchedMost {
		c.whole = false
		clear(c.touched)
		c.count = 0
	}
}

func (c *Comparer) touch(table, key string) {
	keys := c.touched[table]
	if keys == nil {
		keys = map[string]bool{}
		c.touched[table] = keys
	}
	if !keys[key] {
		keys[key] = true
		c.count++
	}
}

// A DifferenceError names a row that differs although the source's log does not name it.
type DifferenceError struct {
	Table string
	Key   string // as the log would have it
	Rows  int    // how many of the table differ
}

func (e *DifferenceError) Error() string {
	return fmt.Sprintf("%d rows of %s differ, among them the one with the key %s", e.Rows, e.Table, e.Key)
}

// Compare compares what was not compared since the last pass without a difference. Rows that the source's log names are
// not in the target yet, and are compared in the next pass. Nothing may be written into the target meanwhile.
func (c *Comparer) Compare(ctx context.Context) error {
	if !c.whole {
		for _, t := range c.source.tables {
			if err := c.table(ctx, t); err != nil {
				return err
			}
		}
		c.whole = true
		return nil
	}
	for name, keys := range c.touched {
		t := c.source.Table(name)
		list := make([]string, 0, len(keys))
		for key := range keys {
			list = append(list, key)
		}
		differ := map[string]bool{}
		for chunk := range slices.Chunk(list, 5*keysAtOnce) {
			a, err := hashes(ctx, c.source, t, chunk)
			if err != nil {
				return err
			}
			b, err := hashes(ctx, c.target, c.target.Table(name), chunk)
			if err != nil {
				return err
			}
			for _, key := range chunk {
				x, inA := a[key]
				y, inB := b[key]
				if inA != inB || x != y {
					differ[key] = true
				}
			}
			c.Rows += int64(len(chunk))
		}
		logged, err := c.judge(ctx, name, differ)
		if err != nil {
			return err
		}
		// A row that is in the log now will be named again when it is replayed; it stays until then.
		for _, key := range list {
			if !logged[key] {
				delete(keys, key)
				c.count--
			}
		}
	}
	return nil
}

// judge returns a DifferenceError where a row that differs is not in the source's log, and else what is in it.
func (c *Comparer) judge(ctx context.Context, table string, differ map[string]bool) (map[string]bool, error) {
	logged, err := c.source.loggedKeys(ctx, table)
	if err != nil {
		return nil, err
	}
	e := &DifferenceError{Table: table}
	for key := range differ {
		if !logged[key] {
			e.Key = key
			e.Rows++
		}
	}
	if e.Rows > 0 {
		return nil, e
	}
	return logged, nil
}

// hashes are those of the rows with these keys that there are.
func hashes(ctx context.Context, p *Place, t *PlaceTable, keys []string) (map[string]rowHash, error) {
	found := make(map[string]rowHash, len(keys))
	order := t.byName()
	var buf []byte
	err := p.byKeys(ctx, t, keys, func(row PlaceRow, _ int) error {
		key, err := t.encodeKey(row)
		if err != nil {
			return err
		}
		found[key], buf = row.hash(order, buf)
		return nil
	})
	return found, translate(err)
}

// hashed is a row as a pass meets it.
type hashed struct {
	key  string
	hash rowHash
}

// walker reads a table's rows in order, as hashes, one batch ahead.
type walker struct {
	p     *Place
	t     *PlaceTable
	after string
	limit int
	order []int
	buf   []byte
	done  bool
}

func newWalker(p *Place, t *PlaceTable) *walker {
	return &walker{p: p, t: t, limit: 200, order: t.byName()}
}

func (w *walker) next(ctx context.Context) ([]hashed, error) {
	if w.done {
		return nil, nil
	}
	list, bytes, err := w.p.after(ctx, w.t, w.after, w.limit)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		w.done = true
		return nil, nil
	}
	w.limit = min(batchRows, max(1, len(list)*batchBytes/max(bytes, 1)))
	out := make([]hashed, len(list))
	for i, row := range list {
		key, err := w.t.encodeKey(row)
		if err != nil {
			return nil, err
		}
		out[i].key = key
		out[i].hash, w.buf = row.hash(w.order, w.buf)
	}
	w.after = out[len(out)-1].key
	return out, nil
}

// table compares every row of a table. Both places give it in their own order, and each may have rows that the other
// one has later or not at all: those wait until they are met.
func (c *Comparer) table(ctx context.Context, t *PlaceTable) error {
	sides := [2]*walker{newWalker(c.source, t), newWalker(c.target, c.target.Table(t.Name))}
	var waiting [2]map[string]rowHash
	waiting[0], waiting[1] = map[string]rowHash{}, map[string]rowHash{}
	differ := map[string]bool{}
	for !sides[0].done || !sides[1].done {
		var lists [2][]hashed
		errs := make(chan error, 1)
		go func() {
			var err error
			lists[1], err = sides[1].next(ctx)
			errs <- err
		}()
		var err error
		lists[0], err = sides[0].next(ctx)
		if err := errors.Join(err, <-errs); err != nil {
			return err
		}
		for i, list := range lists {
			for _, h := range list {
				other, met := waiting[1-i][h.key]
				if !met {
					waiting[i][h.key] = h.hash
					continue
				}
				delete(waiting[1-i], h.key)
				if other != h.hash {
					differ[h.key] = true
				}
			}
		}
		c.Rows += int64(len(lists[0]))
		if len(waiting[0]) > astrayMost || len(waiting[1]) > astrayMost || len(differ) > astrayMost {
			break
		}
	}
	for _, w := range waiting {
		for key := range w {
			differ[key] = true
		}
	}
	if len(differ) == 0 {
		return nil
	}
	logged, err := c.judge(ctx, t.Name, differ)
	for key := range logged {
		c.touch(t.Name, key)
	}
	return err
}
