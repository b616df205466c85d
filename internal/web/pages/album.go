package pages

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) registerAlbums(r Routes) {
	r.Cacheable(http.MethodGet, "/albums", p.albums, "max_id", "min_id", "show")
	r.Personal(http.MethodGet, "/albums/yours", p.member(p.yourAlbums))
	r.Cacheable(http.MethodGet, "/@:name/albums", p.albumsOf, "max_id", "min_id", "show")
	r.Personal(http.MethodGet, "/albums/new", p.member(p.newAlbum))
	r.Personal(http.MethodPost, "/albums", p.member(p.createAlbum))
	r.Cacheable(http.MethodGet, "/albums/:id", p.album, "after", "show")
	r.Cacheable(http.MethodGet, "/albums/:id/photos/:photo", p.albumSlide, "show")
	r.Personal(http.MethodGet, "/albums/:id/photos/:photo/remove", p.member(p.albumRemoveForm))
	r.Personal(http.MethodGet, "/albums/:id/edit", p.member(p.albumForm))
	r.Personal(http.MethodPost, "/albums/:id/edit", p.member(p.editAlbum))
	r.Personal(http.MethodGet, "/albums/:id/arrange", p.member(p.arrangeAlbum))
	r.Personal(http.MethodPost, "/albums/:id/order", p.member(p.orderAlbum))
	r.Personal(http.MethodPost, "/albums/:id/cover", p.member(p.albumCover))
	r.Personal(http.MethodPost, "/albums/:id/remove", p.member(p.goneOnce(p.albumRemove, leadsUp("removed", "/albums/"))))
	r.Personal(http.MethodGet, "/albums/:id/add", p.member(p.albumAddForm))
	r.Personal(http.MethodPost, "/albums/:id/add", p.member(p.albumAdd))
	r.Personal(http.MethodPost, "/albums/:id/invite", p.member(p.albumInvite))
	r.Personal(http.MethodPost, "/albums/:id/uninvite", p.member(p.albumUninvite))
	r.Personal(http.MethodPost, "/albums/:id/leave", p.member(p.albumLeave))
	r.Personal(http.MethodGet, "/albums/:id/delete", p.member(p.albumDeleteForm))
	r.Personal(http.MethodPost, "/albums/:id/delete", p.member(p.goneOnce(p.albumDelete, leads("deleted", "/albums/yours"))))
	r.Personal(http.MethodGet, "/albums/:id/download", p.member(p.albumDownload))
	r.Personal(http.MethodPost, "/albums/:id/download", p.member(p.startAlbumDownload))
	r.Download(http.MethodGet, "/downloads/:random", p.member(p.downloadFile))
	r.Personal(http.MethodGet, "/posts/:id/albums", p.member(p.postAlbumsForm))
	r.Personal(http.MethodPost, "/posts/:id/albums", p.member(p.postAlbums))
}

func albumPath(id int64) string { return "/albums/" + idText(id) }

func slidePath(album, photo int64) string { return albumPath(album) + "/photos/" + idText(photo) }

func (b viewBuilder) albumView(al *community.Album) templates.AlbumView {
	v := templates.AlbumView{
		ID: idText(al.ID), URL: albumPath(al.ID), Title: al.Title, Text: b.p.bio(al.Description), Owner: b.p.accountView(al.Owner),
		Visibility: string(al.Visibility), Adders: al.Adders, Over: !al.Open(b.now), Own: b.acc != nil && b.acc.ID == al.OwnerID,
		Invited: al.Invited, MayAdd: al.MayAdd(b.acc, b.now), ByHand: al.Ordering == store.OrderByHand,
	}
	if al.EndsAt != nil {
		v.LastDay = b.lang.Date(al.EndsAt.Time().AddDate(0, 0, -1), "2 Jan 2006")
	}
	return v
}

func (b viewBuilder) albumItem(album int64, item *community.AlbumItem) templates.AlbumItemView {
	post := b.filteredView(item.Post, false)
	v := templates.AlbumItemView{Post: post, Photo: post.Photos[item.Number-1], URL: slidePath(album, item.Photo.ID)}
	if post.Covered {
		before, _, _ := strings.Cut(post.ShowURL, "#")
		v.Post.ShowURL = before + "#p-" + v.Photo.ID
	}
	return v
}

func (b viewBuilder) albumItems(album int64, items []*community.AlbumItem) []templates.AlbumItemView {
	out := make([]templates.AlbumItemView, 0, len(items))
	for _, item := range items {
		out = append(out, b.albumItem(album, item))
	}
	return out
}

func (b viewBuilder) albumCards(albums []*community.Album) []templates.AlbumCardView {
	out := make([]templates.AlbumCardView, len(albums))
	for i, al := range albums {
		out[i] = templates.AlbumCardView{AlbumView: b.albumView(al)}
		if al.Cover != nil && !al.Cover.Post.Hidden() {
			item := b.albumItem(al.ID, al.Cover)
			out[i].Cover = &item
		}
	}
	return out
}

