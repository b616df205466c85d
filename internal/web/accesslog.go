package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// accessLog writes a line for each request, and catches what panics outside of
// the handlers (which have their own catch, with an error page). The query is
// not logged: it holds tokens and what people search for.
func accessLog(log *slog.Logger, e *ErrorResponder, m Metrics, next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w := newResponse(rw)
		info := infoOf(r.Context())
		info.response = w
		patientBody(w.control, r)
		m.RequestBegan()
		defer func() {
			failed := recover()
			if failed != nil && failed != http.ErrAbortHandler {
				e.Write(w, r, &panicked{value: failed, stack: debug.Stack()})
			}
			if w.status == 0 {
				w.begin(0) // an answer without a body: net/http sends it after us
			}
			logRequest(log, info, w, r)
			m.RequestEnded()
			if info.span != nil {
				info.span.End(info.route, w.status, w.bytes, info.id)
			}
			if !isHealthPath(r.URL.Path) {
				took := time.Since(info.start)
				if info.stream {
					took = 0 // it lasted as long as its client liked
				}
				m.Answered(info.route, knownMethod(r), w.status, w.bytes, took)
			}
			if failed == http.ErrAbortHandler {
				panic(failed)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

func logRequest(log *slog.Logger, info *requestInfo, w *response, r *http.Request) {
	level := slog.LevelInfo
	switch {
	case isHealthPath(r.URL.Path):
		level = slog.LevelDebug
	case w.status >= 500 && w.status != http.StatusServiceUnavailable:
		level = slog.LevelError
	}
	if !log.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", r.Method),
		slog.String("path", info.path),
		slog.Int("status", w.status),
		slog.Int64("bytes", w.bytes),
		slog.Float64("ms", float64(time.Since(info.start).Microseconds())/1000),
		slog.String("client", info.client.String()),
	}
	if info.failure != nil && w.status != http.StatusNotFound {
		attrs = append(attrs, slog.String("error", info.failure.Error()))
	}
	log.LogAttrs(r.Context(), level, "request", attrs...)
}

// panicked is a panic as an error: the stack goes to the log, never to readers.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

// secretPaths are the routes whose addresses hold what lets somebody in.
var secretPaths = []string{"/links/", "/claim/", "/mail/"}

// loggedPath is an address without what is secret in it. It goes by the prefix,
// not by the route, because a request may be refused before it meets one.
func loggedPath(path string) string {
	for _, prefix := range secretPaths {
		if strings.HasPrefix(path, prefix) {
			return prefix + "***"
		}
	}
	return path
}

// holdsSecret reports whether a route takes a secret as a path parameter.
func holdsSecret(route string) bool {
	return strings.Contains(route, ":token") || strings.Contains(route, ":secret")
}
