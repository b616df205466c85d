package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"os"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"tintype/internal/budget"
)

// A disk that hangs keeps a read in a system call, too, where the page is not in memory. So each of SQLite's connections for
// reads has a goroutine that makes its calls. One whose call hangs is left behind with its connection, and whoever waited
// goes on without. A breaker finds out whether the disk answers by reading from it when a call takes long: others may be
// answered from memory meanwhile.

const (
	// awayRead is how long a call may take while the disk is away: what is in memory is read much sooner.
	awayRead = 50 * time.Millisecond
	// mostRead bounds a call without a budget: a job may read through a whole table.
	mostRead = time.Hour
)

// A readerDisk is the disk under the readers of a database.
type readerDisk struct {
	breaker *budget.Breaker
	probe   func() error // reads from the disk itself
	probing chan struct{}
	// most is how many calls may be left behind while the disk is away. Past that nobody tries.
	most int64
	hung atomic.Int64           // calls that were left behind and have not come back
	gate atomic.Pointer[func()] // of tests: called before each call
}

func newReaderDisk(file string, most int) *readerDisk {
	d := &readerDisk{most: int64(most), probe: (&probedFile{name: file}).read, probing: make(chan struct{}, 1)}
	d.breaker = budget.NewBreaker(budget.BreakerOptions{Probe: d.ask, Cached: true})
	return d
}

