package servertest

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// All reports whether TEST_ALL=1 asks for the long forms of tests.
func All() bool { return os.Getenv("TEST_ALL") == "1" }

// writeWait is what a write may wait during a move, from request to answer (R38).
const writeWait = 2 * time.Second

// WaitedAtMost holds the longest wait of a write during a move against what it may be. Where TEST_ALL does not promise a
// machine of its own, the wait is only logged by who has measured it.
func WaitedAtMost(t testing.TB, longest time.Duration) {
	t.Helper()
	if All() && longest > writeWait {
		t.Errorf("a write waited for %v", longest)
	}
}

// Random is seeded by TEST_SEED, else by the clock. The seed is logged: a run
// with it draws the same numbers again.
func Random(t testing.TB) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if n, err := strconv.ParseUint(os.Getenv("TEST_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("TEST_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

// OneOf skips all but one of n long tests of a kind, each with another i, from 0 on. TEST_SEED chooses; without it, and
// with TEST_ALL=1, all run.
func OneOf(t testing.TB, i, n int) {
	t.Helper()
	seed, err := strconv.ParseUint(os.Getenv("TEST_SEED"), 10, 64)
	if err == nil && !All() && seed%uint64(n) != uint64(i) {
		t.Skipf("TEST_SEED=%d chooses another one of %d long tests; TEST_ALL=1 runs all", seed, n)
	}
}
