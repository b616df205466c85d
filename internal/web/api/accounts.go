package api

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"tintype/internal/community"
	"tintype/internal/store"
)

func (a *API) accountEndpoints() []endpoint {
	const get = http.MethodGet
	return []endpoint{
		{method: get, path: "/api/v1/accounts/verify_credentials", access: members, scope: "profile", answer: a.getSelf},
		{method: http.MethodPatch, path: "/api/v1/accounts/update_credentials", access: members, scope: "write:accounts", upload: true, answer: a.patchSelf},
		{method: get, path: "/api/v1/accounts", access: visitors, scope: "read:accounts", answer: a.getAccounts},
		{method: get, path: "/api/v1/accounts/lookup", access: visitors, scope: "read:accounts", answer: a.lookUpAccount},
		{method: get, path: "/api/v1/accounts/search", access: members, scope: "read:accounts", answer: a.searchAccounts},
		{method: get, path: "/api/v1/accounts/familiar_followers", access: members, scope: "read:follows", answer: a.getFamiliarFollowers},
		{method: get, path: "/api/v1/accounts/:id", access: visitors, scope: "read:accounts", answer: a.getAccount},
		{method: get, path: "/api/v1/accounts/:id/statuses", access: visitors, scope: "read:statuses", answer: a.getAccountStatuses},
		{method: get, path: "/api/v1/accounts/:id/featured_tags", access: visitors, scope: "read:accounts", answer: none},
		{method: get, path: "/api/v1/accounts/:id/endorsements", access: visitors, scope: "read:accounts", answer: none},
		{method: get, path: "/api/v1/accounts/:id/identity_proofs", access: visitors, scope: "read:accounts", answer: none},
		{method: get, path: "/api/v1/accounts/:id/lists", access: members, scope: "read:lists", answer: a.getListsWith},
		{method: get, path: "/api/v1/preferences", access: members, scope: "read:accounts", answer: a.getPreferences},
	}
}

func (a *API) getAccount(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	found, err := a.Community.AccountByID(q.ctx(), q.account, id)
	if err != nil {
		return nil, err
	}
	return q.view().account(found), nil
}

// How many accounts or posts one request may name, and how many others one may ask one's relationship to.
const (
	maxIDs       = 80
	maxRelations = 200
)

func (a *API) getAccounts(q *call) (any, error) {
	ids := q.params.ids("id")
	if len(ids) > maxIDs {
		return nil, errTooManyIDs
	}
	found, err := a.Community.AccountsByID(q.ctx(), q.account, ids)
	if err != nil {
		return nil, err
	}
	return q.view().accountList(found), nil
}

func (a *API) lookUpAccount(q *call) (any, error) {
	found, err := a.Community.AccountByName(q.ctx(), q.account, a.Community.LocalName(q.params.text("acct")))
	if err != nil {
		return nil, err
	}
	return q.view().account(found), nil
}

func (a *API) searchAccounts(q *call) (any, error) {
	found, err := a.accountsFor(q, q.params.number("limit", defaultAccounts, 1, maxAccounts))
	if err != nil {
		return nil, err
	}
	return q.view().accountList(found), nil
}

// accountsFor finds accounts by the beginning of their names. An offset skips as many.
func (a *API) accountsFor(q *call, limit int) ([]*store.Account, error) {
	words := a.Community.LocalName(q.params.text("q"))
	if words == "" || strings.Contains(words, "@") { // nobody is from elsewhere
		return nil, nil
	}
	skip := q.params.number("offset", 0, 0, maxAccounts)
	found, err := a.Community.SearchAccounts(q.ctx(), q.account, community.AccountSearch{
		Text: words, Followed: q.params.isTrue("following"), Limit: skip + limit,
	})
	if err != nil {
		return nil, err
	}
	return found[min(skip, len(found)):], nil
}

// getFamiliarFollowers answers with those of each account's followers whom the caller follows.
func (a *API) getFamiliarFollowers(q *call) (any, error) {
	ids := q.params.ids("id")
	if len(ids) > community.MaxFamiliar {
		return nil, errTooManyIDs
	}
	found, err := a.Community.FamiliarFollowers(q.ctx(), q.account, ids)
	if err != nil {
		return nil, err
	}
	v, all := q.view(), make([]FamiliarFollowers, 0, len(found))
	for _, f := range found {
		all = append(all, FamiliarFollowers{ID: formatID(f.ID), Accounts: v.accountList(f.Followers)})
	}
	return all, nil
}

func (a *API) getAccountStatuses(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	o := community.AccountFeedOptions{
		OnlyMedia:      q.params.isTrue("only_media"),
		ExcludeReplies: q.params.isTrue("exclude_replies"),
		ExcludeBoosts:  q.params.isTrue("exclude_reblogs"),
		Tagged:         strings.TrimPrefix(q.params.text("tagged"), "#"),
	}
	page := q.page(defaultStatuses, maxStatuses)
	if q.params.isTrue("pinned") {
		posts, err := a.Community.PinnedPosts(q.ctx(), q.account, id)
		if err != nil {
			return nil, err
		}
		return q.postPage(pageOfPins(posts, o.Tagged, page)), nil
	}
	posts, err := a.Community.AccountFeed(q.ctx(), q.account, id, o, page)
	if err != nil {
		return nil, err
	}
	return q.postPage(posts), nil
}

func (a *API) getPreferences(q *call) (any, error) {
	media := "default"
	switch q.account.WarnedPhotos {
	case "show":
		media = "show_all"
	case "hide":
		media = "hide_all"
	}
	var language *string
	if q.account.Language != "" {
		language = &q.account.Language
	}
	return Preferences{Visibility: visibilityWord(q.account.DefaultVisibility), Sensitive: q.account.DefaultSensitive, Language: language, Media: media}, nil
}

// pageOfPins is a page of the pinned posts with the tag, "" for any, by their ids as in every list of posts. Each pin is a
// post with photos, so that nothing else narrows them.
func pageOfPins(posts []*community.Post, tag string, page community.Cursor) []*community.Post {
	var tags []string
	if tag != "" {
		tags = foldTags([]string{tag})
	}
	posts = slices.DeleteFunc(posts, func(p *community.Post) bool {
		return !wears(p, tags, nil) || page.MaxID > 0 && p.ID >= page.MaxID || p.ID <= max(page.MinID, page.SinceID)
	})
	slices.SortFunc(posts, func(a, b *community.Post) int { return cmp.Compare(b.ID, a.ID) })
	if page.MinID > 0 { // the page just above the cursor
		return posts[max(0, len(posts)-page.Limit):]
	}
	return posts[:min(len(posts), page.Limit)]
}
