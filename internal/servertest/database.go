package servertest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
)

// A DatabaseServer is a real MariaDB or MySQL on a loopback port. All tests of a
// process share one of each flavour, each with databases of its own.
type DatabaseServer struct {
	Port int

	flavour   Flavour
	dir       string
	socket    string
	flags     []string // beyond those that every server has
	databases atomic.Int64
	guards    []*guard
}

// MariaDB is the test process's MariaDB, as Flavour.Server has it.
func MariaDB(t testing.TB) *DatabaseServer {
	t.Helper()
	return FlavourMariaDB.Server(t)
}

// MariaDBWith is a MariaDB of the test's own with these flags.
func MariaDBWith(t testing.TB, flags ...string) *DatabaseServer {
	t.Helper()
	return FlavourMariaDB.Own(t, flags...)
}

// Database is the test process's server for a test to which the flavour does
// not matter: see AnyFlavour.
func Database(t testing.TB) *DatabaseServer {
	t.Helper()
	return AnyFlavour(t).Server(t)
}

// NewDatabase makes an empty database with a user who may do everything in it
// and nothing outside, and returns its address, mysql://user:password@host:port/name.
// It is dropped at the test's end.
func (m *DatabaseServer) NewDatabase(t testing.TB) string {
	t.Helper()
	address := m.LastingDatabase(t)
	name := address[strings.LastIndexByte(address, '/')+1:]
	t.Cleanup(func() {
		if len(m.guards) == 0 {
			return // it has ended, and its folder gone
		}
		if err := m.Exec("DROP DATABASE "+name, "DROP USER '"+name+"'@'127.0.0.1'"); err != nil {
			t.Error(err)
		}
	})
	return address
}

// LastingDatabase is NewDatabase for one that stays as long as the server does.
func (m *DatabaseServer) LastingDatabase(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", m.databases.Add(1))
	password := rand.Text()
	must(t, m.Exec(
		"CREATE DATABASE "+name,
		"CREATE USER '"+name+"'@'127.0.0.1' IDENTIFIED BY '"+password+"'",
		"GRANT ALL ON "+name+".* TO '"+name+"'@'127.0.0.1'"))
	return fmt.Sprintf("mysql://%s:%s@127.0.0.1:%d/%s", name, password, m.Port, name)
}

// Socket is where root finds the server: `mariadb --user=root --socket=…`.
func (m *DatabaseServer) Socket() string { return m.socket }

// Exec runs statements as root, one after the other.
func (m *DatabaseServer) Exec(statements ...string) error {
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

// SetPassword changes the password of the user of a database of NewDatabase;
// the user has the database's name. Also is the old password if it is to work
// as well, else "".
func (m *DatabaseServer) SetPassword(t testing.TB, user, password, also string) {
	t.Helper()
	must(t, m.Exec(m.flavour.impl().passwords("'"+user+"'@'127.0.0.1'", password, also)...))
}

// Status is one of the numbers of SHOW GLOBAL STATUS.
func (m *DatabaseServer) Status(t testing.TB, name string) int {
	t.Helper()
	db, err := m.root()
	must(t, err)
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var n int
	must(t, db.QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE '"+name+"'").Scan(&name, &n))
	return n
}

func (m *DatabaseServer) root() (*sql.DB, error) {
	c := mysqldriver.NewConfig()
	c.User, c.Net, c.Addr, c.Timeout = "root", "unix", m.socket, 20*time.Second
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

// A guard is a running guardScript.
type guard struct {
	stdin   io.Closer // the server ends when this is closed, by us or by our death
	process *exec.Cmd
}

// freshData copies an empty data folder to dir. Making one takes seconds, so test
// processes share what the first of them made with this version of the server.
func freshData(f Flavour, dir string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	program, err := f.impl().program()
	if err != nil {
		return err
	}
	version, err := exec.CommandContext(ctx, program[0], append(slices.Clone(program[1:]), "--no-defaults", "--version")...).Output()
	if err != nil {
		return fmt.Errorf("%s --version: %w", f, err)
	}
	shared, err := sharedDir()
	if err != nil {
		return err
	}
	unlock, err := lock(filepath.Join(shared, f.String()+".lock"))
	if err != nil {
		return err
	}
	defer unlock()
	sum := sha256.Sum256(version)
	made := filepath.Join(shared, f.String()+"-"+hex.EncodeToString(sum[:6]))
	if _, err := os.Stat(made); err != nil {
		draft := made + ".draft"
		if err := os.RemoveAll(draft); err != nil {
			return err
		}
		if err := f.impl().install(ctx, draft); err != nil {
			return err
		}
		if err := os.Rename(draft, made); err != nil {
			return err
		}
	}
	return os.CopyFS(dir, os.DirFS(made))
}

// startDatabase starts a server with an empty data folder.
func startDatabase(f Flavour, flags ...string) (_ *DatabaseServer, err error) {
	// A Unix socket's path has to be short.
	dir, err := os.MkdirTemp(memoryDir(512<<20), "tt-"+f.String()+"-")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	m := &DatabaseServer{Port: port, flavour: f, dir: dir, socket: filepath.Join(dir, "sock"), flags: flags}
	if err = freshData(f, filepath.Join(dir, "data")); err == nil {
		err = m.launch()
	}
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return m, nil
}

// launch starts the server on its folder and waits until it answers.
func (m *DatabaseServer) launch() error {
	me, err := user.Current()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(m.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	os.Remove(filepath.Join(m.dir, "ended"))
	// A server that starts empties its folder for temporary tables: in one that it shared, those of the others would
	// go too, whose queries then fail, or who crash.
	temporary := filepath.Join(m.dir, "tmp")
	if err := os.MkdirAll(temporary, 0o700); err != nil {
		return err
	}
	program, err := m.flavour.impl().program()
	if err != nil {
		return err
	}
	args := slices.Concat([]string{"-c", guardScript, "guard", m.dir}, program, []string{"--no-defaults"}, m.flavour.impl().flags(), []string{
		"--user=" + me.Username, "--datadir=" + filepath.Join(m.dir, "data"), "--port=" + strconv.Itoa(m.Port), "--socket=" + m.socket, "--tmpdir=" + temporary,
		"--pid-file=" + filepath.Join(m.dir, "pid"), "--bind-address=127.0.0.1", "--skip-name-resolve", "--performance-schema=OFF",
		"--innodb-flush-log-at-trx-commit=2", "--innodb-buffer-pool-size=64M"}, m.flags)
	server := exec.Command("sh", args...)
	server.Stdout, server.Stderr = log, log
	detach(server)
	stdin, err := server.StdinPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	m.guards = append(m.guards, &guard{stdin, server})
	err = until(time.Minute, nil, func() error {
		if _, err := os.Stat(filepath.Join(m.dir, "ended")); err == nil {
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
		conn, err := net.DialTimeout("tcp4", "127.0.0.1:"+strconv.Itoa(m.Port), time.Second)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err != nil {
		text, _ := os.ReadFile(log.Name())
		m.end()
		return errors.Join(err, errors.New(strings.TrimSpace(string(text))))
	}
	return nil
}

// died is the end of the server's log if it ended by itself, "" if it did not.
func (m *DatabaseServer) died() string {
	if _, err := os.Stat(filepath.Join(m.dir, "ended")); err != nil {
		return ""
	}
	text, err := os.ReadFile(filepath.Join(m.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return lastLines(string(text), 80)
}

// end kills the server and removes its folder.
func (m *DatabaseServer) end() {
	for _, g := range m.guards {
		g.stdin.Close()
		_ = g.process.Wait()
	}
	m.guards = nil
}
