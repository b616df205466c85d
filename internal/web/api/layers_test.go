package api_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"tintype/internal/servertest"
)

// What the layers around the API add, on the real program: no redirects, JSON whatever happens, CORS, one error form.
func TestWireRulesOnTheProgram(t *testing.T) {
	program := servertest.Tintype(t, "REGISTRATION=open", "API_LIMIT=40/1h")
	send := func(method, path, body string, headers ...string) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, program.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		answer, err := http.DefaultTransport.RoundTrip(r) // follows no redirect
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		got, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer, string(got)
	}
	const jsonType, formType = "application/json", "application/x-www-form-urlencoded"
	for _, tt := range []struct {
		name, method, path, body, contentType string
		status                                int
		says                                  string
	}{
		{"a trailing slash", "GET", "/api/v1/instance/", "", "", 200, `"uri":"localhost:`},
		{"a trailing slash on a write", "POST", "/api/v1/apps/", "client_name=x&redirect_uris=urn:ietf:wg:oauth:2.0:oob", formType, 200, `"client_id"`},
		{"query parameters on a write", "POST", "/api/v1/apps?client_name=x&redirect_uris=urn:ietf:wg:oauth:2.0:oob", "", "", 200, `"client_id"`},
		{"no such path", "GET", "/api/v1/nothing", "", "", 404, `{"error":"Record not found"}`},
		{"the beginning of all", "GET", "/api/", "", "", 404, `{"error":"Record not found"}`},
		{"two slashes", "GET", "//api/v1/instance", "", "", 404, `{"error":"Record not found"}`},
		{"two slashes on a write", "POST", "//api/v1/statuses", "{}", jsonType, 404, `{"error":"Record not found"}`},
		{"no such path of OAuth's", "GET", "/oauth/nothing", "", "", 404, `{"error":"`},
		{"no such path of OAuth's on a write", "POST", "/oauth/applications", "{}", jsonType, 403, `{"error":"The request came from another site`},
		{"a header beyond all bounds", "GET", "/api/v1/instance?x=" + strings.Repeat("x", 100<<10), "", "", 431, `{"error":"The request's header is too large."}`},
		{"a GET with a JSON body", "GET", "/api/v1/accounts/lookup", `{"acct":"nobody"}`, jsonType, 404, `{"error":"Record not found"}`},
		{"a GET with a broken body", "GET", "/api/v1/accounts/lookup", `{"acct":`, jsonType, 400, `{"error":"The request could not be read"}`},
		{"a feature to come", "POST", "/api/v1/statuses/1/translate", "", "", 404, `{"error":"Record not found"}`},
		{"a method that is none", "DELETE", "/api/v1/instance", "", "", 405, `"error"`},
		{"no token", "GET", "/api/v1/timelines/home", "", "", 401, `{"error":"The access token is invalid"}`},
		{"no such account", "GET", "/api/v1/accounts/1", "", "", 404, `{"error":"Record not found"}`},
		{"broken JSON", "POST", "/api/v1/apps", "{", jsonType, 400, `{"error":"The request could not be read"}`},
		{"a validation", "POST", "/api/v1/apps", "{}", jsonType, 422, `"error":"Validation failed: `},
		{"OAuth's form", "POST", "/oauth/token", "grant_type=authorization_code", formType, 401, `{"error":"invalid_client","error_description":`},
		{"a body beyond all bounds", "POST", "/api/v1/apps", "client_name=" + strings.Repeat("x", 3<<20), formType, 413, `"error"`},
		{"nodeinfo", "GET", "/.well-known/nodeinfo", "", "", 200, `/nodeinfo/2.0"`},
		{"OAuth's metadata", "GET", "/.well-known/oauth-authorization-server", "", "", 200, `"S256"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answer, body := send(tt.method, tt.path, tt.body, "Content-Type", tt.contentType, "Origin", "https://elk.test")
			if answer.StatusCode != tt.status || !strings.Contains(body, tt.says) {
				t.Errorf("%d %s, want %d %s", answer.StatusCode, body, tt.status, tt.says)
			}
			if got := answer.Header.Get("Content-Type"); got != jsonType {
				t.Errorf("Content-Type %q", got)
			}
			if !json.Valid([]byte(body)) {
				t.Errorf("no JSON: %s", body)
			}
			if got := answer.Header.Get("Access-Control-Allow-Origin"); got != "*" {
				t.Errorf("Access-Control-Allow-Origin %q", got)
			}
			exposed := answer.Header.Get("Access-Control-Expose-Headers")
			for _, name := range []string{"Link", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-Request-Id"} {
				if !strings.Contains(exposed, name) {
					t.Errorf("%s is not exposed: %q", name, exposed)
				}
			}
			if answer.Header.Get("X-Request-Id") == "" || len(answer.Header["Set-Cookie"]) > 0 {
				t.Errorf("headers: %v", answer.Header)
			}
		})
	}
	preflight, _ := send("OPTIONS", "/api/v1/statuses", "", "Origin", "https://elk.test", "Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "authorization,idempotency-key")
	if preflight.StatusCode != http.StatusOK || !strings.Contains(preflight.Header.Get("Access-Control-Allow-Methods"), "PUT") ||
		!strings.Contains(strings.ToLower(preflight.Header.Get("Access-Control-Allow-Headers")), "idempotency-key") {
		t.Errorf("preflight: %d %v", preflight.StatusCode, preflight.Header)
	}
	for range 60 {
		answer, body := send("GET", "/api/v1/instance", "")
		if answer.StatusCode == http.StatusOK {
			continue
		}
		if answer.StatusCode != http.StatusTooManyRequests || body != `{"error":"Too many requests"}` || answer.Header.Get("Retry-After") == "" ||
			answer.Header.Get("X-RateLimit-Remaining") != "0" || !timestamp.MatchString(answer.Header.Get("X-RateLimit-Reset")) {
			t.Errorf("past the limit: %d %s %v", answer.StatusCode, body, answer.Header)
		}
		return
	}
	t.Error("no limit")
}

// The addresses in answers work bare, as image loaders fetch them: no token, no cookie.
func TestPhotosAtTheAddressesOfAnswers(t *testing.T) {
	program := servertest.Tintype(t, "REGISTRATION=open")
	var token string
	send := func(method, address, contentType, body string) (int, string, http.Header) {
		t.Helper()
		if strings.HasPrefix(address, "/") {
			address = program.URL + address
		}
		r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if contentType != "" {
			r.Header.Set("Content-Type", contentType)
		}
		if strings.Contains(address, "/api/") && token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		got, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(got), answer.Header
	}
	call := func(method, address, body string) map[string]any {
		t.Helper()
		status, got, _ := send(method, address, "application/json", body)
		var o map[string]any
		if err := json.Unmarshal([]byte(got), &o); err != nil || status != http.StatusOK {
			t.Fatalf("%s %s: %d %v %s", method, address, status, err, got)
		}
		return o
	}
	app := call("POST", "/api/v1/apps", `{"client_name":"x","redirect_uris":"urn:ietf:wg:oauth:2.0:oob","scopes":"read write"}`)
	secrets := `"client_id":"` + app["client_id"].(string) + `","client_secret":"` + app["client_secret"].(string) + `"`
	token = call("POST", "/oauth/token", `{"grant_type":"client_credentials","scope":"read write",`+secrets+`}`)["access_token"].(string)
	token = call("POST", "/api/v1/accounts", `{"username":"anna","email":"anna@tintype.test","password":"`+password+`"}`)["access_token"].(string)
	for _, visibility := range []string{"public", "private"} {
		t.Run(visibility, func(t *testing.T) {
			photo := call("POST", "/api/v2/media", `{"file":"data:image/jpeg;base64,`+base64.StdEncoding.EncodeToString([]byte(picture(1)))+`"}`)
			post := call("POST", "/api/v1/statuses", `{"status":"x","visibility":"`+visibility+`","media_ids":["`+photo["id"].(string)+`"]}`)
			shown := post["media_attachments"].([]any)[0].(map[string]any)
			for _, key := range []string{"url", "preview_url"} {
				address := shown[key].(string)
				status, body, header := send("GET", address, "", "")
				if status != http.StatusOK || header.Get("Content-Type") != "image/jpeg" || len(body) == 0 || header.Get("Access-Control-Allow-Origin") != "*" {
					t.Errorf("%s %s: %d %v", key, address, status, header)
				}
				bare, _, _ := strings.Cut(address, "?")
				want := map[string]int{"public": http.StatusOK, "private": http.StatusNotFound}[visibility]
				if status, _, _ := send("GET", bare, "", ""); status != want {
					t.Errorf("%s without its signature: %d, want %d", bare, status, want)
				}
			}
		})
	}
}
