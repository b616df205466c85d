package pages

import (
	"cmp"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/templates"
)

// rulesIn are the site's rules for a reader of the language.
func (p *Pages) rulesIn(c *gin.Context, l *lang.Language) []string {
	return p.Community.Site(c.Request.Context()).RulesIn(l)
}

func (p *Pages) registerSite(r Routes) {
	r.Cacheable(http.MethodGet, "/about", p.about)
	r.Cacheable(http.MethodGet, "/rules", p.rulesPage)
	r.Cacheable(http.MethodGet, "/privacy", p.privacy)
	r.Cacheable(http.MethodGet, "/contact", p.contact)
	r.Cacheable(http.MethodGet, "/robots.txt", p.robots)
	r.Cacheable(http.MethodGet, "/sitemap.xml", p.sitemap)
	r.Asset(http.MethodGet, "/static/*file", p.static)
	r.Asset(http.MethodGet, "/favicon.ico", p.favicon)
	r.Asset(http.MethodGet, "/site-picture/:file", p.sitePicture)
}

func (p *Pages) about(c *gin.Context) error {
	stats, err := p.Community.Stats(c.Request.Context(), time.Now())
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("About"))
	if err != nil {
		return err
	}
	pg.Canonical = p.BaseURL + "/about"
	pg.Description = cmp.Or(p.site(c).Description, pg.T("About %s, a site for photographs.", p.site(c).Name))
	return p.render(c, http.StatusOK, templates.AboutPage(pg, templates.AboutView{Members: int(stats.Accounts), Posts: int(stats.Posts), Version: p.Version}))
}

func (p *Pages) rulesPage(c *gin.Context) error {
	pg, err := p.page(c, p.lang(c).T("Rules"))
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, templates.RulesPage(pg, templates.RulesView{Rules: p.rulesIn(c, pg.Lang)}))
}

func (p *Pages) privacy(c *gin.Context) error {
	pg, err := p.page(c, p.lang(c).T("Privacy"))
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, templates.PrivacyPage(pg, templates.PrivacyView{KeepOriginals: p.KeepOriginals, CDN: p.CDN, DraftHours: 24, ReportDays: int(community.KeepReported.Hours() / 24)}))
}

func (p *Pages) contact(c *gin.Context) error {
	pg, err := p.page(c, p.lang(c).T("Contact"))
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, templates.ContactPage(pg))
}

func (p *Pages) robots(c *gin.Context) error {
	body := "User-agent: *\nDisallow: /\n"
	if !p.site(c).MembersOnly {
		body = "User-agent: *\nDisallow: /api/\nDisallow: /oauth/\nDisallow: /search\nDisallow: /settings\nDisallow: /posts/\n\nSitemap: " + p.BaseURL + "/sitemap.xml\n"
	}
	c.Header("Content-Type", "text/plain; charset=utf-8")
	c.Status(http.StatusOK)
	_, err := c.Writer.WriteString(body)
	return err
}

// static serves the site's own files. A fingerprint of another release gets this release's file, which no cache may
// keep under that name.
func (p *Pages) static(c *gin.Context) error {
	asset, known := p.Assets.Lookup(c.Request.URL.Path)
	if asset == nil {
		return community.ErrNotFound
	}
	return serveAsset(c, asset, known)
}

func (p *Pages) favicon(c *gin.Context) error {
	c.Header("Cache-Control", "public, max-age=86400")
	c.Redirect(http.StatusFound, p.Assets.URL("favicon.png"))
	return nil
}

func tooMany(l *lang.Language, e *community.TooMany) string {
	if e.RetryAfter <= 90*time.Second {
		return l.N("Too many tries. Wait %d second.", "Too many tries. Wait %d seconds.", max(1, int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	return l.N("Too many tries. Wait %d minute.", "Too many tries. Wait %d minutes.", int(math.Ceil(e.RetryAfter.Minutes())))
}

func seconds(d time.Duration) string { return strconv.Itoa(max(1, int(math.Ceil(d.Seconds())))) }

func mustPath(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		return &url.URL{Path: "/"}
	}
	return u
}

// withFragment adds the element of the page to return to.
func withFragment(path, id string) string {
	path, _, _ = strings.Cut(path, "#")
	return path + "#" + id
}

// safeWebsite returns the address if a link may lead to it.
func safeWebsite(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	return s
}
