// Package fleettest tests several processes of the real program on real servers: what one of them is told, all know,
// and what fails behind them is not seen in front.
package fleettest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

const password = "correct horse battery"

// all reports whether the long form of a test is wanted.
func all() bool { return os.Getenv("TEST_ALL") == "1" }

// fleet starts n instances of one site.
func fleet(t *testing.T, n int, env ...string) []*servertest.Instance {
	t.Helper()
	list := prepare(t, n, env...)
	for _, i := range list {
		i.Start()
	}
	return list
}

// prepare is fleet without starting them.
func prepare(t *testing.T, n int, env ...string) []*servertest.Instance {
	t.Helper()
	shared := append([]string{
		"MIGRATE=auto", "MEDIA_DIR=" + t.TempDir(), "SECRET_KEY=" + strings.Repeat("together", 8), "REGISTRATION=open",
		"SIGNUP_LIMIT=1000/1h", "UPLOAD_LIMIT=100000/1h", "POST_LIMIT=100000/1h", "API_LIMIT=1000000/5m",
	}, env...)
	var list []*servertest.Instance
	for range n {
		i := servertest.NewTintype(t, shared...)
		if len(list) > 0 {
			i.Set("BASE_URL=" + list[0].URL)
			i.URL = fmt.Sprintf("http://localhost:%d", i.Port)
		}
		list = append(list, i)
	}
	return list
}

// A person uses the site with a browser, or as a client with a token, on whichever instance.
type person struct {
	t     *testing.T
	name  string
	token string // "" in a browser
	http  *http.Client
}

// answer is a response, read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

func visitor(t *testing.T) *person {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	// Cookies know no ports: the jar holds them for all instances, as for one host. A redirect is not followed, or the
	// next read would be asked of the instance that wrote.
	return &person{t: t, http: &http.Client{Jar: jar, Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// browserOf signs somebody up at the instance.
func browserOf(t *testing.T, at *servertest.Instance, name string) *person {
	t.Helper()
	p := visitor(t)
	p.name = name
	if a := p.form(at, "/signup", "name", name, "email", name+"@example.org", "password", password, "agree", "on"); a.status != http.StatusSeeOther {
		t.Fatalf("sign up: %d\n%s", a.status, a.body)
	}
	return p
}

// clientOf signs somebody up through an application.
func clientOf(t *testing.T, at *servertest.Instance, name string) *person {
	t.Helper()
	p := &person{t: t, name: name, http: &http.Client{Timeout: 30 * time.Second}}
	var app struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	p.into(&app, p.form(at, "/api/v1/apps", "client_name", "test", "redirect_uris", "urn:ietf:wg:oauth:2.0:oob", "scopes", "read write"))
	var token struct {
		Token string `json:"access_token"`
	}
	p.into(&token, p.form(at, "/oauth/token", "grant_type", "client_credentials", "client_id", app.ID, "client_secret", app.Secret, "scope", "read write"))
	p.token = token.Token
	p.into(&token, p.form(at, "/api/v1/accounts", "username", name, "email", name+"@example.org", "password", password, "agreement", "true", "locale", "en"))
	p.token = token.Token
	return p
}

func (p *person) into(v any, a answer) {
	p.t.Helper()
	if a.status != http.StatusOK {
		p.t.Fatalf("%s: status %d: %s", p.name, a.status, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		p.t.Fatalf("%s: %v: %s", p.name, err, a.body)
	}
}

func (p *person) try(at *servertest.Instance, method, path, kind string, body io.Reader, headers ...string) (answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, at.URL+path, body)
	if err != nil {
		return answer{}, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(b)}, err
}

func (p *person) get(at *servertest.Instance, path string) answer {
	p.t.Helper()
	a, err := p.try(at, http.MethodGet, path, "", nil)
	if err != nil {
		p.t.Fatalf("%s: GET %s: %v", p.name, path, err)
	}
	return a
}

// form posts name, value, name, value, …
func (p *person) form(at *servertest.Instance, path string, pairs ...string) answer {
	p.t.Helper()
	a, err := p.tryForm(at, path, pairs...)
	if err != nil {
		p.t.Fatalf("%s: POST %s: %v", p.name, path, err)
	}
	return a
}

func (p *person) tryForm(at *servertest.Instance, path string, pairs ...string) (answer, error) {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return p.try(at, http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(v.Encode()))
}

// status is a post or comment as the API tells of it.
type status struct {
	ID      string `json:"id"`
	Content string `json:"content"`
	Media   []any  `json:"media_attachments"`
}

var photo = phototest.JPEG(phototest.Options{Width: 320, Height: 240, Seed: 1})

// postPhoto publishes a photo through the API and returns the post.
func (p *person) postPhoto(at *servertest.Instance, caption string) status {
	p.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", "photo.jpg")
	if err == nil {
		_, err = part.Write(photo)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	a, err := p.try(at, http.MethodPost, "/api/v2/media", w.FormDataContentType(), &b)
	if err != nil {
		p.t.Fatal(err)
	}
	var media, made status
	p.into(&media, a)
	p.into(&made, p.form(at, "/api/v1/statuses", "status", caption, "media_ids[]", media.ID))
	return made
}
