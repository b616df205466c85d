package web

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"
)

const (
	// visitorPageLife is how long a page may be shown while events cannot be read;
	// else what another process changes shows as soon as its event is heard, and
	// what this process commits at once.
	visitorPageLife    = 5 * time.Second
	visitorPageMost    = 1 << 20  // bytes of one page
	visitorPagesMost   = 18 << 20 // bytes of all that have a plain address
	visitorQueriedMost = 6 << 20  // bytes of all whose address has a query: strangers make up as many as they like
	visitorQueryMost   = 256      // bytes of what a page reads of a query; longer ones are nobody's link
)

// textQuery is the one parameter of a kept page that may be any text.
const textQuery = "q"

// VisitorPages keeps the pages of visitors, whole and compressed, so that a
// link that many follow at once is rendered once. A page is kept until the
// generation changes, and for a few seconds at most. Members' pages are never
// kept.
type VisitorPages struct {
	next       http.Handler
	cookie     string // the session's: who shows one is no visitor here
	generation func() uint64
	query      func(path string) (names []string, ok bool)
	pages      *otter.Cache[string, *visitorPage] // by their path
	queried    *otter.Cache[string, *visitorPage] // by their path and query
	flight     singleflight.Group

	kept, joined, made, remade, unkept atomic.Int64
}

type visitorPage struct {
	generation uint64
	route      string // the pattern that made it
	status     int
	header     http.Header
	body, gzip []byte
	keep       bool
}

// NewVisitorPages makes VisitorPages of what next answers. Query tells which
// parameters the page at a path reads, false where there is none that may be kept.
func NewVisitorPages(sessionCookie string, generation func() uint64, query func(path string) ([]string, bool), next http.Handler) *VisitorPages {
	return newVisitorPages(visitorPageLife, sessionCookie, generation, query, next)
}

func newVisitorPages(life time.Duration, sessionCookie string, generation func() uint64, query func(path string) ([]string, bool), next http.Handler) *VisitorPages {
	keep := func(most uint64) *otter.Cache[string, *visitorPage] {
		return otter.Must(&otter.Options[string, *visitorPage]{
			MaximumWeight:    most,
			Weigher:          func(k string, p *visitorPage) uint32 { return uint32(len(k) + len(p.body) + len(p.gzip) + 512) },
			ExpiryCalculator: otter.ExpiryWriting[string, *visitorPage](life),
		})
	}
	return &VisitorPages{
		next: next, cookie: sessionCookie, generation: generation, query: query,
		pages: keep(visitorPagesMost), queried: keep(visitorQueriedMost),
	}
}

// keptIn is the cache of the pages with such a key.
func (v *VisitorPages) keptIn(key string) *otter.Cache[string, *visitorPage] {
	if strings.Contains(key, "?") {
		return v.queried
	}
	return v.pages
}

// eligible tells whether the answer may be one that all visitors get.
func (v *VisitorPages) eligible(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || isMachinePath(r.URL.Path) {
		return false
	}
	for _, own := range []string{"/static/", "/media/", "/oauth/", "/settings", "/compose", "/login", "/signup", "/links/", "/claim/", "/mail/"} {
		if strings.HasPrefix(r.URL.Path, own) {
			return false
		}
	}
	for _, c := range r.Cookies() {
		// Members, and who has just been one: what they wrote must be in what
		// they read.
		if c.Name == v.cookie || strings.Contains(c.Name, positionCookie) {
			return false
		}
	}
	return r.Header.Get("X-Fragment") == "" && r.Header.Get("Range") == "" && !wantsJSON(r)
}

func (v *VisitorPages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !v.eligible(r) {
		v.next.ServeHTTP(w, r)
		return
	}
	names, ok := v.query(r.URL.Path)
	if !ok {
		v.next.ServeHTTP(w, r)
		return
	}
	r, ok = canonical(r, names)
	key := r.URL.RequestURI()
	if !ok || len(r.URL.RawQuery) > visitorQueryMost {
		v.next.ServeHTTP(w, r)
		return
	}
	now := v.generation()
	if p := v.known(key, now); p != nil {
		v.kept.Add(1)
		p.answer(w, r)
		return
	}
	// One request makes the page for all who ask meanwhile. It goes on when its
	// own client has left; the route's deadline bounds it.
	mine := false
	got, _, _ := v.flight.Do(key+"\x00"+strconv.FormatUint(now, 10), func() (any, error) {
		if p := v.known(key, now); p != nil { // another has just made it
			return p, nil
		}
		mine = true
		return v.make(r, key, now), nil
	})
	p := got.(*visitorPage)
	switch {
	case !p.keep:
		v.unkept.Add(1)
		if !mine {
			v.next.ServeHTTP(w, r) // not the same for all: a redirect, an error with its request's id
			return
		}
	case !mine:
		v.joined.Add(1)
	}
	p.answer(w, r)
}

