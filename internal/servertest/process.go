package servertest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A Process is a server that runs beside the test on a port of its own, and ends
// with it.
type Process struct {
	Port int

	t       testing.TB
	command func() *exec.Cmd
	ready   func() error // once nil is returned, it has started
	running *exec.Cmd
	ended   chan struct{}
}

// startProcess starts what command makes and waits until it listens.
func startProcess(t testing.TB, port int, command func() *exec.Cmd) *Process {
	t.Helper()
	p := &Process{Port: port, t: t, command: command}
	p.ready = func() error {
		conn, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), time.Second)
		if err == nil {
			conn.Close()
		}
		return err
	}
	p.Start()
	t.Cleanup(p.Kill)
	return p
}

// Start starts it again after Kill, without what it had only in memory, and waits
// until it is ready.
func (p *Process) Start() {
	p.t.Helper()
	var said limitedBuffer
	c := p.command()
	c.Env = append(bareEnvironment(), c.Env...)
	c.Stdout, c.Stderr = &said, &said
	diesWithUs(c)
	if err := c.Start(); err != nil {
		p.t.Fatal(err)
	}
	ended := make(chan struct{})
	p.running, p.ended = c, ended
	go func() { _ = c.Wait(); close(ended) }()
	if err := until(startPatience, ended, p.ready); err != nil {
		p.Kill()
		p.t.Fatalf("start %s: %v\n%s", c.Path, err, said.String())
	}
}

// Kill ends it at once.
func (p *Process) Kill() {
	_ = p.running.Process.Kill()
	<-p.ended
}

// Hang suspends it: connections stay open, new ones are accepted, and nothing
// is answered until Resume.
func (p *Process) Hang() {
	p.t.Helper()
	p.signal(syscall.SIGSTOP)
	stopped(p.t, p.running.Process.Pid)
}

// stopped waits until a signal to stop has reached every thread: one that it has
// not reached yet still answers. Where there is no /proc, it hopes.
func stopped(t testing.TB, pid int) {
	t.Helper()
	must(t, until(time.Minute, nil, func() error {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		if err != nil {
			return err
		}
		for _, thread := range threads {
			text, err := os.ReadFile(thread)
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			// The state follows the name, which is in brackets.
			if _, rest, _ := strings.Cut(string(text), ") "); !strings.HasPrefix(rest, "T") {
				return fmt.Errorf("%s has not stopped", thread)
			}
		}
		return nil
	}))
}

// Resume lets it go on after Hang.
func (p *Process) Resume() { p.signal(syscall.SIGCONT) }

func (p *Process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.running.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}
