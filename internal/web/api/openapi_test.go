package api_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/store"
	"tintype/internal/web/api"
)

// described is the description as a client reads it. It is the same for every site of these tests.
var described = sync.OnceValues(func() (*openapi3.T, error) {
	var body json.RawMessage
	err := error(nil)
	if body, err = json.Marshal(api.New(api.Options{Community: community.New(community.Options{}), BaseURL: baseURL, Version: "0.0.1"}).Describe()); err != nil {
		return nil, err
	}
	return openapi3.NewLoader().LoadFromData(body)
})

// operationAt is what the description says of a route, nil for nothing.
func operationAt(t testing.TB, method, path string) *openapi3.Operation {
	t.Helper()
	doc, err := described()
	if err != nil {
		t.Fatal(err)
	}
	item := doc.Paths.Value(templated.Replace(path))
	if item == nil {
		return nil
	}
	return item.GetOperation(method)
}

var templated = strings.NewReplacer(":id", "{id}", ":tag", "{tag}", ":name", "{name}")

// A recorder keeps what is answered.
type recorder struct {
	gin.ResponseWriter
	body strings.Builder
}

func (r *recorder) Write(b []byte) (int, error) {
	r.body.Write(b)
	return r.ResponseWriter.Write(b)
}

func (r *recorder) WriteString(s string) (int, error) {
	r.body.WriteString(s)
	return r.ResponseWriter.WriteString(s)
}

// answersAsDescribed fails the test where an answer is not what the description says of the route. Every answer of the
// API's tests comes by here.
func (r *recorder) answersAsDescribed(t testing.TB, method, path string) {
	t.Helper()
	o := operationAt(t, method, path)
	if o == nil {
		t.Errorf("%s %s is not described", method, path)
		return
	}
	if r.Status() == http.StatusNotModified || path == "/api/openapi.json" {
		return
	}
	answer := o.Responses.Status(r.Status())
	if answer == nil {
		if r.Status() < 400 {
			t.Errorf("%s %s answers %d, which is not described", method, path, r.Status())
			return
		}
		answer = o.Responses.Default()
	}
	content := answer.Value.Content.Get("application/json")
	if content == nil {
		t.Errorf("%s %s answers JSON, which is not described", method, path)
		return
	}
	body := r.body.String()
	if r.Header().Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(strings.NewReader(body))
		if err == nil {
			var b []byte
			b, err = io.ReadAll(z)
			body = string(b)
		}
		if err != nil {
			t.Errorf("%s %s: %v", method, path, err)
			return
		}
	}
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		t.Errorf("%s %s answers %q: %v", method, path, body, err)
		return
	}
	if err := content.Schema.Value.VisitJSON(value, openapi3.VisitAsResponse(), openapi3.EnableFormatValidation(), openapi3.MultiErrors()); err != nil {
		t.Errorf("%s %s answers %d other than described: %v", method, path, r.Status(), err)
	}
}

// Each route is described, and nothing else; the description is a valid one.
func TestRoutesAreDescribed(t *testing.T) {
	doc, err := described()
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Error(err)
	}
	a := api.New(api.Options{Community: community.New(community.Options{})})
	var all everyRoute
	a.Register(&all)
	ids := map[string]bool{}
	for _, route := range all {
		method, path, _ := strings.Cut(route, " ")
		if _, ok := a.Documented(method, path); !ok {
			t.Errorf("%s is not described: say in operations what it does, takes and gives", route)
			continue
		}
		o := operationAt(t, method, path)
		if o == nil {
			t.Errorf("%s is not in the description", route)
			continue
		}
		if ids[o.OperationID] {
			t.Errorf("%s: another operation is called %s", route, o.OperationID)
		}
		ids[o.OperationID] = true
	}
	for _, name := range api.Operations() {
		if !slices.Contains(all, name) {
			t.Errorf("%s is described, and no route", name)
		}
	}
	n := 0
	for _, item := range doc.Paths.Map() {
		n += len(item.Operations())
	}
	if consent := operationAt(t, http.MethodGet, "/oauth/authorize"); consent == nil || ids[consent.OperationID] {
		t.Error("the page where a member allows an application is not described, or is called as something else is")
	}
	if n != len(all)+1 {
		t.Errorf("%d operations for %d routes and that page", n, len(all))
	}
}

