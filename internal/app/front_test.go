package app

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// A front is where clients reach a site of this process, which may change meanwhile.
type front struct {
	t       testing.TB
	url     string
	handler atomic.Pointer[http.HandlerFunc]
	photos  int64
}

func newFront(t testing.TB) *front {
	f := &front{t: t}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*f.handler.Load())(w, r) }))
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

func (f *front) serve(h http.HandlerFunc) { f.handler.Store(&h) }

// siteWithFront is a whole site that clients reach.
func siteWithFront(t *testing.T, env ...string) (*testSite, *front) {
	t.Helper()
	f := newFront(t)
	site, _ := wired(t, append([]string{"BASE_URL=" + f.url, "SIGNUP_LIMIT=1000/1h"}, env...)...)
	f.serve(site.site.ServeHTTP)
	return site, f
}

// visitor is somebody without an account.
func (f *front) visitor() *servertest.Client { return servertest.NewClient(f.t, f.url) }

// join is the browser of a new member.
func (f *front) join(name string) *servertest.Client {
	f.t.Helper()
	return f.visitor().SignUp(name)
}

// photo is one that no other is like.
func (f *front) photo() []byte {
	f.photos++
	return phototest.JPEG(phototest.Options{Width: 300, Height: 200, Seed: f.photos})
}

// asApp is an application of the member in the browser.
func asApp(c *servertest.Client) *servertest.Client { return c.WithToken(c.NewToken()) }
