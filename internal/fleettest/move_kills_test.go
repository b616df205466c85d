package fleettest

import (
	"context"
	"database/sql"
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

// tormented is a process that is killed and hung. What it was asked meanwhile may go unanswered.
type tormented struct {
	*servertest.Instance
	times atomic.Int64 // odd while it is down or hangs
}

func (p *tormented) torment(do func()) {
	p.times.Add(1)
	do()
	p.times.Add(1)
}

// commenter writes comments, each until it is acknowledged, and reads what was acknowledged.
type commenter struct {
	*servertest.Client
	name, root string
	at         []*tormented
	acked      []string // texts
	slow       *servertest.Slow
	tries      int
	excused    int           // answers that the site cannot do it for the moment, while the machine was too busy
	longest    time.Duration // of the answers that nothing disturbed
}

// ask asks any process until one answers that was not disturbed meanwhile.
func (c *commenter) ask(q servertest.Request) servertest.Answer {
	for {
		p := c.at[rand.IntN(len(c.at))]
		times, begin := p.times.Load(), time.Now()
		a := c.At(p.Instance).Send(context.Background(), q)
		c.tries++
		if a.Err == nil && a.Status == http.StatusOK {
			if times%2 == 0 && p.times.Load() == times && !c.slow.Recently() {
				c.longest = max(c.longest, time.Since(begin))
			}
			return a
		}
		if times%2 != 0 || p.times.Load() != times {
			continue
		}
		if a.Status != http.StatusServiceUnavailable || !c.slow.Recently() {
			return a
		}
		c.excused++
	}
}

// turn writes a comment and reads it, by any two processes.
func (c *commenter) turn() error {
	text := fmt.Sprintf("%s says %d.", c.name, len(c.acked))
	a := c.ask(servertest.Form("/api/v1/statuses", "status", text, "in_reply_to_id", c.root).With("Idempotency-Key", text))
	var s servertest.Status
	if a.Err != nil || a.Status != http.StatusOK {
		return fmt.Errorf("%q: status %d: %.300s, %v, at %v", text, a.Status, a.Body, a.Err, time.Now())
	}
	if err := json.Unmarshal([]byte(a.Body), &s); err != nil {
		return err
	}
	c.acked = append(c.acked, text)
	if a = c.ask(servertest.Read("/api/v1/statuses/" + s.ID)); a.Err != nil || a.Status != http.StatusOK || !a.Holds(text) {
		return fmt.Errorf("%q was acknowledged and is not read: status %d: %.300s, %v, at %v", text, a.Status, a.Body, a.Err, time.Now())
	}
	return nil
}

// captions counts the comments in a database by what they say.
func captions(t *testing.T, address string) map[string]int {
	t.Helper()
	db := connect(t, address)
	rows, err := db.QueryContext(t.Context(), "SELECT caption, COUNT(*) FROM posts WHERE kind = 'comment' GROUP BY caption")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := map[string]int{}
	for rows.Next() {
		var text string
		var n int
		if err := rows.Scan(&text, &n); err != nil {
			t.Fatal(err)
		}
		found[text] = n
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

// TestMoveDatabaseAmidKills moves the database of three processes again and again, between MariaDB and MySQL 9, while
// members write. The mover and the processes are killed and hung at random moments: no request fails but at a process
// that is down or hangs, nothing is lost, nothing is there twice. TEST_SEED says when; TEST_ALL=1 kills 200 times.
func TestMoveDatabaseAmidKills(t *testing.T) {
	servertest.OneOf(t, 4, 6)
	rnd := servertest.Random(t)
	want := 2
	if servertest.All() {
		want = 200
	}
	flavours := []servertest.Flavour{servertest.FlavourMariaDB, servertest.FlavourMySQL}
	servers := make([]*servertest.DatabaseServer, len(flavours))
	for i, f := range flavours {
		servers[i] = f.Server(t)
		if err := servers[i].Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
			t.Fatal(err)
		}
	}
	url := servers[0].NewDatabase(t)
	f := prepare(t, 3, "DATABASE_URL="+url, "LOG_LEVEL=warn")
	f.start(t)
	processes := make([]*tormented, len(f))
	for i := range f {
		processes[i] = &tormented{Instance: f[i]}
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var turns atomic.Int64
	var databases []*sql.DB
	for _, server := range servers {
		databases = append(databases, connect(t, server.NewDatabase(t)))
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
	restart := func() {
		for _, p := range processes {
			p.torment(func() {
				if err := p.Stop(); err != nil {
					t.Errorf("it stops with %v", err)
				}
				p.Start()
			})
		}
	}
	upTo := func(d time.Duration) time.Duration { return time.Duration(rnd.Int64N(int64(d))) }
	moverKills, kills, hangs, moves := 0, 0, 0, 0
	for ; moverKills+kills < want && !t.Failed(); moves++ {
		from, to := servers[moves%2], servers[(moves+1)%2].NewDatabase(t)
		gate := "SELECT COUNT(*) FROM " + path.Base(url) + ".move_gate WHERE "
		for _, i := range f {
			i.Set("DATABASE_URL="+url, "DATABASE_NEXT="+to)
		}
		restart()
		for done := false; !done && !t.Failed(); {
			mover := f[0].StartCommand("move", "database", "--json")
			ended := func() bool {
				select {
				case <-mover.Ended():
					return true
				default:
					return false
				}
			}
			// Something happens early, or when processes are to ask often, or in the middle of the switch.
			until, late := "", upTo(1200*time.Millisecond)
			switch rnd.IntN(3) {
			case 0:
				until, late = "watch = 1", upTo(300*time.Millisecond)
			case 1:
				until, late = "hold <> 0 OR mode <> 'open'", upTo(100*time.Millisecond)
			}
			for n := "0"; until != "" && n != "1" && !ended(); {
				n, _ = from.Value(gate + until) // the gate may not be there yet
			}
			time.Sleep(late) // when it happens is the point
			p := processes[rnd.IntN(len(processes))]
			switch rnd.IntN(6) {
			case 0, 1:
				if !ended() {
					moverKills++
				}
				mover.Kill()
			case 2:
				hangs++
				mover.Signal(syscall.SIGSTOP)
				time.Sleep(upTo(3 * time.Second)) // how long it hangs is the point
				mover.Signal(syscall.SIGCONT)
			case 3:
				hangs++
				p.torment(func() {
					p.Signal(syscall.SIGSTOP)
					time.Sleep(upTo(4 * time.Second)) // the same
					p.Signal(syscall.SIGCONT)
				})
			default:
				kills++
				p.torment(func() {
					p.Kill()
					p.Start()
				})
			}
			out, err := mover.Wait()
			done = strings.Contains(out, `"event":"moved"`)
			if err != nil && !done && !strings.Contains(err.Error(), "killed") {
				t.Errorf("the move ends with %v: %s", err, out)
			}
		}
		before := turns.Load()
		servertest.Within(t, 2*time.Minute, "members' writes after the move", func() bool { return turns.Load() > before+20 || t.Failed() })
		if out, stderr, err := f[1].Command("move", "finish", "database"); err != nil {
			t.Errorf("%v: %s%s", err, out, stderr)
		}
		url = to
	}
	close(stop)
	wg.Wait()
	tries, excused := 0, 0
	var longest time.Duration
	there := func(query string) string {
		v, err := servers[moves%2].Value("SELECT " + strings.ReplaceAll(query, "DB", path.Base(url)))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	found := captions(t, url)
	for _, m := range members {
		tries, excused, longest = tries+m.tries, excused+m.excused, max(longest, m.longest)
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
	if n := there("COUNT(*) FROM DB.posts p WHERE p.kind = 'post' AND p.comments_count <> (SELECT COUNT(*) FROM DB.posts c WHERE c.kind = 'comment' AND c.root_id = p.id)"); n != "0" {
		t.Errorf("%s posts have other counts than comments", n)
	}
	if n := there("COUNT(*) FROM DB.instances"); n != "3" {
		t.Errorf("%s processes are listed", n)
	}
	servertest.WaitedAtMost(t, longest)
	t.Logf("%d moves, %d kills of the mover and %d of processes, %d hangs, %d writes by %d requests, the longest answer took %v; %d were refused on a busy machine", moves, moverKills, kills, hangs, turns.Load(), tries, longest, excused)
}
