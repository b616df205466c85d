package api

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"

	"tintype/internal/community"
	"tintype/internal/hostname"
	"tintype/internal/store"
)

func (a *API) otherEndpoints() []endpoint {
	const get, post = http.MethodGet, http.MethodPost
	return []endpoint{
		{method: get, path: "/api/v2/search", access: visitors, scope: "read:search", answer: a.search},
		{method: get, path: "/api/v1/tags/:name", access: visitors, scope: "read:follows", answer: a.getTag},
		{method: post, path: "/api/v1/tags/:name/follow", access: members, scope: "write:follows", answer: a.followTag(true)},
		{method: post, path: "/api/v1/tags/:name/unfollow", access: members, scope: "write:follows", answer: a.followTag(false)},
		{method: get, path: "/api/v1/followed_tags", access: members, scope: "read:follows", answer: a.getFollowedTags},
		{method: get, path: "/api/v1/markers", access: members, scope: "read:statuses", answer: a.getMarkers},
		{method: post, path: "/api/v1/markers", access: members, scope: "write:statuses", answer: a.postMarkers},
		{method: get, path: "/api/v1/preferences", access: members, scope: "read:accounts", answer: a.getPreferences},
		{method: post, path: "/api/v1/reports", access: members, scope: "write:reports", answer: a.postReport},
	}
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
		for _, t := range tags[min(skip, len(tags)):] {
			found.Hashtags = append(found.Hashtags, v.tag(t))
		}
	}
	return found, nil
}

// postAt returns the id in the address of a post of this site.
func (a *API) postAt(address string) (int64, bool) {
	path, ok := hostname.Local(address, a.BaseURL)
	if !ok || !strings.HasPrefix(path, "/@") {
		return 0, false
	}
	_, id, ok := strings.Cut(strings.TrimRight(path[1:], "/"), "/")
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

func (a *API) getMarkers(q *call) (any, error) {
	var asked []string
	names := q.params.list("timeline")
	for _, name := range names { // an unknown one has no marker
		if slices.Contains(community.Timelines, name) && !slices.Contains(asked, name) {
			asked = append(asked, name)
		}
	}
	if len(names) == 0 {
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
	for key := range q.params.values {
		name, ok := strings.CutSuffix(key, "[last_read_id]")
		if !ok {
			if name, _, _ := strings.Cut(key, "["); slices.Contains(community.Timelines, name) {
				return nil, invalid(name + ": has a last_read_id and nothing else")
			}
			continue
		}
		if !slices.Contains(community.Timelines, name) {
			return nil, invalid(name + ": markers are kept for " + strings.Join(community.Timelines, " and "))
		}
		id, ok := parseID(q.params.text(key))
		if !ok {
			return nil, invalid(name + ": last_read_id is not an id")
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
	return Preferences{Visibility: visibilityWord(q.account.DefaultVisibility), Sensitive: q.account.DefaultSensitive, Language: language, Media: media}, nil
}

// rulesByID are the words of the site's rules with the ids.
func (a *API) rulesByID(q *call, ids []string) ([]string, error) {
	known, words := rulesOf(a.Community.Site(q.ctx())), []string(nil)
	for _, id := range ids {
		i := slices.IndexFunc(known, func(r Rule) bool { return r.ID == id })
		if i < 0 {
			return nil, invalid("rule_ids: the site has no such rule")
		}
		words = append(words, known[i].Text)
	}
	return words, nil
}

// postReport files a complaint about an account, or about the first post in the request.
func (a *API) postReport(q *call) (any, error) {
	p := q.params
	target, ok := parseID(p.text("account_id"))
	if !ok {
		return nil, invalid("Account can't be blank")
	}
	report := community.Report{TargetID: target, Category: cmp.Or(p.text("category"), "other"), Comment: p.text("comment")}
	if rules := p.list("rule_ids"); len(rules) > 0 {
		var err error
		if report.Rules, err = a.rulesByID(q, rules); err != nil {
			return nil, err
		}
	}
	statuses := p.ids("status_ids")
	for _, text := range p.list("status_ids") {
		if _, ok := parseID(text); !ok && text != "" {
			return nil, invalid("status_ids: holds what is not an id")
		}
	}
	if len(statuses) > 1 {
		return nil, invalid("A report is about one post at a time: status_ids names several")
	}
	var filed *store.Report
	file := func(post int64) (err error) {
		report.PostID = post
		filed, err = a.Community.Report(q.ctx(), q.account, report)
		return err
	}
	var err error
	if len(statuses) > 0 {
		err = q.ofPost(statuses[0], file)
	} else {
		err = file(0)
	}
	if err != nil {
		return nil, err
	}
	// Whoever blocks somebody may report them and still not see them: then the account comes without what it says.
	about, err := a.Community.AccountsByID(q.ctx(), q.account, []int64{target})
	if err != nil {
		return nil, err
	}
	var account *store.Account
	if len(about) > 0 {
		account = about[0]
	}
	return q.view().report(filed, account), nil
}
