// Package e2e tests the program as people meet it: the real binary, HTTP and a real browser.
package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
)

const password = "correct horse battery"

// member is a browser without scripts: cookies, forms and redirects.
type member struct {
	t    testing.TB
	site string
	name string
	http *http.Client
	late bool // see stage.late
}

func visitor(t testing.TB, site string) *member {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &member{t: t, site: site, http: &http.Client{Jar: jar, Timeout: 60 * time.Second}}
}

// join signs somebody up.
func join(t testing.TB, site, name string) *member {
	t.Helper()
	m := visitor(t, site)
	m.name = name
	p := m.post("/signup", "name", name, "email", name+"@example.org", "password", password, "agree", "on")
	p.want(http.StatusOK)
	if !strings.Contains(p.body, "/@"+name) {
		t.Fatalf("%s is not logged in after signing up:\n%s", name, p.text())
	}
	return m
}

// page is an answer, read to its end.
type page struct {
	t      testing.TB
	status int
	url    *url.URL // after redirects
	header http.Header
	body   string
}

func (m *member) do(req *http.Request) page {
	m.t.Helper()
	p, err := m.try(req)
	if err != nil {
		m.t.Fatalf("%s %s: %v", req.Method, req.URL, err)
	}
	return p
}

func (m *member) try(req *http.Request) (page, error) {
	resp, err := m.http.Do(req)
	if err != nil {
		return page{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return page{}, err
	}
	return page{m.t, resp.StatusCode, resp.Request.URL, resp.Header, string(b)}, nil
}

func (m *member) get(path string) page {
	m.t.Helper()
	return m.do(m.request(http.MethodGet, path, "", nil))
}

// sees asks until the page holds the parts, which somebody else brought about.
func (m *member) sees(path string, parts ...string) page {
	m.t.Helper()
	return m.until(path, func(p page) bool { return p.status == http.StatusOK && !slices.ContainsFunc(parts, p.without) }).want(http.StatusOK).has(parts...)
}

// loses asks until the page no longer holds the parts.
func (m *member) loses(path string, parts ...string) page {
	m.t.Helper()
	return m.until(path, func(p page) bool { return !slices.ContainsFunc(parts, p.with) }).lacks(parts...)
}

// misses asks until there is no such page.
func (m *member) misses(path string) page {
	m.t.Helper()
	return m.until(path, func(p page) bool { return p.status == http.StatusNotFound }).want(http.StatusNotFound)
}

// until asks until the answer is as wanted, for a while; where nothing is late the first answer counts.
func (m *member) until(path string, wanted func(page) bool) page {
	m.t.Helper()
	return m.untilAnswer(func() page { return m.get(path) }, wanted)
}

func (m *member) untilAnswer(ask func() page, wanted func(page) bool) page {
	m.t.Helper()
	for deadline := time.Now().Add(90 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if p := ask(); !m.late || wanted(p) || time.Now().After(deadline) {
			return p
		}
	}
}

func (p page) with(part string) bool    { return strings.Contains(p.body, part) }
func (p page) without(part string) bool { return !p.with(part) }

func (m *member) request(method, path, contentType string, body io.Reader) *http.Request {
	m.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = m.site + path
	}
	req, err := http.NewRequestWithContext(m.t.Context(), method, path, body)
	if err != nil {
		m.t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
		req.Header.Set("Origin", m.site)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return req
}

// post sends a form of name, value, name, value, … and follows the redirect.
func (m *member) post(path string, pairs ...string) page {
	m.t.Helper()
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1]) // the last one counts
	}
	return m.do(m.request(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(v.Encode())))
}

func multipartOf(t testing.TB, fields map[string]string, files map[string][]byte) (string, *bytes.Buffer) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range files {
		part, err := w.CreateFormFile("photos", name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), &b
}

// uploaded is what the compose page's script is told.
type uploaded struct{ ID, State, Error, Preview string }

// upload sends one file the way the page's script does.
func (m *member) upload(name string, data []byte) (uploaded, error) {
	m.t.Helper()
	kind, body := multipartOf(m.t, nil, map[string][]byte{name: data})
	req := m.request(http.MethodPost, "/compose/photos", kind, body)
	req.Header.Set("Accept", "application/json")
	p, err := m.try(req)
	if err != nil {
		return uploaded{}, err
	}
	var u uploaded
	if err := json.Unmarshal([]byte(p.body), &u); err != nil {
		return u, fmt.Errorf("status %d: %s", p.status, p.text())
	}
	if p.status != http.StatusOK {
		return u, fmt.Errorf("status %d: %s", p.status, p.body)
	}
	return u, nil
}

var keyField = regexp.MustCompile(`name="idempotency_key" value="([^"]+)"`)

// publish posts the draft and returns the post's page.
func (m *member) publish(pairs ...string) page {
	m.t.Helper()
	key := keyField.FindStringSubmatch(m.get("/compose").body)
	if key == nil {
		m.t.Fatal("the draft has no idempotency key")
	}
	return m.post("/compose", append([]string{"idempotency_key", key[1], "visibility", "public", "licence", "all-rights-reserved", "show_exif", "on"}, pairs...)...)
}

// postPhoto uploads and publishes one photo.
func (m *member) postPhoto(data []byte, pairs ...string) page {
	m.t.Helper()
	u, err := m.upload("photo.jpg", data)
	if err != nil || u.State != "ready" {
		m.t.Fatalf("upload: %+v, %v", u, err)
	}
	p := m.publish(pairs...)
	p.want(http.StatusOK)
	return p
}

func (p page) want(status int) page {
	p.t.Helper()
	if p.status != status {
		p.t.Fatalf("%s answered %d, want %d:\n%s", p.url, p.status, status, p.text())
	}
	return p
}

func (p page) has(parts ...string) page {
	p.t.Helper()
	for _, s := range parts {
		if !strings.Contains(p.body, s) {
			p.t.Errorf("%s does not hold %q:\n%s", p.url, s, p.text())
		}
	}
	return p
}

func (p page) lacks(parts ...string) page {
	p.t.Helper()
	for _, s := range parts {
		if strings.Contains(p.body, s) {
			p.t.Errorf("%s holds %q, which it must not", p.url, s)
		}
	}
	return p
}

var (
	tags   = regexp.MustCompile(`(?s)<(script|style|svg).*?</(script|style|svg)>|<[^>]*>`)
	spaces = regexp.MustCompile(`\s+`)
)

// text is the page's words, for messages.
func (p page) text() string {
	s := strings.TrimSpace(spaces.ReplaceAllString(tags.ReplaceAllString(p.body, " "), " "))
	if len(s) > 600 {
		s = s[:600] + "…"
	}
	return s
}

var mediaURL = regexp.MustCompile(`(?:https?://[^"\s,/]+)?/media/(?:pub|priv)/[0-9a-f]+/[a-z0-9]+\.jpg(?:\?[^"\s,]*)?`)

// media are the addresses of photos on the page, each once.
func (p page) media() []string {
	seen := map[string]bool{}
	var out []string
	for _, u := range mediaURL.FindAllString(strings.ReplaceAll(p.body, "&amp;", "&"), -1) {
		if !seen[u] {
			seen[u] = true
			out = append(out, u)
		}
	}
	return out
}

func start(t testing.TB, env ...string) *servertest.Instance {
	t.Helper()
	return servertest.Tintype(t, append([]string{"SIGNUP_LIMIT=1000/1h"}, env...)...)
}
