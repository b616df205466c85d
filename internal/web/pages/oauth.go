package pages

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
	"tintype/templates"
)

// outOfBand is the redirect of clients that no browser can redirect to: the page shows the code.
const outOfBand = "urn:ietf:wg:oauth:2.0:oob"

func (p *Pages) registerOAuth(r Routes) {
	r.Personal(http.MethodGet, "/oauth/authorize", p.authorizeForm)
	r.Personal(http.MethodPost, "/oauth/authorize", p.authorize)
}

// authorization is a client's request, checked.
type authorization struct {
	app   *store.App
	ask   community.Authorization
	state string
}

// authorizationOf reads and checks the request. Some clients (Mastodon.py) write None and False for empty values and
// add unknown parameters; both are accepted. done reports that an answer has been written.
func (p *Pages) authorizationOf(c *gin.Context, get func(string) string) (a authorization, done bool, err error) {
	value := func(name string) string {
		if v := get(name); v != "None" {
			return v
		}
		return ""
	}
	if t := value("response_type"); t != "" && t != "code" {
		return a, false, unprocessable(lang.Key("The application asks for something other than a code."))
	}
	a.app, err = p.Community.AppByClientID(c.Request.Context(), value("client_id"))
	if errors.Is(err, community.ErrNotFound) {
		return a, false, unprocessable(lang.Key("This application is not known here. Connect it again."))
	}
	if err != nil {
		return a, false, err
	}
	a.state = value("state")
	a.ask = community.Authorization{
		RedirectURI: value("redirect_uri"), Scopes: value("scope"), Challenge: value("code_challenge"), ChallengeMethod: value("code_challenge_method"),
	}
	if a.ask.RedirectURI == "" && len(a.app.RedirectURIs.V) == 1 {
		a.ask.RedirectURI = a.app.RedirectURIs.V[0]
	}
	a.ask, err = p.Community.CheckAuthorization(a.app, a.ask)
	var refused *community.OAuthError
	if errors.As(err, &refused) {
		// Anybody may register an application, so a mere link must not lead to an address of its choice.
		if a.ask.RedirectURI == outOfBand || c.Request.Method != http.MethodPost {
			return a, false, unprocessable(refused.Description)
		}
		return a, true, redirect(c, a.answer(url.Values{"error": {refused.Code}, "error_description": {refused.Description}}))
	}
	return a, false, err
}

// unprocessable is a request that the page refuses. The message is a text of package lang.
func unprocessable(message string) error {
	return &community.Invalid{Fields: []community.FieldError{{Code: "invalid", Message: message}}}
}