type everyRoute []string

func (r *everyRoute) API(method, path string, _ func(*gin.Context) error) {
	*r = append(*r, method+" "+path)
}
func (r *everyRoute) APIUpload(method, path string, h func(*gin.Context) error) {
	r.API(method, path, h)
}
func (r *everyRoute) APIStream(method, path string, h func(*gin.Context) error) {
	r.API(method, path, h)
}

// The parameters that are described are those that Mastodon documents and that act, are refused or change nothing, and
// each is of the kind by which TestNoDocumentedParameterIsDropped has it refused.
func TestDescribedParameters(t *testing.T) {
	a := api.New(api.Options{Community: community.New(community.Options{})})
	same := map[string][]string{ // the kinds of these tests, and those of the description
		"text": {"text"}, "boolean": {"boolean"}, "number": {"number"}, "cursor": {"id"}, "id": {"id"}, "list": {"list"}, "file": {"file"},
		"fields": {"fields"}, "choice": {"text", "language", "focus"},
	}
	for _, d := range documented {
		method, path, _ := strings.Cut(d.endpoint, " ")
		if d.endpoint == "GET /oauth/authorize" || d.endpoint == "POST /api/v1/markers" { // a page; its parameters are by timeline
			continue
		}
		names, ok := a.Documented(method, path)
		if !ok {
			t.Errorf("%s is not described", d.endpoint)
			continue
		}
		want := map[string]bool{}
		for _, name := range append(strings.Fields(d.acts), strings.Fields(d.ignored)...) {
			name, _, _ = strings.Cut(name, "[")
			want[name] = true
		}
		for name := range d.refused {
			want[name] = true
		}
		for name := range want {
			kind, ok := names[name]
			switch {
			case !ok:
				t.Errorf("%s: %s is not described", d.endpoint, name)
			case kinds[name] != "" && kind == api.KindOf(name) && !slices.Contains(same[kinds[name]], kind):
				t.Errorf("%s: %s is described as %s, and is %s", d.endpoint, name, kind, kinds[name])
			}
		}
		for name := range names {
			if !want[name] && !(name == "since_id" || name == "min_id" || name == "visibility" || name == "reason") { // which act beyond what Mastodon documents
				t.Errorf("%s: %s is described, and not in the table", d.endpoint, name)
			}
		}
	}
}

// Who needs a token, and with which scope, is what the description says.
func TestDescribedSecurity(t *testing.T) {
	s := newSite(t)
	anna := s.join("anna")
	other := s.tokenFor(anna.Account, "push")
	reader := s.tokenFor(anna.Account, "read")
	var all routes
	s.api.Register(&all)
	for _, route := range all {
		method, path, _ := strings.Cut(route, " ")
		o := operationAt(t, method, path)
		if o == nil || o.Security == nil {
			t.Errorf("%s: nothing is said of tokens", route)
			continue
		}
		needed, scope := len(*o.Security) > 0, ""
		for _, one := range *o.Security {
			if len(one) == 0 {
				needed = false
			}
			for _, scopes := range one {
				scope = strings.Join(scopes, " ")
			}
		}
		address := strings.NewReplacer(":id", "1", ":tag", "fog", ":name", "fog").Replace(path)
		if got := s.do(method, address, "", "").status == http.StatusUnauthorized && path != "/oauth/token" && path != "/oauth/revoke"; got != needed {
			t.Errorf("%s without a token: refused is %v, described is %v", route, got, needed)
		}
		token := other
		if scope == "push" {
			token = reader
		}
		if got := s.do(method, address, token, "").status == http.StatusForbidden; got != (scope != "") {
			t.Errorf("%s outside of the scope %q: refused is %v", route, scope, got)
		}
	}
}

