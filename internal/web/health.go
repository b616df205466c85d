package web

import (
	"net/http"
	"strings"
	"sync"
)

// Health answers the balancer. Parts report what they wait for. Once nothing is
// missing, only draining makes the process unready: a shared database that
// fails later must not take every instance out at once.
type Health struct {
	mu       sync.Mutex
	missing  map[string]string // part → what it waits for
	draining bool
}

func newHealth() *Health {
	return &Health{missing: map[string]string{"site": "starting"}}
}

// Wait says that a part is not ready yet, and why.
func (h *Health) Wait(part, why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.missing[part] = why
}

// Done says that a part is ready.
func (h *Health) Done(part string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.missing, part)
}

func (h *Health) Drain() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.draining = true
}

// State reports whether the balancer may send requests, and if not, why.
func (h *Health) State() (ready, draining bool, why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		return false, true, "draining"
	}
	var reasons []string
	for part, reason := range h.missing {
		reasons = append(reasons, part+": "+reason)
	}
	return len(reasons) == 0, false, strings.Join(reasons, "\n")
}

// handle answers /livez and /readyz, outside of every limit. While draining,
// other answers ask for a new connection, so that the balancer has none open
// here when the server closes.
func (h *Health) handle(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ready, draining, why := h.State()
		if draining {
			w.Header().Set("Connection", "close")
		}
		switch r.URL.Path {
		case "/livez":
			AnswerHealth(w, http.StatusOK, "alive")
		case "/readyz":
			if ready {
				AnswerHealth(w, http.StatusOK, "ready")
			} else {
				AnswerHealth(w, http.StatusServiceUnavailable, why)
			}
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func AnswerHealth(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}
