package web

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tintype/internal/lang"
	"tintype/internal/web/api"
)

// An Admission bounds the requests worked on at once: past the bound it is
// better to say so early than to be slow for everybody. Members may take every
// slot, visitors only some, and those of one network fewer, so that a crawler
// cannot shut members out.
//
// Only what works takes a slot. A request takes its slot when its body has come
// (while more of a large body is awaited, the slot is free) and gives it back when
// its answer waits for its reader. What waits for clients is in wait lists, which those
// who linger cannot close to others. Log-ins have slots of their own, so that a
// flood of other requests cannot take them.
//
// Only the database knows who is a member, and the database is what is to be
// protected. So an Admission remembers each credential that was found good. A
// request with a credential that it does not know has less room than a member's
// and more than a visitor's.
type Admission struct {
	requests   *slots
	total      int // everybody
	claimants  int // all but known members
	visitors   int // requests without a credential
	perNetwork int // all but known members, of one network
	perMember  int // a known member, in all its sessions

	logIns        *slots
	logInsInAll   int // with devices where somebody has logged in before
	logInsOfAll   int // of everybody else
	logInsPerEach int // of everybody else, of one network; a known device has half more

	arriving, membersArriving *waitList // bodies
	leaving, membersLeaving   *waitList // answers

	cookie string
	known  knownCredentials
	device atomic.Pointer[func(*http.Request) bool] // see KnownDevice
}

const (
	// graceOfBody is how long a body may be on its way before a newcomer may cut it
	// off, where a wait list is full. A member's counts from its last bodyPiece.
	graceOfBody = 2 * time.Second
	// graceOfAnswer is the same for an answer that is being read: a photo on a slow
	// line takes its time.
	graceOfAnswer = 10 * time.Second
	// bodiesOfMember and answersOfMember are how many of one member may be on
	// their way at once, in all its sessions. A network has twice as many.
	bodiesOfMember  = 64
	answersOfMember = 256
)

func newAdmission(limit int, sessionCookie string) *Admission {
	logIns := max(limit/8, 1)
	return &Admission{
		requests:   newSlots(),
		total:      limit,
		claimants:  max(limit*9/10, 1),
		visitors:   max(limit*3/4, 1),
		perNetwork: max(limit/8, 2),
		perMember:  max(limit/2, 1),

		logIns:        newSlots(),
		logInsInAll:   logIns + max(logIns/4, 1),
		logInsOfAll:   logIns,
		logInsPerEach: max(logIns/2, 1),

		arriving:        newWaitList(2*limit, max(limit/8, 4), graceOfBody),
		membersArriving: newWaitList(2*limit, min(max(limit/4, 4), bodiesOfMember), graceOfBody),
		leaving:         newWaitList(8*limit, 2*limit, graceOfAnswer),
		membersLeaving:  newWaitList(8*limit, min(max(limit, 16), answersOfMember), graceOfAnswer),

		cookie: sessionCookie,
		known:  knownCredentials{seed: maphash.MakeSeed()},
	}
}

// KnownDevice sets the function that tells whether the request's browser has logged
// in here before, by something that it cannot have made up. Until it is set, no
// browser counts as known.
func (a *Admission) KnownDevice(known func(*http.Request) bool) { a.device.Store(&known) }

