package fleettest

import (
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// through is a database's address with another port.
func through(t *testing.T, address string, port int) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = fmt.Sprintf("127.0.0.1:%d", port)
	return u.String()
}

// R16: the old primary turns read-only, the address leads to a new one, and answers to COMMIT get lost meanwhile.
func TestThePrimaryMoves(t *testing.T) { servertest.OnAnyFlavour(t, testThePrimaryMoves) }

func testThePrimaryMoves(t *testing.T, f servertest.Flavour) {
	db := f.Replicas(t, 1)
	old, next := db.Primary, db.Replicas[0]
	address, _ := db.NewDatabase(t)
	proxy := servertest.NewProxy(t, old.Port)
	site := newFleet(t, 2, "DATABASE_URL="+through(t, address, proxy.Port))
	const authors = 4
	people := make([]*servertest.Client, authors)
	roots := make([]servertest.Status, authors)
	for i := range people {
		people[i] = browser(t, site[0]).SignUpByToken(fmt.Sprintf("ann%d", i))
		roots[i] = people[i].At(site[0]).PostPhoto(photo, "root")
	}
	db.CatchUp(t)

	var wg sync.WaitGroup
	stop := make(chan struct{})
	acknowledged := make([]atomic.Int64, authors)
	for w, p := range people {
		wg.Go(func() {
			for n := 0; ; n++ {
				// Like a client that repeats what it got no answer to, under the same key, wherever it lands.
				for try := 0; ; try++ {
					select {
					case <-stop:
						return
					default:
					}
					text := fmt.Sprintf("w%dn%d.", w, n)
					got := p.At(site[try%2]).Try(servertest.Form("/api/v1/statuses", "status", text, "in_reply_to_id", roots[w].ID).With("Idempotency-Key", text))
					if got.Err == nil && got.Status == http.StatusOK {
						acknowledged[w].Store(int64(n + 1))
						break
					}
					if got.Err == nil && got.Status != http.StatusServiceUnavailable {
						t.Errorf("status %d: %s", got.Status, got.Body)
						return
					}
					time.Sleep(20 * time.Millisecond) // as a client waits before it repeats
				}
			}
		})
	}
	for w := range people {
		servertest.Eventually(t, "writes are acknowledged", func() bool { return acknowledged[w].Load() > 0 })
	}
	proxy.CutAt("\x03COMMIT", true, 5, nil)
	servertest.Eventually(t, "answers to COMMIT are lost", func() bool { return proxy.Cuts() <= 0 })
	proxy.CutAt("\x03COMMIT", false, 5, nil)
	servertest.Eventually(t, "COMMITs are lost", func() bool { return proxy.Cuts() <= 0 })
	old.ReadOnly(t, true)
	db.CatchUp(t)
	next.Promote(t)
	proxy.Target(next.Port) // open connections still lead to the old primary
	for w := range people { // writes go on without a restart, everybody's
		was := acknowledged[w].Load()
		servertest.Eventually(t, "writes go on", func() bool { return acknowledged[w].Load() > was+1 })
	}
	close(stop)
	wg.Wait()
	for w := range people {
		n := acknowledged[w].Load()
		t.Logf("%d acknowledged", n)
		for n := range n {
			v, err := next.Value(fmt.Sprintf("SELECT COUNT(*) FROM test_1.posts WHERE caption = 'w%dn%d.'", w, n))
			if err != nil {
				t.Fatal(err)
			}
			if v != "1" {
				t.Errorf("w%dn%d is there %s times", w, n, v)
			}
		}
	}
	if v, err := next.Value("SELECT COUNT(*) - COUNT(DISTINCT caption) FROM test_1.posts WHERE kind = 'comment'"); err != nil || v != "0" {
		t.Errorf("%s comments are there twice, %v", v, err)
	}
	// Whole transactions: each comment with its count.
	if v, err := next.Value("SELECT COUNT(*) FROM test_1.posts p WHERE p.kind = 'post' AND p.comments_count <> (SELECT COUNT(*) FROM test_1.posts c WHERE c.kind = 'comment' AND c.root_id = p.id)"); err != nil || v != "0" {
		t.Errorf("%s posts have other counts than comments, %v", v, err)
	}
}
