//go:build unix

package servertest

import (
	"errors"
	"net"
	"syscall"
)

// setBacklog changes how many connections wait to be taken.
func setBacklog(l *net.TCPListener, n int) error {
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = syscall.Listen(int(fd), n) })
	return errors.Join(err, failed)
}
