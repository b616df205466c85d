package servertest

import (
	"bufio"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A RedisServer is a real Redis on a loopback port, without a file.
type RedisServer struct {
	*Process
	password string
}

// Redis starts an empty Redis of the test's own, which ends with it.
func Redis(t testing.TB) *RedisServer {
	t.Helper()
	tool, port, dir := Tool(t, "redis-server", "Debian package redis-server"), FreePort(t), t.TempDir()
	return &RedisServer{Process: startProcess(t, port, func() *exec.Cmd {
		return exec.Command(tool, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir)
	})}
}

// URL is what CACHE_URL takes.
func (r *RedisServer) URL() string {
	if r.password != "" {
		return fmt.Sprintf("redis://:%s@127.0.0.1:%d/0", url.QueryEscape(r.password), r.Port)
	}
	return fmt.Sprintf("redis://127.0.0.1:%d/0", r.Port)
}

// SetPassword has new connections need this password, without spaces, and ends all that there are.
func (r *RedisServer) SetPassword(password string) {
	r.t.Helper()
	if said := r.Do("CONFIG SET requirepass " + password); said != "+OK" {
		r.t.Fatal(said)
	}
	r.password = password
	for _, kind := range []string{"normal", "pubsub"} {
		if said := r.Do("CLIENT KILL TYPE " + kind); !strings.HasPrefix(said, ":") {
			r.t.Fatal(said)
		}
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
	c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", r.Port), 10*time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return "", err
	}
	answers := bufio.NewReader(c)
	if r.password != "" {
		if _, err := fmt.Fprintf(c, "AUTH %s\r\n", r.password); err != nil {
			return "", err
		}
		if said, err := answers.ReadString('\n'); err != nil || strings.TrimSpace(said) != "+OK" {
			return strings.TrimSpace(said), err
		}
	}
	if _, err := fmt.Fprintf(c, "%s\r\n", command); err != nil {
		return "", err
	}
	line, err := answers.ReadString('\n')
	return strings.TrimSpace(line), err
}
