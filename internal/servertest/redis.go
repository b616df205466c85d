package servertest

import (
	"bufio"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A RedisServer is a real Redis on a loopback port, without a file.
type RedisServer struct {
	Port int

	t       testing.TB
	process *exec.Cmd
	ended   chan struct{}
}

// Redis starts a Redis of the test's own, which ends with it.
func Redis(t testing.TB) *RedisServer {
	t.Helper()
	Tool(t, "redis-server", "Debian package redis-server")
	r := &RedisServer{Port: FreePort(t), t: t}
	r.Start()
	t.Cleanup(r.Kill)
	return r
}

// URL is what CACHE_URL takes.
func (r *RedisServer) URL() string { return fmt.Sprintf("redis://127.0.0.1:%d/0", r.Port) }

// Start starts it, empty, and waits until it answers.
func (r *RedisServer) Start() {
	r.t.Helper()
	r.process = exec.Command("redis-server", "--port", strconv.Itoa(r.Port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", r.t.TempDir())
	diesWithUs(r.process)
	if err := r.process.Start(); err != nil {
		r.t.Fatal(err)
	}
	ended := make(chan struct{})
	r.ended = ended
	process := r.process
	go func() { _ = process.Wait(); close(ended) }()
	if err := until(30*time.Second, ended, func() error { _, err := r.ask("PING"); return err }); err != nil {
		r.t.Fatalf("redis-server: %v", err)
	}
}

// Kill ends it at once.
func (r *RedisServer) Kill() {
	_ = r.process.Process.Kill()
	<-r.ended
}

// Hang stops it from doing anything; its connections stay.
func (r *RedisServer) Hang() { r.signal(syscall.SIGSTOP) }

// Resume lets it go on.
func (r *RedisServer) Resume() { r.signal(syscall.SIGCONT) }

func (r *RedisServer) signal(s syscall.Signal) {
	r.t.Helper()
	if err := r.process.Process.Signal(s); err != nil {
		r.t.Fatal(err)
	}
}

// Do sends a command, in words without spaces, and returns the first line of its answer.
func (r *RedisServer) Do(command string) string {
	r.t.Helper()
	answer, err := r.ask(command)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer
}

func (r *RedisServer) ask(command string) (string, error) {
	c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", r.Port), time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintf(c, "%s\r\n", command); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	return strings.TrimSpace(line), err
}
