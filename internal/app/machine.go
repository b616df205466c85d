package app

import (
	"bufio"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
)

// memoryLimit is how many bytes this process may use: its cgroup's limit (v2 or
// v1, the lowest on the way up), or without one the machine's memory. 0 when
// neither is known, as on systems other than Linux.
func memoryLimit() int64 { return memoryLimitUnder("/") }

func memoryLimitUnder(root string) int64 {
	limit := int64(math.MaxInt64)
	if total := memTotal(filepath.Join(root, "proc/meminfo")); total > 0 {
		limit = total
	}
	groups, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err == nil {
		for line := range strings.SplitSeq(string(groups), "\n") {
			// "0::/path" is v2; "4:memory:/path" is v1's memory controller.
			fields := strings.SplitN(line, ":", 3)
			if len(fields) != 3 {
				continue
			}
			switch {
			case fields[0] == "0" && fields[1] == "":
				limit = lowestLimit(limit, filepath.Join(root, "sys/fs/cgroup"), fields[2], "memory.max")
			case strings.Contains(","+fields[1]+",", ",memory,"):
				limit = lowestLimit(limit, filepath.Join(root, "sys/fs/cgroup/memory"), fields[2], "memory.limit_in_bytes")
			}
		}
	}
	if limit == math.MaxInt64 {
		return 0
	}
	return limit
}

// lowestLimit reads the limit file of a group and of every group above it. In a
// container the group's path may not exist under the mount; its root then is
// the container's own.
func lowestLimit(limit int64, mount, group, file string) int64 {
	for dir := filepath.Join("/", group); ; dir = filepath.Dir(dir) {
		data, err := os.ReadFile(filepath.Join(mount, dir, file))
		if err == nil {
			n, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
			if err == nil && n > 0 && n < limit {
				limit = n
			}
		}
		if dir == "/" {
			return limit
		}
	}
}

func memTotal(path string) int64 {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "MemTotal:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err == nil {
				return kb << 10
			}
		}
	}
	return 0
}

// photoBudget is how many bytes photo work may take under a memory limit.
func photoBudget(limit int64) int64 {
	const most, least = 512_000_000, 16 << 20
	if limit == 0 {
		return most
	}
	return max(min(limit/4, most), least)
}

// followMemoryLimit lets the collector work harder near the limit instead of
// having the process killed. GOMEMLIMIT, where it is set, wins.
func followMemoryLimit(limit int64) {
	if limit == 0 || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetMemoryLimit(limit / 10 * 9)
}
