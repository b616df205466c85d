package api

import "net/http"

func (a *API) announcementEndpoints() []endpoint {
	const path, reactions = "/api/v1/announcements", "/api/v1/announcements/:id/reactions/:name"
	return []endpoint{
		{method: http.MethodGet, path: path, access: members, scope: "read:accounts", answer: a.getAnnouncements},
		{method: http.MethodPost, path: path + "/:id/dismiss", access: members, scope: "write:accounts", answer: a.dismissAnnouncement},
		{method: http.MethodPut, path: reactions, access: members, scope: "write:favourites", answer: a.reactToAnnouncement(true)},
		{method: http.MethodDelete, path: reactions, access: members, scope: "write:favourites", answer: a.reactToAnnouncement(false)},
	}
}

func (a *API) getAnnouncements(q *call) (any, error) {
	list, err := a.Community.Announcements(q.ctx(), q.account, q.params.isTrue("with_dismissed"))
	if err != nil {
		return nil, err
	}
	v, all := q.view(), make([]*Announcement, 0, len(list))
	for _, one := range list {
		all = append(all, v.announcement(one))
	}
	return all, nil
}

func (a *API) dismissAnnouncement(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	return nothing{}, a.Community.DismissAnnouncement(q.ctx(), q.account, id)
}

func (a *API) reactToAnnouncement(react bool) func(*call) (any, error) {
	return func(q *call) (any, error) {
		id, err := q.id()
		if err != nil {
			return nil, err
		}
		return nothing{}, a.Community.ReactToAnnouncement(q.ctx(), q.account, id, q.c.Param("name"), react)
	}
}
