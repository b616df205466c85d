package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// mover is a member who writes and reads all the time, and knows what was acknowledged.
type mover struct {
	*servertest.Client
	timeline string
	slow     *servertest.Slow
	n        int
	longest  time.Duration
}

// ask asks again where a machine that is too busy had the site say that it cannot do it for the moment.
func (m *mover) ask(q servertest.Request) (servertest.Answer, error) {
	for {
		a, err := m.Must(http.StatusOK, q)
		if err == nil || a.Status != http.StatusServiceUnavailable || !m.slow.Recently() {
			return a, err
		}
		time.Sleep(100 * time.Millisecond) // a client that comes again, as it was asked to
	}
}

// turn writes once, and reads it again.
func (m *mover) turn() error {
	m.n++
	begin := time.Now()
	a, err := m.ask(servertest.Form("/api/v1/markers", m.timeline+"[last_read_id]", fmt.Sprint(m.n)))
	if err != nil {
		return fmt.Errorf("write %d: %w", m.n, err)
	}
	m.longest = max(m.longest, time.Since(begin))
	a, err = m.ask(servertest.Read("/api/v1/markers?timeline[]=" + m.timeline))
	if err != nil {
		return fmt.Errorf("read after write %d: %w", m.n, err)
	}
	var found map[string]struct {
		ID string `json:"last_read_id"`
	}
	if err := json.Unmarshal([]byte(a.Body), &found); err != nil || found[m.timeline].ID != fmt.Sprint(m.n) {
		return fmt.Errorf("after write %d: %s, %v", m.n, a.Body, err)
	}
	return nil
}

// TestMoveDatabase takes a site of one process from SQLite to MariaDB, on to MySQL and back to SQLite, by the command
// that an operator runs, while members write. No request fails, nobody is logged out, and what was there is there.
func TestMoveDatabase(t *testing.T) {
	database := func(f servertest.Flavour) string {
		server := f.Server(t)
		if err := server.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
			t.Fatal(err)
		}
		return server.NewDatabase(t)
	}
	file := "sqlite:" + filepath.Join(t.TempDir(), "back.db")
	next := []string{database(servertest.FlavourMariaDB), database(servertest.FlavourMySQL), file}
	site := servertest.NewTintype(t, "DATABASE_NEXT="+next[0], "API_LIMIT=1000000/5m", "MIGRATE=auto")
	site.Start()
	ann := servertest.NewClient(t, site.URL).SignUp("ann")
	bob := servertest.NewClient(t, site.URL).SignUpByToken("bob")
	photo := bob.PostPhoto(phototest.JPEG(phototest.Options{Width: 700, Height: 500}), "before every move 👻")
	slow := servertest.WatchSlow(t)
	movers := []*mover{{Client: bob, timeline: "home", slow: slow}, {Client: bob, timeline: "notifications", slow: slow}}
	now := "sqlite:" + filepath.Join(site.DataDir, "tintype.db")
	for i, to := range next {
		stop := make(chan struct{})
		var wg sync.WaitGroup
		var turns atomic.Int64
		for _, m := range movers {
			m.longest = 0
			wg.Go(func() {
				tick := time.NewTicker(20 * time.Millisecond)
				defer tick.Stop()
				for {
					select {
					case <-stop:
						return
					case <-tick.C:
					}
					if err := m.turn(); err != nil {
						t.Error(err)
						return
					}
					turns.Add(1)
				}
			})
		}
		if out, stderr, err := site.Command("doctor"); err != nil || !strings.Contains(out, "DATABASE_NEXT: ") {
			t.Errorf("%v: %s%s", err, out, stderr)
		}
		out, stderr, err := site.Command("move", "database")
		if err != nil || !strings.Contains(out, "DATABASE_URL=") || !strings.Contains(out, "1 process has both databases") {
			t.Fatalf("%v: %s%s", err, out, stderr)
		}
		// The same process goes on, in the other database.
		before := turns.Load()
		servertest.Within(t, time.Minute, "members' writes after the move", func() bool { return turns.Load() > before+20 || t.Failed() })
		close(stop)
		wg.Wait()
		for _, m := range movers {
			servertest.WaitedAtMost(t, m.longest)
			t.Logf("%d writes, the longest took %v", m.n, m.longest)
		}
		ann.LoggedIn("ann")
		bob.Sees("/api/v1/statuses/"+photo.ID, "before every move")
		status, _, err := site.Command("move", "status")
		if err != nil || !strings.Contains(status, "it has moved from") {
			t.Errorf("%v: %s", err, status)
		}
		// A process that has the old database alone does not serve it. One with both does.
		if err := site.Stop(); err != nil {
			t.Fatal(err)
		}
		site.Set("DATABASE_URL="+now, "DATABASE_NEXT=")
		site.StartOnly()
		if err := site.Wait(time.Minute); err == nil || !strings.Contains(site.Logs(), "the site has moved to") {
			t.Errorf("it serves the database that the site has left: %v", err)
		}
		site.Set("DATABASE_NEXT=" + to)
		site.Start()
		ann.LoggedIn("ann")
		if err := movers[0].turn(); err != nil {
			t.Error(err)
		}
		if out, stderr, err := site.Command("move", "finish", "database"); err != nil {
			t.Fatalf("%v: %s%s", err, out, stderr)
		}
		if err := site.Stop(); err != nil {
			t.Fatal(err)
		}
		site.Set("DATABASE_URL="+to, "DATABASE_NEXT=")
		if i+1 < len(next) {
			site.Set("DATABASE_NEXT=" + next[i+1])
		}
		site.Start()
		ann.LoggedIn("ann")
		for _, m := range movers {
			if err := m.turn(); err != nil {
				t.Error(err)
			}
		}
		now = to
	}
	if info, err := os.Stat(strings.TrimPrefix(file, "sqlite:")); err != nil || info.Size() == 0 {
		t.Error(err)
	}
}
