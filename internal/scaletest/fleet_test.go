// Package scaletest holds the requirements of the scaled-out site as tests: several processes of the real binary on
// servers that they share.
package scaletest

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// origin is where readers find the fleet. There is no such server: each test's client dials the instance it wants.
const origin = "http://photos.localhost:8080"

const (
	password    = "correct horse battery"
	newPassword = "battery staple correct"
	secretKey   = "SECRET_KEY=0123456789abcdef0123456789abcdef"
)

// fleet is several instances of one site.
type fleet []*servertest.Instance

// newFleet starts n instances on a MariaDB of their own and one folder of photos.
func newFleet(t *testing.T, n int, env ...string) fleet {
	t.Helper()
	env = append([]string{
		"BASE_URL=" + origin, secretKey, "MIGRATE=auto", "DATABASE_URL=" + servertest.MariaDB(t).NewDatabase(t),
		"MEDIA_DIR=" + filepath.Join(t.TempDir(), "media"), "SIGNUP_LIMIT=1000/1h", "LOGIN_LIMIT=1000/1h",
	}, env...)
	var f fleet
	for range n {
		f = append(f, servertest.Tintype(t, env...))
	}
	return f
}

// browser is a member's, without scripts. It speaks with one instance at a time.
type browser struct {
	t    testing.TB
	to   atomic.Int64 // the instance's port
	jar  *cookiejar.Jar
	http *http.Client
}

func newBrowser(t testing.TB, to *servertest.Instance) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, jar: jar}
	b.turn(to)
	var dialer net.Dialer
	b.http = &http.Client{
		Jar: jar, Timeout: time.Minute,
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				if strings.HasPrefix(address, "photos.localhost:") {
					address = net.JoinHostPort("127.0.0.1", strconv.FormatInt(b.to.Load(), 10))
				}
				return dialer.DialContext(ctx, network, address)
			},
		},
	}
	return b
}

// turn has the next requests go to another instance.
func (b *browser) turn(to *servertest.Instance) { b.to.Store(int64(to.Port)) }

// answer is what came, read to its end.
type answer struct {
	t      testing.TB
	status int
	url    *url.URL // after redirects
	header http.Header
	body   string
}

func (b *browser) do(method, path string, form url.Values) (answer, error) {
	if !strings.HasPrefix(path, "http") {
		path = origin + path
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, path, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", origin)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return b.send(req)
}

func (b *browser) send(req *http.Request) (answer, error) {
	resp, err := b.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{b.t, resp.StatusCode, resp.Request.URL, resp.Header, string(body)}, err
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	a, err := b.do(http.MethodGet, path, nil)
	if err != nil {
		b.t.Fatalf("GET %s: %v", path, err)
	}
	return a
}

// post sends a form of name, value, … and follows the redirect.
func (b *browser) post(path string, pairs ...string) answer {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	a, err := b.do(http.MethodPost, path, form)
	if err != nil {
		b.t.Fatalf("POST %s: %v", path, err)
	}
	return a
}

func (b *browser) signUp(name string) {
	b.t.Helper()
	b.post("/signup", "name", name, "email", name+"@example.org", "password", password, "agree", "on").want(http.StatusOK)
	b.loggedIn(name)
}

func (b *browser) logIn(name, password string) answer {
	b.t.Helper()
	return b.post("/login", "name", name, "password", password)
}

func (b *browser) loggedIn(name string) {
	b.t.Helper()
	if a := b.get("/"); a.status != http.StatusOK || !strings.Contains(a.body, "/@"+name) {
		b.t.Fatalf("%s is not logged in: %d, cookies %v\n%s", name, a.status, b.cookies(), a.body)
	}
}

func (b *browser) loggedOut() {
	b.t.Helper()
	if a := b.get("/settings"); a.url.Path != "/login" {
		b.t.Fatalf("still logged in: %d %s", a.status, a.url)
	}
}

// cookies are what the browser has for the site.
func (b *browser) cookies() []*http.Cookie {
	u, _ := url.Parse(origin)
	return b.jar.Cookies(u)
}

// bring gives the browser cookies, in place of its own.
func (b *browser) bring(cookies []*http.Cookie) {
	b.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	u, _ := url.Parse(origin)
	jar.SetCookies(u, cookies)
	b.jar, b.http.Jar = jar, jar
}

func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s answered %d, want %d:\n%s", a.url, a.status, status, a.body[:min(len(a.body), 2000)])
	}
	return a
}

// eventually waits for what happens in the background.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(90 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 90 s", what)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
