package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"tintype/internal/config"
)

// newServer has the timeouts. Bodies and answers have theirs piece by piece
// (patientBody, response), because one for all would be too short for a photo
// on a slow line or too long for a line that is dead.
func newServer(h http.Handler, log *slog.Logger) *server {
	s := &server{busy: make(map[net.Conn]time.Time)}
	s.Server = http.Server{
		Handler:           h,
		ConnState:         s.note,
		ReadHeaderTimeout: 10 * time.Second,
		// Longer than the 60 s of a balancer in front: it must be the one who
		// closes an idle connection, or it sends a request into one just closed.
		IdleTimeout:    75 * time.Second,
		MaxHeaderBytes: 64 << 10,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	return s
}

// A server knows on which of its connections there is a request, or may be one
// any moment.
type server struct {
	http.Server

	mu   sync.Mutex
	busy map[net.Conn]time.Time // since when it is new; zero: it has a request
}

func (s *server) note(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.busy[c] = time.Now()
	case http.StateActive:
		s.busy[c] = time.Time{}
	default:
		delete(s.busy, c)
	}
}

// silence is after how long a new connection is one that nothing comes on, as
// Shutdown has it.
const silence = 5 * time.Second

// finish waits until everybody who came has an answer. Shutdown alone would
// close connections whose request is read after it was called. No more may be
// accepted.
func (s *server) finish(ctx context.Context) {
	s.SetKeepAlivesEnabled(false)
	for s.waited() && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// waited tells whether somebody waits for an answer.
func (s *server) waited() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, since := range s.busy {
		if since.IsZero() || time.Since(since) < silence {
			return true
		}
	}
	return false
}

// doors are the ports that stand open.
type doors struct {
	site []net.Listener
	// plain is HTTP beside a site that speaks TLS itself: it leads to https, and
	// answers the certificate authority and /livez.
	plain []net.Listener
	// inherited: systemd opened them, and they outlive this process.
	inherited bool
}

// all are the listeners that readers use.
func (d doors) all() []net.Listener { return slices.Concat(d.site, d.plain) }

func (d doors) close() {
	for _, l := range d.all() {
		l.Close()
	}
}

// listen opens the ports, unless systemd has opened them before (socket
// activation): those outlive this process, so that a restart refuses nobody.
func listen(ctx context.Context, c *config.Config) (doors, error) {
	if d, err := inherited(c); err != nil || len(d.site) > 0 {
		return d, err
	}
	var d doors
	var err error
	if d.site, err = listenOn(ctx, c, "PORT", c.Port); err != nil {
		return doors{}, err
	}
	if c.TLS() {
		if d.plain, err = listenOn(ctx, c, "HTTP_PORT", c.HTTPPort); err != nil {
			d.close()
			return doors{}, err
		}
	}
	return d, nil
}

// listenOn opens one port. A site whose address is this machine listens on
// loopback only, in both families, because localhost may mean either.
func listenOn(ctx context.Context, c *config.Config, setting string, number int) ([]net.Listener, error) {
	port := strconv.Itoa(number)
	var config net.ListenConfig
	if c.ListenAddr != "" || !c.Loopback() {
		l, err := config.Listen(ctx, "tcp", net.JoinHostPort(c.ListenAddr, port))
		if err != nil {
			return nil, explainListen(err, setting, number)
		}
		return []net.Listener{l}, nil
	}
	first, err := config.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return nil, explainListen(err, setting, number)
	}
	second, err := config.Listen(ctx, "tcp6", net.JoinHostPort("::1", port))
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			first.Close()
			return nil, explainListen(err, setting, number)
		}
		return []net.Listener{first}, nil // a machine without IPv6
	}
	return []net.Listener{first, second}, nil
}

func explainListen(err error, setting string, port int) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("port %d is taken by another program: stop it, or set %s", port, setting)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("port %d is only for who may (CAP_NET_BIND_SERVICE): run it by deploy/single's units, or set %s", port, setting)
	}
	return fmt.Errorf("listen: %w", err)
}

// announce tells whoever started the program where things are.
func (a *App) announce(ctx context.Context, listeners []net.Listener) {
	var addrs []string
	for _, l := range listeners {
		addrs = append(addrs, l.Addr().String())
	}
	a.log.InfoContext(ctx, "ready", "base_url", a.cfg.Origin(), "listen", addrs, "database", a.cfg.Database.String())
	fmt.Fprintf(a.out, "Tintype %s is at %s\n", Version, a.cfg.Origin())
	if a.cfg.KeepsFiles() {
		dir, err := filepath.Abs(a.cfg.DataDir)
		if err != nil {
			dir = a.cfg.DataDir
		}
		fmt.Fprintf(a.out, "Its data is in %s\n", dir)
	}
	if a.claim == nil {
		return
	}
	if a.cfg.Stateless {
		// What a fleet prints is collected and kept, and read by more people than
		// may become administrators.
		fmt.Fprintln(a.out, "For an administrator: tintype account create --admin")
		return
	}
	switch link, claimed, err := a.claim(ctx); {
	case err != nil:
		a.log.WarnContext(ctx, "no link for the first administrator", "error", err)
	case claimed:
		fmt.Fprintln(a.out, "For another administrator: tintype account create --admin")
	default:
		fmt.Fprintf(a.out, "For the first administrator: %s\n", link)
	}
}
