package pages

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) newAlbum(c *gin.Context, _ *store.Account) error {
	return p.showAlbumForm(c, http.StatusOK, nil, nil, templates.AlbumEditView{
		Visibility: string(store.Public), Adders: store.AddersOwner, Ordering: store.OrderByHand, Return: localPath(c.Query("return"), ""),
	})
}

// showAlbumForm renders the form for an album, nil for a new one.
func (p *Pages) showAlbumForm(c *gin.Context, status int, acc *store.Account, al *community.Album, v templates.AlbumEditView) error {
	title := p.lang(c).T("New album")
	v.Action = "/albums"
	if al != nil {
		b := p.viewBuilder(c)
		view := b.albumView(al)
		title, v.Action, v.Album = p.lang(c).T("Edit %s", al.Title), view.URL+"/edit", &view
		invited, err := p.Community.AlbumMembers(c.Request.Context(), acc, al)
		if err != nil {
			return err
		}
		for _, a := range invited {
			v.Invited = append(v.Invited, p.accountView(a))
		}
	}
	v.TitleMax, v.TextMax = community.MaxAlbumTitle, community.MaxAlbumDescription
	pg, err := p.page(c, title)
	if err != nil {
		return err
	}
	return p.render(c, status, templates.AlbumEditPage(pg, v))
}

func enteredAlbum(c *gin.Context) (community.AlbumForm, templates.AlbumEditView) {
	f := community.AlbumForm{
		Title: c.PostForm("title"), Description: c.PostForm("description"), Visibility: store.Visibility(c.PostForm("visibility")),
		Adders: c.PostForm("adders"), Ordering: c.PostForm("ordering"), LastDay: c.PostForm("last_day"),
		IdempotencyKey: c.PostForm("idempotency_key"),
	}
	return f, albumEdit(f)
}

func albumEdit(f community.AlbumForm) templates.AlbumEditView {
	return templates.AlbumEditView{Title: f.Title, Description: f.Description, Visibility: string(f.Visibility), Adders: f.Adders, Ordering: f.Ordering, LastDay: f.LastDay}
}

func (p *Pages) createAlbum(c *gin.Context, acc *store.Account) error {
	f, v := enteredAlbum(c)
	al, err := p.Community.CreateAlbum(c.Request.Context(), acc, f)
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		v.Errors, v.Return = errs, returnTo(c, "")
		return p.showAlbumForm(c, http.StatusUnprocessableEntity, acc, nil, v)
	}
	if err != nil {
		return err
	}
	return redirect(c, returnTo(c, albumPath(al.ID)+"/add"))
}

func (p *Pages) albumForm(c *gin.Context, acc *store.Account) error {
	al, err := p.ownAlbumAt(c, acc)
	if err != nil {
		return err
	}
	return p.showAlbumForm(c, http.StatusOK, acc, al, albumEdit(al.Form()))
}

func (p *Pages) editAlbum(c *gin.Context, acc *store.Account) error {
	al, err := p.ownAlbumAt(c, acc)
	if err != nil {
		return err
	}
	f, v := enteredAlbum(c)
	err = p.Community.EditAlbum(c.Request.Context(), acc, al.ID, f)
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		v.Errors = errs
		return p.showAlbumForm(c, http.StatusUnprocessableEntity, acc, al, v)
	}
	if err != nil {
		return err
	}
	p.setFlash(c, "saved")
	return redirect(c, albumPath(al.ID))
}

func (p *Pages) albumInvite(c *gin.Context, acc *store.Account) error {
	al, err := p.ownAlbumAt(c, acc)
	if err != nil {
		return err
	}
	name := c.PostForm("name")
	err = p.Community.InviteToAlbum(c.Request.Context(), acc, al.ID, name)
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		v := albumEdit(al.Form())
		v.Name, v.Errors = name, errs
		return p.showAlbumForm(c, http.StatusUnprocessableEntity, acc, al, v)
	}
	if err != nil {
		return err
	}
	return redirect(c, albumPath(al.ID)+"/edit#invited")
}

