package app

import (
	"os"
	"runtime/debug"
)

// followMemoryLimit lets the collector work harder near the memory limit
// instead of having the process killed. GOMEMLIMIT, where it is set, wins; a
// limit of 0 is unknown.
func followMemoryLimit(limit int64) {
	if limit > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit / 10 * 9)
	}
}
