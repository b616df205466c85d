//go:build !linux

package servertest

import "os/exec"

// diesWithUs is Linux's; elsewhere only the test's own cleanup ends the process.
func diesWithUs(*exec.Cmd) {}
