package web

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"tintype/internal/web/api"
)

// An Admission bounds the requests worked on at once: past the bound it is
// better to say so early than to be slow for everybody. Members come last to
// the bound, and visitors of one network only get so far, so that a crawler
// cannot shut members out.
//
// Who is a member is known only after a look into the database, which is what
// is to be protected. So a credential that was found good is remembered here,
// and until then a request that shows one has less room than a member and more
// than a visitor.
type Admission struct {
	total      int // everybody
	claimants  int // all but known members
	visitors   int // requests without a credential
	perNetwork int // all but known members, of one network
	cookie     string

	mu       sync.Mutex
	inFlight int
	networks map[netip.Prefix]int // in flight, known members aside

	known knownCredentials
}

func newAdmission(limit int, sessionCookie string) *Admission {
	return &Admission{
		total:      limit,
		claimants:  max(limit*9/10, 1),
		visitors:   max(limit*3/4, 1),
		perNetwork: max(limit/8, 2),
		cookie:     sessionCookie,
		networks:   make(map[netip.Prefix]int),
		known:      knownCredentials{seed: maphash.MakeSeed()},
	}
}

func (a *Admission) limit(e *ErrorResponder, m Metrics, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		leave, ok := a.enter(r)
		if !ok {
			m.Refused("admission")
			e.Write(w, r, &HTTPError{
				Status:     http.StatusServiceUnavailable,
				Message:    "The site is busy at the moment. Please try again in a few seconds.",
				RetryAfter: 2 * time.Second,
			})
			return
		}
		leave = sync.OnceFunc(leave)
		defer leave()
		infoOf(r.Context()).leave = leave
		next.ServeHTTP(w, r)
	})
}

// listening gives the place of a request back that from now on only waits for
// what there is to hear. Streams have bounds of their own.
func (a *Admission) ReleaseForStream(r *http.Request) {
	x := infoOf(r.Context())
	if x.leave != nil {
		x.leave()
	}
	if x.span != nil {
		x.span.End(x.route, 0, 0, x.id) // a trace is of the beginning: what comes later belongs to nothing that ends
	}
}

// enter asks for a place; leave gives it back.
func (a *Admission) enter(r *http.Request) (leave func(), ok bool) {
	credential := a.credential(r)
	if credential != "" && a.known.has(credential) {
		return a.take(netip.Prefix{}, a.total)
	}
	room := a.visitors
	if credential != "" {
		room = a.claimants
	}
	client := infoOf(r.Context()).client
	if !client.IsValid() || client.IsLoopback() {
		// This machine itself, or everybody when a proxy here was not declared:
		// neither is a crawler.
		return a.take(netip.Prefix{}, room)
	}
	return a.take(clientNetwork(client), room)
}

func (a *Admission) take(network netip.Prefix, room int) (leave func(), ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.inFlight >= room || (network.IsValid() && a.networks[network] >= a.perNetwork) {
		return nil, false
	}
	a.inFlight++
	if network.IsValid() {
		a.networks[network]++
	}
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.inFlight--
		if network.IsValid() {
			if a.networks[network]--; a.networks[network] <= 0 {
				delete(a.networks, network)
			}
		}
	}, true
}

// vouch remembers that the request's credential was found good.
func (a *Admission) Remember(r *http.Request) {
	if credential := a.credential(r); credential != "" {
		a.known.add(credential)
	}
}

// credential is the bearer token or session cookie that the request shows, good
// or not. Each kind of route reads only its own.
func (a *Admission) credential(r *http.Request) string {
	if token := api.StreamToken(r); token != "" {
		return token
	}
	if IsTokenPath(r.URL.Path) {
		if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
			return token
		}
		return ""
	}
	if cookie, err := r.Cookie(a.cookie); err == nil {
		return cookie.Value
	}
	return ""
}

// knownCredentials remembers about the last ten thousand credentials, as hashes
// under a seed that nobody outside knows. It decides about room only.
type knownCredentials struct {
	seed maphash.Seed

	mu          sync.RWMutex
	young, aged map[uint64]struct{}
}

const knownGeneration = 10_000

func (k *knownCredentials) has(credential string) bool {
	h := maphash.String(k.seed, credential)
	k.mu.RLock()
	defer k.mu.RUnlock()
	_, young := k.young[h]
	_, aged := k.aged[h]
	return young || aged
}

func (k *knownCredentials) add(credential string) {
	h := maphash.String(k.seed, credential)
	k.mu.RLock()
	_, there := k.young[h]
	k.mu.RUnlock()
	if there {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.young == nil || len(k.young) >= knownGeneration {
		k.young, k.aged = make(map[uint64]struct{}), k.young
	}
	k.young[h] = struct{}{}
}
