package app

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

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
		if slices.Contains(bounds, "kept") && route.Policy != web.PolicyCacheable && !strings.HasPrefix(route.Path, "/api/") {
			t.Errorf("%s is not kept", name)
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
	r := httptest.NewRequestWithContext(ctx, route.Method, path, strings.NewReader("a=b"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	if route.Method == http.MethodGet {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	site.site.ServeHTTP(w, r)
	return w
}