func albumsPager(c *gin.Context, page community.Cursor, albums []*community.Album) templates.Pager {
	if len(albums) == 0 {
		return past(c)
	}
	return pager(c, page, albums[0].ID, albums[len(albums)-1].ID, len(albums))
}

func (p *Pages) albums(c *gin.Context) error {
	page := pageOf(c, gridLimit)
	albums, err := p.Community.Albums(c.Request.Context(), viewer(c), page)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Albums"))
	if err != nil {
		return err
	}
	pg.Canonical = p.BaseURL + "/albums"
	pg.Description = pg.T("The albums on %s.", p.site(c).Name)
	return p.showAlbums(c, pg, templates.AlbumsView{Kind: templates.AlbumsAll}, page, albums)
}

func (p *Pages) yourAlbums(c *gin.Context, acc *store.Account) error {
	page := pageOf(c, gridLimit)
	albums, err := p.Community.AlbumsWith(c.Request.Context(), acc, page)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Your albums"))
	if err != nil {
		return err
	}
	return p.showAlbums(c, pg, templates.AlbumsView{Kind: templates.AlbumsYours}, page, albums)
}

// showAlbums renders a list of albums, and photographs to begin with where it is empty.
func (p *Pages) showAlbums(c *gin.Context, pg *templates.Page, v templates.AlbumsView, page community.Cursor, albums []*community.Album) (err error) {
	b := p.viewBuilder(c)
	v.Albums, v.Pager = b.albumCards(albums), albumsPager(c, page, albums)
	if len(albums) == 0 && v.Pager.FirstURL == "" {
		if v.Newest, err = p.newest(c, b); err != nil {
			return err
		}
	}
	return p.render(c, http.StatusOK, templates.AlbumsPage(pg, v))
}

func (p *Pages) albumsOf(c *gin.Context) error {
	acc, err := p.accountOf(c)
	if err != nil {
		return err
	}
	me := viewer(c)
	page := pageOf(c, gridLimit)
	albums, err := p.Community.AlbumsOf(c.Request.Context(), me, acc.ID, page)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Albums of %s", acc.Name()))
	if err != nil {
		return err
	}
	pg.NoIndex = !acc.Discoverable
	pg.Canonical = p.BaseURL + "/@" + acc.Username + "/albums"
	return p.render(c, http.StatusOK, templates.AlbumsPage(pg, templates.AlbumsView{
		Kind: templates.AlbumsOf, Owner: p.accountView(acc), Own: me != nil && me.ID == acc.ID,
		Albums: p.viewBuilder(c).albumCards(albums), Pager: albumsPager(c, page, albums),
	}))
}

// albumAt is the album of the address, which the reader may see.
func (p *Pages) albumAt(c *gin.Context) (*community.Album, error) {
	id, err := idParam(c, "id")
	if err != nil {
		return nil, err
	}
	return p.Community.AlbumByID(c.Request.Context(), viewer(c), id)
}

// ownAlbumAt is albumAt for its owner.
func (p *Pages) ownAlbumAt(c *gin.Context, acc *store.Account) (*community.Album, error) {
	al, err := p.albumAt(c)
	if err == nil && al.OwnerID != acc.ID {
		err = community.ErrForbidden
	}
	return al, err
}

func (p *Pages) album(c *gin.Context) error {
	if id, ok := strings.CutSuffix(c.Param("id"), ".atom"); ok {
		return p.albumAtom(c, id)
	}
	al, err := p.albumAt(c)
	if err != nil {
		return err
	}
	skip := skipped(c)
	items, total, err := p.Community.AlbumItems(c.Request.Context(), viewer(c), al, skip, gridLimit)
	if err != nil {
		return err
	}
	pages, some := skipPager(c, skip, len(items), gridLimit), len(items) > 0
	items = slices.DeleteFunc(items, func(i *community.AlbumItem) bool { return i.Post.Hidden() })
	pages.AllHidden = some && len(items) == 0
	pg, err := p.page(c, al.Title)
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	v := templates.AlbumPageView{Album: b.albumView(al), Items: b.albumItems(al.ID, items), Total: total, Pager: pages}
	if len(items) > 0 {
		v.SlidesURL = v.Items[0].URL
	}
	p.describeAlbum(pg, al, items)
	if al.Visibility == store.Public {
		v.ShareURL = pg.Canonical
	}
	return p.render(c, http.StatusOK, templates.AlbumPage(pg, v))
}

