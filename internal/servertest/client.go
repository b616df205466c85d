package servertest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Password is that of every member whom a test signs up.
const Password = "correct horse battery"

// A Client asks a site over HTTP: a browser with cookies and without scripts, an
// application with a token, or a visitor. A copy shares its cookies.
type Client struct {
	Site    string // where it asks, without a slash at the end
	Name    string // "" for a visitor
	Token   string // "" in a browser
	Network string // its address, as a proxy before the site would tell it; "" tells none

	// Stay returns a redirect as the answer instead of following it.
	Stay bool
	// Late is for a site on which others see somebody's changes a moment later:
	// Sees, Loses and Misses then ask again for a while. The author sees them
	// at once.
	Late bool
	// Patience is how long an answer may take.
	Patience  time.Duration
	Jar       http.CookieJar
	Transport http.RoundTripper // nil: http.DefaultTransport

	t testing.TB
}

// NewClient is a visitor of the site at that address. Without a test, t is nil, and
// only what returns errors may be used.
func NewClient(t testing.TB, site string) *Client {
	jar, _ := cookiejar.New(nil) // it has no error
	return &Client{Site: strings.TrimSuffix(site, "/"), Patience: time.Minute, Jar: jar, t: t}
}

// At is the same client at one instance of the site: it names the site's address,
// and whatever it asks of that goes to the instance.
func (c *Client) At(i *Instance) *Client {
	at := *c
	at.Transport = transportTo(c.Site, i.Port)
	return &at
}

type direction struct {
	host string
	port int
}

var directed sync.Map // of direction to *http.Transport

// transportTo is one whose connections to the site's host lead to a port of this
// machine.
func transportTo(site string, port int) http.RoundTripper {
	_, host, _ := strings.Cut(site, "://")
	d := direction{host, port}
	if t, ok := directed.Load(d); ok {
		return t.(http.RoundTripper)
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	t, _ := directed.LoadOrStore(d, &http.Transport{
		MaxIdleConnsPerHost: 16, IdleConnTimeout: 30 * time.Second,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == d.host {
				address = net.JoinHostPort("127.0.0.1", strconv.Itoa(d.port))
			}
			return dialer.DialContext(ctx, network, address)
		},
	})
	return t.(http.RoundTripper)
}

// WithToken is an application of the same member, which keeps no cookies.
func (c *Client) WithToken(token string) *Client {
	app := *c
	app.Token, app.Jar = token, nil
	return &app
}

// Open asks, and leaves the answer to be read and closed. Ctx ends it.
func (c *Client) Open(ctx context.Context, q Request) (*http.Response, error) {
	req, err := q.on(ctx, c.Site)
	if err != nil {
		return nil, err
	}
	header := func(name, value string) {
		if _, given := req.Header[name]; !given && value != "" {
			req.Header.Set(name, value)
		}
	}
	header("X-Forwarded-For", c.Network)
	if c.Token != "" {
		header("Authorization", "Bearer "+c.Token)
	}
	if q.ContentType != "" { // as a browser says of a form on the site's own page
		header("Sec-Fetch-Site", "same-origin")
		if c.Token == "" {
			header("Origin", c.Site)
		}
	}
	client := http.Client{Jar: c.Jar, Transport: c.Transport}
	if c.Stay {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return client.Do(req)
}

// Send asks and reads the answer, for no longer than the client's patience. What
// goes wrong on the way is the answer's Err; the test goes on.
func (c *Client) Send(ctx context.Context, q Request) Answer {
	ctx, cancel := context.WithTimeout(ctx, c.Patience)
	defer cancel()
	res, err := c.Open(ctx, q)
	if err != nil {
		return Answer{Err: err, t: c.t}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<20))
	return Answer{Status: res.StatusCode, URL: res.Request.URL, Header: res.Header, Body: string(body), Err: err, t: c.t}
}

// Try is Send until the test's end.
func (c *Client) Try(q Request) Answer { return c.Send(c.t.Context(), q) }

// Do is Try, but fails the test when there is no answer.
func (c *Client) Do(q Request) Answer {
	c.t.Helper()
	a := c.Try(q)
	if a.Err != nil {
		c.t.Fatalf("%s %s as %q: %v", q.Method, q.Path, c.Name, a.Err)
	}
	return a
}

// Get reads a path, or an address.
func (c *Client) Get(path string) Answer {
	c.t.Helper()
	return c.Do(Read(path))
}

// Post sends a form of name, value, name, value, …
func (c *Client) Post(path string, pairs ...string) Answer {
	c.t.Helper()
	return c.Do(Form(path, pairs...))
}

// Must is Send where another status than that is an error.
func (c *Client) Must(status int, q Request) (Answer, error) {
	a := c.Send(context.Background(), q)
	if busy := a.Busy(); a.Err == nil && a.Status != status {
		a.Err = fmt.Errorf("status %d: %.300s", a.Status, a.Body)
		if busy {
			a.Err = fmt.Errorf("%w: %w", ErrBusy, a.Err)
		}
	}
	if a.Err != nil {
		return a, fmt.Errorf("%s %s as %q: %w", q.Method, q.Path, c.Name, a.Err)
	}
	return a, nil
}

// Cookies are what the browser has for the site.
func (c *Client) Cookies() []*http.Cookie {
	u, err := url.Parse(c.Site)
	must(c.t, err)
	return c.Jar.Cookies(u)
}

// Bring gives the browser cookies, in place of its own.
func (c *Client) Bring(cookies []*http.Cookie) {
	u, err := url.Parse(c.Site)
	must(c.t, err)
	jar, err := cookiejar.New(nil)
	must(c.t, err)
	jar.SetCookies(u, cookies)
	c.Jar = jar
}

// Sees asks until the page holds the parts, which somebody else brought about.
func (c *Client) Sees(path string, parts ...string) Answer {
	c.t.Helper()
	return c.Until(Read(path), func(a Answer) bool { return a.Status == http.StatusOK && a.Holds(parts...) }).Want(http.StatusOK).Has(parts...)
}

// Loses asks until the page holds none of the parts.
func (c *Client) Loses(path string, parts ...string) Answer {
	c.t.Helper()
	return c.Until(Read(path), func(a Answer) bool { return !a.HoldsAny(parts...) }).Lacks(parts...)
}

// Misses asks until there is no such page.
func (c *Client) Misses(path string) Answer {
	c.t.Helper()
	return c.Until(Read(path), func(a Answer) bool { return a.Status == http.StatusNotFound }).Want(http.StatusNotFound)
}

// Until asks until the answer is as wanted, or for a while. Unless Late is set,
// the first answer counts.
func (c *Client) Until(q Request, wanted func(Answer) bool) (a Answer) {
	c.t.Helper()
	_ = until(patience, nil, func() error {
		if a = c.Do(q); c.Late && !wanted(a) {
			return errNotYet
		}
		return nil
	})
	return a
}

// Lines opens what stays open until the test's end and returns its lines. The
// channel is closed at its end.
func (c *Client) Lines(path string) <-chan string {
	c.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c.t.Cleanup(cancel)
	res, err := c.Open(ctx, Read(path))
	must(c.t, err)
	c.t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: %s", path, res.Status)
	}
	out := make(chan string, 1000)
	go func() {
		defer close(out)
		for s := bufio.NewScanner(res.Body); s.Scan(); {
			out <- s.Text()
		}
	}()
	return out
}
