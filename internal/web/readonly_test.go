package web

import (
	"strings"
	"testing"
)

func TestReadOnlyRefusesWritesAndLogIns(t *testing.T) {
	site := newTestSite(t, func(r *Routes) {
		for _, path := range []string{"/", "/login", "/signup", "/links/:token", "/oauth/authorize", "/loginless"} {
			r.Personal("GET", path, text("page"))
		}
		r.Personal("POST", "/posts", text("done"))
		r.API("GET", "/api/v1/timelines/public", text("[]"))
		r.API("POST", "/api/v1/statuses", text("done"))
		r.API("POST", "/oauth/token", text("done"))
		r.API("DELETE", "/api/v1/statuses/1", text("done"))
	}, func(o *Options) { o.ReadOnly = true })
	for target, want := range map[string]int{
		"GET /": 200, "GET /loginless": 200, "HEAD /": 200, "GET /api/v1/timelines/public": 200, "OPTIONS /api/v1/statuses": 200, "GET /readyz": 200,
		"POST /posts": 503, "GET /login": 503, "GET /signup": 503, "GET /links/abc": 503, "GET /oauth/authorize/": 503,
		"POST /api/v1/statuses": 503, "DELETE /api/v1/statuses/1": 503, "POST /oauth/token": 503, "POST /nowhere": 503,
	} {
		method, path, _ := strings.Cut(target, " ")
		w := site.ask(method, path, "")
		if w.Code != want {
			t.Errorf("%s: %d, want %d", target, w.Code, want)
		}
		if want != 503 {
			continue
		}
		if w.Header().Get("Retry-After") == "" || w.Header().Get("Cache-Control") != PersonalControl || !strings.Contains(w.Body.String(), "is read-only for the moment") {
			t.Errorf("%s: %v %s", target, w.Header(), w.Body)
		}
		if isJSON := strings.HasPrefix(w.Header().Get("Content-Type"), "application/json"); isJSON != IsTokenPath(path) {
			t.Errorf("%s answers %s", target, w.Header().Get("Content-Type"))
		}
	}
}
