package api

import (
	"context"
	"net/http"

	"tintype/internal/community"
	"tintype/internal/store"
)

func (a *API) statusEndpoints() []endpoint {
	const get, post, put, remove = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	const read, write = "read:statuses", "write:statuses"
	return []endpoint{
		{method: post, path: "/api/v1/statuses", access: members, scope: write, answer: a.postStatus},
		{method: get, path: "/api/v1/statuses", access: visitors, scope: read, answer: a.getStatuses},
		{method: get, path: "/api/v1/statuses/:id", access: visitors, scope: read, answer: a.getStatus},
		{method: put, path: "/api/v1/statuses/:id", access: members, scope: write, answer: a.putStatus},
		{method: remove, path: "/api/v1/statuses/:id", access: members, scope: write, answer: a.deleteStatus},
		{method: get, path: "/api/v1/statuses/:id/context", access: visitors, scope: read, answer: a.getContext},
		{method: get, path: "/api/v1/statuses/:id/source", access: members, scope: read, answer: a.getSource},
		{method: get, path: "/api/v1/statuses/:id/favourited_by", access: visitors, scope: "read:accounts", answer: a.getLikers},
		{method: get, path: "/api/v1/statuses/:id/reblogged_by", access: visitors, scope: "read:accounts", answer: a.getRebloggers},
		{method: post, path: "/api/v1/statuses/:id/favourite", access: members, scope: "write:favourites", answer: a.favourite},
		{method: post, path: "/api/v1/statuses/:id/unfavourite", access: members, scope: "write:favourites", answer: a.unfavourite},
	}
}

func (a *API) getStatus(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	p, err := a.Community.PostByID(q.ctx(), q.account, id)
	if err != nil {
		return nil, err
	}
	return q.view().status(p), nil
}

func (a *API) getStatuses(q *call) (any, error) {
	ids := q.params.ids("id")
	if len(ids) > maxIDs {
		return nil, errTooManyIDs
	}
	posts, err := a.Community.PostsByID(q.ctx(), q.account, ids)
	if err != nil {
		return nil, err
	}
	return q.view().statuses(posts), nil
}

// visibilityOf reads a client's visibility. "direct" does not exist here, and is refused rather than widened.
func visibilityOf(word string) store.Visibility {
	if word == wordPrivate {
		return store.Followers
	}
	return store.Visibility(word)
}

var (
	errNoMedia  = invalid("Media not found")
	errDirect   = invalid("Direct messages do not exist here. Choose public, unlisted or private")
	errNoPolls  = invalid("Polls do not exist here")
	errSchedule = invalid("Posts cannot be scheduled here")
)

// postStatus publishes a post, or a comment where it answers something.
func (a *API) postStatus(q *call) (any, error) {
	p := q.params
	switch {
	case p.text("visibility") == wordDirect:
		return nil, errDirect
	case p.hasList("poll[options]"):
		return nil, errNoPolls
	case p.text("scheduled_at") != "":
		return nil, errSchedule
	}
	post := community.NewPost{
		Caption: p.text("status"), Warning: p.text("spoiler_text"), Sensitive: p.boolean("sensitive"),
		Visibility: visibilityOf(p.text("visibility")), Language: p.text("language"),
		IdempotencyKey: q.c.GetHeader("Idempotency-Key"), AppID: &q.token.AppID,
	}
	var err error
	if post.PhotoIDs, err = photoIDs(p); err != nil {
		return nil, err
	}
	if text := p.text("in_reply_to_id"); text != "" {
		id, ok := parseID(text)
		if !ok {
			return nil, errNotFound
		}
		post.InReplyTo = id
	}
	made, err := a.Community.Publish(q.ctx(), q.account, post)
	if err != nil {
		return nil, err
	}
	return q.view().status(made), nil
}

