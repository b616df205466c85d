package servertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// mySQL is a MySQL in a folder that holds a small Debian of its own: what MySQL
// and its libraries need is newer than the machine.
type mySQL struct{}

func (mySQL) String() string { return "mysql" }

const mySQLAdvice = "debootstrap --variant=minbase --include=mysql-server-core sid FOLDER, and MYSQL_ROOT=FOLDER"

func (m mySQL) need(t testing.TB) {
	t.Helper()
	if os.Getenv("MYSQL_ROOT") == "" {
		missing(t, "mysql", mySQLAdvice)
	}
	if _, err := m.program(); err != nil {
		t.Fatal(err)
	}
}

// program is mysqld by the folder's own loader, with the folder's libraries:
// unlike chroot, that needs no rights, and files are where they are.
func (mySQL) program() ([]string, error) {
	root := os.Getenv("MYSQL_ROOT")
	if root == "" {
		return nil, errors.New("there is no MySQL: " + mySQLAdvice)
	}
	server := filepath.Join(root, "usr/sbin/mysqld")
	if _, err := os.Stat(server); err != nil {
		return nil, fmt.Errorf("MYSQL_ROOT: %w", err)
	}
	loaders, err := filepath.Glob(filepath.Join(root, "usr/lib*/ld-linux*.so.*"))
	if err != nil {
		return nil, err
	}
	libraries, err := filepath.Glob(filepath.Join(root, "usr/lib/*-linux-gnu*"))
	if err != nil {
		return nil, err
	}
	if len(loaders) == 0 || len(libraries) == 0 {
		return nil, fmt.Errorf("MYSQL_ROOT: %s has no loader or no libraries", root)
	}
	return []string{loaders[0], "--library-path", strings.Join(libraries, ":"), server}, nil
}

func (mySQL) flags() []string {
	usr := filepath.Join(os.Getenv("MYSQL_ROOT"), "usr")
	return []string{"--basedir=" + usr, "--lc-messages-dir=" + filepath.Join(usr, "share/mysql"), "--character-sets-dir=" + filepath.Join(usr, "share/mysql/charsets"),
		"--mysqlx=OFF", "--secure-file-priv=NULL", "--innodb-doublewrite=OFF", "--innodb-redo-log-capacity=32M", "--innodb-use-fdatasync=ON"}
}

func (m mySQL) install(ctx context.Context, draft string) error {
	me, err := user.Current()
	if err != nil {
		return err
	}
	program, err := m.program()
	if err != nil {
		return err
	}
	args := append(append(program[1:], "--no-defaults", "--initialize-insecure", "--user="+me.Username, "--datadir="+draft), m.flags()...)
	if out, err := exec.CommandContext(ctx, program[0], args...).CombinedOutput(); err != nil {
		return fmt.Errorf("mysqld --initialize-insecure: %w\n%s", err, out)
	}
	// The server's identity: each copy of the folder makes its own.
	if err := os.Remove(filepath.Join(draft, "auto.cnf")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (mySQL) replicationFlags() []string {
	return []string{"--gtid-mode=ON", "--enforce-gtid-consistency=ON", "--relay-log=relay"}
}

func (mySQL) follow(port int, user, password string) []string {
	return []string{fmt.Sprintf("CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT=%d, SOURCE_USER='%s', SOURCE_PASSWORD='%s', SOURCE_AUTO_POSITION=1, SOURCE_CONNECT_RETRY=1, GET_SOURCE_PUBLIC_KEY=1",
		port, user, password)}
}

func (mySQL) reached() string { return "SELECT REPLACE(@@global.gtid_executed, '\n', '')" }

func (mySQL) hasReached(at string) string {
	return "SELECT GTID_SUBSET('" + at + "', @@global.gtid_executed)"
}

func (mySQL) delay(seconds int) string {
	return "CHANGE REPLICATION SOURCE TO SOURCE_DELAY=" + strconv.Itoa(seconds)
}

func (mySQL) startReplica() string { return "START REPLICA" }
func (mySQL) stopReplica() string  { return "STOP REPLICA" }

func (mySQL) promote() []string {
	return []string{"RESET REPLICA ALL", "SET GLOBAL read_only=OFF"}
}

func (mySQL) passwords(user, password, also string) []string {
	if also != "" { // which the user has
		return []string{"ALTER USER " + user + " IDENTIFIED BY '" + password + "' RETAIN CURRENT PASSWORD"}
	}
	return []string{"ALTER USER " + user + " IDENTIFIED BY '" + password + "'", "ALTER USER " + user + " DISCARD OLD PASSWORD"}
}
