package app

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"tintype/internal/telemetry"
)

// An exchange is one request and what became of it. There is one a request, in
// the request's context, so that the layers share it without a context value
// each.
type exchange struct {
	id      string
	client  netip.Addr
	start   time.Time
	path    string             // as logged: without what is secret in it
	route   string             // the pattern of the route that answers; empty before one is found
	failure error              // what the error exit was given
	leave   func()             // gives the request's place among those in flight back
	span    *telemetry.Request // nil where nothing is traced
	stream  bool               // it stays open
}

type exchangeKey struct{}

// exchangeOf is the request's exchange; outside of a request it is empty.
func exchangeOf(ctx context.Context) *exchange {
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return x
	}
	return &exchange{}
}

// begin is the outermost layer. It settles who asks (and writes that into
// RemoteAddr, so that everything inside reads the client there and nobody looks
// at X-Forwarded-For again) and under which id the request is known.
func begin(trustedHops int, tracer *telemetry.Tracer, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{
			id:     requestID(r, trustedHops),
			client: clientAddr(r, trustedHops),
			start:  time.Now(),
			path:   loggedPath(r.URL.Path),
		}
		ctx := context.WithValue(r.Context(), exchangeKey{}, x)
		if tracer != nil && !isHealthPath(r.URL.Path) {
			ctx, x.span = tracer.Request(ctx, knownMethod(r), traceparent(r, trustedHops))
		}
		r = r.WithContext(ctx)
		r.RemoteAddr = netip.AddrPortFrom(x.client, 0).String()
		w.Header().Set("X-Request-Id", x.id)
		next.ServeHTTP(w, r)
	})
}
