package fleettest

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// The bounds of R44, over what the same request took a moment before.
const (
	firstRead = 1500 * time.Millisecond
	laterRead = 100 * time.Millisecond
	aWrite    = 3 * time.Second
	recovery  = 2 * time.Second
)

// laterReads is how often each read is asked once the backend is known to hang.
const laterReads = 15

// busy is what a machine that does much else may add to each of them. TEST_ALL=1, which wants a machine of its own, adds
// nothing. What does not depend on the machine is how often somebody waited in vain: see hanging.measure.
func busy() time.Duration {
	if servertest.All() {
		return 0
	}
	return time.Second
}

// stalled is how long this process should have run and did not, since the test process has looked: what the machine adds to
// whatever is measured meanwhile.
var stalled = sync.OnceValue(func() *atomic.Int64 {
	var sum atomic.Int64
	const each = 5 * time.Millisecond
	go func() {
		for {
			begin := time.Now()
			time.Sleep(each) // time itself is the point
			if late := time.Since(begin) - each; late > each {
				sum.Add(int64(late))
			}
		}
	}()
	return &sum
})

// A timed request, with what it is to be answered.
type timed struct {
	name   string
	ask    func() servertest.Answer
	status int // while the backend hangs
	well   int // while all is well
}

// answered is how long an answer took, without the machine's stalls, that has that status, and a Retry-After where it is 503.
func (q timed) answered(t *testing.T, status int) time.Duration {
	t.Helper()
	begin, stalls := time.Now(), stalled().Load()
	a := q.ask()
	took := time.Since(begin) - time.Duration(stalled().Load()-stalls)
	if a.Err != nil || a.Status != status || status == http.StatusServiceUnavailable && a.Header.Get("Retry-After") == "" {
		t.Errorf("%s: %d after %v, want %d: %v, Retry-After %q, %.200s", q.name, a.Status, took, status, a.Err, a.Header.Get("Retry-After"), a.Text())
	}
	return took
}

// throughProxy is the address with the proxy's port.
func throughProxy(t *testing.T, address string, p *servertest.Proxy) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = fmt.Sprintf("127.0.0.1:%d", p.Port)
	return u.String()
}

func portOf(t *testing.T, address string) (port int) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(u.Port(), &port); err != nil {
		t.Fatal(err)
	}
	return port
}

// A pair has a backend hang, and go on.
type pair struct{ stop, cont func() }

// proxied has what is behind proxies hang as a network makes it.
func proxied(t *testing.T, p ...*servertest.Proxy) map[string]pair {
	each := func(f func(*servertest.Proxy)) func() {
		return func() {
			for _, one := range p {
				f(one)
			}
		}
	}
	resume := each((*servertest.Proxy).Resume)
	return map[string]pair{
		"packets are dropped":          {each(func(p *servertest.Proxy) { p.Drop(t) }), resume},
		"it accepts and never answers": {each((*servertest.Proxy).Silence), resume},
	}
}

// orStopped adds that the server itself is suspended.
func orStopped(kinds map[string]pair, stop, cont func()) map[string]pair {
	kinds["it is stopped"] = pair{stop, cont}
	return kinds
}

// A hanging backend, the ways in which it hangs, and what is asked of the site meanwhile.
type hanging struct {
	name   string
	kinds  map[string]pair
	reads  []timed
	writes []timed
}

// gaveUp is how many waits of the site ended without an answer.
func gaveUp(t *testing.T, site *servertest.Instance) int {
	t.Helper()
	page := browser(t, site).Get(site.Metrics + "/metrics").Want(http.StatusOK).Body
	_, rest, _ := strings.Cut(page, "\ntintype_waits_given_up_total ")
	text, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal("tintype_waits_given_up_total: ", err)
	}
	return int(n)
}

