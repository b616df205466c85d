package web

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestVisitorPages(t *testing.T) {
	var made, generation atomic.Uint64
	release := make(chan struct{})
	close(release)
	query := func(path string) ([]string, bool) { return []string{"max_id", "q"}, path != "/not-kept" }
	// Pages do not get old here, however slow the machine is.
	site := newVisitorPages(time.Hour, "session", generation.Load, query, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := made.Add(1)
		<-release
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Vary", "Cookie")
		switch r.URL.Path {
		case "/personal":
			w.Header().Set("Cache-Control", "private, no-store")
		case "/cookie":
			w.Header().Set("Set-Cookie", "a=b")
		case "/gone":
			w.WriteHeader(http.StatusNotFound)
		}
		if _, err := r.Cookie("session"); err == nil {
			w.Header().Set("Cache-Control", "private, no-store")
		}
		words := 500
		if r.URL.Path == "/large" {
			words *= 40
		}
		fmt.Fprintf(w, "page %d %s", n, strings.Repeat("word ", words))
	}))
	get := func(path string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", path, nil)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		return w
	}
	page := func(w *httptest.ResponseRecorder) string {
		return strings.Join(strings.Fields(w.Body.String())[:2], " ")
	}

	if a, b := page(get("/")), page(get("/")); a != "page 1" || b != a {
		t.Errorf("a second visitor gets %q after %q", b, a)
	}
	if got := page(get("/?max_id=1")); got != "page 2" {
		t.Errorf("another query gets %q", got)
	}
	for _, same := range []string{"/?utm_source=x", "/?1", "/?", "/?a=b&c=d", "/?max_id=", "/?max_id2=5"} {
		if got := page(get(same)); got != "page 1" {
			t.Errorf("%s is a page of its own: %q", same, got)
		}
	}
	for _, same := range []string{"/?max_id=1&x=y", "/?x=y&max_id=1", "/?max_id=1&max_id=2", "/?max%5Fid=%31", "/?max_id=01", "/?max_id=%2B1"} {
		if got := page(get(same)); got != "page 2" {
			t.Errorf("%s is a page of its own: %q", same, got)
		}
	}
	if a, b := page(get("/@ada")), page(get("/%40a%64a")); a != b {
		t.Errorf("a path in escapes is another page: %q and %q", a, b)
	}
	for _, nobodys := range []string{"/?max_id=0", "/?max_id=-7", "/?max_id=x", "/?max_id=1.5", "/?max_id=99999999999999999999"} {
		size := site.queried.EstimatedSize()
		if a, b := page(get(nobodys)), page(get(nobodys)); a == b || site.queried.EstimatedSize() != size {
			t.Errorf("%s is kept: %q", nobodys, a)
		}
	}
	generation.Store(0)
	made.Store(2)
	zipped := get("/", "Accept-Encoding", "gzip")
	z, err := gzip.NewReader(zipped.Body)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(z); err != nil || !strings.HasPrefix(string(text), "page 1 ") || zipped.Header().Get("Content-Encoding") != "gzip" {
		t.Errorf("compressed: %.20q, %v", text, err)
	}
	if head := httptest.NewRecorder(); true {
		site.ServeHTTP(head, httptest.NewRequest("HEAD", "/", nil))
		if head.Body.Len() != 0 || head.Header().Get("Content-Length") == "" {
			t.Errorf("HEAD: %d bytes, %v", head.Body.Len(), head.Header())
		}
	}
	// However many addresses strangers make up, they take no memory from the pages themselves.
	before := made.Load()
	for i := range 200 {
		get(fmt.Sprint("/large?max_id=", 100+i))
	}
	site.queried.CleanUp()
	if w := site.queried.WeightedSize(); w > visitorQueriedMost {
		t.Errorf("%d bytes of pages whose address has a query are kept", w)
	}
	if n := made.Load() - before; n < 200 {
		t.Errorf("%d pages were made", n)
	}
	if got := page(get("/")); got != "page 1" {
		t.Errorf("after 200 addresses that were made up: %q", got)
	}
	made.Store(2)
	generation.Add(1) // something was committed
	if got := page(get("/")); got != "page 3" {
		t.Errorf("after a commit: %q", got)
	}

	for name, ask := range map[string]func() *httptest.ResponseRecorder{
		"a member":           func() *httptest.ResponseRecorder { return get("/", "Cookie", "session=x") },
		"a personal route":   func() *httptest.ResponseRecorder { return get("/personal") },
		"a page with cookie": func() *httptest.ResponseRecorder { return get("/cookie") },
		"an error":           func() *httptest.ResponseRecorder { return get("/gone") },
		"a fragment":         func() *httptest.ResponseRecorder { return get("/", "X-Fragment", "1") },
		"the API":            func() *httptest.ResponseRecorder { return get("/api/v1/timelines/public") },
		"settings":           func() *httptest.ResponseRecorder { return get("/settings") },
		"what is no page":    func() *httptest.ResponseRecorder { return get("/not-kept") },
	} {
		if a, b := page(ask()), page(ask()); a == b {
			t.Errorf("%s gets a page that was kept: %q twice", name, a)
		}
	}
	if got := page(get("/")); got != "page 3" {
		t.Errorf("a visitor gets %q after all that", got)
	}

	// Many at once make it once.
	generation.Add(1)
	before = made.Load()
	release = make(chan struct{})
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if w := get("/"); w.Code != http.StatusOK {
				t.Errorf("status %d", w.Code)
			}
		})
	}
	time.Sleep(50 * time.Millisecond) // lets most of them in; the assertion holds however many
	close(release)
	wg.Wait()
	if n := made.Load() - before; n > 50/2 {
		t.Errorf("50 visitors at once had the page made %d times", n)
	}
}
