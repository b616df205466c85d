package app

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/community"
	"tintype/internal/web"
)

// strangersBounds are the words that the table explains.
var strangersBounds = []string{"kept", "`PAGE_LIMIT`", "`API_LIMIT`", "log-in places", "turns", "`LOGIN_LIMIT`", "`SIGNUP_LIMIT`", "`MAX_STREAMS`", "`MAX_IN_FLIGHT`"}

// Whoever adds a route that strangers may ask for says in the table what it costs and what bounds it, and what bounds it does.
func TestStrangersRoutesAreBounded(t *testing.T) {
	doc, err := os.ReadFile("../../docs/decisions/what-strangers-cost.md")
	if err != nil {
		t.Fatal(err)
	}
	words, _, _ := strings.Cut(string(doc), "\n| route |")
	for _, bound := range strangersBounds {
		if !strings.Contains(words, "`"+strings.Trim(bound, "`")+"`") && !strings.Contains(words, "*"+bound+"*") {
			t.Errorf("%s is not explained", bound)
		}
	}
	table := make(map[string][]string)
	for _, m := range regexp.MustCompile(`(?m)^\| ((?:GET|POST|PUT|PATCH|DELETE) \S+) \| [0-9.]+ \| (.+) \|$`).FindAllStringSubmatch(string(doc), -1) {
		table[m[1]] = strings.Split(m[2], ", ")
		for _, bound := range table[m[1]] {
			if !slices.Contains(strangersBounds, bound) {
				t.Errorf("%s: %s is no bound", m[1], bound)
			}
		}
	}

	free, _ := wired(t, "REGISTRATION=open")
	full, _ := wired(t, "REGISTRATION=open", "PAGE_LIMIT=1/24h", "API_LIMIT=1/24h", "TRUSTED_PROXIES=1")
	for _, path := range []string{"/nowhere", "/api/v1/instance"} {
		strangerAsks(t, full, web.Route{Method: http.MethodGet, Path: path})
	}
	crowded, _ := wired(t, "REGISTRATION=open", "MAX_STREAMS=1")
	open, err := crowded.streams.Open(community.Subscriber{Address: "198.51.100.7"})
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	seen := make(map[string]bool)
	for _, route := range free.routes.All() {
		name := route.Method + " " + route.Path
		answer := strangerAsks(t, free, route)
		if answer.Code == http.StatusUnauthorized || strings.HasPrefix(answer.Header().Get("Location"), "/login?return=") {
			if table[name] != nil {
				t.Errorf("%s is in the table, and no stranger's", name)
			}
			continue
		}
		seen[name] = true
		bounds := table[name]
		if bounds == nil {
			t.Errorf("%s answers strangers (%d): say in docs/decisions/what-strangers-cost.md what it costs and what bounds it", name, answer.Code)
			continue
		}
		limited := slices.Contains(bounds, "`PAGE_LIMIT`") || slices.Contains(bounds, "`API_LIMIT`")
		if got := strangerAsks(t, full, route).Code; (got == http.StatusTooManyRequests) != limited {
			t.Errorf("%s where limits are reached: %d, but bounded by %s", name, got, bounds)
		}
		if kept := strangersAnswerIsKept(t, free, route); kept != slices.Contains(bounds, "kept") {
			t.Errorf("%s is kept: %v, but bounded by %s", name, kept, bounds)
		}
		if logIn := web.IsLogIn(route.Method, route.Path); logIn != slices.Contains(bounds, "log-in places") {
			t.Errorf("%s has the places of log-ins: %v, but is bounded by %s", name, logIn, bounds)
		}
		stream := slices.Contains(bounds, "`MAX_STREAMS`")
		if got := strangerAsks(t, crowded, route).Code; (got == http.StatusServiceUnavailable) != stream {
			t.Errorf("%s where no stream is left: %d, but bounded by %s", name, got, bounds)
		}
		counted := slices.Contains(bounds, "`LOGIN_LIMIT`") || slices.Contains(bounds, "`SIGNUP_LIMIT`")
		if (strangersForms[name] != nil) != counted {
			t.Errorf("%s is bounded by %s, and the test has a form for it: %v", name, bounds, strangersForms[name] != nil)
		}
	}
	for name, bounds := range table {
		for bound, setting := range map[string]string{"`LOGIN_LIMIT`": "LOGIN_LIMIT=1/24h", "`SIGNUP_LIMIT`": "SIGNUP_LIMIT=1/24h"} {
			if slices.Contains(bounds, bound) && !strangersFormIsLimited(t, name, setting) {
				t.Errorf("%s: %s refuses nobody", name, bound)
			}
		}
	}
	for name := range maps.Keys(table) {
		if !seen[name] {
			t.Errorf("%s is in the table, and no route that answers strangers", name)
		}
	}
}

