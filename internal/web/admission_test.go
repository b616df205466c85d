package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

// from is a request by a client of that address, as the outer layers pass it on.
func from(addr string, headers ...string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	x := &requestInfo{client: netip.MustParseAddr(addr)}
	return r.WithContext(context.WithValue(r.Context(), infoKey{}, x))
}

// fill enters as often as it can.
func fill(a *Admission, request func(i int) *http.Request, most int) (taken []*slot) {
	for i := range most {
		p := a.enter(request(i))
		if p == nil {
			break
		}
		taken = append(taken, p)
	}
	return taken
}

func network(i int) string { return fmt.Sprintf("198.%d.%d.1", 51+i/200, i%200) }

func TestVisitorsLeaveRoomForMembers(t *testing.T) {
	a := newAdmission(40, "sid")
	member := from("203.0.113.1", "Cookie", "sid=good")
	a.Remember(member, 7)
	visitors := fill(a, func(i int) *http.Request { return from(network(i)) }, 100)
	if len(visitors) != a.visitors {
		t.Errorf("%d visitors, want %d", len(visitors), a.visitors)
	}
	claimants := fill(a, func(i int) *http.Request { return from(network(i), "Cookie", "sid=unknown") }, 100)
	if len(visitors)+len(claimants) != a.claimants {
		t.Errorf("%d claimants beside %d visitors, want %d together", len(claimants), len(visitors), a.claimants)
	}
	members := fill(a, func(int) *http.Request { return member }, 100)
	if want := a.total - a.claimants; len(members) != want || want < 1 {
		t.Errorf("%d members, want %d", len(members), want)
	}
	for _, p := range append(append(visitors, claimants...), members...) {
		p.give()
	}
	if a.requests.inFlight != 0 || len(a.requests.holders) != 0 {
		t.Errorf("left: %d in flight, %v", a.requests.inFlight, a.requests.holders)
	}
}

func TestOneNetworkOfVisitorsGetsOnlySoFar(t *testing.T) {
	a := newAdmission(80, "sid")
	crawler := fill(a, func(i int) *http.Request { return from(fmt.Sprintf("203.0.113.%d", i+1)) }, 100)
	if len(crawler) != a.perNetwork {
		t.Errorf("a /24 holds %d, want %d", len(crawler), a.perNetwork)
	}
	// A made-up cookie does not help it.
	if a.enter(from("203.0.113.200", "Cookie", "sid=made-up")) != nil {
		t.Error("a made-up cookie lets a full network in")
	}
	six := fill(a, func(i int) *http.Request { return from(fmt.Sprintf("2001:db8:0:1::%x", i+1)) }, 100)
	if len(six) != a.perNetwork {
		t.Errorf("a /64 holds %d, want %d", len(six), a.perNetwork)
	}
	// A member in the same network does not suffer for it.
	member := from("203.0.113.7", "Cookie", "sid=good")
	a.Remember(member, 7)
	if a.enter(member) == nil {
		t.Error("a member is shut out by the visitors of the network")
	}
	if a.enter(from("192.0.2.1")) == nil {
		t.Error("another network is shut out")
	}
}

func TestBusyAnswers503AndHealthStands(t *testing.T) {
	site := newTestSite(t, nil, func(o *Options) { o.MaxInFlight = 4 })
	for range 3 {
		if site.Admission.enter(from("127.0.0.1")) == nil {
			t.Fatal("full too early")
		}
	}
	for _, path := range []string{"/", "/api/v1/instance"} {
		if w := site.ask("GET", path, ""); w.Code != 503 || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
	for _, path := range []string{"/livez", "/readyz"} {
		if w := site.ask("GET", path, ""); w.Code != 200 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// The API knows tokens and pages know cookies, here as everywhere.
func TestCredentialsCountOnlyWhereTheyAreRead(t *testing.T) {
	a := newAdmission(8, "sid")
	page := httptest.NewRequest("GET", "/home", nil)
	page.Header.Set("Authorization", "Bearer token")
	api := httptest.NewRequest("GET", "/api/v1/timelines/home", nil)
	api.Header.Set("Cookie", "sid=secret")
	if a.credential(page) != "" || a.credential(api) != "" {
		t.Error("a credential is read where it means nothing")
	}
	api.Header.Set("Authorization", "Bearer token")
	page.Header.Set("Cookie", "sid=secret")
	if a.credential(page) != "secret" || a.credential(api) != "token" {
		t.Error("a credential is not read")
	}
}

func TestKnownCredentialsAreBounded(t *testing.T) {
	a := newAdmission(8, "sid")
	for i := range 3 * knownGeneration {
		a.known.add(a.known.hash(fmt.Sprint(i)), 7)
	}
	if n := len(a.known.young) + len(a.known.aged); n > 2*knownGeneration {
		t.Errorf("%d remembered", n)
	}
	if _, ok := a.known.owner(a.known.hash(fmt.Sprint(3*knownGeneration - 1))); !ok {
		t.Error("the newest is forgotten")
	}
}

// A credential that was good once is nobody's when its session has ended.
func TestARefusedCredentialIsForgotten(t *testing.T) {
	a := newAdmission(40, "sid")
	was := from("203.0.113.1", "Cookie", "sid=good")
	a.Remember(was, 7)
	if !a.Knows(was) {
		t.Fatal("a member is not known")
	}
	for i := range knownGeneration + 1 { // into the aged ones
		a.known.add(uint64(i), 8)
	}
	a.Forget(was)
	if a.Knows(was) {
		t.Error("a credential that was refused counts as a member's")
	}
	if n := len(fill(a, func(int) *http.Request { return was }, 100)); n != a.perNetwork {
		t.Errorf("it holds %d places, want %d as everybody of its network", n, a.perNetwork)
	}
}

// A member has half of the places, in however many sessions.
func TestOneMemberLeavesRoomForOthers(t *testing.T) {
	a := newAdmission(40, "sid")
	taken := fill(a, func(i int) *http.Request {
		r := from(network(i), "Cookie", fmt.Sprintf("sid=session%d", i%16))
		a.Remember(r, 7)
		return r
	}, 100)
	if len(taken) != 20 {
		t.Errorf("a member with 16 sessions holds %d places of 40, want 20", len(taken))
	}
	other := from("203.0.113.1", "Cookie", "sid=other")
	a.Remember(other, 8)
	if a.enter(other) == nil {
		t.Error("another member is shut out")
	}
}
