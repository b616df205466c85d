// Command timeline measures what readers ask for most: the public timeline of the client API, in CPU of the server's
// process for each request, and the public page of a visitor against a bare net/http handler that sends the same bytes.
//
// The timeline is asked for twice: below a cursor, where it is read from the database for every request, and as clients
// open it, where the site keeps the bytes of what visitors see until it commits something, five seconds at most. Beside
// them, in the same run, stands PocketBase's list of 24 records with an expanded relation.
//
// The visitor's page is kept, too: the site keeps visitors' pages in memory until it commits something, five seconds at
// most. In this measurement nobody writes, so what is compared is the way of a kept page through the server, and its
// making once in five seconds.
//
// Both are asked for by visitors over four connections that stay open, without compression, in HTTP/1.1, by a generator
// on the same machine. CPU is that of the server's whole process, the collector and the kernel's part included. It fails where
// a goal is missed.
//
//	go run ./bench/timeline [-for 10s] [-rounds 3] [-accounts 200] [-posts 2000] [-pocketbase PROGRAM]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"tintype/bench/rig"
	"tintype/internal/servertest"
)

// The first page of what visitors see is kept by the site; the same posts below a cursor above all of them are
// read from the database.
const (
	// leastRatio is how many of a bare handler's requests the site answers at least.
	leastRatio = 0.5

	kept     = "/api/v1/timelines/public?limit=24"
	timeline = kept + "&max_id=9223372036854775807"
)

func main() {
	duration := flag.Duration("for", 10*time.Second, "how long each round asks")
	rounds := flag.Int("rounds", 3, "rounds; the least CPU and the most requests count")
	accounts := flag.Int("accounts", 200, "members of the site")
	posts := flag.Int("posts", 2000, "posts of the site")
	program := flag.String("pocketbase", "", "PocketBase's program; empty: bench/pocketbase is built, which takes minutes")
	bare := flag.String("bare", "", "internal: serve this file and nothing else")
	flag.Parse()
	if *bare != "" {
		if err := serve(*bare); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	rig.Main(func(t *rig.T) error {
		site := rig.Site(t, *accounts, *posts, 8)
		site.Start()
		goals, err := measureAPI(t, site, *program, *accounts, *posts, *rounds, *duration)
		if err != nil {
			return err
		}
		page, err := measurePage(t, site, *rounds, *duration)
		if err != nil {
			return err
		}
		return rig.Judge(append(goals, page)...)
	})
}

// measureAPI takes turns between the site's timelines and PocketBase's list, and compares the least CPU of each.
func measureAPI(t *rig.T, site *servertest.Instance, program string, accounts, posts, rounds int, duration time.Duration) ([]rig.Goal, error) {
	port, pid, err := startPocketBase(t, program, accounts, posts)
	if err != nil {
		return nil, err
	}
	type side struct {
		name, path string
		goal       float64 // 0: none
		port, pid  int
		best       time.Duration
		most       rig.Load
	}
	peer := &side{name: "PocketBase, " + records, path: records, port: port, pid: pid}
	sides := []*side{
		peer,
		{name: "read from the database, " + timeline, goal: 0.286, path: timeline, port: site.Port, pid: site.PID()},
		{name: "kept, " + kept, goal: 0.100, path: kept, port: site.Port, pid: site.PID()},
	}
	for round := range rounds + 1 {
		for _, s := range sides {
			length := duration
			if round == 0 {
				length = time.Second // warm
			}
			before := rig.CPU(t, s.pid)
			l, err := rig.Get(s.port, 4, length, s.path)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.path, err)
			}
			each := (rig.CPU(t, s.pid) - before) / time.Duration(l.Requests)
			if round > 0 && (s.best == 0 || each < s.best) {
				s.best = each
			}
			if round > 0 && l.PerSecond() > s.most.PerSecond() {
				s.most = l
			}
		}
	}
	fmt.Println("A visitor's GET of 24 posts")
	rows := [][]string{{"", "CPU of the server a request", "of PocketBase's", "at most", "requests a second", "bytes"}}
	var goals []rig.Goal
	for _, s := range sides {
		ratio, most := float64(s.best)/float64(peer.best), ""
		if s.goal > 0 {
			goals, most = append(goals, rig.Goal{What: s.name, Measured: ratio, Bound: s.goal}), fmt.Sprintf("%.3f", s.goal)
		}
		rows = append(rows, []string{
			s.name, fmt.Sprintf("%d µs", s.best.Microseconds()), fmt.Sprintf("%.3f", ratio), most, fmt.Sprintf("%.0f", s.most.PerSecond()),
			strconv.Itoa(s.most.Bytes),
		})
	}
	rig.Table(rows...)
	fmt.Println()
	return goals, nil
}

