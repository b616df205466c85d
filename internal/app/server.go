package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// newServer has the timeouts. Bodies and answers have theirs piece by piece
// (patientBody, response), because one for all would be too short for a photo
// on a slow line or too long for a line that is dead.
func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		// Longer than the 60 s of a balancer in front: it must be the one who
		// closes an idle connection, or it sends a request into one just closed.
		IdleTimeout:    75 * time.Second,
		MaxHeaderBytes: 64 << 10,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// listen opens the port. A site whose address is this machine listens on
// loopback only, in both families, because localhost may mean either.
func listen(ctx context.Context, c *Config) ([]net.Listener, error) {
	port := strconv.Itoa(c.Port)
	var config net.ListenConfig
	if c.ListenAddr != "" || !c.Loopback() {
		l, err := config.Listen(ctx, "tcp", net.JoinHostPort(c.ListenAddr, port))
		if err != nil {
			return nil, explainListen(err, c.Port)
		}
		return []net.Listener{l}, nil
	}
	first, err := config.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return nil, explainListen(err, c.Port)
	}
	second, err := config.Listen(ctx, "tcp6", net.JoinHostPort("::1", port))
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			first.Close()
			return nil, explainListen(err, c.Port)
		}
		return []net.Listener{first}, nil // a machine without IPv6
	}
	return []net.Listener{first, second}, nil
}

func explainListen(err error, port int) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("port %d is taken by another program: stop it, or set PORT", port)
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
	dir, err := filepath.Abs(a.cfg.DataDir)
	if err != nil {
		dir = a.cfg.DataDir
	}
	fmt.Fprintf(a.out, "Tintype %s is at %s\nIts data is in %s\n", Version, a.cfg.Origin(), dir)
	if a.claim == nil {
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
