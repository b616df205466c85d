// Package web is the HTTP server: listeners, TLS, the layers that every request
// passes, and how errors become answers. The handlers are in the packages beneath
// it: pages and api register them at Routes.
package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/telemetry"
)

// Metrics counts what becomes of requests.
type Metrics interface {
	RequestBegan()
	RequestEnded()
	// Answered counts an answer by its route, empty for none. Bytes are those of its body, as they were sent. Took is 0
	// for a stream.
	Answered(route, method string, status int, bytes int64, took time.Duration)
	// Refused counts a request refused before any work: by admission or read_only.
	Refused(why string)
}

// Options are what the layers need to know.
type Options struct {
	Log            *slog.Logger
	Metrics        Metrics
	Tracer         *telemetry.Tracer // nil: nothing is traced
	Origin         string            // of the site, as browsers write it
	Secure         bool              // readers come by https
	TrustedProxies int               // hops in front of this process
	MaxInFlight    int               // requests
	PageLimit      community.Limit   // of pages made for strangers of one network
	MaxUploadBytes int64
	ReadOnly       bool
	SessionCookie  string // whoever shows one is no visitor
}

// A Site is the layers around the handlers of one site. It answers from the
// beginning: until Open it says that the site is starting.
type Site struct {
	Errors    *ErrorResponder
	Health    *Health
	Admission *Admission

	o       Options
	handler http.Handler
	content atomic.Pointer[contentPolicy] // of the routes
	inside  atomic.Pointer[http.Handler]  // nil until Open
	opened  chan struct{}
	waits   atomic.Bool
	made    *pageLimit
}

// New makes the layers. It fails on an origin that is none.
func New(o Options) (*Site, error) {
	s := &Site{
		Errors:    &ErrorResponder{log: o.Log},
		Health:    newHealth(),
		Admission: newAdmission(o.MaxInFlight, o.SessionCookie),
		o:         o,
		opened:    make(chan struct{}),
		made:      newPageLimit(o.PageLimit),
	}
	s.content.Store(newContentPolicy(nil, nil))
	guarded, err := sameOrigin(o.Origin, s.Errors, trimSlash(compress(http.HandlerFunc(s.serveInside))))
	if err != nil {
		return nil, fmt.Errorf("BASE_URL: %w", err)
	}
	if o.ReadOnly {
		guarded = readOnly(s.Errors, o.Metrics, guarded)
	}
	h := s.Admission.limit(s.Errors, o.Metrics, guarded)
	h = cors(headerLimit(s.Errors, h))
	h = securityHeaders(o.Secure, &s.content, h)
	h = s.Health.handle(h)
	h = accessLog(o.Log, s.Errors, o.Metrics, h)
	s.handler = begin(o.TrustedProxies, o.Tracer, h)
	return s, nil
}

// ServeHTTP passes a request through all layers, from the outside to the inside.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Open lets requests in to the handlers. It is called once.
func (s *Site) Open(inside http.Handler) {
	s.inside.Store(&inside)
	close(s.opened)
}

// Opened reports whether requests are let in.
func (s *Site) Opened() bool { return s.inside.Load() != nil }

// WaitForOpen has requests that come before Open wait for it a while. It is for
// a socket that outlives the process, where they have waited already.
func (s *Site) WaitForOpen() { s.waits.Store(true) }

// startPatience is how long a reader waits for a site that starts on systemd's
// sockets.
const startPatience = 10 * time.Second

func (s *Site) serveInside(w http.ResponseWriter, r *http.Request) {
	if s.waits.Load() && !s.Opened() {
		select {
		case <-s.opened:
		case <-time.After(startPatience):
		case <-r.Context().Done():
		}
	}
	if h := s.inside.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	s.Errors.Write(w, r, &HTTPError{
		Status:     http.StatusServiceUnavailable,
		Message:    lang.Key("The site is starting. Please try again in a few seconds."),
		RetryAfter: 2 * time.Second,
	})
}
