package api

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"tintype/internal/community"
	"tintype/internal/store"
)

func (a *API) reportEndpoints() []endpoint {
	return []endpoint{{method: http.MethodPost, path: "/api/v1/reports", access: members, scope: "write:reports", answer: a.postReport}}
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

// postReport files a complaint about an account, or about posts of it. The answer to one about several is the report about the
// first, with the ids of all.
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
	for _, text := range p.list("status_ids") {
		if _, ok := parseID(text); !ok && text != "" {
			return nil, invalid("status_ids: holds what is not an id")
		}
	}
	filed, err := a.file(q, report, p.ids("status_ids"))
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
	e := q.view().report(filed[0], account)
	for _, other := range filed[1:] {
		e.StatusIDs = append(e.StatusIDs, formatID(*other.PostID))
	}
	return e, nil
}

// file files a report about an account, or one about each of its posts. Where an id is that of a boost, it is the boosted post.
func (a *API) file(q *call, report community.Report, statuses []int64) ([]*store.Report, error) {
	if len(statuses) > community.MaxReported {
		return nil, invalid("status_ids: names more than " + strconv.Itoa(community.MaxReported) + " posts")
	}
	if len(statuses) == 0 {
		filed, err := a.Community.Report(q.ctx(), q.account, report)
		return []*store.Report{filed}, err
	}
	found, err := a.Community.PostsAndBoostsByID(q.ctx(), q.account, statuses)
	if err != nil {
		return nil, err
	}
	if len(found) < len(statuses) {
		return nil, errNotFound
	}
	var posts []int64
	for _, p := range found {
		if !slices.Contains(posts, p.ID) {
			posts = append(posts, p.ID)
		}
	}
	return a.Community.ReportPosts(q.ctx(), q.account, report, posts)
}
