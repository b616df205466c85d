package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"tintype/internal/sleep"
)

// originPatience is how long a replica may take to reach what the primary's clock said.
const originPatience = time.Second

// ForeignReplicas lists the addresses of replicas that follow another database than the primary. By their clock alone they
// look well: every clock goes about with the time. But each has a holder of its own. An address that does not answer, or is too
// far behind to tell, is not listed.
func (s *conn) ForeignReplicas(ctx context.Context) ([]string, error) {
	if s.cluster == nil {
		return nil, nil
	}
	var list []string
	for _, e := range s.cluster.endpoints {
		foreign, err := s.cluster.isForeign(ctx, e)
		if err != nil {
			return nil, translate(err)
		}
		if foreign {
			list = append(list, e.name)
		}
	}
	return list, nil
}

// clockRow is what a server says of the replication clock; the zero value where it has none.
type clockRow struct {
	version int64
	holder  string
}

func readClock(ctx context.Context, db rowAsker) (r clockRow, err error) {
	err = db.QueryRowContext(ctx, "SELECT version, holder FROM replication_clock WHERE id = 1").Scan(&r.version, &r.holder)
	if errors.Is(err, sql.ErrNoRows) || err != nil && missingTable(err) {
		err = nil
	}
	return r, err
}

// isForeign asks a replica who holds the clock, once it has reached what the primary said.
func (c *cluster) isForeign(ctx context.Context, e *endpoint) (bool, error) {
	waiting, cancel := context.WithTimeout(ctx, originPatience)
	defer cancel()
	for {
		before, err := readClock(waiting, c.primary)
		if err != nil {
			return false, err
		}
		there, err := e.clock(waiting)
		if err != nil {
			return false, nil // which others tell
		}
		switch {
		case there.version == 0 && before.version == 0:
			return false, nil // neither has a schema yet
		case there.version != 0 && there.version >= before.version:
			after, err := readClock(waiting, c.primary)
			if err != nil {
				return false, err
			}
			if after.holder == before.holder { // else another process has taken it just now
				return there.holder != after.holder || after.version == 0, nil
			}
		}
		if sleep.For(waiting, replicaPoll) != nil {
			return false, ctx.Err()
		}
	}
}

// clock asks whatever server the address leads to, in use or not.
func (e *endpoint) clock(ctx context.Context) (clockRow, error) {
	ctx, cancel := context.WithTimeout(ctx, pollPatience)
	defer cancel()
	conn, err := e.find.Conn(ctx)
	if err != nil {
		return clockRow{}, err
	}
	defer conn.Close()
	return readClock(ctx, conn)
}
