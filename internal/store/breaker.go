package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"

	"tintype/internal/budget"
	"tintype/internal/sleep"
)

// What a MySQL server answers is seen on the wire, below the driver: a read that blocks is somebody who waits, for a
// greeting, a row or the end of a COMMIT alike. So a server that hangs is found out by whoever waits for it, and all who
// wait are cut off by closing their wires.

// A wire is a connection to a server.
type wire struct {
	net.Conn
	b    *budget.Breaker // nil: nobody judges the server by this connection
	wait *budget.Wait    // of b
	// heardAt is where answers are noted besides, in UnixNano; nil until it is known which server answers.
	heardAt atomic.Pointer[atomic.Int64]
}

func (w *wire) Read(p []byte) (int, error) {
	if w.b != nil {
		w.wait.Begin()
	}
	n, err := w.Conn.Read(p)
	if w.b != nil {
		w.wait.End(n > 0)
		if n == 0 && err != nil && !errors.Is(err, net.ErrClosed) {
			w.b.Failed() // broken off, or silent for as long as the driver waits
		}
	}
	if at := w.heardAt.Load(); at != nil && n > 0 {
		at.Store(time.Now().UnixNano())
	}
	return n, err
}

func (w *wire) Close() error {
	if w.b != nil {
		w.wait.Close()
	}
	return w.Conn.Close()
}

// SyscallConn is how the driver looks whether a connection of the pool has ended.
func (w *wire) SyscallConn() (syscall.RawConn, error) {
	c, ok := w.Conn.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return c.SyscallConn()
}

// guardWires has the connections of a configuration be judged by the breaker, and none be opened while the server is
// away. Quiet ones raise no suspicion: nobody waits for them.
func guardWires(b *budget.Breaker, quiet bool) func(*mysqldriver.Config) {
	return func(c *mysqldriver.Config) {
		var d net.Dialer
		c.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if b.Away() {
				return nil, budget.ErrAway
			}
			dialing, cancel := context.WithCancel(ctx)
			defer cancel()
			var open atomic.Pointer[net.Conn]
			w := &wire{b: b}
			w.wait = b.NewWait(func() {
				cancel()
				if c := open.Load(); c != nil {
					(*c).Close()
				}
			}, quiet)
			w.wait.Begin()
			var err error
			w.Conn, err = d.DialContext(dialing, network, addr)
			w.wait.End(false)
			if err != nil {
				w.wait.Close()
				if b.Away() {
					return nil, budget.ErrAway
				}
				if ctx.Err() == nil {
					b.Failed()
				}
				return nil, err
			}
			open.Store(&w.Conn)
			if at, ok := ctx.Value(wireKey{}).(**wire); ok {
				*at = w
			}
			if b.Away() { // since a moment ago, and so not cut
				w.Close()
				return nil, budget.ErrAway
			}
			return w, nil
		}
	}
}

// primaryIdle is after how long the server ends a connection that says nothing, and with it what that has locked: a process that
// stands still in the middle of a transaction, like a machine that is paused, must not keep the others from writing. It is
// longer than a transaction may take, and than connections rest in the pool.
var primaryIdle = 20 * time.Second

func endIdle(c *mysqldriver.Config) {
	c.Params["wait_timeout"] = strconv.Itoa(int(primaryIdle.Seconds()))
}

// openGuarded is a pool of connections to the primary, which the breaker judges.
func openGuarded(ctx context.Context, o Options, b *budget.Breaker, conns int, limit func(*mysqldriver.Config)) (*sql.DB, error) {
	address := ""
	c, err := mysqlConnector(ctx, o.URL, func(c *mysqldriver.Config) {
		limit(c)
		endIdle(c)
		guardWires(b, false)(c)
		address = c.Addr
	})
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(traced(&primaryConnector{c}, o.Tracing, TracedStatement{System: "mysql", Node: "primary", Server: address}))
	limitPool(pool, conns)
	pool.SetConnMaxIdleTime(primaryIdle / 2)
	return pool, nil
}

// A primaryConnector opens connections whose COMMIT ends with the time of its transaction. By itself it obeys no context,
// and waits where the server answers everything else: under another program's global lock, or for a replica's word.
type primaryConnector struct{ driver.Connector }

