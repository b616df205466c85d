package api

import "net/http"

func (a *API) tagEndpoints() []endpoint {
	const get, post = http.MethodGet, http.MethodPost
	return []endpoint{
		{method: get, path: "/api/v1/tags/:name", access: visitors, scope: "read:follows", answer: a.getTag},
		{method: post, path: "/api/v1/tags/:name/follow", access: members, scope: "write:follows", answer: a.followTag(true)},
		{method: post, path: "/api/v1/tags/:name/unfollow", access: members, scope: "write:follows", answer: a.followTag(false)},
		{method: get, path: "/api/v1/followed_tags", access: members, scope: "read:follows", answer: a.getFollowedTags},
	}
}

// getTag answers also for tags that nobody has used yet, because clients show tags while they are typed.
func (a *API) getTag(q *call) (any, error) {
	t, err := a.Community.Tag(q.ctx(), q.account, q.c.Param("name"))
	if err != nil {
		return nil, err
	}
	e := q.view().tag(*t)
	e.Following, err = a.Community.FollowsTag(q.ctx(), q.account, t.ID)
	return e, err
}

func (a *API) followTag(follow bool) func(*call) (any, error) {
	return func(q *call) (any, error) {
		t, err := a.Community.FollowTag(q.ctx(), q.account, q.c.Param("name"), follow)
		if err != nil {
			return nil, err
		}
		e := q.view().tag(*t)
		e.Following = follow
		return e, nil
	}
}

func (a *API) getFollowedTags(q *call) (any, error) {
	tags, next, prev, err := a.Community.FollowedTags(q.ctx(), q.account, q.page(100, 200))
	if err != nil {
		return nil, err
	}
	q.link(next, prev)
	v, list := q.view(), []Tag{}
	for _, t := range tags {
		e := v.tag(t)
		e.Following = true
		list = append(list, e)
	}
	return list, nil
}
