package fleettest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store/storetest"
)

// A primary, two replicas on which everybody may only SELECT, and two instances A and B.
func TestReplicas(t *testing.T) {
	db := servertest.MariaDBReplicas(t, 2)
	primary, replicas := db.NewDatabase(t)
	site := fleet(t, 2, "DATABASE_URL="+primary, "DATABASE_REPLICA_URLS="+strings.Join(replicas, ","))
	a, b := site[0], site[1]
	bob, cat, dan := browserOf(t, a, "bob"), clientOf(t, a, "cat"), clientOf(t, a, "dan")
	root := cat.postPhoto(a, "the root of all comments")
	db.CatchUp(t)

	lag := 2
	if all() {
		lag = 5
	}
	for _, m := range db.Replicas {
		m.Delay(t, lag)
	}
	time.Sleep(time.Duration(lag+2) * time.Second) // they stand still while the delay begins
	storetest.Eventually(t, time.Minute, func() bool { return came(b)-left(b) == 2 })
	servers := append([]*servertest.MariaDBServer{db.Primary}, db.Replicas...)
	t.Run("R12 own writes are read on any instance, others' reads stay on the replicas", func(t *testing.T) {
		times := 100
		if testing.Short() {
			times = 10
		}
		root := root
		for try := 1; ; try++ {
			// On a busy machine a replica is left now and then, and its readers go to the primary: that round does not count.
			storetest.Eventually(t, time.Minute, func() bool { return came(b)-left(b) == 2 })
			for _, m := range servers {
				m.LogQueries(t)
			}
			was := left(b)
			for n := range times {
				if n%10 == 9 { // a page shows some twenty comments
					root = cat.postPhoto(a, "another root")
				}
				text := fmt.Sprintf("browser%d.%03d.", try, n)
				if got := bob.form(a, "/posts/"+root.ID+"/comments", "text", text); got.status != http.StatusSeeOther {
					t.Fatalf("comment: %d\n%s", got.status, got.body)
				}
				if got := bob.get(b, "/@cat/"+root.ID); !strings.Contains(got.body, text) {
					t.Fatalf("%s is not on its writer's next page (%d)", text, got.status)
				}
				text = fmt.Sprintf("client%d.%03d.", try, n)
				var made status
				cat.into(&made, cat.form(a, "/api/v1/statuses", "status", text, "in_reply_to_id", root.ID))
				if got := cat.get(b, "/api/v1/statuses/"+root.ID+"/context"); !strings.Contains(got.body, text) {
					t.Fatalf("%s is not in its writer's next list: %s", text, got.body)
				}
				if got := visitor(t).get(b, fresh("/@dan", 10+try, n)); got.status != http.StatusOK {
					t.Fatalf("a visitor's page: %d", got.status)
				}
			}
			read := 0
			for _, m := range db.Replicas {
				read += m.Queries(t, "SELECT%username_key = ''dan''%")
			}
			on := db.Primary.Queries(t, "SELECT%username_key = ''dan''%")
			if on == 0 && read >= times {
				return
			}
			if left(b) == was || try == 5 {
				t.Fatalf("the visitors' reads: %d on the primary, %d on the replicas; replicas left %d, came %d", on, read, left(b), came(b))
			}
			root = cat.postPhoto(a, "another root")
		}
	})

	t.Run("R12 a link shared a second ago opens for everybody", func(t *testing.T) {
		for n := range 3 {
			made := cat.postPhoto(a, fmt.Sprintf("shared %d.", n))
			page := visitor(t).get(b, "/@cat/"+made.ID)
			if page.status != http.StatusOK || !strings.Contains(page.body, fmt.Sprintf("shared %d.", n)) || !strings.Contains(page.body, "/media/") {
				t.Errorf("status %d, or without its words or photo", page.status)
			}
			var seen status
			dan.into(&seen, dan.get(b, "/api/v1/statuses/"+made.ID))
			if len(seen.Media) != 1 {
				t.Errorf("a client sees %d photos", len(seen.Media))
			}
		}
	})

	t.Run("R3 whoever just logged in is logged in everywhere", func(t *testing.T) {
		eve := browserOf(t, a, "eve")
		var wg sync.WaitGroup
		for n := range 50 {
			wg.Go(func() {
				if got, err := eve.try([]*servertest.Instance{b, a}[n%2], http.MethodGet, "/settings", "", nil); err != nil || got.status != http.StatusOK {
					t.Errorf("logged out: %v, %d", err, got.status)
				}
			})
		}
		wg.Wait()
	})

	for _, m := range servers {
		if err := m.Exec("SET GLOBAL general_log=OFF"); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("R14 nothing but reads reaches a replica", func(t *testing.T) {
		for _, m := range db.Replicas {
			all := m.Queries(t, "%")
			reads := m.Queries(t, "SELECT%") + m.Queries(t, "SHOW VARIABLES%") + m.Queries(t, "SET %")
			if all == 0 || reads != all {
				t.Errorf("of %d statements %d are reads", all, reads)
			}
		}
	})

	for _, m := range db.Replicas {
		m.Delay(t, 0)
	}
	db.CatchUp(t)

	t.Run("R15 a replica that hangs or stops is left, and comes back", func(t *testing.T) {
		const readers = 4
		var wg sync.WaitGroup
		stop := make(chan struct{})
		var busy atomic.Int64
		for w := range readers {
			wg.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-stop:
						return
					default:
					}
					got, err := visitor(t).try(b, http.MethodGet, fresh("/@cat/"+root.ID, w, n), "", nil)
					switch {
					case err == nil && got.status == http.StatusServiceUnavailable:
						busy.Add(1)
					case err != nil || got.status != http.StatusOK:
						t.Errorf("a visitor's page: %v, %d", err, got.status)
					}
				}
			})
		}
		first := db.Replicas[0]
		for _, round := range []struct{ out, back func() }{
			{func() { first.Hang(t) }, func() { first.Cont(t) }},
			{func() { first.Stop(t) }, func() { first.Start(t) }},
		} {
			was := left(b)
			round.out()
			storetest.Eventually(t, time.Minute, func() bool { return left(b) > was })
			time.Sleep(time.Second)
			back := came(b)
			round.back()
			storetest.Eventually(t, time.Minute, func() bool { return came(b) > back })
		}
		close(stop)
		wg.Wait()
		// A page that was being read when its replica went may be lost, once a reader and replica, and where the machine is
		// busy, once more.
		if n := busy.Load(); n > 4*readers {
			t.Errorf("%d pages were refused", n)
		}
	})

	t.Run("R15 the primary is not drowned when no replica is left", func(t *testing.T) {
		was := left(b)
		for _, m := range db.Replicas {
			m.StopApplying(t)
		}
		storetest.Eventually(t, time.Minute, func() bool { return left(b) >= was+2 })
		// What reads accounts on the primary waits for this lock, so that those who came are counted.
		name := primary[strings.LastIndex(primary, "/")+1:]
		waiting := func() int {
			t.Helper()
			v, err := db.Primary.Value("SELECT COUNT(*) FROM information_schema.processlist WHERE user = '" + name + "' AND state LIKE 'Waiting for table%'")
			if err != nil {
				t.Fatal(err)
			}
			n, _ := strconv.Atoi(v)
			return n
		}
		const readers, most = 40, 9 // half of the 19 connections that requests have
		for try := 1; ; try++ {
			locked := make(chan error, 1)
			go func() { locked <- db.Primary.Exec("LOCK TABLES "+name+".accounts WRITE", "DO SLEEP(5)") }()
			storetest.Eventually(t, time.Minute, func() bool {
				go func() {
					_, _ = visitor(t).try(b, http.MethodGet, fresh("/@dan", -2, int(time.Now().UnixNano())), "", nil)
				}()
				return waiting() > 0 || len(locked) > 0
			})
			var wg sync.WaitGroup
			var refused, served atomic.Int64
			for n := range readers {
				wg.Go(func() {
					got, err := visitor(t).try(b, http.MethodGet, fresh("/@dan", -2-try, n), "", nil)
					switch {
					case err == nil && got.status == http.StatusServiceUnavailable && got.header.Get("Retry-After") != "":
						refused.Add(1)
					case err == nil && got.status == http.StatusOK:
						served.Add(1)
					default:
						t.Errorf("a visitor's page: %v, %d", err, got.status)
					}
				})
			}
			peak := 0
			for len(locked) == 0 {
				peak = max(peak, waiting())
				time.Sleep(50 * time.Millisecond)
			}
			wg.Wait()
			if err := <-locked; err != nil {
				t.Fatal(err)
			}
			t.Logf("at most %d of %d readers were on the primary at once; %d were served, %d refused", peak, readers, served.Load(), refused.Load())
			if peak > 0 && peak <= most && refused.Load() > 0 {
				break
			}
			if peak > most || try == 5 { // else they came when the lock had gone, as on a busy machine
				t.Errorf("%d readers were on the primary at once, at most %d expected; %d were refused", peak, most, refused.Load())
				break
			}
		}
		for _, m := range db.Replicas {
			m.StartApplying(t)
		}
		db.CatchUp(t)
		storetest.Eventually(t, time.Minute, func() bool { return came(b)-left(b) == 2 && came(a)-left(a) == 2 })
	})

	t.Run("R36 the writer stops: reads go on, writes wait, nobody is logged out", func(t *testing.T) {
		away := 6 * time.Second
		if all() {
			away = time.Minute
		}
		db.Primary.Stop(t)
		end := time.Now().Add(away)
		for n := 0; time.Now().Before(end); n++ {
			if got := visitor(t).get(b, fresh("/@cat/"+root.ID, -1, n)); got.status != http.StatusOK {
				t.Fatalf("a visitor's page: %d", got.status)
			}
			if got := bob.get(a, "/@cat/"+root.ID); got.status != http.StatusOK || !strings.Contains(got.body, `href="/@bob"`) {
				t.Fatalf("a member's page: %d, logged in: %t", got.status, strings.Contains(got.body, `href="/@bob"`))
			}
			if got := cat.get(b, "/api/v1/timelines/home"); got.status != http.StatusOK {
				t.Fatalf("a client's feed: %d %s", got.status, got.body)
			}
			if got := cat.form(a, "/api/v1/statuses", "status", "lost", "in_reply_to_id", root.ID); got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
				t.Fatalf("a client's write: %d %s", got.status, got.body)
			}
			if got := bob.form(a, "/posts/"+root.ID+"/comments", "text", "lost"); got.status != http.StatusServiceUnavailable {
				t.Fatalf("a member's write: %d %s", got.status, got.body)
			}
			if n > 20 {
				time.Sleep(100 * time.Millisecond)
			}
		}
		db.Primary.Start(t)
		storetest.Eventually(t, time.Minute, func() bool {
			got := bob.form(a, "/posts/"+root.ID+"/comments", "text", "after")
			return got.status == http.StatusSeeOther
		})
		if got := bob.get(b, "/@cat/"+root.ID); !strings.Contains(got.body, "after") || strings.Contains(got.body, "lost") {
			t.Errorf("after the writer's return: %d", got.status)
		}
	})
}

// fresh is an address that no instance has a page for yet.
func fresh(path string, reader, n int) string {
	return fmt.Sprintf("%s?reader=%d&n=%d", path, reader, n)
}

// left and came count how often an instance has stopped and begun to read a replica.
func left(i *servertest.Instance) int { return strings.Count(i.Logs(), "a replica is not in use") }
func came(i *servertest.Instance) int { return strings.Count(i.Logs(), "a replica is in use") }