func (c *primaryConnector) Connect(ctx context.Context) (driver.Conn, error) {
	var w *wire
	dc, err := c.Connector.Connect(context.WithValue(ctx, wireKey{}, &w))
	if err != nil {
		return nil, err
	}
	mc, ok := dc.(mysqlConn)
	if !ok || w == nil {
		dc.Close()
		return nil, fmt.Errorf("store: the driver's connection is a %T", dc)
	}
	return &primaryConn{mc, w}, nil
}

type primaryConn struct {
	mysqlConn
	wire *wire
}

func (c *primaryConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	tx, err := c.mysqlConn.BeginTx(ctx, o)
	if err != nil {
		return nil, err
	}
	return &primaryTx{tx, ctx, c.wire}, nil
}

type primaryTx struct {
	driver.Tx
	ctx  context.Context // of the transaction: driver.Tx is given none
	wire *wire
}

func (t *primaryTx) Commit() error {
	stop := context.AfterFunc(t.ctx, func() { t.wire.Conn.Close() })
	defer stop()
	return t.Tx.Commit()
}

// probeDial is how long a probe may take to connect. Where packets are dropped, the next one finds the way sooner than the
// system's own repetition.
const probeDial = time.Second

// openBreaker judges the primary, which it asks over connections of its own. Greet, if it is not nil, is called on each of
// them that is answered.
func openBreaker(ctx context.Context, o Options, greet func(context.Context, driver.ExecerContext) error, onAway func(error), onBack func()) (*budget.Breaker, error) {
	c, err := mysqlConnector(ctx, o.URL, func(c *mysqldriver.Config) { c.Timeout = probeDial })
	if err != nil {
		return nil, err
	}
	return budget.NewBreaker(budget.BreakerOptions{
		Probe: func(ctx context.Context) error {
			conn, err := c.Connect(ctx)
			if err == nil {
				err = conn.(driver.Pinger).Ping(ctx)
				if err == nil && greet != nil {
					err = greet(ctx, conn.(driver.ExecerContext))
				}
				conn.Close()
			}
			var refused *mysqldriver.MySQLError
			if errors.As(err, &refused) {
				return nil // that is an answer
			}
			return err
		},
		// MySQL shuts a host out after a hundred connections that were given up one after the other (max_connect_errors).
		// Those of a server that is stopped wait for it, and are greeted once it goes on.
		Patience: time.Minute,
		OnAway:   onAway, OnBack: onBack,
	}), nil
}

// bounded has every statement of a pool take its time from the budget of its request: the wait for a connection, for a
// lock and for the answer.
type bounded struct{ *sql.DB }

// QueryContext begins a statement under the budget. Its rows are read under it, too.
func (b bounded) QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	return queryBounded(ctx, func(ctx context.Context) (*sql.Rows, error) { return b.DB.QueryContext(ctx, q, args...) })
}

// ExecContext runs a statement under the budget. It runs again where the server ended a deadlock by it: nothing of it was done.
// A transaction has its own tries.
func (b bounded) ExecContext(ctx context.Context, q string, args ...any) (sql.Result, error) {
	ctx, done, cancel := budget.Take(ctx)
	defer cancel()
	defer done()
	for try := 1; ; try++ {
		res, err := b.DB.ExecContext(ctx, q, args...)
		if !deadlocked(err) || try >= txTries || sleep.For(ctx, pauseAfter(try)) != nil {
			return res, err
		}
	}
}

// GetDBConn has gorm find the pool itself.
func (b bounded) GetDBConn() (*sql.DB, error) { return b.DB, nil }

// queryBounded runs a query under the budget of its request.
func queryBounded(ctx context.Context, query func(context.Context) (*sql.Rows, error)) (*sql.Rows, error) {
	ctx, done, cancel := budget.Take(ctx)
	rows, err := query(ctx)
	done()
	if err != nil {
		cancel()
		return nil, err
	}
	_ = context.AfterFunc(ctx, cancel) // the rows are read until the request ends, or its budget
	return rows, nil
}
