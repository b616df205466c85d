package web

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"tintype/internal/budget"
	"tintype/internal/telemetry"
)

// A requestInfo is one request and what became of it. There is one a request, in
// the request's context, so that the layers share it without a context value
// each.
type requestInfo struct {
	id       string
	client   netip.Addr
	start    time.Time
	path     string             // as logged: without what is secret in it
	route    string             // the pattern of the route that answers; empty before one is found
	failure  error              // what the error responder was given
	response *response          // what goes out
	slot     *slot              // among those in flight; nil before admission
	body     *waiter            // its body on the way in, nil once that has come
	span     *telemetry.Request // nil where nothing is traced
	stream   bool               // it stays open
}

type infoKey struct{}

// infoOf is what is known of the request; outside of a request it is empty.
func infoOf(ctx context.Context) *requestInfo {
	if info, ok := ctx.Value(infoKey{}).(*requestInfo); ok {
		return info
	}
	return &requestInfo{}
}

// ClientAddress returns the client's address of the request that ctx belongs to.
func ClientAddress(ctx context.Context) netip.Addr { return infoOf(ctx).client }

// begin is the outermost layer. It settles who asks (and writes that into
// RemoteAddr, so that everything inside reads the client there and nobody looks
// at X-Forwarded-For again) and under which id the request is known.
func begin(trustedHops int, tracer *telemetry.Tracer, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info := &requestInfo{
			id:     requestID(r, trustedHops),
			client: clientAddr(r, trustedHops),
			start:  time.Now(),
			path:   loggedPath(r.URL.Path),
		}
		ctx := context.WithValue(budget.Start(r.Context(), allowance(r.Method)), infoKey{}, info)
		if tracer != nil && !isHealthPath(r.URL.Path) {
			ctx, info.span = tracer.Request(ctx, knownMethod(r), traceparent(r, trustedHops))
		}
		r = r.WithContext(ctx)
		r.RemoteAddr = netip.AddrPortFrom(info.client, 0).String()
		w.Header().Set("X-Request-Id", info.id)
		next.ServeHTTP(w, r)
	})
}

// How long a request waits for the database and the stores in all. A backend that hangs is found out sooner: this ends the
// wait for a lock that another program holds.
const (
	readAllowance  = 4 * time.Second
	writeAllowance = 2500 * time.Millisecond
)

func allowance(method string) time.Duration {
	if method == http.MethodGet || method == http.MethodHead {
		return readAllowance
	}
	return writeAllowance
}

// traceparent is the caller's trace where a proxy of ours passed it on. From anybody else it is a stranger's word, who
// could have requests traced at will, or hidden.
func traceparent(r *http.Request, trustedHops int) string {
	if trustedHops == 0 || len(r.Header["Traceparent"]) != 1 {
		return ""
	}
	return r.Header["Traceparent"][0]
}

// knownMethod is the request's method, or other: a client may send any word.
func knownMethod(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}