// ask probes the disk. One probe at a time waits for it.
func (d *readerDisk) ask(ctx context.Context) error {
	select {
	case d.probing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	came := make(chan struct{})
	go func() {
		_ = d.probe() // whatever it says, the disk answers
		<-d.probing
		close(came)
	}()
	select {
	case <-came:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// full reports that so much hangs that nobody need try.
func (d *readerDisk) full() bool { return d.hung.Load() >= d.most && d.breaker.Away() }

// A probedFile is a database's file that is read past SQLite. It is never closed: as POSIX has it, that would give up all
// locks that SQLite has on the file in this process. Another program that looks at the database then takes itself for the
// last one and deletes the WAL, and with it what is written from then on.
type probedFile struct {
	name  string
	files [2]*os.File // as openDirect and os.Open open it; nil until it is needed
}

// read reads the beginning of the file from its disk, past the system's memory where that is possible.
func (p *probedFile) read() (err error) {
	for i, open := range []func(string) (*os.File, error){openDirect, os.Open} {
		if p.files[i] == nil {
			if p.files[i], err = open(p.name); err != nil {
				continue
			}
			keepOpen(p.files[i])
		}
		if err = readPage(p.files[i]); err == nil {
			return nil
		}
	}
	return err
}

// opened are the files that stay open until the end of the process. Its locks are the process's, and a file that nobody
// refers to any more is closed.
var opened struct {
	sync.Mutex
	files []*os.File
}

func keepOpen(f *os.File) {
	opened.Lock()
	defer opened.Unlock()
	opened.files = append(opened.files, f)
}

// calls makes one call after the other, each of which may be left behind.
type calls struct {
	disk  *readerDisk
	todo  chan func() error
	came  chan error
	cut   chan struct{}
	wait  *budget.Wait
	limit *time.Timer
	left  bool // used by the connection alone, of which database/sql makes one call at a time
}

func (d *readerDisk) newCalls() *calls {
	c := &calls{disk: d, todo: make(chan func() error, 1), came: make(chan error, 1), cut: make(chan struct{}, 1), limit: time.NewTimer(time.Hour)}
	c.limit.Stop()
	c.wait = d.breaker.NewWait(func() {
		select {
		case c.cut <- struct{}{}:
		default:
		}
	}, false)
	go func() {
		for call := range c.todo {
			if gate := d.gate.Load(); gate != nil {
				(*gate)()
			}
			c.came <- call()
		}
	}()
	return c
}

// do makes a call. It is budget.ErrAway where the disk does not answer; then late is run once the call has come back, and
// no other call is possible.
func (c *calls) do(ctx context.Context, call func() error, late func()) error {
	if c.left {
		return driver.ErrBadConn
	}
	if c.disk.full() {
		return budget.ErrAway
	}
	select {
	case <-c.cut: // while nothing waited
	default:
	}
	most := budget.Left(ctx, mostRead) + hangGrace
	if c.disk.breaker.Away() {
		most = awayRead
	}
	c.limit.Reset(most)
	c.wait.Begin()
	c.todo <- call
	select {
	case err := <-c.came:
		c.wait.End(true)
		c.limit.Stop()
		return err
	case <-c.cut:
	case <-c.limit.C:
	}
	c.left = true
	c.disk.hung.Add(1)
	c.close()
	go func() {
		<-c.came
		late()
		c.disk.hung.Add(-1)
	}()
	return budget.ErrAway
}

func (c *calls) close() {
	c.wait.Close()
	c.limit.Stop()
	close(c.todo)
}

// readerConnector opens readerConns.
type readerConnector struct {
	driver.Connector
	disk *readerDisk
}

func (c readerConnector) Connect(ctx context.Context) (driver.Conn, error) {
	if c.disk.full() {
		return nil, budget.ErrAway
	}
	r := &readerConn{calls: c.disk.newCalls(), statements: map[string]driver.StmtQueryContext{}}
	var conn driver.Conn
	err := r.do(ctx, func() (err error) {
		conn, err = c.Connector.Connect(ctx)
		return err
	}, func() {
		if conn != nil {
			conn.Close()
		}
	})
	if err != nil {
		if !r.left {
			r.calls.close()
		}
		return nil, err
	}
	sc, ok := conn.(driverConn)
	if !ok {
		r.calls.close()
		conn.Close()
		return nil, fmt.Errorf("store: the driver's connection is a %T", conn)
	}
	r.driverConn = sc
	return r, nil
}

// call is do for a call on the connection, which is closed where that comes back too late.
func (c *readerConn) call(ctx context.Context, call func() error) error {
	return c.do(ctx, call, func() { _ = c.shut() }) // nobody is left to hear of it
}

// answered is call for a call with a result.
func answered[T any](c *readerConn, ctx context.Context, call func() (T, error)) (T, error) {
	var got, none T
	err := c.call(ctx, func() (err error) {
		got, err = call()
		return err
	})
	if err != nil {
		return none, err
	}
	return got, nil
}

func (c *readerConn) Close() error {
	if c.left {
		return nil
	}
	c.calls.close()
	return c.shut()
}

func (c *readerConn) ResetSession(ctx context.Context) error {
	if c.left {
		return driver.ErrBadConn
	}
	return c.driverConn.ResetSession(ctx)
}

func (c *readerConn) IsValid() bool { return !c.left && c.driverConn.IsValid() }

func (c *readerConn) QueryContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Rows, error) {
	return c.rows(ctx, func() (driver.Rows, error) { return c.driverConn.QueryContext(ctx, q, args) })
}

func (c *readerConn) ExecContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Result, error) {
	return answered(c, ctx, func() (driver.Result, error) { return c.driverConn.ExecContext(ctx, q, args) })
}

func (c *readerConn) PrepareContext(ctx context.Context, q string) (driver.Stmt, error) {
	st, err := answered(c, ctx, func() (driver.Stmt, error) { return c.driverConn.PrepareContext(ctx, q) })
	if err != nil {
		return nil, err
	}
	inner, ok := st.(tracedStmtInner)
	if !ok {
		st.Close()
		return nil, fmt.Errorf("store: the driver's statement is a %T", st)
	}
	return &readerStmt{inner, c}, nil
}

// rows runs a query and reads its first rows in the same call: each call takes two switches between goroutines, which cost
// more than a row.
func (c *readerConn) rows(ctx context.Context, query func() (driver.Rows, error)) (driver.Rows, error) {
	return answered(c, ctx, func() (driver.Rows, error) {
		rows, err := query()
		if err != nil {
			return nil, err
		}
		typed, ok := rows.(typedRows)
		if !ok {
			rows.Close()
			return nil, fmt.Errorf("store: the driver's rows are a %T", rows)
		}
		return &readerRows{typedRows: typed, c: c, ctx: ctx, ahead: readAhead(typed, firstRows)}, nil
	})
}

type readerStmt struct {
	tracedStmtInner
	c *readerConn
}

func (s *readerStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.c.rows(ctx, func() (driver.Rows, error) { return s.tracedStmtInner.QueryContext(ctx, args) })
}

func (s *readerStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return answered(s.c, ctx, func() (driver.Result, error) { return s.tracedStmtInner.ExecContext(ctx, args) })
}

func (s *readerStmt) Close() error {
	if s.c.left {
		return nil
	}
	return s.tracedStmtInner.Close()
}

// typedRows are the rows of SQLite's driver.
type typedRows interface {
	driver.Rows
	ColumnTypeDatabaseTypeName(index int) string
	ColumnTypeLength(index int) (length int64, ok bool)
	ColumnTypeNullable(index int) (nullable, ok bool)
	ColumnTypePrecisionScale(index int) (precision, scale int64, ok bool)
	ColumnTypeScanType(index int) reflect.Type
}

const (
	// firstRows is how many rows are read with the query. Most have fewer.
	firstRows = 16
	// nextRows is how many are read at a time after those.
	nextRows = 64
)

type readerRows struct {
	typedRows
	c     *readerConn
	ctx   context.Context // of the query: driver.Rows is given none
	ahead rowsAhead
}

// rowsAhead are rows that were read and not yet asked for. A call that is left behind has its own.
type rowsAhead struct {
	rows [][]driver.Value
	err  error // what came after them; nil where there may be more
}

func readAhead(from driver.Rows, most int) rowsAhead {
	var a rowsAhead
	width := len(from.Columns())
	for range most {
		row := make([]driver.Value, width)
		if a.err = from.Next(row); a.err != nil {
			break
		}
		a.rows = append(a.rows, row)
	}
	return a
}

func (r *readerRows) Next(row []driver.Value) error {
	if len(r.ahead.rows) == 0 && r.ahead.err == nil {
		more, err := answered(r.c, r.ctx, func() (rowsAhead, error) { return readAhead(r.typedRows, nextRows), nil })
		if err != nil {
			return err
		}
		r.ahead = more
	}
	if len(r.ahead.rows) == 0 {
		return r.ahead.err
	}
	copy(row, r.ahead.rows[0])
	r.ahead.rows = r.ahead.rows[1:]
	return nil
}

func (r *readerRows) Close() error {
	if r.c.left {
		return nil
	}
	return r.typedRows.Close()
}