// measurePage takes turns between the site's public page and the same bytes from a bare handler in a process of its
// own, and compares the best round of each.
func measurePage(t *rig.T, site *servertest.Instance, rounds int, duration time.Duration) (rig.Goal, error) {
	body, err := fetch(site.Port, "/")
	if err != nil {
		return rig.Goal{}, fmt.Errorf("the public page: %w", err)
	}
	file := t.TempDir() + "/page"
	if err := os.WriteFile(file, body, 0o600); err != nil {
		return rig.Goal{}, err
	}
	plain, port, err := startBare(file)
	if err != nil {
		return rig.Goal{}, err
	}
	t.Cleanup(func() { _ = plain.Process.Kill(); _ = plain.Wait() })
	type side struct {
		name      string
		port, pid int
		rates     []float64
		cpu       []time.Duration
	}
	sides := []*side{{name: "public page", port: site.Port, pid: site.PID()}, {name: "bare net/http handler", port: port, pid: plain.Process.Pid}}
	for round := range rounds + 1 {
		for _, s := range sides {
			length := duration
			if round == 0 {
				length = time.Second // warm
			}
			before := rig.CPU(t, s.pid)
			l, err := rig.Get(s.port, 4, length, "/")
			if err != nil {
				return rig.Goal{}, err
			}
			if round > 0 {
				s.rates = append(s.rates, l.PerSecond())
				s.cpu = append(s.cpu, (rig.CPU(t, s.pid)-before)/time.Duration(l.Requests))
			}
		}
	}
	fmt.Printf("GET / as a visitor, %d bytes, from the visitors' pages that the site keeps in memory\n", len(body))
	rows := [][]string{{"", "requests a second", "CPU a request"}}
	for _, s := range sides {
		rows = append(rows, []string{s.name, fmt.Sprintf("%.0f", slices.Max(s.rates)), fmt.Sprintf("%d µs", slices.Min(s.cpu).Microseconds())})
	}
	ratio := slices.Max(sides[0].rates) / slices.Max(sides[1].rates)
	rows = append(rows, []string{fmt.Sprintf("ratio (goal: at least %.1f)", leastRatio), fmt.Sprintf("%.2f", ratio), ""})
	rig.Table(rows...)
	return rig.Goal{What: "the visitor's page against a bare handler", Measured: ratio, Bound: leastRatio, Least: true}, nil
}

func fetch(port int, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	// Without compression, as the generator asks.
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://localhost:%d%s", port, path), nil)
	if err != nil {
		return nil, err
	}
	res, err := (&http.Transport{DisableCompression: true}).RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = errors.New(res.Status)
	}
	return body, err
}

// startBare starts this program again, as the bare handler.
func startBare(file string) (*exec.Cmd, int, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, 0, err
	}
	c := exec.Command(self, "-bare", file)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, 0, err
	}
	if err := c.Start(); err != nil {
		return nil, 0, err
	}
	var port int
	if _, err := fmt.Fscanln(out, &port); err != nil {
		return nil, 0, errors.Join(err, c.Process.Kill(), c.Wait())
	}
	return c, port, nil
}

func serve(file string) error {
	body, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, port, _ := strings.Cut(l.Addr().String(), ":")
	fmt.Println(port)
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(body)
	})}
	time.AfterFunc(10*time.Minute, func() { _ = server.Close() }) // also when the parent has died
	return server.Serve(l)
}
