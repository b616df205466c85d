package web

import (
	"net/http"
	"strings"
	"sync/atomic"

	"tintype/internal/lang"
)

// contentPolicy is the Content-Security-Policy: everything from this site, no
// inline script or style, nothing that could frame a page.
type contentPolicy struct {
	strict string
	// authorize leaves form-action out.
	authorize string
}

// newContentPolicy lets photos and static files also come from further origins,
// such as CDNs.
func newContentPolicy(images, assets []string) *contentPolicy {
	with := func(directive string, origins ...string) string {
		return strings.Join(append([]string{directive}, origins...), " ")
	}
	authorize := strings.Join([]string{
		"default-src 'none'",
		with("script-src 'self'", assets...),
		with("style-src 'self'", assets...),
		with("font-src 'self'", assets...),
		with(with("img-src 'self' blob:", images...), assets...),
		"connect-src 'self'",
		"manifest-src 'self'",
		"base-uri 'none'",
		"frame-ancestors 'none'",
	}, "; ")
	return &contentPolicy{strict: authorize + "; form-action 'self'", authorize: authorize}
}

// securityHeaders sets them on every answer, before any handler can fail. Secure
// sites ask browsers to stay on https.
func securityHeaders(secure bool, content *atomic.Pointer[contentPolicy], next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if isAuthorizePath(r.URL.Path) {
			// Browsers apply form-action to the redirect that answers a form, too,
			// and this form's leads to the client: any origin, any scheme.
			h.Set("Content-Security-Policy", content.Load().authorize)
		} else {
			h.Set("Content-Security-Policy", content.Load().strict)
		}
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("X-Frame-Options", "DENY")
		if secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

func isAuthorizePath(path string) bool {
	return path == "/oauth/authorize" || strings.HasPrefix(path, "/oauth/authorize/")
}

// maxHeader is how long a request's line and header may be, in bytes. The server
// reads more, because what it refuses by itself is answered with a plain text.
const maxHeader = 64 << 10

// headerLimit refuses headers that are too long, each reader in its own form.
func headerLimit(errors *ErrorResponder, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := len(r.RequestURI)
		for name, values := range r.Header {
			for _, v := range values {
				n += len(name) + len(v) + len(": \r\n")
			}
		}
		if n > maxHeader {
			w.Header().Set("Connection", "close")
			errors.Write(w, r, &HTTPError{Status: http.StatusRequestHeaderFieldsTooLarge, Message: lang.Key("The request's header is too large.")})
			return
		}
		next.ServeHTTP(w, r)
	})
}
