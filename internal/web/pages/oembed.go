package pages

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/hostname"
	"tintype/internal/media"
	"tintype/internal/store"
	"tintype/templates"
)

// oEmbedded is what another site shows in the place of a link to a post, see https://oembed.com.
type oEmbedded struct {
	Version         string `json:"version"`
	Type            string `json:"type"` // "photo"; "link" where there is none to show
	Title           string `json:"title"`
	AuthorName      string `json:"author_name"`
	AuthorURL       string `json:"author_url"`
	ProviderName    string `json:"provider_name"`
	ProviderURL     string `json:"provider_url"`
	URL             string `json:"url,omitempty"`
	Width           int    `json:"width,omitempty"`
	Height          int    `json:"height,omitempty"`
	ThumbnailURL    string `json:"thumbnail_url,omitempty"`
	ThumbnailWidth  int    `json:"thumbnail_width,omitempty"`
	ThumbnailHeight int    `json:"thumbnail_height,omitempty"`
}

// oEmbed answers for the address of a post what everybody may see of it, whoever asks: never a photo under a warning.
func (p *Pages) oEmbed(c *gin.Context) error {
	if f := c.Query("format"); f != "" && f != "json" {
		c.JSON(http.StatusNotImplemented, gin.H{"error": "Only JSON is known here."})
		return nil
	}
	asked, ok := hostname.Local(c.Query("url"), p.BaseURL)
	if !ok || !strings.HasPrefix(asked, "/@") {
		return community.ErrNotFound
	}
	name, id, cut := strings.Cut(strings.TrimPrefix(asked, "/@"), "/")
	if !cut {
		return community.ErrNotFound
	}
	id, _, _ = strings.Cut(id, "/") // the address of one of its photos
	post, err := p.Community.PostByID(c.Request.Context(), nil, formID(id))
	if err != nil {
		return err
	}
	if !isBy(name, post) {
		return community.ErrNotFound
	}
	e := oEmbedded{
		Version: "1.0", Type: "link", Title: postTitle(p.siteLanguage(c), post), AuthorName: post.Author.Name(), AuthorURL: p.BaseURL + "/@" + post.Author.Username,
		ProviderName: p.site(c).Name, ProviderURL: p.BaseURL + "/",
	}
	if len(post.Photos) > 0 && !post.Warned() {
		p.embedPhoto(c, &e, post.Photos[0])
	}
	c.Header("Cache-Control", "public, max-age=300")
	c.JSON(http.StatusOK, e)
	return nil
}

// embedPhoto chooses the largest variant of a photo that fits where it is to be shown, and a smaller one.
func (p *Pages) embedPhoto(c *gin.Context, e *oEmbedded, ph *store.Photo) {
	bound := func(name string) int {
		if n, err := strconv.Atoi(c.Query(name)); err == nil && n > 0 {
			return n
		}
		return 1 << 20
	}
	wide, high := bound("maxwidth"), bound("maxheight")
	for _, v := range ph.Variants.V {
		if v.Name == media.SquareName || v.Width > min(wide, 1920) || v.Height > high {
			continue
		}
		if v.Width > e.Width {
			e.Type, e.URL, e.Width, e.Height = "photo", p.Addresses.PublicAbs(ph.Key(v.Name)), v.Width, v.Height
		}
		if e.ThumbnailWidth == 0 || v.Width > e.ThumbnailWidth && v.Width <= 640 {
			e.ThumbnailURL, e.ThumbnailWidth, e.ThumbnailHeight = p.Addresses.PublicAbs(ph.Key(v.Name)), v.Width, v.Height
		}
	}
}

// likes lists who likes a post.
func (p *Pages) likes(c *gin.Context) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	post, err := p.Community.PostByID(ctx, viewer(c), id)
	if err != nil {
		return err
	}
	if !isAt(c, post) {
		return community.ErrNotFound
	}
	accounts, next, prev, err := p.Community.LikedBy(ctx, viewer(c), id, pageOf(c, listLimit))
	if err != nil {
		return err
	}
	people, err := p.personViews(c, accounts)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Who likes this"))
	if err != nil {
		return err
	}
	pg.NoIndex = true
	return p.render(c, http.StatusOK, templates.LikesPage(pg, templates.LikesView{
		Post: p.viewBuilder(c).postView(post, false), People: people, Pager: cursorPager(c, len(people), next, prev),
	}))
}
