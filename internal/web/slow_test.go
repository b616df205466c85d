package web

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"tintype/internal/servertest"
)

// serveTCP answers on a port as the program does, one trusted proxy in front.
func serveTCP(t *testing.T, limit int, register func(*Routes), change ...func(*Options)) (*testSite, string) {
	t.Helper()
	site := newTestSite(t, register, append(change, func(o *Options) {
		o.Log, o.MaxInFlight, o.TrustedProxies = slog.New(slog.DiscardHandler), limit, 1
	})...)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(site, slog.New(slog.DiscardHandler))
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { s.Close() })
	return site, l.Addr().String()
}

// send opens a connection and writes the text on it.
func send(t *testing.T, addr, text string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c
}

func slowPost(path, client string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost:8080\r\nX-Forwarded-For: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 30\r\n\r\nname=", path, client)
}

// status asks as a client of that address.
func status(t *testing.T, method, url, client, body string, headers ...string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Forwarded-For", client)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// Bodies that do not come take no slots: 384 forms from six networks used to shut
// every visitor out.
func TestSlowBodiesShutNobodyOut(t *testing.T) {
	site, addr := serveTCP(t, 64, func(r *Routes) {
		r.Personal("GET", "/", text("x"))
		r.Personal("POST", "/login", text("x"))
		r.API("GET", "/api/v1/instance", text("{}"))
	})
	for _, path := range []string{"/login", "/nowhere"} {
		for i := range 192 {
			send(t, addr, slowPost(path, fmt.Sprintf("198.51.%d.%d", i%6, i)))
		}
	}
	servertest.Eventually(t, "slow bodies wait", func() bool {
		site.Admission.arriving.mu.Lock()
		defer site.Admission.arriving.mu.Unlock()
		return site.Admission.arriving.waiting >= 48 // eight of each network
	})
	for _, client := range []string{"203.0.113.9", "198.51.0.9"} { // one that is among the slow ones, too
		for _, c := range [][3]string{{"GET", "/", ""}, {"GET", "/api/v1/instance", ""}} {
			if got := status(t, c[0], "http://"+addr+c[1], client, c[2]); got != 200 {
				t.Errorf("%s %s from %s: %d", c[0], c[1], client, got)
			}
		}
		// Forms pass as well, at the latest when the slow ones are settled.
		servertest.Eventually(t, "a form passes", func() bool { return status(t, "POST", "http://"+addr+"/login", client, "name=ada") == 200 })
	}
}

// A body that comes in time may still take long: what moves is not cut off, and
// holds no slot while it waits.
func TestALargeBodyHoldsASlotOnlyWhileItMoves(t *testing.T) {
	begun := make(chan struct{})
	site, addr := serveTCP(t, 8, func(r *Routes) {
		r.Upload("POST", "/compose", 1, func(c *gin.Context) error {
			close(begun)
			n, err := io.Copy(io.Discard, c.Request.Body)
			c.String(http.StatusOK, "%d bytes", n)
			return err
		})
		r.Personal("GET", "/", text("x"))
	})
	half := strings.Repeat("x", strangerHead+1000)
	c := send(t, addr, fmt.Sprintf("POST /compose HTTP/1.1\r\nHost: localhost:8080\r\nX-Forwarded-For: 198.51.100.1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", 2*len(half), half))
	<-begun
	slots := site.Admission.requests
	servertest.Eventually(t, "the slot is given back", func() bool {
		slots.mu.Lock()
		defer slots.mu.Unlock()
		return slots.inFlight == 0
	})
	if _, err := io.WriteString(c, half); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil || !strings.HasSuffix(string(answer), fmt.Sprintf("%d bytes", 2*len(half))) {
		t.Errorf("%v: %s", err, answer)
	}
	servertest.Eventually(t, "all is given back", func() bool {
		slots.mu.Lock()
		defer slots.mu.Unlock()
		return slots.inFlight == 0 && site.Admission.arriving.waiting == 0
	})
}

// Readers who do not read hold no slots.
func TestSlowReadersHoldNoSlot(t *testing.T) {
	large := bytes.Repeat([]byte("photo!"), 4<<20)
	site, addr := serveTCP(t, 8, func(r *Routes) {
		r.Personal("GET", "/large", func(c *gin.Context) error { c.Data(http.StatusOK, "image/jpeg", large); return nil })
		r.Personal("GET", "/", text("x"))
	})
	for i := range 8 { // more than visitors have slots
		send(t, addr, fmt.Sprintf("GET /large HTTP/1.1\r\nHost: localhost:8080\r\nX-Forwarded-For: 198.51.%d.1\r\n\r\n", i))
		servertest.Eventually(t, "the answer waits", func() bool {
			site.Admission.leaving.mu.Lock()
			defer site.Admission.leaving.mu.Unlock()
			return site.Admission.leaving.waiting == i+1
		})
	}
	if got := status(t, "GET", "http://"+addr+"/", "203.0.113.9", ""); got != 200 {
		t.Errorf("beside eight readers who do not read: %d", got)
	}
}

// Log-ins have slots of their own: others' floods do not take them, and a flood of
// log-ins takes nobody else's.
func TestLogInsHaveSlotsOfTheirOwn(t *testing.T) {
	a := newAdmission(64, "sid")
	to := func(path, addr string) *http.Request {
		r := from(addr)
		r.URL.Path = path
		return r
	}
	pages := fill(a, func(i int) *http.Request { return to("/", network(i)) }, 200)
	if len(pages) != a.visitors {
		t.Fatalf("%d visitors, want %d", len(pages), a.visitors)
	}
	// A path in escapes is the same path.
	escaped, err := http.NewRequest("POST", "http://localhost/log%69n", nil)
	if err != nil {
		t.Fatal(err)
	}
	escaped = escaped.WithContext(from("203.0.113.1").Context())
	if a.enter(escaped) == nil || a.logIns.inFlight != 1 {
		t.Error("/log%69n is not taken for /login")
	}
	for _, path := range []string{"/signup", "/oauth/authorize", "/oauth/token", "/links/x"} {
		if a.enter(to(path, "203.0.113.1")) == nil && a.logIns.inFlight < a.logInsPerEach {
			t.Errorf("%s has no slot while visitors fill theirs", path)
		}
	}
	fill(a, func(i int) *http.Request { return to("/login", network(i)) }, 200)
	if a.logIns.inFlight != a.logInsOfAll || a.logInsOfAll != 8 {
		t.Errorf("%d log-ins, want %d", a.logIns.inFlight, a.logInsOfAll)
	}
	for _, p := range pages {
		p.give()
	}
	if a.enter(to("/", "203.0.113.1")) == nil {
		t.Error("a flood of log-ins takes visitors' slots")
	}
	known := to("/login", "203.0.113.1")
	known.Header.Set("Cookie", "device=known")
	if a.enter(known) != nil {
		t.Error("a device that nobody vouches for gets in")
	}
	a.KnownDevice(func(r *http.Request) bool { return r.Header.Get("Cookie") == "device=known" })
	if a.enter(known) == nil {
		t.Error("a device where somebody logged in before is shut out by strangers")
	}
}

// A body that is still on its way when its sender turns out to be a member counts as a member's.
func TestAnUploadBecomesAMembers(t *testing.T) {
	a := newAdmission(64, "sid")
	r := from("198.51.100.1", "Cookie", "sid=good")
	cut := false
	infoOf(r.Context()).body = a.arriving.join(a.callerOf(r).holders(), func() { cut = true })
	a.Remember(r, 7)
	if a.arriving.waiting != 0 || a.membersArriving.waiting != 1 || cut {
		t.Errorf("%d strangers' and %d members' bodies, cut %v", a.arriving.waiting, a.membersArriving.waiting, cut)
	}
}

// Nor does a member with many sessions shut the others out, whose bodies come at once.
func TestAMembersSlowBodiesShutNoMemberOut(t *testing.T) {
	site, addr := serveTCP(t, 64, func(r *Routes) { r.Personal("POST", "/settings", text("x")) })
	cookie := func(i int) string { return fmt.Sprintf("%s=session%d", site.o.SessionCookie, i) }
	for i := range 16 {
		site.Admission.Remember(from("203.0.113.1", "Cookie", cookie(i)), 7)
	}
	site.Admission.Remember(from("203.0.113.1", "Cookie", cookie(100)), 8)
	for i := range 256 {
		send(t, addr, strings.Replace(slowPost("/settings", fmt.Sprintf("198.51.%d.%d", i%6, i)), "Content-Type", "Cookie: "+cookie(i%16)+"\r\nContent-Type", 1))
	}
	list := site.Admission.membersArriving
	waiting := func() int {
		list.mu.Lock()
		defer list.mu.Unlock()
		return list.waiting
	}
	servertest.Eventually(t, "slow bodies wait", func() bool { return waiting() >= 16 })
	if got := status(t, "POST", "http://"+addr+"/settings", "203.0.113.9", "name=bob", "Cookie", cookie(100)); got != 200 {
		t.Errorf("another member's form: %d", got)
	}
	if n := waiting(); n > 16 {
		t.Errorf("%d bodies of one member wait of %d, want a quarter of MAX_IN_FLIGHT", n, list.most)
	}
	// The member's own pass, too, when the slow ones are settled.
	servertest.Eventually(t, "an own form passes", func() bool {
		return status(t, "POST", "http://"+addr+"/settings", "198.51.0.1", "name=ada", "Cookie", cookie(0)) == 200
	})
}
