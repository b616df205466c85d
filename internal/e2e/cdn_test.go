package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// keptAtMost is how long visitors' pages are kept between us and them while the site answers: s-maxage and
// stale-while-revalidate.
const keptAtMost = 60 * time.Second

// ownPages is how long each process keeps visitors' pages.
const ownPages = 5 * time.Second

// membersOnly is on every page of somebody who is logged in.
const membersOnly = `href="/notifications"`

// R25, rung 4: the whole site through Varnish, set up as CloudFront is to be: the key holds the path and query, and of
// the cookies the session's. Members and visitors share every address; what changes is gone within the stated time;
// when the site is gone, visitors still read what was kept.
func TestPagesThroughACDN(t *testing.T) {
	speed := 10
	if all() {
		speed = 1
	}
	edge := servertest.NewEdge(t)
	fleet := newFleet(t, 2, "BASE_URL="+edge.URL, "TRUSTED_PROXIES=2")
	edge.Start(t, fleet.Balancer.Port, servertest.EdgeOptions{Cookie: "tintype_session", Speed: speed})
	stated := keptAtMost/time.Duration(speed) + ownPages

	ada, bob, eve := join(t, edge.URL, "ada"), join(t, edge.URL, "bob"), visitor(t, edge.URL)
	var posts []string
	for n := range 3 {
		posts = append(posts, ada.postPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200, Seed: int64(n)}), "caption", fmt.Sprintf("Draft %d.", n)).url.Path)
	}
	id := func(post string) string { return post[strings.LastIndexByte(post, '/')+1:] }
	isKept := func(p page) bool { return p.header.Get("X-Cache") == "hit" }
	// shown waits until a visitor is given the page with these words out of the cache.
	shown := func(path, words string) page {
		t.Helper()
		var p page
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			if p = eve.get(path).want(http.StatusOK); isKept(p) && strings.Contains(p.body, words) {
				return p
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s is not kept: %v\n%s", path, p.header, p.text())
			}
		}
	}

	t.Run("one address, several readers", func(t *testing.T) {
		for _, path := range []string{"/", "/explore", "/@ada", posts[0], posts[0] + "/1", "/about", "/search?q=draft"} {
			p := shown(path, "")
			if c := p.header.Values("Set-Cookie"); len(c) > 0 {
				t.Errorf("%s sets %q for all visitors", path, c)
			}
			for range 2 {
				for _, m := range []*member{ada, bob} {
					p := m.get(path).want(http.StatusOK)
					if !strings.HasSuffix(path, "/1") { // a single photograph has no frame
						p.has(`"/@`+m.name+`"`, membersOnly)
					}
					if cc := p.header.Get("Cache-Control"); isKept(p) || cc != "private, no-store" {
						t.Errorf("%s for %s: kept: %t, Cache-Control %q", path, m.name, isKept(p), cc)
					}
				}
				eve.get(path).want(http.StatusOK).lacks(membersOnly, `"/@bob"`)
			}
		}
		// Who has been a member is a visitor again: the dead cookie is taken away from that reader alone.
		gone := join(t, edge.URL, "gone")
		old := gone.http.Jar.Cookies(gone.request(http.MethodGet, "/", "", nil).URL)
		gone.post("/logout").want(http.StatusOK).lacks(membersOnly)
		req := eve.request(http.MethodGet, "/explore", "", nil)
		for _, c := range old {
			req.AddCookie(c)
		}
		if p := eve.do(req).want(http.StatusOK).lacks(membersOnly); isKept(p) || !strings.Contains(strings.Join(p.header.Values("Set-Cookie"), ""), "tintype_session=;") {
			t.Errorf("a dead session: kept: %t, %v", isKept(p), p.header)
		}
		if p := shown("/explore", ""); len(p.header.Values("Set-Cookie")) > 0 {
			t.Errorf("a cookie was kept: %v", p.header)
		}
	})

	t.Run("304 to who has it", func(t *testing.T) {
		p := shown(posts[0], "Draft 0.")
		req := eve.request(http.MethodGet, posts[0], "", nil)
		req.Header.Set("If-None-Match", p.header.Get("ETag"))
		if got := eve.do(req); got.status != http.StatusNotModified || got.body != "" {
			t.Errorf("%d with %d bytes", got.status, len(got.body))
		}
		// The cache asks in the same way, whichever instance it finds.
		for _, i := range fleet.Web {
			v := visitor(t, i.URL)
			first := v.get(posts[0]).want(http.StatusOK)
			req := v.request(http.MethodGet, posts[0], "", nil)
			req.Header.Set("If-None-Match", first.header.Get("ETag"))
			v.do(req).want(http.StatusNotModified)
		}
	})

	t.Run("edits and deletions are gone within the stated time", func(t *testing.T) {
		for n, post := range posts {
			shown(post, fmt.Sprintf("Draft %d.", n))
		}
		ctx, enough := context.WithCancel(t.Context())
		var readers sync.WaitGroup
		defer readers.Wait()
		defer enough()
		readers.Go(func() { // the first page is asked for all the time, the others by nobody
			for ctx.Err() == nil {
				if p, err := eve.try(eve.request(http.MethodGet, posts[0], "", nil)); err != nil || p.status != http.StatusOK {
					t.Errorf("a visitor: %d %v", p.status, err)
				}
				time.Sleep(20 * time.Millisecond)
			}
		})
		changed := time.Now()
		for n, post := range posts[:2] {
			ada.post("/posts/"+id(post)+"/edit", "caption", fmt.Sprintf("Final %d.", n), "visibility", "public", "licence", "all-rights-reserved").want(http.StatusOK)
		}
		ada.post("/posts/"+id(posts[2])+"/delete", "confirm", "on").want(http.StatusOK)
		changed = changed.Add(time.Since(changed)) // from the answer on
		for _, m := range []*member{ada, bob} {
			for n, post := range posts[:2] {
				m.get(post).want(http.StatusOK).has(fmt.Sprintf("Final %d.", n)).lacks("Draft")
			}
			m.get(posts[2]).want(http.StatusNotFound)
		}
		time.Sleep(time.Until(changed.Add(stated)))
		for n, post := range posts[:2] {
			eve.get(post).want(http.StatusOK).has(fmt.Sprintf("Final %d.", n)).lacks("Draft")
		}
		if p := eve.get(posts[2]); p.status != http.StatusNotFound {
			t.Errorf("what was deleted answers %d after %s", p.status, stated)
		}
		eve.get("/@ada").want(http.StatusOK).lacks("Draft")
	})

	t.Run("the site is gone", func(t *testing.T) {
		shown(posts[0], "Final 0.")
		for _, i := range fleet.Web {
			i.Kill()
		}
		time.Sleep(keptAtMost/time.Duration(speed) + time.Second) // so that it is stale
		for range 3 {
			if p := eve.get(posts[0]).want(http.StatusOK).has("Final 0."); !isKept(p) {
				t.Errorf("from where, if not from the cache? %v", p.header)
			}
		}
		if p := eve.get("/rules"); p.status != http.StatusServiceUnavailable {
			t.Errorf("what nobody has read answers %d", p.status)
		}
		before := ada.http.Jar.Cookies(ada.request(http.MethodGet, "/", "", nil).URL)
		if p := ada.get(posts[0]); p.status != http.StatusServiceUnavailable || strings.Contains(p.body, "Final") {
			t.Errorf("a member is given %d, %s", p.status, p.text())
		}
		for _, i := range fleet.Web {
			i.Start()
		}
		deadline := time.Now().Add(time.Minute)
		for ada.get("/about").status != http.StatusOK && time.Now().Before(deadline) {
			time.Sleep(100 * time.Millisecond) // the balancer asks twice before it believes
		}
		ada.get(posts[0]).want(http.StatusOK).has("Final 0.", membersOnly)
		if after := ada.http.Jar.Cookies(ada.request(http.MethodGet, "/", "", nil).URL); !slices.EqualFunc(before, after, func(a, b *http.Cookie) bool { return a.Name == b.Name && a.Value == b.Value }) {
			t.Error("the cookies are others now")
		}
		shown(posts[1], "Final 1.")
	})
}

