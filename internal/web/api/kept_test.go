package api_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"tintype/internal/community"
	"tintype/internal/store"
)

// What visitors ask for most is answered from memory until something is committed, and never to whoever shows a token.
func TestKeptAnswers(t *testing.T) {
	s := newSite(t, func(o *options) {
		o.api.Generation = o.community.Store.Commits
		o.api.TakesGzip = func(accept string) bool { return accept == "gzip" }
		o.api.Limit = community.Limit{Count: 1000, Window: 1 << 40}
	})
	anna := s.join("anna")
	publish := func(caption string) {
		t.Helper()
		s.post("/api/v1/statuses", anna.token, form("status", caption, "media_ids[]", strconv.FormatInt(s.photo(anna, store.SetPublic), 10))).ok()
	}
	get := func(path string, headers ...string) *http.Response {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, path, nil)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		return w.Result()
	}
	body := func(r *http.Response) string {
		t.Helper()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	// behind changes what is read, unknown to the site: only what is read again shows it.
	behind := func(word string) {
		t.Helper()
		if _, err := s.store.SQL().ExecContext(t.Context(), "UPDATE posts SET caption = ?", word+" #sea"); err != nil {
			t.Fatal(err)
		}
	}
	publish("first #sea")
	for _, path := range []string{"/api/v1/timelines/public", "/api/v1/timelines/public?limit=5&local=true", "/api/v1/timelines/tag/sea", "/api/v1/timelines/tag/sea?any%5B%5D=land"} {
		behind("before")
		publish("another #sea") // a commit
		behind("before")
		first := get(path)
		made := body(first)
		if first.StatusCode != http.StatusOK || !strings.Contains(made, "before") {
			t.Fatalf("%s: %d %s", path, first.StatusCode, made)
		}
		behind("after")
		counts := s.api.KeptOutcomes()
		kept, others := counts["kept"](), counts["made"]()+counts["joined"]()
		again := get(path)
		if counts["kept"]() != kept+1 || counts["made"]()+counts["joined"]() != others {
			t.Errorf("%s: a kept answer is not counted", path)
		}
		if got := body(again); got != made {
			t.Errorf("%s is not kept: %s", path, got)
		}
		for _, name := range []string{"Link", "Content-Type", "Content-Length"} {
			if got := again.Header.Get(name); got == "" || got != first.Header.Get(name) {
				t.Errorf("%s: %s is %q, and was %q", path, name, got, first.Header.Get(name))
			}
		}
		left, _ := strconv.Atoi(first.Header.Get("X-RateLimit-Remaining"))
		if now, err := strconv.Atoi(again.Header.Get("X-RateLimit-Remaining")); err != nil || now != left-1 {
			t.Errorf("%s: %d requests were left, and now %d", path, left, now)
		}
		packed := get(path, "Accept-Encoding", "gzip")
		raw := body(packed)
		z, err := gzip.NewReader(bytes.NewReader([]byte(raw)))
		if err != nil || packed.Header.Get("Content-Encoding") != "gzip" || packed.Header.Get("Content-Length") != strconv.Itoa(len(raw)) || packed.Header.Get("Vary") != "Accept-Encoding" {
			t.Fatalf("%s compressed: %v %v", path, packed.Header, err)
		}
		if plain, err := io.ReadAll(z); err != nil || string(plain) != made {
			t.Errorf("%s compressed is another: %s, %v", path, plain, err)
		}
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		if got := body(get(path + separator + "nonsense=1")); got != made {
			t.Errorf("%s: a parameter that nobody knows makes another answer", path)
		}
		for name, own := range map[string]*http.Response{
			"a member":       get(path, "Authorization", "Bearer "+anna.token),
			"below a cursor": get(path + separator + "max_id=9223372036854775807"),
		} {
			if got := body(own); !strings.Contains(got, "after") {
				t.Errorf("%s, %s: %s", path, name, got)
			}
		}
		if r := get(path, "Authorization", "Bearer nonsense"); r.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s with a bad token: %d", path, r.StatusCode)
		}
		publish("last #sea")
		if got := body(get(path)); !strings.Contains(got, "after") || !strings.Contains(got, "last") {
			t.Errorf("%s after a commit: %s", path, got)
		}
	}
	// Each question is answered once, however it is written.
	for _, spellings := range [][]string{
		{"/api/v1/timelines/public", "/api/v1/timelines/public?limit=20", "/api/v1/timelines/public?limit=020&local=0", "/api/v1/timelines/public?limit=+20&limit=%32%30", "/api/v1/timelines/public?limit=&only_media=false&remote=no"},
		{"/api/v1/timelines/public?limit=40&local=true", "/api/v1/timelines/public?local=1&limit=41", "/api/v1/timelines/public?local=ON&limit=0040", "/api/v1/timelines/public?limit=999999&local=yes"},
		{"/api/v1/timelines/tag/sea", "/api/v1/timelines/tag/SEA", "/api/v1/timelines/tag/%53ea", "/api/v1/timelines/tag/%23sea", "/api/v1/timelines/tag/s%C3%A9a", "/api/v1/timelines/tag/sea?local=f"},
		{"/api/v1/timelines/tag/sea?any[]=land&any[]=Air", "/api/v1/timelines/tag/sea?any[]=air&any[]=%23LAND", "/api/v1/timelines/tag/sea?any[1]=air&any[0]=land", "/api/v1/timelines/tag/sea?any=land&any=air&any=Land"},
	} {
		publish("again #sea")
		first := get(spellings[0])
		made := body(first)
		before := s.api.KeptOutcomes()["made"]()
		for _, path := range spellings[1:] {
			again := get(path)
			if got := body(again); got != made || again.Header.Get("Link") != first.Header.Get("Link") || again.StatusCode != http.StatusOK {
				t.Errorf("%s is answered %d with %q, %s; %s was with %q", path, again.StatusCode, again.Header.Get("Link"), got, spellings[0], first.Header.Get("Link"))
			}
		}
		if n := s.api.KeptOutcomes()["made"]() - before; n != 0 {
			t.Errorf("other spellings of %s made %d answers more", spellings[0], n)
		}
	}
	for _, path := range []string{"/api/v1/timelines/public?limit=19", "/api/v1/timelines/tag/sea?all[]=sea", "/api/v1/timelines/public?local=true"} {
		before := s.api.KeptOutcomes()["made"]()
		body(get(path))
		if n := s.api.KeptOutcomes()["made"]() - before; n != 1 {
			t.Errorf("%s made %d answers", path, n)
		}
	}
	if r := get("/api/v1/timelines/tag/sea?any[]=a&any[]=a&any[]=a&any[]=a&any[]=a"); r.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("five tags: %d", r.StatusCode)
	}
	if got := body(get("/api/v1/timelines/public?limit=1")); strings.Count(got, `"spoiler_text"`) != 1 {
		t.Errorf("another limit: %s", got)
	}
	for _, path := range []string{"/api/v1/instance", "/api/v2/instance"} {
		if first, again := body(get(path)), body(get(path)); first != again || !strings.Contains(first, "Test site") {
			t.Errorf("%s: %s, then %s", path, first, again)
		}
	}
}

// A site for members only keeps nothing for visitors, for they get nothing.
func TestMembersOnlyKeepsNothing(t *testing.T) {
	s := newSite(t, func(o *options) {
		o.api.Generation = o.community.Store.Commits
		o.community.SiteDefaults.Visitors = community.VisitorsNone
	})
	anna := s.join("anna")
	s.get("/api/v1/timelines/public", anna.token).ok()
	s.get("/api/v1/timelines/public", "").is(http.StatusUnauthorized)
}
