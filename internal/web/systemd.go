package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"

	"tintype/internal/sleep"
)

// Names of the sockets that systemd may hand over (FileDescriptorName=).
const (
	socketSite  = "https" // the site, where it speaks TLS itself
	socketPlain = "http"  // plain HTTP: all of the site without TLS, else what leads to https
)

// systemdSockets are the listeners that systemd opened for this process, none if it did
// not. See sd_listen_fds(3).
func systemdSockets(c ListenOptions) (Listeners, error) {
	sockets, err := activation.ListenersWithNames()
	if err != nil || len(sockets) == 0 {
		return Listeners{}, err
	}
	d := Listeners{Inherited: true}
	for name, listeners := range sockets {
		switch {
		case name == socketPlain && c.TLS:
			d.Plain = append(d.Plain, listeners...)
		case name == socketSite && c.TLS, name == socketPlain:
			d.Site = append(d.Site, listeners...)
		default:
			// Who connects there would wait for ever: nobody accepts.
			err = errors.Join(err, fmt.Errorf("systemd passes a socket named %q, but the site serves %q, and with TLS_DOMAINS also %q: see FileDescriptorName= in the socket's unit", name, socketPlain, socketSite))
		}
	}
	if c.TLS && (len(d.Site) == 0 || len(d.Plain) == 0) {
		err = errors.Join(err, fmt.Errorf("TLS_DOMAINS needs two sockets of systemd, named %q and %q: provision.sh, run again, opens both", socketPlain, socketSite))
	}
	if err != nil {
		for _, listeners := range sockets {
			for _, l := range listeners {
				l.Close()
			}
		}
		return Listeners{}, err
	}
	return d, nil
}

// OnlyHere refuses public listeners of systemd while BASE_URL is this machine
// only, as LISTEN_ADDR does: anybody could sign up.
func (d Listeners) OnlyHere(origin string) error {
	if !d.Inherited {
		return nil
	}
	for _, l := range d.All() {
		if tcp, ok := l.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
			return fmt.Errorf("systemd's socket %s can be reached from other machines, but BASE_URL=%s leads to this machine only: set TLS_DOMAINS, or BASE_URL to the address that readers use", l.Addr(), origin)
		}
	}
	return nil
}

// Notify tells systemd the state of this process, if systemd started it. See
// sd_notify(3).
func Notify(log *slog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn("systemd was not told", "state", state, "error", err)
	}
}

// Watchdog feeds systemd's watchdog until ctx ends, but only while this process
// answers its own /livez, so that systemd restarts one that hangs. It is nil
// where there is no watchdog.
func (d Listeners) Watchdog(log *slog.Logger) func(context.Context) error {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn("the watchdog is not fed", "error", err)
	}
	if every <= 0 || err != nil {
		return nil
	}
	// With TLS the plain listener is asked: a certificate that cannot be had is no
	// reason to restart.
	first := d.Site[0]
	if len(d.Plain) > 0 {
		first = d.Plain[0]
	}
	client := &http.Client{Timeout: every / 3, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialOwn(ctx, first.Addr())
		},
	}}
	return func(ctx context.Context) error {
		for {
			if err := Alive(ctx, client, "http://localhost/livez"); err == nil {
				Notify(log, daemon.SdNotifyWatchdog)
			} else if ctx.Err() == nil {
				log.WarnContext(ctx, "the watchdog waits: this process does not answer itself", "error", err)
			}
			if sleep.For(ctx, every/3) != nil {
				return nil
			}
		}
	}
}

// dialOwn connects to a listener of this process, of whatever kind systemd has
// made it: a Unix socket for a proxy, or one that knows IPv6 only.
func dialOwn(ctx context.Context, a net.Addr) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, a.Network(), OwnAddress(a))
	if tcp, ok := a.(*net.TCPAddr); err != nil && ok && tcp.IP.IsUnspecified() {
		return d.DialContext(ctx, "tcp6", net.JoinHostPort("::1", strconv.Itoa(tcp.Port)))
	}
	return conn, err
}

// OwnAddress returns the address at which this machine reaches its own listener.
func OwnAddress(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return a.String()
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
}

// Alive asks a health address, and returns an error unless it answers 200.
func Alive(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", answer.Status, text)
	}
	return err
}