func (p *Pages) albumUninvite(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err == nil {
		err = p.Community.UninviteFromAlbum(c.Request.Context(), acc, id, formID(c.PostForm("account")))
	}
	if err != nil {
		return err
	}
	return redirect(c, albumPath(id)+"/edit#invited")
}

func (p *Pages) albumLeave(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err == nil {
		err = p.Community.UninviteFromAlbum(c.Request.Context(), acc, id, acc.ID)
	}
	if err != nil {
		return err
	}
	return redirect(c, "/albums/yours")
}

func (p *Pages) arrangeAlbum(c *gin.Context, acc *store.Account) error {
	al, err := p.ownAlbumAt(c, acc)
	if err != nil {
		return err
	}
	skip := skipped(c)
	items, _, err := p.Community.AlbumItems(c.Request.Context(), acc, al, skip, gridLimit)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Arrange %s", al.Title))
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	return p.render(c, http.StatusOK, templates.AlbumArrangePage(pg, templates.AlbumArrangeView{
		Album: b.albumView(al), Items: b.albumItems(al.ID, items), Pager: skipPager(c, skip, len(items), gridLimit),
	}))
}

func (p *Pages) orderAlbum(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	photo := formID(c.PostForm("photo"))
	if err := p.Community.MoveInAlbum(c.Request.Context(), acc, id, photo, community.AlbumMove(c.PostForm("to")), formID(c.PostForm("before"))); err != nil {
		return err
	}
	if wantsFragment(c) {
		c.Status(http.StatusOK)
		return nil
	}
	return redirect(c, withFragment(returnTo(c, albumPath(id)+"/arrange"), "p-"+idText(photo)))
}

func (p *Pages) albumCover(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err == nil {
		err = p.Community.SetAlbumCover(c.Request.Context(), acc, id, formID(c.PostForm("photo")))
	}
	if err != nil {
		return err
	}
	p.setFlash(c, "saved")
	return redirect(c, returnTo(c, albumPath(id)+"/arrange"))
}

func (p *Pages) albumRemove(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err == nil {
		err = p.Community.RemoveFromAlbum(c.Request.Context(), acc, id, formID(c.PostForm("photo")))
	}
	if err != nil {
		return err
	}
	p.setFlash(c, "removed")
	return redirect(c, returnTo(c, albumPath(id)))
}

func (p *Pages) albumAddForm(c *gin.Context, acc *store.Account) error {
	return p.showAlbumAdd(c, http.StatusOK, acc, templates.AlbumAddView{})
}

func (p *Pages) showAlbumAdd(c *gin.Context, status int, acc *store.Account, v templates.AlbumAddView) error {
	al, err := p.albumAt(c)
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	v.Album, v.KeptOriginals = b.albumView(al), p.KeepOriginals
	if !v.Album.MayAdd && v.Errors == nil {
		return community.ErrForbidden
	}
	page := pageOf(c, gridLimit)
	items, err := p.Community.OwnPhotos(c.Request.Context(), acc, al, page)
	if err != nil {
		return err
	}
	b.acc = acc
	v.Items = b.albumItems(al.ID, items)
	v.Pager = past(c)
	if len(items) > 0 {
		v.Pager = pager(c, page, items[0].Photo.ID, items[len(items)-1].Photo.ID, len(items))
	}
	pg, err := p.page(c, p.lang(c).T("Add to %s", al.Title))
	if err != nil {
		return err
	}
	pg.Path = localPath(c.Request.URL.RequestURI(), "/")
	return p.render(c, status, templates.AlbumAddPage(pg, v))
}

// chosenPhotos reads the boxes of a form.
func chosenPhotos(c *gin.Context) (ids []int64, chosen map[string]bool) {
	chosen = map[string]bool{}
	for _, s := range c.PostFormArray("photos") {
		if id := formID(s); id != 0 {
			ids = append(ids, id)
			chosen[s] = true
		}
	}
	return ids, chosen
}

