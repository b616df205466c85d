package api

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"tintype/internal/community"
	"tintype/internal/media"
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
		{method: get, path: "/api/v1/statuses/:id/card", access: visitors, scope: read, answer: a.getCard},
		{method: get, path: "/api/v1/statuses/:id/source", access: members, scope: read, answer: a.getSource},
		{method: get, path: "/api/v1/statuses/:id/favourited_by", access: visitors, scope: "read:accounts", answer: a.markers(a.Community.LikedBy)},
		{method: get, path: "/api/v1/statuses/:id/reblogged_by", access: visitors, scope: "read:accounts", answer: a.markers(a.Community.BoostedBy)},
		{method: post, path: "/api/v1/statuses/:id/favourite", access: members, scope: "write:favourites", answer: acts(a.Community.Like)},
		{method: post, path: "/api/v1/statuses/:id/unfavourite", access: members, scope: "write:favourites", answer: acts(a.Community.Unlike)},
		{method: post, path: "/api/v1/statuses/:id/reblog", access: members, scope: write, answer: acts(a.Community.Boost)},
		{method: post, path: "/api/v1/statuses/:id/unreblog", access: members, scope: write, answer: acts(a.Community.Unboost)},
		{method: post, path: "/api/v1/statuses/:id/mute", access: members, scope: "write:mutes", answer: acts(a.Community.MuteConversation)},
		{method: post, path: "/api/v1/statuses/:id/unmute", access: members, scope: "write:mutes", answer: acts(a.Community.UnmuteConversation)},
		{method: get, path: "/api/v1/statuses/:id/history", access: visitors, scope: read, answer: a.getHistory},
		{method: post, path: "/api/v1/statuses/:id/pin", access: members, scope: "write:accounts", answer: acts(a.Community.Pin)},
		{method: post, path: "/api/v1/statuses/:id/unpin", access: members, scope: "write:accounts", answer: acts(a.Community.Unpin)},
		{method: post, path: "/api/v1/statuses/:id/bookmark", access: members, scope: "write:bookmarks", answer: acts(a.Community.Bookmark)},
		{method: post, path: "/api/v1/statuses/:id/unbookmark", access: members, scope: "write:bookmarks", answer: acts(a.Community.Unbookmark)},
	}
}

// onPost does something with the post of the path. Where the id is that of a boost, it is the boosted post.
func (q *call) onPost(do func(id int64) error) error {
	id, err := q.id()
	if err != nil {
		return err
	}
	return q.ofPost(id, do)
}

// ofPost does something with a post. Where the id is that of a boost, it is the boosted post.
func (q *call) ofPost(id int64, do func(id int64) error) error {
	err := do(id)
	if !errors.Is(err, community.ErrNotFound) {
		return err
	}
	p, notFound := q.api.Community.BoostByID(q.ctx(), q.account, id)
	if notFound != nil {
		return err
	}
	return do(p.ID)
}

// getStatus answers with a post or comment, or with a boost.
func (a *API) getStatus(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	p, err := a.Community.PostByID(q.ctx(), q.account, id)
	if errors.Is(err, community.ErrNotFound) {
		p, err = a.Community.BoostByID(q.ctx(), q.account, id)
	}
	if errors.Is(err, community.ErrNotFound) { // a client asks for what it has just posted
		p, err = a.Community.PostOrHeld(q.ctx(), q.account, id)
	}
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
	posts, err := a.Community.PostsAndBoostsByID(q.ctx(), q.account, ids)
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
	errNoMedia = invalid("Media not found")
	errDirect  = invalid("Direct messages do not exist here. Choose public, unlisted or private")
)

