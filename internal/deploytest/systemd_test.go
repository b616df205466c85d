// Package deploytest tests what surrounds the program where it is deployed:
// systemd's protocols, certificates, the units and the image.
package deploytest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// A systemd does for one service what the real one does by Type=notify, by
// WatchdogSec= and by a socket unit: it holds the port, hands it to each
// process in turn and hears what they say. It follows sd_listen_fds(3) and
// sd_notify(3).
type systemd struct {
	t       *testing.T
	url     string
	env     []string
	socket  *os.File
	said    *net.UnixConn
	mu      sync.Mutex
	lines   []string
	process *exec.Cmd
	ended   chan error
}

func newSystemd(t *testing.T, env ...string) *systemd {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	socket, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	l.Close() // the file keeps it open
	// A unix socket's path is short.
	dir, err := os.MkdirTemp("", "notify")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "s")
	said, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	s := &systemd{t: t, url: url, socket: socket, said: said}
	s.env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "NOTIFY_SOCKET=" + path, "DATA_DIR=" + filepath.Join(t.TempDir(), "data"),
		"BASE_URL=" + url, "LISTEN_FDS=1", "LISTEN_FDNAMES=http"}, env...)
	go s.listen()
	t.Cleanup(func() {
		if s.process != nil {
			_ = s.process.Process.Kill()
			<-s.ended
		}
		said.Close()
		socket.Close()
		os.RemoveAll(dir)
	})
	return s
}

func (s *systemd) listen() {
	text := make([]byte, 4096)
	for {
		n, err := s.said.Read(text)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.lines = append(s.lines, strings.Split(string(text[:n]), "\n")...)
		s.mu.Unlock()
	}
}

// heard is how often a line was said.
func (s *systemd) heard(line string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, l := range s.lines {
		if l == line {
			n++
		}
	}
	return n
}

// start starts the process and waits until it says that it is ready.
func (s *systemd) start() {
	s.t.Helper()
	before := s.heard("READY=1")
	// The process's own id has to be in its environment, which only a shell
	// between can put there.
	c := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0"`, servertest.Binary(s.t))
	c.Env = s.env
	c.Dir = s.t.TempDir()
	c.ExtraFiles = []*os.File{s.socket}
	log := filepath.Join(c.Dir, "log")
	f, err := os.Create(log)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	c.Stdout, c.Stderr = f, f
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan error, 1)
	s.process, s.ended = c, ended
	go func() { ended <- c.Wait(); close(ended) }()
	eventually(s.t, "READY=1", func() error {
		if s.heard("READY=1") > before {
			return nil
		}
		select {
		case err := <-ended:
			text, _ := os.ReadFile(log)
			s.t.Fatalf("it ended: %v\n%s", err, text)
		default:
		}
		return errors.New("not ready")
	})
}

func (s *systemd) stop() {
	s.t.Helper()
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	select {
	case err := <-s.ended:
		if err != nil {
			s.t.Errorf("it ended with %v", err)
		}
	case <-time.After(time.Minute):
		s.t.Fatal("it does not end")
	}
	s.process = nil
}

// Whoever comes while the service is restarted waits a moment and is answered:
// the port belongs to systemd.
func TestARestartRefusesNobody(t *testing.T) {
	s := newSystemd(t, "DRAIN_DELAY=0s")
	s.start()
	if err := answers(s.url + "/about"); err != nil {
		t.Fatal(err)
	}
	l := newLoad(t, s.url)
	for range 3 {
		s.stop()
		s.start()
		l.goesOn(t)
	}
	l.stop(t)
	if got := s.heard("STOPPING=1"); got != 3 {
		t.Errorf("STOPPING=1 was said %d times", got)
	}
}

// The watchdog is fed while the process answers itself, and not otherwise.
func TestTheWatchdogIsFedByAProcessThatAnswers(t *testing.T) {
	s := newSystemd(t, "WATCHDOG_USEC=1500000")
	s.start()
	const feed = "WATCHDOG=1"
	fed := func(more int) {
		t.Helper()
		before := s.heard(feed)
		eventually(t, feed, func() error {
			if s.heard(feed) >= before+more {
				return nil
			}
			return fmt.Errorf("%d times", s.heard(feed)-before)
		})
	}
	fed(3)
	if err := s.process.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second) // what was on its way has arrived
	before := s.heard(feed)
	time.Sleep(2 * time.Second) // in which one that runs would
	if n := s.heard(feed) - before; n != 0 {
		t.Errorf("a process that stands still fed the watchdog %d times", n)
	}
	if err := s.process.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	fed(1)
	s.stop()
}

// The watchdog finds the process on whatever socket systemd holds: a Unix one, as
// a proxy on the same machine may want, or one for IPv6 only.
func TestTheWatchdogIsFedOnEverySocket(t *testing.T) {
	folder, err := os.MkdirTemp("", "socket") // a unix socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	for network, address := range map[string]string{"unix": filepath.Join(folder, "s"), "tcp6": "[::]:0"} {
		t.Run(network, func(t *testing.T) {
			l, err := net.Listen(network, address)
			if err != nil && network == "tcp6" {
				t.Skip("a machine without IPv6")
			}
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			s := newSystemd(t, "WATCHDOG_USEC=1500000", "BASE_URL=http://photos.example", "TRUSTED_PROXIES=1")
			s.socket.Close()
			if s.socket, err = l.(interface{ File() (*os.File, error) }).File(); err != nil {
				t.Fatal(err)
			}
			s.start()
			eventually(t, "WATCHDOG=1", func() error {
				if s.heard("WATCHDOG=1") < 2 {
					return errors.New("not fed")
				}
				return nil
			})
			client := servertest.NewClient(t, "http://photos.example")
			client.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, l.Addr().String())
			}}
			client.Get("/about").Want(http.StatusOK)
			s.stop()
		})
	}
}

// A socket that nobody would serve is said at the start, not found by readers.
func TestASocketWithoutAUse(t *testing.T) {
	s := newSystemd(t)
	c := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0"`, servertest.Binary(t))
	c.Env = append(s.env, "LISTEN_FDNAMES=tintype.socket")
	c.Dir = t.TempDir()
	c.ExtraFiles = []*os.File{s.socket}
	out, err := c.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "FileDescriptorName") {
		t.Errorf("%v: %s", err, out)
	}
}

// `tintype health` is for whoever has no other program to ask with.
func TestHealthCommand(t *testing.T) {
	site := servertest.Tintype(t)
	if out, text, err := site.Command("health", "--ready"); err != nil || out != "" {
		t.Errorf("%v: %s%s", err, out, text)
	}
	if err := site.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, text, err := site.Command("health"); err == nil || strings.Count(text, "\n") != 1 {
		t.Errorf("%v: %s", err, text)
	}
}
