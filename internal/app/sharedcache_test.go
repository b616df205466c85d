package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/session"
)

// A sharedCache is a CDN in front of the site: it keeps what a shared cache may
// keep, by address, and of all cookies looks at the session's only.
type sharedCache struct {
	next http.Handler
	kept map[string]*httptest.ResponseRecorder
	hits int
}

func (s *sharedCache) ask(r *http.Request) *httptest.ResponseRecorder {
	key := r.URL.RequestURI()
	if c, err := r.Cookie(session.CookieName(false)); err == nil {
		key += " " + c.Value
	}
	reading := r.Method == http.MethodGet
	if kept := s.kept[key]; reading && kept != nil {
		s.hits++
		return kept
	}
	w := httptest.NewRecorder()
	s.next.ServeHTTP(w, r)
	control := w.Header().Get("Cache-Control")
	if reading && !strings.Contains(control, "private") && !strings.Contains(control, "no-store") && !strings.Contains(control, "no-cache") && control != "" {
		s.kept[key] = w
	}
	return w
}

var parameter = regexp.MustCompile(`[:*]([a-z]+)`)

// R25: two members and a visitor, one after the other on every route, through a cache that ignores cookies. Neither
// member's name is anywhere on the site but on their own pages, so where it appears to others it came out of the cache.
func TestNobodySeesAnothersPageThroughACache(t *testing.T) {
	site, _ := wired(t, "SIGNUP_LIMIT=100/1h", "API_LIMIT=100000/1m")
	cache := &sharedCache{next: site.handler, kept: make(map[string]*httptest.ResponseRecorder)}
	names := []string{"firstmember", "secondmember", ""}
	cookies := make(map[string]string)
	ask := func(name, method, target, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, target, strings.NewReader(body))
		if body != "" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		} else {
			r.Body = http.NoBody
		}
		// A cookie that the cache knows nothing of is everybody's.
		r.Header.Set("Cookie", strings.TrimPrefix(cookies[name]+"; theme=x", "; "))
		patience := time.Minute
		if strings.Contains(target, "/streaming/") || target == "/live" {
			patience = 200 * time.Millisecond // a stream goes on until its reader leaves
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		return cache.ask(r.WithContext(ctx))
	}
	for _, name := range []string{"firstmember", "secondmember", "bystander"} {
		form := url.Values{"name": {name}, "email": {name + "@example.org"}, "password": {"correct horse battery"}, "agree": {"on"}}
		w := ask(name, "POST", "/signup", form.Encode())
		for _, c := range w.Result().Cookies() {
			if c.Name == session.CookieName(false) {
				cookies[name] = c.Name + "=" + c.Value
			}
		}
		if cookies[name] == "" {
			t.Fatalf("%s was not signed up: %d %s", name, w.Code, w.Body)
		}
	}

	shared, personalPages := 0, 0
	for _, route := range site.routes.table {
		if !slices.Contains([]policy{personal, cacheable, assetPolicy}, route.Policy) {
			t.Errorf("%s %s has no policy", route.Method, route.Path)
		}
		if route.Method != http.MethodGet {
			continue
		}
		path := parameter.ReplaceAllStringFunc(route.Path, func(p string) string {
			if p == ":name" {
				return "bystander"
			}
			return "1"
		})
		for _, name := range []string{names[0], names[2], names[1], names[2], names[0]} {
			w := ask(name, "GET", path, "")
			h := w.Header()
			for _, other := range names {
				if other != "" && other != name && strings.Contains(w.Body.String()+h.Get("Location"), other) {
					t.Errorf("%s: %q is shown the page of %s", path, name, other)
				}
			}
			control := h.Get("Cache-Control")
			switch {
			case route.Policy == personal || route.Policy == cacheable && name != "" || route.Policy == cacheable && w.Code != http.StatusOK:
				personalPages++
				if control != personalControl {
					t.Errorf("%s for %q: %d with Cache-Control %q", path, name, w.Code, control)
				}
			case route.Policy == cacheable:
				shared++
				if control != visitorControl || !strings.Contains(h.Get("Vary"), "Cookie") || h.Get("ETag") == "" || h.Get("Set-Cookie") != "" {
					t.Errorf("%s for a visitor: %v", path, h)
				}
			case h.Get("Set-Cookie") != "":
				t.Errorf("%s sets a cookie", path)
			}
		}
	}
	if shared < 20 || personalPages < 100 || cache.hits < shared/2 {
		t.Errorf("%d answers for visitors, %d from the cache, %d for one reader: that is hardly a site", shared, cache.hits, personalPages)
	}
	// Nobody gets by the table: every route of the router stands in it.
	for _, r := range site.routes.engine.Routes() {
		if r.Method != http.MethodHead && !slices.ContainsFunc(site.routes.table, func(known route) bool { return known.Method == r.Method && known.Path == r.Path }) {
			t.Errorf("%s %s was registered without a policy", r.Method, r.Path)
		}
	}
}

func TestVisitorsPagesHaveATag(t *testing.T) {
	site, _ := wired(t)
	for _, encoding := range []string{"", "gzip"} {
		first := site.ask("GET", "/about", "", "Accept-Encoding: "+encoding)
		tag := first.Header().Get("ETag")
		if first.Code != 200 || !strings.HasPrefix(tag, `"`) || strings.HasSuffix(tag, `-gzip"`) != (encoding == "gzip") {
			t.Fatalf("%q: %d %q", encoding, first.Code, tag)
		}
		for _, known := range []string{tag, "W/" + tag, `"other", ` + tag} {
			w := site.ask("GET", "/about", "", "Accept-Encoding: "+encoding, "If-None-Match: "+known)
			if w.Code != 304 || w.Body.Len() != 0 || w.Header().Get("ETag") != tag || w.Header().Get("Cache-Control") != visitorControl {
				t.Errorf("%q: %d %v", known, w.Code, w.Header())
			}
		}
		if w := site.ask("GET", "/about", "", "If-None-Match: \"other\""); w.Code != 200 {
			t.Errorf("another tag: %d", w.Code)
		}
		if w := site.ask("GET", "/about", "", "If-None-Match: "+tag, "Cookie: "+session.CookieName(false)+"=x"); w.Code != 200 || w.Header().Get("Cache-Control") != personalControl {
			t.Errorf("with a session: %d %v", w.Code, w.Header())
		}
	}
}
