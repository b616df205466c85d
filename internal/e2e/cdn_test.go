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
	if servertest.All() {
		speed = 1
	}
	edge := servertest.NewEdge(t)
	fleet := newFleet(t, 2, "BASE_URL="+edge.URL, "TRUSTED_PROXIES=2")
	edge.Start(t, fleet.Balancer.Port, servertest.EdgeOptions{Cookie: "tintype_session", Speed: speed})
	stated := keptAtMost/time.Duration(speed) + ownPages

	ada, bob, eve := servertest.NewClient(t, edge.URL).SignUp("ada"), servertest.NewClient(t, edge.URL).SignUp("bob"), servertest.NewClient(t, edge.URL)
	var posts []string
	for n := range 3 {
		posts = append(posts, ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200, Seed: int64(n)}), "caption", fmt.Sprintf("Draft %d.", n)).URL.Path)
	}
	id := func(post string) string { return post[strings.LastIndexByte(post, '/')+1:] }
	isKept := func(p servertest.Answer) bool { return p.Header.Get("X-Cache") == "hit" }
	// shown waits until a visitor is given the page with these words out of the cache.
	shown := func(path, words string) servertest.Answer {
		t.Helper()
		var p servertest.Answer
		servertest.Eventually(t, path+" is kept", func() bool {
			p = eve.Get(path).Want(http.StatusOK)
			return isKept(p) && p.Holds(words)
		})
		return p
	}

	t.Run("one address, several readers", func(t *testing.T) {
		for _, path := range []string{"/", "/explore", "/@ada", posts[0], posts[0] + "/1", "/about", "/search?q=draft"} {
			p := shown(path, "")
			if c := p.Header.Values("Set-Cookie"); len(c) > 0 {
				t.Errorf("%s sets %q for all visitors", path, c)
			}
			for range 2 {
				for _, m := range []*servertest.Client{ada, bob} {
					p := m.Get(path).Want(http.StatusOK)
					if !strings.HasSuffix(path, "/1") { // a single photograph has no frame
						p.Has(`"/@`+m.Name+`"`, membersOnly)
					}
					if cc := p.Header.Get("Cache-Control"); isKept(p) || cc != "private, no-store" {
						t.Errorf("%s for %s: kept: %t, Cache-Control %q", path, m.Name, isKept(p), cc)
					}
				}
				eve.Get(path).Want(http.StatusOK).Lacks(membersOnly, `"/@bob"`)
			}
		}
		// Who has been a member is a visitor again: the dead cookie is taken away from that reader alone.
		gone := servertest.NewClient(t, edge.URL).SignUp("gone")
		old := gone.Cookies()
		gone.Post("/logout").Want(http.StatusOK).Lacks(membersOnly)
		gone.Bring(old)
		if p := gone.Get("/explore").Want(http.StatusOK).Lacks(membersOnly); isKept(p) || !strings.Contains(strings.Join(p.Header.Values("Set-Cookie"), ""), "tintype_session=;") {
			t.Errorf("a dead session: kept: %t, %v", isKept(p), p.Header)
		}
		if p := shown("/explore", ""); len(p.Header.Values("Set-Cookie")) > 0 {
			t.Errorf("a cookie was kept: %v", p.Header)
		}
	})

	t.Run("304 to who has it", func(t *testing.T) {
		p := shown(posts[0], "Draft 0.")
		if got := eve.Do(servertest.Read(posts[0]).With("If-None-Match", p.Header.Get("ETag"))); got.Status != http.StatusNotModified || got.Body != "" {
			t.Errorf("%d with %d bytes", got.Status, len(got.Body))
		}
		// The cache asks in the same way, whichever instance it finds.
		for _, i := range fleet.Web {
			v := servertest.NewClient(t, i.URL)
			first := v.Get(posts[0]).Want(http.StatusOK)
			v.Do(servertest.Read(posts[0]).With("If-None-Match", first.Header.Get("ETag"))).Want(http.StatusNotModified)
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
				if p := eve.Try(servertest.Read(posts[0])); p.Err != nil || p.Status != http.StatusOK {
					t.Errorf("a visitor: %d %v", p.Status, p.Err)
				}
				select {
				case <-ctx.Done():
				case <-time.After(20 * time.Millisecond):
				}
			}
		})
		changed := time.Now()
		for n, post := range posts[:2] {
			ada.Post("/posts/"+id(post)+"/edit", "caption", fmt.Sprintf("Final %d.", n), "visibility", "public", "licence", "all-rights-reserved").Want(http.StatusOK)
		}
		ada.Post("/posts/"+id(posts[2])+"/delete", "confirm", "on").Want(http.StatusOK)
		changed = changed.Add(time.Since(changed)) // from the answer on
		for _, m := range []*servertest.Client{ada, bob} {
			for n, post := range posts[:2] {
				m.Get(post).Want(http.StatusOK).Has(fmt.Sprintf("Final %d.", n)).Lacks("Draft")
			}
			m.Get(posts[2]).Want(http.StatusNotFound)
		}
		time.Sleep(time.Until(changed.Add(stated))) // which is how late the CDN may be
		for n, post := range posts[:2] {
			eve.Get(post).Want(http.StatusOK).Has(fmt.Sprintf("Final %d.", n)).Lacks("Draft")
		}
		if p := eve.Get(posts[2]); p.Status != http.StatusNotFound {
			t.Errorf("what was deleted answers %d after %s", p.Status, stated)
		}
		eve.Get("/@ada").Want(http.StatusOK).Lacks("Draft")
	})

	t.Run("the site is gone", func(t *testing.T) {
		shown(posts[0], "Final 0.")
		for _, i := range fleet.Web {
			i.Kill()
		}
		time.Sleep(keptAtMost/time.Duration(speed) + time.Second) // so that it is stale
		for range 3 {
			if p := eve.Get(posts[0]).Want(http.StatusOK).Has("Final 0."); !isKept(p) {
				t.Errorf("from where, if not from the cache? %v", p.Header)
			}
		}
		if p := eve.Get("/rules"); p.Status != http.StatusServiceUnavailable {
			t.Errorf("what nobody has read answers %d", p.Status)
		}
		before := ada.Cookies()
		if p := ada.Get(posts[0]); p.Status != http.StatusServiceUnavailable || strings.Contains(p.Body, "Final") {
			t.Errorf("a member is given %d, %s", p.Status, p.Text())
		}
		for _, i := range fleet.Web {
			i.Start()
		}
		servertest.Eventually(t, "the balancer knows that they are back", func() bool { return ada.Get("/about").Status == http.StatusOK })
		ada.Get(posts[0]).Want(http.StatusOK).Has("Final 0.", membersOnly)
		if after := ada.Cookies(); !slices.EqualFunc(before, after, func(a, b *http.Cookie) bool { return a.Name == b.Name && a.Value == b.Value }) {
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
			m := servertest.NewClient(t, fmt.Sprintf("http://127.0.0.1:%d", port))
			m.Transport = &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(own)}}).DialContext}
			forgeries := [][]string{
				nil, {"203.0.113.66"}, {"203.0.113.66, 198.51.100.9"}, {"203.0.113.66", "198.51.100.9"}, {"203.0.113.66,"}, {"unknown"}, {"127.0.0.1, 127.0.0.1, 127.0.0.1"},
			}
			for n, forged := range forgeries {
				q := servertest.Read("/about?forged=" + strconv.Itoa(n))
				for _, value := range forged {
					q = q.With("X-Forwarded-For", value)
				}
				m.Do(q).Want(http.StatusOK)
			}
			var seen []string
			servertest.Eventually(t, "the log shows every request", func() bool { // a reader may have the answer before the log its line
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
