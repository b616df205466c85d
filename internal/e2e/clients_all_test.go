package e2e

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"tintype/internal/servertest"
)

// clientScenarios are those in which a client that nobody here wrote drives the API.
var clientScenarios = []string{"go-mastodon", "Mastodon.py", "masto.js", "masto.js for those who look after a site"}

// undriven are the routes that none of these clients asks for, and why.
var undriven = map[string]string{
	"GET /.well-known/oauth-authorization-server": "Phanpy's",
	"GET /.well-known/webfinger":                  "other servers'",
	"GET /api/openapi.json":                       "for those who write clients",
	"GET /api/v1/media":                           "says that an id is missing",
	"POST /api/v1/notifications/dismiss":          "of clients older than these",
	"GET /api/v1/streaming/user/notification":     "masto.js takes it from the WebSocket",
	"GET /api/v1/trends":                          "of clients older than these",
	"PUT /api/v2/media/{id}":                      "Semaphore's, which is answered 404",
	"POST /oauth/userinfo":                        "the same as GET",
	"POST /api/v1/admin/accounts/{id}/approve":    "refused there: nobody waits on an open site",
	"POST /api/v1/admin/accounts/{id}/reject":     "refused there: nobody waits on an open site",
}

// drivenRoutes are the routes that were answered without an error while clients played, and the scenarios that played.
type drivenRoutes map[string]bool

var (
	requestsOf = regexp.MustCompile(`^tintype_requests_total\{method="(\w+)",route="([^"]+)",status="(\d+)"\}$`)
	inPath     = regexp.MustCompile(`:(\w+)`)
)

// note begins the scenario of a client. What it returns ends it, and notes what the client drove.
func (d drivenRoutes) note(t *testing.T, site stage, scenario string) func() {
	before := figures(t, site.Site)
	return func() {
		if t.Skipped() {
			return
		}
		d[scenario] = true
		for name, n := range figures(t, site.Site) {
			m := requestsOf.FindStringSubmatch(name)
			if m != nil && n > before[name] && m[3] < "400" {
				d[m[1]+" "+inPath.ReplaceAllString(m[2], "{$1}")] = true
			}
		}
	}
}

// complete fails the test where an endpoint of the description was driven by no client, once all of them played.
func (d drivenRoutes) complete(t *testing.T, site stage) {
	for _, scenario := range clientScenarios {
		if !d[scenario] {
			return // the test was asked for some scenarios only
		}
	}
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	servertest.NewClient(t, site.URL).Get("/api/openapi.json").Want(200).Into(&doc)
	for path, item := range doc.Paths {
		for method := range item {
			route := strings.ToUpper(method) + " " + path
			switch _, known := undriven[route]; {
			case method == "parameters":
			case !known && !d[route]:
				t.Errorf("no client drives %s", route)
			case known && d[route]:
				t.Errorf("a client drives %s: it need not stand in undriven", route)
			}
		}
	}
}
