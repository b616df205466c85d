package app

import (
	"context"
	"net/http"
	"strings"
	"time"

	"tintype/internal/session"
)

// readOnly refuses whatever would write. A form's page whose only use is a write
// is refused as well, before somebody fills it in. Who is logged in stays so.
func (a *App) readOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !writes(r) {
			next.ServeHTTP(w, r)
			return
		}
		a.metrics.refused.WithLabelValues("read_only").Inc()
		if !isMachinePath(r.URL.Path) {
			limitBody(w, r, smallBody)
			_ = readForm(r) // the error page keeps what was entered, as far as it came
		}
		a.exit.write(w, r, &refused{status: http.StatusServiceUnavailable, message: readOnlyText, retryAfter: time.Minute})
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

// readOnlySessions are as they are: reading is no use, so none is prolonged.
type readOnlySessions struct{ session.Backend }

func (readOnlySessions) Touch(context.Context, int64, string, time.Time, time.Time) error { return nil }
