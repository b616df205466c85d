package servertest

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// A CDN stands in for CloudFront in front of a site's photos and static files,
// in the test process: it keeps what may be kept, forwards no cookies, and has
// the API of invalidations.
type CDN struct {
	URL string

	origin atomic.Pointer[url.URL]
	mu     sync.Mutex
	kept   map[string]keptAnswer // by path and query
	bytes  int
	round  int // counts what was gone: what was asked for before is not kept after
	hits   int
	gone   []string
}

type keptAnswer struct {
	header http.Header
	body   []byte
}

// cdnBytes bounds what is kept; past it the CDN begins anew.
const cdnBytes = 64 << 20

// NewCDN starts an empty one, which ends with the test.
func NewCDN(t testing.TB) *CDN {
	c := &CDN{kept: make(map[string]keptAnswer)}
	server := httptest.NewServer(c)
	c.URL = server.URL
	t.Cleanup(server.Close)
	return c
}

// Origin has it fetch from the site at that address from now on.
func (c *CDN) Origin(address string) error {
	u, err := url.Parse(address)
	if err == nil {
		c.origin.Store(u)
	}
	return err
}

// Env are the settings with which a site uses it. Any credentials will do.
func (c *CDN) Env() []string {
	return []string{
		"STATIC_BASE_URL=" + c.URL, "MEDIA_BASE_URL=" + c.URL + "/media",
		"MEDIA_CDN_DISTRIBUTION_ID=E1", "AWS_ENDPOINT_URL_CLOUDFRONT=" + c.URL,
	}
}

// Hits counts the answers that the site was not asked for.
func (c *CDN) Hits() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hits
}

// Gone are the paths that were invalidated.
func (c *CDN) Gone() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.gone)
}

func (c *CDN) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	origin := c.origin.Load()
	switch {
	case strings.HasPrefix(r.URL.Path, "/2020-05-31/distribution/E1/invalidation"):
		c.invalidate(w, r)
	case origin == nil || r.Method != http.MethodGet && r.Method != http.MethodHead:
		http.Error(w, "there is nothing here", http.StatusNotFound)
	default:
		c.serve(w, r, origin)
	}
}

func (c *CDN) serve(w http.ResponseWriter, r *http.Request, origin *url.URL) {
	key := r.URL.RequestURI()
	c.mu.Lock()
	answer, ok := c.kept[key]
	round := c.round
	if ok {
		c.hits++
	}
	c.mu.Unlock()
	if ok {
		for name, values := range answer.header {
			w.Header()[name] = values
		}
		w.Header().Set("X-Cache", "Hit")
		if r.Method == http.MethodGet {
			_, _ = w.Write(answer.body)
		}
		return
	}
	proxy := &httputil.ReverseProxy{
		ErrorLog: log.New(io.Discard, "", 0), // readers who go away in between
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(origin)
			p.SetXForwarded()
			p.Out.Header.Del("Cookie")
			p.Out.Header.Del("Accept-Encoding") // one copy for all
		},
		ModifyResponse: func(resp *http.Response) error {
			resp.Header.Set("X-Cache", "Miss")
			if r.Method != http.MethodGet || resp.StatusCode != http.StatusOK || !mayKeep(resp.Header) {
				return nil
			}
			body, err := io.ReadAll(io.LimitReader(resp.Body, cdnBytes))
			resp.Body.Close()
			if err != nil {
				return err
			}
			resp.Body = io.NopCloser(bytes.NewReader(body))
			c.keep(key, round, keptAnswer{resp.Header.Clone(), body})
			return nil
		},
	}
	proxy.ServeHTTP(w, r)
}

var maxAge = regexp.MustCompile(`(?:s-maxage|max-age)=(\d+)`)

// mayKeep is whether an answer may be given to others.
func mayKeep(h http.Header) bool {
	control := h.Get("Cache-Control")
	m := maxAge.FindStringSubmatch(control)
	return m != nil && m[1] != "0" && !strings.Contains(control, "private") && !strings.Contains(control, "no-store") && h.Get("Set-Cookie") == ""
}

func (c *CDN) keep(key string, round int, answer keptAnswer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if round != c.round {
		return
	}
	if c.bytes += len(answer.body); c.bytes > cdnBytes {
		clear(c.kept)
		c.bytes = len(answer.body)
	}
	answer.header.Set("Content-Length", strconv.Itoa(len(answer.body)))
	c.kept[key] = answer
}

var pathTag = regexp.MustCompile(`<Path>([^<]*)</Path>`)

func (c *CDN) invalidate(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil || !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		http.Error(w, "no invalidation", http.StatusForbidden)
		return
	}
	c.mu.Lock()
	c.round++
	for _, m := range pathTag.FindAllStringSubmatch(string(body), -1) {
		c.gone = append(c.gone, m[1])
		delete(c.kept, m[1])
	}
	c.mu.Unlock()
	w.WriteHeader(http.StatusCreated)
	fmt.Fprint(w, `<Invalidation><Id>I1</Id><Status>InProgress</Status></Invalidation>`)
}
