package pages

import (
	"context"
	"errors"
	"mime/multipart"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/store"
)

// discard removes a picture of a profile that was not saved: it would count to those that wait to be posted.
func (p *Pages) discard(c *gin.Context, acc *store.Account, ph *store.Photo) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), 5*time.Second)
	defer cancel()
	if err := p.Community.RemovePhoto(ctx, acc, ph.ID); err != nil && !errors.Is(err, community.ErrNotFound) {
		p.Log.WarnContext(ctx, "a picture of a profile that was not saved stays until the sweep", "photo", ph.ID, "error", err)
	}
}

// uploadProfilePhoto takes an avatar or a header; message says why it was refused. The photo is there in either case, once its
// upload has begun.
func (p *Pages) uploadProfilePhoto(c *gin.Context, acc *store.Account, part *multipart.Part, purpose string) (photo *store.Photo, message string, err error) {
	ctx := c.Request.Context()
	photo, err = p.Community.StartUpload(ctx, acc, community.Upload{FileName: part.FileName(), Source: store.SourceWeb, Purpose: purpose, Body: part})
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		return nil, errs[0].Message, nil
	}
	if errors.Is(err, community.ErrTooLarge) {
		return nil, p.tooLarge(p.lang(c), part.FileName()), nil
	}
	if err != nil {
		return nil, "", err
	}
	waited, err := p.Community.WaitPhoto(ctx, acc, photo.ID, photoPatience)
	if err != nil {
		return photo, "", err
	}
	switch waited.State {
	case store.PhotoReady:
		return waited, "", nil
	case store.PhotoRefused:
		return waited, refusalSentence(p.lang(c), waited), nil
	}
	return waited, p.lang(c).T("The site is busy. Try again in a moment."), nil
}
