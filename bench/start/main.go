// Command start measures a site that starts on a database that is there: the time until it is ready, the memory that
// it holds at rest, and the size of the program.
//
// The time is from before the process is made until /readyz says 200, asked every millisecond on a new connection. The
// schema is there and the files are in the kernel's cache; no start migrates. Memory is that of the first few starts,
// each five seconds later and before any request but those: what the process holds in RAM (VmRSS), of which the pages of
// the program's own file that have been touched are shared and can be dropped. The greatest counts: where Go puts
// things differs between starts. The program is built as by go build; its size is told as it is released, without what
// debuggers want.
//
//	go run ./bench/start [-runs 30] [-rests 10] [-accounts 60] [-posts 400]
package main

import (
	"flag"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"tintype/bench/rig"
)

func main() {
	runs := flag.Int("runs", 30, "how often it is started")
	rests := flag.Int("rests", 10, "in how many of the starts memory is measured, which takes five seconds each")
	accounts := flag.Int("accounts", 60, "members of the site")
	posts := flag.Int("posts", 400, "posts of the site")
	flag.Parse()
	*runs = max(*runs, 1)
	*rests = min(max(*rests, 1), *runs)
	rig.Main(func(t *rig.T) error {
		site := rig.Site(t, *accounts, *posts, 4)
		var ready []time.Duration
		var held, own []int64
		for run := range *runs {
			begin := time.Now()
			site.StartOnly()
			if err := answers(site.Port, begin.Add(30*time.Second)); err != nil {
				return err
			}
			ready = append(ready, time.Since(begin))
			if run < *rests {
				time.Sleep(5 * time.Second)
				now, _ := rig.Memory(t, site.PID())
				held = append(held, now)
				own = append(own, rig.Allocated(t, site.PID()))
			}
			if err := site.Stop(); err != nil {
				return err
			}
		}
		slices.Sort(ready)
		slices.Sort(held)
		slices.Sort(own)
		fmt.Printf("%d starts on SQLite with %d posts by %d members\n", *runs, *posts, *accounts)
		rig.Table(
			[]string{"", "figure", "goal"},
			[]string{"start to ready, median", rig.Millis(rig.Percentile(ready, 0.5)), "150 ms"},
			[]string{"start to ready, slowest", rig.Millis(ready[len(ready)-1]), ""},
			[]string{"memory at rest (after 5 s), median", rig.MB(held[len(held)/2]), ""},
			[]string{"memory at rest, greatest", rig.MB(held[len(held)-1]), "50 MB"},
			[]string{"  allocated, greatest", rig.MB(own[len(own)-1]), ""},
			[]string{"program (stripped)", rig.MB(rig.ReleaseSize(t)), ""},
		)
		return nil
	})
}

// answers waits until /readyz is 200, asking every millisecond on new connections.
func answers(port int, until time.Time) error {
	for time.Now().Before(until) {
		if status(port) == "200" {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return fmt.Errorf("not ready in time")
}

func status(port int) string {
	conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
	if err != nil {
		return ""
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return ""
	}
	fmt.Fprintf(conn, "GET /readyz HTTP/1.1\r\nHost: localhost:%d\r\nConnection: close\r\n\r\n", port)
	buf := make([]byte, 64)
	n, _ := conn.Read(buf)
	_, rest, _ := strings.Cut(string(buf[:n]), " ")
	code, _, _ := strings.Cut(rest, " ")
	return code
}
