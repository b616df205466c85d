package pages

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/media"
	"tintype/internal/store"
	"tintype/templates"
)

// A viewBuilder makes the typed views of one page. It knows the viewer and what the page was asked to show.
type viewBuilder struct {
	p    *Pages
	acc  *store.Account
	show *asked
	path *url.URL
	now  time.Time
	lang *lang.Language

	filtered bool // a filter covers the post
	withheld bool // the site withholds the photos from others: their author is suspended
}

// asked is the warned post whose photos a page was asked for.
type asked struct {
	id    int64
	found bool // the page holds it
}

const askedKey = "asked"

func (p *Pages) viewBuilder(c *gin.Context) viewBuilder {
	show := &asked{id: formID(c.Query("show"))}
	c.Set(askedKey, show)
	return viewBuilder{p: p, acc: viewer(c), show: show, path: c.Request.URL, now: time.Now(), lang: p.lang(c)}
}

// invented reports whether the page's address was made up: it asks for a post that the page does not hold, as no link
// of the site does. The numbers of such addresses have no end, so no cache keeps the page.
func invented(c *gin.Context) bool {
	show, ok := c.Value(askedKey).(*asked)
	return ok && show.id != 0 && !show.found
}

// keyURL returns the address of a media key for this reader. Addresses of private keys work only in the reader's own
// session.
func (b viewBuilder) keyURL(key string) string {
	id := int64(0)
	if b.acc != nil {
		id = b.acc.ID
	}
	switch {
	case strings.HasPrefix(key, store.SetPrivate+"/"):
		return b.p.Addresses.Private(key, id, true, b.now)
	case b.withheld:
		return b.p.Addresses.Withheld(key, id, true, b.now)
	}
	return b.p.Addresses.Public(key)
}

// avatarURL returns the address of an avatar's square, "" for none.
func (p *Pages) avatarURL(photo *store.Photo) string {
	if photo == nil || photo.SetRandom == "" {
		return ""
	}
	return viewBuilder{p: p, now: time.Now()}.keyURL(photo.Key(media.SquareName))
}

func (p *Pages) headerURL(photo *store.Photo) string {
	if photo == nil || photo.SetRandom == "" {
		return ""
	}
	return viewBuilder{p: p, now: time.Now()}.keyURL(photo.Key(fit(photo, 1280)))
}

// fit names the smallest variant at least width wide, else the largest.
func fit(photo *store.Photo, width int) string {
	best := store.Variant{}
	for _, v := range photo.Variants.V {
		if v.Name == media.SquareName {
			continue
		}
		if best.Name == "" || best.Width < width && v.Width > best.Width || v.Width >= width && v.Width < best.Width {
			best = v
		}
	}
	return best.Name
}

func (p *Pages) accountView(a *store.Account) templates.AccountView {
	return templates.AccountView{
		ID: idText(a.ID), Name: a.Username, DisplayName: a.Name(), URL: "/@" + a.Username,
		AvatarURL: p.avatarURL(a.Avatar), Locked: a.Locked,
	}
}

func (b viewBuilder) photoView(photo *store.Photo, post *store.Post, author *store.Account, n int) templates.PhotoView {
	v := templates.PhotoView{
		ID: idText(photo.ID), Width: photo.Width, Height: photo.Height,
		ColorTop: photo.ColorTop, ColorBottom: photo.ColorBottom,
		Alt: photo.Description, Described: photo.Description != "",
		SquareURL: b.keyURL(photo.Key(media.SquareName)), Focus: templates.FocusClass(focusStep(photo.FocusX), -focusStep(photo.FocusY)),
	}
	for _, s := range photo.Variants.V {
		if s.Name != media.SquareName {
			v.Sources = append(v.Sources, templates.Source{URL: b.keyURL(photo.Key(s.Name)), Width: s.Width})
		}
	}
	slices.SortFunc(v.Sources, func(a, b templates.Source) int { return a.Width - b.Width })
	if post != nil {
		v.LightboxURL = fmt.Sprintf("/@%s/%d/%d", author.Username, post.ID, n)
		if post.ShowExif {
			v.Exposure = exposure(b.lang, photo.Metadata.V)
		}
	}
	if b.acc != nil && b.acc.ID == photo.AccountID {
		v.OriginalURL = "/photos/" + idText(photo.ID) + "/original"
	}
	return v
}

