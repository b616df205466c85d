package fleettest

import (
	"database/sql"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// replicaReads is how many reads of all processes the replica on that port has answered.
func replicaReads(t *testing.T, metrics []string, port int) (n int) {
	t.Helper()
	line := regexp.MustCompile(`(?m)^tintype_reads_total\{[^}]*server="127\.0\.0\.1:` + strconv.Itoa(port) + `"[^}]*\} (\d+)$`)
	for _, address := range metrics {
		a := servertest.NewClient(t, "http://"+address).Try(servertest.Read("/metrics"))
		if a.Err != nil || a.Status != http.StatusOK {
			continue // it is being started
		}
		for _, found := range line.FindAllStringSubmatch(a.Body, -1) {
			if v, err := strconv.Atoi(found[1]); err == nil {
				n += v
			}
		}
	}
	return n
}

// TestMoveDatabaseOfAFleetAndBack moves the database of three processes from a primary with a replica to another one
// with a replica, and back by what was logged there, while members write and read through all of them. The replicas lag.
// Processes, of which one keeps the old database up, are killed and hung at random moments; so is who moves back. Reads
// go to the replicas of the place in charge, own writes are read by the next request, and nothing is lost or doubled.
func TestMoveDatabaseOfAFleetAndBack(t *testing.T) {
	servertest.OneOf(t, 2, 3)
	rnd := servertest.Random(t)
	flavours := []servertest.Flavour{servertest.FlavourMariaDB, servertest.FlavourMySQL}
	if rnd.IntN(2) == 1 {
		flavours[0], flavours[1] = flavours[1], flavours[0]
	}
	var sides [2]*servertest.Replication
	var urls [2]string
	var readers [2][]string
	for i, f := range flavours {
		sides[i] = f.Replicas(t, 1)
		if err := sides[i].Primary.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
			t.Fatal(err)
		}
		urls[i], readers[i] = sides[i].NewDatabase(t)
	}
	f := prepare(t, 3, "LOG_LEVEL=warn",
		"DATABASE_URL="+urls[0], "DATABASE_REPLICA_URLS="+readers[0][0],
		"DATABASE_NEXT="+urls[1], "DATABASE_REPLICA_URLS_NEXT="+readers[1][0])
	var metrics []string
	for _, i := range f {
		address := fmt.Sprintf("127.0.0.1:%d", servertest.FreePort(t))
		metrics = append(metrics, address)
		i.Set("METRICS_ADDR=" + address)
	}
	f.start(t)
	processes := make([]*tormented, len(f))
	for i := range f {
		processes[i] = &tormented{Instance: f[i]}
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var turns atomic.Int64
	var databases []*sql.DB
	for i := range sides {
		address, _ := sides[i].NewDatabase(t)
		databases = append(databases, connect(t, address))
	}
	slow := servertest.WatchSlow(t, databases...)
	members := make([]*commenter, 4)
	for i := range members {
		c := browser(t, f[0]).SignUpByToken(fmt.Sprint("member", i))
		c.Patience = 20 * time.Second
		members[i] = &commenter{Client: c, name: c.Name, root: c.PostPhoto(photo, "root").ID, at: processes, slow: slow}
		wg.Go(func() {
			tick := time.NewTicker(30 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-stop:
					return
				case <-tick.C:
				}
				if err := members[i].turn(); err != nil {
					t.Error(err)
					return
				}
				turns.Add(1)
			}
		})
	}
	written := func(n int64) {
		t.Helper()
		before := turns.Load()
		servertest.Within(t, 2*time.Minute, "members' writes", func() bool { return turns.Load() >= before+n || t.Failed() })
	}
	// Visitors do not wait for what is written: replicas answer them.
	visited := func(side int) {
		t.Helper()
		port := sides[side].Replicas[0].Port
		before := replicaReads(t, metrics, port)
		servertest.Within(t, time.Minute, "reads by the replica of the place in charge", func() bool {
			for _, i := range f {
				browser(t, i).Try(servertest.Read("/@" + members[0].name + "?page=" + strconv.Itoa(rnd.IntN(1000))))
			}
			return replicaReads(t, metrics, port) > before || t.Failed()
		})
	}
	written(20)
	visited(0)
	if out, stderr, err := f[1].Command("doctor"); !strings.Contains(out, "DATABASE_REPLICA_URLS_NEXT: 127.0.0.1") {
		t.Errorf("the doctor does not try the other replicas: %v: %s%s", err, out, stderr)
	}
	sides[1].DelayBy(t, 2, sides[1].Replicas...)
	out, stderr, err := f[0].Command("move", "database", "--way-back")
	if err != nil || !strings.Contains(out, "is kept up") || !strings.Contains(out, "DATABASE_REPLICA_URLS=mysql://") {
		t.Fatalf("%v: %s%s", err, out, stderr)
	}
	written(100)
	visited(1)
	rounds := 2
	if servertest.All() {
		rounds = 30
	}
	for range rounds {
		p := processes[rnd.IntN(len(processes))]
		written(rnd.Int64N(150))
		p.torment(func() {
			if rnd.IntN(2) == 0 {
				p.Kill()
				p.Start()
				return
			}
			// Longer than its lease, so that another one keeps the old database up when it wakes.
			p.Signal(syscall.SIGSTOP)
			time.Sleep(11 * time.Second) // how long it hangs is the point
			p.Signal(syscall.SIGCONT)
		})
	}
	servertest.Within(t, time.Minute, "the old database is kept up", func() bool {
		status, _, err := f[1].Command("move", "status")
		return err == nil && strings.Contains(status, "is kept up for the way back") && strings.Contains(status, "had everything")
	})
	sides[0].DelayBy(t, 2, sides[0].Replicas...)
	back := f[1].StartCommand("move", "back", "database")
	written(1 + rnd.Int64N(40))
	back.Kill()
	if out, stderr, err = f[2].Command("move", "back", "database", "--json"); err != nil || !strings.Contains(out, `"event":"moved"`) || strings.Contains(out, `"phase":"copying"`) {
		t.Fatalf("%v: %s%s", err, out, stderr)
	}
	written(100)
	visited(0)
	close(stop)
	wg.Wait()
	found := captions(t, urls[0])
	var longest time.Duration
	for _, m := range members {
		longest = max(longest, m.longest)
		for _, text := range m.acked {
			if found[text] != 1 {
				t.Errorf("%q was acknowledged, and is there %d times", text, found[text])
			}
		}
	}
	for text, n := range found {
		if n > 1 {
			t.Errorf("%q is there %d times", text, n)
		}
	}
	if out, stderr, err := f[1].Command("move", "finish", "database"); err != nil {
		t.Errorf("%v: %s%s", err, out, stderr)
	}
	servertest.WaitedAtMost(t, longest)
	t.Logf("%d comments, the longest answer took %v", turns.Load(), longest)
}
