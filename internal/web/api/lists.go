package api

import (
	"context"
	"net/http"

	"tintype/internal/community"
	"tintype/internal/store"
)

func (a *API) listEndpoints() []endpoint {
	const get, post, put, del, read, write = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, "read:lists", "write:lists"
	return []endpoint{
		{method: get, path: "/api/v1/lists", access: members, scope: read, answer: a.getLists},
		{method: post, path: "/api/v1/lists", access: members, scope: write, answer: a.postList},
		{method: get, path: "/api/v1/lists/:id", access: members, scope: read, answer: a.getList},
		{method: put, path: "/api/v1/lists/:id", access: members, scope: write, answer: a.putList},
		{method: del, path: "/api/v1/lists/:id", access: members, scope: write, answer: a.deleteList},
		{method: get, path: "/api/v1/lists/:id/accounts", access: members, scope: read, answer: a.getListAccounts},
		{method: post, path: "/api/v1/lists/:id/accounts", access: members, scope: write, answer: a.changeListAccounts(a.Community.AddToList)},
		{method: del, path: "/api/v1/lists/:id/accounts", access: members, scope: write, answer: a.changeListAccounts(a.Community.RemoveFromList)},
	}
}

func (a *API) getLists(q *call) (any, error) {
	lists, err := a.Community.Lists(q.ctx(), q.account)
	return listEntities(lists), err
}

// getListsWith answers with the caller's lists that have the account of the path.
func (a *API) getListsWith(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	lists, err := a.Community.ListsWith(q.ctx(), q.account, id)
	return listEntities(lists), err
}

func (a *API) getList(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	l, err := a.Community.List(q.ctx(), q.account, id)
	if err != nil {
		return nil, err
	}
	return listEntity(*l), nil
}

func (q *call) listOptions() community.ListOptions {
	o := community.ListOptions{Title: q.params.given("title"), Exclusive: q.params.boolean("exclusive")}
	if policy := q.params.text("replies_policy"); policy != "" {
		o.RepliesPolicy = &policy
	}
	return o
}

func (a *API) postList(q *call) (any, error) {
	l, err := a.Community.CreateList(q.ctx(), q.account, q.listOptions())
	if err != nil {
		return nil, err
	}
	return listEntity(*l), nil
}

func (a *API) putList(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	l, err := a.Community.UpdateList(q.ctx(), q.account, id, q.listOptions())
	if err != nil {
		return nil, err
	}
	return listEntity(*l), nil
}

func (a *API) deleteList(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	return nothing{}, a.Community.DeleteList(q.ctx(), q.account, id)
}

// getListAccounts answers with a page, or with limit=0, as clients ask for all, with everybody.
func (a *API) getListAccounts(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	if q.params.number("limit", defaultAccounts, 0, maxAccounts) == 0 {
		all, err := a.Community.AllListMembers(q.ctx(), q.account, id)
		if err != nil {
			return nil, err
		}
		return q.view().accountList(all), nil
	}
	page, err := a.Community.ListMembers(q.ctx(), q.account, id, q.page(defaultAccounts, maxAccounts))
	if err != nil {
		return nil, err
	}
	return q.accountPage(page), nil
}

// changeListAccounts adds or removes the accounts of the request.
func (a *API) changeListAccounts(change func(ctx context.Context, acc *store.Account, id int64, accountIDs []int64) error) func(*call) (any, error) {
	return func(q *call) (any, error) {
		id, err := q.id()
		if err != nil {
			return nil, err
		}
		texts := q.params.list("account_ids")
		if len(texts) > maxIDs {
			return nil, errTooManyIDs
		}
		if !isListed(q.params, "account_ids") {
			return nil, invalid("account_ids: names nobody")
		}
		for _, text := range texts {
			if _, ok := parseID(text); !ok {
				return nil, errNotFound
			}
		}
		return nothing{}, change(q.ctx(), q.account, id, q.params.ids("account_ids"))
	}
}
