package media

import (
	"bufio"
	"context"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// Budget bounds the memory that all photos in work take together, in bytes estimated from their headers.
type Budget struct {
	size int64
	sem  *semaphore.Weighted
	used atomic.Int64

	waits  atomic.Int64
	waited atomic.Int64 // nanoseconds
}

// NewBudget returns a budget of so many bytes.
func NewBudget(bytes int64) *Budget {
	return &Budget{size: bytes, sem: semaphore.NewWeighted(bytes)}
}

// Size returns the whole budget in bytes.
func (b *Budget) Size() int64 { return b.size }

// acquire waits, first come first served, until n bytes are free. The caller has checked that n is at most Size.
func (b *Budget) acquire(ctx context.Context, n int64) error {
	var err error
	if !b.sem.TryAcquire(n) {
		b.waits.Add(1)
		began := time.Now()
		err = b.sem.Acquire(ctx, n)
		b.waited.Add(int64(time.Since(began)))
	}
	if err == nil {
		b.used.Add(n)
	}
	return err
}

func (b *Budget) release(n int64) {
	b.used.Add(-n)
	b.sem.Release(n)
}

// InUse returns how many bytes photos in work take now.
func (b *Budget) InUse() int64 { return b.used.Load() }

// Waits returns how many photos had to wait for others to give memory back, and for how long in all. One that still
// waits counts in the first alone.
func (b *Budget) Waits() (n int64, waited time.Duration) {
	return b.waits.Load(), time.Duration(b.waited.Load())
}

const (
	budgetMost  = 512 << 20
	budgetLeast = 48 << 20
)

// DefaultBudget returns a quarter of the memory that this process may use (the cgroup's limit, else RAM), at most 512 MB.
func DefaultBudget() int64 {
	return budgetFor(MemoryLimit())
}

// MemoryLimit returns how many bytes this process may use: the least of RAM and its cgroup's limits, 0 if none is known.
func MemoryLimit() int64 { return memoryLimit("/") }

func budgetFor(memory int64) int64 {
	if memory <= 0 {
		return budgetMost // nothing is known: no Linux, then a desktop
	}
	return min(max(memory/4, budgetLeast), budgetMost)
}

// memoryLimit returns the least of RAM and every cgroup limit above this process, 0 if none is known. Files are read
// below root.
func memoryLimit(root string) int64 {
	least := int64(0)
	lower := func(n int64) {
		if n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	lower(ramTotal(root + "proc/meminfo"))
	groups, err := os.ReadFile(root + "proc/self/cgroup")
	if err != nil {
		return least
	}
	for line := range strings.Lines(string(groups)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		base, file := "", ""
		switch {
		case parts[0] == "0" && parts[1] == "": // v2
			base, file = root+"sys/fs/cgroup", "memory.max"
		case strings.Contains(","+parts[1]+",", ",memory,"): // v1
			base, file = root+"sys/fs/cgroup/memory", "memory.limit_in_bytes"
		default:
			continue
		}
		// The group and all above it; inside a container the path may not exist, but the root then is the container's.
		for path := parts[2]; ; path = path[:strings.LastIndexByte(path, '/')] {
			lower(number(base + strings.TrimSuffix(path, "/") + "/" + file))
			if strings.LastIndexByte(path, '/') < 0 || path == "" {
				break
			}
		}
	}
	return least
}

// number reads a file that holds one number; "max" and what cannot be read are 0, as is v1's way to say "no limit".
func number(path string) int64 {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil || n >= 1<<60 {
		return 0
	}
	return n
}

func ramTotal(path string) int64 {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), "MemTotal:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err == nil {
				return kb << 10
			}
		}
	}
	return 0
}
