package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
	"tintype/internal/session"
	"tintype/internal/web"
)

// A reply is what came through a cache.
type reply struct {
	status int
	header http.Header
	body   string
	kept   bool // by the cache
}

// A sharedCache is a CDN in front of the site: it keeps what a shared cache may
// keep, by address, and of all cookies looks at the session's only.
type sharedCache struct {
	next http.Handler
	kept map[string]reply
}

func (s *sharedCache) ask(r *http.Request) (reply, error) {
	key := r.URL.RequestURI()
	if c, err := r.Cookie(session.CookieName(false)); err == nil {
		key += " " + c.Value
	}
	reading := r.Method == http.MethodGet
	if kept, ok := s.kept[key]; reading && ok {
		return kept, nil
	}
	w := httptest.NewRecorder()
	s.next.ServeHTTP(w, r)
	got := reply{status: w.Code, header: w.Header(), body: w.Body.String()}
	control := w.Header().Get("Cache-Control")
	if reading && !strings.Contains(control, "private") && !strings.Contains(control, "no-store") && !strings.Contains(control, "no-cache") && control != "" {
		s.kept[key] = reply{got.status, got.header, got.body, true}
	}
	return got, nil
}

// throughVarnish is a real cache in front of the site.
func throughVarnish(t *testing.T, site http.Handler, o servertest.EdgeOptions) func(*http.Request) (reply, error) {
	edge := servertest.NewEdge(t)
	origin := httptest.NewServer(site)
	t.Cleanup(origin.Close)
	t.Cleanup(origin.CloseClientConnections)
	edge.Start(t, origin.Listener.Addr().(*net.TCPAddr).Port, o)
	client := &http.Client{
		Transport:     &http.Transport{DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(client.CloseIdleConnections)
	return func(r *http.Request) (reply, error) {
		address, err := url.Parse(edge.URL + r.URL.RequestURI())
		if err != nil {
			return reply{}, err
		}
		r = r.Clone(r.Context())
		r.URL, r.RequestURI, r.Host = address, "", ""
		resp, err := client.Do(r)
		if err != nil {
			return reply{}, err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if r.Context().Err() != nil {
			err = nil // a stream that was left
		}
		return reply{resp.StatusCode, resp.Header, string(body), resp.Header.Get("X-Cache") == "hit"}, err
	}
}

var (
	parameter   = regexp.MustCompile(`[:*]([a-z]+)`)
	ownPhoto    = regexp.MustCompile(`/media/priv/[0-9a-f]+/[a-z0-9]+\.jpg\?[^"\s,]*`)
	photoNumber = regexp.MustCompile(`"id":"?([0-9]+)`)
	formsKey    = regexp.MustCompile(`name="idempotency_key" value="([^"]+)"`)
)

// R25: two members and a visitor, one after the other on every route, through a
// cache that knows the session's cookie, and through one that ignores cookies.
// Neither member's name is anywhere on the site but on their own pages, so where
// it appears to others it came out of the cache.
func TestNobodySeesAnothersPageThroughACache(t *testing.T) {
	for _, c := range []struct {
		name    string
		ignores bool // all cookies: members, too, are given what visitors see
		front   func(*testing.T, http.Handler) func(*http.Request) (reply, error)
	}{
		{"of the test, keyed by the session", false, func(_ *testing.T, site http.Handler) func(*http.Request) (reply, error) {
			return (&sharedCache{next: site, kept: make(map[string]reply)}).ask
		}},
		{"Varnish, keyed by the session", false, func(t *testing.T, site http.Handler) func(*http.Request) (reply, error) {
			return throughVarnish(t, site, servertest.EdgeOptions{Cookie: session.CookieName(false)})
		}},
		{"Varnish, ignoring cookies", true, func(t *testing.T, site http.Handler) func(*http.Request) (reply, error) {
			return throughVarnish(t, site, servertest.EdgeOptions{})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() && strings.HasPrefix(c.name, "Varnish") {
				t.Skip("the short form has one cache")
			}
			site, _ := wired(t, "SIGNUP_LIMIT=100/1h", "API_LIMIT=100000/1m", "MAX_IN_FLIGHT=64")
			walk(t, site, c.front(t, site.site), c.ignores)
		})
	}
}

func walk(t *testing.T, site *testSite, cache func(*http.Request) (reply, error), ignores bool) {
	cookies := make(map[string]string)
	send := func(name, method, target, kind, body string) reply {
		t.Helper()
		r := httptest.NewRequest(method, target, strings.NewReader(body))
		if body != "" {
			r.Header.Set("Content-Type", kind)
		} else {
			r.Body = http.NoBody
		}
		// A cookie that the cache knows nothing of is everybody's.
		r.Header.Set("Cookie", strings.TrimPrefix(cookies[name]+"; theme=x", "; "))
		if strings.HasSuffix(target, "/photos") {
			r.Header.Set("Accept", "application/json")
		}
		patience := time.Minute
		if strings.Contains(target, "/streaming/") || target == "/live" {
			patience = 300 * time.Millisecond // a stream goes on until its reader leaves
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		got, err := cache(r.WithContext(ctx))
		if err != nil && ctx.Err() == nil {
			t.Fatalf("%s %s: %v", method, target, err)
		}
		return got
	}
	form := func(name, target string, pairs ...string) reply {
		t.Helper()
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return send(name, "POST", target, "application/x-www-form-urlencoded", v.Encode())
	}
	names := []string{"firstmember", "secondmember", ""}
	for _, name := range []string{"firstmember", "secondmember", "bystander"} {
		got := form(name, "/signup", "name", name, "email", name+"@example.org", "password", "correct horse battery", "agree", "on")
		for _, c := range (&http.Response{Header: got.header}).Cookies() {
			if c.Name == session.CookieName(false) {
				cookies[name] = c.Name + "=" + c.Value
			}
		}
		if cookies[name] == "" {
			t.Fatalf("%s was not signed up: %d %s", name, got.status, got.body)
		}
	}
	// Lists of people to follow would name them to others.
	for _, name := range names[:2] {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		if err := errors.Join(w.WriteField("discoverable", "off"), w.Close()); err != nil {
			t.Fatal(err)
		}
		if got := send(name, "POST", "/settings/profile", w.FormDataContentType(), b.String()); got.status != http.StatusSeeOther {
			t.Fatalf("%s keeps being listed: %d %s", name, got.status, got.body)
		}
	}
	post := func(name, visibility, caption string) (page, photo string) {
		t.Helper()
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		part, err := w.CreateFormFile("photos", "photo.jpg")
		if err == nil {
			_, err = part.Write(phototest.JPEG(phototest.Options{Width: 320, Height: 240, Seed: 3}))
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		up := send(name, "POST", "/compose/photos", w.FormDataContentType(), b.String())
		key, id := formsKey.FindStringSubmatch(send(name, "GET", "/compose", "", "").body), photoNumber.FindStringSubmatch(up.body)
		if key == nil || id == nil {
			t.Fatalf("upload: %d %s", up.status, up.body)
		}
		got := form(name, "/compose", "idempotency_key", key[1], "visibility", visibility, "caption", caption, "licence", "all-rights-reserved")
		at, err := url.Parse(got.header.Get("Location"))
		if err != nil || got.status != http.StatusSeeOther {
			t.Fatalf("post: %d %s", got.status, got.body)
		}
		return at.Path, id[1]
	}
	public, _ := post("bystander", "public", "Everybody's #photograph")
	const secret = "for my followers, who are nobody"
	hidden, photo := post("firstmember", "followers", secret)
	own := send("firstmember", "GET", hidden, "", "")
	private := ownPhoto.FindString(strings.ReplaceAll(own.body, "&amp;", "&"))
	if private == "" || !strings.Contains(own.body, secret) {
		t.Fatalf("%s: %d without its photograph or words", hidden, own.status)
	}

	type target struct {
		path   string
		policy web.Policy
		named  bool // the first member's name belongs there
	}
	targets := []target{
		{"/@firstmember", web.PolicyCacheable, true}, {hidden, web.PolicyCacheable, true}, {hidden + "/1", web.PolicyCacheable, true},
		{"/posts/" + path.Base(hidden), web.PolicyPersonal, true}, {"/photos/" + photo + "/original", web.PolicyPersonal, true}, {private, web.PolicyAsset, true},
		{"/search?q=firstmember", web.PolicyCacheable, true}, {"/nowhere/at/all", web.PolicyPersonal, false},
	}
	for _, route := range site.routes.All() {
		if !slices.Contains([]web.Policy{web.PolicyPersonal, web.PolicyCacheable, web.PolicyAsset}, route.Policy) {
			t.Errorf("%s %s has no policy", route.Method, route.Path)
		}
		if route.Method != http.MethodGet {
			continue
		}
		targets = append(targets, target{policy: route.Policy, path: parameter.ReplaceAllStringFunc(route.Path, func(p string) string {
			switch p {
			case ":name":
				return "bystander"
			case ":id":
				return path.Base(public)
			case ":tag":
				return "photograph"
			}
			return "1"
		})})
	}
	shared, personalPages, kept := 0, 0, 0
	for _, to := range targets {
		for _, name := range []string{names[0], names[2], names[1], names[2], names[0]} {
			got := send(name, "GET", to.path, "", "")
			if got.status == 0 {
				continue // a stream from which nothing came
			}
			if got.kept {
				kept++
			}
			for _, other := range names {
				if other != "" && other != name && !to.named && strings.Contains(got.body+got.header.Get("Location"), other) {
					t.Errorf("%s: %q is shown the page of %s", to.path, name, other)
				}
			}
			if name != "firstmember" && (strings.Contains(got.body, secret) || to.path == private && got.status == http.StatusOK) {
				t.Errorf("%s: %q is shown what is the first member's: %d", to.path, name, got.status)
			}
			if name == "" && strings.Contains(got.body, `href="/notifications"`) {
				t.Errorf("%s: a visitor is shown a member's page", to.path)
			}
			control := got.header.Get("Cache-Control")
			visitors := to.policy == web.PolicyCacheable && got.status == http.StatusOK && (name == "" || ignores && got.kept)
			switch {
			case visitors:
				shared++
				// Varnish does not pass on what it has taken into its key, or was told to ignore.
				vary := got.header.Get("X-Cache") != "" || strings.Contains(got.header.Get("Vary"), "Cookie")
				if control != web.VisitorControl || !vary || got.header.Get("ETag") == "" || got.header.Get("Set-Cookie") != "" {
					t.Errorf("%s for a visitor: %v", to.path, got.header)
				}
			case to.path == "/api/openapi.json": // the same for everybody
				if control != "no-cache" || got.header.Get("ETag") == "" || got.header.Get("Set-Cookie") != "" {
					t.Errorf("%s: %v", to.path, got.header)
				}
			case to.policy != web.PolicyAsset:
				personalPages++
				if control != web.PersonalControl || got.kept {
					t.Errorf("%s for %q: %d, kept: %t, with Cache-Control %q", to.path, name, got.status, got.kept, control)
				}
			case got.header.Get("Set-Cookie") != "":
				t.Errorf("%s sets a cookie", to.path)
			}
		}
	}
	if shared < 20 || personalPages < 100 || kept < shared/2 {
		t.Errorf("%d answers for visitors, %d from the cache, %d for one reader: that is hardly a site", shared, kept, personalPages)
	}
	// Nobody gets by the table: every route of the router stands in it.
	for _, r := range site.routes.Handler().(*gin.Engine).Routes() {
		if r.Method != http.MethodHead && !slices.ContainsFunc(site.routes.All(), func(known web.Route) bool { return known.Method == r.Method && known.Path == r.Path }) {
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
			if w.Code != 304 || w.Body.Len() != 0 || w.Header().Get("ETag") != tag || w.Header().Get("Cache-Control") != web.VisitorControl {
				t.Errorf("%q: %d %v", known, w.Code, w.Header())
			}
		}
		if w := site.ask("GET", "/about", "", "If-None-Match: \"other\""); w.Code != 200 {
			t.Errorf("another tag: %d", w.Code)
		}
		if w := site.ask("GET", "/about", "", "If-None-Match: "+tag, "Cookie: "+session.CookieName(false)+"=x"); w.Code != 200 || w.Header().Get("Cache-Control") != web.PersonalControl {
			t.Errorf("with a session: %d %v", w.Code, w.Header())
		}
	}
}
