package app

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/servertest"
	"tintype/internal/session"
	"tintype/internal/web"
)

func scrape(t *testing.T, a *App) string {
	t.Helper()
	w := httptest.NewRecorder()
	a.metrics.handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func hasLines(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+text, "\n"+line) {
			t.Errorf("no line begins with %q", line)
		}
	}
}

func TestRequestsAreCounted(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	site := newTestSite(t, func(r *web.Routes) {
		r.Personal("GET", "/posts/:id", text("x"))
		r.Personal("GET", "/slow", func(*gin.Context) error { entered <- struct{}{}; <-leave; return nil })
	}, "MAX_IN_FLIGHT=4")
	site.ask("GET", "/posts/1", "")
	site.ask("GET", "/posts/2", "")
	site.ask("GET", "/nowhere/at/all", "")
	site.ask("BREW", "/posts/1", "")
	site.ask("GET", "/readyz", "")
	done := make(chan struct{})
	for range 2 { // all the room that visitors of one network have
		go func() { site.ask("GET", "/slow", ""); done <- struct{}{} }()
		<-entered
	}
	if w := site.ask("GET", "/posts/3", ""); w.Code != 503 {
		t.Errorf("past the limit: %d", w.Code)
	}
	hasLines(t, scrape(t, site.App), "tintype_requests_in_flight 2", `tintype_requests_refused_total{reason="admission"} 1`)
	for range 2 {
		leave <- struct{}{}
		<-done
	}
	text := scrape(t, site.App)
	hasLines(t, text,
		`tintype_requests_total{method="GET",route="/posts/:id",status="200"} 2`,
		`tintype_requests_total{method="GET",route="none",status="404"} 1`,
		`tintype_requests_total{method="GET",route="none",status="503"} 1`,
		`tintype_requests_total{method="GET",route="/slow",status="200"} 2`,
		`tintype_request_seconds_count{route="/posts/:id"} 2`,
		"tintype_requests_in_flight 0", "go_goroutines ", "process_open_fds ", "tintype_build_info{")
	if strings.Contains(text, "readyz") || strings.Contains(text, "BREW") || strings.Contains(text, "/posts/1") {
		t.Error("a label holds what clients choose, or the balancer's checks are counted")
	}
}

func TestServicesAreCounted(t *testing.T) {
	site, _ := wired(t)
	site.metrics.job("photo.process", "done", time.Second)
	hasLines(t, scrape(t, site.App), `go_sql_open_connections{db_name="primary"}`, "tintype_photo_memory_bytes 0", "tintype_jobs_dead 0",
		"tintype_jobs_oldest_ready_seconds ", `tintype_jobs_total{kind="photo.process",outcome="done"} 1`,
		`tintype_sessions_refused_total{reason="malformed"} 0`, `tintype_sessions_refused_total{reason="expired"} 0`)
	site.ask("GET", "/", "", "Cookie: "+session.CookieName(false)+"=nonsense")
	hasLines(t, scrape(t, site.App), `tintype_sessions_refused_total{reason="malformed"} 1`, `tintype_sessions_refused_total{reason="expired"} 0`)
}

func TestMetricsHaveAnAddressOfTheirOwn(t *testing.T) {
	addr := "127.0.0.1:" + freePort(t)
	s := startLive(t, func(a *App) (http.Handler, error) {
		return (&liveSite{App: a}).routes(func(r *web.Routes) { r.Personal("GET", "/", text("x")) }), nil
	}, "METRICS_ADDR="+addr)
	servertest.Eventually(t, "ready", func() bool { return status(s.url+"/readyz") == 200 })
	for _, path := range []string{"/metrics", "/debug/pprof/"} {
		if got := status("http://" + addr + path); got != 200 {
			t.Errorf("%s at METRICS_ADDR: %d", path, got)
		}
		if got := status(s.url + path); got != 404 {
			t.Errorf("%s on the site: %d", path, got)
		}
	}
	s.stop()
	if err := <-s.done; err != nil {
		t.Error(err)
	}
	if got := status("http://" + addr + "/metrics"); got != 0 {
		t.Errorf("after the stop: %d", got)
	}
	for _, bad := range []string{"9100", ":9100", "127.0.0.1", "127.0.0.1:none"} {
		if _, err := load("METRICS_ADDR=" + bad); err == nil {
			t.Errorf("METRICS_ADDR=%s was accepted", bad)
		}
	}
}
