package store

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
	"time"
)

// clientPatience bounds how long a server may take to say who is connected.
const clientPatience = 2 * time.Second

// Clients returns the address that a MySQL server has for this process, and those from which the database is in use, as
// far as the server tells this user. From SQLite there are none.
func (s *conn) Clients(ctx context.Context) (own string, all []string, err error) {
	if s.dialect.name() == "sqlite" {
		return "", nil, nil
	}
	return clients(ctx, s.SQL())
}

// Clients is that of Store for a place. Everybody tells whether the server shows the connections of every user, for which
// it asks for the PROCESS privilege.
func (p *Place) Clients(ctx context.Context) (own string, all []string, everybody bool, err error) {
	if p.onSQLite() {
		return "", nil, true, nil
	}
	if own, all, err = clients(ctx, p.r); err != nil {
		return "", nil, false, err
	}
	var n int
	err = p.r.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.user_privileges WHERE privilege_type = 'PROCESS'"+
		" AND grantee = CONCAT('''', SUBSTRING_INDEX(CURRENT_USER(), '@', 1), '''@''', SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''')").Scan(&n)
	return own, all, n > 0, translate(err)
}

func clients(ctx context.Context, db *sql.DB) (own string, all []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, clientPatience)
	defer cancel()
	if err := db.QueryRowContext(ctx, "SELECT SUBSTRING_INDEX(USER(), '@', -1)").Scan(&own); err != nil {
		return "", nil, translate(err)
	}
	err = collect(ctx, db, func(rows *sql.Rows) error {
		var host string
		err := rows.Scan(&host)
		if host = withoutPort(host); !slices.Contains(all, host) {
			all = append(all, host)
		}
		return err
	}, "SELECT host FROM information_schema.processlist WHERE db = DATABASE() AND command NOT LIKE 'Binlog Dump%' ORDER BY host")
	return own, all, translate(err)
}

// withoutPort is the address of a client without the port of its connection. A socket's has none.
func withoutPort(host string) string {
	if i := strings.LastIndexByte(host, ':'); i > 0 {
		if _, err := strconv.ParseUint(host[i+1:], 10, 16); err == nil {
			host = host[:i]
		}
	}
	return strings.Trim(host, "[]")
}
