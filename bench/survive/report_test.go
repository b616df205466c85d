package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"tintype/internal/servertest"
)

// perfect is a report with which nothing is wrong.
func perfect() *report {
	phase := func(name string, asked int) *phaseCount {
		p := &phaseCount{Name: name, Seconds: 1, Kinds: map[kind]*count{}}
		for _, k := range kinds {
			p.Kinds[k] = &count{Asked: asked, Why: map[string]int{}}
		}
		return p
	}
	return &report{
		Phases: []*phaseCount{phase("nothing", 10), phase(crawling, 1000), phase(restartAlone, 100)}, Acknowledged: 1, Restart: 600,
		Faults: map[fault]int{}, Crawler: &crawlerCount{Cap: 72, AtOnce: 1440, Answered: map[string]int{"200": 5, "503": 9}},
	}
}

// Each must is told when it does not hold, alone; what may fail is not.
func TestJudge(t *testing.T) {
	fail := func(r *report, phase int, k kind, n int) {
		r.Phases[phase].Kinds[k].Failed, r.Phases[phase].Kinds[k].Why["503"] = n, n
	}
	for _, c := range []struct {
		name   string
		spoil  func(r *report)
		broken string // "" if all holds
	}{
		{"nothing wrong", func(*report) {}, ""},
		{"failures while something is broken", func(r *report) { fail(r, 0, writes, 9) }, ""},
		{"a visitor refused under the crawler", func(r *report) { fail(r, 1, visitorReads, 500) }, ""},
		{"one of two thousand reads of members", func(r *report) { fail(r, 1, memberReads, 1) }, ""},
		{"two of two thousand", func(r *report) { fail(r, 1, clientReads, 2) }, "2 of 2000 reads of members failed under a crawler"},
		{"a crawler that never met the cap", func(r *report) { delete(r.Crawler.Answered, "503") }, "the crawler was never refused"},
		{"one failure in the rolling restart", func(r *report) { fail(r, 2, uploads, 1) }, "1 of 600 requests failed in a rolling restart"},
		{"too short a rolling restart", func(r *report) { r.Restart = 601 }, "saw 600 requests only, of 601"},
		{"a lost post", func(r *report) { r.Faults[lost] = 1 }, "1 lost posts"},
		{"a doubled post", func(r *report) { r.Faults[doubled] = 2 }, "2 doubled posts"},
		{"a logout", func(r *report) { r.Faults[logout] = 3 }, "3 logouts"},
		{"a stale read", func(r *report) { r.Faults[stale] = 4 }, "4 stale reads"},
		{"no post at all", func(r *report) { r.Acknowledged = 0 }, "nothing was posted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := perfect()
			c.spoil(r)
			r.judge()
			if got := strings.Join(r.Broken, "; "); c.broken == "" && got != "" || !strings.Contains(got, c.broken) || len(r.Broken) > 1 {
				t.Errorf("broken: %q", r.Broken)
			}
			var text, machine bytes.Buffer
			r.text(&text)
			if holds := strings.Contains(text.String(), "Everything that must hold holds."); holds != (c.broken == "") {
				t.Errorf("the text:\n%s", text.String())
			}
			if err := r.json(&machine); err != nil {
				t.Fatal(err)
			}
			var back struct{ Broken []string }
			if err := json.Unmarshal(machine.Bytes(), &back); err != nil || back.Broken == nil || (len(back.Broken) == 0) != (c.broken == "") {
				t.Errorf("%v, %q in\n%s", err, back.Broken, machine.String())
			}
		})
	}
}

// A site that forgets and forgets who one is, is found out; one that fails now and then is asked again.
func TestWhatAClientNotices(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]int{}
	behave := func(w http.ResponseWriter, r *http.Request, n int) { w.WriteHeader(http.StatusOK) }
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked[r.URL.Path]++
		n := asked[r.URL.Path]
		mu.Unlock()
		w.Header().Set("X-Request-Id", "one")
		behave(w, r, n)
	}))
	defer site.Close()
	html := func(w http.ResponseWriter, text string) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, text)
	}
	const own = `<a href="/@ann">me</a>`
	for _, c := range []struct {
		name   string
		behave func(w http.ResponseWriter, r *http.Request, n int)
		act    func(l *load, c *client)
		faults map[fault]int
		why    string
	}{
		{"a page of hers", func(w http.ResponseWriter, _ *http.Request, _ int) { html(w, own) },
			func(_ *load, c *client) { c.get(memberReads, "/a") }, nil, ""},
		{"a visitor's page", func(w http.ResponseWriter, _ *http.Request, _ int) { html(w, "hello") },
			func(_ *load, c *client) { c.get(memberReads, "/b") }, map[fault]int{logout: 1}, "logged out: 1"},
		{"to the log-in", func(w http.ResponseWriter, r *http.Request, _ int) {
			http.Redirect(w, r, "/login?return=%2F", http.StatusSeeOther)
		}, func(_ *load, c *client) { c.get(memberReads, "/c") }, map[fault]int{logout: 1}, "logged out: 1"},
		{"a token refused", func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusUnauthorized) },
			func(_ *load, c *client) { c.Token = "t"; c.get(clientReads, "/d") }, map[fault]int{logout: 1}, "logged out: 1"},
		{"busy is no logout", func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusServiceUnavailable) },
			func(_ *load, c *client) { c.get(memberReads, "/e") }, nil, "503: 1"},
		{"a read that does not know", func(w http.ResponseWriter, _ *http.Request, _ int) { html(w, own) },
			func(l *load, c *client) { l.readOwn(c, "/f", "words", has("words")) }, map[fault]int{stale: 1}, ""},
		{"a read that finds nothing", func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusNotFound) },
			func(l *load, c *client) { l.readOwn(c, "/g", "words", has("words")) }, map[fault]int{stale: 1}, ""},
		{"a read that fails first", func(w http.ResponseWriter, _ *http.Request, n int) {
			if n == 1 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			html(w, own+"words")
		}, func(l *load, c *client) { l.readOwn(c, "/h", "words", has("words")) }, nil, "503: 1"},
		{"the balancer has nobody", func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Del("X-Request-Id")
			w.WriteHeader(http.StatusServiceUnavailable)
		}, func(_ *load, c *client) { c.get(memberReads, "/i") }, nil, "503 of the balancer: 1"},
		{"no connection", func(http.ResponseWriter, *http.Request, int) { panic(http.ErrAbortHandler) },
			func(_ *load, c *client) { c.ask(writes, servertest.Form("/j"), 200) }, nil, "connection broken: 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			behave = c.behave
			r := newRecord(io.Discard)
			p := r.enter("now")
			l := newLoad(r, site.URL)
			ann := newClient(r, site.URL, 1)
			ann.Name = "ann"
			c.act(l, ann)
			if p.why() != c.why {
				t.Errorf("failures: %q, want %q", p.why(), c.why)
			}
			for _, f := range faults {
				if r.faults[f] != c.faults[f] {
					t.Errorf("%s: %d, want %d", f, r.faults[f], c.faults[f])
				}
			}
		})
	}
}
