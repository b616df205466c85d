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
