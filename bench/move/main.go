// Command move moves the database of a running site from SQLite to MariaDB and back, again and again, by the command
// that an operator types, while members write and visitors read. It tells what they noticed: failed requests, and how long
// a write waited at most in each of the moves. The first move has nobody at work: its copy tells the rows a second.
// Then it moves many photos from a disk to a bucket, and tells what the triggers of a move cost a write by themselves.
//
// Everything runs on loopback on one machine, the site, the server, the mover and the people: the figures are those of a
// machine that is busy with all of them. The server keeps less than one that holds a site (see the last line).
//
//	go run ./bench/move [-json] [-posts 30000] [-accounts 600] [-switches 10] [-people 6] [-photos 20000] [-writes 2000]
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tintype/bench/rig"
	"tintype/internal/servertest"
)

func main() {
	asJSON := flag.Bool("json", false, "write the report as JSON")
	posts := flag.Int("posts", 30_000, "posts of the site, with what belongs to them")
	accounts := flag.Int("accounts", 600, "its members")
	switches := flag.Int("switches", 10, "moves with people at work")
	people := flag.Int("people", 6, "members who write all the time; half as many visitors read")
	photos := flag.Int("photos", 20_000, "photos to move from a disk to a bucket; 0: leave that out")
	writes := flag.Int("writes", 2000, "writes with and without triggers; 0: leave that out")
	flag.Parse()
	rig.Main(func(t *rig.T) error {
		r, err := measure(t, *accounts, *posts, *switches, *people)
		if err == nil && *photos > 0 {
			r.Photos, err = movePhotos(t, *photos)
		}
		if err == nil && *writes > 0 {
			r.Triggers, err = costOfTriggers(t, *writes)
		}
		if err != nil {
			return err
		}
		if *asJSON {
			out := json.NewEncoder(os.Stdout)
			out.SetIndent("", "  ")
			if err := out.Encode(r); err != nil {
				return err
			}
		} else {
			r.text()
		}
		return r.judge()
	})
}

// A report is what was measured. Times are in milliseconds.
type report struct {
	Rows       int64   `json:"rows"`
	Copy       float64 `json:"copy_rows_a_second"` // with nobody at work
	WholeMs    int64   `json:"whole_move_ms"`      // the same move with its comparison and switch
	Requests   int64   `json:"requests"`
	Failed     int64   `json:"failed_requests"`
	FirstError string  `json:"first_error,omitempty"`
	Waits      []int64 `json:"longest_write_ms"` // in each move with people at work
	Held       []int64 `json:"held_ms"`          // how long the source took no writes
	PeakBytes  int64   `json:"mover_bytes"`      // the most memory that a mover held
	Durability string  `json:"durability"`

	CopyBytes float64         `json:"copy_bytes_a_second"` // as the rows are in the source
	Photos    *photoReport    `json:"photos,omitempty"`
	Triggers  []triggerReport `json:"triggers,omitempty"`
}

// Goals, of which the program says so itself.
const (
	goalWait   = 2000
	goalMedian = 500
	goalCopy   = 20_000
	goalMemory = 150e6
)

func median(of []int64) int64 {
	if len(of) == 0 {
		return 0
	}
	of = slices.Sorted(slices.Values(of))
	return of[len(of)/2]
}

