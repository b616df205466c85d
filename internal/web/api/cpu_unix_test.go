//go:build unix

package api_test

import (
	"syscall"
	"testing"
	"time"
)

// cpuTime is what this process has used so far. Benchmarks tell it beside the time on the clock, which says little on a
// machine that does other things too.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
