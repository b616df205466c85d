package web

import (
	"net/netip"
	"testing"
	"time"

	"tintype/internal/community"
)

func TestStrangersGetSoManyPages(t *testing.T) {
	site := newTestSite(t, func(r *Routes) {
		r.Cacheable("GET", "/", text("x"))
		r.Personal("GET", "/login", text("x"))
		r.Asset("GET", "/media/x", text("x"))
		r.API("GET", "/api/v1/instance", text("{}"))
	}, func(o *Options) {
		o.TrustedProxies, o.PageLimit = 1, community.Limit{Count: 3, Window: time.Hour}
	})
	const here, there = "X-Forwarded-For: 203.0.113.1", "X-Forwarded-For: 203.0.113.2"
	for i, path := range []string{"/", "/login", "/nowhere"} {
		if got := site.ask("GET", path, "", here).Code; got == 429 {
			t.Errorf("page %d: %d", i, got)
		}
	}
	for _, c := range []struct {
		path string
		from string
		want int
	}{
		{"/", here, 429}, {"/log%69n", here, 429}, {"/nowhere", here, 429},
		{"/media/x", here, 200}, {"/api/v1/instance", here, 200}, {"/livez", here, 200},
		{"/", there, 200}, {"/", "X-Forwarded-For: 127.0.0.1", 200},
	} {
		w := site.ask("GET", c.path, "", c.from)
		if w.Code != c.want || (w.Code == 429) != (w.Header().Get("Retry-After") != "") {
			t.Errorf("%s %s: %d, want %d; %v", c.path, c.from, w.Code, c.want, w.Header())
		}
	}
	// A cookie helps whose session was found good, and nobody else.
	cookie := "Cookie: " + site.o.SessionCookie + "=secret"
	if got := site.ask("GET", "/", "", here, cookie).Code; got != 429 {
		t.Errorf("with a cookie of whatever kind: %d", got)
	}
	site.Admission.Remember(from("203.0.113.1", "Cookie", site.o.SessionCookie+"=secret"), 7)
	if got := site.ask("GET", "/", "", here, cookie).Code; got != 200 {
		t.Errorf("a member in a network of strangers: %d", got)
	}
}

func TestPageLimitIsBounded(t *testing.T) {
	p := newPageLimit(community.Limit{Count: 5, Window: time.Minute})
	now := time.Unix(6000, 0)
	p.now = func() time.Time { return now }
	for i := range 2 * countedNetworks {
		p.take(clientNetworks(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32))
	}
	if len(p.counts) > countedNetworks {
		t.Errorf("%d counts", len(p.counts))
	}
	now = now.Add(time.Minute)
	made := 0
	for i := range 200 { // of a /48
		if p.take(clientNetworks(addr6(1, i*256, 1), 32)) == 0 {
			made++
		}
	}
	if made != 20 {
		t.Errorf("a /48 gets %d pages, want four times 5", made)
	}
	if off := newPageLimit(community.Limit{}); off.take(clientNetworks(addr6(1, 1, 1), 32)) != 0 {
		t.Error("no limit limits")
	}
}

func TestQueryOfAPath(t *testing.T) {
	site := newTestSite(t, nil)
	r := site.NewRoutes(RouteOptions{})
	r.Cacheable("GET", "/", text("x"), "max_id")
	r.Cacheable("GET", "/@:name", text("x"), "show")
	r.Cacheable("GET", "/@:name/:id", text("x"), "after")
	r.Cacheable("GET", "/about", text("x"))
	r.Personal("GET", "/home", text("x"))
	for path, want := range map[string]string{
		"/": "max_id", "/@ada": "show", "/@ada/5": "after", "/about": "", "/home": "none", "/@ada/5/6": "none", "/ada": "none", "/about/": "none", "//": "none", "": "none", "/@ada/": "none",
	} {
		got := "none"
		if names, ok := r.Query(path); ok {
			got = ""
			if len(names) == 1 {
				got = names[0]
			}
		}
		if got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}