// measure has the backend hang in one of the ways, by seed, or in all of them.
func (b hanging) measure(t *testing.T, site *servertest.Instance, anna *servertest.Client, ready func() bool) {
	t.Helper()
	kinds := make([]string, 0, len(b.kinds))
	for kind := range b.kinds {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	if !servertest.All() { // in one of the ways, by seed
		i := servertest.Random(t).IntN(len(kinds))
		kinds = kinds[i : i+1]
	}
	for _, kind := range kinds {
		t.Run(b.name+": "+kind, func(t *testing.T) { b.one(t, b.kinds[kind], site, anna, ready) })
	}
}

func (b hanging) one(t *testing.T, kind pair, site *servertest.Instance, anna *servertest.Client, ready func() bool) {
	servertest.Eventually(t, "all is well", ready)
	all := slices.Concat(b.reads, b.writes)
	// What it takes while all is well, the longest of some.
	before := map[string]time.Duration{}
	for range 3 {
		for _, q := range all {
			before[q.name] = max(before[q.name], q.answered(t, q.well))
		}
	}
	stopped := time.Now()
	kind.stop()
	resume := kind.cont
	defer func() { resume() }()
	first := func(list []timed, most time.Duration) {
		for _, q := range list {
			took := q.answered(t, q.status) - before[q.name]
			t.Logf("the first: %s took %v more", q.name, took.Round(time.Millisecond))
			if took > most+busy() {
				t.Errorf("the first: %s took %v more", q.name, took)
			}
		}
	}
	first(b.reads, firstRead)
	first(b.writes, aWrite)
	// Now the backend is found out. Whoever reads waits for it no more, on however busy a machine: a few may still have
	// been under way in the background.
	time.Sleep(time.Until(stopped.Add(time.Second))) // time itself is the point: the bounds are those after the first second
	waits := gaveUp(t, site)
	for _, q := range b.reads {
		var each []time.Duration
		for range laterReads {
			each = append(each, q.answered(t, q.status)-before[q.name])
		}
		slices.Sort(each)
		longest, median := each[len(each)-1], each[len(each)/2]
		t.Logf("later: %s took %v to %v more", q.name, each[0].Round(time.Millisecond), longest.Round(time.Millisecond))
		if servertest.All() && longest > laterRead || median > laterRead+busy()/2 {
			t.Errorf("later: %s took up to %v more, half of them %v", q.name, longest, median)
		}
	}
	if waited := gaveUp(t, site) - waits; waited > laterReads/3 {
		t.Errorf("%d later waits were in vain", waited)
	}
	first(b.writes, aWrite)
	begin := time.Now()
	kind.cont()
	resume = func() {}
	servertest.Eventually(t, "all is well", func() bool {
		for _, q := range all {
			if a := q.ask(); a.Status != q.well || a.Err != nil {
				return false
			}
		}
		return true
	})
	took := time.Since(begin)
	for _, d := range before {
		took -= d
	}
	t.Logf("all was well after %v", took.Round(time.Millisecond))
	if took > recovery+2*busy() { // a round of all requests may begin anew
		t.Errorf("all was well only after %v", took)
	}
	if !strings.Contains(anna.Get("/").Body, "/@anna") {
		t.Error("the member is logged out")
	}
}

// A hungSite is what is asked of a site whose backends hang, by anna with a browser, cat with an app, and a visitor.
type hungSite struct {
	*servertest.Instance
	t                  *testing.T
	reader             int // tells its reads from those of other tests
	anna, cat, visitor *servertest.Client
	id, picture        string // cat's post, and its photo
	mine, edited       string // anna's
	followers          bool   // alone may see the edited post
	asked              int
}

func newHungSite(t *testing.T, site *servertest.Instance, reader int) *hungSite {
	h := &hungSite{Instance: site, t: t, reader: reader, anna: browser(t, site).SignUp("anna"), cat: browser(t, site).SignUpByToken("cat"), visitor: browser(t, site)}
	h.mine, h.edited = path.Base(published(h.anna, "public")), path.Base(published(h.anna, "public"))
	h.anna.Stay, h.visitor.Stay = true, true
	h.id = h.cat.PostPhoto(photo, "the root of all comments").ID
	for _, address := range h.anna.Get("/@cat/" + h.id).Want(http.StatusOK).PhotosByKey() {
		h.picture = address
	}
	return h
}

const (
	seen    = http.StatusSeeOther
	ok      = http.StatusOK
	found   = http.StatusFound
	refused = http.StatusServiceUnavailable
)

func (h *hungSite) read(name string, c *servertest.Client, at string, status, well int) timed {
	return timed{name, func() servertest.Answer {
		h.asked++
		return c.Try(servertest.Read(fresh(at, h.reader, h.asked)))
	}, status, well}
}

func (h *hungSite) member(status int) timed {
	return h.read("a member's page", h.anna, "/", status, ok)
}
func (h *hungSite) client(status int) timed {
	return h.read("a client's timeline", h.cat, "/api/v1/timelines/home", status, ok)
}
func (h *hungSite) guest(status int) timed {
	return h.read("a visitor's page", h.visitor, "/@cat/"+h.id, status, ok)
}
func (h *hungSite) shown(status, well int) timed {
	return h.read("a photo", h.visitor, h.picture, status, well)
}

// stream opens one, and leaves when it has begun.
func (h *hungSite) stream(status int) timed {
	return timed{"a stream", func() servertest.Answer {
		res, err := h.cat.Open(h.t.Context(), servertest.Read("/api/v1/streaming/user"))
		if err != nil {
			return servertest.Answer{Err: err}
		}
		defer res.Body.Close()
		return servertest.Answer{Status: res.StatusCode, Header: res.Header}
	}, status, ok}
}

func (h *hungSite) write(name string, c *servertest.Client, status, well int, ask func(n int) servertest.Request) timed {
	return timed{name, func() servertest.Answer {
		h.asked++
		return c.Try(ask(h.asked))
	}, status, well}
}

func (h *hungSite) comment(status int) timed {
	return h.write("a comment", h.anna, status, seen, func(n int) servertest.Request {
		return servertest.Form("/posts/"+h.id+"/comments", "text", fmt.Sprint("comment ", n), "idempotency_key", fmt.Sprint("k", n))
	})
}

func (h *hungSite) upload(status int) timed {
	return timed{"an upload", func() servertest.Answer {
		a := h.anna.Try(sent())
		if a.Status == ok { // a hundred may wait
			if gone := h.anna.Try(servertest.Form("/compose/photos/" + a.ID() + "/remove")); gone.Err != nil || gone.Status != seen {
				return gone
			}
		}
		return a
	}, status, ok}
}

// edit changes who may see a post, for which every file of its photo is copied.
func (h *hungSite) edit(status int) timed {
	return timed{"an edit", func() servertest.Answer {
		visibility := "followers"
		if h.followers {
			visibility = "public"
		}
		a := h.anna.Try(servertest.Form("/posts/"+h.edited+"/edit", "caption", "edited", "visibility", visibility, "licence", "all-rights-reserved"))
		if a.Status == seen {
			h.followers = !h.followers
		}
		return a
	}, status, seen}
}

func (h *hungSite) like(status int) timed {
	return h.write("a client's like", h.cat, status, ok, func(int) servertest.Request {
		return servertest.Form("/api/v1/statuses/" + h.mine + "/favourite")
	})
}

// send uploads by the API, and is answered before the photo is ready.
func (h *hungSite) send(status int) timed {
	return timed{"a client's upload", func() servertest.Answer {
		a := h.cat.Try(servertest.File("/api/v2/media", "file", photo))
		if a.Err == nil && (a.Status == http.StatusAccepted || a.Status == ok) {
			if gone := h.cat.Try(servertest.Request{Method: http.MethodDelete, Path: "/api/v1/media/" + a.ID()}); gone.Err != nil || gone.Status != ok {
				return gone
			}
			a.Status = ok
		}
		return a
	}, status, ok}
}

func (h *hungSite) logIn(status int) timed {
	return timed{"a log-in", func() servertest.Answer {
		c := browser(h.t, h.Instance)
		c.Stay = true
		return c.Try(servertest.Form("/login", "name", "anna", "password", servertest.Password))
	}, status, seen}
}
