package web

import (
	"net/http"
	"strings"
	"time"
)

// readOnly refuses whatever would write. A form's page whose only use is a write
// is refused as well, before somebody fills it in. Who is logged in stays so.
func readOnly(e *ErrorResponder, m Metrics, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !writes(r) {
			next.ServeHTTP(w, r)
			return
		}
		m.Refused("read_only")
		if !isMachinePath(r.URL.Path) && !expectsContinue(r) {
			limitBody(w, r, smallBody)
			_ = readForm(r) // the error page keeps what was entered, as far as it came
		}
		e.Write(w, r, &HTTPError{Status: http.StatusServiceUnavailable, Message: readOnlyText, RetryAfter: time.Minute})
	})
}

// logInPaths are where somebody begins to log in, sign up or let an application
// in, and one-time links, which are used up by opening them.
var logInPaths = []string{"/login", "/signup", "/forgot-password", "/oauth/authorize", "/links", "/claim"}

func writes(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
	default:
		return true
	}
	for _, path := range logInPaths {
		if underPath(strings.TrimRight(r.URL.Path, "/"), path) {
			return true
		}
	}
	return false
}