// sensitivity is "ISO 100", or "".
func sensitivity(m store.PhotoMetadata) string {
	if m.ISO == "" {
		return ""
	}
	return "ISO " + m.ISO
}

func exposure(l *lang.Language, m store.PhotoMetadata) *templates.Exposure {
	e := &templates.Exposure{FocalLength: m.FocalLength, Aperture: m.Aperture, Shutter: m.Exposure, ISO: sensitivity(m), Camera: m.Camera, Lens: m.Lens}
	e.Taken = takenText(l, m.TakenAt)
	if *e == (templates.Exposure{}) {
		return nil
	}
	return e
}

// takenText writes when a photo was taken, in the camera's own time; without a clock where the file tells none.
func takenText(l *lang.Language, at string) string {
	if t, err := time.Parse(time.DateOnly, at); err == nil {
		return l.Date(t, "2 Jan 2006")
	}
	if len(at) >= 19 {
		if t, err := time.Parse("2006-01-02T15:04:05", at[:19]); err == nil {
			return l.Date(t, "2 Jan 2006, 15:04")
		}
	}
	return ""
}

// covered reports whether the photos of a warned post are kept back from this reader.
func (b viewBuilder) covered(post *community.Post) bool {
	if b.filtered {
		return true
	}
	if !post.Warned() || b.asks(post.ID) {
		return false
	}
	if b.acc == nil {
		return true
	}
	return b.acc.WarnedPhotos != "show" && b.acc.ID != post.AuthorID
}

// caption renders the text of a post or comment with its links.
func (p *Pages) caption(post *community.Post) string {
	return string(p.Community.Render(post.Caption, post.Mentions, post.Tags))
}

// plain returns a text on one line. One longer than n characters is cut at a word.
func plain(s string, n int) string {
	s = community.Plain(s)
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	cut := string(r[:n])
	if i := strings.LastIndexByte(cut, ' '); i > n/2 {
		cut = cut[:i]
	}
	return cut + "…"
}

const captionLines = 6

func (b viewBuilder) postView(post *community.Post, feed bool) templates.PostView {
	v := templates.PostView{
		ID: idText(post.ID), URL: b.p.postPath(post), Author: b.p.accountView(post.Author),
		Created: b.when(post.CreatedAt), Edited: post.EditedAt != nil, Visibility: string(post.Visibility),
		Warning: warningText(b.lang, &post.Post), Covered: b.covered(post),
		Likes: post.LikesCount, Boosts: post.BoostsCount, Comments: post.CommentsCount, Liked: post.Liked, Boosted: post.Boosted, Muted: post.Muted, Pinned: post.Pinned, Bookmarked: post.Bookmarked,
		Own:     b.acc != nil && b.acc.ID == post.AuthorID,
		Removes: community.May(b.acc, community.RemovePost) && community.MayActOn(b.acc, post.Author),
		Caption: templates.RichText(b.p.caption(post)),
	}
	v.Boostable = post.Kind == store.KindPost && post.Visibility != store.Followers
	if post.Booster != nil {
		by := b.p.accountView(post.Booster)
		v.Booster = &by
	}
	if feed {
		v.CaptionCut = strings.Count(post.Caption, "\n") >= captionLines || len(post.Caption) > 400
	}
	if lic, ok := community.LicenceByID(post.Licence); ok && lic.URL != "" {
		v.LicenceName, v.LicenceURL = lic.Name, lic.URL
	}
	v.Photos = b.photoViews(post, v.Covered)
	if v.Covered {
		v.ShowURL = b.showURL(v.ID, "p-"+v.ID)
	}
	return v
}

