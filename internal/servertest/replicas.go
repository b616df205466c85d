package servertest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A Replication is a primary with its replicas, for one test.
type Replication struct {
	Primary  *DatabaseServer
	Replicas []*DatabaseServer

	password  string
	passwords map[string]string // of those who read a database, by its name
}

// Replicas starts a primary and n replicas of it that follow at once. They end
// with the test.
func (f Flavour) Replicas(t testing.TB, n int) *Replication {
	t.Helper()
	f.impl().need(t)
	r := &Replication{password: rand.Text(), passwords: make(map[string]string), Replicas: make([]*DatabaseServer, n)}
	var wg sync.WaitGroup
	errs := make([]error, n+1)
	wg.Go(func() { r.Primary, errs[n] = startDatabase(f, replicationFlags(f, 1)...) })
	for i := range n {
		wg.Go(func() {
			r.Replicas[i], errs[i] = startDatabase(f, append(replicationFlags(f, i+2), "--read-only=ON")...)
		})
	}
	wg.Wait()
	t.Cleanup(func() {
		for _, m := range append(r.Replicas, r.Primary) {
			if m == nil {
				continue
			}
			if text := m.died(); text != "" && t.Failed() {
				t.Logf("the server at %d ended by itself:\n%s", m.Port, text)
			}
			m.end()
		}
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	must(t, r.Primary.Exec(
		"CREATE USER 'repl'@'127.0.0.1' IDENTIFIED BY '"+r.password+"'",
		"GRANT REPLICATION SLAVE ON *.* TO 'repl'@'127.0.0.1'"))
	for _, m := range r.Replicas {
		must(t, r.follow(m))
	}
	return r
}

// MariaDBReplicas is Flavour.Replicas on MariaDB.
func MariaDBReplicas(t testing.TB, n int) *Replication {
	t.Helper()
	return FlavourMariaDB.Replicas(t, n)
}

func replicationFlags(f Flavour, id int) []string {
	return append(f.impl().replicationFlags(), "--server-id="+strconv.Itoa(id), "--log-bin=bin", "--binlog-format=ROW", "--sync-binlog=0", "--max-connections=300")
}

// follow has a server replicate the primary.
func (r *Replication) follow(m *DatabaseServer) error {
	f := m.flavour.impl()
	return m.Exec(append(f.follow(r.Primary.Port, "repl", r.password), f.startReplica())...)
}

// NewDatabase makes an empty database, on all servers. The primary's address has
// a user with every right in it, those of the replicas one who may only SELECT.
func (r *Replication) NewDatabase(t testing.TB) (primary string, replicas []string) {
	t.Helper()
	name := fmt.Sprintf("test_%d", r.Primary.databases.Add(1))
	password, reader := rand.Text(), rand.Text()
	must(t, r.Primary.Exec(
		"CREATE DATABASE "+name,
		"CREATE USER '"+name+"'@'127.0.0.1' IDENTIFIED BY '"+password+"'",
		"GRANT ALL ON "+name+".* TO '"+name+"'@'127.0.0.1'",
		"CREATE USER '"+name+"_reader'@'127.0.0.1' IDENTIFIED BY '"+reader+"'",
		"GRANT SELECT ON "+name+".* TO '"+name+"_reader'@'127.0.0.1'"))
	r.passwords[name] = reader
	r.CatchUp(t)
	primary = fmt.Sprintf("mysql://%s:%s@127.0.0.1:%d/%s", name, password, r.Primary.Port, name)
	return primary, r.readers(primary)
}

// readers are the replicas' addresses of the database that has this address on
// the primary.
func (r *Replication) readers(primary string) []string {
	name := primary[strings.LastIndexByte(primary, '/')+1:]
	var all []string
	for _, m := range r.Replicas {
		all = append(all, fmt.Sprintf("mysql://%s_reader:%s@127.0.0.1:%d/%s", name, r.passwords[name], m.Port, name))
	}
	return all
}

// Add starts one more replica, which begins with nothing and catches up.
func (r *Replication) Add(t testing.TB) *DatabaseServer {
	t.Helper()
	f := r.Primary.flavour
	m, err := startDatabase(f, append(replicationFlags(f, len(r.Replicas)+2), "--read-only=ON")...)
	must(t, err)
	t.Cleanup(m.end)
	r.Replicas = append(r.Replicas, m)
	must(t, r.follow(m))
	return m
}

// CatchUp waits until every replica that follows has applied what the primary has.
func (r *Replication) CatchUp(t testing.TB) {
	t.Helper()
	at, err := r.Primary.Value(r.Primary.flavour.impl().reached())
	must(t, err)
	for _, m := range r.Replicas {
		must(t, until(time.Minute, nil, func() error {
			there, err := m.Value(m.flavour.impl().hasReached(at))
			if err == nil && there != "1" {
				err = fmt.Errorf("the replica at %d has not reached %s", m.Port, at)
			}
			return err
		}))
	}
}

// Value is the one value that a query as root returns.
func (m *DatabaseServer) Value(query string) (string, error) {
	db, err := m.root()
	if err != nil {
		return "", err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var v string
	err = db.QueryRowContext(ctx, query).Scan(&v)
	return v, err
}

// Delay has a replica apply everything so many seconds late; 0 ends that.
func (m *DatabaseServer) Delay(t testing.TB, seconds int) {
	t.Helper()
	must(t, m.Exec(m.flavour.impl().stopReplica(), m.flavour.impl().delay(seconds), m.flavour.impl().startReplica()))
}

// DelayBy has these replicas apply everything so many seconds late, and returns
// once they do. They stand still until then, because a delay begins with nothing.
func (r *Replication) DelayBy(t testing.TB, seconds int, replicas ...*DatabaseServer) {
	t.Helper()
	for _, m := range replicas {
		m.Delay(t, seconds)
	}
	must(t, r.Primary.Exec("CREATE DATABASE IF NOT EXISTS servertest_mark")) // which they come to that much later
	r.CatchUp(t)
}

// StopApplying has a replica apply nothing until StartApplying.
func (m *DatabaseServer) StopApplying(t testing.TB) {
	t.Helper()
	must(t, m.Exec(m.flavour.impl().stopReplica()+" SQL_THREAD"))
}

// StartApplying ends StopApplying.
func (m *DatabaseServer) StartApplying(t testing.TB) {
	t.Helper()
	must(t, m.Exec(m.flavour.impl().startReplica()+" SQL_THREAD"))
}

// Promote makes a replica take writes.
func (m *DatabaseServer) Promote(t testing.TB) {
	t.Helper()
	must(t, m.Exec(append([]string{m.flavour.impl().stopReplica()}, m.flavour.impl().promote()...)...))
}

// ReadOnly has a server refuse writes, or take them again.
func (m *DatabaseServer) ReadOnly(t testing.TB, on bool) {
	t.Helper()
	must(t, m.Exec(fmt.Sprintf("SET GLOBAL read_only=%t", on)))
}

// Stop ends the server, with its folder left for Start.
func (m *DatabaseServer) Stop(t testing.TB) {
	t.Helper()
	m.signal(t, syscall.SIGTERM)
	must(t, until(time.Minute, nil, func() error {
		_, err := os.Stat(filepath.Join(m.dir, "ended"))
		return err
	}))
}

// Start starts a stopped server on its old port.
func (m *DatabaseServer) Start(t testing.TB) {
	t.Helper()
	must(t, m.launch())
}

// Hang suspends the server: it still accepts connections, and answers nothing
// until Cont.
func (m *DatabaseServer) Hang(t testing.TB) {
	t.Helper()
	stopped(t, m.signal(t, syscall.SIGSTOP))
}

// Cont lets a hung server go on.
func (m *DatabaseServer) Cont(t testing.TB) {
	t.Helper()
	m.signal(t, syscall.SIGCONT)
}

func (m *DatabaseServer) signal(t testing.TB, s syscall.Signal) (pid int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(m.dir, "pid"))
	must(t, err)
	pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
	must(t, err)
	process, err := os.FindProcess(pid)
	must(t, err)
	must(t, process.Signal(s))
	return pid
}

// LogQueries has the server note every statement from now on; Queries counts them.
func (m *DatabaseServer) LogQueries(t testing.TB) {
	t.Helper()
	// Not into the binary log: a replica that writes there has a history of its own.
	must(t, m.Exec("SET sql_log_bin=0", "SET GLOBAL log_output='TABLE'", "SET GLOBAL general_log=OFF", "TRUNCATE mysql.general_log", "SET GLOBAL general_log=ON"))
}

// Queries counts the noted statements that are LIKE the pattern, by users of NewDatabase.
func (m *DatabaseServer) Queries(t testing.TB, like string) int {
	t.Helper()
	v, err := m.Value("SELECT COUNT(*) FROM mysql.general_log WHERE user_host LIKE 'test%' AND command_type = 'Query' AND argument LIKE '" + like + "'")
	must(t, err)
	n, err := strconv.Atoi(v)
	must(t, err)
	return n
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
