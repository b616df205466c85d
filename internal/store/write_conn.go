package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"sync/atomic"
	"time"

	"tintype/internal/budget"
)

// A disk that hangs keeps SQLite in a system call, which no context ends. So whoever writes leaves such a call behind with
// its connection. Until that comes back there is no other: who comes meanwhile is refused at once, and one call at most
// hangs. Readers are many, and a breaker tells them of the disk: see readerDisk.

// hangGrace is how long a call may go on after its context has ended. SQLite itself ends much sooner.
const hangGrace = 250 * time.Millisecond

// A writeConnector opens connections that can be left behind.
type writeConnector struct {
	driver.Connector
	hung atomic.Int64 // calls that were left behind and have not come back
}

func (c *writeConnector) Connect(ctx context.Context) (driver.Conn, error) {
	if c.hung.Load() > 0 {
		return nil, budget.ErrAway
	}
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	sc, ok := conn.(driverConn)
	if !ok {
		conn.Close()
		return nil, fmt.Errorf("store: the driver's connection is a %T", conn)
	}
	return &writeConn{driverConn: sc, c: c}, nil
}

// A writeConn is SQLite's connection for writes. database/sql makes one call of it at a time.
type writeConn struct {
	driverConn
	c    *writeConnector
	left atomic.Bool // it was left behind
}

// do makes a call. Where that does not come back after ctx has ended, it is budget.ErrAway, and the connection is closed
// once it does.
func (w *writeConn) do(ctx context.Context, call func() error) error {
	if w.left.Load() {
		return driver.ErrBadConn
	}
	if ctx.Done() == nil {
		return call()
	}
	came := make(chan error, 1)
	go func() { came <- call() }()
	select {
	case err := <-came:
		return err
	case <-ctx.Done():
	}
	grace := time.NewTimer(hangGrace)
	defer grace.Stop()
	select {
	case err := <-came:
		return err
	case <-grace.C:
	}
	w.left.Store(true)
	w.c.hung.Add(1)
	go func() {
		<-came
		_ = w.driverConn.Close() // nobody is left to hear of it
		w.c.hung.Add(-1)
	}()
	return budget.ErrAway
}

func (w *writeConn) ExecContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Result, error) {
	return called(w, ctx, func() (driver.Result, error) { return w.driverConn.ExecContext(ctx, q, args) })
}

func (w *writeConn) QueryContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Rows, error) {
	return called(w, ctx, func() (driver.Rows, error) { return w.driverConn.QueryContext(ctx, q, args) })
}

func (w *writeConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	tx, err := called(w, ctx, func() (driver.Tx, error) { return w.driverConn.BeginTx(ctx, o) })
	if err != nil {
		return nil, err
	}
	return &writeTx{tx, ctx, w}, nil
}

// called is do for a call with a result.
func called[T any](w *writeConn, ctx context.Context, call func() (T, error)) (T, error) {
	var got, none T
	err := w.do(ctx, func() (err error) {
		got, err = call()
		return err
	})
	if err != nil {
		return none, err
	}
	return got, nil
}

func (w *writeConn) ResetSession(ctx context.Context) error {
	if w.left.Load() {
		return driver.ErrBadConn
	}
	return w.driverConn.ResetSession(ctx)
}

func (w *writeConn) IsValid() bool { return !w.left.Load() && w.driverConn.IsValid() }

func (w *writeConn) Close() error {
	if w.left.Load() {
		return nil
	}
	return w.driverConn.Close()
}

type writeTx struct {
	driver.Tx
	ctx context.Context // of the transaction: driver.Tx is given none
	w   *writeConn
}

func (t *writeTx) Commit() error   { return t.w.do(t.ctx, t.Tx.Commit) }
func (t *writeTx) Rollback() error { return t.w.do(t.ctx, t.Tx.Rollback) }
