package app

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"tintype/internal/config"
	"tintype/internal/servertest"
	"tintype/internal/web"
)

// A testSite is an app whose layers are asked without a network.
type testSite struct {
	*App
	logged *bytes.Buffer
	close  func() // ends what was wired; nil where nothing was
}

// unopenedSite has its layers, and nothing inside of them.
func unopenedSite(t *testing.T, env ...string) *testSite {
	t.Helper()
	logged := new(bytes.Buffer)
	a := New(mustLoad(t, env...), slog.New(web.LogHandler(slog.NewJSONHandler(logged, &slog.HandlerOptions{Level: slog.LevelDebug}))), io.Discard)
	if err := a.openSite(); err != nil {
		t.Fatal(err)
	}
	a.site.Health.Done("site")
	return &testSite{App: a, logged: logged}
}

// newTestSite has the given routes inside.
func newTestSite(t *testing.T, register func(*web.Routes), env ...string) *testSite {
	t.Helper()
	site := unopenedSite(t, env...)
	routes := site.site.NewRoutes(web.RouteOptions{})
	if register != nil {
		register(routes)
	}
	site.site.Open(routes.Handler())
	return site
}

// ask sends a request; headers are "Name: value".
func (s *testSite) ask(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	return servertest.Ask(s.site, method, target, body, headers...)
}

func text(s string) func(*gin.Context) error {
	return func(c *gin.Context) error { c.String(http.StatusOK, s); return nil }
}

// load reads settings given as NAME=value.
func load(env ...string) (*config.Config, error) {
	set := make(map[string]string)
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		set[name] = value
	}
	return config.Load(func(name string) (string, bool) { v, ok := set[name]; return v, ok }, env)
}

func mustLoad(t *testing.T, env ...string) *config.Config {
	t.Helper()
	c, err := load(env...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
