package store

import (
	"context"
	"database/sql/driver"
	"io"
	"testing"

	mysqldriver "github.com/go-sql-driver/mysql"
)

// answeringConn answers every query with no row and then this error.
type answeringConn struct {
	mysqlConn
	end error
}

func (c answeringConn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return c, nil
}

func (c answeringConn) Columns() []string         { return []string{"Variable_name", "Value"} }
func (c answeringConn) Close() error              { return nil }
func (c answeringConn) Next([]driver.Value) error { return c.end }

// A replica that is being stopped breaks its answer off, or gives an empty one: then another server is asked.
func TestServerIDOfAReplicaThatStops(t *testing.T) {
	for _, end := range []error{io.EOF, &mysqldriver.MySQLError{Number: 1053, Message: "Server shutdown in progress"}} {
		id, err := serverID(t.Context(), answeringConn{end: end})
		if id != "" || err == nil || !elsewhere(err) {
			t.Errorf("after %v: %q, %v", end, id, err)
		}
	}
}
