// Package pages answers browsers. Each handler parses a request, calls one use case and fills a view model of
// templates.
//
// A handler is a func(*gin.Context) error. The error responder turns its error into an answer. A refused form is the
// exception: the handler renders it again, with its values and status 422.
package pages

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/hostname"
	"tintype/internal/lang"
	"tintype/internal/media"
	"tintype/internal/session"
	"tintype/internal/store"
	"tintype/static"
	"tintype/templates"
)

// Routes registers handlers. The method chosen declares whether an answer may be cached.
type Routes interface {
	Personal(method, path string, h func(*gin.Context) error)
	// Query names what a page reads of its address's query.
	Cacheable(method, path string, h func(*gin.Context) error, query ...string)
	// Upload takes so many photos in one body.
	Upload(method, path string, photos int, h func(*gin.Context) error)
	// Large is Upload for a body of up to so many bytes.
	Large(method, path string, most int64, h func(*gin.Context) error)
	Asset(method, path string, h func(*gin.Context) error)
	// Download is Personal for an answer that takes as long as its reader needs.
	Download(method, path string, h func(*gin.Context) error)
	// Stream is Personal for what stays open.
	Stream(method, path string, h func(*gin.Context) error)
}

// Sessions are the sessions of readers.
type Sessions interface {
	// Begin finds out who asks. An error means that the session store does not answer, never that nobody is logged in.
	Begin(c *gin.Context) error
	List(ctx context.Context, acc *store.Account) ([]Session, error)
	End(ctx context.Context, acc *store.Account, hash string) error
	EndOthers(ctx context.Context, acc *store.Account, keep string) error
}

// Session is where an account is logged in.
type Session struct {
	Hash, UserAgent, Address string
	CreatedAt, UsedAt        store.Millis
}

// Options configure Pages.
type Options struct {
	Community *community.Community
	Sessions  Sessions
	Signed    *session.Signed
	Addresses *media.Addresses
	Media     media.Store
	Presign   media.Presigner // photos are fetched from the store itself; nil: from here
	Assets    *static.Assets
	BaseURL   string // https://example.org
	Version   string
	Log       *slog.Logger

	ReadOnly       func() bool // the site takes no writes at the moment; every page says so
	KeepOriginals  bool
	CDN            bool // copies of photos at edges outlive their deletion for a while
	MaxUploadBytes int64
	MaxPixels      int64  // in force: what one photo may have
	Secure         bool   // cookies go over TLS only
	Accept         string // of the file control
	HEIC           bool

	// Status is the content of /admin/status.
	Status func(context.Context) templates.StatusView
	// Moves is the content of /admin/moves.
	Moves func(context.Context) (templates.AdminMovesView, error)
	// Ladder is the content of /admin/ladder.
	Ladder func(context.Context) (templates.LadderView, error)

	Streams   *community.Streams
	Streaming func(*http.Request)                  // told of each request that from then on only listens; may be nil
	LoggedIn  func(r *http.Request, account int64) // told of each request of somebody who is logged in; may be nil
	LoggedOut func(*http.Request)                  // told of each request of anybody else; may be nil
}

// Pages is the handlers.
type Pages struct {
	Options
}

// New returns the handlers; Register makes them known.
func New(o Options) *Pages {
	return &Pages{Options: o}
}

// Register registers every page.
func (p *Pages) Register(r Routes) {
	p.registerFeeds(r)
	p.registerLists(r)
	p.registerFilters(r)
	p.registerPosts(r)
	p.registerAlbums(r)
	p.registerCompose(r)
	p.registerPeople(r)
	p.registerAuth(r)
	p.registerMail(r)
	p.registerOAuth(r)
	p.registerSettings(r)
	p.registerTwoFactors(r)
	p.registerPasskeys(r)
	p.registerExport(r)
	p.registerImport(r)
	p.registerAdmin(r)
	p.registerMembers(r)
	p.registerDecisions(r)
	p.registerStatus(r)
	p.registerAdminLog(r)
	p.registerSite(r)
	p.registerAdminSite(r)
	p.registerJoining(r)
	p.registerAnnouncements(r)
	p.registerAdminBlocks(r)
	p.registerLeaving(r)
	p.registerHeld(r)
	p.registerFirstSteps(r)
	p.registerWellKnown(r)
	p.registerInstall(r)
	p.registerMedia(r)
	r.Stream(http.MethodGet, "/live", p.member(p.live))
}

// openToAll are the pages that answer visitors of a site that is for members only.
var openToAll = []string{"/login", "/login/second", "/login/passkey", "/login/passkey/options", "/logout", "/signup", "/forgot-password", "/links/", "/claim/", "/mail/", "/rules", "/privacy", "/contact", "/suspended", "/suspended/", "/leaving", "/leaving/", "/.well-known/", "/manifest.webmanifest", "/offline", "/sw.js"}

