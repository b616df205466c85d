package web

import (
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestClientAddr(t *testing.T) {
	for _, c := range []struct {
		name   string
		hops   int
		remote string
		lines  []string
		want   string
	}{
		{"no proxy", 0, "203.0.113.9:4000", nil, "203.0.113.9"},
		{"no proxy, forged", 0, "203.0.113.9:4000", []string{"1.1.1.1"}, "203.0.113.9"},
		{"one proxy", 1, "10.0.0.1:1", []string{"203.0.113.9"}, "203.0.113.9"},
		{"one proxy, forged", 1, "10.0.0.1:1", []string{"1.1.1.1, 2.2.2.2, 203.0.113.9"}, "203.0.113.9"},
		{"one proxy, forged in a line of its own", 1, "10.0.0.1:1", []string{"1.1.1.1", "203.0.113.9"}, "203.0.113.9"},
		{"two proxies", 2, "10.0.0.1:1", []string{"203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		{"two proxies, forged over two lines", 2, "10.0.0.1:1", []string{"6.6.6.6", "203.0.113.9", "10.0.0.2"}, "203.0.113.9"},
		{"two proxies, one passed by", 2, "10.0.0.1:1", []string{"203.0.113.9"}, "10.0.0.1"},
		{"two proxies, both passed by", 2, "203.0.113.9:1", nil, "203.0.113.9"},
		{"two proxies, both passed by, forged", 2, "203.0.113.9:1", []string{"1.1.1.1"}, "203.0.113.9"},
		{"three proxies, two entries", 3, "10.0.0.1:1", []string{"1.1.1.1", "203.0.113.9"}, "10.0.0.1"},
		{"a proxy that says nothing", 1, "10.0.0.1:1", nil, "10.0.0.1"},
		{"unreadable", 2, "10.0.0.1:1", []string{"unknown, 10.0.0.2"}, "10.0.0.2"},
		{"all unreadable", 1, "10.0.0.1:1", []string{"1.1.1.1, unknown"}, "10.0.0.1"},
		{"with a port", 1, "10.0.0.1:1", []string{"203.0.113.9:55"}, "203.0.113.9"},
		{"six", 1, "10.0.0.1:1", []string{"2001:db8::1"}, "2001:db8::1"},
		{"six with brackets and port", 1, "10.0.0.1:1", []string{"[2001:db8::1]:443"}, "2001:db8::1"},
		{"four in six", 1, "10.0.0.1:1", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"a peer by six", 0, "[2001:db8::2]:9", nil, "2001:db8::2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = c.remote
			for _, line := range c.lines {
				r.Header.Add("X-Forwarded-For", line)
			}
			if got := clientAddr(r, c.hops).String(); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// Whatever a client writes into the header, in how many lines, the address is
// the one the trusted proxies saw.
func TestForgedForwardedForNeverCounts(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"1.1.1.1", "::1", "127.0.0.1", "", ",", " ", "unknown", "10.0.0.2", "[::1]:80", "\"x\"", ",,9.9.9.9"}
	for hops := 1; hops <= 3; hops++ {
		trusted := "203.0.113.9"
		for n := 1; n < hops; n++ {
			trusted += fmt.Sprintf(", 10.0.0.%d", n)
		}
		for range 500 {
			r := httptest.NewRequest("GET", "/", nil)
			var forged []string
			for range random.IntN(6) {
				forged = append(forged, pieces[random.IntN(len(pieces))])
			}
			switch {
			case random.IntN(2) == 0 && len(forged) > 0: // a proxy that appends to the line
				r.Header.Add("X-Forwarded-For", strings.Join(forged, ",")+","+trusted)
			default: // one that adds a line
				for _, f := range forged {
					r.Header.Add("X-Forwarded-For", f)
				}
				r.Header.Add("X-Forwarded-For", trusted)
			}
			if got := clientAddr(r, hops); got != netip.MustParseAddr("203.0.113.9") {
				t.Fatalf("%d hops, %q: %s", hops, r.Header["X-Forwarded-For"], got)
			}
		}
	}
}

func TestRequestID(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Request-Id", "from-the-balancer-1")
	if got := requestID(r, 1); got != "from-the-balancer-1" {
		t.Errorf("behind a proxy: %q", got)
	}
	if got := requestID(r, 0); got == "from-the-balancer-1" || !saneID(got) {
		t.Errorf("a stranger's id counts: %q", got)
	}
	for _, bad := range []string{"", "short", "a b c d e f g", "line\nbreak-break", strings.Repeat("x", 200), "<script>alert"} {
		r.Header.Set("X-Request-Id", bad)
		if got := requestID(r, 1); got == bad {
			t.Errorf("accepted %q", bad)
		}
	}
}