// postStatus publishes a post, or a comment where it answers something.
func (a *API) postStatus(q *call) (any, error) {
	p := q.params
	if p.text("visibility") == wordDirect {
		return nil, errDirect
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
	changes, err := photoChanges(p, post.PhotoIDs)
	if err != nil {
		return nil, err
	}
	for id, change := range changes {
		if change.Description != nil {
			if post.Descriptions == nil {
				post.Descriptions = make(map[int64]string)
			}
			post.Descriptions[id] = *change.Description
		}
		if change.FocusX != nil {
			if post.Focus == nil {
				post.Focus = make(map[int64]media.Focus)
			}
			post.Focus[id] = media.Focus{X: *change.FocusX, Y: *change.FocusY}
		}
	}
	if text := p.text("in_reply_to_id"); text != "" {
		id, ok := parseID(text)
		if !ok {
			return nil, errNotFound
		}
		post.InReplyTo = id
	}
	var made *community.Post
	publish := func(parent int64) error {
		post.InReplyTo = parent
		err := q.mayNarrow(parent, post.Visibility)
		if err == nil {
			made, err = a.Community.Publish(q.ctx(), q.account, post)
		}
		return err
	}
	if post.InReplyTo == 0 {
		err = publish(0)
	} else {
		err = q.ofPost(post.InReplyTo, publish)
	}
	if err != nil {
		return nil, err
	}
	return q.view().status(made), nil
}

// mayNarrow refuses a comment that is to be seen by fewer people than what it answers: it would be published wider than
// its author asked for. One that is to be seen by more is seen by those who see the post.
func (q *call) mayNarrow(parentID int64, v store.Visibility) error {
	if v != store.Followers || parentID == 0 {
		return nil
	}
	parent, err := q.api.Community.PostByID(q.ctx(), q.account, parentID)
	if err == nil && parent.Visibility != store.Followers {
		return invalid("visibility: whoever sees a post sees its comments, so a comment on this one cannot be private")
	}
	return err
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
		if p, err := a.Community.PostByID(q.ctx(), q.account, id); err == nil && p.Kind == store.KindComment && p.Visibility != v {
			return nil, invalid("visibility: a comment is seen by whoever sees its post")
		}
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
	if !p.hasList("media_ids") && len(p.rows("media_attributes")) == 0 {
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
	changes, err := photoChanges(p, ids)
	if err != nil {
		return nil, err
	}
	photos := make([]community.PostPhoto, 0, len(ids))
	for _, id := range ids {
		c := changes[id]
		photos = append(photos, community.PostPhoto{ID: id, Description: c.Description, FocusX: c.FocusX, FocusY: c.FocusY})
	}
	return photos, nil
}

// photoChanges reads media_attributes, which may change photos of the post and no others.
func photoChanges(p *params, of []int64) (map[int64]community.PhotoChange, error) {
	changes := make(map[int64]community.PhotoChange)
	for _, row := range p.rows("media_attributes") {
		id, ok := parseID(row.text("id"))
		if !ok || !slices.Contains(of, id) {
			return nil, errNoMedia
		}
		change, err := photoChange(row)
		if err != nil {
			return nil, err
		}
		changes[id] = change
	}
	return changes, nil
}

// deleteStatus deletes a post or comment, or takes a boost back. Clients write a post anew from what they are answered, with the same
// media: those stay for a while, unless delete_media says otherwise. When a moderator removes a post of somebody else, there is a
// reason and words to its author, and the token must allow that: every client has "write".
func (a *API) deleteStatus(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	_, unseen := a.Community.PostByID(q.ctx(), q.account, id)
	by := q.admin()
	by.OwnOnly = !q.scope("admin:write:reports") && !q.scope("admin:write:accounts")
	take := a.Community.RemovePostToRedraft
	if drop := q.params.boolean("delete_media"); drop != nil && *drop {
		take = a.Community.RemovePost
	}
	gone, err := take(q.ctx(), by, id, community.Sanction{Words: q.params.text("text")})
	if by.OwnOnly && errors.Is(err, community.ErrForbidden) && community.May(q.account, community.RemovePost) {
		return nil, errScope
	}
	if errors.Is(err, community.ErrNotFound) {
		if boost, notFound := a.Community.BoostByID(q.ctx(), q.account, id); notFound == nil && boost.BoosterID == q.account.ID {
			_, err = a.Community.SetBoost(q.ctx(), q.account, boost.ID, false)
			return q.view().status(boost), err
		}
		if held, notFound := a.Community.PostOrHeld(q.ctx(), q.account, id); notFound == nil && held.Held {
			e := q.view().status(held)
			e.Text = &held.Caption
			return e, a.Community.WithdrawHeld(q.ctx(), q.account, id)
		}
	}
	if err != nil {
		return nil, err
	}
	if errors.Is(unseen, community.ErrNotFound) { // a moderator may remove what only others see, which is no way to read it
		hidden := store.Post{ID: gone.ID, AuthorID: gone.AuthorID, Kind: gone.Kind, Visibility: gone.Visibility, CreatedAt: gone.CreatedAt}
		gone = &community.Post{Post: hidden, Author: gone.Author}
	}
	e := q.view().status(gone)
	e.Text = &gone.Caption
	return e, nil
}

func (a *API) getContext(q *call) (any, error) {
	var around Context
	err := q.onPost(func(id int64) error {
		up, down, err := a.Community.Context(q.ctx(), q.account, id)
		v := q.view()
		around = Context{Ancestors: v.statuses(up), Descendants: v.statuses(down)}
		return err
	})
	if err != nil {
		return nil, err
	}
	return around, nil
}

// getCard answers with nothing about a post that the caller may see: links have no previews here.
func (a *API) getCard(q *call) (any, error) {
	return nothing{}, q.onPost(func(id int64) error {
		_, err := a.Community.PostByID(q.ctx(), q.account, id)
		return err
	})
}

// getSource is for the author alone: nobody else edits the text.
func (a *API) getSource(q *call) (any, error) {
	var p *community.Post
	err := q.onPost(func(id int64) (err error) {
		p, err = a.Community.PostByID(q.ctx(), q.account, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	if p.AuthorID != q.account.ID {
		return nil, errNotFound
	}
	return StatusSource{ID: formatID(p.ID), Text: p.Caption, SpoilerText: p.Warning}, nil
}

// getHistory answers with the versions of a post, oldest first.
func (a *API) getHistory(q *call) (any, error) {
	list := []StatusEdit{}
	err := q.onPost(func(id int64) error {
		p, versions, err := a.Community.History(q.ctx(), q.account, id)
		if err != nil {
			return err
		}
		v := q.view()
		for _, was := range versions {
			list = append(list, StatusEdit{
				Content: v.html(was.Caption, p.Mentions, was.Tags), SpoilerText: was.Warning, Sensitive: was.Sensitive || was.Warning != "", CreatedAt: formatMillis(was.CreatedAt),
				Account: v.account(p.Author), MediaAttachments: v.mediaList(was.Photos), Emojis: []nothing{},
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// markers answers with who likes or boosted the post of the path.
func (a *API) markers(list func(context.Context, *store.Account, int64, community.Cursor) ([]*store.Account, int64, int64, error)) func(*call) (any, error) {
	return func(q *call) (any, error) {
		var page community.AccountPage
		err := q.onPost(func(id int64) (err error) {
			page.Accounts, page.Next, page.Prev, err = list(q.ctx(), q.account, id, q.page(defaultAccounts, maxAccounts))
			return err
		})
		if err != nil {
			return nil, err
		}
		return q.accountPage(&page), nil
	}
}

// acts handles an action on the post of the path. It answers with the post afterwards.
func acts(do func(context.Context, *store.Account, int64) (*community.Post, error)) func(*call) (any, error) {
	return func(q *call) (any, error) {
		var p *community.Post
		err := q.onPost(func(id int64) (err error) {
			p, err = do(q.ctx(), q.account, id)
			return err
		})
		if err != nil {
			return nil, err
		}
		return q.view().status(p), nil
	}
}
