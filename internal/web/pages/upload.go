package pages

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
	"tintype/templates"
)

// uploaded is the JSON for one file, for the page's script.
type uploaded struct {
	ID          string `json:"id,omitempty"`
	State       string `json:"state"`
	Error       string `json:"error,omitempty"`
	Preview     string `json:"preview,omitempty"`
	Meta        string `json:"meta,omitempty"`
	Note        string `json:"note,omitempty"`
	Description string `json:"description,omitempty"`
	Caption     string `json:"caption,omitempty"`
	Width       int    `json:"width,omitempty"`
	Height      int    `json:"height,omitempty"`
}

func (p *Pages) uploadedOf(b viewBuilder, ph *store.Photo) uploaded {
	d := p.draftPhoto(b, ph)
	return uploaded{
		ID: d.ID, State: string(d.State), Error: d.Error, Preview: d.PreviewURL, Meta: d.Meta, Note: d.Note,
		Description: d.Description, Caption: offeredCaption([]*store.Photo{ph}), Width: d.Width, Height: d.Height,
	}
}

// upload adds files to the draft. It saves fields that come along (the draft's words, from a browser without scripts).
func (p *Pages) upload(c *gin.Context, acc *store.Account) error {
	form, errs, err := p.receive(c, acc, store.SourceWeb)
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		return p.answerUpload(c, form, errs)
	}
	var entered *templates.ComposeView // nil: the saved draft
	if len(form.values) > 0 {
		err := p.saveDraft(c, acc, form.get, form.has)
		if refused, ok := p.fieldErrors(c, err, nil); ok {
			errs = append(errs, refused...)
			entered = enteredPost(form.get)
		} else if err != nil {
			return err
		}
	}
	if len(errs) > 0 {
		return p.showCompose(c, http.StatusUnprocessableEntity, acc, entered, errs)
	}
	return redirect(c, "/compose")
}

// share takes what another application on the member's device shares with the installed site: files, and words for a
// caption that is still empty.
func (p *Pages) share(c *gin.Context, acc *store.Account) error {
	form, errs, err := p.receive(c, acc, store.SourceWeb)
	if err != nil {
		return err
	}
	var parts []string
	for _, name := range []string{"title", "text", "url"} { // some applications say the same in two of them
		if s := strings.TrimSpace(form.get(name)); s != "" && !strings.Contains(strings.Join(parts, "\n"), s) {
			parts = append(parts, s)
		}
	}
	words := strings.Join(parts, "\n\n")
	if words != "" && form.files == 0 {
		errs = nil // a text or an address was shared: the photograph is chosen next
	}
	draft, _, err := p.Community.Draft(c.Request.Context(), acc)
	if err != nil {
		return err
	}
	if words != "" && draft.Caption == "" {
		_, err := p.Community.SaveDraft(c.Request.Context(), acc, community.DraftChange{Caption: &words})
		if msgs, ok := p.fieldErrors(c, err, nil); ok {
			errs = append(errs, msgs...)
		} else if err != nil {
			return err
		}
	}
	if len(errs) > 0 {
		return p.showCompose(c, http.StatusUnprocessableEntity, acc, nil, errs)
	}
	return redirect(c, "/compose")
}

func (p *Pages) answerUpload(c *gin.Context, form *draftForm, errs templates.FieldErrors) error {
	if len(form.photos) == 0 {
		c.JSON(http.StatusUnprocessableEntity, uploaded{State: string(templates.PhotoRefused), Error: errs[0].Message})
		return nil
	}
	c.JSON(http.StatusOK, p.uploadedOf(p.viewBuilder(c), form.photos[len(form.photos)-1]))
	return nil
}