// describeAlbum fills the preview that other sites show of a link to the album. It holds no photo that not everybody may see.
func (p *Pages) describeAlbum(pg *templates.Page, al *community.Album, items []*community.AlbumItem) {
	if al.Visibility != store.Public {
		pg.NoIndex = true
		return
	}
	pg.Canonical = p.BaseURL + albumPath(al.ID)
	pg.AtomURL = pg.Canonical + ".atom"
	pg.Description = pg.T("An album by %s on %s.", al.Owner.Name(), pg.Site.Name)
	if text := plain(al.Description, 200); text != "" {
		pg.Description = text
	}
	pg.OpenGraph = &templates.OpenGraph{Type: "article", Title: al.Title, URL: pg.Canonical, Description: pg.Description}
	if pg.Site.MembersOnly {
		return
	}
	open := slices.IndexFunc(items, func(i *community.AlbumItem) bool { return i.Post.Visibility == store.Public && !i.Post.Warned() })
	if open >= 0 {
		photo := items[open].Photo
		pg.OpenGraph.ImageURL, pg.OpenGraph.ImageAlt = p.Addresses.PublicAbs(photo.Key(fit(photo, 1280))), photo.Description
	}
}

// albumAtom is what visitors see of the album that was added last.
func (p *Pages) albumAtom(c *gin.Context, name string) error {
	id := formID(name)
	if id == 0 || name != idText(id) {
		return community.ErrNotFound
	}
	ctx := c.Request.Context()
	al, err := p.Community.AlbumByID(ctx, nil, id)
	if err != nil {
		return err
	}
	items, err := p.Community.NewestInAlbum(ctx, nil, al, feedLimit)
	if err != nil {
		return err
	}
	page := p.BaseURL + albumPath(al.ID)
	feed := atomFeed{ID: page, Title: al.Title, Author: &atomPerson{Name: al.Owner.Name(), URI: p.BaseURL + "/@" + al.Owner.Username}}
	for _, item := range items {
		one := *item.Post
		one.Photos = []*store.Photo{item.Photo}
		at := one.CreatedAt
		if one.EditedAt != nil {
			at = *one.EditedAt
		}
		e := p.atomEntry(p.siteLanguage(c), &one, at)
		e.ID = p.BaseURL + slidePath(al.ID, item.Photo.ID)
		feed.Entries = append(feed.Entries, e)
	}
	return p.writeAtom(c, feed, page, al.UpdatedAt)
}

func (p *Pages) slideAt(c *gin.Context) (*community.Album, *community.AlbumSlide, error) {
	al, err := p.albumAt(c)
	if err != nil {
		return nil, nil, err
	}
	photo, err := idParam(c, "photo")
	if err != nil {
		return nil, nil, err
	}
	slide, err := p.Community.AlbumSlide(c.Request.Context(), viewer(c), al, photo)
	return al, slide, err
}

func (p *Pages) slideView(b viewBuilder, al *community.Album, s *community.AlbumSlide) templates.AlbumSlideView {
	v := templates.AlbumSlideView{Album: b.albumView(al), Item: b.albumItem(al.ID, &s.AlbumItem), Place: s.Place, Total: s.Total, AlbumURL: albumPath(al.ID)}
	if skip := (s.Place - 1) / gridLimit * gridLimit; skip > 0 {
		v.AlbumURL += "?after=" + idText(int64(skip))
	}
	v.AlbumURL += "#p-" + v.Item.Photo.ID
	if s.Previous != 0 {
		v.Previous = slidePath(al.ID, s.Previous)
	}
	if s.Next != 0 {
		v.Next = slidePath(al.ID, s.Next)
	}
	v.MayRemove = b.acc != nil && (b.acc.ID == al.OwnerID || b.acc.ID == s.Post.AuthorID)
	return v
}

func (p *Pages) albumSlide(c *gin.Context) error {
	al, s, err := p.slideAt(c)
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	v, title := p.slideView(b, al, s), postTitle(b.lang, s.Post)
	if v.Item.Post.Covered {
		title = b.lang.T("Photograph by %s", s.Post.Author.Name())
	}
	pg, err := p.page(c, al.Title+": "+title)
	if err != nil {
		return err
	}
	if al.Visibility == store.Public && s.Post.Visibility == store.Public {
		pg.Canonical = p.BaseURL + p.postPath(s.Post)
	} else {
		pg.NoIndex = true
	}
	return p.render(c, http.StatusOK, templates.AlbumSlidePage(pg, v))
}

func (p *Pages) albumRemoveForm(c *gin.Context, _ *store.Account) error {
	al, s, err := p.slideAt(c)
	if err != nil {
		return err
	}
	v := p.slideView(p.viewBuilder(c), al, s)
	if !v.MayRemove {
		return community.ErrForbidden
	}
	pg, err := p.page(c, p.lang(c).T("Remove"))
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, templates.AlbumRemovePage(pg, v))
}
