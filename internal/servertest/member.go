package servertest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// SignUp makes the browser a new member's.
func (c *Client) SignUp(name string) *Client {
	c.t.Helper()
	must(c.t, unlessBusy(func() error { return c.TrySignUp(name) }))
	return c
}

// TrySignUp is SignUp outside of a test's own goroutine.
func (c *Client) TrySignUp(name string) error {
	c.Name = name
	stay := *c
	stay.Stay = true
	a, err := stay.Must(http.StatusSeeOther, Form("/signup", "name", name, "email", name+"@example.org", "password", Password, "agree", "on"))
	if err == nil && strings.HasPrefix(a.Header.Get("Location"), "/login") {
		err = fmt.Errorf("%s is not logged in after signing up", name)
	}
	return err
}

// SignUpByToken makes the client an application of a new member.
func (c *Client) SignUpByToken(name string) *Client {
	c.t.Helper()
	must(c.t, unlessBusy(func() error { return c.TrySignUpByToken(name) }))
	return c
}

// TrySignUpByToken is SignUpByToken outside of a test's own goroutine.
func (c *Client) TrySignUpByToken(name string) error {
	var app struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	var token struct {
		Token string `json:"access_token"`
	}
	ask := func(into any, path string, pairs ...string) error {
		a, err := c.Must(http.StatusOK, Form(path, pairs...))
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(a.Body), into)
	}
	const scopes = "read write follow"
	if err := ask(&app, "/api/v1/apps", "client_name", "test", "redirect_uris", "urn:ietf:wg:oauth:2.0:oob", "scopes", scopes); err != nil {
		return err
	}
	if err := ask(&token, "/oauth/token", "grant_type", "client_credentials", "client_id", app.ID, "client_secret", app.Secret, "scope", scopes); err != nil {
		return err
	}
	c.Name, c.Token, c.Jar = name, token.Token, nil // an application keeps no cookies
	if err := ask(&token, "/api/v1/accounts", "username", name, "email", name+"@example.org", "password", Password, "agreement", "true", "locale", "en"); err != nil {
		return err
	}
	c.Token = token.Token
	return nil
}

// LogIn sends the form.
func (c *Client) LogIn(name, password string) Answer {
	c.t.Helper()
	return c.Post("/login", "name", name, "password", password)
}

// LoggedIn demands that the browser is that member's.
func (c *Client) LoggedIn(name string) {
	c.t.Helper()
	if a := c.Get("/"); a.Status != http.StatusOK || !a.Holds("/@"+name) {
		c.t.Fatalf("%s is not logged in: %d, cookies %v\n%s", name, a.Status, c.Cookies(), a.Text())
	}
}

// LoggedOut demands that nobody is logged in with the browser.
func (c *Client) LoggedOut() {
	c.t.Helper()
	if a := c.Get("/settings"); a.URL.Path != "/login" {
		c.t.Fatalf("still logged in: %d %s", a.Status, a.URL)
	}
}

var shownCode = regexp.MustCompile(`<code[^>]*>([^<]+)</code>`)

// Allow has the member allow what the query of an address to authorize asks for,
// and returns the code that is shown.
func (c *Client) Allow(ask url.Values) string {
	c.t.Helper()
	pairs := []string{"decision", "allow"}
	for name := range ask {
		pairs = append(pairs, name, ask.Get(name))
	}
	c.Get("/oauth/authorize?" + ask.Encode()).Want(http.StatusOK).Has("client_id")
	allowed := c.Post("/oauth/authorize", pairs...).Want(http.StatusOK)
	code := shownCode.FindStringSubmatch(allowed.Body)
	if code == nil {
		c.t.Fatalf("no code:\n%s", allowed.Text())
	}
	return code[1]
}

// NewToken has the member of the browser allow a client of the API, and returns
// what the client gets.
func (c *Client) NewToken() string {
	c.t.Helper()
	return c.NewTokenFor("read write follow")
}

// NewTokenFor is NewToken for a client with other scopes.
func (c *Client) NewTokenFor(scopes string) string {
	c.t.Helper()
	const oob = "urn:ietf:wg:oauth:2.0:oob"
	var app struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	c.Post("/api/v1/apps", "client_name", "listener", "redirect_uris", oob, "scopes", scopes).Into(&app)
	code := c.Allow(url.Values{"response_type": {"code"}, "client_id": {app.ID}, "redirect_uri": {oob}, "scope": {scopes}})
	var token struct {
		Token string `json:"access_token"`
	}
	c.Post("/oauth/token", "grant_type", "authorization_code", "client_id", app.ID, "client_secret", app.Secret, "redirect_uri", oob, "code", code).Into(&token)
	return token.Token
}

// An Upload is what the compose page's script is told of a file.
type Upload struct{ ID, State, Error, Preview string }

// Upload sends a file to the draft as the page's script does.
func (c *Client) Upload(name string, file []byte) (Upload, error) {
	a := c.Try(Multipart("/compose/photos", Part{Field: "photos", File: name, Data: file}).With("Accept", "application/json"))
	var u Upload
	if a.Err != nil {
		return u, a.Err
	}
	if err := json.Unmarshal([]byte(a.Body), &u); err != nil || a.Status != http.StatusOK {
		return u, fmt.Errorf("status %d: %s", a.Status, a.Text())
	}
	return u, nil
}

// Publish posts the draft, with fields of name, value, …, and returns the answer:
// the post's page, where redirects are followed.
func (c *Client) Publish(pairs ...string) Answer {
	c.t.Helper()
	key := c.Get("/compose").Want(http.StatusOK).Key()
	return c.Post("/compose", append([]string{"idempotency_key", key, "visibility", "public", "licence", "all-rights-reserved", "show_exif", "on"}, pairs...)...)
}

// PublishPhoto uploads a photo, posts it, and returns the post's page.
func (c *Client) PublishPhoto(photo []byte, pairs ...string) Answer {
	c.t.Helper()
	if u, err := c.Upload("photo.jpg", photo); err != nil || u.State != "ready" {
		c.t.Fatalf("upload: %+v, %v", u, err)
	}
	return c.Publish(pairs...).Want(http.StatusOK)
}

// A Status is a post or comment as the API tells of it.
type Status struct {
	ID      string `json:"id"`
	URL     string `json:"url"`
	Content string `json:"content"`
	Media   []struct {
		ID  string `json:"id"`
		URL string `json:"url"`
	} `json:"media_attachments"`
}

// PostPhoto posts a photo by the API.
func (c *Client) PostPhoto(photo []byte, caption string) Status {
	c.t.Helper()
	s, err := c.TryPostPhoto(photo, caption)
	must(c.t, err)
	return s
}

// TryPostPhoto is PostPhoto outside of a test's own goroutine.
func (c *Client) TryPostPhoto(photo []byte, caption string) (s Status, err error) {
	a, err := c.Must(http.StatusOK, File("/api/v2/media", "file", photo))
	if err != nil {
		return s, err
	}
	if a, err = c.Must(http.StatusOK, Form("/api/v1/statuses", "status", caption, "media_ids[]", a.ID())); err != nil {
		return s, err
	}
	return s, json.Unmarshal([]byte(a.Body), &s)
}
