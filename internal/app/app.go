// Package app constructs the program and runs it. It is the only place where a
// setting chooses a driver.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"tintype/internal/cache"
	"tintype/internal/community"
	"tintype/internal/config"
	"tintype/internal/session"
	"tintype/internal/telemetry"
)

// An App is one running site. Several may live in one process.
type App struct {
	cfg *config.Config
	log *slog.Logger
	// tracer is what the site is traced by, nil where nothing is.
	tracer *telemetry.Tracer
	out    io.Writer // the lines for whoever started the program by hand
	health *health
	// started is when this process did.
	started time.Time
	exit    *exit
	gate    atomic.Pointer[http.Handler] // the site, once it is wired
	wired   chan struct{}                // closed once the gate is open
	// inherited: systemd holds the ports, and readers wait there during a restart.
	inherited bool

	admission *admission
	routes    *Routes // nil until the site is wired
	metrics   *metrics
	doctor    atomic.Pointer[diagnosis] // nil until the rooms are open
	redis     *cache.Redis              // nil until the site is wired, or where there is none
	// claim is how the first administrator of a fresh site is made; nil until
	// the site is wired.
	claim func(context.Context) (url string, claimed bool, err error)
	stops []stopHook
	// streams are what stays open; nil until the site is wired, or where there is
	// no web.
	streams *community.Streams
}

type stopHook struct {
	name string
	stop func(context.Context) error
}

// New prepares a site; nothing is opened before Run. Out gets the few lines
// that tell a person where the site is.
func New(cfg *config.Config, log *slog.Logger, out io.Writer) *App {
	return &App{
		cfg:       cfg,
		log:       log,
		out:       out,
		health:    newHealth(),
		started:   time.Now(),
		exit:      &exit{log: log},
		wired:     make(chan struct{}),
		metrics:   newMetrics(),
		admission: newAdmission(cfg.MaxInFlight, session.CookieName(cfg.Secure())),
	}
}

// Run serves the site until ctx ends, then lets what is in work finish. It
// returns nil after an orderly stop.
func (a *App) Run(ctx context.Context) error {
	return a.run(ctx, a.wire)
}

// run is Run with the wiring as a parameter: build opens everything, registers
// what has to be closed by onStop and background, and returns the site.
func (a *App) run(ctx context.Context, build func(context.Context) (http.Handler, error)) error {
	for _, w := range a.cfg.Warnings {
		a.log.WarnContext(ctx, w)
	}
	if err := a.openTraces(ctx); err != nil {
		return err
	}
	handler, err := a.layers()
	if err != nil {
		return err
	}
	if err := a.serveMetrics(ctx); err != nil {
		return err
	}
	open, err := listen(ctx, a.cfg)
	if err != nil {
		return err
	}
	a.inherited = open.inherited
	if err := open.suit(a.cfg); err != nil {
		open.close()
		return err
	}
	running, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	servers, accepting := a.serve(open, handler, fail)

	site, err := build(running)
	if err == nil {
		a.gate.Store(&site)
		close(a.wired)
		a.announce(running, open.all())
		a.health.done("site")
		a.supervised(running, open)
		spare := settle()
		<-running.Done()
		runtime.KeepAlive(spare)
	}
	if cause := context.Cause(running); ctx.Err() == nil && cause != nil {
		err = cause // the server failed, not the wiring
	} else if ctx.Err() != nil {
		err = nil // asked to stop, while starting or later
	}

	a.health.drain()
	notify(a.log, daemon.SdNotifyStopping)
	if a.gate.Load() != nil && err == nil {
		a.drain(ctx)
	}
	// Every connection that was accepted is known to its server before that counts
	// them for the last time, or its reader would find it closed.
	open.close()
	accepting.Wait()
	return errors.Join(err, a.shutdown(servers))
}

// serve answers at the open doors, until a server fails or shutdown ends it.
// Accepting ends when the doors are closed.
func (a *App) serve(open doors, site http.Handler, fail func(error)) (servers []*server, accepting *sync.WaitGroup) {
	accepting = new(sync.WaitGroup)
	at := func(listeners []net.Listener, server *server, serve func(net.Listener) error) {
		servers = append(servers, server)
		for _, l := range listeners {
			accepting.Go(func() {
				if err := serve(l); !errors.Is(err, net.ErrClosed) {
					fail(err)
				}
			})
		}
	}
	server := newServer(site, a.log)
	if !a.cfg.TLS() {
		at(open.site, server, server.Serve)
		return servers, accepting
	}
	certificates := newCertificates(a.cfg, a.log)
	plain := newServer(certificates.plain(a.health, a.cfg), a.log)
	at(open.plain, plain, plain.Serve)
	server.TLSConfig = certificates.config()
	at(open.site, server, func(l net.Listener) error { return server.ServeTLS(l, "", "") })
	a.background("certificates", certificates.obtain)
	return servers, accepting
}

