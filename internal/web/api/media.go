package api

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tintype/internal/community"
	"tintype/internal/media"
	"tintype/internal/store"
)

func (a *API) mediaEndpoints() []endpoint {
	return []endpoint{
		{method: http.MethodPost, path: "/api/v1/media", access: members, scope: "write:media", upload: true, answer: a.postMediaV1},
		{method: http.MethodPost, path: "/api/v2/media", access: members, scope: "write:media", upload: true, answer: a.postMediaV2},
		{method: http.MethodGet, path: "/api/v1/media", access: members, scope: "write:media", answer: a.listMedia},
		{method: http.MethodGet, path: "/api/v1/media/:id", access: members, scope: "write:media", answer: a.getMedia},
		{method: http.MethodPut, path: "/api/v1/media/:id", access: members, scope: "write:media", answer: a.putMedia},
		{method: http.MethodDelete, path: "/api/v1/media/:id", access: members, scope: "write:media", answer: a.deleteMedia},
	}
}

// postMediaV1 answers when the photo is finished, because clients of v1 use the answer as it is.
func (a *API) postMediaV1(q *call) (any, error) {
	p, err := a.upload(q, a.WaitV1)
	if err != nil {
		return nil, err
	}
	if err := usable(p); err != nil {
		return nil, err
	}
	return q.view().media(p), nil
}

// postMediaV2 answers 202 without an address if the photo takes long. The client then asks for the photo until it is
// ready.
func (a *API) postMediaV2(q *call) (any, error) {
	p, err := a.upload(q, a.WaitV2)
	if err != nil {
		return nil, err
	}
	switch p.State {
	case store.PhotoReady:
	case store.PhotoRefused:
		return nil, usable(p)
	default:
		q.status = http.StatusAccepted
	}
	return q.view().media(p), nil
}

// upload stores the request's file as it arrives, and waits for the photo. Its description and focus may stand before
// the file or behind it.
func (a *API) upload(q *call, patience time.Duration) (*store.Photo, error) {
	var photo *store.Photo
	var before community.PhotoChange
	err := q.readBody(files{fields: []string{"file", "thumbnail"}, take: func(f file) error {
		if f.field != "file" {
			q.params.values[f.field] = []string{f.name + "…"} // which is refused
			return q.refuse()
		}
		if photo != nil {
			return invalid("One file at a time")
		}
		var err error
		if before, err = photoChange(q.params); err != nil {
			return err
		}
		u := community.Upload{FileName: f.name, Source: store.SourceAPI, Purpose: store.PurposePost, Body: f.body}
		if before.Description != nil {
			u.Description = *before.Description
		}
		if before.FocusX != nil {
			u.Focus = media.Focus{X: *before.FocusX, Y: *before.FocusY}
		}
		photo, err = a.Community.StartUpload(q.ctx(), q.account, u)
		return err
	}})
	if err == nil {
		err = q.refuse()
	}
	if err == nil && photo == nil {
		return nil, invalid("File can't be blank")
	}
	var after community.PhotoChange
	if err == nil {
		after, err = photoChange(q.params)
	}
	if err == nil && !sameChange(before, after) {
		_, err = a.Community.UpdatePhoto(q.ctx(), q.account, photo.ID, after)
	}
	if err != nil {
		a.discard(q, photo)
		return nil, err
	}
	return a.Community.WaitPhoto(q.ctx(), q.account, photo.ID, patience)
}

// photoChange is what the parameters say about a photo.
func photoChange(p *params) (community.PhotoChange, error) {
	change := community.PhotoChange{Description: p.given("description")}
	if p.text("thumbnail") != "" {
		return change, invalid("thumbnail: thumbnails are made of the photo")
	}
	if text := p.text("focus"); text != "" {
		x, y, ok := parseFocus(text)
		if !ok {
			return change, invalid("Focus must be two numbers between -1 and 1, such as 0.5,-0.2")
		}
		change.FocusX, change.FocusY = &x, &y
	}
	return change, nil
}

func parseFocus(text string) (x, y float64, ok bool) {
	left, right, ok := strings.Cut(text, ",")
	if !ok {
		return 0, 0, false
	}
	x, errX := strconv.ParseFloat(strings.TrimSpace(left), 64)
	y, errY := strconv.ParseFloat(strings.TrimSpace(right), 64)
	if errX != nil || errY != nil || math.IsNaN(x+y) || math.IsInf(x, 0) || math.IsInf(y, 0) {
		return 0, 0, false
	}
	clamp := func(f float64) float64 { return max(-1, min(f, 1)) }
	return clamp(x), clamp(y), true
}

func sameChange(a, b community.PhotoChange) bool {
	same := func(a, b *float64) bool { return a == b || a != nil && b != nil && *a == *b }
	return (a.Description == b.Description || a.Description != nil && b.Description != nil && *a.Description == *b.Description) &&
		same(a.FocusX, b.FocusX) && same(a.FocusY, b.FocusY)
}

// listMedia is this site's own: the photos that wait to be posted, which a client may post or delete.
func (a *API) listMedia(q *call) (any, error) {
	photos, err := a.Community.PhotosWaiting(q.ctx(), q.account)
	if err != nil {
		return nil, err
	}
	list := make([]any, len(photos))
	for i, p := range photos {
		list[i] = q.view().media(p)
	}
	return list, nil
}

// getMedia answers 206 while the photo is being prepared, which is how clients of v2 wait.
func (a *API) getMedia(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	p, err := a.Community.PhotoByID(q.ctx(), q.account, id)
	if err != nil {
		return nil, err
	}
	switch p.State {
	case store.PhotoReady:
	case store.PhotoRefused:
		return nil, usable(p)
	default:
		q.status = http.StatusPartialContent
	}
	return q.view().media(p), nil
}

func (a *API) putMedia(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	change, err := photoChange(q.params)
	if err != nil {
		return nil, err
	}
	p, err := a.Community.UpdatePhoto(q.ctx(), q.account, id, change)
	if err != nil {
		return nil, err
	}
	return q.view().media(p), nil
}

func (a *API) deleteMedia(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	return nothing{}, a.Community.RemovePhoto(q.ctx(), q.account, id)
}

// discard removes a photo whose request failed. The sweep would remove it too, but later.
func (a *API) discard(q *call, p *store.Photo) {
	if p == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(q.ctx()), 5*time.Second)
	defer cancel()
	if err := a.Community.RemovePhoto(ctx, q.account, p.ID); err != nil {
		a.Log.WarnContext(ctx, "a photo that is not wanted stays until the sweep", "photo", p.ID, "error", err)
	}
}

// usable returns nil for a photo that can be shown.
func usable(p *store.Photo) error {
	switch p.State {
	case store.PhotoReady:
		return nil
	case store.PhotoRefused:
		return invalid(p.Refusal)
	}
	return &Error{Status: http.StatusServiceUnavailable, Message: "The photo is not ready yet. Please try again soon.", RetryAfter: 10 * time.Second}
}
