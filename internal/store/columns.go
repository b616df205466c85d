package store

import (
	"slices"
	"strings"
)

// A column is one value of a row of T: what SQL selects, and where the value goes. Both stand in one line of a table, so
// that neither can be changed without the other.
type column[T any] struct {
	expr   string // is never NULL; empty where nothing is selected
	spaces bool   // its text may hold spaces
	read   func(r *rowReader, row *T)
}

// columns are what is read of a row. They are selected as one packed column, CONCAT_WS(' ', …): to fetch one value costs
// the SQLite driver more than to read it out of a text (it takes the connection's lock three times), and a page of posts
// has more than a thousand of them.
//
// Numbers and words stand as they are. A text that may hold spaces has its length before it, unless it is the last.
type columns[T any] struct {
	list []column[T]
	sql  string // of the packed column
}

func newColumns[T any](list ...column[T]) columns[T] {
	var selected []string
	last := len(list) - 1
	for i, c := range list {
		switch {
		case c.expr == "":
		case c.spaces && i < last:
			selected = append(selected, "OCTET_LENGTH("+c.expr+")", c.expr)
		default:
			selected = append(selected, c.expr)
		}
	}
	return columns[T]{list: list, sql: "CONCAT_WS(' ', " + strings.Join(selected, ", ") + ")"}
}

// read fills a row from the next column of r, which sql has selected. A value that does not fit is r's error.
func (c *columns[T]) read(r *rowReader, row *T) {
	r.packed, r.rest = r.text(), false
	last := len(c.list) - 1
	for i := range c.list {
		r.rest = i == last
		c.list[i].read(r, row)
	}
	if r.packed != "" {
		r.mismatch("the end of a packed column", r.packed)
	}
}

// one is a selected value that read takes from the packed column.
func one[T any](expr string, read func(r *rowReader, row *T)) column[T] {
	return column[T]{expr: expr, read: read}
}

// number is a column of integers, or of milliseconds.
func number[T any, N ~int | ~int64](expr string, field func(*T) *N) column[T] {
	return one(expr, func(r *rowReader, row *T) { *field(row) = N(r.packedInt()) })
}

// flag is a column that is 0 for false.
func flag[T any](expr string, field func(*T) *bool) column[T] {
	return one(expr, func(r *rowReader, row *T) { *field(row) = r.packedInt() != 0 })
}

// fraction is a column of fractions, most of them 0, which SQLite is slow at writing.
func fraction[T any](expr string, field func(*T) *float64) column[T] {
	return one("CASE WHEN "+expr+" = 0 THEN 0 ELSE "+expr+" END", func(r *rowReader, row *T) { *field(row) = r.packedFloat() })
}

// word is a column of keys, names and numbers: what never holds a space.
func word[T any, S ~string](expr string, field func(*T) *S) column[T] {
	return one(expr, func(r *rowReader, row *T) { *field(row) = S(r.packedWord()) })
}

// text is a column of any text.
func text[T any](expr string, field func(*T) *string) column[T] {
	return column[T]{expr: expr, spaces: true, read: func(r *rowReader, row *T) { *field(row) = r.packedText() }}
}

// texts is a column of a text that has to be decoded.
func texts[T any](expr string, decode func(row *T, text string) error) column[T] {
	return column[T]{expr: expr, spaces: true, read: func(r *rowReader, row *T) {
		if err := decode(row, r.packedText()); err != nil && r.err == nil {
			r.err = err
		}
	}}
}

// optional is a column of integers that may be NULL and are never 0.
func optional[T any, N ~int64](expr string, field func(*T) **N) column[T] {
	return one("IFNULL("+expr+", 0)", func(r *rowReader, row *T) {
		if n := N(r.packedInt()); n != 0 {
			*field(row) = new(n)
		}
	})
}

// optionalIn is optional that keeps the value in the row, which saves a piece of memory.
func optionalIn[T any, N ~int64](expr string, field func(*T) (pointer **N, place *N)) column[T] {
	return one("IFNULL("+expr+", 0)", func(r *rowReader, row *T) {
		pointer, place := field(row)
		if *place = N(r.packedInt()); *place != 0 {
			*pointer = place
		}
	})
}

// given is what is known of every row and not read.
func given[T any](set func(*T)) column[T] {
	return column[T]{read: func(_ *rowReader, row *T) { set(row) }}
}

// concat puts lists of columns together.
func concat[T any](lists ...[]column[T]) columns[T] { return newColumns(slices.Concat(lists...)...) }
