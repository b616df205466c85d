package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"

	mysqldriver "github.com/go-sql-driver/mysql"
	"modernc.org/sqlite"
)

// Tracing is called for every statement that this package sends for a request or a job.
type Tracing struct {
	// Statement is called before a statement is sent. The function that it returns is called when the answer begins,
	// with the kind of error or "". It may return nil.
	Statement func(ctx context.Context, s TracedStatement) func(kind string)
	// Origin identifies the request that writes a job, "" for none: see JobOrigin.
	Origin func(ctx context.Context) string
}

// A TracedStatement is a statement that goes to a database. Its text is as it was written; its values are not included.
type TracedStatement struct {
	Text   string
	System string // "sqlite" or "mysql"
	Node   string // "primary" or "replica"
	Server string // host:port, and the server's id where it is known; "" for a file
	Reason string // why the primary, although there are replicas: as in ReadCounts.Primary
}

// whyKey leads to the reason for which a read goes to the primary.
type whyKey struct{}

// A tracedConnector opens connections that call Tracing for their statements. Without Tracing there is none.
type tracedConnector struct {
	driver.Connector
	tracing *Tracing
	about   TracedStatement
}

func traced(c driver.Connector, t *Tracing, about TracedStatement) driver.Connector {
	if t == nil {
		return c
	}
	return &tracedConnector{c, t, about}
}

func (c *tracedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := conn.(driverConn)
	if !ok {
		conn.Close()
		return nil, fmt.Errorf("store: the driver's connection is a %T", conn)
	}
	t := &tracedConn{driverConn: inner, tracing: c.tracing, about: c.about}
	if at, ok := conn.(*tracked); ok && at.server != nil {
		t.about.Server += " " + at.server.id
	}
	if checker, ok := conn.(driver.NamedValueChecker); ok {
		return &tracedCheckingConn{t, checker}, nil
	}
	return t, nil
}

type tracedConn struct {
	driverConn
	tracing *Tracing
	about   TracedStatement
}

// tracedCheckingConn is a tracedConn whose driver converts values by itself.
type tracedCheckingConn struct {
	*tracedConn
	driver.NamedValueChecker
}

// readerOf is a connection of SQLite's pool for reads, and what tells of its statements, nil if nothing does.
func readerOf(conn any) (*readerConn, *tracedConn) {
	if t, ok := conn.(*tracedConn); ok {
		return t.driverConn.(*readerConn), t
	}
	return conn.(*readerConn), nil
}

// trackedOf is a connection of a replica's pool.
func trackedOf(conn any) *tracked {
	switch t := conn.(type) {
	case *tracedConn:
		conn = t.driverConn
	case *tracedCheckingConn:
		conn = t.driverConn
	}
	return conn.(*tracked)
}

func noEnd(string) {}

func (c *tracedConn) begin(ctx context.Context, q string) func(kind string) {
	s := c.about
	s.Text = q
	if why, ok := ctx.Value(whyKey{}).(reason); ok {
		s.Reason = string(why)
	}
	if end := c.tracing.Statement(ctx, s); end != nil {
		return end
	}
	return noEnd
}

func (c *tracedConn) QueryContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Rows, error) {
	end := c.begin(ctx, q)
	rows, err := c.driverConn.QueryContext(ctx, q, args)
	end(errorKind(err))
	return rows, err
}

func (c *tracedConn) ExecContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Result, error) {
	end := c.begin(ctx, q)
	result, err := c.driverConn.ExecContext(ctx, q, args)
	end(errorKind(err))
	return result, err
}

func (c *tracedConn) PrepareContext(ctx context.Context, q string) (driver.Stmt, error) {
	st, err := c.driverConn.PrepareContext(ctx, q)
	if err != nil {
		return nil, err
	}
	inner, ok := st.(tracedStmtInner)
	if !ok {
		st.Close()
		return nil, fmt.Errorf("store: the driver's statement is a %T", st)
	}
	return &tracedStmt{inner, c, q}, nil
}

func (c *tracedConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	end := c.begin(ctx, "BEGIN")
	tx, err := c.driverConn.BeginTx(ctx, o)
	end(errorKind(err))
	if err != nil {
		return nil, err
	}
	return &tracedTx{tx, c, ctx}, nil
}

type tracedStmtInner interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type tracedStmt struct {
	tracedStmtInner
	c *tracedConn
	q string
}

func (s *tracedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	end := s.c.begin(ctx, s.q)
	rows, err := s.tracedStmtInner.QueryContext(ctx, args)
	end(errorKind(err))
	return rows, err
}

func (s *tracedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	end := s.c.begin(ctx, s.q)
	result, err := s.tracedStmtInner.ExecContext(ctx, args)
	end(errorKind(err))
	return result, err
}

type tracedTx struct {
	driver.Tx
	c   *tracedConn
	ctx context.Context // of the transaction: driver.Tx is given none
}

func (t *tracedTx) Commit() error {
	end := t.c.begin(t.ctx, "COMMIT")
	err := t.Tx.Commit()
	end(errorKind(err))
	return err
}

func (t *tracedTx) Rollback() error {
	end := t.c.begin(t.ctx, "ROLLBACK")
	err := t.Tx.Rollback()
	end(errorKind(err))
	return err
}

// errorKind is an error in a word or a number. Its text may hold values (MySQL quotes the duplicate), and stays here.
func errorKind(err error) string {
	var my *mysqldriver.MySQLError
	var lite *sqlite.Error
	switch {
	case err == nil || errors.Is(err, driver.ErrSkip): // that statement is prepared instead
		return ""
	case errors.As(err, &my):
		return "mysql " + strconv.Itoa(int(my.Number))
	case errors.As(err, &lite):
		return "sqlite " + strconv.Itoa(lite.Code())
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, driver.ErrBadConn) || brokenWire(err):
		return "connection"
	}
	return "other"
}

// JobOrigin is the field of a job's payload that identifies the request that wrote it, where requests are traced.
const JobOrigin = "_trace"

// withOrigin adds the origin to a payload. A payload that is no JSON object stays as it is.
func (s *conn) withOrigin(ctx context.Context, payload []byte) []byte {
	if s.tracing == nil || len(payload) < 2 || payload[0] != '{' {
		return payload
	}
	from := s.tracing.Origin(ctx)
	if from == "" {
		return payload
	}
	field := `{"` + JobOrigin + `":` + strconv.Quote(from)
	if payload[1] != '}' {
		field += ","
	}
	return append([]byte(field), payload[1:]...)
}
