package web

import (
	"slices"
	"testing"

	"github.com/gin-gonic/gin"

	"tintype/internal/session"
)

func TestRoutesCarryTheirPolicy(t *testing.T) {
	site := newTestSite(t, func(r *Routes) {
		r.Personal("GET", "/home", text("x"))
		r.Cacheable("GET", "/public", text("x"))
		r.API("GET", "/api/x", text("x"))
		r.Asset("GET", "/media/x", func(c *gin.Context) error {
			c.Header("Cache-Control", "public, max-age=31536000, immutable")
			return nil
		})
	})
	for _, c := range []struct{ path, cookie, want, vary string }{
		{"/home", "", "private, no-store", ""},
		{"/home", "x", "private, no-store", ""},
		{"/api/x", "", "private, no-store", ""},
		{"/public", "", VisitorControl, "Cookie"},
		{"/public", "x", "private, no-store", "Cookie"},
		{"/media/x", "", "public, max-age=31536000, immutable", ""},
	} {
		var headers []string
		if c.cookie != "" {
			headers = append(headers, "Cookie: "+session.CookieName(false)+"="+c.cookie)
		}
		h := site.ask("GET", c.path, "", headers...).Header()
		if h.Get("Cache-Control") != c.want || h.Get("Vary") != c.vary {
			t.Errorf("%s: Cache-Control %q, Vary %q", c.path, h.Get("Cache-Control"), h.Get("Vary"))
		}
	}
}

func TestHeadAnswersLikeGet(t *testing.T) {
	site := newTestSite(t, func(r *Routes) { r.Cacheable("GET", "/public", text("x")) })
	if w := site.ask("HEAD", "/public", ""); w.Code != 200 {
		t.Errorf("%d", w.Code)
	}
}

func TestStepsBeforeHandlers(t *testing.T) {
	var ran []string
	site := newTestSite(t, func(r *Routes) {
		r.beforePage = func(c *gin.Context) error {
			ran = append(ran, "step")
			if c.Query("stop") != "" {
				c.AbortWithStatus(429)
			}
			return nil
		}
		r.Personal("GET", "/page", func(*gin.Context) error { ran = append(ran, "page"); return nil })
		r.API("GET", "/api/x", func(*gin.Context) error { ran = append(ran, "api"); return nil })
	})
	site.ask("GET", "/page", "")
	site.ask("GET", "/api/x", "")
	if w := site.ask("GET", "/page?stop=1", ""); w.Code != 429 {
		t.Errorf("%d", w.Code)
	}
	if want := []string{"step", "page", "api", "step"}; !slices.Equal(ran, want) {
		t.Errorf("%v", ran)
	}
}
