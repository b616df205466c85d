package web

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/servertest"
	"tintype/internal/session"
)

// A testSite is every layer around the given routes, without a network.
type testSite struct {
	*Site
	logged *bytes.Buffer
}

// uncounted is metrics of nobody's.
type uncounted struct{}

func (uncounted) RequestBegan()                                      {}
func (uncounted) RequestEnded()                                      {}
func (uncounted) Answered(string, string, int, int64, time.Duration) {}
func (uncounted) Refused(string)                                     {}

func testOptions(logged io.Writer) Options {
	return Options{
		Log:         slog.New(LogHandler(slog.NewJSONHandler(logged, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		Metrics:     uncounted{},
		Origin:      "http://localhost:8080",
		MaxInFlight: 512, MaxUploadBytes: 40_000_000,
		SessionCookie: session.CookieName(false),
	}
}

func newTestSite(t *testing.T, register func(*Routes), change ...func(*Options)) *testSite {
	t.Helper()
	logged := new(bytes.Buffer)
	o := testOptions(logged)
	for _, c := range change {
		c(&o)
	}
	site, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	routes := site.NewRoutes(RouteOptions{})
	if register != nil {
		register(routes)
	}
	site.Open(routes.Handler())
	site.Health.Done("site")
	return &testSite{Site: site, logged: logged}
}

// ask sends a request; headers are "Name: value".
func (s *testSite) ask(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	return servertest.Ask(s, method, target, body, headers...)
}

func text(s string) func(*gin.Context) error {
	return func(c *gin.Context) error { c.String(http.StatusOK, s); return nil }
}

func TestSecurityHeadersAreOnEveryAnswer(t *testing.T) {
	site := newTestSite(t, func(r *Routes) {
		r.Personal("GET", "/page", text("x"))
		r.Personal("GET", "/broken", func(*gin.Context) error { panic("x") })
		r.Personal("GET", "/oauth/authorize", text("x"))
	}, func(o *Options) { o.Origin, o.Secure, o.TrustedProxies = "https://photos.example", true, 1 })
	for _, path := range []string{"/page", "/broken", "/nowhere", "/api/v1/nowhere", "/livez", "/oauth/authorize"} {
		h := site.ask("GET", path, "").Header()
		policy := h.Get("Content-Security-Policy")
		if path != "/livez" {
			for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
				if !strings.Contains(policy, want) {
					t.Errorf("%s: no %q in %q", path, want, policy)
				}
			}
			if strings.Contains(policy, "unsafe") {
				t.Errorf("%s: %q", path, policy)
			}
			if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") == "" || h.Get("Permissions-Policy") == "" || h.Get("Strict-Transport-Security") == "" {
				t.Errorf("%s: %v", path, h)
			}
		}
		if limits := strings.Contains(policy, "form-action"); limits == (path == "/oauth/authorize" || path == "/livez") {
			t.Errorf("%s: form-action in %q", path, policy)
		}
		if h.Get("X-Request-Id") == "" {
			t.Errorf("%s: no request id", path)
		}
	}
	plain := newTestSite(t, nil)
	if got := plain.ask("GET", "/", "").Header().Get("Strict-Transport-Security"); got != "" {
		t.Errorf("plain http asks for https: %q", got)
	}
}

func TestContentPolicyNamesFurtherOrigins(t *testing.T) {
	p := newContentPolicy([]string{"https://photos.cdn"}, []string{"https://static.cdn"}).strict
	for _, want := range []string{"img-src 'self' blob: https://photos.cdn https://static.cdn;", "script-src 'self' https://static.cdn;", "style-src 'self' https://static.cdn;"} {
		if !strings.Contains(p, want) {
			t.Errorf("no %q in %q", want, p)
		}
	}
}

func TestCrossOriginWrites(t *testing.T) {
	site := newTestSite(t, func(r *Routes) {
		r.Personal("POST", "/form", text("done"))
		r.API("POST", "/api/v1/statuses", text("done"))
		r.API("POST", "/oauth/token", text("done"))
		r.Personal("POST", "/oauth/authorize", text("done"))
	}, func(o *Options) { o.Origin, o.Secure, o.TrustedProxies = "https://photos.example", true, 1 })
	for _, c := range []struct {
		path    string
		headers []string
		want    int
	}{
		{"/form", []string{"Sec-Fetch-Site: same-origin"}, 200},
		{"/form", []string{"Sec-Fetch-Site: none"}, 200},
		{"/form", []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}, 403},
		{"/form", []string{"Sec-Fetch-Site: same-site", "Origin: https://other.photos.example"}, 403},
		{"/form", []string{"Origin: https://evil.example", "Host: photos.example"}, 403},
		{"/form", []string{"Origin: null", "Host: photos.example"}, 403},
		// The balancer speaks to us under another name: BASE_URL decides.
		{"/form", []string{"Origin: https://photos.example", "Host: 10.0.0.5:8080"}, 200},
		{"/form", []string{"Origin: https://PHOTOS.example.", "Host: 10.0.0.5:8080"}, 200},
		{"/form", []string{"Origin: https://photos.example:443", "Host: 10.0.0.5:8080"}, 200},
		{"/form", []string{"Origin: https://xn--bcher-kva.example", "Host: Bücher.example."}, 200},
		{"/form", []string{"Origin: https://bücher.example", "Host: xn--bcher-kva.example:443"}, 200},
		{"/form", []string{"Origin: https://photos.example:8443", "Host: photos.example"}, 403},
		{"/form", []string{"Origin: https://bucher.example", "Host: xn--bcher-kva.example"}, 403},
		{"/form", []string{"Origin: https://photos.example.evil.example", "Host: photos.example"}, 403},
		{"/form", nil, 200}, // no browser
		{"/oauth/authorize", []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}, 403},
		{"/api/v1/statuses", []string{"Sec-Fetch-Site: cross-site", "Origin: https://elk.example"}, 200},
		{"/oauth/token", []string{"Sec-Fetch-Site: cross-site", "Origin: https://elk.example"}, 200},
	} {
		if got := site.ask("POST", c.path, "a=b", c.headers...).Code; got != c.want {
			t.Errorf("POST %s %q: %d, want %d", c.path, c.headers, got, c.want)
		}
	}
}

