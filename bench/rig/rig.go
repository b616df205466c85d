// Package rig is what the measurements share: the program as a separate process, the kernel's figures of it, a client
// that costs little, and tables. It works on Linux and on loopback only.
package rig

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"tintype/internal/servertest"
)

// T lets a measurement use helpers of tests outside of a test.
type T = servertest.Stage

// Main runs a measurement, cleans up behind it, and ends the program with status 1 if it failed.
func Main(measure func(t *T) error) {
	err := servertest.FindInstalled()
	if err == nil {
		err = servertest.Act(context.Background(), measure)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// Site is the program on a database with a demo of the given size, not yet started. Limits are out of the way.
func Site(t *T, accounts, posts, pictures int) *servertest.Instance {
	i := servertest.NewTintype(t, "API_LIMIT=1000000000/1m", "MAX_IN_FLIGHT=4096")
	_, stderr, err := i.Command("demo", "--quiet", "--accounts", strconv.Itoa(accounts), "--posts", strconv.Itoa(posts), "--pictures", strconv.Itoa(pictures))
	if err != nil {
		t.Fatalf("tintype demo: %v\n%s", err, stderr)
	}
	return i
}

// tick is the unit in which the kernel tells CPU times, on every Linux.
const tick = 10 * time.Millisecond

// CPU is the time that a process has spent on processors, in all its threads.
func CPU(t *T, pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	// The second field is the program's name in parentheses, and may hold spaces.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var sum int64
	for _, i := range []int{11, 12} { // utime, stime
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return time.Duration(sum) * tick
}

// Memory is what a process holds in RAM now and held at most, in bytes.
func Memory(t *T, pid int) (now, peak int64) { return status(t, pid, "VmRSS"), status(t, pid, "VmHWM") }

// PeakOf is the most that a process held in RAM so far, in bytes; 0 if it has ended.
func PeakOf(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	value, _, _ := strings.Cut(rest, "kB")
	kilobytes, _ := strconv.ParseInt(strings.TrimSpace(value), 10, 64) // of a process that has just ended there is none
	return kilobytes << 10
}

// Allocated is what a process holds in RAM now without the pages of files, its own program's above all, in bytes.
func Allocated(t *T, pid int) int64 { return status(t, pid, "RssAnon") }

func status(t *T, pid int, field string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); name == field {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatalf("the kernel does not tell %s", field)
	return 0
}

// ReleaseSize builds the program without what debuggers want, as it is released, and returns its size in bytes.
func ReleaseSize(t *T) int64 {
	file := filepath.Join(t.TempDir(), "tintype")
	c := exec.Command("go", "build", "-ldflags=-s -w", "-o", file, "tintype")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// Percentile is the value below which that share (0 to 1) of the sorted times lies.
func Percentile(sorted []time.Duration, share float64) time.Duration {
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

// MB writes bytes in millions.
func MB(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }

// Millis writes a time in milliseconds.
func Millis(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}

// Table prints rows with aligned columns; the first is the heading.
func Table(rows ...[]string) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	w.Flush()
}
