package api

import (
	"net/http"

	"tintype/internal/community"
	"tintype/internal/store"
)

func (a *API) exploreEndpoints() []endpoint {
	const get = http.MethodGet
	return []endpoint{
		{method: get, path: "/api/v1/directory", access: visitors, scope: "", answer: a.getDirectory},
		{method: get, path: "/api/v1/suggestions", access: members, scope: "read:accounts", answer: a.getSuggestedAccounts},
		{method: get, path: "/api/v2/suggestions", access: members, scope: "read:accounts", answer: a.getSuggestions},
		{method: get, path: "/api/v1/trends", access: visitors, scope: "", answer: a.getUsedTags},
		{method: get, path: "/api/v1/trends/tags", access: visitors, scope: "", answer: a.getUsedTags},
		{method: get, path: "/api/v1/trends/statuses", access: visitors, scope: "", answer: a.getPopularStatuses},
	}
}

func (a *API) getDirectory(q *call) (any, error) {
	p := q.params
	order := community.DirectoryOrder(p.text("order"))
	switch order {
	case "":
		order = community.DirectoryActive
	case community.DirectoryActive, community.DirectoryNew:
	default:
		return nil, invalid("Order must be active or new")
	}
	accounts, err := a.Community.Directory(q.ctx(), q.account, order, p.number("offset", 0, 0, community.MaxDirectory), p.number("limit", defaultAccounts, 1, maxAccounts))
	if err != nil {
		return nil, err
	}
	return q.view().accountList(accounts), nil
}

// sources are the names that clients have for why somebody is suggested.
var sources = map[string]string{
	community.SuggestedFamiliar: "friends_of_friends", community.SuggestedPosting: "most_interactions", community.SuggestedNew: "featured",
}

func (a *API) getSuggestions(q *call) (any, error) {
	found, err := a.Community.Suggestions(q.ctx(), q.account, q.params.number("limit", defaultAccounts, 1, maxAccounts))
	if err != nil {
		return nil, err
	}
	all, v := make([]Suggestion, len(found)), q.view()
	for i, s := range found {
		all[i] = Suggestion{Source: "global", Sources: []string{sources[s.Source]}, Account: v.account(s.Account)}
	}
	return all, nil
}

// getSuggestedAccounts is getSuggestions for clients that know the accounts alone.
func (a *API) getSuggestedAccounts(q *call) (any, error) {
	found, err := a.Community.Suggestions(q.ctx(), q.account, q.params.number("limit", defaultAccounts, 1, maxAccounts))
	if err != nil {
		return nil, err
	}
	all, v := make([]*Account, len(found)), q.view()
	for i, s := range found {
		all[i] = v.account(s.Account)
	}
	return all, nil
}

// defaultTrends and maxTrends are how many rows a ranked list has.
const (
	defaultTrends = 10
	maxTrends     = 40
)

func (a *API) getUsedTags(q *call) (any, error) {
	p := q.params
	used, err := a.Community.UsedTags(q.ctx(), q.account, p.number("offset", 0, 0, community.MaxDirectory), p.number("limit", defaultTrends, 1, maxTrends), false)
	if err != nil {
		return nil, err
	}
	tags := make([]store.Tag, len(used))
	for i, t := range used {
		tags[i] = t.Tag
	}
	return q.tags(tags)
}

func (a *API) getPopularStatuses(q *call) (any, error) {
	p := q.params
	posts, err := a.Community.PopularPosts(q.ctx(), q.account, p.number("offset", 0, 0, community.MaxDirectory), p.number("limit", defaultStatuses, 1, maxStatuses))
	if err != nil {
		return nil, err
	}
	return q.view().statuses(posts), nil
}