// drain goes on serving for a while, until the balancer has looked elsewhere.
// New streams are refused from the beginning; open ones end in the second half
// of the time, when their clients no longer come back to this instance.
func (a *App) drain(ctx context.Context) {
	if a.cfg.DrainDelay > 0 {
		a.log.InfoContext(ctx, "draining", "delay", a.cfg.DrainDelay.String())
	}
	half := a.cfg.DrainDelay / 2
	if a.streams == nil {
		time.Sleep(a.cfg.DrainDelay)
		return
	}
	a.streams.Refuse()
	time.Sleep(half)
	end := time.Now().Add(half)
	wait, cancel := context.WithDeadline(context.Background(), end.Add(streamGoodbye))
	defer cancel()
	a.streams.Drain(wait, half)
	time.Sleep(time.Until(end))
}

// startPatience is how long a reader waits for a site that starts on systemd's
// sockets.
const startPatience = 10 * time.Second

// streamGoodbye is how long a stream that ends may take to take leave of its
// client.
const streamGoodbye = 5 * time.Second

// shutdown ends the server, then everything else in the order opposite to that
// in which it was opened: jobs first, the database last.
func (a *App) shutdown(servers []*server) error {
	ctx, cancel := context.WithTimeout(context.Background(), a.cfg.ShutdownTimeout)
	defer cancel()
	for _, server := range servers {
		server.finish(ctx)
		if err := server.Shutdown(ctx); err != nil {
			a.log.Warn("requests were cut off", "after", a.cfg.ShutdownTimeout.String())
			server.Close()
		}
	}
	var errs []error
	for i := len(a.stops) - 1; i >= 0; i-- {
		hook := a.stops[i]
		ctx, cancel := context.WithTimeout(context.Background(), a.cfg.ShutdownTimeout)
		if err := hook.stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", hook.name, err))
		}
		cancel()
	}
	a.log.Info("stopped")
	return errors.Join(errs...)
}

// onStop registers what ends a part of the program; the last one registered is
// stopped first.
func (a *App) onStop(name string, stop func(context.Context) error) {
	a.stops = append(a.stops, stopHook{name, stop})
}

// background runs work until the program stops; stopping waits for it. Work
// that ends by itself with an error is logged.
func (a *App) background(name string, work func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := work(ctx); err != nil && ctx.Err() == nil {
			a.log.ErrorContext(ctx, "background work ended", "work", name, "error", err)
		}
	}()
	a.onStop(name, func(wait context.Context) error {
		cancel()
		select {
		case <-ended:
			return nil
		case <-wait.Done():
			return wait.Err()
		}
	})
}

// layers is everything that a request passes before the site, from the outside
// to the inside.
func (a *App) layers() (http.Handler, error) {
	site := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.inherited && a.gate.Load() == nil {
			// Who knocked during a restart has waited already, at systemd's socket.
			select {
			case <-a.wired:
			case <-time.After(startPatience):
			case <-r.Context().Done():
			}
		}
		if h := a.gate.Load(); h != nil {
			(*h).ServeHTTP(w, r)
			return
		}
		a.exit.write(w, r, &refused{
			status:     http.StatusServiceUnavailable,
			message:    "The site is starting. Please try again in a few seconds.",
			retryAfter: 2 * time.Second,
		})
	}))
	guarded, err := sameOrigin(a.cfg.Origin(), a.exit, trimSlash(compress(site)))
	if err != nil {
		return nil, fmt.Errorf("BASE_URL: %w", err)
	}
	if a.cfg.ReadOnly {
		guarded = a.readOnly(guarded)
	}
	h := a.admission.limit(a.exit, a.metrics.refused, guarded)
	h = cors(h)
	images, assets, err := a.drivers().contentOrigins(context.Background())
	if err != nil {
		return nil, err
	}
	h = securityHeaders(headerPolicy{Secure: a.cfg.Secure(), Images: images, Assets: assets}, h)
	h = a.health.handle(h)
	h = accessLog(a.log, a.exit, a.metrics, h)
	return begin(a.cfg.TrustedProxies, a.tracer, h), nil
}
