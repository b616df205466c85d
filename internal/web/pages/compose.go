package pages

import (
	"cmp"
	"context"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/media"
	"tintype/internal/store"
	"tintype/templates"
)

// photoPatience is how long an upload waits for its photo before the page says "preparing".
const photoPatience = 20 * time.Second

func (p *Pages) registerCompose(r Routes) {
	r.Personal(http.MethodGet, "/compose", p.member(p.compose))
	r.Personal(http.MethodPost, "/compose", p.member(p.publish))
	r.Upload(http.MethodPost, "/compose/photos", community.MaxPhotos, p.member(p.upload))
	r.Upload(http.MethodPost, "/compose/share", community.MaxPhotos, p.member(p.share))
	r.Personal(http.MethodPost, "/compose/photos/:id", p.member(p.describePhoto))
	r.Personal(http.MethodGet, "/compose/photos/:id", p.member(p.photoState))
	r.Personal(http.MethodPost, "/compose/photos/:id/remove", p.member(p.goneOnce(p.removePhoto, leads("", "/compose"))))
	r.Personal(http.MethodPost, "/compose/photos/:id/retry", p.member(p.retryPhoto))
	r.Personal(http.MethodPost, "/compose/order", p.member(p.orderPhotos))
}

func (p *Pages) compose(c *gin.Context, acc *store.Account) error {
	return p.showCompose(c, http.StatusOK, acc, nil, nil)
}

// showCompose renders the draft. entered holds the values of a refused form; nil shows the saved draft.
func (p *Pages) showCompose(c *gin.Context, status int, acc *store.Account, entered *templates.ComposeView, errs templates.FieldErrors) error {
	draft, photos, err := p.Community.Draft(c.Request.Context(), acc)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Post"))
	if err != nil {
		return err
	}
	pg.Path = "/compose"
	v := templates.ComposeView{
		Caption: draft.Caption, Visibility: string(draft.Visibility), Warning: draft.Warning, Licence: draft.Licence, ShowExif: draft.ShowExif,
		CommentsFrom: string(draft.CommentsFrom), Album: albumChoice(draft.AlbumID),
	}
	if entered != nil {
		v = *entered
	}
	v.IdempotencyKey = newKey()
	v.CaptionMax, v.Licences = community.MaxCaption, licenceOptions(p.lang(c))
	v.MaxPhotos, v.MaxDraft, v.MaxBytes = community.MaxPhotos, community.MaxUnattached, p.MaxUploadBytes
	v.Limit = p.photoLimit(p.lang(c))
	v.HEICHelp = p.lang(c).T(media.HEICSentence)
	v.Accept, v.HEIC, v.KeepOriginals, v.Errors = p.Accept, p.HEIC, p.KeepOriginals, errs
	b := p.viewBuilder(c)
	for _, ph := range photos {
		d := p.draftPhoto(b, ph)
		if s, ok := c.GetPostForm("description-" + d.ID); ok && entered != nil {
			d.Description = s
		}
		v.Photos = append(v.Photos, d)
	}
	waiting, err := p.Community.PhotosWaiting(c.Request.Context(), acc)
	if err != nil {
		return err
	}
	for _, ph := range waiting {
		if ph.Source != store.SourceWeb || ph.Purpose != store.PurposePost { // the others are the draft
			v.Waiting = append(v.Waiting, p.draftPhoto(b, ph))
		}
	}
	albums, err := p.Community.AlbumsToAddTo(c.Request.Context(), acc)
	if err != nil {
		return err
	}
	v.Albums = albumOptions(p.lang(c), acc, albums)
	if entered == nil && v.Caption == "" {
		v.Caption = offeredCaption(photos)
	}
	return p.render(c, status, templates.ComposePage(pg, v))
}

// photoLimit is what one photo may have, in words.
func (p *Pages) photoLimit(l *lang.Language) string {
	return l.T("%d MB and %d megapixels", p.MaxUploadBytes/1_000_000, p.MaxPixels/1_000_000)
}

// offeredCaption returns the caption in the first photo's metadata.
func offeredCaption(photos []*store.Photo) string {
	for _, ph := range photos {
		m := ph.Metadata.V
		words := m.Caption
		if m.Title != "" && !strings.HasPrefix(m.Caption, m.Title) {
			words = strings.TrimSpace(m.Title + "\n\n" + m.Caption)
		}
		var tags []string
		for _, k := range m.Keywords {
			if t := strings.Join(strings.Fields(k), ""); community.ValidTag(t) {
				tags = append(tags, "#"+t)
			}
		}
		if len(tags) > 0 {
			words = strings.TrimSpace(words + "\n\n" + strings.Join(tags, " "))
		}
		if words != "" {
			return words
		}
	}
	return ""
}

