package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"

	"tintype/internal/community"
)

// The description of the API, in the format of OpenAPI 3.0. It is made of the table of routes, the lists that parameters
// are checked against, and the types of the answers, so that it says what they say; operations has the rest.

func (a *API) descriptionEndpoints() []endpoint {
	return []endpoint{{method: http.MethodGet, path: "/api/openapi.json", access: open, raw: a.getDescription}}
}

// A description is kept as it is sent: compressed, a tenth of its size. It is made when somebody first asks, and again when
// the site has another name.
type description struct {
	mu     sync.Mutex
	title  string
	packed []byte
	tag    string
}

// of returns the description under a title.
func (d *description) of(a *API, title string) (packed []byte, tag string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.packed == nil || d.title != title {
		body, err := json.Marshal(a.describe(title))
		if err != nil {
			return nil, "", err
		}
		sum := sha256.Sum256(body)
		d.packed, d.tag, d.title = pack(body), `"`+hex.EncodeToString(sum[:8])+`"`, title
	}
	return d.packed, d.tag, nil
}

func (a *API) getDescription(q *call) error {
	packed, tag, err := a.description.of(a, a.Community.Site(q.ctx()).Name)
	if err != nil {
		return err
	}
	h := q.c.Writer.Header()
	h.Set("Cache-Control", "no-cache") // kept by whoever likes, and asked for again by its tag
	h.Set("ETag", "W/"+tag)            // weak: of both forms
	h.Set("Vary", "Accept-Encoding")
	if slices.ContainsFunc(strings.Split(q.c.GetHeader("If-None-Match"), ","), func(known string) bool {
		return strings.TrimPrefix(strings.TrimSpace(known), "W/") == tag
	}) {
		q.c.Status(http.StatusNotModified)
		return nil
	}
	if q.api.TakesGzip != nil && q.api.TakesGzip(q.c.GetHeader("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		q.writeBytes(packed)
		return nil
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	body, err := io.ReadAll(z)
	if err != nil {
		return err
	}
	q.writeBytes(body)
	return nil
}

const (
	oauthScheme   = "oauth"
	mimeJSON      = "application/json"
	mimeForm      = "application/x-www-form-urlencoded"
	mimeMultipart = "multipart/form-data"
)

// describe makes the whole description.
func (a *API) describe(title string) schema {
	types := schemas{}
	types.of(reflect.TypeFor[errorBody]())
	paths := schema{}
	for _, group := range a.endpoints() {
		for _, e := range group {
			path := templated(e.path)
			if paths[path] == nil {
				paths[path] = schema{}
			}
			paths[path].(schema)[strings.ToLower(e.method)] = a.describeOne(e, types)
		}
	}
	paths[consentPath] = schema{"get": describeConsent()}
	scopes := schema{}
	for _, s := range community.Scopes() {
		scopes[s] = ""
	}
	flow := schema{"tokenUrl": a.BaseURL + "/oauth/token", "scopes": scopes}
	code := schema{"authorizationUrl": a.BaseURL + consentPath, "tokenUrl": a.BaseURL + "/oauth/token", "scopes": scopes}
	return schema{
		"openapi": "3.0.3",
		"info": schema{
			"title": title, "version": a.Version,
			"description": "The client API of Mastodon, as Tintype answers it. A parameter acts, or the request is refused with 422 and the parameter's name. " +
				"Writes take their parameters as JSON, as a form, as multipart and in the address; lists in forms are name[], fields name[field].",
		},
		"servers": []any{schema{"url": a.BaseURL}},
		"paths":   paths,
		"components": schema{
			"schemas": types,
			"responses": schema{"Error": schema{
				"description": "401 without a good token, 403 outside of its scopes, 404 for what is not there or not for the caller, 422 for what is not valid, 429 past a limit, 503 while the site cannot.",
				"content":     contentOf(mimeJSON, schema{"$ref": "#/components/schemas/ErrorBody"}),
			}},
			"securitySchemes": schema{oauthScheme: schema{"type": "oauth2", "flows": schema{"authorizationCode": code, "clientCredentials": flow}}},
		},
	}
}

// consentPath is the page where a member allows an application what it asks for. Applications open it in a browser: it is no
// endpoint of this package.
const consentPath = "/oauth/authorize"

func describeConsent() schema {
	text := schema{"type": "string"}
	var parameters []any
	for _, p := range []parameter{
		{"response_type", false, schema{"type": "string", "enum": []string{"code"}}}, {"client_id", true, text}, {"redirect_uri", false, text},
		{"scope", false, text}, {"state", false, text}, {"code_challenge", false, text}, {"code_challenge_method", false, schema{"type": "string", "enum": []string{"S256"}}},
	} {
		parameters = append(parameters, schema{"name": p.name, "in": "query", "required": p.required, "schema": p.schema})
	}
	page := contentOf("text/html", text)
	return schema{
		"operationId": "openConsentPage", "summary": "Opens the page where a member allows an application what it asks for.", "tags": []string{tagOf(consentPath)},
		"security": []any{}, "parameters": parameters, "responses": schema{
			"200": schema{"description": "The page. Its answer leads to redirect_uri with a code, or shows the code where that is urn:ietf:wg:oauth:2.0:oob.", "content": page},
			"303": schema{"description": "To the page where one logs in, which leads back."},
			"422": schema{"description": "A page that says what is wrong. What is asked for is never sent to an address that the application did not register.", "content": page},
		},
	}
}

var pathParameter = regexp.MustCompile(`:([a-z]+)`)

// templated is a route's path as OpenAPI writes it: /statuses/{id}.
func templated(path string) string { return pathParameter.ReplaceAllString(path, "{$1}") }

func contentOf(mediaType string, s schema) schema { return schema{mediaType: schema{"schema": s}} }

// describeOne describes an endpoint.
func (a *API) describeOne(e endpoint, types schemas) schema {
	o := operations[e.method+" "+e.path]
	one := schema{"operationId": operationID(e), "summary": o.does, "tags": []string{tagOf(e.path)}, "security": security(e)}
	answer := schema{"description": "OK"}
	switch gives := o.gives.(type) {
	case nil:
	case string:
		answer["content"] = contentOf(gives, schema{"type": "string"})
	default:
		answer["content"] = contentOf(mimeJSON, types.of(reflect.TypeOf(gives)))
	}
	responses := schema{"200": answer, "default": schema{"$ref": "#/components/responses/Error"}}
	if o.also != 0 {
		responses[strconv.Itoa(o.also)] = schema{"description": http.StatusText(o.also), "content": answer["content"]}
	}
	one["responses"] = responses

	var parameters []any
	for _, m := range pathParameter.FindAllStringSubmatch(e.path, -1) {
		kind := kindText
		if m[1] == "id" {
			kind = kindID
		}
		parameters = append(parameters, schema{"name": m[1], "in": "path", "required": true, "schema": parameterOf(m[1], kind)})
	}
	taken := parametersOf(e, o)
	if e.method == http.MethodGet || e.method == http.MethodDelete {
		for _, p := range taken {
			name := p.name
			if p.schema["type"] == "array" {
				name += "[]"
			}
			parameters = append(parameters, schema{"name": name, "in": "query", "required": p.required, "schema": p.schema})
		}
	} else if len(taken) > 0 {
		one["requestBody"] = bodyOf(operationID(e), taken, types)
	}
	if len(parameters) > 0 {
		one["parameters"] = parameters
	}
	return one
}

// bodyOf describes the body of a write, which may come in any of three formats.
func bodyOf(operation string, taken []parameter, types schemas) schema {
	properties, required, files := schema{}, []string{}, false
	for _, p := range taken {
		properties[p.name] = p.schema
		files = files || p.schema["format"] == "binary"
		if p.required {
			required = append(required, p.name)
		}
	}
	s := schema{"type": "object", "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	name := strings.ToUpper(operation[:1]) + operation[1:] + "Body"
	types[name] = s
	content, ref := schema{}, schema{"$ref": "#/components/schemas/" + name}
	for _, mediaType := range []string{mimeJSON, mimeForm, mimeMultipart} {
		if !files || mediaType == mimeMultipart { // pictures may be data: addresses elsewhere, which no type says
			content[mediaType] = schema{"schema": ref}
		}
	}
	return schema{"required": len(required) > 0, "content": content}
}

// A parameter is one of an endpoint, apart from those of its path.
type parameter struct {
	name     string
	required bool
	schema   schema
}

var specialOf = regexp.MustCompile(`^([a-z_]+)(!?)(?:=(\d+):(\d+)|<(\d+)|:([a-z]+))?$`)

// parametersOf reads an operation's words and adds what the endpoint refuses.
func parametersOf(e endpoint, o operation) []parameter {
	var all []parameter
	for _, word := range strings.Fields(o.takes) {
		m := specialOf.FindStringSubmatch(word)
		if m == nil {
			panic(fmt.Sprintf("api: %s %s takes %q", e.method, e.path, word))
		}
		kind := m[6]
		if kind == "" {
			kind = kindOf(m[1])
		}
		s := parameterOf(m[1], kind)
		if m[4] != "" {
			s["default"], s["maximum"] = number(m[3]), number(m[4])
		}
		if m[5] != "" {
			s["maxItems"] = number(m[5])
		}
		all = append(all, parameter{m[1], m[2] != "", s})
	}
	for _, r := range refusals {
		if r.method == e.method && r.path == e.path {
			s := parameterOf(r.name, kindOf(r.name))
			s["description"] = "Refused where it asks for what there is not: " + r.why + "."
			all = append(all, parameter{r.name, false, s})
		}
	}
	return all
}

func number(text string) int {
	n, _ := strconv.Atoi(text) // the pattern has digits alone
	return n
}

// security says whose tokens an endpoint takes: none, any or none, or one with its scope.
func security(e endpoint) []any {
	scopes := []string{}
	if e.scope != "" {
		scopes = append(scopes, e.scope)
	}
	switch token := (schema{oauthScheme: scopes}); e.access {
	case open:
		return []any{}
	case visitors:
		return []any{schema{}, token}
	default:
		return []any{token}
	}
}

// operationID is the method and the path as one word: getStatusesIdContext.
func operationID(e endpoint) string {
	path := strings.NewReplacer(".well-known", "wellKnown", "/api/v1", "", "/api/v2", "/v2", "/api", "").Replace(e.path)
	var b strings.Builder
	b.WriteString(strings.ToLower(e.method))
	for _, word := range strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune("/:_-.", r) }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// tagOf is what an endpoint is about: statuses, accounts, oauth.
func tagOf(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if parts[0] == "api" && len(parts) > 2 {
		return parts[2]
	}
	return strings.TrimPrefix(parts[0], ".")
}
