package pages

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/media"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) registerEdit(r Routes) {
	r.Personal(http.MethodGet, "/posts/:id/edit", p.member(p.editForm))
	r.Personal(http.MethodPost, "/posts/:id/edit", p.member(p.edit))
	r.Upload(http.MethodPost, "/posts/:id/photos", community.MaxPhotos, p.member(p.addToPost))
}

func (p *Pages) editForm(c *gin.Context, acc *store.Account) error {
	post, err := p.ownPost(c, acc)
	if err != nil {
		return err
	}
	if post.Kind == store.KindComment {
		return p.editComment(c, acc, post)
	}
	v := p.editView(c, post)
	v.Photos = p.editPhotos(c, post.Photos)
	ids := make([]string, len(post.Photos))
	for i, ph := range post.Photos {
		ids[i] = idText(ph.ID)
	}
	v.Had = strings.Join(ids, ",")
	return p.showEdit(c, http.StatusOK, v)
}

// had reads the photos that the post had when its form was first shown, nil where the form does not say.
func had(form string) (ids []int64) {
	for _, s := range strings.Split(form, ",") {
		if id := formID(s); id != 0 && len(ids) < maxFiles {
			ids = append(ids, id)
		}
	}
	return ids
}

// ownPost returns a post of the member's own, else an error.
func (p *Pages) ownPost(c *gin.Context, acc *store.Account) (*community.Post, error) {
	id, err := idParam(c, "id")
	if err != nil {
		return nil, err
	}
	post, err := p.Community.PostByID(c.Request.Context(), acc, id)
	if err != nil {
		return nil, err
	}
	if post.AuthorID != acc.ID {
		return nil, community.ErrForbidden
	}
	return post, nil
}

func (p *Pages) editView(c *gin.Context, post *community.Post) templates.PostEditView {
	return templates.PostEditView{
		Post: p.viewBuilder(c).postView(post, false), Caption: post.Caption, CaptionMax: community.MaxCaption, Warning: post.Warning,
		Visibility: string(post.Visibility), Licence: post.Licence, Licences: licenceOptions(p.lang(c)), ShowExif: post.ShowExif,
		CommentsFrom: string(post.CommentsFrom),
		MaxPhotos:    community.MaxPhotos, MaxBytes: p.MaxUploadBytes, Limit: p.photoLimit(p.lang(c)), Accept: p.Accept, HEIC: p.HEIC, HEICHelp: p.lang(c).T(media.HEICSentence),
	}
}

func (p *Pages) editPhotos(c *gin.Context, photos []*store.Photo) []templates.DraftPhotoView {
	b := p.viewBuilder(c)
	out := make([]templates.DraftPhotoView, len(photos))
	for i, ph := range photos {
		out[i] = p.draftPhoto(b, ph)
		out[i].Name = ph.FileName // feeds and pages do not read it, so that those of the post have none
		out[i].Attached = ph.PostID != nil
	}
	return out
}

func (p *Pages) showEdit(c *gin.Context, status int, v templates.PostEditView) error {
	pg, err := p.page(c, p.lang(c).T("Edit"))
	if err != nil {
		return err
	}
	pg.Path = v.Post.URL
	return p.render(c, status, templates.PostEditPage(pg, v))
}

// enteredEdit reads the form of an edit: its words, and its photos with what was entered of each. A form without photos
// has those of the post.
func (p *Pages) enteredEdit(c *gin.Context, acc *store.Account, post *community.Post) (templates.PostEditView, []*store.Photo, error) {
	v := p.editView(c, post)
	v.Caption, v.Warning, v.Licence, v.ShowExif = c.PostForm("caption"), c.PostForm("warning"), c.PostForm("licence"), on(c, "show_exif")
	v.Visibility = c.DefaultPostForm("visibility", string(post.Visibility))
	v.CommentsFrom = c.DefaultPostForm("comments_from", string(post.CommentsFrom))
	v.Had = c.PostForm("had")
	listed, ok := c.GetPostFormArray("photo")
	if !ok {
		return v, post.Photos, nil
	}
	var photos []*store.Photo
	for _, s := range listed[:min(len(listed), maxFiles)] {
		id := formID(s)
		at := slices.IndexFunc(post.Photos, func(ph *store.Photo) bool { return ph.ID == id })
		if at >= 0 {
			photos = append(photos, post.Photos[at])
			continue
		}
		ph, err := p.Community.PhotoByID(c.Request.Context(), acc, id)
		switch {
		case isNotFound(err): // it was removed meanwhile
		case err != nil:
			return v, nil, err
		default:
			photos = append(photos, ph)
		}
	}
	return v, inPlace(c, photos), nil
}

// inPlace sorts photos by the numbers that were entered as their places. A photo whose number was not changed stays.
func inPlace(c *gin.Context, photos []*store.Photo) []*store.Photo {
	at := make(map[int64]int, len(photos))
	for i, ph := range photos {
		at[ph.ID] = (i + 1) * 2
		if n, err := strconv.Atoi(c.PostForm("order-" + idText(ph.ID))); err == nil && n != i+1 && n >= 1 && n <= 99 {
			at[ph.ID] = n*2 + cmp.Compare(n, i+1) // before or behind the one that stands there
		}
	}
	slices.SortStableFunc(photos, func(a, b *store.Photo) int { return at[a.ID] - at[b.ID] })
	return photos
}