func warningText(l *lang.Language, post *store.Post) string {
	if post.Warning == "" && post.Sensitive {
		return l.T("Sensitive content")
	}
	return post.Warning
}

func (b viewBuilder) postViews(posts []*community.Post, feed bool) []templates.PostView {
	out := make([]templates.PostView, 0, len(posts))
	for _, post := range posts {
		if post.Hidden() {
			continue
		}
		out = append(out, b.filteredView(post, feed))
	}
	return out
}

// filteredView is postView in a list, where a filter may cover the post: then nothing of what it says leaves the server.
func (b viewBuilder) filteredView(post *community.Post, feed bool) templates.PostView {
	title := post.CoveredBy()
	if title == "" || b.asks(post.ID) {
		return b.postView(post, feed)
	}
	covered := *post
	covered.Caption, covered.Warning, covered.Photos = "", b.lang.T("Filtered: %s", title), slices.Clone(post.Photos)
	for i, ph := range covered.Photos {
		photo := *ph
		photo.Description = ""
		covered.Photos[i] = &photo
	}
	bare := b
	bare.filtered = true
	return bare.postView(&covered, feed)
}

// asks reports whether the page was asked to show this post.
func (b viewBuilder) asks(id int64) bool {
	if b.show == nil || b.show.id != id {
		return false
	}
	b.show.found = true
	return true
}

// postPath is the page of a post. A comment's address leads on to its place on the post's page.
func (p *Pages) postPath(post *community.Post) string {
	if post.Held {
		return "/held"
	}
	if post.Kind == store.KindComment {
		return "/posts/" + idText(post.ID)
	}
	return "/@" + post.Author.Username + "/" + idText(post.ID)
}

func (b viewBuilder) when(m store.Millis) templates.When {
	t := m.Time()
	text, spoken := ago(b.lang, b.now.Sub(t))
	return templates.When{At: t, Text: text, Spoken: spoken}
}

// ago returns a short age, and the form that is read out; "" where the date says more.
func ago(l *lang.Language, d time.Duration) (text, spoken string) {
	minutes, hours := int(d.Minutes()), int(d.Hours())
	switch {
	case minutes < 1:
		return l.T("now"), l.T("just now")
	case hours < 1:
		return l.T("%d min", minutes), l.N("%d minute ago", "%d minutes ago", minutes)
	case hours < 24:
		return l.T("%d h", hours), l.N("%d hour ago", "%d hours ago", hours)
	case hours < 7*24:
		return l.T("%d d", hours/24), ""
	}
	return "", ""
}

func (p *Pages) relationView(viewer, acc *store.Account, r community.Relationship) templates.RelationView {
	return templates.RelationView{
		Account: p.accountView(acc), Own: viewer != nil && viewer.ID == acc.ID,
		Following: r.Following, Requested: r.Requested, FollowsYou: r.FollowedBy, Blocking: r.Blocking,
		Muting: r.Muting, HideBoosts: r.HideBoosts, Notify: r.Notify, Note: r.Note,
	}
}

// personViews makes rows of people, with the viewer's relationship to each.
func (p *Pages) personViews(c *gin.Context, people []*store.Account) ([]templates.PersonView, error) {
	me := viewer(c)
	rel := map[int64]community.Relationship{}
	if me != nil {
		ids := make([]int64, 0, len(people))
		for _, a := range people {
			ids = append(ids, a.ID)
		}
		rs, err := p.Community.Relationships(c.Request.Context(), me, ids, false)
		if err != nil {
			return nil, err
		}
		for _, r := range rs {
			rel[r.ID] = r
		}
	}
	out := make([]templates.PersonView, 0, len(people))
	for _, a := range people {
		out = append(out, templates.PersonView{
			Account: p.accountView(a), Bio: plain(a.Note, 140), Relation: p.relationView(me, a, rel[a.ID]),
		})
	}
	return out, nil
}
