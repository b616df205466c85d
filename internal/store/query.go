package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"
)

// query runs a hand-written SELECT where read(ctx) says, through gorm's statement cache but not through gorm, which
// would cost a hot feed more than the database does. Close what it returns by calling done.
func (s *conn) query(ctx context.Context, q string, args ...any) (*rowReader, error) {
	s.statements.reads.Add(1)
	rows, err := s.read(ctx).Statement.ConnPool.QueryContext(ctx, q, args...)
	if err != nil {
		return nil, translate(err)
	}
	return &rowReader{rows: rows}, nil
}

// rowReader reads rows value by value, in the order of the columns. database/sql's own Scan spends more on reflection
// than the drivers on reading. The first mismatch of types is kept and returned by done.
type rowReader struct {
	rows *sql.Rows
	vals []any
	ptrs []any
	at   int
	err  error

	packed string // what is left of a packed column
	rest   bool   // the column that is read is its last

	pooled bool // of page: there are no rows, but all that was in them
	read   []any
	width  int // of a row in read
	row    int
	args   []driver.NamedValue
}

func (r *rowReader) next() bool {
	if r.pooled {
		if r.err != nil || r.row >= len(r.read) {
			return false
		}
		r.vals, r.at = r.read[r.row:r.row+r.width], 0
		r.row += r.width
		return true
	}
	if r.err != nil || !r.rows.Next() {
		return false
	}
	if r.vals == nil {
		cols, err := r.rows.Columns()
		if err != nil {
			r.err = err
			return false
		}
		r.vals, r.ptrs = make([]any, len(cols)), make([]any, len(cols))
		for i := range r.vals {
			r.ptrs[i] = &r.vals[i]
		}
	}
	r.at = 0
	r.err = r.rows.Scan(r.ptrs...)
	return r.err == nil
}

// done closes the rows and returns what went wrong, translated. It is called once, and last.
func (r *rowReader) done() error {
	err := r.err
	if r.pooled {
		r.recycle()
		return translate(err)
	}
	if err == nil {
		err = r.rows.Err()
	}
	if cerr := r.rows.Close(); err == nil {
		err = cerr
	}
	return translate(err)
}

func (r *rowReader) value() any {
	if r.at >= len(r.vals) {
		r.mismatch("a column", nil)
		return nil
	}
	v := r.vals[r.at]
	r.at++
	return v
}

func (r *rowReader) mismatch(want string, got any) {
	if r.err == nil {
		r.err = fmt.Errorf("store: column %d: want %s, got %T", r.at, want, got)
	}
}

// int reads an integer; NULL is 0.
func (r *rowReader) int() int64 {
	switch v := r.value().(type) {
	case int64:
		return v
	case nil:
		return 0
	case []byte: // what an expression is on MySQL's text protocol
		n, err := strconv.ParseInt(string(v), 10, 64)
		if err != nil {
			r.mismatch("an integer", v)
		}
		return n
	default:
		r.mismatch("an integer", v)
		return 0
	}
}

func (r *rowReader) bool() bool { return r.int() != 0 }

// optional reads an integer that may be NULL.
func (r *rowReader) optional() *int64 {
	if r.at < len(r.vals) && r.vals[r.at] == nil {
		r.at++
		return nil
	}
	n := r.int()
	return &n
}

func (r *rowReader) text() string {
	switch v := r.value().(type) {
	case string:
		return v
	case []byte:
		return string(v)
	case nil:
		return ""
	default:
		r.mismatch("text", v)
		return ""
	}
}

// packedWord takes the next value of a packed column (see columns).
func (r *rowReader) packedWord() string {
	v, rest, _ := strings.Cut(r.packed, " ")
	r.packed = rest
	return v
}

// packedText takes a text with its length before it, or all that is left where it is the last of the columns.
func (r *rowReader) packedText() string {
	if r.rest {
		v := r.packed
		r.packed = ""
		return v
	}
	n := r.packedInt()
	if n < 0 || n > int64(len(r.packed)) {
		r.mismatch("a text with its length in a packed column", r.packed)
		return ""
	}
	v := r.packed[:n]
	r.packed = strings.TrimPrefix(r.packed[n:], " ")
	return v
}

func (r *rowReader) packedInt() int64 {
	v := r.packedWord()
	if len(v) > 0 && len(v) <= 18 { // cannot overflow
		n := int64(0)
		for i := range len(v) {
			d := v[i] - '0'
			if d > 9 {
				return r.packedOdd(v)
			}
			n = n*10 + int64(d)
		}
		return n
	}
	return r.packedOdd(v)
}

func (r *rowReader) packedOdd(v string) int64 {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		r.mismatch("an integer in a packed column", v)
	}
	return n
}

func (r *rowReader) packedFloat() float64 {
	v := r.packedWord()
	if v == "0" {
		return 0
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil {
		r.mismatch("a number in a packed column", v)
	}
	return f
}

// in is the list of an IN (…) over ids. It is padded with the last id to a few lengths, so that few statements are
// prepared. An empty list finds nothing.
func in(ids []int64) (list string, args []any) {
	if len(ids) == 0 {
		return "(NULL)", nil
	}
	n := padded(len(ids))
	args = make([]any, n)
	for i := range args {
		args[i] = ids[min(i, len(ids)-1)]
	}
	return placeholders(n), args
}

func padded(n int) int {
	for _, size := range [...]int{1, 2, 4, 8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 128} {
		if n <= size {
			return size
		}
	}
	return (n + 127) / 128 * 128
}

func placeholders(n int) string { return "(" + strings.Repeat("?,", n-1) + "?)" }
