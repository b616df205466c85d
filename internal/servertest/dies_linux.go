package servertest

import (
	"os/exec"
	"syscall"
)

// diesWithUs has the kernel kill the process when the test process dies.
func diesWithUs(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
