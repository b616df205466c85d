package api

import (
	"net/http"
	"slices"
	"strings"

	"tintype/internal/community"
)

func (a *API) otherEndpoints() []endpoint {
	const get, post = http.MethodGet, http.MethodPost
	return []endpoint{
		{method: get, path: "/api/v2/search", access: visitors, scope: "read:search", answer: a.search},
		{method: get, path: "/api/v1/tags/:name", access: visitors, scope: "read:follows", answer: a.getTag},
		{method: get, path: "/api/v1/markers", access: members, scope: "read:statuses", answer: a.getMarkers},
		{method: post, path: "/api/v1/markers", access: members, scope: "write:statuses", answer: a.postMarkers},
		{method: get, path: "/api/v1/preferences", access: members, scope: "read:accounts", answer: a.getPreferences},
		{method: post, path: "/api/v1/reports", access: members, scope: "write:reports", answer: a.postReport},
	}
}

// search finds accounts and tags by the beginning of their names, and a post by its address.
func (a *API) search(q *call) (any, error) {
	p := q.params
	found := Search{Accounts: []*Account{}, Statuses: []*Status{}, Hashtags: []Tag{}}
	limit := p.number("limit", defaultStatuses, 1, maxStatuses)
	kind, words := p.text("type"), strings.TrimSpace(p.text("q"))
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
	if name, ok := strings.CutPrefix(words, a.BaseURL+"/@"); ok {
		words = "@" + name
		p.values["q"] = []string{words}
	}
	if wants("accounts") && !strings.HasPrefix(words, "#") {
		accounts, err := a.accountsFor(q, limit)
		if err != nil {
			return nil, err
		}
		found.Accounts = v.accountList(accounts)
	}
	if wants("hashtags") && !strings.HasPrefix(words, "@") && words != "" {
		skip := p.number("offset", 0, 0, maxAccounts)
		tags, err := a.Community.SearchTags(q.ctx(), q.account, words, skip+limit)
		if err != nil {
			return nil, err
		}
		for _, t := range tags[min(skip, len(tags)):] {
			found.Hashtags = append(found.Hashtags, v.tag(t))
		}
	}
	return found, nil
}

// postAt returns the id in the address of a post of this site.
func (a *API) postAt(address string) (int64, bool) {
	rest, ok := strings.CutPrefix(address, a.BaseURL+"/@")
	if !ok {
		return 0, false
	}
	_, id, ok := strings.Cut(rest, "/")
	if !ok {
		return 0, false
	}
	return parseID(id)
}

// getTag answers also for tags that nobody has used yet, because clients show tags while they are typed.
func (a *API) getTag(q *call) (any, error) {
	t, err := a.Community.Tag(q.ctx(), q.account, q.c.Param("name"))
	if err != nil {
		return nil, err
	}
	return q.view().tag(*t), nil
}

func (a *API) getMarkers(q *call) (any, error) {
	var asked []string
	for _, name := range q.params.list("timeline") {
		if slices.Contains(community.Timelines, name) && !slices.Contains(asked, name) {
			asked = append(asked, name)
		}
	}
	if asked == nil {
		asked = community.Timelines
	}
	found, err := a.Community.Markers(q.ctx(), q.account, asked)
	if err != nil {
		return nil, err
	}
	return markers(found), nil
}

func (a *API) postMarkers(q *call) (any, error) {
	positions := make(map[string]int64)
	for _, name := range community.Timelines {
		text, ok := q.params.lookup(name + "[last_read_id]")
		if !ok {
			continue
		}
		id, ok := parseID(text)
		if !ok {
			return nil, invalid("Last read is not an id")
		}
		positions[name] = id
	}
	set, err := a.Community.SetMarkers(q.ctx(), q.account, positions)
	if err != nil {
		return nil, err
	}
	return markers(set), nil
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
	return map[string]any{
		"posting:default:visibility": visibilityWord(q.account.DefaultVisibility),
		"posting:default:sensitive":  q.account.DefaultSensitive,
		"posting:default:language":   language,
		"reading:expand:media":       media,
		"reading:expand:spoilers":    false,
		"reading:autoplay:gifs":      false,
	}, nil
}

// postReport files a complaint about an account, or about the first post in the request.
func (a *API) postReport(q *call) (any, error) {
	p := q.params
	target, ok := parseID(p.text("account_id"))
	if !ok {
		return nil, invalid("Account can't be blank")
	}
	report := community.Report{TargetID: target, Comment: p.text("comment")}
	statuses := p.ids("status_ids")
	if len(statuses) > 0 {
		report.PostID = statuses[0]
	}
	filed, err := a.Community.Report(q.ctx(), q.account, report)
	if err != nil {
		return nil, err
	}
	// Whoever blocks somebody may report them and still not see them: then the account comes without what it says.
	about, err := a.Community.AccountsByID(q.ctx(), q.account, []int64{target})
	if err != nil {
		return nil, err
	}
	e := Report{
		ID: formatID(filed.ID), Category: "other", Comment: filed.Comment, CreatedAt: formatMillis(filed.CreatedAt),
		StatusIDs: []string{}, RuleIDs: []nothing{},
	}
	if filed.PostID != nil {
		e.StatusIDs = append(e.StatusIDs, formatID(*filed.PostID))
	}
	if len(about) > 0 {
		e.TargetAccount = q.view().account(about[0])
	}
	return e, nil
}
