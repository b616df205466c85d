package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tintype/internal/community"
	"tintype/internal/phototest"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

// routeRoles are the columns of the table of routes, in the order of its letters. Anna is whose things the table asks for.
var routeRoles = []string{"visitor", "anna", "other", "blocked", "limited", "suspended", "moderator", "admin", "owner", "noscope", "half"}

// What must not be told, as it stands in what the site holds.
const (
	secretOfAnna       = "quincesecret"       // Anna alone reads it
	secretOfModerators = "medlarsecret"       // those who moderate
	secretAddress      = "anna@rowan.example" // Anna and those who administer
)

// A roleSite is a site on which everybody of the table has logged in.
type roleSite struct {
	*testSite
	t        *testing.T
	c        *community.Community
	ctx      context.Context
	browsers map[string]*browser
	accounts map[string]*store.Account
	tokens   map[string]string // with all scopes, but for noscope
	app      *store.App
	objects  map[string]map[string]string // that were made, by kind
	makers   map[string]func(*roleSite) map[string]string
	n        int
}

func newRoleSite(t *testing.T, settings ...string) *roleSite {
	t.Helper()
	site, _ := wired(t, append([]string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "REGISTRATION=open", "TRUSTED_PROXIES=1", "SIGNUP_LIMIT=1000/1h", "LOGIN_LIMIT=10000/1h",
		"UPLOAD_LIMIT=10000/1h", "POST_LIMIT=10000/1h", "REPORT_LIMIT=10000/1h", "PAGE_LIMIT=100000/1h", "API_LIMIT=100000/1h"}, settings...)...)
	r := &roleSite{testSite: site, t: t, ctx: store.Primary(t.Context()), browsers: map[string]*browser{}, accounts: map[string]*store.Account{}, tokens: map[string]string{}, objects: map[string]map[string]string{}, makers: objectMakers()}
	c, closeAll, err := openCommunity(r.ctx, site.cfg, site.log)
	r.must(err)
	t.Cleanup(func() { _ = closeAll() })
	r.c = c
	for i, role := range routeRoles {
		r.browsers[role] = &browser{site, "192.0.2." + strconv.Itoa(i+1), map[string]string{}}
	}
	for _, name := range []string{"owner", "anna", "other", "blocked", "limited", "suspended", "moderator", "admin", "half"} {
		address := name + "@example.org"
		if name == "anna" {
			address = secretAddress
		}
		if w := r.browsers[name].send("POST", "/signup", "name", name+"_1", "email", address, "password", password, "agree", "on"); w.Code != http.StatusSeeOther {
			t.Fatalf("sign up %s: %d %s", name, w.Code, w.Body)
		}
	}
	for _, name := range []string{"owner", "moderator", "admin"} {
		_, err := c.SetMemberRole(r.ctx, community.ByCommand(""), name+"_1", name)
		r.must(err)
	}
	for name := range r.browsers {
		if name != "visitor" && name != "noscope" {
			r.accounts[name], err = c.Store.AccountByUsername(r.ctx, name+"_1")
			r.must(err)
		}
	}
	r.app, _, err = c.CreateApp(r.ctx, community.NewApp{Name: "App", RedirectURIs: []string{community.OutOfBand}, Scopes: "read write push follow profile admin:read admin:write"})
	r.must(err)
	r.logIn()
	r.answers("PATCH", "/api/v1/accounts/update_credentials", "locked", "true")
	_, err = c.Block(r.ctx, r.accounts["anna"], r.accounts["blocked"].ID)
	r.must(err)
	_, err = c.LimitMember(r.ctx, community.ByCommand(secretOfModerators), "limited_1", community.Sanction{})
	r.must(err)
	_, err = c.SuspendMember(r.ctx, community.ByCommand(secretOfModerators), "suspended_1", community.Sanction{})
	r.must(err)
	if w := r.browsers["suspended"].send("POST", "/login", "name", "suspended_1", "password", password); w.Header().Get("Location") != "/suspended" {
		t.Fatalf("a suspended member logs in: %d %v", w.Code, w.Header())
	}
	setUp(t, r.browsers["half"])
	r.browsers["half"].cookies = map[string]string{}
	if w := r.browsers["half"].send("POST", "/login", "name", "half_1", "password", password); r.browsers["half"].cookies["tintype_half"] == "" {
		t.Fatalf("half a log-in: %d", w.Code)
	}
	return r
}

// logIn gives everybody a session and a token who has none that holds.
func (r *roleSite) logIn() {
	r.t.Helper()
	for _, role := range []string{"anna", "other", "blocked", "limited", "moderator", "admin", "owner"} {
		if b := r.browsers[role]; !b.in(r.t) {
			if w := b.send("POST", "/login", "name", role+"_1", "password", password); w.Code != http.StatusSeeOther {
				r.t.Fatalf("%s logs in: %d %s", role, w.Code, w.Body)
			}
		}
		r.tokens[role] = r.token(role, "read write push follow profile admin:read admin:write")
	}
	r.tokens["noscope"] = r.token("anna", "push")
	if r.tokens["suspended"] == "" {
		r.tokens["suspended"] = r.token("suspended", "read write push follow profile")
	}
}

