package pages

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) publish(c *gin.Context, acc *store.Account) error {
	ctx := c.Request.Context()
	entered := enteredPost(c.PostForm)
	key := c.PostForm("idempotency_key")
	if done, err := p.postedBefore(c, acc, key, entered, false); done || err != nil {
		return err
	}
	err := p.saveForm(c, acc)
	if err != nil {
		if done, err := p.postedBefore(c, acc, key, entered, true); done || err != nil {
			return err
		}
	}
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		return p.showCompose(c, http.StatusUnprocessableEntity, acc, entered, errs)
	}
	if err != nil {
		return err
	}
	_, photos, err := p.Community.Draft(ctx, acc)
	if err != nil {
		return err
	}
	// Only what the form shows: an upload whose answer did not come, or that was removed before it came, stays in the draft.
	shown, listed := c.GetPostFormArray("photo")
	var ids []int64
	for _, ph := range photos {
		if (ph.State == store.PhotoReady || ph.State == store.PhotoPending) && (!listed || slices.Contains(shown, idText(ph.ID))) {
			ids = append(ids, ph.ID)
		}
	}
	post, err := p.publishDraft(ctx, acc, entered, ids, key)
	if err != nil { // the same form, sent at the same time, may have been quicker, and then this one has no photos
		if done, err := p.postedBefore(c, acc, key, entered, true); done || err != nil {
			return err
		}
	}
	if errs, ok := p.fieldErrors(c, err, map[string]string{"photo_ids": "photos", "idempotency_key": ""}); ok {
		return p.showCompose(c, http.StatusUnprocessableEntity, acc, entered, errs)
	}
	if err != nil {
		return err
	}
	if post.Held {
		p.setFlash(c, "held")
		return redirect(c, "/held")
	}
	p.setFlash(c, "posted")
	if entered.Each && len(ids) > 1 {
		return redirect(c, "/@"+acc.Username)
	}
	return redirect(c, p.postPath(post))
}

// publishDraft publishes the draft's photos as one post, or as a post each. Of several posts the first photo's is made
// last, so that it stands on top; it has the form's key. What an error leaves unposted stays in the draft, and what was posted before
// it is in the album.
func (p *Pages) publishDraft(ctx context.Context, acc *store.Account, entered *templates.ComposeView, ids []int64, key string) (*community.Post, error) {
	in := community.NewPost{
		Caption: entered.Caption, PhotoIDs: ids, Warning: entered.Warning, Visibility: store.Visibility(entered.Visibility),
		Licence: entered.Licence, ShowExif: &entered.ShowExif, CommentsFrom: store.CommentsFrom(entered.CommentsFrom), IdempotencyKey: key, ClearDraft: true,
		AlbumID: formID(entered.Album),
	}
	var posted []int64 // a post each, and not in the album yet
	if entered.Each && len(ids) > 1 {
		for i := len(ids) - 1; i > 0; i-- {
			one := in
			one.PhotoIDs, one.IdempotencyKey, one.ClearDraft, one.AlbumIfHeld = ids[i:i+1], key+"-"+idText(ids[i]), false, true
			if key == "" {
				one.IdempotencyKey = ""
			}
			post, err := p.Community.Publish(ctx, acc, one)
			if err != nil {
				return nil, errors.Join(err, p.intoAlbum(ctx, acc, in.AlbumID, posted))
			}
			if !post.Held {
				posted = slices.Insert(posted, 0, ids[i])
			}
		}
		in.PhotoIDs = ids[:1]
		if in.AlbumID != 0 { // the last adds all of them, in the order in which they were chosen
			in.AlbumPhotoIDs = ids
		}
	}
	post, err := p.Community.Publish(ctx, acc, in)
	if err != nil {
		return nil, errors.Join(err, p.intoAlbum(ctx, acc, in.AlbumID, posted))
	}
	return post, nil
}

// intoAlbum adds what was posted before an error, also for somebody who has gone: the form that is sent again has the rest alone.
func (p *Pages) intoAlbum(ctx context.Context, acc *store.Account, albumID int64, posted []int64) error {
	if albumID == 0 || len(posted) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), albumPatience)
	defer cancel()
	_, err := p.Community.AddToAlbum(ctx, acc, albumID, posted, false)
	return err
}

// albumPatience is how long adding to an album may take after the form's own time is over.
const albumPatience = 5 * time.Second

// postedBefore answers a form that was sent twice. Its photos are no longer in the draft, but its key leads to the post
// that they are in. saved reports that its words were stored in the draft again. It returns false where the key is new.
func (p *Pages) postedBefore(c *gin.Context, acc *store.Account, key string, entered *templates.ComposeView, saved bool) (done bool, err error) {
	post, err := p.Community.PostByKey(c.Request.Context(), acc, key)
	switch {
	case isNotFound(err):
		return false, nil
	case err != nil:
		return false, err
	case community.Plain(post.Caption) == community.Plain(entered.Caption):
		if saved {
			if err := p.Community.ForgetDraft(c.Request.Context(), acc, post.Caption); err != nil {
				return false, err
			}
		}
		return true, redirect(c, p.postPath(post))
	}
	return true, p.showCompose(c, http.StatusUnprocessableEntity, acc, entered, templates.FieldErrors{{Message: p.lang(c).T("This form was already posted, with another caption. Choose photographs to post it again.")}})
}

// albumOptions are the albums to which the member may add photos, none first; nil where there are none.
func albumOptions(l *lang.Language, acc *store.Account, albums []*community.Album) []templates.Option {
	if len(albums) == 0 {
		return nil
	}
	list := []templates.Option{{Label: l.T("None")}}
	for _, al := range albums {
		label := al.Title
		if al.OwnerID != acc.ID {
			label = l.T("%s (by %s)", al.Title, al.Owner.Name())
		}
		list = append(list, templates.Option{Value: idText(al.ID), Label: label})
	}
	return list
}

// albumChoice is the value of the draft's album in the form.
func albumChoice(id int64) string {
	if id == 0 {
		return ""
	}
	return idText(id)
}
