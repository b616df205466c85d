package web

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"tintype/internal/community"
	"tintype/internal/lang"
)

// A pageLimit counts the pages that are made for strangers, by network and in
// windows that begin for everybody at once. Pages that are kept cost nothing, and
// do not count. It is for floods: a school or a mobile carrier has hundreds of
// readers behind one address.
type pageLimit struct {
	limit community.Limit
	now   func() time.Time
	seed  maphash.Seed

	mu     sync.Mutex
	ends   time.Time
	counts map[netip.Prefix]int
	crowd  [1 << 10]int // of those who came after countedNetworks others
}

// countedNetworks bounds the memory: later ones share their counts.
const countedNetworks = 1 << 15

func newPageLimit(l community.Limit) *pageLimit {
	return &pageLimit{limit: l, now: time.Now, seed: maphash.MakeSeed(), counts: make(map[netip.Prefix]int)}
}

// take counts a page for networks, the narrowest first. Wait is how long until
// there may be another, 0 if this one may be made.
func (p *pageLimit) take(networks []netip.Prefix) (wait time.Duration) {
	if p.limit.Count <= 0 {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if !now.Before(p.ends) {
		p.ends = now.Truncate(p.limit.Window).Add(p.limit.Window)
		clear(p.counts)
		clear(p.crowd[:])
	}
	for level, n := range networks {
		used, known := p.counts[n]
		shared := &p.crowd[maphash.Comparable(p.seed, n)%uint64(len(p.crowd))]
		if !known && len(p.counts) >= countedNetworks {
			used = *shared
		}
		if used >= bound(p.limit.Count, level) {
			return max(p.ends.Sub(now), time.Second)
		}
		if known || len(p.counts) < countedNetworks {
			p.counts[n] = used + 1
		} else {
			*shared = used + 1
		}
	}
	return 0
}

// limitPages counts a page that is about to be made. Known members have no limit,
// and this machine has none.
func (s *Site) limitPages(r *http.Request) error {
	client := infoOf(r.Context()).client
	if !client.IsValid() || client.IsLoopback() || s.Admission.callerOf(r).member {
		return nil
	}
	wait := s.made.take(clientNetworks(client, 32))
	if wait == 0 {
		return nil
	}
	s.o.Metrics.Refused("page_limit")
	return &HTTPError{Status: http.StatusTooManyRequests, Message: lang.Key("Your network asks for more pages than people can read. Please wait a little, or log in."), RetryAfter: wait}
}
