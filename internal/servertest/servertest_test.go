package servertest

import (
	"bytes"
	"context"
	"database/sql"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
)

func TestMariaDBGivesEachTestItsOwnDatabase(t *testing.T) {
	server := MariaDB(t)
	first, second := openDSN(t, server.NewDatabase(t)), openDSN(t, server.NewDatabase(t))
	if _, err := first.Exec("CREATE TABLE t (id INT PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Exec("INSERT INTO t VALUES (1)"); err == nil {
		t.Error("two tests share a table")
	}
	if _, err := second.Exec("INSERT INTO test_1.t VALUES (1)"); err == nil {
		t.Error("a test's user may write into another test's database")
	}
}

func openDSN(t *testing.T, address string) *sql.DB {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("mysql", u.User.String()+"@tcp("+u.Host+")"+u.Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// The test runs itself as a child that starts a server and is then killed.
func TestMariaDBEndsWithTheTestProcess(t *testing.T) {
	if os.Getenv("SERVERTEST_CHILD") == "1" {
		server := MariaDB(t)
		os.Stdout.WriteString("PORT " + strconv.Itoa(server.Port) + " " + server.dir + "\n")
		time.Sleep(time.Minute)
		return
	}
	Tool(t, "mariadbd", "Debian package mariadb-server")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestMariaDBEndsWithTheTestProcess$")
	child.Env = append(os.Environ(), "SERVERTEST_CHILD=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	piece := make([]byte, 256)
	for !strings.Contains(said.String(), "\n") {
		n, err := out.Read(piece)
		said.Write(piece[:n])
		if err != nil {
			t.Fatalf("%v: %s", err, said.String())
		}
	}
	fields := strings.Fields(said.String())
	_ = child.Process.Kill()
	_ = child.Wait()
	err = until(time.Minute, nil, func() error {
		if _, err := os.Stat(fields[2]); err == nil {
			return os.ErrExist
		}
		return nil
	})
	if err != nil {
		t.Errorf("the server's folder %s is still there: %v", fields[2], err)
	}
	if _, err := http.Get("http://127.0.0.1:" + fields[1]); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("something still listens: %v", err)
	}
}

func TestInstanceStartsStopsAndStartsAgain(t *testing.T) {
	i := Tintype(t, "SITE_NAME=Somewhere")
	answer, err := http.Get(i.URL + "/livez")
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", answer, err)
	}
	answer.Body.Close()
	if err := i.Stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	i.Start()
	i.Kill()
	i.Start()
	if n := strings.Count(i.Logs(), "Tintype "); n != 3 {
		t.Errorf("%d starts in the log, want 3:\n%s", n, i.Logs())
	}
	out, _, err := i.Command("config")
	if err != nil || !strings.Contains(out, "SITE_NAME=Somewhere\n") {
		t.Errorf("config: %v\n%s", err, out)
	}
}

func TestRunTellsTheExitStatus(t *testing.T) {
	_, stderr, err := Run(t, []string{"PORT=x"}, "serve")
	var exit *exec.ExitError
	if !asExit(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(stderr, "PORT") {
		t.Errorf("%v: %s", err, stderr)
	}
}

func asExit(err error, target **exec.ExitError) bool {
	e, ok := err.(*exec.ExitError)
	*target = e
	return ok
}