func (a *Admission) limit(e *ErrorResponder, m Metrics, next http.Handler) http.Handler {
	busy := &HTTPError{
		Status:     http.StatusServiceUnavailable,
		Message:    lang.Key("The site is busy at the moment. Please try again in a few seconds."),
		RetryAfter: 2 * time.Second,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, c := infoOf(r.Context()), a.callerOf(r)
		body, _ := r.Body.(*patientReader)
		if body != nil {
			list, head := a.arriving, strangerHead
			if c.member {
				list, head = a.membersArriving, memberHead
			}
			if info.body = list.join(c.holders(), body.cut); info.body == nil {
				m.Refused("admission")
				e.Write(w, r, busy)
				return
			}
			leave := func() { info.body.leave() }
			defer leave()
			body.arrived = leave
			body.moved = func() {
				if info.body.waitList == a.membersArriving {
					info.body.moved()
				}
			}
			if !asksFirst(r) {
				if _, err := body.await(head, r.ContentLength); err != nil {
					e.Write(w, r, brokenBody(err))
					return
				}
			}
		}
		if info.slot = a.enterAs(c, r); info.slot == nil {
			m.Refused("admission")
			e.Write(w, r, busy)
			return
		}
		defer info.slot.give()
		if body != nil {
			body.slot = info.slot
		}
		if info.response != nil {
			var answer *waiter
			defer func() { answer.leave() }()
			info.response.sending = func(cut func()) {
				if info.stream {
					return
				}
				list := a.leaving
				if c.member {
					list = a.membersLeaving
				}
				// Where the wait list is full, the request keeps its slot.
				if answer = list.join(c.holders(), cut); answer != nil {
					info.slot.give()
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

// expectsContinue reports whether the client sends its body only when it is told to.
func expectsContinue(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Expect"), "100-continue")
}

// asksFirst reports whether the client waits to hear that it may do what it asks for.
// The routes find that out before they read a body, so that a refusal costs nobody an
// upload. Whoever logs in has to send the body in any case.
func asksFirst(r *http.Request) bool { return expectsContinue(r) && !isLogIn(r) }

// ReleaseForStream gives back the slot of a request that is a stream from now on.
// Streams have bounds of their own.
func (a *Admission) ReleaseForStream(r *http.Request) {
	info := infoOf(r.Context())
	info.slot.give()
	if info.span != nil {
		info.span.End(info.route, 0, 0, info.id) // a trace is of the beginning: what comes later belongs to nothing that ends
	}
}

// A caller is what is known of whoever asks, before anything is looked up.
type caller struct {
	credential string
	member     bool  // the credential was found good before
	account    int64 // whose it was then
	networks   []netip.Prefix
}

func (a *Admission) callerOf(r *http.Request) caller {
	c := caller{credential: a.credential(r)}
	if c.credential != "" {
		c.account, c.member = a.known.owner(a.known.hash(c.credential))
	}
	// A loopback address is no crawler: it is this machine, or everybody behind a
	// proxy here that was not declared.
	if client := infoOf(r.Context()).client; client.IsValid() && !client.IsLoopback() {
		c.networks = clientNetworks(client, 24)
	}
	return c
}

// Knows reports whether the request's credential was found good before.
func (a *Admission) Knows(r *http.Request) bool { return a.callerOf(r).member }

// holders are what the caller's bodies and answers are counted by, beside the total.
func (c caller) holders() []holder {
	var h []holder
	if c.member {
		h = append(h, holder{account: c.account})
	}
	for _, n := range c.networks {
		h = append(h, holder{network: n, members: c.member})
	}
	if len(h) == 0 {
		return []holder{{}}
	}
	return h
}

// enter asks for a slot, nil if there is none.
func (a *Admission) enter(r *http.Request) *slot { return a.enterAs(a.callerOf(r), r) }

func (a *Admission) enterAs(c caller, r *http.Request) *slot {
	if c.member {
		return a.requests.take([]holder{{account: c.account}}, a.total, a.perMember)
	}
	networks := c.holders()
	if networks[0] == (holder{}) {
		networks = nil
	}
	if isLogIn(r) {
		if known := a.device.Load(); known != nil && (*known)(r) {
			return a.logIns.take(networks, a.logInsInAll, a.logInsPerEach*3/2+1)
		}
		return a.logIns.take(networks, a.logInsOfAll, a.logInsPerEach)
	}
	if c.credential != "" {
		return a.requests.take(networks, a.claimants, a.perNetwork)
	}
	return a.requests.take(networks, a.visitors, a.perNetwork)
}

func isLogIn(r *http.Request) bool { return IsLogIn(r.Method, r.URL.Path) }

// IsLogIn reports whether somebody logs in by such a request, signs up or lets an
// application in. The firewall of deploy/asg bounds those, too.
func IsLogIn(method, path string) bool {
	return path == "/api/v1/accounts" && method == http.MethodPost || underPath(path, "/login") || underPath(path, "/signup") || underPath(path, "/claim") || underPath(path, "/links") || underPath(path, "/oauth")
}

// slots count the requests that are worked on.
type slots struct {
	mu       sync.Mutex
	inFlight int
	holders  map[holder]int
}

// A slot is the right of one request to be worked on. A nil slot is none.
type slot struct {
	of      *slots
	holders []holder

	mu          sync.Mutex
	held, given bool
}

func newSlots() *slots { return &slots{holders: make(map[holder]int)} }

// take returns a slot, or nil if most slots are taken, or each by one of the holders,
// see bound. Without holders only most counts.
func (s *slots) take(as []holder, most, each int) *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inFlight >= most {
		return nil
	}
	for level, h := range as {
		if s.holders[h] >= bound(each, level) {
			return nil
		}
	}
	s.add(as)
	return &slot{of: s, holders: as, held: true}
}

func (s *slots) add(as []holder) {
	s.inFlight++
	for _, h := range as {
		s.holders[h]++
	}
}

// leave gives the slot back until resume.
func (s *slot) leave() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.held {
		return
	}
	s.held = false
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.of.inFlight--
	for _, h := range s.holders {
		if s.of.holders[h]--; s.of.holders[h] <= 0 {
			delete(s.of.holders, h)
		}
	}
}

// resume takes the slot again, past the bounds: a request that had one is not
// refused half way.
func (s *slot) resume() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held || s.given {
		return
	}
	s.held = true
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.of.add(s.holders)
}

// give gives the slot back for good.
func (s *slot) give() {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.given = true
	s.mu.Unlock()
	s.leave()
}

// Remember notes that the request's credential was found good, and whose it is. A
// body that is still on its way counts as a member's from then on.
func (a *Admission) Remember(r *http.Request, account int64) {
	credential := a.credential(r)
	if credential == "" {
		return
	}
	a.known.add(a.known.hash(credential), account)
	if info := infoOf(r.Context()); info.body != nil && info.body.waitList == a.arriving {
		if g := a.membersArriving.join(a.callerOf(r).holders(), info.body.cut); g != nil {
			info.body.leave()
			info.body = g
		}
	}
}

// Forget notes that the request's credential is not good, or is not any more: its
// session has ended, or its account is suspended.
func (a *Admission) Forget(r *http.Request) {
	if credential := a.credential(r); credential != "" {
		a.known.forget(a.known.hash(credential))
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
	young, aged map[uint64]int64 // whose they are
}

const knownGeneration = 10_000

func (k *knownCredentials) hash(credential string) uint64 {
	return maphash.String(k.seed, credential)
}

// owner returns whose credential it is, where it is remembered.
func (k *knownCredentials) owner(h uint64) (account int64, ok bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if account, ok = k.young[h]; !ok {
		account, ok = k.aged[h]
	}
	return account, ok
}

func (k *knownCredentials) add(h uint64, account int64) {
	k.mu.RLock()
	_, there := k.young[h]
	k.mu.RUnlock()
	if there {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.young == nil || len(k.young) >= knownGeneration {
		k.young, k.aged = make(map[uint64]int64), k.young
	}
	k.young[h] = account
}

func (k *knownCredentials) forget(h uint64) {
	if _, there := k.owner(h); !there {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.young, h)
	delete(k.aged, h)
}