func TestCORS(t *testing.T) {
	site := newTestSite(t, func(r *Routes) {
		r.API("GET", "/api/v1/instance", text("{}"))
		r.Personal("GET", "/page", text("x"))
		r.Asset("GET", "/media/*key", text("x"))
	})
	for path, shared := range map[string]bool{"/api/v1/instance": true, "/api/v1/none": true, "/media/pub/x/1.jpg": true, "/.well-known/nodeinfo": true, "/nodeinfo/2.0": true, "/oauth/token": true, "/oauth/revoke": true, "/oauth/none": true, "//api/v1/instance": true, "/api": true, "/api/": true, "/apis": false, "/page": false, "/oauth/authorize": false, "/": false} {
		h := site.ask("GET", path, "", "Origin: https://elk.example").Header()
		if got := h.Get("Access-Control-Allow-Origin") == "*"; got != shared {
			t.Errorf("%s: shared %v", path, got)
		}
		if h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s admits cookies", path)
		}
	}
	w := site.ask("OPTIONS", "/api/v1/statuses", "", "Origin: https://elk.example", "Access-Control-Request-Method: POST")
	if w.Code != 200 || !strings.Contains(w.Header().Get("Access-Control-Allow-Headers"), "Idempotency-Key") || !strings.Contains(w.Header().Get("Access-Control-Allow-Methods"), "DELETE") {
		t.Errorf("preflight: %d %v", w.Code, w.Header())
	}
	expose := site.ask("GET", "/api/v1/instance", "").Header().Get("Access-Control-Expose-Headers")
	for _, want := range []string{"Link", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-Request-Id"} {
		if !strings.Contains(expose, want) {
			t.Errorf("%s is not exposed: %q", want, expose)
		}
	}
}