// R34: what a client writes into X-Forwarded-For itself is never taken for its address, over one hop and over two.
func TestForgedForwardedFor(t *testing.T) {
	for _, hops := range []int{1, 2} {
		t.Run(fmt.Sprintf("%d hops", hops), func(t *testing.T) {
			fleet := newFleet(t, 1, "TRUSTED_PROXIES="+strconv.Itoa(hops))
			port := fleet.Balancer.Port
			if hops == 2 {
				edge := servertest.NewEdge(t)
				edge.Start(t, port, servertest.EdgeOptions{})
				port = edge.Port
			}
			// An address of its own on loopback, which none of the proxies has.
			const own = "127.0.0.77"
			m := visitor(t, fmt.Sprintf("http://127.0.0.1:%d", port))
			m.http.Transport = &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(own)}}).DialContext}
			forgeries := [][]string{
				nil, {"203.0.113.66"}, {"203.0.113.66, 198.51.100.9"}, {"203.0.113.66", "198.51.100.9"}, {"203.0.113.66,"}, {"unknown"}, {"127.0.0.1, 127.0.0.1, 127.0.0.1"},
			}
			for n, forged := range forgeries {
				req := m.request(http.MethodGet, "/about?forged="+strconv.Itoa(n), "", nil)
				if forged != nil {
					req.Header["X-Forwarded-For"] = forged
				}
				m.do(req).want(http.StatusOK)
			}
			var seen []string
			eventually(t, "the log shows every request", func() bool { // a reader may have the answer before the log its line
				seen = seen[:0]
				for line := range strings.Lines(fleet.Web[0].Logs()) {
					if strings.Contains(line, "path=/about") && strings.HasSuffix(line, "\n") {
						seen = append(seen, line)
					}
				}
				return len(seen) >= len(forgeries)
			})
			for _, line := range seen {
				if !strings.Contains(line, "client="+own+" ") {
					t.Errorf("that is not the client: %s", line)
				}
			}
			if len(seen) != len(forgeries) {
				t.Errorf("the log shows %d requests, %d were made", len(seen), len(forgeries))
			}
		})
	}
}
