package rig

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
	"strings"
	"time"
)

// Password is that of every member a measurement signs up.
const Password = "correct horse battery"

// A Person asks a site: a browser with cookies, an application with a token, or a visitor.
type Person struct {
	Site    string // where it asks, without a slash at the end
	Name    string // "" for a visitor
	Token   string // "" in a browser
	Network string // its address, as a proxy before the site would tell it; "" tells none
	HTTP    *http.Client
}

// transport keeps connections for all persons.
var transport = &http.Transport{MaxIdleConnsPerHost: 128, IdleConnTimeout: 30 * time.Second, DisableCompression: true}

// NewPerson is a visitor yet. Redirects are not followed: what a write answers is told apart from the page it leads to.
func NewPerson(site string, patience time.Duration) *Person {
	jar, _ := cookiejar.New(nil) // it has no error
	return &Person{Site: site, HTTP: &http.Client{
		Jar: jar, Timeout: patience, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// A Request is what a person asks.
type Request struct {
	Method      string
	Path        string
	ContentType string
	Body        []byte
	Header      []string // name, value, …
}

// An Answer is read to its end. Its status is 0 where there was none, and Err says why.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	Err    error
}

// Read is a Request for a path.
func Read(path string) Request { return Request{Method: http.MethodGet, Path: path} }

// Form is a Request with a form of name, value, name, value, …
func Form(path string, pairs ...string) Request {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return Request{Method: http.MethodPost, Path: path, ContentType: "application/x-www-form-urlencoded", Body: []byte(v.Encode())}
}

// File is a Request that uploads a photo in that field.
func File(path, field string, photo []byte) Request {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, _ := w.CreateFormFile(field, "photo.jpg") // a buffer has no error
	_, _ = part.Write(photo)
	_ = w.Close()
	return Request{Method: http.MethodPost, Path: path, ContentType: w.FormDataContentType(), Body: b.Bytes()}
}

// Send asks.
func (p *Person) Send(ctx context.Context, q Request) Answer {
	req, err := http.NewRequestWithContext(ctx, q.Method, p.Site+q.Path, bytes.NewReader(q.Body))
	if err != nil {
		return Answer{Err: err}
	}
	if p.Network != "" {
		req.Header.Set("X-Forwarded-For", p.Network)
	}
	if q.ContentType != "" {
		req.Header.Set("Content-Type", q.ContentType)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if p.Token != "" {
		req.Header.Set("Authorization", "Bearer "+p.Token)
	}
	for i := 0; i < len(q.Header); i += 2 {
		req.Header.Set(q.Header[i], q.Header[i+1])
	}
	res, err := p.HTTP.Do(req)
	if err != nil {
		return Answer{Err: err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 8<<20))
	return Answer{Status: res.StatusCode, Header: res.Header, Body: string(body), Err: err}
}

// Must is Send where only that status will do.
func (p *Person) Must(status int, q Request) (Answer, error) {
	a := p.Send(context.Background(), q)
	if a.Err == nil && a.Status != status {
		a.Err = fmt.Errorf("status %d: %.300s", a.Status, a.Body)
	}
	if a.Err != nil {
		return a, fmt.Errorf("%s %s as %q: %w", q.Method, q.Path, p.Name, a.Err)
	}
	return a, nil
}

// SignUp makes a browser a new member's.
func (p *Person) SignUp(name string) error {
	p.Name = name
	a, err := p.Must(http.StatusSeeOther, Form("/signup", "name", name, "email", name+"@example.org", "password", Password, "agree", "on"))
	if err == nil && strings.HasPrefix(a.Header.Get("Location"), "/login") {
		err = fmt.Errorf("%s is not logged in after signing up", name)
	}
	return err
}

// SignUpByToken makes the person an application of a new member.
func (p *Person) SignUpByToken(name string) error {
	var app struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	var token struct {
		Token string `json:"access_token"`
	}
	ask := func(into any, path string, pairs ...string) error {
		a, err := p.Must(http.StatusOK, Form(path, pairs...))
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(a.Body), into)
	}
	const scopes = "read write follow"
	if err := ask(&app, "/api/v1/apps", "client_name", "bench", "redirect_uris", "urn:ietf:wg:oauth:2.0:oob", "scopes", scopes); err != nil {
		return err
	}
	if err := ask(&token, "/oauth/token", "grant_type", "client_credentials", "client_id", app.ID, "client_secret", app.Secret, "scope", scopes); err != nil {
		return err
	}
	p.Name, p.Token = name, token.Token
	if err := ask(&token, "/api/v1/accounts", "username", name, "email", name+"@example.org", "password", Password, "agreement", "true", "locale", "en"); err != nil {
		return err
	}
	p.Token = token.Token
	return nil
}

// IDOf is the id in the API's answer; "" if there is none.
func IDOf(a Answer) string {
	var v struct{ ID string }
	_ = json.Unmarshal([]byte(a.Body), &v)
	return v.ID
}
