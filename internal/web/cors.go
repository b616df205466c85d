package web

import (
	"net/http"
	"net/url"

	"tintype/internal/hostname"
	"tintype/internal/lang"
)

// cors lets scripts of every origin use the API and photos. It names no
// credentials, so a browser sends no cookie along, and none would be read.
func cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isSharedPath(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Expose-Headers", "Link, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id")
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key")
			h.Set("Access-Control-Max-Age", "86400")
			// 200 rather than 204: a preflight takes any 2xx, and some clients
			// only know 200.
			w.WriteHeader(http.StatusOK)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses what another site's page sends to ours in a reader's name.
func sameOrigin(baseOrigin string, e *ErrorResponder, next http.Handler) (http.Handler, error) {
	protection := http.NewCrossOriginProtection()
	if err := protection.AddTrustedOrigin(baseOrigin); err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !IsTokenPath(r.URL.Path) {
			if err := protection.Check(cleanHosts(r)); err != nil {
				e.Write(w, r, &HTTPError{Status: http.StatusForbidden, Message: lang.Key("The request came from another site, so nothing was done."), Cause: err})
				return
			}
		}
		next.ServeHTTP(w, r)
	}), nil
}

// cleanHosts returns the request with the hosts in its Host and Origin headers in one spelling, to compare them.
func cleanHosts(r *http.Request) *http.Request {
	copied := *r
	u, err := url.Parse(r.Header.Get("Origin"))
	if err != nil || u.Host == "" {
		return r
	}
	origin, err := hostname.Origin(u)
	if err != nil {
		return r
	}
	if host, err := hostname.Clean(r.Host, u.Scheme); err == nil {
		copied.Host = host
	}
	copied.Header = r.Header.Clone()
	copied.Header.Set("Origin", origin)
	return &copied
}
