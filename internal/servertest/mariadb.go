package servertest

import (
	"context"
	"fmt"
	"os/exec"
	"os/user"
	"strconv"
	"testing"
)

type mariaDB struct{}

func (mariaDB) String() string { return "mariadb" }

func (mariaDB) need(t testing.TB) {
	t.Helper()
	for _, tool := range []string{"mariadbd", "mariadb-install-db"} {
		Tool(t, tool, "Debian package mariadb-server")
	}
}

func (mariaDB) program() ([]string, error) { return []string{"mariadbd"}, nil }

func (mariaDB) flags() []string {
	return []string{"--debug-no-sync", "--innodb-doublewrite=0", "--innodb-log-file-size=8M"}
}

func (m mariaDB) install(ctx context.Context, draft string) error {
	me, err := user.Current()
	if err != nil {
		return err
	}
	install := exec.CommandContext(ctx, "mariadb-install-db", append([]string{"--no-defaults", "--user=" + me.Username, "--datadir=" + draft,
		"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"}, m.flags()...)...)
	if out, err := install.CombinedOutput(); err != nil {
		return fmt.Errorf("mariadb-install-db: %w\n%s", err, out)
	}
	return nil
}

func (mariaDB) replicationFlags() []string {
	return []string{"--log-slave-updates=ON", "--gtid-strict-mode=ON"}
}

func (mariaDB) follow(port int, user, password string) []string {
	return []string{fmt.Sprintf("CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=%d, MASTER_USER='%s', MASTER_PASSWORD='%s', MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1",
		port, user, password)}
}

func (mariaDB) reached() string { return "SELECT @@gtid_binlog_pos" }

func (mariaDB) hasReached(at string) string {
	return "SELECT MASTER_GTID_WAIT('" + at + "', 0) = 0"
}

func (mariaDB) delay(seconds int) string {
	return "CHANGE MASTER TO MASTER_DELAY=" + strconv.Itoa(seconds)
}

func (mariaDB) startReplica() string { return "START SLAVE" }
func (mariaDB) stopReplica() string  { return "STOP SLAVE" }

func (mariaDB) promote() []string {
	return []string{"RESET SLAVE ALL", "SET GLOBAL read_only=OFF"}
}

func (mariaDB) passwords(user, password, also string) []string {
	const by = "mysql_native_password USING PASSWORD('%s')"
	how := fmt.Sprintf(by, password)
	if also != "" {
		how += " OR " + fmt.Sprintf(by, also)
	}
	return []string{"ALTER USER " + user + " IDENTIFIED VIA " + how}
}