// receive stores files as they stream in, and waits a while until they are ready. One bad file does not affect the
// others or the words that come along.
func (p *Pages) receive(c *gin.Context, acc *store.Account, source string) (*draftForm, templates.FieldErrors, error) {
	mr, err := c.Request.MultipartReader()
	if err != nil {
		return nil, nil, &community.Invalid{Fields: []community.FieldError{{Field: "photos", Code: "blank", Message: lang.Key("Choose a photograph first.")}}}
	}
	ctx := c.Request.Context()
	form := &draftForm{values: map[string][]string{}}
	c.Request.PostForm = form.values // for the form that is shown again, which keeps what was entered
	var ids []int64
	var errs templates.FieldErrors
	for {
		part, err := mr.NextPart()
		if err == io.EOF { // not errors.Is: a body that ends before its last boundary is an EOF wrapped
			break
		}
		if err != nil {
			return nil, nil, interrupted(err)
		}
		if part.FormName() != "photos" || part.FileName() == "" {
			if err := form.read(part); err != nil {
				return nil, nil, err
			}
			continue
		}
		if form.files++; form.files > maxFiles {
			return nil, nil, community.ErrTooLarge
		}
		ph, err := p.Community.StartUpload(ctx, acc, community.Upload{
			FileName: part.FileName(), Source: source, Purpose: store.PurposePost, Body: part,
		})
		switch msgs, ok := p.fieldErrors(c, err, nil); {
		case ok:
			for _, m := range msgs {
				errs = append(errs, templates.FieldError{Field: "photos", Message: part.FileName() + ": " + m.Message})
			}
		case errors.Is(err, community.ErrTooLarge) && !wantsJSON(c):
			errs = append(errs, templates.FieldError{Field: "photos", Message: p.tooLarge(p.lang(c), part.FileName())})
		case err != nil:
			return nil, nil, err
		default:
			ids = append(ids, ph.ID)
		}
	}
	if len(ids) == 0 && len(errs) == 0 {
		errs = templates.FieldErrors{{Field: "photos", Message: p.lang(c).T("Choose a photograph first.")}}
	}
	deadline := time.Now().Add(photoPatience)
	for _, id := range ids {
		ph, err := p.Community.WaitPhoto(ctx, acc, id, max(time.Until(deadline), time.Millisecond))
		if err != nil {
			return nil, nil, err
		}
		form.photos = append(form.photos, ph)
	}
	return form, errs, nil
}

func (p *Pages) tooLarge(l *lang.Language, name string) string {
	return l.T("%s is too large. The limit is %d MB.", name, p.MaxUploadBytes/1_000_000)
}

// draftForm collects the small fields of a multipart form, within bounds, and the photos that came with them.
type draftForm struct {
	photos []*store.Photo
	files  int // that came, whatever became of them
	values map[string][]string
	size   int64
}

const (
	// maxFiles is how many files one request may bring. Each costs queries, even when it is refused or tiny.
	maxFiles     = 100
	maxDraftForm = 256 << 10
	fieldCost    = 64 // what a field takes beside its name and value, so that a great many empty ones are too many
)

func (f *draftForm) read(part *multipart.Part) error {
	b, err := io.ReadAll(io.LimitReader(part, max(maxDraftForm-f.size, 0)+1))
	if err != nil {
		return interrupted(err)
	}
	if f.size += int64(len(part.FormName()) + len(b) + fieldCost); f.size > maxDraftForm {
		return community.ErrTooLarge
	}
	f.values[part.FormName()] = append(f.values[part.FormName()], string(b))
	return nil
}

// asksFirst tells whether the client waits to hear that it may send its body.
func asksFirst(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Expect"), "100-continue")
}

// readWords reads the form of somebody who is not logged in: what was entered, but no files. These would lie in the
// temporary folder, where strangers could fill the disk with them. Of a client that asks before it sends its body nothing is
// read: it is told at once to log in.
func readWords(r *http.Request) error {
	mr, err := r.MultipartReader()
	if err != nil { // another kind of form, or one that was read before
		if err := r.ParseForm(); err != nil && !errors.Is(err, http.ErrNotMultipart) {
			return err
		}
		return nil
	}
	form := &draftForm{values: map[string][]string{}}
	r.PostForm = form.values
	for !asksFirst(r) {
		part, err := mr.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return interrupted(err)
		}
		if part.FileName() != "" {
			continue
		}
		if err := form.read(part); err != nil {
			return err
		}
	}
	return nil
}

func (f *draftForm) get(name string) string {
	if v := f.values[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

func (f *draftForm) has(name string) bool { return len(f.values[name]) > 0 }
