package api

import (
	"tintype/internal/store"
)

func (a *API) getSelf(q *call) (any, error) { return a.self(q, q.account) }

func (a *API) self(q *call, account *store.Account) (any, error) {
	waiting, err := a.Community.FollowRequestsCount(q.ctx(), account)
	if err != nil {
		return nil, err
	}
	// Read again with its faces, which a token's owner comes without.
	whole, err := a.Community.AccountByID(q.ctx(), account, account.ID)
	if err != nil {
		return nil, err
	}
	return q.view().self(whole, waiting), nil
}