func (p *Pages) draftPhoto(b viewBuilder, ph *store.Photo) templates.DraftPhotoView {
	d := templates.DraftPhotoView{
		ID: idText(ph.ID), Name: cmp.Or(ph.FileName, b.lang.T("Photograph")), Width: ph.Width, Height: ph.Height,
		ColorTop: ph.ColorTop, ColorBottom: ph.ColorBottom, Description: ph.Description,
		FocusX: focusStep(ph.FocusX), FocusY: -focusStep(ph.FocusY),
	}
	switch ph.State {
	case store.PhotoReady:
		d.State = templates.PhotoReady
		d.PreviewURL = b.keyURL(ph.Key(fit(ph, 640)))
		if d.Description == "" {
			d.Description = ph.Metadata.V.AltText
		}
		if ph.Animated {
			d.Note = b.lang.T("Only the first frame of the animation is shown.")
		}
		d.Meta = photoMeta(ph)
	case store.PhotoRefused:
		d.State = templates.PhotoRefused
		d.Error = refusalSentence(b.lang, ph)
		if ph.RefusalCode == community.RefusalFailed && ph.OrigRandom != "" {
			d.State = templates.PhotoInterrupted // and can be tried again with the file that is here
		}
	case store.PhotoPending:
		d.State = templates.PhotoPreparing
	default:
		d.State = templates.PhotoUploading
		if time.Since(ph.CreatedAt.Time()) > 2*time.Minute {
			d.State = templates.PhotoRefused
			d.Error = b.lang.T("%s did not arrive completely. Remove it and choose it again.", d.Name)
		}
	}
	return d
}

// refusalSentence names the file: "IMG_2041.jpg ends halfway…".
func refusalSentence(l *lang.Language, ph *store.Photo) string {
	name := cmp.Or(ph.FileName, l.T("The file"))
	if ph.Refusal == "" {
		return l.T("%s cannot be used.", name)
	}
	said := l.T(ph.Refusal)
	if said == ph.Refusal {
		said = l.Retell(ph.Refusal, media.Sentences)
	}
	switch rest, ok := strings.CutPrefix(said, "This file "); {
	case ph.FileName == "":
		return said
	case ok: // English
		return ph.FileName + " " + rest
	case said != ph.Refusal:
		return ph.FileName + ": " + said
	}
	return said
}

func photoMeta(ph *store.Photo) string {
	parts := []string{fmt.Sprintf("%d × %d", ph.Width, ph.Height)}
	m := ph.Metadata.V
	if e := strings.Join(slices.DeleteFunc([]string{m.FocalLength, m.Aperture, m.Exposure, sensitivity(m)}, func(s string) bool { return s == "" }), " "); e != "" {
		parts = append(parts, e)
	}
	return strings.Join(parts, " · ")
}

// The nine choices of the form are focal points at two thirds of the way to the edge.
const focusReach = 2.0 / 3

func focusStep(v float64) int {
	switch {
	case v < -1.0/3:
		return -1
	case v > 1.0/3:
		return 1
	}
	return 0
}

// saveDraft stores what was typed: the words, and each photo's description, focus and order.
func (p *Pages) saveDraft(c *gin.Context, acc *store.Account, get func(string) string, has func(string) bool) error {
	ctx := c.Request.Context()
	if has("caption") {
		caption, warning, licence, visibility, exif := get("caption"), get("warning"), get("licence"), store.Visibility(get("visibility")), get("show_exif") == "on"
		album := formID(get("album"))
		_, err := p.Community.SaveDraft(ctx, acc, community.DraftChange{
			Caption: &caption, Warning: &warning, Licence: &licence, Visibility: &visibility, ShowExif: &exif,
			CommentsFrom: commentsFrom(get("comments_from")), AlbumID: &album,
		})
		if err != nil {
			return err
		}
	}
	_, photos, err := p.Community.Draft(ctx, acc)
	if err != nil {
		return err
	}
	type row struct {
		id    int64
		order int
	}
	var order []row
	for i, ph := range photos {
		id := idText(ph.ID)
		var change community.PhotoChange
		if has("description-" + id) {
			if d := get("description-" + id); d != ph.Description {
				change.Description = &d
			}
		}
		if x, y, ok := templates.ParseFocus(get("focus-" + id)); ok && (x != focusStep(ph.FocusX) || -y != focusStep(ph.FocusY)) {
			fx, fy := float64(x)*focusReach, float64(-y)*focusReach
			change.FocusX, change.FocusY = &fx, &fy
		}
		if change.Description != nil || change.FocusX != nil {
			if _, err := p.Community.UpdatePhoto(ctx, acc, ph.ID, change); err != nil {
				return err
			}
		}
		at := row{ph.ID, (i + 1) * 2}
		if n, err := strconv.Atoi(get("order-" + id)); err == nil && n != i+1 && n >= 1 && n <= 99 {
			at.order = n * 2
			if n < i+1 {
				at.order-- // it goes before the one that stands there
			} else {
				at.order++
			}
		}
		order = append(order, at)
	}
	slices.SortStableFunc(order, func(a, b row) int { return a.order - b.order })
	ids := make([]int64, len(order))
	changed := false
	for i, o := range order {
		ids[i] = o.id
		changed = changed || o.id != photos[i].ID
	}
	if !changed {
		return nil
	}
	return p.Community.OrderDraft(ctx, acc, ids)
}

