package servertest

import (
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

// Dynalite starts an empty server that speaks DynamoDB's API, and returns its
// address. It ends with the test.
func Dynalite(t testing.TB) string {
	t.Helper()
	tool := Tool(t, "dynalite", "npm package dynalite")
	port := FreePort(t)
	startServer(t, exec.Command(tool, "--host", "127.0.0.1", "--port", strconv.Itoa(port), "--createTableMs", "0"), port)
	return fmt.Sprintf("http://127.0.0.1:%d", port)
}

// startServer runs a program until the test ends, and waits until it listens.
func startServer(t testing.TB, c *exec.Cmd, port int) {
	t.Helper()
	var said limitedBuffer
	c.Env = append(bareEnvironment(), c.Env...)
	c.Stdout, c.Stderr = &said, &said
	diesWithUs(c)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = c.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = c.Process.Kill()
		<-ended
	})
	err := until(startPatience, ended, func() error {
		conn, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), time.Second)
		if err == nil {
			conn.Close()
		}
		return err
	})
	if err != nil {
		t.Fatalf("start %s: %v\n%s", c.Path, err, said.String())
	}
}
