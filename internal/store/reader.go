package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"sync"

	"modernc.org/sqlite"

	"tintype/internal/budget"
)

// A readerConn is one of SQLite's connections for reads. It keeps what it has prepared for pages.
type readerConn struct {
	driverConn
	*calls
	statements map[string]driver.StmtQueryContext
}

// maxStatements is how many statements a readerConn keeps. Their texts differ by who asks and by how many ids they name.
const maxStatements = 200

func (c *readerConn) shut() error {
	return errors.Join(c.forget(), c.driverConn.Close())
}

func (c *readerConn) forget() error {
	var errs []error
	for _, st := range c.statements {
		errs = append(errs, st.(driver.Stmt).Close())
	}
	clear(c.statements)
	return errors.Join(errs...)
}

func (c *readerConn) statement(ctx context.Context, q string) (driver.StmtQueryContext, error) {
	if st, ok := c.statements[q]; ok {
		return st, nil
	}
	if len(c.statements) >= maxStatements {
		if err := c.forget(); err != nil {
			return nil, err
		}
	}
	prepared, err := c.driverConn.PrepareContext(ctx, q)
	if err != nil {
		return nil, err
	}
	st, ok := prepared.(driver.StmtQueryContext)
	if !ok {
		prepared.Close()
		return nil, fmt.Errorf("store: the driver's statement is a %T", prepared)
	}
	c.statements[q] = st
	return st, nil
}

// read runs a statement and puts all of its rows into r.
func (c *readerConn) read(ctx context.Context, q string, args []any, r *rowReader) (err error) {
	st, err := c.statement(ctx, q)
	if err != nil {
		return err
	}
	for i, arg := range args {
		v := driver.NamedValue{Ordinal: i + 1, Value: arg}
		if _, plain := arg.(int64); !plain {
			if v.Value, err = driver.DefaultParameterConverter.ConvertValue(arg); err != nil {
				return err
			}
		}
		r.args = append(r.args, v)
	}
	// The driver would have a goroutine wait for the context's end with each statement. A page's statements are short:
	// it is enough to look between their rows.
	rows, err := st.QueryContext(context.WithoutCancel(ctx), r.args)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	r.width = len(rows.Columns())
	row := make([]driver.Value, r.width)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch err := rows.Next(row); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		for _, v := range row {
			r.read = append(r.read, v)
		}
	}
}

// openReaders is a pool of at most n connections for reads. The disk is what they read from, the file's.
func openReaders(dsn, file string, n int, t *Tracing) (*sql.DB, *readerDisk, error) {
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, nil, err
	}
	disk := newReaderDisk(file, 2*n)
	db := sql.OpenDB(traced(readerConnector{c, disk}, t, TracedStatement{System: "sqlite", Node: "primary"}))
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db, disk, nil
}

// rowReaders are those that page hands out.
var rowReaders = sync.Pool{New: func() any { return &rowReader{pooled: true} }}

// maxReadKept is how many values a rowReader in the pool has room for: those of a page, not those of the longest list.
const maxReadKept = 1024

// page is query for a statement that reads a page: few rows, found by index. All of them are read before it returns. On
// SQLite that saves what database/sql and the driver do to end a statement of any length at any moment, which costs as
// much as the statement; this one ends at the next row.
func (s *conn) page(ctx context.Context, q string, args ...any) (*rowReader, error) {
	if s.readers == nil || s.tx != nil {
		return s.query(ctx, q, args...)
	}
	if s.disk.full() {
		return nil, translate(budget.ErrAway)
	}
	conn, err := s.readers.Conn(ctx)
	if err != nil {
		return nil, translate(err)
	}
	r := rowReaders.Get().(*rowReader)
	err = conn.Raw(func(dc any) error {
		reader, told := readerOf(dc)
		read := func() error { return reader.call(ctx, func() error { return reader.read(ctx, q, args, r) }) }
		if told == nil {
			return read()
		}
		end := told.begin(ctx, q)
		err := read()
		end(errorKind(err))
		return err
	})
	if errors.Is(err, budget.ErrAway) { // r is still read into
		conn.Close()
		return nil, translate(err)
	}
	if cerr := conn.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		r.recycle()
		return nil, translate(err)
	}
	return r, nil
}

// recycle gives a rowReader of page back. What was read out of it stays valid.
func (r *rowReader) recycle() {
	if cap(r.read) > maxReadKept {
		return
	}
	clear(r.read)
	clear(r.args)
	*r = rowReader{pooled: true, read: r.read[:0], args: r.args[:0]}
	rowReaders.Put(r)
}

// count is how many rows are there as far as it is known, for a list of them.
func (r *rowReader) count() int {
	if r.width == 0 {
		return 0
	}
	return len(r.read) / r.width
}