// moved carries out one of the form's buttons on its photos: drop=ID takes one out, move=ID:-1 moves it forward.
func moved(c *gin.Context, photos []*store.Photo) (out []*store.Photo, asked bool) {
	index := func(id string) int {
		return slices.IndexFunc(photos, func(ph *store.Photo) bool { return idText(ph.ID) == id })
	}
	if id, ok := c.GetPostForm("drop"); ok {
		if i := index(id); i >= 0 {
			photos = slices.Delete(slices.Clone(photos), i, i+1)
		}
		return photos, true
	}
	move, ok := c.GetPostForm("move")
	if !ok {
		return photos, false
	}
	id, by, _ := strings.Cut(move, ":")
	from := index(id)
	to := from + 1
	if by == "-1" {
		to = from - 1
	}
	if from >= 0 && to >= 0 && to < len(photos) {
		photos = slices.Clone(photos)
		photos[from], photos[to] = photos[to], photos[from]
	}
	return photos, true
}

// entered fills in what the form says of each photo.
func entered(c *gin.Context, views []templates.DraftPhotoView) {
	for i := range views {
		d := &views[i]
		if s, ok := c.GetPostForm("description-" + d.ID); ok {
			d.Description = s
		}
		if x, y, ok := templates.ParseFocus(c.PostForm("focus-" + d.ID)); ok {
			d.FocusX, d.FocusY = x, y
		}
	}
}

func (p *Pages) edit(c *gin.Context, acc *store.Account) error {
	post, err := p.ownPost(c, acc)
	if err != nil {
		return err
	}
	if post.Kind == store.KindComment {
		return p.editComment(c, acc, post)
	}
	v, photos, err := p.enteredEdit(c, acc, post)
	if err != nil {
		return err
	}
	photos, asked := moved(c, photos)
	if id := formID(c.PostForm("retry")); id != 0 {
		asked, err = true, p.retryInEdit(c, acc, photos, id)
		errs, ok := p.fieldErrors(c, err, map[string]string{"id": "photos"})
		if err != nil && !ok {
			return err
		}
		v.Errors = errs
	}
	v.Photos = p.editPhotos(c, photos)
	was := slices.Clone(v.Photos)
	entered(c, v.Photos)
	if asked && len(v.Errors) > 0 {
		return p.showEdit(c, http.StatusUnprocessableEntity, v)
	}
	if asked {
		return p.showEdit(c, http.StatusOK, v)
	}
	visibility, sensitive := store.Visibility(v.Visibility), v.Warning != "" || post.Sensitive && post.Warning == ""
	change := community.PostChange{
		Caption: &v.Caption, Warning: &v.Warning, Licence: &v.Licence, ShowExif: &v.ShowExif, Visibility: &visibility, Sensitive: &sensitive,
		CommentsFrom: commentsFrom(v.CommentsFrom), Photos: []community.PostPhoto{}, Had: had(v.Had),
	}
	for i, d := range v.Photos {
		if d.State == templates.PhotoRefused {
			continue // its author has read why
		}
		pc := community.PostPhoto{ID: photos[i].ID}
		if _, ok := c.GetPostForm("description-" + d.ID); ok {
			pc.Description = &v.Photos[i].Description
		}
		if d.FocusX != was[i].FocusX || d.FocusY != was[i].FocusY {
			fx, fy := float64(d.FocusX)*focusReach, float64(-d.FocusY)*focusReach
			pc.FocusX, pc.FocusY = &fx, &fy
		}
		change.Photos = append(change.Photos, pc)
	}
	post, err = p.Community.EditPost(c.Request.Context(), acc, post.ID, change)
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		v.Errors = errs
		return p.showEdit(c, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	p.setFlash(c, "saved")
	return redirect(c, p.postPath(post))
}

// retryInEdit prepares one of the photos once more, and waits a while for it. What was entered of the post stays in the form.
func (p *Pages) retryInEdit(c *gin.Context, acc *store.Account, photos []*store.Photo, id int64) error {
	at := slices.IndexFunc(photos, func(ph *store.Photo) bool { return ph.ID == id && ph.PostID == nil })
	if at < 0 {
		return nil // it was removed meanwhile
	}
	ctx := c.Request.Context()
	if _, err := p.Community.RetryPhoto(ctx, acc, id); err != nil {
		return err
	}
	ph, err := p.Community.WaitPhoto(ctx, acc, id, photoPatience)
	if err == nil {
		photos[at] = ph
	}
	return err
}

// addToPost takes files for a post that is being edited. They join it when the edit is saved.
func (p *Pages) addToPost(c *gin.Context, acc *store.Account) error {
	post, err := p.ownPost(c, acc)
	if err != nil {
		return err
	}
	form, errs, err := p.receive(c, acc, store.SourceEdit)
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		return p.answerUpload(c, form, errs)
	}
	v, photos, err := p.enteredEdit(c, acc, post)
	if err != nil {
		return err
	}
	v.Photos, v.Errors = p.editPhotos(c, append(slices.Clone(photos), form.photos...)), errs
	entered(c, v.Photos)
	status := http.StatusOK
	if len(errs) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return p.showEdit(c, status, v)
}
