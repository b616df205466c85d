package api_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"testing"

	"tintype/internal/community"
)

// client is a registered one.
type client struct {
	ID           string   `json:"id"`
	ClientID     string   `json:"client_id"`
	ClientSecret string   `json:"client_secret"`
	RedirectURI  string   `json:"redirect_uri"`
	RedirectURIs []string `json:"redirect_uris"`
	Scopes       []string `json:"scopes"`
}

func (s *site) register(body string) client {
	s.t.Helper()
	var c client
	s.post("/api/v1/apps", "", body).ok().into(&c)
	if c.ClientID == "" || c.ClientSecret == "" {
		s.t.Fatal("no credentials")
	}
	return c
}

// code has a member allow the client what it asks for, as the page does.
func (s *site) code(m *member, c client, a community.Authorization) string {
	s.t.Helper()
	app, err := s.community.AppByClientID(s.ctx(), c.ClientID)
	if err != nil {
		s.t.Fatal(err)
	}
	code, err := s.community.Authorize(s.ctx(), m.Account, app, a)
	if err != nil {
		s.t.Fatal(err)
	}
	return code
}

func TestRegisteringAClient(t *testing.T) {
	s := newSite(t)
	for name, body := range map[string]string{
		"form":  form("client_name", "Toot", "redirect_uris", community.OutOfBand+"\nhttps://a.test/cb", "scopes", "read write", "website", "https://a.test"),
		"JSON":  `{"client_name":"Toot","redirect_uris":["urn:ietf:wg:oauth:2.0:oob","https://a.test/cb"],"scopes":"read write","website":"https://a.test"}`,
		"array": form("client_name", "Toot", "redirect_uris[]", community.OutOfBand, "redirect_uris[]", "https://a.test/cb", "scopes", "read write", "website", "https://a.test"),
	} {
		t.Run(name, func(t *testing.T) {
			c := s.register(body)
			if len(c.RedirectURIs) != 2 || c.RedirectURI != community.OutOfBand+"\nhttps://a.test/cb" || len(c.Scopes) != 2 {
				t.Errorf("got %+v", c)
			}
		})
	}
	s.post("/api/v1/apps", "", form("client_name", "", "redirect_uris", "javascript:alert(1)")).is(http.StatusUnprocessableEntity)
}

func TestAuthorizationCode(t *testing.T) {
	s := newSite(t)
	anna := s.join("anna")
	c := s.register(form("client_name", "Toot", "redirect_uris", community.OutOfBand, "scopes", allowAll))
	verifier := "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	sum := sha256.Sum256([]byte(verifier))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	ask := community.Authorization{RedirectURI: community.OutOfBand, Scopes: "read write"}
	pkce := ask
	pkce.Challenge, pkce.ChallengeMethod = challenge, "S256"
	exchange := func(code string, more ...string) *reply {
		return s.post("/oauth/token", "", form(append([]string{"grant_type", "authorization_code", "client_id", c.ClientID, "client_secret", c.ClientSecret,
			"redirect_uri", community.OutOfBand, "code", code}, more...)...))
	}

	answer := exchange(s.code(anna, c, ask)).ok().object()
	if answer["token_type"] != "Bearer" || answer["scope"] != "read write" || answer["created_at"].(float64) < 1e9 {
		t.Errorf("token %v", answer)
	}
	if _, there := answer["expires_in"]; there {
		t.Error("expires_in must be absent")
	}
	bearer := answer["access_token"].(string)
	app := s.get("/api/v1/apps/verify_credentials", bearer).ok().object()
	if app["name"] != "Toot" || app["client_secret"] != nil {
		t.Errorf("application %v", app)
	}

	exchange(s.code(anna, c, pkce), "code_verifier", verifier).ok()
	wantOAuth(t, exchange(s.code(anna, c, pkce), "code_verifier", "wrong"), http.StatusBadRequest, "invalid_grant")
	wantOAuth(t, exchange(s.code(anna, c, pkce)), http.StatusBadRequest, "invalid_grant")
	wantOAuth(t, exchange("nonsense"), http.StatusBadRequest, "invalid_grant")

	code := s.code(anna, c, ask)
	wantOAuth(t, s.post("/oauth/token", "", form("grant_type", "authorization_code", "client_id", c.ClientID, "client_secret", "no",
		"redirect_uri", community.OutOfBand, "code", code)), http.StatusUnauthorized, "invalid_client")
	wantOAuth(t, s.post("/oauth/token", "", form("grant_type", "password", "client_id", c.ClientID, "client_secret", c.ClientSecret,
		"username", "anna", "password", password)), http.StatusBadRequest, "unsupported_grant_type")

	// A code that comes twice ends the token that it made: one of the two is a thief.
	first := exchange(code).ok().object()["access_token"].(string)
	wantOAuth(t, exchange(code), http.StatusBadRequest, "invalid_grant")
	s.get("/api/v1/apps/verify_credentials", first).is(http.StatusUnauthorized)

	if got := s.post("/oauth/revoke", "", form("client_id", c.ClientID, "client_secret", c.ClientSecret, "token", bearer)).ok().body; got != "{}\n" {
		t.Errorf("revoke answered %q", got)
	}
	s.get("/api/v1/apps/verify_credentials", bearer).is(http.StatusUnauthorized)
}

