package e2e

import (
	"encoding/json"
	"hash/fnv"
	"math/rand/v2"
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

// keepWriting has each of them write and read until stop is called. Turns counts what was done.
func keepWriting(t *testing.T, movers []*mover) (turns *atomic.Int64, stop func()) {
	turns = &atomic.Int64{}
	quit := make(chan struct{})
	var wg sync.WaitGroup
	for _, m := range movers {
		wg.Go(func() {
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-quit:
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
	return turns, func() { close(quit); wg.Wait() }
}

// wayBack is what move status says of the way back.
type wayBack struct {
	To       string `json:"to"`
	Behind   int64  `json:"behind"`
	BehindMs int64  `json:"behind_ms"`
	Replayed int64  `json:"replayed"`
	Ended    string `json:"ended"`
}

func wayBackOf(t *testing.T, site *servertest.Instance) *wayBack {
	t.Helper()
	out, stderr, err := site.Command("move", "status", "--json")
	var status struct {
		WayBack *wayBack `json:"way_back"`
	}
	if err != nil || json.Unmarshal([]byte(out), &status) != nil {
		t.Fatalf("%v: %s%s", err, out, stderr)
	}
	return status.WayBack
}

// TestMoveDatabaseAndBack takes a site of one process to another database and back again by what was logged there, while
// members write. The process, which keeps the old database up, is killed on the way; so is the command that moves back.
// What was written in the new database is there afterwards.
func TestMoveDatabaseAndBack(t *testing.T) {
	servertest.OneOf(t, 0, 3)
	flavour := servertest.AnyFlavour(t)
	server := func(t *testing.T) string {
		s := flavour.Server(t)
		if err := s.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
			t.Fatal(err)
		}
		return s.NewDatabase(t)
	}
	file := func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "site.db") }
	routes := []struct {
		name     string
		from, to func(*testing.T) string
	}{{"from a file to a server", file, server}, {"from a server to a file", server, file}}
	h := fnv.New32a()
	h.Write([]byte(os.Getenv("TEST_SEED") + "way back"))
	for i, route := range routes {
		if !servertest.All() && int(h.Sum32()>>16%2) != i { // the seed chooses one
			continue
		}
		t.Run(route.name, func(t *testing.T) { moveThereAndBack(t, route.from(t), route.to(t)) })
	}
}

func moveThereAndBack(t *testing.T, from, to string) {
	site := servertest.NewTintype(t, "DATABASE_URL="+from, "DATABASE_NEXT="+to, "API_LIMIT=1000000/5m", "MIGRATE=auto")
	site.Start()
	ann := servertest.NewClient(t, site.URL).SignUp("ann")
	bob := servertest.NewClient(t, site.URL).SignUpByToken("bob")
	slow := servertest.WatchSlow(t)
	movers := []*mover{{Client: bob, timeline: "home", slow: slow}, {Client: bob, timeline: "notifications", slow: slow}}
	written := func(turns *atomic.Int64, n int64) {
		t.Helper()
		before := turns.Load()
		servertest.Within(t, time.Minute, "members' writes", func() bool { return turns.Load() >= before+n || t.Failed() })
	}
	turns, stop := keepWriting(t, movers)
	written(turns, 10)

	out, stderr, err := site.Command("move", "database", "--dry-run")
	if err != nil || !strings.Contains(out, "copies everything again") || !strings.Contains(out, "With --way-back") || !strings.Contains(out, "It takes less than a minute.") || !strings.Contains(out, "\nNeeded: every process") || !strings.Contains(out, "TRIGGER in mysql://") || strings.Count(out, "\n") > 12 {
		t.Errorf("%v: %s%s", err, out, stderr)
	}
	if out, stderr, err = site.Command("move", "database", "--way-back=2h"); err != nil || !strings.Contains(out, "for 2h0m0s") || !strings.Contains(out, "is kept up") || strings.Count(out, "\n") > 20 {
		t.Fatalf("%v: %s%s", err, out, stderr)
	}
	written(turns, 50)
	photo := bob.PostPhoto(phototest.JPEG(phototest.Options{Width: 700, Height: 500}), "posted in the new database 👻")
	stop()

	// Killed, it goes on where it was.
	for range 2 {
		site.Kill()
		site.Start()
		turns, stop = keepWriting(t, movers)
		written(turns, 20+rand.Int64N(60))
		stop()
	}
	servertest.Within(t, time.Minute, "the old database has everything", func() bool {
		w := wayBackOf(t, site)
		return w != nil && w.Ended == "" && w.Behind == 0 && w.BehindMs >= 0 && w.BehindMs < 10_000 && w.Replayed > 0
	})

	// A process with the new database alone would stand in the way back, and does not start.
	if err := site.Stop(); err != nil {
		t.Fatal(err)
	}
	site.Set("DATABASE_URL="+to, "DATABASE_NEXT=")
	site.StartOnly()
	if err := site.Wait(time.Minute); err == nil || !strings.Contains(site.Logs(), "keeps a way back to") {
		t.Errorf("it starts without the old database: %v", err)
	}
	site.Set("DATABASE_NEXT=" + from)
	site.Start()

	turns, stop = keepWriting(t, movers)
	written(turns, 20)
	if out, stderr, err := site.Command("move", "abort", "database"); err == nil {
		t.Errorf("it aborts a move that is over: %s%s", out, stderr)
	}
	back := site.StartCommand("move", "back", "database")
	written(turns, 5+rand.Int64N(60))
	back.Kill()
	if out, stderr, err = site.Command("move", "back", "database", "--json"); err != nil || !strings.Contains(out, `"event":"moved"`) || strings.Contains(out, `"phase":"copying"`) {
		t.Fatalf("%v: %s%s", err, out, stderr)
	}
	written(turns, 50)
	stop()
	for _, m := range movers {
		servertest.WaitedAtMost(t, m.longest)
		t.Logf("%d writes, the longest took %v", m.n, m.longest)
	}
	ann.LoggedIn("ann")
	bob.Sees("/api/v1/statuses/"+photo.ID, "posted in the new database")

	if out, stderr, err := site.Command("move", "finish", "database"); err != nil {
		t.Fatalf("%v: %s%s", err, out, stderr)
	}
	if err := site.Stop(); err != nil {
		t.Fatal(err)
	}
	site.Set("DATABASE_URL="+from, "DATABASE_NEXT=")
	site.Start()
	ann.LoggedIn("ann")
	for _, m := range movers {
		if err := m.turn(); err != nil {
			t.Error(err)
		}
	}
}
