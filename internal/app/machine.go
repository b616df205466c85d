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

// spareHeap is what the collector counts as in use though nothing is in it.
const spareHeap = 16 << 20

// trimHeap ends a start: what only the start needed goes back to the system. The
// result, while it is kept, makes the collector run less often. It runs when
// the heap has doubled, and this program's is a few megabytes: on a busy site
// that is after every dozen requests, a fifth of all its work. The spare is
// never touched, so it costs addresses and no memory, and lets garbage grow by
// its size once; a greater GOGC would let photos in work multiply. GOGC, where
// it is set, wins.
func trimHeap() (spare []byte) {
	if os.Getenv("GOGC") == "" {
		spare = make([]byte, spareHeap)
	}
	debug.FreeOSMemory()
	return spare
}