// answer returns the redirect with the parameters for the client.
func (a authorization) answer(v url.Values) string {
	u, err := url.Parse(a.ask.RedirectURI)
	if err != nil { // it was checked when the application registered
		return "/"
	}
	q := u.Query()
	for name, values := range v {
		q[name] = values
	}
	if a.state != "" {
		q.Set("state", a.state)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func (p *Pages) authorizeForm(c *gin.Context) error {
	a, done, err := p.authorizationOf(c, c.Query)
	if err != nil || done {
		return err
	}
	acc := viewer(c)
	if acc == nil {
		return redirect(c, "/login?return="+url.QueryEscape(c.Request.URL.RequestURI()))
	}
	return p.showAuthorize(c, acc, a)
}

func (p *Pages) showAuthorize(c *gin.Context, acc *store.Account, a authorization) error {
	pg, err := p.page(c, p.lang(c).T("Allow %s", a.app.Name))
	if err != nil {
		return err
	}
	pg.NoIndex = true
	v := templates.AuthorizeView{Action: "/oauth/authorize", AppName: a.app.Name, AppWebsite: safeWebsite(a.app.Website), Scopes: scopeWords(p.lang(c), a.ask.Scopes)}
	if a.ask.RedirectURI != outOfBand {
		if u, err := url.Parse(a.ask.RedirectURI); err == nil {
			v.RedirectTo = shownHost(u.Host)
			if u.Scheme != "http" && u.Scheme != "https" {
				v.RedirectTo = p.lang(c).T("an application on this device (%s)", u.Scheme)
			}
		}
	}
	for _, f := range [][2]string{
		{"response_type", "code"}, {"client_id", a.app.ClientID}, {"redirect_uri", a.ask.RedirectURI}, {"scope", a.ask.Scopes}, {"state", a.state},
		{"code_challenge", a.ask.Challenge}, {"code_challenge_method", a.ask.ChallengeMethod}, {"member", acc.Username},
	} {
		if f[1] != "" {
			v.Hidden = append(v.Hidden, templates.HiddenField{Name: f[0], Value: f[1]})
		}
	}
	return p.render(c, http.StatusOK, templates.AuthorizePage(pg, v))
}

func (p *Pages) authorize(c *gin.Context) error {
	a, done, err := p.authorizationOf(c, c.PostForm)
	if err != nil || done {
		return err
	}
	acc := viewer(c)
	if acc == nil {
		q := c.Request.PostForm
		q.Del("decision")
		q.Del("member")
		return redirect(c, "/login?return="+url.QueryEscape("/oauth/authorize?"+q.Encode()))
	}
	if c.PostForm("decision") != "allow" {
		if a.ask.RedirectURI == outOfBand {
			return redirect(c, "/")
		}
		return redirect(c, a.answer(url.Values{"error": {"access_denied"}, "error_description": {"The member refused."}}))
	}
	if asked := c.PostForm("member"); asked != "" && asked != acc.Username {
		return p.showAuthorize(c, acc, a) // somebody else has logged in since the page named who allows
	}
	code, err := p.Community.Authorize(c.Request.Context(), acc, a.app, a.ask)
	if err != nil {
		return err
	}
	if a.ask.RedirectURI != outOfBand {
		return redirect(c, a.answer(url.Values{"code": {code}}))
	}
	pg, err := p.page(c, p.lang(c).T("Your code"))
	if err != nil {
		return err
	}
	pg.NoIndex, pg.Path = true, "/"
	return p.render(c, http.StatusOK, templates.AuthorizeCodePage(pg, templates.AuthorizeCodeView{AppName: a.app.Name, Code: code}))
}

var scopeSentences = []struct{ scope, words string }{
	{"read", lang.Key("See everything that you can see")},
	{"profile", lang.Key("See your name and picture")},
	{"write", lang.Key("Post, edit, delete, like and change your profile")},
	{"follow", lang.Key("Follow, unfollow and block people")},
	{"push", lang.Key("Receive your notifications")},
	{"admin:read", lang.Key("Read about members and reports, as far as your role allows")},
	{"admin:read:accounts", lang.Key("Read about members, as far as your role allows")},
	{"admin:read:reports", lang.Key("Read reports, as far as your role allows")},
	{"admin:write", lang.Key("Decide about members and reports, as far as your role allows")},
	{"admin:write:accounts", lang.Key("Decide about members, as far as your role allows")},
	{"admin:write:reports", lang.Key("Decide reports, as far as your role allows")},
}

// scopeThings are what scopes of read and write are about.
var scopeThings = map[string]string{
	"accounts": lang.Key("profile"), "blocks": lang.Key("blocked people"), "bookmarks": lang.Key("bookmarks"), "conversations": lang.Key("conversations"),
	"favourites": lang.Key("likes"), "filters": lang.Key("filters"), "follows": lang.Key("followed people"), "lists": lang.Key("lists"),
	"media": lang.Key("photos"), "mutes": lang.Key("muted people"), "notifications": lang.Key("notifications"), "reports": lang.Key("reports"),
	"search": lang.Key("searches"), "statuses": lang.Key("posts"),
}

// scopeWords says in words what scopes allow.
func scopeWords(l *lang.Language, scopes string) []string {
	var out []string
	for _, s := range strings.Fields(scopes) {
		words := s
		for _, k := range scopeSentences {
			if k.scope == s {
				words = l.T(k.words)
			}
		}
		if kind, what, ok := strings.Cut(s, ":"); ok && kind != "admin" {
			if known, ok := scopeThings[what]; ok {
				what = l.T(known)
			}
			words = l.T("See your %s", what)
			if kind == "write" {
				words = l.T("Change your %s", what)
			}
		}
		out = append(out, words)
	}
	return out
}
