package web

import (
	"net/http"
	"strings"
)

// headerPolicy is what the security headers need to know of the site.
type headerPolicy struct {
	// Secure sites ask browsers to stay on https.
	Secure bool
	// Images and Assets are further origins that photos and static files come
	// from, such as CDNs.
	Images []string
	Assets []string
}

// contentPolicy is the Content-Security-Policy: everything from this site, no
// inline script or style, nothing that could frame a page.
func (p headerPolicy) contentPolicy(formAction bool) string {
	with := func(directive string, origins ...string) string {
		return strings.Join(append([]string{directive}, origins...), " ")
	}
	directives := []string{
		"default-src 'none'",
		with("script-src 'self'", p.Assets...),
		with("style-src 'self'", p.Assets...),
		with("font-src 'self'", p.Assets...),
		with(with("img-src 'self' blob:", p.Images...), p.Assets...),
		"connect-src 'self'",
		"manifest-src 'self'",
		"base-uri 'none'",
		"frame-ancestors 'none'",
	}
	if formAction {
		directives = append(directives, "form-action 'self'")
	}
	return strings.Join(directives, "; ")
}

// securityHeaders sets them on every answer, before any handler can fail.
func securityHeaders(p headerPolicy, next http.Handler) http.Handler {
	strict, authorize := p.contentPolicy(true), p.contentPolicy(false)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if isAuthorizePath(r.URL.Path) {
			// Browsers apply form-action to the redirect that answers a form, too,
			// and this form's leads to the client: any origin, any scheme.
			h.Set("Content-Security-Policy", authorize)
		} else {
			h.Set("Content-Security-Policy", strict)
		}
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("X-Frame-Options", "DENY")
		if p.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

func isAuthorizePath(path string) bool {
	return path == "/oauth/authorize" || strings.HasPrefix(path, "/oauth/authorize/")
}
