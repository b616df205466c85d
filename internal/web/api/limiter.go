package api

import (
	"context"
	"hash/maphash"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

const (
	// limitedKeys is how many clients one limiter distinguishes in a window. Later clients share a counter, so that a
	// crowd of addresses costs no more memory than this.
	limitedKeys   = 1 << 15
	sharedBuckets = 1 << 10
)

// A Counter counts for all processes of the site. Count adds one under the key, for at most life, and returns the sum.
// ok is false while it cannot count.
type Counter interface {
	Count(ctx context.Context, key string, life time.Duration) (n int64, ok bool)
}

// A limiter counts requests in windows that begin for everybody at once. It counts in this process, and over the fleet
// where there is a shared counter. Without a shared counter each process of the fleet allows the whole limit.
type limiter struct {
	limit  int
	window time.Duration
	now    func() time.Time
	shared Counter // nil: this process only
	seed   maphash.Seed

	mu     sync.Mutex
	ends   time.Time
	counts map[string]int
	crowd  [sharedBuckets]int // of those who came after limitedKeys others
}

func newLimiter(limit int, window time.Duration, now func() time.Time, shared Counter) *limiter {
	return &limiter{limit: limit, window: window, now: now, shared: shared, seed: maphash.MakeSeed(), counts: make(map[string]int)}
}

// An allowance is what a client has left.
type allowance struct {
	limit, remaining int
	resets           time.Time
	wait             time.Duration // until the window ends; 0 while the request is allowed
}

// take counts one request of a client.
func (l *limiter) take(ctx context.Context, key string) allowance {
	now := l.now()
	used, ends := l.here(key, now)
	if l.shared != nil && used <= l.limit { // who is over the limit here is so everywhere
		name := "api:" + strconv.FormatInt(ends.Unix(), 10) + ":" + key
		if n, ok := l.shared.Count(ctx, name, ends.Sub(now)+countSpare); ok {
			used = max(used, int(min(n, int64(l.limit)+1)))
		}
	}
	a := allowance{limit: l.limit, remaining: max(l.limit-used, 0), resets: ends}
	if used > l.limit {
		a.wait = ends.Sub(now)
	}
	return a
}

// countSpare is how long a shared count outlives its window, for instances whose clocks differ.
const countSpare = 10 * time.Second

// here counts the request in this process, and returns when the window ends.
func (l *limiter) here(key string, now time.Time) (used int, ends time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !now.Before(l.ends) {
		l.ends = now.Truncate(l.window).Add(l.window)
		clear(l.counts)
		l.crowd = [sharedBuckets]int{}
	}
	if n, known := l.counts[key]; known || len(l.counts) < limitedKeys {
		l.counts[key] = n + 1
		return n + 1, l.ends
	}
	bucket := &l.crowd[maphash.String(l.seed, key)%sharedBuckets]
	*bucket++
	return *bucket, l.ends
}

// write sets the headers for the client. The three always come together, because some clients read them without asking.
func (a allowance) write(h http.Header) {
	h.Set("X-RateLimit-Limit", strconv.Itoa(a.limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(a.remaining))
	h.Set("X-RateLimit-Reset", formatTime(a.resets))
}

// refusal is the answer past the limit.
func (a allowance) refusal() error {
	return &Error{Status: http.StatusTooManyRequests, Message: "Too many requests", RetryAfter: a.wait}
}

// leftOfNetwork is what the network has left, as counted in this process. It counts nothing.
func (l *limiter) leftOfNetwork(remote string) allowance {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	a := allowance{limit: l.limit, remaining: l.limit, resets: l.ends}
	if !now.Before(l.ends) {
		return a
	}
	for level, network := range networksOf(remote) {
		used, known := l.counts[network]
		if !known && len(l.counts) >= limitedKeys {
			used = l.crowd[maphash.String(l.seed, network)%sharedBuckets]
		}
		a.remaining = max(min(a.remaining, l.limit<<level-used), 0)
		if used >= l.limit<<level {
			a.wait = l.ends.Sub(now)
		}
	}
	return a
}

// takeOfNetwork counts one request of a visitor: by an IPv4 address, or by an IPv6 /64, because a client with one IPv6
// address has 2^64 of them. Who has a /56 gets twice as much from all of it, and a /48 four times; that is counted in
// this process only.
func (l *limiter) takeOfNetwork(ctx context.Context, remote string) allowance {
	networks := networksOf(remote)
	left := l.take(ctx, networks[0])
	for level, network := range networks[1:] {
		if used, ends := l.here(network, l.now()); used > l.limit<<(level+1) {
			left.remaining, left.wait = 0, ends.Sub(l.now())
		}
	}
	return left
}

// networksOf names the networks that a client may hold, the narrowest first.
func networksOf(remote string) []string {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return []string{remote}
	}
	addr := ap.Addr().Unmap().WithZone("")
	if addr.Is4() {
		return []string{addr.String()}
	}
	var networks []string
	for _, bits := range []int{64, 56, 48} {
		network, _ := addr.Prefix(bits) // cannot fail: an IPv6 address has 128 bits
		networks = append(networks, network.String())
	}
	return networks
}