func (r *roleSite) token(role, scopes string) string {
	r.t.Helper()
	bearer, _, err := r.c.TokenFor(r.ctx, r.app, r.accounts[role], scopes)
	r.must(err)
	return bearer
}

func (r *roleSite) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// A firstWrite is an answer of which the beginning is enough: a stream goes on until its reader leaves.
type firstWrite struct {
	*httptest.ResponseRecorder
	leave func()
}

func (w firstWrite) Flush() { w.ResponseRecorder.Flush(); w.leave() }

// asks sends a request as the role. By a route of the API that is with a token: a session's cookie is no way in there, as a token
// is none into the pages. Both are tried by those who have nothing else.
func (r *roleSite) asks(role, method, path, body, contentType string) *httptest.ResponseRecorder {
	ctx, leave := context.WithCancel(r.t.Context())
	defer leave()
	q := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	if body == "" {
		q.Body = http.NoBody
	}
	q.Header.Set("Content-Type", contentType)
	q.Header.Set("X-Forwarded-For", r.browsers[role].address)
	api := isAPI(path)
	cookies := r.browsers[role].cookies
	switch {
	case api && role == "visitor":
		cookies = r.browsers["anna"].cookies
	case api && role == "noscope":
		q.Header.Set("Authorization", "Bearer "+r.tokens["noscope"])
	case api && r.tokens[role] != "":
		q.Header.Set("Authorization", "Bearer "+r.tokens[role])
	case role == "noscope":
		q.Header.Set("Authorization", "Bearer "+r.tokens["anna"])
	}
	for name, value := range cookies {
		q.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	r.site.ServeHTTP(firstWrite{w, leave}, q)
	return w
}

func isAPI(path string) bool {
	for _, prefix := range []string{"/api/", "/oauth/userinfo", "/oauth/token", "/oauth/revoke", "/.well-known/nodeinfo", "/.well-known/webfinger", "/.well-known/oauth", "/nodeinfo/"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// answers asks the API as Anna, who may.
func (r *roleSite) answers(method, path string, form ...string) map[string]any {
	r.t.Helper()
	return r.answersTo("anna", method, path, form...)
}

func (r *roleSite) answersTo(role, method, path string, form ...string) map[string]any {
	r.t.Helper()
	v := url.Values{}
	for i := 0; i < len(form); i += 2 {
		v.Add(form[i], form[i+1])
	}
	w := r.asks(role, method, path, v.Encode(), "application/x-www-form-urlencoded")
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != http.StatusOK {
		r.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return out
}

// photo is a photograph of Anna's that is ready.
func (r *roleSite) photo(description string) string {
	r.t.Helper()
	return r.photoOf("anna", description)
}

func (r *roleSite) photoOf(role, description string) string {
	r.t.Helper()
	// One like those of a post that a moderator has removed would be held.
	kept, err := r.c.SiteBlocks(r.ctx, community.ByCommand(""), store.BlockPhoto, community.Cursor{})
	r.must(err)
	for _, b := range kept {
		r.must(r.c.RemoveBlock(r.ctx, community.ByCommand(""), b.ID))
	}
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	r.must(m.WriteField("description", description))
	f, err := m.CreateFormFile("file", "a.jpg")
	r.must(err)
	_, err = f.Write(phototest.JPEG(phototest.Options{Width: 60, Height: 40}))
	r.must(err)
	r.must(m.Close())
	w := r.asks(role, "POST", "/api/v2/media", body.String(), m.FormDataContentType())
	var out struct{ ID string }
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != http.StatusOK {
		r.t.Fatalf("upload: %d %s", w.Code, w.Body)
	}
	return out.ID
}

func (r *roleSite) name(prefix string) string { r.n++; return fmt.Sprintf("%s%d", prefix, r.n) }

// account is somebody new who does nothing.
func (r *roleSite) account(waiting bool) *store.Account {
	r.t.Helper()
	now := store.ToMillis(time.Now())
	a := &store.Account{Username: r.name("person"), Role: store.RoleMember, DefaultVisibility: store.Public, DefaultLicence: community.AllRightsReserved, WarnedPhotos: "ask", Theme: "system", CreatedAt: now, UpdatedAt: now}
	a.UsernameKey = a.Username
	if waiting {
		a.WaitingAt, a.SuspendedAt = &now, &now
	}
	_, err := r.c.Store.TxOnce(r.ctx, "accounts", func(ctx context.Context, tx *store.Store, id int64) error {
		a.ID = id
		return tx.CreateAccount(ctx, a)
	})
	r.must(err)
	return a
}

// settled waits until no job is left to do.
func (r *roleSite) settled() {
	r.t.Helper()
	servertest.Eventually(r.t, "no job waits", func() bool {
		n := 0
		r.must(r.c.Store.SQL().QueryRowContext(r.ctx, "SELECT COUNT(*) FROM jobs WHERE state = 'ready' AND run_at <= ?", store.ToMillis(time.Now())).Scan(&n))
		return n == 0
	})
}
