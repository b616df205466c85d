package fleettest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// TestMoveDatabaseOfAFleet moves the database of three processes from MariaDB to MySQL 9 while members write through all
// of them. The mover is killed three times, and one process hangs for longer than its lease: no request fails but those
// that this one held when it hung, and what was acknowledged is read by the next request, on any process.
func TestMoveDatabaseOfAFleet(t *testing.T) {
	database := func(f servertest.Flavour) (server *servertest.DatabaseServer, url string) {
		server = f.Server(t)
		if err := server.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
			t.Fatal(err)
		}
		return server, server.NewDatabase(t)
	}
	source, url := database(servertest.FlavourMariaDB)
	target, next := database(servertest.FlavourMySQL)
	f := prepare(t, 3, "DATABASE_URL="+url, "DATABASE_NEXT="+next, "LOG_LEVEL=warn")
	f.start(t)
	slow := servertest.WatchSlow(t, connect(t, source.NewDatabase(t)), connect(t, target.NewDatabase(t)))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var turns, longest atomic.Int64
	var hung atomic.Bool // the last process has hung
	for i := range 4 {
		member := browser(t, f[0]).SignUpByToken(fmt.Sprint("member", i))
		member.Patience = 15 * time.Second
		waited := true // not for the process that hangs
		// ask tells whether the request was left unanswered by the process that hangs.
		ask := func(q servertest.Request) (a servertest.Answer, left bool, err error) {
			for {
				at := f[rand.IntN(len(f))]
				waited = !(hung.Load() && at == f[2])
				a, err = member.At(at).Must(http.StatusOK, q)
				waited = waited && !(hung.Load() && at == f[2]) && !slow.Recently()
				if left = err != nil && hung.Load() && at == f[2]; left || err == nil || a.Status != http.StatusServiceUnavailable || !slow.Recently() {
					return a, left, err
				}
				time.Sleep(100 * time.Millisecond) // a client that comes again, as it was asked to
			}
		}
		wg.Go(func() {
			tick := time.NewTicker(30 * time.Millisecond)
			defer tick.Stop()
			unanswered := map[string]bool{} // what the process that hung may still write when it wakes
			for n := 1; ; n++ {
				select {
				case <-stop:
					return
				case <-tick.C:
				}
				begin := time.Now()
				_, left, err := ask(servertest.Form("/api/v1/markers", "home[last_read_id]", fmt.Sprint(n)))
				if left {
					unanswered[fmt.Sprint(n)] = true
					continue
				}
				if err != nil {
					t.Errorf("write %d: %v", n, err)
					return
				}
				took := int64(time.Since(begin))
				for was := longest.Load(); waited && took > was && !longest.CompareAndSwap(was, took); was = longest.Load() {
				}
				a, left, err := ask(servertest.Read("/api/v1/markers?timeline[]=home"))
				for left {
					a, left, err = ask(servertest.Read("/api/v1/markers?timeline[]=home"))
				}
				if err != nil {
					t.Errorf("read after write %d: %v", n, err)
					return
				}
				var found map[string]struct {
					ID string `json:"last_read_id"`
				}
				if err := json.Unmarshal([]byte(a.Body), &found); err != nil || found["home"].ID != fmt.Sprint(n) && !unanswered[found["home"].ID] {
					t.Errorf("after write %d: %s, %v", n, a.Body, err)
					return
				}
				turns.Add(1)
			}
		})
	}
	written := func(n int64) {
		before := turns.Load()
		servertest.Within(t, 2*time.Minute, "members' writes", func() bool { return turns.Load() >= before+n || t.Failed() })
	}
	for _, n := range []int64{3, 30, 100} { // writes until it is killed
		mover := f[0].StartCommand("move", "database")
		written(n)
		mover.Kill()
	}
	// Nobody may go on with it, and its log grows.
	begun := f[0].StartCommand("move", "database")
	servertest.Within(t, 2*time.Minute, "the move begins", func() bool {
		out, _, err := f[1].Command("move", "status")
		return err == nil && strings.Contains(out, "The database is moving from") && strings.Contains(out, " has been moving it since ") || t.Failed()
	})
	begun.Kill()
	servertest.Within(t, 2*time.Minute, "nobody is at work", func() bool {
		out, _, err := f[1].Command("move", "status")
		return err == nil && strings.Contains(out, "Nobody is at work: `tintype move database` goes on") || t.Failed()
	})
	if out, stderr, err := f[1].Command("doctor"); err != nil || !strings.Contains(out, "`tintype move abort database` gives it up") {
		t.Errorf("%v: %s%s", err, out, stderr)
	}
	mover := f[0].StartCommand("move", "database", "--json")
	written(60)
	hung.Store(true)
	f[2].Signal(syscall.SIGSTOP)
	// It seems to be gone for long, and is not.
	if err := source.Exec("UPDATE " + path.Base(url) + ".instances SET seen_at = seen_at - 100000"); err != nil {
		t.Error(err)
	}
	written(1)
	wake := time.AfterFunc(4*time.Second, func() { f[2].Signal(syscall.SIGCONT) })
	out, err := mover.Wait()
	if wake.Stop() {
		f[2].Signal(syscall.SIGCONT)
	}
	if err != nil || !strings.Contains(out, `"event":"moved"`) {
		t.Errorf("%v: %s", err, out)
	}
	written(200)
	close(stop)
	wg.Wait()
	if t.Failed() {
		return
	}
	servertest.WaitedAtMost(t, time.Duration(longest.Load()))
	t.Logf("%d writes, the longest took %v", turns.Load(), time.Duration(longest.Load()))
	status, stderr, err := f[1].Command("move", "status", "--json")
	if err != nil || !strings.Contains(status, "it has moved from") {
		t.Errorf("%v: %s%s", err, status, stderr)
	}
	if out, stderr, err := f[1].Command("move", "finish", "database"); err != nil {
		t.Errorf("%v: %s%s", err, out, stderr)
	}
}