func wantOAuth(t *testing.T, r *reply, status int, code string) {
	t.Helper()
	o := r.is(status).object()
	if o["error"] != code || o["error_description"] == "" {
		t.Errorf("got %v, want %s", o, code)
	}
}

func TestClientCredentialsAndSignUp(t *testing.T) {
	s := newSite(t)
	c := s.register(form("client_name", "Tusky", "redirect_uris", community.OutOfBand, "scopes", "read write"))
	r := s.do(http.MethodPost, "/oauth/token", "", form("grant_type", "client_credentials", "scope", "read write"),
		"Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(c.ClientID+":"+c.ClientSecret))).ok().object()
	bearer := r["access_token"].(string)
	if r["scope"] != "read write" {
		t.Errorf("scope %v", r["scope"])
	}
	s.get("/api/v1/timelines/home", bearer).is(http.StatusUnprocessableEntity)
	s.get("/api/v1/timelines/public", bearer).ok()

	bad := s.post("/api/v1/accounts", bearer, form("username", "not a name", "email", "x", "password", "short", "agreement", "true")).is(http.StatusUnprocessableEntity).object()
	for _, field := range []string{"username", "email", "password"} {
		if at(bad, "details."+field) == nil {
			t.Errorf("details without %s: %v", field, bad)
		}
	}
	token := s.post("/api/v1/accounts", bearer, `{"username":"newbie","email":"n@tintype.test","password":"`+password+`","agreement":true,"locale":"en"}`).ok().object()
	if token["access_token"] == nil || token["scope"] != "read write" {
		t.Errorf("token %v", token)
	}
	s.get("/api/v1/timelines/home", token["access_token"].(string)).ok()
	s.post("/api/v1/accounts", "", form("username", "other")).is(http.StatusUnauthorized)
}

func TestSignUpOnAClosedSite(t *testing.T) {
	s := newSite(t, func(o *options) { o.community.SiteDefaults.Registration = community.RegistrationInvitation })
	c := s.register(form("client_name", "Tusky", "redirect_uris", community.OutOfBand, "scopes", "read write"))
	r := s.post("/oauth/token", "", form("grant_type", "client_credentials", "scope", "write", "client_id", c.ClientID, "client_secret", c.ClientSecret)).ok().object()
	s.post("/api/v1/accounts", r["access_token"].(string), form("username", "newbie", "email", "n@tintype.test", "password", password)).is(http.StatusForbidden)
}

// Clients that log people in by this site learn who they are, by either method, and with the scope for it alone.
func TestUserInfo(t *testing.T) {
	s := newSite(t)
	anna := s.join("anna")
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		for _, scopes := range []string{"profile", "read"} {
			r := s.do(method, "/oauth/userinfo", s.tokenFor(anna.Account, scopes), "").ok().object()
			if r["sub"] != baseURL+"/@anna" || r["preferred_username"] != "anna" || r["iss"] != baseURL+"/" || r["picture"] != baseURL+"/static/avatar.png" || r["email"] != nil {
				t.Errorf("%s with %s: %v", method, scopes, r)
			}
		}
		s.do(method, "/oauth/userinfo", s.tokenFor(anna.Account, "write"), "").is(http.StatusForbidden)
		s.do(method, "/oauth/userinfo", "", "").is(http.StatusUnauthorized)
	}
}
