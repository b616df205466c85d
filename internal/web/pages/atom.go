package pages

import (
	"encoding/xml"
	"html"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
)

// Atom, RFC 4287.
type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Links   []atomLink  `xml:"link"`
	Author  *atomPerson `xml:"author,omitempty"`
	Entries []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel    string `xml:"rel,attr,omitempty"`
	Type   string `xml:"type,attr,omitempty"`
	Href   string `xml:"href,attr"`
	Length int64  `xml:"length,attr,omitempty"`
}

type atomPerson struct {
	Name string `xml:"name"`
	URI  string `xml:"uri"`
}

type atomEntry struct {
	ID        string      `xml:"id"`
	Title     string      `xml:"title"`
	Published string      `xml:"published"`
	Updated   string      `xml:"updated"`
	Author    atomPerson  `xml:"author"`
	Rights    string      `xml:"rights,omitempty"`
	Links     []atomLink  `xml:"link"`
	Content   atomContent `xml:"content"`
}

type atomContent struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

func (p *Pages) accountAtom(c *gin.Context, name string) error {
	ctx := c.Request.Context()
	acc, err := p.Community.AccountByName(ctx, nil, name)
	if err != nil {
		return err
	}
	spelt(c, name, acc.Username)
	// Programs without an account read feeds, so a feed holds what visitors see.
	posts, err := p.Community.AccountFeed(ctx, nil, acc.ID, community.AccountFeedOptions{OnlyMedia: true, ExcludeReplies: true}, community.Cursor{Limit: feedLimit})
	if err != nil {
		return err
	}
	page := p.BaseURL + "/@" + acc.Username
	return p.atom(c, atomFeed{ID: page, Title: acc.Name(), Author: &atomPerson{Name: acc.Name(), URI: page}}, page, acc.CreatedAt, posts)
}

func licenceName(l *lang.Language, id string) string {
	licence, _ := community.LicenceByID(id)
	return l.T(licence.Name)
}

func (p *Pages) tagAtom(c *gin.Context, name string) error {
	ctx := c.Request.Context()
	tag, err := p.Community.Tag(ctx, nil, name)
	if err != nil {
		return err
	}
	spelt(c, name, tag.Name)
	posts, err := p.Community.TagFeed(ctx, nil, name, community.Cursor{Limit: feedLimit})
	if err != nil {
		return err
	}
	page := p.BaseURL + "/tags/" + url.PathEscape(tag.Name)
	return p.atom(c, atomFeed{ID: page, Title: "#" + tag.Name + " · " + p.site(c).Name}, page, tag.CreatedAt, posts)
}

func atomTime(m store.Millis) string { return m.Time().Format(time.RFC3339) }

func (p *Pages) atom(c *gin.Context, feed atomFeed, page string, since store.Millis, posts []*community.Post) error {
	updated := since
	for _, post := range posts {
		at := post.CreatedAt
		if post.EditedAt != nil {
			at = *post.EditedAt
		}
		updated = max(updated, at)
		feed.Entries = append(feed.Entries, p.atomEntry(p.siteLanguage(c), post, at))
	}
	return p.writeAtom(c, feed, page, updated)
}

// writeAtom answers with a feed that has its entries.
func (p *Pages) writeAtom(c *gin.Context, feed atomFeed, page string, updated store.Millis) error {
	feed.Links = []atomLink{{Rel: "alternate", Type: "text/html", Href: page}, {Rel: "self", Type: "application/atom+xml", Href: page + ".atom"}}
	feed.Updated = atomTime(updated)
	c.Header("Content-Type", "application/atom+xml; charset=utf-8")
	c.Status(http.StatusOK)
	if _, err := c.Writer.WriteString(xml.Header); err != nil {
		return err
	}
	return xml.NewEncoder(c.Writer).Encode(feed)
}

func (p *Pages) atomEntry(l *lang.Language, post *community.Post, updated store.Millis) atomEntry {
	link := p.BaseURL + p.postPath(post)
	e := atomEntry{
		ID: link, Title: postTitle(l, post), Published: atomTime(post.CreatedAt), Updated: atomTime(updated),
		Author: atomPerson{Name: post.Author.Name(), URI: p.BaseURL + "/@" + post.Author.Username},
		Rights: licenceName(l, post.Licence),
		Links:  []atomLink{{Rel: "alternate", Type: "text/html", Href: link}},
	}
	caption := p.caption(post)
	if post.Warned() {
		// The feed holds neither the photo nor its address: the reader has not asked for it.
		e.Content = atomContent{Type: "html", Text: "<p>" + html.EscapeString(warningText(l, &post.Post)) + "</p>" + caption}
		return e
	}
	images := ""
	for _, photo := range post.Photos {
		name := fit(photo, 1280)
		src := p.Addresses.PublicAbs(photo.Key(name))
		images += `<p><img src="` + html.EscapeString(src) + `" alt="` + html.EscapeString(photo.Description) + `"></p>`
		for _, v := range photo.Variants.V {
			if v.Name == name {
				e.Links = append(e.Links, atomLink{Rel: "enclosure", Type: "image/jpeg", Href: src, Length: v.Bytes})
			}
		}
	}
	e.Content = atomContent{Type: "html", Text: images + caption}
	return e
}

type sitemapURL struct {
	Loc     string `xml:"loc"`
	LastMod string `xml:"lastmod,omitempty"`
}

const sitemapPosts = 1000

// sitemap lists the newest public posts and their authors, https://www.sitemaps.org/protocol.html.
func (p *Pages) sitemap(c *gin.Context) error {
	set := struct {
		XMLName xml.Name     `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
		URLs    []sitemapURL `xml:"url"`
	}{URLs: []sitemapURL{{Loc: p.BaseURL + "/"}, {Loc: p.BaseURL + "/explore"}, {Loc: p.BaseURL + "/about"}}}
	posts, err := p.Community.NewestAddresses(c.Request.Context(), sitemapPosts)
	if err != nil {
		return err
	}
	seen := map[int64]bool{}
	for _, post := range posts {
		if !seen[post.AuthorID] {
			seen[post.AuthorID] = true
			set.URLs = append(set.URLs, sitemapURL{Loc: p.BaseURL + "/@" + post.Author})
		}
		set.URLs = append(set.URLs, sitemapURL{Loc: p.BaseURL + "/@" + post.Author + "/" + idText(post.ID), LastMod: atomTime(post.CreatedAt)})
	}
	c.Header("Content-Type", "application/xml; charset=utf-8")
	c.Status(http.StatusOK)
	if _, err := c.Writer.WriteString(xml.Header); err != nil {
		return err
	}
	return xml.NewEncoder(c.Writer).Encode(set)
}