// Before runs before every page's handler. It finds out who reads, and keeps visitors out of a members-only site.
func (p *Pages) Before(c *gin.Context) error {
	if err := p.Sessions.Begin(c); err != nil {
		return err
	}
	if viewer(c) == nil && p.LoggedOut != nil {
		p.LoggedOut(c.Request)
	}
	if viewer(c) == nil && p.site(c).MembersOnly && !openTo(c.Request.URL.Path) {
		return community.ErrUnauthenticated
	}
	if err := p.setUpFirst(c); err != nil || c.IsAborted() {
		return err
	}
	if acc := viewer(c); acc != nil && p.LoggedIn != nil {
		p.LoggedIn(c.Request, acc.ID)
	}
	return nil
}

func openTo(path string) bool {
	for _, open := range openToAll {
		if path == open || strings.HasSuffix(open, "/") && strings.HasPrefix(path, open) {
			return true
		}
	}
	return path == "/robots.txt"
}

// Administrator reports whether the request comes from somebody who looks after the site. Before must have run.
func (p *Pages) Administrator(c *gin.Context) bool {
	return community.May(viewer(c), community.ReadSystem)
}

// viewer is the account that reads, nil for a visitor.
func viewer(c *gin.Context) *store.Account { return accountOf(c.Request) }

// accountOf is the account that sent the request, nil for a visitor.
func accountOf(r *http.Request) *store.Account {
	acc, _ := session.Current(r.Context()).(*store.Account)
	return acc
}

// member wraps a handler that needs an account. A form that arrives after the log-in has expired is not lost: it goes
// along to the log-in page and comes back to be confirmed.
func (p *Pages) member(h func(*gin.Context, *store.Account) error) func(*gin.Context) error {
	return func(c *gin.Context) error {
		acc := viewer(c)
		if acc != nil {
			return h(c, acc)
		}
		if c.Request.Method == http.MethodPost && !wantsJSON(c) {
			return p.loginFirst(c)
		}
		return community.ErrUnauthenticated
	}
}

// may wraps a handler for those who may do what the act says. Others learn nothing of the page: for them nothing is there.
func (p *Pages) may(act community.Act, h func(*gin.Context, *store.Account) error) func(*gin.Context) error {
	return p.member(func(c *gin.Context, acc *store.Account) error {
		if !community.May(acc, act) {
			return community.ErrNotFound
		}
		return h(c, acc)
	})
}

// lang is the language of the reader: a member's own, else the site's. What a browser asks for is not looked at: a CDN
// keeps one page for all visitors.
func (p *Pages) lang(c *gin.Context) *lang.Language { return langOf(viewer(c), p.siteLanguage(c)) }

// LanguageOf is what whoever sent the request reads.
func (p *Pages) LanguageOf(r *http.Request) *lang.Language {
	return langOf(accountOf(r), p.Community.Site(r.Context()).Language)
}

func langOf(acc *store.Account, site *lang.Language) *lang.Language {
	if acc == nil || acc.PagesLanguage == "" {
		return site
	}
	return lang.Or(acc.PagesLanguage, site)
}

// siteLanguage is what visitors read.
func (p *Pages) siteLanguage(c *gin.Context) *lang.Language {
	return p.Community.Site(c.Request.Context()).Language
}

// site is what pages show of the site.
func (p *Pages) site(c *gin.Context) templates.Site { return p.siteIn(c.Request.Context()) }

func (p *Pages) siteIn(ctx context.Context) templates.Site { return siteView(p.Community.Site(ctx)) }

func siteView(s *community.Site) templates.Site {
	return templates.Site{
		Name: s.Name, Description: s.Description, Contact: s.Contact, PictureURL: s.Picture.Path(), PictureWidth: s.Picture.Width, PictureHeight: s.Picture.Height,
		RegistrationOpen: s.Registration.AnybodyMayAsk(), Approval: s.Registration == community.RegistrationApproval, Closed: !s.Registration.Invites(), MembersOnly: s.MembersOnly(),
	}
}

