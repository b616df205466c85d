package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"tintype/internal/sleep"
)

// NewServer sets the timeouts. Bodies and answers have a timeout for each piece
// (patientBody, response), because one for the whole would be too short for a
// photo on a slow line or too long for a dead one.
func NewServer(h http.Handler, log *slog.Logger) *Server {
	s := &Server{busy: make(map[net.Conn]time.Time)}
	s.Server = http.Server{
		Handler:           h,
		ConnState:         s.note,
		ReadHeaderTimeout: 10 * time.Second,
		// Longer than the 60 s of a balancer in front: it must be the one who
		// closes an idle connection, or it sends a request into one just closed.
		IdleTimeout:    75 * time.Second,
		MaxHeaderBytes: 4 * maxHeader,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	return s
}

// A Server knows which of its connections have a request, or may have one at
// any moment.
type Server struct {
	http.Server

	mu   sync.Mutex
	busy map[net.Conn]time.Time // since when it is new; zero: it has a request
}

func (s *Server) note(c net.Conn, state http.ConnState) {
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

// Finish waits until every request has an answer. Shutdown alone would close
// connections whose request is read after the call. The listeners must be
// closed before.
func (s *Server) Finish(ctx context.Context) {
	s.SetKeepAlivesEnabled(false)
	for s.waited() && ctx.Err() == nil {
		_ = sleep.For(ctx, 2*time.Millisecond)
	}
}

// waited tells whether somebody waits for an answer.
func (s *Server) waited() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, since := range s.busy {
		if since.IsZero() || time.Since(since) < silence {
			return true
		}
	}
	return false
}

// Listeners are the ports that are open.
type Listeners struct {
	Site []net.Listener
	// Plain is HTTP beside a site that speaks TLS itself: it leads to https, and
	// answers the certificate authority and /livez.
	Plain []net.Listener
	// Inherited reports whether systemd opened them: then they outlive this process.
	Inherited bool
}

// All are the listeners that readers use.
func (d Listeners) All() []net.Listener { return slices.Concat(d.Site, d.Plain) }

func (d Listeners) Close() {
	for _, l := range d.All() {
		l.Close()
	}
}

// ListenOptions say where to listen.
type ListenOptions struct {
	Host           string // without a port; empty for every address, or loopback where Loopback says so
	Port, HTTPPort int
	TLS            bool // the site speaks TLS itself, and has HTTPPort beside Port
	Loopback       bool // the site's address is this machine
}

// Listen opens the ports, unless systemd has opened them before (socket
// activation): those outlive this process, so that a restart refuses nobody.
func Listen(ctx context.Context, c ListenOptions) (Listeners, error) {
	if d, err := systemdSockets(c); err != nil || len(d.Site) > 0 {
		return d, err
	}
	var d Listeners
	var err error
	if d.Site, err = listenOn(ctx, c, "PORT", c.Port); err != nil {
		return Listeners{}, err
	}
	if c.TLS {
		if d.Plain, err = listenOn(ctx, c, "HTTP_PORT", c.HTTPPort); err != nil {
			d.Close()
			return Listeners{}, err
		}
	}
	return d, nil
}

// listenOn opens one port. A site whose address is this machine listens on
// loopback only, in both families, because localhost may mean either.
func listenOn(ctx context.Context, c ListenOptions, setting string, number int) ([]net.Listener, error) {
	port := strconv.Itoa(number)
	var config net.ListenConfig
	if c.Host != "" || !c.Loopback {
		l, err := config.Listen(ctx, "tcp", net.JoinHostPort(c.Host, port))
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
		return fmt.Errorf("this process may not listen on port %d, which takes CAP_NET_BIND_SERVICE: run it by deploy/single's units, or set %s", port, setting)
	}
	return fmt.Errorf("listen: %w", err)
}