// The description is small where it is kept, and sent again only where it is another.
func TestDescriptionIsServed(t *testing.T) {
	s := newSite(t, func(o *options) {
		o.api.TakesGzip = func(accepted string) bool { return strings.Contains(accepted, "gzip") }
		o.community.SiteDefaults.Visitors = community.VisitorsNone
	})
	plain := s.get("/api/openapi.json", "").ok()
	doc, err := openapi3.NewLoader().LoadFromData([]byte(plain.body))
	if err != nil {
		t.Fatal(err)
	}
	if doc.Info.Version != "0.0.1" || doc.Servers[0].URL != baseURL || doc.Paths.Value("/api/v1/statuses/{id}") == nil {
		t.Errorf("%+v", doc.Info)
	}
	packed := s.do(http.MethodGet, "/api/openapi.json", "", "", "Accept-Encoding", "gzip").ok()
	if n := len(packed.body); n > 16<<10 || n > len(plain.body)/5 {
		t.Errorf("%d bytes are kept of %d", n, len(plain.body))
	}
	z, err := gzip.NewReader(strings.NewReader(packed.body))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(z); err != nil || string(b) != plain.body {
		t.Errorf("compressed it is another: %v", err)
	}
	tag := plain.header.Get("ETag")
	if tag == "" || tag != packed.header.Get("ETag") || plain.header.Get("Content-Type") != "application/json" {
		t.Errorf("%v", plain.header)
	}
	if r := s.do(http.MethodGet, "/api/openapi.json", "", "", "If-None-Match", `"other", `+tag); r.status != http.StatusNotModified || r.body != "" {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := s.do(http.MethodGet, "/api/openapi.json", "", "", "If-None-Match", `"other"`); r.status != http.StatusOK {
		t.Errorf("%d", r.status)
	}
}

// An answer that is not as described is found: the check of every other test can fail.
func TestAnotherAnswerThanDescribed(t *testing.T) {
	o := operationAt(t, http.MethodGet, "/api/v1/statuses/:id")
	status := o.Responses.Status(http.StatusOK).Value.Content.Get("application/json").Schema.Value
	s := newSite(t)
	anna := s.join("anna")
	id := s.publish(anna, "A hill")["id"].(string)
	for what, change := range map[string]func(map[string]any){
		"a key is missing":  func(v map[string]any) { delete(v, "reblog") },
		"a key is too many": func(v map[string]any) { v["secret"] = 1 },
		"another type":      func(v map[string]any) { v["favourites_count"] = "1" },
		"null":              func(v map[string]any) { v["account"].(map[string]any)["emojis"] = nil },
		"another word":      func(v map[string]any) { v["visibility"] = string(store.Followers) },
		"no time":           func(v map[string]any) { v["created_at"] = "yesterday" },
	} {
		value := s.get("/api/v1/statuses/"+id, "").ok().object()
		if err := status.VisitJSON(value, openapi3.EnableFormatValidation()); err != nil {
			t.Fatal(err)
		}
		change(value)
		if status.VisitJSON(value, openapi3.EnableFormatValidation()) == nil {
			t.Errorf("%s: nothing is said", what)
		}
	}
}

// The types of answers stand in the files that CONTRIBUTING.md names, those of errors in errors.go.
func TestEntitiesStandInTheirFiles(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	structs, found := regexp.MustCompile(`(?m)^type ([A-Z]\w*) struct \{$([^}]*)`), 0
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range structs.FindAllStringSubmatch(string(source), -1) {
			if !strings.Contains(m[2], "`json:") {
				continue
			}
			if found++; !strings.HasPrefix(name, "entity_") && name != "errors.go" {
				t.Errorf("%s has the entity %s: it belongs in an entity_*.go", name, m[1])
			}
		}
	}
	if found < 40 {
		t.Errorf("only %d entities were found", found)
	}
}
