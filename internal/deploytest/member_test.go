package deploytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tintype/internal/phototest"
)

// A member of a site, by the client API.
type member struct {
	t     *testing.T
	site  string
	token string
	http  *http.Client
}

// join signs somebody up.
func join(t *testing.T, site, name string) *member {
	t.Helper()
	m := &member{t: t, site: site, http: &http.Client{Timeout: time.Minute}}
	var app struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	m.form(&app, "/api/v1/apps", "client_name", "test", "redirect_uris", "urn:ietf:wg:oauth:2.0:oob", "scopes", "read write")
	var token struct {
		Token string `json:"access_token"`
	}
	m.form(&token, "/oauth/token", "grant_type", "client_credentials", "client_id", app.ID, "client_secret", app.Secret, "scope", "read write")
	m.token = token.Token
	m.form(&token, "/api/v1/accounts", "username", name, "email", name+"@example.org", "password", "correct horse battery", "agreement", "true", "locale", "en")
	m.token = token.Token
	return m
}

// A post as the API tells of it.
type post struct {
	URL   string `json:"url"`
	Media []struct {
		URL string `json:"url"`
	} `json:"media_attachments"`
}

// postPhoto posts a photo and looks at it: the page, and the file itself.
func (m *member) postPhoto(caption string) post {
	m.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", "photo.jpg")
	if err == nil {
		_, err = part.Write(phototest.JPEG(phototest.Options{Width: 640, Height: 480, Seed: 1}))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		m.t.Fatal(err)
	}
	var photo struct{ ID string }
	m.send(&photo, http.MethodPost, "/api/v2/media", w.FormDataContentType(), &b)
	var made post
	m.form(&made, "/api/v1/statuses", "status", caption, "media_ids[]", photo.ID)
	m.sees(made, caption)
	return made
}

// sees looks at a post as a visitor does.
func (m *member) sees(p post, caption string) {
	m.t.Helper()
	if len(p.Media) != 1 {
		m.t.Fatalf("a post with %d photos", len(p.Media))
	}
	page := m.get(p.URL)
	if !bytes.Contains(page, []byte(caption)) {
		m.t.Errorf("no %q on %s", caption, p.URL)
	}
	if file := m.get(p.Media[0].URL); !bytes.HasPrefix(file, []byte("\xff\xd8\xff")) {
		m.t.Errorf("%s is no JPEG", p.Media[0].URL)
	}
}

func (m *member) get(address string) []byte {
	m.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		m.t.Fatal(err)
	}
	answer, err := m.http.Get(m.site + u.RequestURI())
	if err != nil {
		m.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		m.t.Fatalf("%s: %s, %v", address, answer.Status, err)
	}
	return text
}

func (m *member) form(into any, path string, pairs ...string) {
	m.t.Helper()
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	m.send(into, http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(v.Encode()))
}

func (m *member) send(into any, method, path, kind string, body io.Reader) {
	m.t.Helper()
	if err := m.try(into, method, path, kind, body); err != nil {
		m.t.Fatal(err)
	}
}

func (m *member) try(into any, method, path, kind string, body io.Reader) error {
	req, err := http.NewRequest(method, m.site+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", kind)
	if m.token != "" {
		req.Header.Set("Authorization", "Bearer "+m.token)
	}
	answer, err := m.http.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s %s, %v", method, path, answer.Status, text, err)
	}
	return json.Unmarshal(text, into)
}
