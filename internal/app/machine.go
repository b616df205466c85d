package app

import (
	"os"
	"runtime"
	"runtime/debug"
	gometrics "runtime/metrics"
	"sync"
)

// followMemoryLimit lets the collector work harder near the memory limit
// instead of having the process killed. GOMEMLIMIT, where it is set, wins; a
// limit of 0 is unknown.
func followMemoryLimit(limit int64) {
	if limit > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit / 10 * 9)
	}
}

// spareHeap is how many bytes of garbage the collector leaves beyond those that
// GOGC=100 leaves.
const spareHeap = 16 << 20

// trimHeap ends a start: what only the start needed goes back to the system, and
// from now on the collector runs less often, until restore is called. By itself
// it runs when the heap has doubled, and this program's is a few megabytes: on a
// busy site that is after every dozen requests, a fifth of all its work. GOGC,
// where it is set, wins.
func trimHeap() (restore func()) {
	restore = func() {}
	if os.Getenv("GOGC") == "" {
		restore = spareGarbage()
	}
	debug.FreeOSMemory()
	return restore
}

// spareGarbage sets GOGC anew after every collection, so that the heap may grow by
// spareHeap more than to its double, however large it is. A greater GOGC that
// stays would let photos in work multiply. A large slice that nobody touches
// would do as well, if it never took memory; but Go clears it where anything
// stood at its addresses before.
func spareGarbage() (restore func()) {
	var mu sync.Mutex
	over := false
	// Cleanups of small objects without pointers may never run.
	type sentinel struct{ _ *byte }
	var collected func(struct{})
	collected = func(struct{}) {
		mu.Lock()
		defer mu.Unlock()
		if over {
			return
		}
		debug.SetGCPercent(gcPercent())
		runtime.AddCleanup(new(sentinel), collected, struct{}{})
	}
	collected(struct{}{})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		over = true
		debug.SetGCPercent(100)
	}
}

// gcPercent is the GOGC that leaves spareHeap more garbage than 100 does. It is a
// share of all that a collection looks at, as the last one found it.
func gcPercent() int {
	scanned := []gometrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}}
	gometrics.Read(scanned)
	var sum uint64
	for _, s := range scanned {
		sum += s.Value.Uint64()
	}
	return 100 + int(100*spareHeap/max(sum, 1<<20))
}
