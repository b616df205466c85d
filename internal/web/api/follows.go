package api

import (
	"context"
	"net/http"
	"time"

	"tintype/internal/community"
	"tintype/internal/store"
)

func (a *API) followEndpoints() []endpoint {
	const get, post = http.MethodGet, http.MethodPost
	c := a.Community
	return []endpoint{
		{method: get, path: "/api/v1/accounts/relationships", access: members, scope: "read:follows", answer: a.getRelationships},
		{method: get, path: "/api/v1/accounts/:id/followers", access: visitors, scope: "read:accounts", answer: accountsAt(c.Followers)},
		{method: get, path: "/api/v1/accounts/:id/following", access: visitors, scope: "read:accounts", answer: accountsAt(c.Following)},
		{method: get, path: "/api/v1/follow_requests", access: members, scope: "read:follows", answer: accountsOf(c.FollowRequests)},
		{method: get, path: "/api/v1/blocks", access: members, scope: "read:blocks", answer: accountsOf(c.Blocks)},
		{method: post, path: "/api/v1/accounts/:id/follow", access: members, scope: "write:follows", answer: a.follow},
		{method: post, path: "/api/v1/accounts/:id/unfollow", access: members, scope: "write:follows", answer: relates(c.Unfollow)},
		{method: post, path: "/api/v1/accounts/:id/remove_from_followers", access: members, scope: "write:follows", answer: relates(c.RemoveFollower)},
		{method: post, path: "/api/v1/accounts/:id/block", access: members, scope: "write:blocks", answer: relates(c.Block)},
		{method: post, path: "/api/v1/accounts/:id/unblock", access: members, scope: "write:blocks", answer: relates(c.Unblock)},
		{method: get, path: "/api/v1/mutes", access: members, scope: "read:mutes", answer: a.getMutes},
		{method: post, path: "/api/v1/accounts/:id/mute", access: members, scope: "write:mutes", answer: a.mute},
		{method: post, path: "/api/v1/accounts/:id/unmute", access: members, scope: "write:mutes", answer: relates(c.Unmute)},
		{method: post, path: "/api/v1/accounts/:id/note", access: members, scope: "write:accounts", answer: a.note},
		{method: post, path: "/api/v1/follow_requests/:id/authorize", access: members, scope: "write:follows", answer: relates(c.AcceptFollow)},
		{method: post, path: "/api/v1/follow_requests/:id/reject", access: members, scope: "write:follows", answer: relates(c.RefuseFollow)},
	}
}

func (a *API) getRelationships(q *call) (any, error) {
	ids := q.params.ids("id")
	if len(ids) > maxRelations {
		return nil, errTooManyIDs
	}
	found, err := a.Community.Relationships(q.ctx(), q.account, ids, q.params.isTrue("with_suspended"))
	if err != nil {
		return nil, err
	}
	all := make([]Relationship, 0, len(found))
	for _, r := range found {
		all = append(all, relationship(r))
	}
	return all, nil
}

// follow follows the account of the path, with or without its boosts, and with or without a notification of each post.
func (a *API) follow(q *call) (any, error) {
	o := community.FollowOptions{Notify: q.params.boolean("notify")}
	if show := q.params.boolean("reblogs"); show != nil {
		hide := !*show
		o.HideBoosts = &hide
	}
	return relates(func(ctx context.Context, acc *store.Account, id int64) (community.Relationship, error) {
		return a.Community.FollowWith(ctx, acc, id, o)
	})(q)
}

// mute mutes the account of the path, for so many seconds where they are given.
func (a *API) mute(q *call) (any, error) {
	if err := q.params.plainBoolean("notifications"); err != nil { // in markers it has fields
		return nil, err
	}
	o := community.MuteOptions{For: time.Duration(q.params.number("duration", 0, -1, 1<<31)) * time.Second}
	if notifications := q.params.boolean("notifications"); notifications != nil {
		o.KeepNotifications = !*notifications
	}
	return relates(func(ctx context.Context, acc *store.Account, id int64) (community.Relationship, error) {
		return a.Community.Mute(ctx, acc, id, o)
	})(q)
}

// getMutes lists muted accounts, each with the end of its mute.
func (a *API) getMutes(q *call) (any, error) {
	page, ends, err := a.Community.Mutes(q.ctx(), q.account, q.page(defaultAccounts, maxAccounts))
	if err != nil {
		return nil, err
	}
	list := make([]MutedAccount, 0, len(page.Accounts))
	for i, e := range q.accountPage(page) {
		m := MutedAccount{Account: e}
		if at, ok := ends[page.Accounts[i].ID]; ok {
			m.MuteExpiresAt = optionalMillis(&at)
		}
		list = append(list, m)
	}
	return list, nil
}

// note writes what the caller notes of the account of the path.
func (a *API) note(q *call) (any, error) {
	return relates(func(ctx context.Context, acc *store.Account, id int64) (community.Relationship, error) {
		return a.Community.SetNote(ctx, acc, id, q.params.text("comment"))
	})(q)
}

// relates handles an action on the account of the path. It answers with the relationship afterwards.
func relates(do func(context.Context, *store.Account, int64) (community.Relationship, error)) func(*call) (any, error) {
	return func(q *call) (any, error) {
		id, err := q.id()
		if err != nil {
			return nil, err
		}
		r, err := do(q.ctx(), q.account, id)
		if err != nil {
			return nil, err
		}
		return relationship(r), nil
	}
}

// accountsOf answers with one of the caller's own lists.
func accountsOf(list func(context.Context, *store.Account, community.Cursor) (*community.AccountPage, error)) func(*call) (any, error) {
	return func(q *call) (any, error) {
		page, err := list(q.ctx(), q.account, q.page(defaultAccounts, maxAccounts))
		if err != nil {
			return nil, err
		}
		return q.accountPage(page), nil
	}
}

// accountsAt answers with a list of the account of the path.
func accountsAt(list func(context.Context, *store.Account, int64, community.Cursor) (*community.AccountPage, error)) func(*call) (any, error) {
	return func(q *call) (any, error) {
		id, err := q.id()
		if err != nil {
			return nil, err
		}
		page, err := list(q.ctx(), q.account, id, q.page(defaultAccounts, maxAccounts))
		if err != nil {
			return nil, err
		}
		return q.accountPage(page), nil
	}
}

// accountPage writes the links. Their cursors are rows of the list, not accounts.
func (q *call) accountPage(page *community.AccountPage) []*Account {
	if len(page.Accounts) > 0 {
		q.link(page.Next, page.Prev)
	}
	return q.view().accountList(page.Accounts)
}
