package rig

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Load is the result of a run of requests.
type Load struct {
	Requests int
	Took     time.Duration
	Bytes    int // of one answer's body
	Status   int // of the last answer
}

// PerSecond is the requests a second.
func (l Load) PerSecond() float64 {
	if l.Took == 0 {
		return 0
	}
	return float64(l.Requests) / l.Took.Seconds()
}

// Get requests the paths in turn, over connections that stay open, for the given time. Any status but 200 is an error.
// The client does as little as it can, because it shares the processors with the server.
func Get(port, connections int, duration time.Duration, paths ...string) (Load, error) {
	var mu sync.Mutex
	var total Load
	var first error
	var wg sync.WaitGroup
	start := time.Now()
	for c := range connections {
		wg.Go(func() {
			l, err := getOn(port, start.Add(duration), paths[c%len(paths):], paths)
			mu.Lock()
			defer mu.Unlock()
			total.Requests += l.Requests
			total.Bytes, total.Status = l.Bytes, l.Status
			if first == nil {
				first = err
			}
		})
	}
	wg.Wait()
	total.Took = time.Since(start)
	return total, first
}

func getOn(port int, until time.Time, paths, again []string) (l Load, err error) {
	conn, err := net.DialTimeout("tcp", "127.0.0.1:"+strconv.Itoa(port), 5*time.Second)
	if err != nil {
		return l, err
	}
	defer conn.Close()
	r := bufio.NewReaderSize(conn, 64<<10)
	for time.Now().Before(until) {
		if len(paths) == 0 {
			paths = again
		}
		if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
			return l, err
		}
		if _, err := io.WriteString(conn, "GET "+paths[0]+" HTTP/1.1\r\nHost: localhost:"+strconv.Itoa(port)+"\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"); err != nil {
			return l, err
		}
		if l.Status, l.Bytes, err = readAnswer(r); err != nil {
			return l, fmt.Errorf("GET %s: %w", paths[0], err)
		}
		if l.Status != 200 {
			return l, fmt.Errorf("GET %s: status %d", paths[0], l.Status)
		}
		l.Requests++
		paths = paths[1:]
	}
	return l, nil
}

// readAnswer reads one answer to its end and returns the size of its body.
func readAnswer(r *bufio.Reader) (status, size int, err error) {
	length, chunked := -1, false
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, 0, err
		}
		text := strings.TrimRight(string(line), "\r\n")
		switch {
		case first:
			if len(text) < 12 {
				return 0, 0, errors.New("no status line")
			}
			if status, err = strconv.Atoi(text[9:12]); err != nil {
				return 0, 0, err
			}
			continue
		case text != "":
			name, value, _ := strings.Cut(text, ":")
			switch value = strings.TrimSpace(value); strings.ToLower(name) {
			case "content-length":
				if length, err = strconv.Atoi(value); err != nil {
					return 0, 0, err
				}
			case "transfer-encoding":
				chunked = value == "chunked"
			}
			continue
		}
		break
	}
	if !chunked {
		if length < 0 {
			return 0, 0, errors.New("an answer without a length")
		}
		_, err = r.Discard(length)
		return status, length, err
	}
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, 0, err
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(line)), 16, 32)
		if err != nil {
			return 0, 0, err
		}
		if _, err := r.Discard(int(n) + 2); err != nil {
			return 0, 0, err
		}
		if n == 0 {
			return status, size, nil
		}
		size += int(n)
	}
}
