package api

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

const (
	// limitedKeys is how many clients one limiter tells apart in a window; whoever comes later shares a counter with
	// others, so that a crowd of addresses costs no more memory than this.
	limitedKeys   = 1 << 15
	sharedBuckets = 1 << 10
)

// A limiter counts requests in windows that begin for everybody at once. It belongs to this process: in a fleet the
// whole allows as many times more.
type limiter struct {
	limit  int
	window time.Duration
	now    func() time.Time
	seed   maphash.Seed

	mu     sync.Mutex
	ends   time.Time
	counts map[string]int
	shared [sharedBuckets]int
}

func newLimiter(limit int, window time.Duration, now func() time.Time) *limiter {
	return &limiter{limit: limit, window: window, now: now, seed: maphash.MakeSeed(), counts: make(map[string]int)}
}

// An allowance is what a client has left.
type allowance struct {
	limit, remaining int
	resets           time.Time
	wait             time.Duration // until the window ends; 0 while the request is allowed
}

// take counts one request of a client.
func (l *limiter) take(key string) allowance {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !now.Before(l.ends) {
		l.ends = now.Truncate(l.window).Add(l.window)
		clear(l.counts)
		l.shared = [sharedBuckets]int{}
	}
	var used int
	if n, known := l.counts[key]; known || len(l.counts) < limitedKeys {
		used = n + 1
		l.counts[key] = used
	} else {
		bucket := &l.shared[maphash.String(l.seed, key)%sharedBuckets]
		*bucket++
		used = *bucket
	}
	a := allowance{limit: l.limit, remaining: max(l.limit-used, 0), resets: l.ends}
	if used > l.limit {
		a.wait = l.ends.Sub(now)
	}
	return a
}

// write tells the client. The three headers always come together: some clients read them without asking.
func (a allowance) write(h http.Header) {
	h.Set("X-RateLimit-Limit", strconv.Itoa(a.limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(a.remaining))
	h.Set("X-RateLimit-Reset", formatTime(a.resets))
}

// clientKey is the address by which a visitor is limited. Whoever has one IPv6 address has 2^64 of them.
func clientKey(remote string) string {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	addr := ap.Addr().Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	network, _ := addr.Prefix(64) // cannot fail: an IPv6 address has 64 bits
	return network.String()
}