// canonical is the request in the one spelling of its address: no escapes that
// need not be, and of the query what the page reads, each name once. Whoever adds
// something gets the same page, not one of its own. It is false where a number is
// none: that is nobody's link.
func canonical(r *http.Request, names []string) (_ *http.Request, ok bool) {
	query := ""
	if r.URL.RawQuery != "" {
		given, read := r.URL.Query(), url.Values{}
		for _, name := range names {
			value := given.Get(name)
			if value != "" && name != textQuery {
				id, err := strconv.ParseInt(value, 10, 64)
				if err != nil || id <= 0 {
					return r, false
				}
				value = strconv.FormatInt(id, 10)
			}
			if value != "" {
				read.Set(name, value)
			}
		}
		query = read.Encode()
	}
	if query == r.URL.RawQuery && r.URL.RawPath == "" && !r.URL.ForceQuery {
		return r, true
	}
	u := *r.URL
	u.RawPath, u.RawQuery, u.ForceQuery = "", query, false
	copied := *r
	copied.URL, copied.RequestURI = &u, u.RequestURI()
	return &copied, true
}

// known is the page that is kept, nil if there is none or it is no longer so.
func (v *VisitorPages) known(key string, generation uint64) *visitorPage {
	if p, ok := v.keptIn(key).GetIfPresent(key); ok && p.generation == generation {
		return p
	}
	return nil
}

func (v *VisitorPages) make(r *http.Request, key string, generation uint64) *visitorPage {
	rec := &pageRecorder{header: make(http.Header)}
	get := r.WithContext(context.WithoutCancel(r.Context()))
	get.Method = http.MethodGet
	get.Header = r.Header.Clone()
	get.Header.Del("If-None-Match") // the page itself, not that it is the same
	v.next.ServeHTTP(rec, get)
	p := &visitorPage{generation: generation, route: infoOf(r.Context()).route, status: rec.status, header: rec.header, body: rec.body.Bytes()}
	if p.status == 0 {
		p.status = http.StatusOK
	}
	cc := rec.header.Get("Cache-Control")
	p.keep = p.status == http.StatusOK && rec.header.Get("Vary") != "" && !strings.Contains(cc, "private") && !strings.Contains(cc, "no-store") &&
		len(rec.header.Values("Set-Cookie")) == 0 && len(p.body) <= visitorPageMost
	if !p.keep {
		return p
	}
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.DefaultCompression) // the level is valid
	_, _ = z.Write(p.body)                                   // a buffer takes everything
	_ = z.Close()
	p.gzip = b.Bytes()
	if _, there := v.keptIn(key).GetIfPresent(key); there {
		v.remade.Add(1)
	} else {
		v.made.Add(1)
	}
	v.keptIn(key).Set(key, p)
	return p
}

// answer writes the page in the form that the client takes.
func (p *visitorPage) answer(w http.ResponseWriter, r *http.Request) {
	infoOf(r.Context()).route = p.route
	h := w.Header()
	for name, values := range p.header {
		h[name] = values
	}
	if !p.keep {
		w.WriteHeader(p.status)
		_, _ = w.Write(p.body)
		return
	}
	h["Vary"] = []string{"Cookie, Accept-Encoding"}
	tag := h.Get("ETag")
	if known := matchingTag(r.Header.Get("If-None-Match"), tag); known != "" {
		h.Set("ETag", known)
		h.Del("Content-Type")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := p.body
	if AcceptsGzip(r.Header.Get("Accept-Encoding")) && len(p.gzip) < len(p.body) {
		h.Set("Content-Encoding", "gzip")
		h.Set("ETag", compressedTag(tag))
		body = p.gzip
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

// Outcomes counts visitors' requests for pages by what became of them.
func (v *VisitorPages) Outcomes() map[string]func() int64 {
	return map[string]func() int64{"kept": v.kept.Load, "joined": v.joined.Load, "made": v.made.Load, "remade": v.remade.Load, "unkept": v.unkept.Load}
}

// pageRecorder holds a page back until it is whole.
type pageRecorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (p *pageRecorder) Header() http.Header { return p.header }

func (p *pageRecorder) WriteHeader(status int) {
	if p.status == 0 {
		p.status = status
	}
}

func (p *pageRecorder) Write(b []byte) (int, error) {
	p.WriteHeader(http.StatusOK)
	return p.body.Write(b)
}
