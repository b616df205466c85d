package servertest

import (
	"net"
	"os/exec"
	"strconv"
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

// Hang stops it in its tracks: its connections stay, it takes new ones, and
// nothing is answered.
func (p *Process) Hang() { p.signal(syscall.SIGSTOP) }

// Resume lets it go on after Hang.
func (p *Process) Resume() { p.signal(syscall.SIGCONT) }

func (p *Process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.running.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}
