package api

import (
	"net/http"

	"tintype/internal/community"
	"tintype/internal/store"
)

func (a *API) notificationEndpoints() []endpoint {
	const get, post, read, write = http.MethodGet, http.MethodPost, "read:notifications", "write:notifications"
	return []endpoint{
		{method: get, path: "/api/v1/notifications", access: members, scope: read, answer: a.getNotifications},
		{method: get, path: "/api/v1/notifications/unread_count", access: members, scope: read, answer: a.countUnread},
		{method: get, path: "/api/v1/notifications/:id", access: members, scope: read, answer: a.getNotification},
		{method: post, path: "/api/v1/notifications/clear", access: members, scope: write, answer: a.clearNotifications},
		{method: post, path: "/api/v1/notifications/:id/dismiss", access: members, scope: write, answer: a.dismissNotification},
		{method: post, path: "/api/v1/notifications/dismiss", access: members, scope: write, answer: a.dismissNotification},
	}
}

func (a *API) getNotifications(q *call) (any, error) {
	list, err := a.Community.Notifications(q.ctx(), q.account, q.notificationFilter(), q.page(defaultNotifications, maxNotifications))
	if err != nil {
		return nil, err
	}
	if len(list) > 0 {
		q.link(list[len(list)-1].ID, list[0].ID)
	}
	v := q.view()
	all := make([]*Notification, 0, len(list))
	for _, n := range list {
		all = append(all, v.notification(n))
	}
	return all, nil
}

// notificationFilter is which notifications the request is about.
func (q *call) notificationFilter() community.NotificationFilter {
	p := q.params
	return community.NotificationFilter{Types: kindsOf(p.list("types")), Exclude: kindsOf(p.list("exclude_types")), FromID: p.otherID("account_id")}
}

// kindsOf are kinds of notifications as clients call them.
func kindsOf(types []string) []string {
	for i, t := range types {
		if t == moderationWarning {
			types[i] = store.NotifyDecision
		}
	}
	return types
}

func (a *API) getNotification(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	n, err := a.Community.Notification(q.ctx(), q.account, id)
	if err != nil {
		return nil, err
	}
	if n.OnlyOnPages() {
		return nil, errNotFound
	}
	return q.view().notification(n), nil
}

func (a *API) countUnread(q *call) (any, error) {
	most := q.params.number("limit", community.MaxUnread, 1, community.MaxUnread)
	n, err := a.Community.UnreadNotifications(q.ctx(), q.account, q.notificationFilter())
	return UnreadCount{min(n, most)}, err
}

func (a *API) clearNotifications(q *call) (any, error) {
	return nothing{}, a.Community.ClearNotifications(q.ctx(), q.account)
}

// dismissNotification takes the id from the path, or from the body as older clients send it.
func (a *API) dismissNotification(q *call) (any, error) {
	text := q.c.Param("id")
	if text == "" {
		text = q.params.text("id")
	}
	id, ok := parseID(text)
	if !ok {
		return nil, errNotFound
	}
	return nothing{}, a.Community.DismissNotification(q.ctx(), q.account, id)
}
