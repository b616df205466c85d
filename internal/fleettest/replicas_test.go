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
)

// A primary, two replicas on which everybody may only SELECT, and two instances A and B.
func TestReplicas(t *testing.T) { servertest.OnAnyFlavour(t, testReplicas) }

func testReplicas(t *testing.T, f servertest.Flavour) {
	db := f.Replicas(t, 2)
	primary, replicas := db.NewDatabase(t)
	site := newFleet(t, 2, "DATABASE_URL="+primary, "DATABASE_REPLICA_URLS="+strings.Join(replicas, ","))
	a, b := site[0], site[1]
	bob, cat, dan := browser(t, a).SignUp("bob"), browser(t, a).SignUpByToken("cat"), browser(t, a).SignUpByToken("dan")
	fay := browser(t, a).SignUp("fay")
	faysApp := fay.WithToken(fay.NewToken())
	bob.Stay = true // or the next read would be asked of the instance that wrote
	root := cat.At(a).PostPhoto(photo, "the root of all comments")
	db.CatchUp(t)

	lag := 2
	if servertest.All() {
		lag = 5
	}
	db.DelayBy(t, lag, db.Replicas...)
	servertest.Eventually(t, "B reads both replicas", func() bool { return came(b)-left(b) == 2 })
	servers := append([]*servertest.DatabaseServer{db.Primary}, db.Replicas...)
	t.Run("R12 own writes are read on any instance, others' reads stay on the replicas", func(t *testing.T) {
		times := 100
		if testing.Short() {
			times = 10
		}
		root := root
		for try := 1; ; try++ {
			// On a busy machine a replica is left now and then, and its readers go to the primary: that round does not count.
			servertest.Eventually(t, "B reads both replicas", func() bool { return came(b)-left(b) == 2 })
			for _, m := range servers {
				m.LogQueries(t)
			}
			was := left(b)
			for n := range times {
				if n%10 == 9 { // a page shows some twenty comments
					root = cat.At(a).PostPhoto(photo, "another root")
				}
				text := fmt.Sprintf("browser%d.%03d.", try, n)
				if got := bob.At(a).Post("/posts/"+root.ID+"/comments", "text", text); got.Status != http.StatusSeeOther {
					t.Fatalf("comment: %d\n%s", got.Status, got.Body)
				}
				if got := bob.At(b).Get("/@cat/" + root.ID); !strings.Contains(got.Body, text) {
					t.Fatalf("%s is not on its author's next page (%d)", text, got.Status)
				}
				text = fmt.Sprintf("client%d.%03d.", try, n)
				var made servertest.Status
				cat.At(a).Post("/api/v1/statuses", "status", text, "in_reply_to_id", root.ID).Into(&made)
				if got := cat.At(b).Get("/api/v1/statuses/" + root.ID + "/context"); !strings.Contains(got.Body, text) {
					t.Fatalf("%s is not in its author's next list: %s", text, got.Body)
				}
				if got := browser(t, b).Get(fresh("/@dan", 10+try, n)); got.Status != http.StatusOK {
					t.Fatalf("a visitor's page: %d", got.Status)
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
			root = cat.At(a).PostPhoto(photo, "another root")
		}
	})

	t.Run("R12 a link shared a second ago opens for everybody", func(t *testing.T) {
		for n := range 3 {
			made := cat.At(a).PostPhoto(photo, fmt.Sprintf("shared %d.", n))
			page := browser(t, b).Get("/@cat/" + made.ID)
			if page.Status != http.StatusOK || !strings.Contains(page.Body, fmt.Sprintf("shared %d.", n)) || !strings.Contains(page.Body, "/media/") {
				t.Errorf("status %d, or without its words or photo", page.Status)
			}
			var seen servertest.Status
			dan.At(b).Get("/api/v1/statuses/" + made.ID).Into(&seen)
			if len(seen.Media) != 1 {
				t.Errorf("a client sees %d photos", len(seen.Media))
			}
		}
	})

	t.Run("R3 whoever just logged in is logged in everywhere", func(t *testing.T) {
		eve := browser(t, a).SignUp("eve")
		eve.Stay = true // or the page to log in on would do
		var wg sync.WaitGroup
		for n := range 50 {
			wg.Go(func() {
				// Fifty at once may be too many for the primary. To find no place there is no log-out.
				got := servertest.Again(50, func() servertest.Answer {
					return eve.At([]*servertest.Instance{b, a}[n%2]).Try(servertest.Read("/settings"))
				})
				if got.Err != nil || got.Status != http.StatusOK {
					t.Errorf("logged out: %v, %d", got.Err, got.Status)
				}
			})
		}
		wg.Wait()
	})

	t.Run("R57 whoever is suspended is out at once, while replicas are late", func(t *testing.T) {
		if out, stderr, err := a.Command("account", "suspend", "fay"); err != nil {
			t.Fatal(out, stderr, err)
		}
		if got := faysApp.At(b).Try(servertest.Read("/api/v1/accounts/verify_credentials")); got.Status != http.StatusUnauthorized {
			t.Errorf("the application: %d, %v", got.Status, got.Err)
		}
		if got := fay.At(b).Try(servertest.Read("/settings")); got.URL == nil || got.URL.Path != "/login" {
			t.Errorf("the browser: %d at %v, %v", got.Status, got.URL, got.Err)
		}
		servertest.Eventually(t, "a visitor finds no profile once the replicas have it", func() bool {
			return browser(t, b).Get("/@fay").Status == http.StatusNotFound
		})
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
		var busy, pages atomic.Int64
		for w := range readers {
			wg.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-stop:
						return
					default:
					}
					got := browser(t, b).Try(servertest.Read(fresh("/@cat/"+root.ID, w, n)))
					switch {
					case got.Err == nil && got.Status == http.StatusServiceUnavailable:
						busy.Add(1)
					case got.Err != nil || got.Status != http.StatusOK:
						t.Errorf("a visitor's page: %v, %d", got.Err, got.Status)
					default:
						pages.Add(1)
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
			servertest.Eventually(t, "B leaves the replica", func() bool { return left(b) > was })
			seen := pages.Load()
			servertest.Eventually(t, "pages are read without the replica", func() bool { return pages.Load() >= seen+50 })
			back := came(b)
			round.back()
			servertest.Eventually(t, "B reads the replica again", func() bool { return came(b) > back })
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
		servertest.Eventually(t, "B leaves both replicas", func() bool { return left(b) >= was+2 })
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
		// Half of the 19 connections that requests have; one more may still wait for a reader who has gone.
		const readers, most = 40, 9 + 1
		for try := 1; ; try++ {
			locked := make(chan error, 1)
			go func() { locked <- db.Primary.Exec("LOCK TABLES "+name+".accounts WRITE", "DO SLEEP(5)") }()
			servertest.Eventually(t, "a reader waits on the primary", func() bool {
				go func() {
					browser(t, b).Try(servertest.Read(fresh("/@dan", -2, int(time.Now().UnixNano()))))
				}()
				return waiting() > 0 || len(locked) > 0
			})
			var wg sync.WaitGroup
			var refused, served atomic.Int64
			for n := range readers {
				wg.Go(func() {
					got := browser(t, b).Try(servertest.Read(fresh("/@dan", -2-try, n)))
					switch {
					case got.Err == nil && got.Status == http.StatusServiceUnavailable && got.Header.Get("Retry-After") != "":
						refused.Add(1)
					case got.Err == nil && got.Status == http.StatusOK:
						served.Add(1)
					default:
						t.Errorf("a visitor's page: %v, %d", got.Err, got.Status)
					}
				})
			}
			peak := 0
			for len(locked) == 0 {
				peak = max(peak, waiting())
				time.Sleep(50 * time.Millisecond) // often enough for those who wait a second
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
		servertest.Eventually(t, "all replicas are read again", func() bool { return came(b)-left(b) == 2 && came(a)-left(a) == 2 })
	})

	t.Run("R36 the primary stops: reads go on, writes wait, nobody is logged out", func(t *testing.T) {
		away := 6 * time.Second
		if servertest.All() {
			away = time.Minute
		}
		db.Primary.Stop(t)
		end := time.Now().Add(away)
		for n := 0; time.Now().Before(end); n++ {
			if got := again(browser(t, b), fresh("/@cat/"+root.ID, -1, n)); got.Status != http.StatusOK {
				t.Fatalf("a visitor's page: %d", got.Status)
			}
			if got := again(bob.At(a), "/@cat/"+root.ID); got.Status != http.StatusOK || !strings.Contains(got.Body, `href="/@bob"`) {
				t.Fatalf("a member's page: %d, logged in: %t", got.Status, strings.Contains(got.Body, `href="/@bob"`))
			}
			if got := again(cat.At(b), "/api/v1/timelines/home"); got.Status != http.StatusOK {
				t.Fatalf("a client's feed: %d %s", got.Status, got.Body)
			}
			if got := cat.At(a).Post("/api/v1/statuses", "status", "lost", "in_reply_to_id", root.ID); got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
				t.Fatalf("a client's write: %d %s", got.Status, got.Body)
			}
			if got := bob.At(a).Post("/posts/"+root.ID+"/comments", "text", "lost"); got.Status != http.StatusServiceUnavailable {
				t.Fatalf("a member's write: %d %s", got.Status, got.Body)
			}
			if n > 20 {
				time.Sleep(100 * time.Millisecond) // the rest of the time is long in the long form
			}
		}
		db.Primary.Start(t)
		servertest.Eventually(t, "writes are taken again", func() bool {
			got := bob.At(a).Post("/posts/"+root.ID+"/comments", "text", "after")
			return got.Status == http.StatusSeeOther
		})
		if got := again(bob.At(b), "/@cat/"+root.ID); !strings.Contains(got.Body, "after") || strings.Contains(got.Body, "lost") {
			t.Errorf("after the primary's return: %d, what was acknowledged is there: %t, what was refused: %t", got.Status, strings.Contains(got.Body, "after"), strings.Contains(got.Body, "lost"))
		}
	})
}

// again reads a path, and once more where the machine is too busy for it at the first time.
func again(c *servertest.Client, path string) servertest.Answer {
	return servertest.Again(8, func() servertest.Answer { return c.Get(path) })
}

// fresh is an address that no instance has a page for yet: pages are kept by what they read.
func fresh(path string, reader, n int) string {
	return fmt.Sprintf("%s?show=%d.%d", path, reader, n)
}

// left and came count how often an instance has stopped and begun to read a replica.
func left(i *servertest.Instance) int { return strings.Count(i.Logs(), "a replica is not in use") }
func came(i *servertest.Instance) int { return strings.Count(i.Logs(), "a replica is in use") }