func (r *report) text() {
	longest := int64(0)
	if len(r.Waits) > 0 {
		longest = slices.Max(r.Waits)
	}
	rig.Table(
		[]string{"", "", "goal"},
		[]string{"failed requests", fmt.Sprintf("%d of %d", r.Failed, r.Requests), "0"},
		[]string{"longest wait of a write", fmt.Sprintf("%d ms", longest), "2000 ms"},
		[]string{fmt.Sprintf("median of the longest waits of %d moves", len(r.Waits)), fmt.Sprintf("%d ms", median(r.Waits)), "500 ms"},
		[]string{"median time in which the source took no writes", fmt.Sprintf("%d ms", median(r.Held)), ""},
		[]string{fmt.Sprintf("copy of %d rows, SQLite to MariaDB, nobody at work", r.Rows), fmt.Sprintf("%.0f rows a second", r.Copy), "20000"},
		[]string{"of their bytes, without indexes", fmt.Sprintf("%.1f MB a second", r.CopyBytes/1e6), ""},
		[]string{"the whole of that move", fmt.Sprintf("%.1f s", float64(r.WholeMs)/1000), ""},
		[]string{"most memory of a mover", rig.MB(r.PeakBytes), "150 MB"},
	)
	fmt.Printf("longest waits: %v ms\n%s\n", r.Waits, r.Durability)
	if p := r.Photos; p != nil {
		fmt.Printf("%d photos (%d files, %s) from a disk to a bucket: copied and compared in %.1f s, the whole move took %.1f s: %.0f photos, %.1f MB a second\n",
			p.Photos, p.Files, rig.MB(p.Bytes), float64(p.CopyMs)/1000, float64(p.TookMs)/1000, p.Rate, float64(p.Bytes)/float64(max(p.TookMs, 1))/1000)
	}
	for _, c := range r.Triggers {
		fmt.Printf("a transaction of two rows in %s, median: %.0f µs, with triggers that do nothing %.0f µs, with those that log %.0f µs\n", c.Database, c.Plain, c.Idle, c.Logging)
	}
	if r.FirstError != "" {
		fmt.Println("the first that failed:", r.FirstError)
	}
}

// judge says which goal was missed.
func (r *report) judge() error {
	var missed []string
	miss := func(is bool, what string) {
		if is {
			missed = append(missed, what)
		}
	}
	miss(r.Failed > 0, "failed requests")
	miss(len(r.Waits) > 0 && slices.Max(r.Waits) > goalWait, "longest wait")
	miss(median(r.Waits) > goalMedian, "median wait")
	miss(r.Copy < goalCopy, "copy")
	miss(r.PeakBytes > goalMemory, "memory")
	if len(missed) > 0 {
		return fmt.Errorf("goals that are missed: %s", strings.Join(missed, ", "))
	}
	return nil
}

// crowd are people at work.
type crowd struct {
	requests, failed atomic.Int64
	longest          atomic.Int64 // nanoseconds, of the writes since it was last set to 0
	first            atomic.Pointer[string]
	stop             chan struct{}
	wg               sync.WaitGroup
}

func (c *crowd) note(err error) {
	c.requests.Add(1)
	if err != nil {
		c.failed.Add(1)
		text := err.Error()
		c.first.CompareAndSwap(nil, &text)
	}
}

// each runs act every so often until the end.
func (c *crowd) each(every time.Duration, act func(n int)) {
	c.wg.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for n := 1; ; n++ {
			select {
			case <-c.stop:
				return
			case <-tick.C:
			}
			act(n)
		}
	})
}

// member writes, and reads what he wrote.
func (c *crowd) member(client *servertest.Client) {
	c.each(20*time.Millisecond, func(n int) {
		begin := time.Now()
		_, err := client.Must(http.StatusOK, servertest.Form("/api/v1/markers", "home[last_read_id]", fmt.Sprint(n)))
		took := int64(time.Since(begin))
		for was := c.longest.Load(); took > was && !c.longest.CompareAndSwap(was, took); was = c.longest.Load() {
		}
		c.note(err)
		if err != nil {
			return
		}
		a, err := client.Must(http.StatusOK, servertest.Read("/api/v1/markers?timeline[]=home"))
		if err == nil && !strings.Contains(a.Body, fmt.Sprintf(`"last_read_id":"%d"`, n)) {
			err = fmt.Errorf("after write %d: %s", n, a.Body)
		}
		c.note(err)
	})
}

func (c *crowd) visitor(client *servertest.Client) {
	paths := []string{"/", "/explore", "/api/v1/timelines/public", "/api/v2/instance"}
	c.each(40*time.Millisecond, func(n int) {
		_, err := client.Must(http.StatusOK, servertest.Read(paths[n%len(paths)]))
		c.note(err)
	})
}

