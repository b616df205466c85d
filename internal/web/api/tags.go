package api

import (
	"net/http"

	"tintype/internal/store"
)

func (a *API) tagEndpoints() []endpoint {
	const get, post = http.MethodGet, http.MethodPost
	return []endpoint{
		{method: get, path: "/api/v1/tags/:name", access: visitors, scope: "read:follows", answer: a.getTag},
		{method: post, path: "/api/v1/tags/:name/follow", access: members, scope: "write:follows", answer: a.followTag(true)},
		{method: post, path: "/api/v1/tags/:name/unfollow", access: members, scope: "write:follows", answer: a.followTag(false)},
		{method: get, path: "/api/v1/followed_tags", access: members, scope: "read:follows", answer: a.getFollowedTags},
	}
}

// tags are the tags as the caller sees them.
func (q *call) tags(list []store.Tag) ([]Tag, error) {
	uses, err := q.api.Community.TagUses(q.ctx(), q.account, list, q.api.Now())
	if err != nil {
		return nil, err
	}
	v, all := q.view(), make([]Tag, len(uses))
	for i, u := range uses {
		all[i] = v.tag(u)
	}
	return all, nil
}

func (q *call) tag(t *store.Tag, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	all, err := q.tags([]store.Tag{*t})
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// getTag answers also for tags that nobody has used yet, because clients show tags while they are typed.
func (a *API) getTag(q *call) (any, error) {
	return q.tag(a.Community.TagNamed(q.ctx(), q.account, q.c.Param("name")))
}

func (a *API) followTag(follow bool) func(*call) (any, error) {
	return func(q *call) (any, error) {
		return q.tag(a.Community.FollowTag(q.ctx(), q.account, q.c.Param("name"), follow))
	}
}

func (a *API) getFollowedTags(q *call) (any, error) {
	tags, next, prev, err := a.Community.FollowedTags(q.ctx(), q.account, q.page(100, 200))
	if err != nil {
		return nil, err
	}
	q.link(next, prev)
	return q.tags(tags)
}
