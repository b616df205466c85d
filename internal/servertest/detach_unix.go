//go:build unix

package servertest

import (
	"os/exec"
	"syscall"
)

// detach puts a process into a group of its own, so that a Ctrl-C at the
// terminal leaves it time to clean up behind the test.
func detach(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
