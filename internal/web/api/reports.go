package api

import (
	"cmp"
	"net/http"
	"slices"

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
