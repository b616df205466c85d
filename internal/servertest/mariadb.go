package servertest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
)

// A MariaDBServer is a real server on a loopback port. All tests of a process
// share one, each with databases of its own.
type MariaDBServer struct {
	Port int

	dir       string
	socket    string
	databases atomic.Int64
	guard     io.Closer // the server ends when this is closed, by us or by our death
}

var shared struct {
	sync.Once
	server *MariaDBServer
	err    error
}

// MariaDB is the test process's server, started at the first call. It ends with
// the process, however that ends, and takes its files along.
func MariaDB(t testing.TB) *MariaDBServer {
	t.Helper()
	for _, tool := range []string{"mariadbd", "mariadb-install-db"} {
		Tool(t, tool, "Debian package mariadb-server")
	}
	shared.Do(func() { shared.server, shared.err = startMariaDB() })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server
}

// NewDatabase makes an empty database with a user who may do everything in it
// and nothing outside, and returns its address, mysql://user:password@host:port/name.
// It is dropped at the test's end.
func (m *MariaDBServer) NewDatabase(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", m.databases.Add(1))
	password := rand.Text()
	db, err := m.root()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, statement := range []string{
		"CREATE DATABASE " + name,
		"CREATE USER '" + name + "'@'127.0.0.1' IDENTIFIED BY '" + password + "'",
		"GRANT ALL ON " + name + ".* TO '" + name + "'@'127.0.0.1'",
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := m.Exec("DROP DATABASE "+name, "DROP USER '"+name+"'@'127.0.0.1'"); err != nil {
			t.Error(err)
		}
	})
	return fmt.Sprintf("mysql://%s:%s@127.0.0.1:%d/%s", name, password, m.Port, name)
}

// Exec runs statements as root, one after the other.
func (m *MariaDBServer) Exec(statements ...string) error {
	db, err := m.root()
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, statement := range statements {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func (m *MariaDBServer) root() (*sql.DB, error) {
	c := mysqldriver.NewConfig()
	c.User, c.Net, c.Addr, c.Timeout = "root", "unix", m.socket, 5*time.Second
	c.Logger = &mysqldriver.NopLogger{} // the server's start is polled
	connector, err := mysqldriver.NewConnector(c)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	return db, nil
}

// guardScript runs a server ($2 and on) until its own standard input closes,
// which the death of the test process does as well, and then removes the
// server's folder ($1). A server that ends by itself leaves the file "ended".
const guardScript = `dir=$1; shift
"$@" </dev/null & server=$!
exec 3<&0
( read -r _ <&3; kill -KILL $server 2>/dev/null ) & reader=$!
wait $server
: >"$dir/ended"
wait $reader
rm -rf "$dir"`

// careless are for data that nobody will miss: nothing waits for the disk.
var careless = []string{"--debug-no-sync", "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-log-file-size=16M"}

func startMariaDB() (_ *MariaDBServer, err error) {
	// A Unix socket's path has to be short.
	dir, err := os.MkdirTemp(memoryDir(512<<20), "tt-maria-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	me, err := user.Current()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	install := exec.CommandContext(ctx, "mariadb-install-db", append([]string{"--no-defaults", "--user=" + me.Username, "--datadir=" + data,
		"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"}, careless...)...)
	if out, err := install.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("mariadb-install-db: %w\n%s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	m := &MariaDBServer{Port: port, dir: dir, socket: filepath.Join(dir, "sock")}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	server := exec.Command("sh", append([]string{"-c", guardScript, "guard", dir,
		"mariadbd", "--no-defaults", "--user=" + me.Username, "--datadir=" + data, "--port=" + strconv.Itoa(port), "--socket=" + m.socket,
		"--pid-file=" + filepath.Join(dir, "pid"), "--bind-address=127.0.0.1", "--skip-name-resolve", "--performance-schema=OFF",
		"--innodb-buffer-pool-size=64M", "--max-connections=300"}, careless...)...)
	server.Stdout, server.Stderr = log, log
	detach(server)
	stdin, err := server.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := server.Start(); err != nil {
		return nil, err
	}
	m.guard = stdin
	err = until(time.Minute, nil, func() error {
		if _, err := os.Stat(filepath.Join(dir, "ended")); err == nil {
			return errEnded
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		db, err := m.root()
		if err != nil {
			return err
		}
		defer db.Close()
		if err := db.PingContext(ctx); err != nil {
			return err
		}
		conn, err := net.DialTimeout("tcp4", "127.0.0.1:"+strconv.Itoa(port), time.Second)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err != nil {
		text, _ := os.ReadFile(log.Name())
		stdin.Close()
		_ = server.Wait()
		return nil, errors.Join(err, errors.New(strings.TrimSpace(string(text))))
	}
	return m, nil
}