func TestTrailingSlashOfTheAPI(t *testing.T) {
	site := newTestSite(t, func(r *Routes) {
		r.API("GET", "/api/v1/instance", text("{}"))
		r.Personal("GET", "/oauth/authorize", text("x"))
		r.Personal("GET", "/page", text("x"))
	})
	for path, want := range map[string]int{"/api/v1/instance": 200, "/api/v1/instance/": 200, "/oauth/authorize/": 200, "/api/v1/instance//": 200, "/nothing": 404, "//": 404} {
		if got := site.ask("GET", path, "").Code; got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
}

// An address of a page with a slash at its end leads to the page, and never to another host.
func TestTrailingSlashOfAPage(t *testing.T) {
	site := newTestSite(t, func(r *Routes) {
		r.Personal("GET", "/@:name", text("x"))
		r.Personal("POST", "/@:name", text("x"))
	})
	for path, want := range map[string]string{
		"/@anna/": "/@anna", "/@anna//": "/@anna", "/@anna/?max_id=5&x=%2F": "/@anna?max_id=5&x=%2F", "/tags/caf%C3%A9/": "/tags/caf%C3%A9",
		"//evil.example/": "/evil.example", "/%2Fevil.example/": "/evil.example", `/\evil.example/`: "/%5Cevil.example", "/a%0D%0Ab/": "/a%0D%0Ab",
	} {
		for _, method := range []string{"GET", "HEAD"} {
			if w := site.ask(method, path, ""); w.Code != 301 || w.Header().Get("Location") != want || w.Header().Get("Cache-Control") != PersonalControl {
				t.Errorf("%s %s: %d to %q, want %q", method, path, w.Code, w.Header().Get("Location"), want)
			}
		}
	}
	if w := site.ask("POST", "/@anna/", ""); w.Code != 404 {
		t.Errorf("POST: %d", w.Code)
	}
}

func TestAccessLogKeepsSecretsOut(t *testing.T) {
	site := newTestSite(t, func(r *Routes) {
		r.Personal("GET", "/links/:token", func(c *gin.Context) error {
			site := infoOf(c.Request.Context())
			if site.id == "" {
				t.Error("no exchange below the handlers")
			}
			return nil
		})
	})
	site.ask("GET", "/links/one-time-word?access_token=tellnobody", "", "Authorization: Bearer tellnobody", "Cookie: tintype_session=tellnobody")
	var line struct {
		Path, Method, Client string
		Status               int
		RequestID            string `json:"request_id"`
	}
	if err := json.Unmarshal(site.logged.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line.Path != "/links/***" || line.Method != "GET" || line.Status != 200 || line.Client == "" || line.RequestID == "" {
		t.Errorf("%+v", line)
	}
	for _, secret := range []string{"one-time-word", "tellnobody"} {
		if strings.Contains(site.logged.String(), secret) {
			t.Errorf("the log holds %s:\n%s", secret, site.logged)
		}
	}
}

func TestPanicsAreAnsweredAndLogged(t *testing.T) {
	site := newTestSite(t, func(r *Routes) {
		r.Personal("GET", "/broken", func(*gin.Context) error { panic("the cat is on the keyboard") })
	})
	w := site.ask("GET", "/broken", "")
	if w.Code != 500 || strings.Contains(w.Body.String(), "cat") || !strings.Contains(w.Body.String(), w.Header().Get("X-Request-Id")) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(site.logged.String(), "the cat is on the keyboard") || !strings.Contains(site.logged.String(), "layers_test.go") {
		t.Errorf("no cause or stack in the log:\n%s", site.logged)
	}
}

func TestBodyLimits(t *testing.T) {
	read := func(c *gin.Context) error {
		_, err := io.Copy(io.Discard, c.Request.Body)
		return err
	}
	site := newTestSite(t, func(r *Routes) {
		r.Personal("POST", "/form", read)
		r.Upload("POST", "/upload", 1, read)
		r.Upload("POST", "/uploads", 3, read)
		r.API("POST", "/api/v1/statuses", read)
		r.APIUpload("POST", "/api/v1/media", read)
		r.APIUpload("POST", "/api/v1/accounts/update_credentials", read) // PATCH in fact
	}, func(o *Options) { o.MaxUploadBytes = 4_000_000 })
	for _, c := range []struct {
		path string
		size int
		want int
	}{
		{"/form", smallBody, 200}, {"/form", smallBody + 1, 413},
		{"/api/v1/statuses", smallBody, 200}, {"/api/v1/statuses", smallBody + 1, 413},
		{"/upload", 4_000_000 + uploadMargin, 200}, {"/upload", 4_000_000 + uploadMargin + 1, 413},
		{"/uploads", 3*4_000_000 + uploadMargin, 200}, {"/uploads", 3*4_000_000 + uploadMargin + 1, 413},
		{"/api/v1/media", 4_000_000, 200}, {"/api/v1/media", 6_000_000, 413},
		{"/api/v1/accounts/update_credentials", 2*4_000_000 + uploadMargin, 200},
		{"/api/v1/accounts/update_credentials", 2*4_000_000 + uploadMargin + 1, 413},
	} {
		if got := site.ask("POST", c.path, strings.Repeat("x", c.size)).Code; got != c.want {
			t.Errorf("%s with %d bytes: %d, want %d", c.path, c.size, got, c.want)
		}
	}
}

func TestHealth(t *testing.T) {
	site := newTestSite(t, func(r *Routes) { r.Personal("GET", "/page", text("x")) })
	site.Health.Wait("database", "no schema yet")
	if w := site.ask("GET", "/readyz", ""); w.Code != 503 || !strings.Contains(w.Body.String(), "database: no schema yet") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	site.Health.Done("database")
	if w := site.ask("GET", "/readyz", ""); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := site.ask("GET", "/page", ""); w.Header().Get("Connection") != "" {
		t.Error("closes connections while nothing is wrong")
	}
	site.Health.Drain()
	if w := site.ask("GET", "/readyz", ""); w.Code != 503 {
		t.Errorf("draining, and ready: %d", w.Code)
	}
	if w := site.ask("GET", "/livez", ""); w.Code != 200 {
		t.Errorf("draining, and dead: %d", w.Code)
	}
	if w := site.ask("GET", "/page", ""); w.Code != 200 || w.Header().Get("Connection") != "close" {
		t.Errorf("draining: %d %v", w.Code, w.Header())
	}
}

func TestSlowHandlersHaveADeadline(t *testing.T) {
	deadlines := make(map[string]bool)
	note := func(c *gin.Context) error {
		_, deadlines[c.FullPath()] = c.Request.Context().Deadline()
		return nil
	}
	site := newTestSite(t, func(r *Routes) {
		r.Personal("GET", "/personal", note)
		r.Cacheable("GET", "/cacheable", note)
		r.API("GET", "/api/x", note)
		r.Upload("POST", "/upload", 1, note)
		r.Asset("GET", "/media/x", note)
	})
	for _, path := range []string{"/personal", "/cacheable", "/api/x", "/media/x"} {
		site.ask("GET", path, "")
	}
	site.ask("POST", "/upload", "")
	want := map[string]bool{"/personal": true, "/cacheable": true, "/api/x": true, "/upload": false, "/media/x": false}
	for path, has := range want {
		if deadlines[path] != has {
			t.Errorf("%s: deadline %v", path, deadlines[path])
		}
	}
	if requestPatience > 60*time.Second {
		t.Error("longer than balancers wait")
	}
}
