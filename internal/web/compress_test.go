package web

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

func TestCompression(t *testing.T) {
	page := strings.Repeat("<p>a photograph</p>", 2000)
	send := func(kind string, pieces ...string) func(*gin.Context) error {
		return func(c *gin.Context) error {
			c.Header("Content-Type", kind)
			c.Status(http.StatusOK)
			for _, p := range pieces {
				if _, err := io.WriteString(c.Writer, p); err != nil {
					return err
				}
			}
			return nil
		}
	}
	pieces := []string{page[:10], page[10:500], page[500:30000], page[30000:]}
	site := newTestSite(t, func(r *Routes) {
		r.Cacheable("GET", "/page", send("text/html; charset=utf-8", pieces...))
		r.API("GET", "/api/x", send("application/json", page))
		r.Personal("GET", "/short", send("text/html", "short"))
		r.Asset("GET", "/media/x", send("image/jpeg", page))
		r.Asset("GET", "/static/x", func(c *gin.Context) error {
			c.Header("Content-Encoding", "br")
			return send("text/html", page)(c)
		})
		r.Personal("GET", "/nothing", func(c *gin.Context) error { c.Status(http.StatusNoContent); return nil })
		r.Personal("GET", "/away", func(c *gin.Context) error { c.Redirect(http.StatusSeeOther, "/page"); return nil })
	})
	for _, c := range []struct {
		path, accept string
		status       int
		encoding     string
		body         string
	}{
		{"/page", "gzip, deflate, br", 200, "gzip", page},
		{"/page", "", 200, "", page},
		{"/page", "gzip;q=0", 200, "", page},
		{"/page", "br, gzip;q=0.5", 200, "gzip", page},
		{"/api/x", "gzip", 200, "gzip", page},
		{"/short", "gzip", 200, "", "short"},
		{"/media/x", "gzip", 200, "", page},
		{"/static/x", "gzip", 200, "br", page},
		{"/nothing", "gzip", 204, "", ""},
		{"/away", "gzip", 303, "", ""},
	} {
		w := site.ask("GET", c.path, "", "Accept-Encoding: "+c.accept)
		if w.Code != c.status || w.Header().Get("Content-Encoding") != c.encoding {
			t.Errorf("%+v: %d, encoding %q", c.path+" "+c.accept, w.Code, w.Header().Get("Content-Encoding"))
			continue
		}
		body := w.Body.String()
		if c.encoding == "gzip" {
			body = gunzip(t, w.Body)
			if n, err := strconv.Atoi(w.Header().Get("Content-Length")); err == nil && n == len(page) {
				t.Errorf("%s: the length is that of the page uncompressed", c.path)
			}
		}
		if c.status == 200 && body != c.body {
			t.Errorf("%s %q: %d bytes, want %d", c.path, c.accept, len(body), len(c.body))
		}
		if long := c.path == "/page" || c.path == "/api/x"; long != strings.Contains(strings.Join(w.Header()["Vary"], ","), "Accept-Encoding") {
			t.Errorf("%s %q: Vary %q", c.path, c.accept, w.Header()["Vary"])
		}
	}
	if w := site.ask("GET", "/page", "", "Accept-Encoding: gzip"); !strings.Contains(strings.Join(w.Header()["Vary"], ","), "Cookie") {
		t.Errorf("the policy's Vary is gone: %q", w.Header()["Vary"])
	}
}

func gunzip(t *testing.T, r io.Reader) string {
	t.Helper()
	z, err := gzip.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestCompressedAnswersThatFailAreCutOff(t *testing.T) {
	for name, before := range map[string]int{"held back": 10, "on its way": 100_000} {
		site := newTestSite(t, func(r *Routes) {
			r.Personal("GET", "/page", func(c *gin.Context) error {
				c.Header("Content-Type", "text/html")
				if _, err := c.Writer.Write(bytes.Repeat([]byte("x"), before)); err != nil {
					return err
				}
				return errors.New("the database went away")
			})
		})
		server := httptest.NewServer(site.handler)
		answer, err := http.Get(server.URL + "/page")
		if err == nil {
			if data, err := io.ReadAll(answer.Body); err == nil {
				t.Errorf("%s: half a page passes for a whole one, %d bytes", name, len(data))
			}
			answer.Body.Close()
		}
		server.Close()
	}
}

func BenchmarkLayers(b *testing.B) {
	h, err := New(testOptions(io.Discard))
	if err != nil {
		b.Fatal(err)
	}
	routes := h.NewRoutes(RouteOptions{})
	page := bytes.Repeat([]byte("<p>a photograph</p>"), 2000)
	routes.Cacheable("GET", "/", func(c *gin.Context) error {
		c.Data(http.StatusOK, "text/html; charset=utf-8", page)
		return nil
	})
	h.Open(routes.Handler())
	for _, accept := range []string{"", "gzip"} {
		b.Run("accept="+accept, func(b *testing.B) {
			b.ReportAllocs()
			r := httptest.NewRequest("GET", "/", nil)
			r.Body = http.NoBody
			r.Header.Set("Accept-Encoding", accept)
			for b.Loop() {
				h.ServeHTTP(&headedWriter{header: http.Header{}}, r.Clone(r.Context()))
			}
		})
	}
}

type headedWriter struct {
	discardWriter
	header http.Header
}

func (w *headedWriter) Header() http.Header { return w.header }