func (p *Pages) saveForm(c *gin.Context, acc *store.Account) error {
	return p.saveDraft(c, acc, c.PostForm, func(name string) bool { _, ok := c.GetPostForm(name); return ok })
}

// enteredPost returns what a form says of a post.
func enteredPost(get func(string) string) *templates.ComposeView {
	return &templates.ComposeView{
		Caption: get("caption"), Visibility: get("visibility"), Warning: get("warning"),
		Licence: get("licence"), ShowExif: get("show_exif") == "on", CommentsFrom: get("comments_from"), Each: get("each") == "on",
		Album: get("album"),
	}
}

func (p *Pages) photoState(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	ph, err := p.Community.PhotoByID(c.Request.Context(), acc, id)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, p.uploadedOf(p.viewBuilder(c), ph))
	return nil
}

func (p *Pages) describePhoto(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	var change community.PhotoChange
	if d, ok := c.GetPostForm("description"); ok {
		change.Description = &d
	}
	x, errX := strconv.Atoi(c.PostForm("focus_x"))
	y, errY := strconv.Atoi(c.PostForm("focus_y"))
	if errX == nil && errY == nil && x >= -1 && x <= 1 && y >= -1 && y <= 1 {
		fx, fy := float64(x)*focusReach, float64(-y)*focusReach
		change.FocusX, change.FocusY = &fx, &fy
	}
	ph, err := p.Community.UpdatePhoto(c.Request.Context(), acc, id, change)
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		c.JSON(http.StatusOK, p.uploadedOf(p.viewBuilder(c), ph))
		return nil
	}
	return redirect(c, "/compose#d-"+idText(id))
}

func (p *Pages) removePhoto(c *gin.Context, acc *store.Account) error {
	return p.photoAct(c, acc, p.Community.RemovePhoto)
}

func (p *Pages) retryPhoto(c *gin.Context, acc *store.Account) error {
	return p.photoAct(c, acc, func(ctx context.Context, acc *store.Account, id int64) error {
		_, err := p.Community.RetryPhoto(ctx, acc, id)
		return err
	})
}

// photoAct changes one photo of the draft, after saving the text around it.
func (p *Pages) photoAct(c *gin.Context, acc *store.Account, act func(context.Context, *store.Account, int64) error) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	if err := p.saveForm(c, acc); err != nil {
		return p.draftRefused(c, acc, err)
	}
	if err := act(c.Request.Context(), acc, id); err != nil {
		return err
	}
	if wantsJSON(c) {
		c.JSON(http.StatusOK, gin.H{})
		return nil
	}
	return redirect(c, "/compose")
}

// orderPhotos moves one photo, or takes the whole order from the page's script or from the numbers of the form.
func (p *Pages) orderPhotos(c *gin.Context, acc *store.Account) error {
	ctx := c.Request.Context()
	if list, ok := c.GetPostForm("order"); ok {
		var ids []int64
		for _, s := range strings.Split(list, ",") {
			if id := formID(s); id > 0 {
				ids = append(ids, id)
			}
		}
		if err := p.Community.OrderDraft(ctx, acc, ids); err != nil {
			return err
		}
		if wantsJSON(c) {
			c.JSON(http.StatusOK, gin.H{})
			return nil
		}
		return redirect(c, "/compose")
	}
	if err := p.saveForm(c, acc); err != nil {
		return p.draftRefused(c, acc, err)
	}
	move, by, ok := strings.Cut(c.PostForm("move"), ":")
	if !ok {
		return redirect(c, "/compose")
	}
	_, photos, err := p.Community.Draft(ctx, acc)
	if err != nil {
		return err
	}
	ids := make([]int64, len(photos))
	at := -1
	for i, ph := range photos {
		ids[i] = ph.ID
		if ph.ID == formID(move) {
			at = i
		}
	}
	to := at + 1
	if by == "-1" {
		to = at - 1
	}
	if at >= 0 && to >= 0 && to < len(ids) {
		ids[at], ids[to] = ids[to], ids[at]
		if err := p.Community.OrderDraft(ctx, acc, ids); err != nil {
			return err
		}
	}
	return redirect(c, "/compose#d-"+move)
}

// draftRefused shows the draft again with what was typed.
func (p *Pages) draftRefused(c *gin.Context, acc *store.Account, err error) error {
	errs, ok := p.fieldErrors(c, err, nil)
	if !ok {
		return err
	}
	return p.showCompose(c, http.StatusUnprocessableEntity, acc, enteredPost(c.PostForm), errs)
}

func licenceOptions(say *lang.Language) []templates.Option {
	var out []templates.Option
	for _, l := range community.Licences() {
		out = append(out, templates.Option{Value: l.ID, Label: say.T(l.Name)})
	}
	return out
}

// attachment returns a Content-Disposition with the file's own name.
func attachment(name string) string {
	return mime.FormatMediaType("attachment", map[string]string{"filename": name})
}
