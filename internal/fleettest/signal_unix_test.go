//go:build unix

package fleettest

import (
	"syscall"
	"testing"
)

func stop(t *testing.T, w *worker) {
	t.Helper()
	if err := w.process.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
}

func resume(t *testing.T, w *worker) {
	t.Helper()
	if err := w.process.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}