// page fills the part of the view that all pages share.
func (p *Pages) page(c *gin.Context, title string) (*templates.Page, error) {
	pg := &templates.Page{
		Title: title, Site: p.site(c), Assets: p.Assets.In(p.lang(c).Code()), Lang: p.lang(c),
		Path: localPath(c.Request.URL.RequestURI(), "/"), RequestID: c.Writer.Header().Get("X-Request-Id"), ReadOnly: p.ReadOnly(),
	}
	if c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead {
		pg.Path = returnTo(c, "/")
	}
	acc := viewer(c)
	if acc == nil {
		return pg, nil
	}
	ctx := c.Request.Context()
	unread, waiting := 0, 0
	var err error
	if !acc.AllRead {
		if unread, err = p.Community.UnreadNotifications(ctx, acc, community.NotificationFilter{OnPage: true}); err != nil {
			return nil, err
		}
	}
	if acc.Locked {
		if waiting, err = p.Community.FollowRequestsCount(ctx, acc); err != nil {
			return nil, err
		}
	}
	undecided, reports := 0, 0
	if community.May(acc, community.ReadHeld) {
		if undecided, err = p.Community.Undecided(ctx, community.By{Account: acc, Via: community.ViaPage}); err != nil {
			return nil, err
		}
	}
	if community.May(acc, community.ReadReports) {
		if reports, err = p.Community.OpenReports(ctx, acc); err != nil {
			return nil, err
		}
	}
	pg.Viewer = &templates.Viewer{
		Name: acc.Username, DisplayName: acc.Name(), AvatarURL: p.avatarURL(acc.Avatar),
		Admin: community.May(acc, community.ReadAdmin), Unread: unread, FollowRequests: waiting, Reports: reports, Undecided: undecided,
		Theme: acc.Theme, Letters: acc.LetterKeys,
	}
	if p.Community.MailDelivers && acc.EmailVerifiedAt == nil {
		pg.Viewer.ConfirmEmail = acc.Email
	}
	pg.Flash = p.takeFlash(c)
	pg.FormKey = newKey()
	pg.Three = threeAcross(c)
	return pg, nil
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// render writes a component whole or not at all, so that an error half-way still reaches the error responder.
func (p *Pages) render(c *gin.Context, status int, component templ.Component) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buf)
	buf.Reset()
	if err := component.Render(c.Request.Context(), buf); err != nil {
		return err
	}
	c.Header("Content-Type", "text/html; charset=utf-8")
	if invented(c) {
		c.Header("Cache-Control", "no-store")
	}
	c.Status(status)
	_, err := c.Writer.Write(buf.Bytes())
	return err
}

// statusTitle names an error in the title of its page.
func statusTitle(status int) string {
	switch status {
	case http.StatusNotFound:
		return lang.Key("Not Found")
	case http.StatusForbidden:
		return lang.Key("Forbidden")
	case http.StatusTooManyRequests:
		return lang.Key("Too Many Requests")
	case http.StatusUnprocessableEntity:
		return lang.Key("Unprocessable Entity")
	case http.StatusInternalServerError:
		return lang.Key("Internal Server Error")
	case http.StatusServiceUnavailable:
		return lang.Key("Service Unavailable")
	}
	return http.StatusText(status)
}

// ErrorPage renders an error in the site's own shell. It must work while the database does not.
func (p *Pages) ErrorPage(w http.ResponseWriter, r *http.Request, status int, say func(*lang.Language) string, requestID string) {
	site, l := p.Community.Site(r.Context()), p.LanguageOf(r)
	pg := &templates.Page{Title: l.T(statusTitle(status)), Lang: l, Site: siteView(site), Assets: p.Assets.In(l.Code()), Path: askedFrom(r), RequestID: requestID, NoIndex: true}
	if acc := accountOf(r); acc != nil {
		pg.Viewer = &templates.Viewer{
			Name: acc.Username, DisplayName: acc.Name(), AvatarURL: p.avatarURL(acc.Avatar),
			Admin: community.May(acc, community.ReadAdmin), Theme: acc.Theme, Letters: acc.LetterKeys,
		}
	}
	v := templates.ErrorView{Status: status}
	pg.ReadOnly = p.ReadOnly()
	switch status {
	case http.StatusNotFound, http.StatusForbidden, http.StatusInternalServerError, http.StatusServiceUnavailable:
		// The page has its own sentences for these.
	default:
		v.Sentence = say(l)
	}
	if _, err := r.Cookie(session.CookieName(p.Secure)); err != nil && status == http.StatusServiceUnavailable {
		v.Sentence = l.T("The site is briefly unavailable.") // without the comfort for members
	}
	if pg.ReadOnly && status == http.StatusServiceUnavailable {
		v.Sentence, v.LinkURL, v.LinkText = say(l), "/", l.T("Home")
	}
	if r.Method == http.MethodPost && len(r.PostForm) > 0 && (status == http.StatusTooManyRequests || status >= http.StatusInternalServerError) {
		v.Action, v.Fields = r.URL.Path, keptFields(r.PostForm, "")
		v.Text = writtenIn(r.PostForm)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 5*time.Second)
	defer cancel()
	if err := templates.ErrorPage(pg, v).Render(ctx, w); err != nil {
		p.Log.Error("render the error page", "error", err)
	}
}

// askedFrom is the address that can be asked for again after an error: that of the request, or of the page whose form it is; "" where
// nothing tells which one that was.
func askedFrom(r *http.Request) string {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		at := url.URL{Path: "/" + strings.TrimLeft(r.URL.Path, `/\`), RawQuery: r.URL.RawQuery} // two slashes would name another host
		return at.String()
	}
	page := ""
	if from, err := url.Parse(r.Referer()); err == nil && hostname.Same(from.Host, r.Host, from.Scheme) {
		page = from.RequestURI()
	}
	return localPath(r.PostForm.Get("return"), localPath(page, ""))
}

// wantsJSON reports that the site's script asks for data instead of a page.
func wantsJSON(c *gin.Context) bool {
	a := c.GetHeader("Accept")
	return strings.Contains(a, "application/json") && !strings.Contains(a, "text/html")
}

// wantsFragment reports that the site's script asks for the element that an action changed.
func wantsFragment(c *gin.Context) bool { return c.GetHeader("X-Fragment") == "1" }
