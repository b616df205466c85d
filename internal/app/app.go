// Package app constructs the program and runs it. It is the only place where a
// setting chooses a driver, the database's dialect aside, which store.Open takes
// from the address.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"tintype/internal/cache"
	"tintype/internal/community"
	"tintype/internal/config"
	"tintype/internal/doctor"
	"tintype/internal/media"
	"tintype/internal/session"
	"tintype/internal/telemetry"
	"tintype/internal/web"
)

// An App is one running site. Several may live in one process.
type App struct {
	cfg *config.Config
	log *slog.Logger
	// tracer traces the site; nil where nothing is traced.
	tracer *telemetry.Tracer
	out    io.Writer // the lines for whoever started the program by hand
	// started is when this process started.
	started time.Time
	site    *web.Site   // the layers; nil until Run
	routes  *web.Routes // nil until the site is wired
	metrics *metrics
	doctor  atomic.Pointer[doctor.Diagnosis] // nil until the services are open
	redis   *cache.Redis                     // nil until the site is wired, or where there is none
	// claim makes the link for the first administrator of a fresh site; nil until
	// the site is wired.
	claim func(context.Context) (url string, claimed bool, err error)
	stops []stopHook
	// streams are the streams of clients; nil until the site is wired, or where
	// there is no web.
	streams *community.Streams
	// measureEvery is what counts as a minute of the day of measures.
	measureEvery time.Duration
	// patience is how long a handler may work; 0 is what web.RouteOptions say.
	patience    time.Duration
	memoryLimit int64 // bytes that this process may use, 0 if that is not known
}

type stopHook struct {
	name string
	stop func(context.Context) error
}

// New prepares a site; nothing is opened before Run. Out gets the few lines
// that tell a person where the site is.
func New(cfg *config.Config, log *slog.Logger, out io.Writer) *App {
	return &App{
		cfg:     cfg,
		log:     log,
		out:     out,
		started: time.Now(),
		metrics: newMetrics(),

		measureEvery: measureEvery,
		memoryLimit:  media.MemoryLimit(),
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
	if err := a.openSite(); err != nil {
		return err
	}
	if err := a.serveMetrics(ctx); err != nil {
		return err
	}
	open, err := web.Listen(ctx, a.listenOptions())
	if err != nil {
		return err
	}
	if open.Inherited {
		a.site.WaitForOpen()
	}
	if a.cfg.Loopback() && a.cfg.IsDefault("REGISTRATION") {
		if err := open.OnlyHere(a.cfg.Origin()); err != nil {
			open.Close()
			return err
		}
	}
	running, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	servers, accepting := a.serve(open, a.site, fail)

	inside, err := build(running)
	if err == nil {
		a.site.Open(inside)
		a.announce(running, open.All())
		a.site.Health.Done("site")
		web.Notify(a.log, daemon.SdNotifyReady)
		if feed := open.Watchdog(a.log); feed != nil {
			a.background("watchdog", feed)
		}
		restore := trimHeap()
		<-running.Done()
		restore()
	}
	if cause := context.Cause(running); ctx.Err() == nil && cause != nil {
		err = cause // the server failed, not the wiring
	} else if ctx.Err() != nil {
		err = nil // asked to stop, while starting or later
	}

	a.site.Health.Drain()
	web.Notify(a.log, daemon.SdNotifyStopping)
	if a.site.Opened() && err == nil {
		a.drain(ctx)
	}
	// A server has to know every connection that was accepted before it counts them
	// for the last time. Else a client would find its connection closed.
	open.Close()
	accepting.Wait()
	return errors.Join(err, a.shutdown(servers))
}

// serve answers on the open listeners, until a server fails or shutdown ends it.
// Accepting ends when the listeners are closed.
func (a *App) serve(open web.Listeners, site http.Handler, fail func(error)) (servers []*web.Server, accepting *sync.WaitGroup) {
	accepting = new(sync.WaitGroup)
	at := func(listeners []net.Listener, server *web.Server, serve func(net.Listener) error) {
		servers = append(servers, server)
		for _, l := range listeners {
			accepting.Go(func() {
				if err := serve(l); !errors.Is(err, net.ErrClosed) {
					fail(err)
				}
			})
		}
	}
	server := web.NewServer(site, a.log)
	if !a.cfg.TLS() {
		at(open.Site, server, server.Serve)
		return servers, accepting
	}
	certificates := web.NewCertificates(web.CertificateOptions{
		Domains: a.cfg.TLSDomains, Folder: a.cfg.ACMEFolder(), Email: a.cfg.ContactEmail(), Directory: a.cfg.ACMEDirectory, Version: Version, Log: a.log,
	})
	plain := web.NewServer(certificates.Plain(a.site.Health, a.cfg.Origin()), a.log)
	at(open.Plain, plain, plain.Serve)
	server.TLSConfig = certificates.Config()
	at(open.Site, server, func(l net.Listener) error { return server.ServeTLS(l, "", "") })
	a.background("certificates", certificates.Obtain)
	return servers, accepting
}

// drain goes on serving for a while, until the balancer sends people elsewhere.
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

// streamGoodbye is how long a stream that ends may take to tell its client so.
const streamGoodbye = 5 * time.Second

// shutdown ends the server, then everything else in the order opposite to that
// in which it was opened: jobs first, the database last.
func (a *App) shutdown(servers []*web.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), a.cfg.ShutdownTimeout)
	defer cancel()
	for _, server := range servers {
		server.Finish(ctx)
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

// openSite makes the layers that answer from the start.
func (a *App) openSite() (err error) {
	a.site, err = web.New(web.Options{
		Log:            a.log,
		Metrics:        a.metrics,
		Tracer:         a.tracer,
		Origin:         a.cfg.Origin(),
		Secure:         a.cfg.Secure(),
		TrustedProxies: a.cfg.TrustedProxies,
		MaxInFlight:    a.cfg.MaxInFlight,
		PageLimit:      limit(a.cfg.PageLimit),
		MaxUploadBytes: a.cfg.MaxUploadBytes,
		ReadOnly:       a.cfg.ReadOnly,
		SessionCookie:  session.CookieName(a.cfg.Secure()),
	})
	return err
}

func (a *App) listenOptions() web.ListenOptions {
	return web.ListenOptions{Host: a.cfg.ListenAddr, Port: a.cfg.Port, HTTPPort: a.cfg.HTTPPort, TLS: a.cfg.TLS(), Loopback: a.cfg.Loopback()}
}
