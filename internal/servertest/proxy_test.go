package servertest_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// echo answers every connection with what it is sent.
func echo(t *testing.T) (port int) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { defer c.Close(); _, _ = io.Copy(c, c) })
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return l.Addr().(*net.TCPAddr).Port
}

// What is silent answers nothing on open connections and new ones, what drops does
// not even take new ones, and afterwards all that was sent is answered.
func TestProxyHangs(t *testing.T) {
	const nothing = 300 * time.Millisecond // however long, there is no answer
	for name, away := range map[string]func(*servertest.Proxy, *testing.T){
		"silent": func(p *servertest.Proxy, _ *testing.T) { p.Silence() },
		"drops":  func(p *servertest.Proxy, t *testing.T) { p.Drop(t) },
	} {
		t.Run(name, func(t *testing.T) {
			p := servertest.NewProxy(t, echo(t))
			address := net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Port))
			dial := func(patience time.Duration) (net.Conn, error) {
				c, err := net.DialTimeout("tcp4", address, patience)
				if err == nil {
					t.Cleanup(func() { c.Close() })
				}
				return c, err
			}
			send := func(c net.Conn) {
				t.Helper()
				if _, err := c.Write([]byte("hello")); err != nil {
					t.Fatal(err)
				}
			}
			answered := func(c net.Conn, patience time.Duration) error {
				if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
					return err
				}
				_, err := io.ReadFull(c, make([]byte, 5))
				return err
			}
			for range 2 { // as often as wanted
				old, err := dial(time.Minute)
				if err != nil {
					t.Fatal(err)
				}
				send(old)
				if err := answered(old, time.Minute); err != nil {
					t.Fatal(err)
				}
				away(p, t)
				send(old)
				if err := answered(old, nothing); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("on an open connection: %v", err)
				}
				c, err := dial(nothing)
				switch {
				case name == "drops" && err == nil:
					t.Error("a connection was taken")
				case name == "silent" && err != nil:
					t.Error(err)
				case err == nil:
					send(c)
					if err := answered(c, nothing); !errors.Is(err, os.ErrDeadlineExceeded) {
						t.Errorf("on a new connection: %v", err)
					}
				}
				p.Resume()
				if err := answered(old, time.Minute); err != nil {
					t.Errorf("afterwards, on the old connection: %v", err)
				}
				if name == "silent" {
					if err := answered(c, time.Minute); err != nil {
						t.Errorf("afterwards, on the newer connection: %v", err)
					}
				}
			}
		})
	}
}
