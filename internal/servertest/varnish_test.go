package servertest_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// What the Edge is trusted with in other tests: it mixes readers up where a site
// lets it, and does nothing of the kind otherwise.
func TestEdge(t *testing.T) {
	var asked atomic.Int64
	var broken atomic.Bool
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := asked.Add(1)
		switch {
		case broken.Load():
			w.WriteHeader(http.StatusBadGateway)
			return
		case r.URL.Path == "/private":
			w.Header().Set("Cache-Control", "private, no-store")
		case r.URL.Path == "/page":
			w.Header().Set("Vary", "Cookie")
			w.Header().Set("Cache-Control", "max-age=0, s-maxage=10000")
		case r.URL.Path == "/brief":
			w.Header().Set("Cache-Control", "max-age=0, s-maxage=5, stale-while-revalidate=5, stale-if-error=100000")
		}
		if r.URL.Path == "/undeclared" {
			w.Header().Set("Set-Cookie", "whose="+r.Header.Get("Cookie"))
		}
		fmt.Fprint(w, n, " ", r.Header.Get("Cookie"), " ", r.Header.Get("X-Forwarded-For"))
	}))
	t.Cleanup(origin.Close)
	t.Cleanup(origin.CloseClientConnections)
	port := origin.Listener.Addr().(*net.TCPAddr).Port
	blind, keyed := servertest.NewEdge(t), servertest.NewEdge(t)
	blind.Start(t, port, servertest.EdgeOptions{Speed: 10})
	keyed.Start(t, port, servertest.EdgeOptions{Cookie: "who", Speed: 10})
	get := func(e *servertest.Edge, path, cookie string) (status int, body string, kept bool) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Cookie", cookie)
		req.Header.Set("X-Forwarded-For", "203.0.113.7")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b), resp.Header.Get("X-Cache") == "hit"
	}
	for _, path := range []string{"/page", "/undeclared"} {
		if _, body, _ := get(blind, path, "who=ann"); !strings.Contains(body, "ann 203.0.113.7, ") {
			t.Errorf("%s: the site does not get the cookie or the addresses: %q", path, body)
		}
		if _, body, kept := get(blind, path, "who=bob"); !kept || !strings.Contains(body, "ann") {
			t.Errorf("%s through a cache that ignores cookies: %q, kept: %t", path, body, kept)
		}
	}
	for _, e := range []*servertest.Edge{blind, keyed} {
		for _, who := range []string{"ann", "bob", "ann"} {
			if _, body, kept := get(e, "/private", "who="+who); kept || !strings.Contains(body, who) {
				t.Errorf("what is private: %q, kept: %t", body, kept)
			}
		}
	}
	get(keyed, "/page", "theme=dark; who=ann")
	if _, body, kept := get(keyed, "/page", "who=ann; theme=light"); !kept || !strings.Contains(body, "dark") {
		t.Errorf("the same reader with another cookie: %q, kept: %t", body, kept)
	}
	for _, cookie := range []string{"who=bob", "theme=dark"} {
		if _, body, kept := get(keyed, "/page", cookie); kept || !strings.Contains(body, cookie) {
			t.Errorf("%s: %q, kept: %t", cookie, body, kept)
		}
	}
	if _, body, kept := get(keyed, "/page", "nowho=ann"); !kept || !strings.Contains(body, "dark") {
		t.Errorf("another visitor: %q, kept: %t", body, kept)
	}
	// A tenth of the time: after half a second it asks while it answers, after one before it does.
	get(keyed, "/brief", "")
	time.Sleep(1100 * time.Millisecond)
	before := asked.Load()
	if _, _, kept := get(keyed, "/brief", ""); kept || asked.Load() != before+1 {
		t.Errorf("after s-maxage and stale-while-revalidate: kept: %t, asked %d times", kept, asked.Load()-before)
	}
	broken.Store(true)
	time.Sleep(1100 * time.Millisecond) // likewise
	before = asked.Load()
	if status, body, _ := get(keyed, "/brief", ""); status != http.StatusOK || !strings.Contains(body, "127.0.0.1") || asked.Load() == before {
		t.Errorf("stale-if-error: %d %q, asked %d times", status, body, asked.Load()-before)
	}
	if status, _, _ := get(keyed, "/private", "who=ann"); status != http.StatusBadGateway {
		t.Errorf("what is not kept: %d", status)
	}
}