func measure(t *rig.T, accounts, posts, switches, people int) (*report, error) {
	server := servertest.FlavourMariaDB.Server(t)
	if err := server.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
		return nil, err
	}
	site := rig.Site(t, accounts, posts, 4)
	file, other := "sqlite:"+filepath.Join(site.DataDir, "tintype.db"), server.NewDatabase(t)
	site.Set("DATABASE_NEXT="+other, "PAGE_LIMIT=1000000000/1m", "MIGRATE=auto")
	site.Start()
	r := &report{}
	var err error
	if r.Durability, err = durability(server); err != nil {
		return nil, err
	}
	name := "mysql://" + other[strings.LastIndexByte(other, '@')+1:]
	moves := 0
	move := func() (took, error) {
		args := []string{"move", "database", "--json"}
		if moves > 0 { // to the place that it has left last
			args = []string{"move", "back", "database", "--json", "--empty=" + []string{name, file}[moves%2]}
		}
		moves++
		return run(t, site, r, args...)
	}
	first, err := move()
	if err != nil {
		return nil, err
	}
	r.Rows, r.WholeMs = first.Rows, first.TookMs
	if first.CopyMs > 0 {
		r.Copy = float64(first.Rows) / float64(first.CopyMs) * 1000
		r.CopyBytes = float64(first.Bytes) / float64(first.CopyMs) * 1000
	}
	t.Logf("%d rows, copied in %.1f s", first.Rows, float64(first.CopyMs)/1000)

	c := &crowd{stop: make(chan struct{})}
	for i := range people {
		c.member(servertest.NewClient(t, site.URL).SignUpByToken(fmt.Sprint("benchmember", i)))
		if i%2 == 0 {
			c.visitor(servertest.NewClient(t, site.URL))
		}
	}
	for range switches {
		c.longest.Store(0)
		m, err := move()
		if err != nil {
			return nil, err
		}
		time.Sleep(500 * time.Millisecond) // until what waited has been answered
		r.Waits, r.Held = append(r.Waits, c.longest.Load()/int64(time.Millisecond)), append(r.Held, m.HeldMs)
		t.Logf("move %d: %.1f s, the longest write took %d ms", len(r.Waits), float64(m.TookMs)/1000, r.Waits[len(r.Waits)-1])
	}
	close(c.stop)
	c.wg.Wait()
	r.Requests, r.Failed = c.requests.Load(), c.failed.Load()
	if text := c.first.Load(); text != nil {
		r.FirstError = *text
	}
	return r, nil
}

// took is what the command says of a move.
type took struct {
	Event  string `json:"event"`
	Rows   int64  `json:"rows"`
	TookMs int64  `json:"took_ms"`
	CopyMs int64  `json:"copy_ms"`
	HeldMs int64  `json:"held_ms"`
	Bytes  int64  `json:"bytes"` // that were found before
}

// run runs the command to its end, and looks at its memory meanwhile.
func run(t *rig.T, site *servertest.Instance, r *report, args ...string) (took, error) {
	mover := site.StartCommand(args...)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for ended := false; !ended; {
		select {
		case <-mover.Ended():
			ended = true
		case <-tick.C:
			r.PeakBytes = max(r.PeakBytes, rig.PeakOf(mover.PID()))
		}
	}
	out, err := mover.Wait()
	if err != nil {
		return took{}, fmt.Errorf("tintype %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	bytes := int64(0)
	for line := range strings.Lines(out) {
		var m took
		if json.Unmarshal([]byte(line), &m) != nil {
			continue
		}
		switch m.Event {
		case "checked":
			bytes = m.Bytes
		case "took":
			m.Bytes = bytes
			return m, nil
		}
	}
	return took{}, fmt.Errorf("tintype %s did not say what it took:\n%s", strings.Join(args, " "), out)
}

// durability says what the server's figures rest on.
func durability(server *servertest.DatabaseServer) (string, error) {
	var values []string
	for _, name := range []string{"innodb_flush_log_at_trx_commit", "innodb_doublewrite", "sync_binlog"} {
		v, err := server.Value("SELECT @@GLOBAL." + name)
		if err != nil {
			return "", err
		}
		values = append(values, name+"="+v)
	}
	return "MariaDB with " + strings.Join(values, ", ") + "; SQLite with synchronous=FULL", nil
}