// photoIDs reads media_ids. An id that is no number is an error: its photo would silently be missing from the post.
func photoIDs(p *params) ([]int64, error) {
	var ids []int64
	for _, text := range p.list("media_ids") {
		if text == "" {
			continue
		}
		id, ok := parseID(text)
		if !ok {
			return nil, errNoMedia
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// putStatus changes one's own post. Photos are named by media_ids, with what changes of each in media_attributes; where
// neither is given they stay as they are.
func (a *API) putStatus(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	p := q.params
	change := community.PostChange{
		Caption: p.given("status"), Warning: p.given("spoiler_text"), Sensitive: p.boolean("sensitive"), Language: p.given("language"),
	}
	if word := p.text("visibility"); word == wordDirect {
		return nil, errDirect
	} else if word != "" {
		v := visibilityOf(word)
		change.Visibility = &v
	}
	if change.Photos, err = a.editedPhotos(q, id); err != nil {
		return nil, err
	}
	after, err := a.Community.EditPost(q.ctx(), q.account, id, change)
	if err != nil {
		return nil, err
	}
	return q.view().status(after), nil
}

// editedPhotos are all photos of the post after the edit, nil where the request does not mention photos.
func (a *API) editedPhotos(q *call, postID int64) ([]community.PostPhoto, error) {
	p := q.params
	changes := make(map[int64]community.PhotoChange)
	for _, row := range p.rows("media_attributes") {
		id, ok := parseID(row.text("id"))
		if !ok {
			return nil, errNoMedia
		}
		change, err := photoChange(row)
		if err != nil {
			return nil, err
		}
		changes[id] = change
	}
	if !p.hasList("media_ids") && len(changes) == 0 {
		return nil, nil
	}
	ids, err := photoIDs(p)
	if err != nil {
		return nil, err
	}
	if !p.hasList("media_ids") {
		was, err := a.Community.PostByID(q.ctx(), q.account, postID)
		if err != nil {
			return nil, err
		}
		for _, photo := range was.Photos {
			ids = append(ids, photo.ID)
		}
	}
	photos := make([]community.PostPhoto, 0, len(ids))
	for _, id := range ids {
		c := changes[id]
		photos = append(photos, community.PostPhoto{ID: id, Description: c.Description, FocusX: c.FocusX, FocusY: c.FocusY})
	}
	return photos, nil
}

func (a *API) deleteStatus(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	gone, err := a.Community.DeletePost(q.ctx(), q.account, id)
	if err != nil {
		return nil, err
	}
	e := q.view().status(gone)
	e.Text = &gone.Caption
	return e, nil
}

func (a *API) getContext(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	up, down, err := a.Community.Context(q.ctx(), q.account, id)
	if err != nil {
		return nil, err
	}
	v := q.view()
	return Context{Ancestors: v.statuses(up), Descendants: v.statuses(down)}, nil
}

// getSource is for the author alone: nobody else edits the text.
func (a *API) getSource(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	p, err := a.Community.PostByID(q.ctx(), q.account, id)
	if err != nil {
		return nil, err
	}
	if p.AuthorID != q.account.ID {
		return nil, errNotFound
	}
	return StatusSource{ID: formatID(p.ID), Text: p.Caption, SpoilerText: p.Warning}, nil
}

// getRebloggers answers with an empty list for a post that exists.
func (a *API) getRebloggers(q *call) (any, error) {
	if _, err := a.getStatus(q); err != nil {
		return nil, err
	}
	return []*Account{}, nil
}

func (a *API) getLikers(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	accounts, next, prev, err := a.Community.LikedBy(q.ctx(), q.account, id, q.page(defaultAccounts, maxAccounts))
	if err != nil {
		return nil, err
	}
	return q.accountPage(&community.AccountPage{Accounts: accounts, Next: next, Prev: prev}), nil
}

func (a *API) favourite(q *call) (any, error)   { return q.onPost(a.Community.Like) }
func (a *API) unfavourite(q *call) (any, error) { return q.onPost(a.Community.Unlike) }

// onPost handles an action on the post of the path. It answers with the post afterwards.
func (q *call) onPost(do func(context.Context, *store.Account, int64) (*community.Post, error)) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	p, err := do(q.ctx(), q.account, id)
	if err != nil {
		return nil, err
	}
	return q.view().status(p), nil
}
