package app

import (
	"os"
	"runtime"
	"runtime/debug"
	gometrics "runtime/metrics"
	"testing"

	"tintype/internal/servertest"
)

// heap is how much the last collection left, and how large the heap may be before
// the next.
func heap() (live, goal uint64) {
	s := []gometrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/goal:bytes"}}
	gometrics.Read(s)
	return s[0].Value.Uint64(), s[1].Value.Uint64()
}

// The spare is room for garbage, not memory: it is the same for a heap of any size,
// and nothing in the heap stands for it.
func TestSpareGarbageIsNotInTheHeap(t *testing.T) {
	t.Setenv("GOGC", "")
	live, goal := heap()
	restore := trimHeap()
	defer restore()
	room := func() uint64 {
		live, goal = heap()
		return goal - min(goal, 2*live)
	}
	// Stacks and globals add a few megabytes to it.
	within := func() bool { return room() >= spareHeap*9/10 && room() < spareHeap*2 }

	servertest.Eventually(t, "room for the spare beyond twice the heap", within)
	if live >= spareHeap {
		t.Errorf("%d bytes live in a test that holds none", live)
	}
	held := make([]byte, 8*spareHeap)
	runtime.GC()
	servertest.Eventually(t, "the same room beside a large heap", within)
	if live < uint64(len(held)) {
		t.Errorf("%d bytes live, %d are held", live, len(held))
	}
	runtime.KeepAlive(held)
	held = nil
	// A room that was measured during a collection is that of the one before, until the next.
	servertest.Eventually(t, "the same room after it", func() bool {
		runtime.GC()
		return within()
	})

	restore()
	runtime.GC()
	if room() > spareHeap/2 {
		t.Errorf("%d bytes of room after the site has ended, %d live", room(), live)
	}
}

func TestGOGCWins(t *testing.T) {
	if os.Getenv("GOGC") == "" {
		t.Setenv("GOGC", "100")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(150))
	defer trimHeap()()
	runtime.GC()
	if p := debug.SetGCPercent(150); p != 150 {
		t.Errorf("GOGC became %d", p)
	}
}
