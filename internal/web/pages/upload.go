package pages

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
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

// upload stores files as they stream in. It saves fields that come along (the draft's words, from a browser without
// scripts). One bad file does not affect the others or the words.
func (p *Pages) upload(c *gin.Context, acc *store.Account) error {
	mr, err := c.Request.MultipartReader()
	if err != nil {
		return &community.Invalid{Fields: []community.FieldError{{Field: "photos", Code: "blank", Message: "Choose a photograph first."}}}
	}
	ctx := c.Request.Context()
	form := &draftForm{values: map[string][]string{}}
	files := 0
	var ids []int64
	var errs templates.FieldErrors
	for {
		part, err := mr.NextPart()
		if err == io.EOF { // not errors.Is: a body that ends before its last boundary is an EOF wrapped
			break
		}
		if err != nil {
			return interrupted(err)
		}
		if part.FormName() != "photos" || part.FileName() == "" {
			if err := form.read(part); err != nil {
				return err
			}
			continue
		}
		if files++; files > maxFiles {
			return community.ErrTooLarge
		}
		ph, err := p.Community.StartUpload(ctx, acc, community.Upload{
			FileName: part.FileName(), Source: store.SourceWeb, Purpose: store.PurposePost, Body: part,
		})
		switch msgs, ok := fieldErrors(err, nil); {
		case ok:
			for _, m := range msgs {
				errs = append(errs, templates.FieldError{Field: "photos", Message: part.FileName() + ": " + m.Message})
			}
		case errors.Is(err, community.ErrTooLarge) && !wantsJSON(c):
			errs = append(errs, templates.FieldError{Field: "photos", Message: fmt.Sprintf("%s is too large. The limit is %d MB.", part.FileName(), p.MaxUploadBytes/1_000_000)})
		case err != nil:
			return err
		default:
			ids = append(ids, ph.ID)
		}
	}
	if len(ids) == 0 && len(errs) == 0 {
		errs = templates.FieldErrors{{Field: "photos", Message: "Choose a photograph first."}}
	}
	deadline := time.Now().Add(photoPatience)
	var last *store.Photo
	for _, id := range ids {
		if last, err = p.Community.WaitPhoto(ctx, acc, id, max(time.Until(deadline), time.Millisecond)); err != nil {
			return err
		}
	}
	if wantsJSON(c) {
		if last == nil {
			c.JSON(http.StatusUnprocessableEntity, uploaded{State: string(templates.PhotoRefused), Error: errs[0].Message})
			return nil
		}
		c.JSON(http.StatusOK, p.uploadedOf(p.viewBuilder(c), last))
		return nil
	}
	if len(form.values) > 0 {
		if err := p.saveDraft(c, acc, form.get, form.has); err != nil {
			return err
		}
	}
	if len(errs) > 0 {
		return p.showCompose(c, http.StatusUnprocessableEntity, acc, nil, errs)
	}
	return redirect(c, "/compose")
}

// draftForm collects the small fields of a multipart form, within bounds.
type draftForm struct {
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

func (f *draftForm) get(name string) string {
	if v := f.values[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

func (f *draftForm) has(name string) bool { return len(f.values[name]) > 0 }