var routeParameter = regexp.MustCompile(`[:*][a-z]+`)

// strangerAsks sends a request of somebody who has no account.
func strangerAsks(t *testing.T, site *testSite, route web.Route) *httptest.ResponseRecorder {
	t.Helper()
	patience := time.Minute
	if strings.Contains(route.Path, "/streaming/") {
		patience = 300 * time.Millisecond // a stream goes on until its reader leaves
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	path := routeParameter.ReplaceAllString(route.Path, "1")
	if strings.HasSuffix(path, "/hashtag") || strings.HasSuffix(path, "/hashtag/local") {
		path += "?tag=x"
	}
	if strings.HasSuffix(path, "/streaming") {
		path += "?stream=public"
	}
	r := httptest.NewRequestWithContext(ctx, route.Method, path, strings.NewReader("a=b"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	if strings.HasSuffix(route.Path, "/streaming") { // is refused before it is counted unless it is a WebSocket
		for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg=="} {
			r.Header.Set(name, value)
		}
	}
	if route.Method == http.MethodGet {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	site.site.ServeHTTP(w, r)
	return w
}

// strangersAnswerIsKept reports whether the route's answers to strangers are kept: of a page its policy says so.
func strangersAnswerIsKept(t *testing.T, site *testSite, route web.Route) bool {
	t.Helper()
	if !strings.HasPrefix(route.Path, "/api/") {
		return route.Policy == web.PolicyCacheable
	}
	if route.Method != http.MethodGet || strings.Contains(route.Path, "/streaming/") {
		return false
	}
	given := func() float64 {
		n, _ := site.metrics.counts().sum("tintype_kept_answers_total")
		return n
	}
	before := given()
	strangerAsks(t, site, route)
	return given() > before
}

// strangersForms are what strangers send to routes that count it: what they send for the nth time.
var strangersForms = map[string]func(site *testSite) func(n int) string{
	"POST /login":         always("name=nobody&password=wrong+horse+battery"),
	"POST /login/passkey": always("credential=none"),
	"POST /signup": func(*testSite) func(int) string {
		return func(n int) string {
			return fmt.Sprintf("name=stranger%d&email=stranger%d@example.org&password=correct+horse+battery&agree=on", n, n)
		}
	},
	"POST /api/v1/apps": always(newClient),
	"POST /oauth/token": func(site *testSite) func(int) string {
		var made struct {
			ID     string `json:"client_id"`
			Secret string `json:"client_secret"`
		}
		if err := json.Unmarshal(site.ask(http.MethodPost, "/api/v1/apps", newClient).Body.Bytes(), &made); err != nil {
			return always(err.Error())(site)
		}
		return always("grant_type=client_credentials&client_id=" + made.ID + "&client_secret=" + made.Secret)(site)
	},
}

const newClient = "client_name=app&redirect_uris=urn:ietf:wg:oauth:2.0:oob"

func always(form string) func(*testSite) func(int) string {
	return func(*testSite) func(int) string { return func(int) string { return form } }
}

// strangersFormIsLimited sends a form until it is refused as too many.
func strangersFormIsLimited(t *testing.T, name, setting string) bool {
	t.Helper()
	if strangersForms[name] == nil {
		return false
	}
	site, _ := wired(t, "REGISTRATION=open", setting)
	method, path, _ := strings.Cut(name, " ")
	form := strangersForms[name](site)
	for n := range 20 {
		if site.ask(method, path, form(n)).Code == http.StatusTooManyRequests {
			return n > 0
		}
	}
	return false
}
