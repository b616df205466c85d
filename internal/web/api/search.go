package api

import (
	"errors"
	"net/http"
	"strings"

	"tintype/internal/community"
	"tintype/internal/hostname"
)

func (a *API) searchEndpoints() []endpoint {
	return []endpoint{{method: http.MethodGet, path: "/api/v2/search", access: visitors, scope: "read:search", answer: a.search}}
}

// search finds accounts and tags by the beginning of their names, posts by their words (see community.SearchPosts), and a
// post by its address.
func (a *API) search(q *call) (any, error) {
	p := q.params
	found := Search{Accounts: []*Account{}, Statuses: []*Status{}, Hashtags: []Tag{}}
	limit := p.number("limit", defaultStatuses, 1, maxStatuses)
	kind, words := p.text("type"), strings.TrimSpace(p.text("q"))
	switch kind {
	case "", "accounts", "statuses", "hashtags":
	default:
		return nil, invalid("Type must be accounts, hashtags or statuses")
	}
	wants := func(k string) bool { return kind == "" || kind == k }
	v := q.view()
	if id, ok := a.postAt(words); ok {
		if wants("statuses") {
			posts, err := a.Community.PostsByID(q.ctx(), q.account, []int64{id})
			if err != nil {
				return nil, err
			}
			found.Statuses = v.statuses(posts)
		}
		return found, nil
	}
	if path, ok := hostname.Local(words, a.BaseURL); ok && strings.HasPrefix(path, "/@") {
		words = strings.TrimRight(path[1:], "/")
		p.values["q"] = []string{words}
	}
	if wants("accounts") && !strings.HasPrefix(words, "#") {
		accounts, err := a.accountsFor(q, limit)
		if err != nil {
			return nil, err
		}
		found.Accounts = v.accountList(accounts)
	}
	if wants("statuses") {
		page := q.page(defaultStatuses, maxStatuses)
		page.Limit = limit
		posts, err := a.Community.SearchPosts(q.ctx(), q.account, community.PostSearch{
			Text: words, AuthorID: p.otherID("account_id"), Skip: p.number("offset", 0, 0, community.MaxSearch), Cursor: page,
		})
		var wrong *community.Invalid
		if err != nil && (kind != "" || !errors.As(err, &wrong)) { // what is no search for posts may still name an account or a tag
			return nil, err
		}
		found.Statuses = v.statuses(posts)
	}
	if wants("hashtags") && !strings.HasPrefix(words, "@") && words != "" {
		skip := p.number("offset", 0, 0, maxAccounts)
		tags, err := a.Community.SearchTags(q.ctx(), q.account, words, skip+limit)
		if err != nil {
			return nil, err
		}
		if found.Hashtags, err = q.tags(tags[min(skip, len(tags)):]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// postAt returns the id in the address of a post or comment of this site: /@NAME/ID, one of its photos behind that, or /posts/ID, where pages link to.
func (a *API) postAt(address string) (int64, bool) {
	path, ok := hostname.Local(address, a.BaseURL)
	if !ok {
		return 0, false
	}
	in, id, ok := strings.Cut(strings.Trim(path, "/"), "/")
	if !ok || in != "posts" && !strings.HasPrefix(in, "@") {
		return 0, false
	}
	id, _, _ = strings.Cut(id, "/") // the address of one of its photos
	return parseID(id)
}
