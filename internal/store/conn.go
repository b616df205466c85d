package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
)

// driverConn is the set of interfaces that database/sql uses on the connections of both drivers.
type driverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.Pinger
	driver.ExecerContext
	driver.QueryerContext
	driver.ConnPrepareContext
	driver.SessionResetter
	driver.Validator
}

// mysqlConn is the same for go-sql-driver's connections, which have one more.
type mysqlConn interface {
	driverConn
	driver.NamedValueChecker
}

// errServerOut refuses a connection to a server that may not be read now.
var errServerOut = errors.New("store: the address leads to a replica that is not in use")

// A tracked connection knows its server (one address may lead to several) and can be cut off while it waits for an
// answer.
type tracked struct {
	mysqlConn
	wire   *wire
	server *server
	guard  bool // for reads: only as long as the server is in use
}

// ResetSession is asked before a connection of the pool is used again.
func (t *tracked) ResetSession(ctx context.Context) error {
	if t.guard && !t.server.usable() {
		return driver.ErrBadConn // the pool drops it and takes another one
	}
	return t.mysqlConn.ResetSession(ctx)
}

// IsValid is asked when a connection comes back to the pool.
func (t *tracked) IsValid() bool {
	return (!t.guard || t.server.usable()) && t.mysqlConn.IsValid()
}

func (t *tracked) Close() error {
	t.server.conns.remove(t)
	return t.mysqlConn.Close()
}

// A connSet is the open connections to one server.
type connSet struct {
	mu   sync.Mutex
	open map[*tracked]struct{}
}

func (s *connSet) add(t *tracked) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = make(map[*tracked]struct{})
	}
	s.open[t] = struct{}{}
}

func (s *connSet) remove(t *tracked) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, t)
}

// cut closes the connections that wait for the server's answer, so that they fail at once instead of at their deadline.
func (s *connSet) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for t := range s.open {
		t.wire.Close()
	}
}

// A trackingConnector opens tracked connections of one address.
type trackingConnector struct {
	driver.Connector
	endpoint *endpoint
	guard    bool
}

type wireKey struct{}

// trackWire makes a configuration's connections known to the trackingConnector.
func trackWire(c *mysqldriver.Config) {
	var d net.Dialer
	c.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		w := &wire{Conn: conn}
		if at, ok := ctx.Value(wireKey{}).(**wire); ok {
			*at = w
		}
		return w, nil
	}
}

// greetingPatience is how long a replica may take to greet and to say which server it is. One that hangs still takes
// connections.
const greetingPatience = 500 * time.Millisecond

var errSilent = errors.New("store: a replica takes connections and does not answer on them")

// guardTries is how many connections of an address are opened to find a server that is in use.
const guardTries = 3

func (c *trackingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	for try := 1; ; try++ {
		t, err := c.connect(ctx)
		if err != nil {
			return nil, err
		}
		if !t.guard || t.server.usable() {
			return t, nil
		}
		t.Close()
		if try == guardTries {
			return nil, errServerOut
		}
	}
}

func (c *trackingConnector) connect(whole context.Context) (_ *tracked, err error) {
	// A call that waits here cannot be cut off yet: which server it leads to is not known.
	ctx, cancel := context.WithTimeout(whole, greetingPatience)
	defer cancel()
	defer func() {
		if err != nil && ctx.Err() != nil && whole.Err() == nil {
			err = errSilent
		}
	}()
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
	id, err := serverID(ctx, mc)
	if err != nil {
		dc.Close()
		return nil, err
	}
	t := &tracked{mysqlConn: mc, wire: w, server: c.endpoint.serverOf(id), guard: c.guard}
	w.heardAt.Store(&t.server.wireHeardAt)
	t.server.conns.add(t)
	return t, nil
}

// serverID asks a new connection which server it leads to. Any MySQL has this statement and allows it to any user.
// Aurora's readers share a server_id and have names of their own.
func serverID(ctx context.Context, c mysqlConn) (string, error) {
	rows, err := c.QueryContext(ctx, "SHOW VARIABLES WHERE Variable_name IN ('aurora_server_id', 'server_id')", nil)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	id := ""
	row := make([]driver.Value, 2)
	for {
		err := rows.Next(row)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		name, value := asText(row[0]), asText(row[1])
		if id == "" || name == "aurora_server_id" {
			id = value
		}
	}
	if id == "" {
		// One that is being stopped may answer with no row.
		return "", fmt.Errorf("store: a replica does not say which server it is: %w", driver.ErrBadConn)
	}
	return id, nil
}

func asText(v driver.Value) string {
	switch v := v.(type) {
	case []byte:
		return string(v)
	case string:
		return v
	default:
		return fmt.Sprint(v)
	}
}

// openTracked is a pool over a trackingConnector.
func openTracked(c *trackingConnector, conns int, t *Tracing, about TracedStatement) *sql.DB {
	db := sql.OpenDB(traced(c, t, about))
	limitPool(db, conns)
	return db
}
