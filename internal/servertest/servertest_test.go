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

func TestEachTestHasItsOwnDatabase(t *testing.T) {
	OnEachFlavour(t, func(t *testing.T, f Flavour) {
		server := f.Server(t)
		one := server.NewDatabase(t)
		first, second := openDSN(t, one), openDSN(t, server.NewDatabase(t))
		if _, err := first.Exec("CREATE TABLE t (id INT PRIMARY KEY)"); err != nil {
			t.Fatal(err)
		}
		if _, err := second.Exec("INSERT INTO t VALUES (1)"); err == nil {
			t.Error("two tests share a table")
		}
		if _, err := second.Exec("INSERT INTO " + one[strings.LastIndexByte(one, '/')+1:] + ".t VALUES (1)"); err == nil {
			t.Error("a test's user may write into another test's database")
		}
	})
}

// A replica follows, lags, stands still, goes on and takes the primary's place.
func TestReplicas(t *testing.T) {
	OnEachFlavour(t, func(t *testing.T, f Flavour) {
		r := f.Replicas(t, 1)
		address, readers := r.NewDatabase(t)
		primary, replica, m := openDSN(t, address), openDSN(t, readers[0]), r.Replicas[0]
		if _, err := primary.Exec("CREATE TABLE t (id INT PRIMARY KEY)"); err != nil {
			t.Fatal(err)
		}
		r.CatchUp(t)
		has := func(id int) bool {
			t.Helper()
			var n int
			must(t, replica.QueryRow("SELECT COUNT(*) FROM t WHERE id = ?", id).Scan(&n))
			return n == 1
		}
		add := func(id int) {
			t.Helper()
			_, err := primary.Exec("INSERT INTO t VALUES (?)", id)
			must(t, err)
		}
		m.StopApplying(t)
		add(1)
		if has(1) {
			t.Error("it applies what it was told not to")
		}
		m.StartApplying(t)
		r.CatchUp(t)
		if !has(1) {
			t.Error("it has caught up, and lacks a row")
		}
		m.Delay(t, 3600)
		add(2)
		if has(2) {
			t.Error("it applies at once what it is to apply in an hour")
		}
		m.Delay(t, 0)
		r.CatchUp(t)
		if !has(2) {
			t.Error("without the delay, it lacks a row")
		}
		more := r.Add(t)
		r.CatchUp(t)
		if v, err := more.Value("SELECT COUNT(*) FROM " + address[strings.LastIndexByte(address, '/')+1:] + ".t"); err != nil || v != "2" {
			t.Errorf("a late replica has %s rows: %v", v, err)
		}
		promoted := openDSN(t, strings.Replace(address, strconv.Itoa(r.Primary.Port), strconv.Itoa(m.Port), 1))
		if _, err := promoted.Exec("INSERT INTO t VALUES (3)"); err == nil {
			t.Error("a replica takes a write")
		}
		m.Promote(t)
		if _, err := promoted.Exec("INSERT INTO t VALUES (3)"); err != nil {
			t.Errorf("promoted: %v", err)
		}
		m.Stop(t)
		m.Start(t)
		if !has(3) {
			t.Error("a restart lost a row")
		}
	})
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
func TestDatabasesEndWithTheTestProcess(t *testing.T) {
	OnEachFlavour(t, databaseEndsWithTheTestProcess)
}

func databaseEndsWithTheTestProcess(t *testing.T, f Flavour) {
	if os.Getenv("SERVERTEST_CHILD") == "1" {
		server := f.Server(t)
		os.Stdout.WriteString("PORT " + strconv.Itoa(server.Port) + " " + server.dir + "\n")
		time.Sleep(time.Minute) // until it is killed
		return
	}
	f.impl().need(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestDatabasesEndWithTheTestProcess$/^"+f.String()+"$")
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