func (p *Pages) albumAdd(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	photos, chosen := chosenPhotos(c)
	_, err = p.Community.AddToAlbum(c.Request.Context(), acc, id, photos, on(c, "originals"))
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		return p.showAlbumAdd(c, http.StatusUnprocessableEntity, acc, templates.AlbumAddView{Chosen: chosen, Originals: on(c, "originals"), Errors: errs})
	}
	if err != nil {
		return err
	}
	return redirect(c, albumPath(id))
}

func (p *Pages) albumDeleteForm(c *gin.Context, acc *store.Account) error {
	al, err := p.ownAlbumAt(c, acc)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Delete %s", al.Title))
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, templates.AlbumDeletePage(pg, templates.AlbumDeleteView{Album: p.viewBuilder(c).albumView(al)}))
}

func (p *Pages) albumDelete(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err == nil {
		err = p.Community.DeleteAlbum(c.Request.Context(), acc, id)
	}
	if err != nil {
		return err
	}
	p.setFlash(c, "deleted")
	return redirect(c, "/albums/yours")
}

func (p *Pages) postAlbumsForm(c *gin.Context, acc *store.Account) error {
	return p.showPostAlbums(c, http.StatusOK, acc, templates.PostAlbumsView{})
}

func (p *Pages) showPostAlbums(c *gin.Context, status int, acc *store.Account, v templates.PostAlbumsView) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	post, err := p.Community.PostByID(ctx, acc, id)
	switch {
	case err != nil:
		return err
	case post.Kind != store.KindPost:
		return community.ErrNotFound
	case post.AuthorID != acc.ID:
		return community.ErrForbidden
	}
	albums, err := p.Community.AlbumsToAddTo(ctx, acc)
	if err != nil {
		return err
	}
	if v.Unseen, err = p.Community.UnseenAlbums(ctx, acc, id); err != nil {
		return err
	}
	b := p.viewBuilder(c)
	v.Post, v.KeptOriginals = b.postView(post, false), p.KeepOriginals
	for _, al := range albums {
		v.Albums = append(v.Albums, b.albumView(al))
	}
	if v.Album == "" && len(v.Albums) > 0 {
		v.Album = v.Albums[0].ID
	}
	if v.Chosen == nil {
		v.Chosen = map[string]bool{}
		for _, ph := range post.Photos {
			v.Chosen[idText(ph.ID)] = true
		}
	}
	pg, err := p.page(c, p.lang(c).T("Add to an album"))
	if err != nil {
		return err
	}
	return p.render(c, status, templates.PostAlbumsPage(pg, v))
}

func (p *Pages) postAlbums(c *gin.Context, acc *store.Account) error {
	if on(c, "leave") {
		id, err := idParam(c, "id")
		if err == nil {
			err = p.Community.LeaveUnseenAlbums(c.Request.Context(), acc, id)
		}
		if err != nil {
			return err
		}
		p.setFlash(c, "removed")
		return redirect(c, "/posts/"+idText(id)+"/albums")
	}
	photos, chosen := chosenPhotos(c)
	album := formID(c.PostForm("album"))
	_, err := p.Community.AddToAlbum(c.Request.Context(), acc, album, photos, on(c, "originals"))
	if album == 0 || errors.Is(err, community.ErrForbidden) { // chosen from a list that has changed
		err = &community.Invalid{Fields: []community.FieldError{{Field: "album", Code: "invalid", Message: lang.Key("Choose an album you may add to.")}}}
	}
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		return p.showPostAlbums(c, http.StatusUnprocessableEntity, acc, templates.PostAlbumsView{Album: c.PostForm("album"), Chosen: chosen, Originals: on(c, "originals"), Errors: errs})
	}
	if err != nil {
		return err
	}
	return redirect(c, albumPath(album))
}
