package api

import (
	"net/http"
	"strings"
	"time"

	"tintype/internal/community"
	"tintype/internal/store"
)

func (a *API) filterEndpoints() []endpoint {
	const get, post, put, del, read, write = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, "read:filters", "write:filters"
	return []endpoint{
		{method: get, path: "/api/v1/filters", access: members, scope: read, answer: a.getOldFilters},
		{method: get, path: "/api/v2/filters", access: members, scope: read, answer: a.getFilters},
		{method: post, path: "/api/v2/filters", access: members, scope: write, answer: a.postFilter},
		{method: get, path: "/api/v2/filters/:id", access: members, scope: read, answer: a.getFilter},
		{method: put, path: "/api/v2/filters/:id", access: members, scope: write, answer: a.putFilter},
		{method: del, path: "/api/v2/filters/:id", access: members, scope: write, answer: a.deleteFilter},
		{method: get, path: "/api/v2/filters/:id/keywords", access: members, scope: read, answer: a.getFilterKeywords},
		{method: post, path: "/api/v2/filters/:id/keywords", access: members, scope: write, answer: a.postFilterKeyword},
		{method: get, path: "/api/v2/filters/keywords/:id", access: members, scope: read, answer: a.getFilterKeyword},
		{method: put, path: "/api/v2/filters/keywords/:id", access: members, scope: write, answer: a.putFilterKeyword},
		{method: del, path: "/api/v2/filters/keywords/:id", access: members, scope: write, answer: a.deleteFilterKeyword},
		{method: get, path: "/api/v2/filters/:id/statuses", access: members, scope: read, answer: a.getFilterStatuses},
		{method: post, path: "/api/v2/filters/:id/statuses", access: members, scope: write, answer: a.postFilterStatus},
		{method: get, path: "/api/v2/filters/statuses/:id", access: members, scope: read, answer: a.getFilterStatus},
		{method: del, path: "/api/v2/filters/statuses/:id", access: members, scope: write, answer: a.deleteFilterStatus},
	}
}

func (a *API) getOldFilters(q *call) (any, error) {
	list, err := a.Community.Filters(q.account)
	if err != nil {
		return nil, err
	}
	all := []OldFilter{}
	for i := range list {
		head := filterHead(&list[i])
		for _, k := range list[i].Keywords {
			all = append(all, OldFilter{ID: formatID(k.ID), Phrase: k.Keyword, Context: head.Context, WholeWord: k.WholeWord, ExpiresAt: head.ExpiresAt, Irreversible: list[i].Hide})
		}
	}
	return all, nil
}

func (a *API) getFilters(q *call) (any, error) {
	list, err := a.Community.Filters(q.account)
	if err != nil {
		return nil, err
	}
	all := make([]Filter, 0, len(list))
	for i := range list {
		all = append(all, filterEntity(&list[i]))
	}
	return all, nil
}

// ownFilter is the caller's filter of the path.
func (q *call) ownFilter() (*community.Filter, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	return q.api.Community.Filter(q.account, id)
}

func (a *API) getFilter(q *call) (any, error) {
	f, err := q.ownFilter()
	if err != nil {
		return nil, err
	}
	return filterEntity(f), nil
}

// filterChange reads what a request wants of a filter. past is what it makes of an end that is not to come.
func (q *call) filterChange(past time.Duration) (o community.FilterChange, err error) {
	p := q.params
	o.Title = p.given("title")
	if p.hasList("context") {
		o.Contexts = []community.FilterContext{}
		for _, in := range p.list("context") {
			o.Contexts = append(o.Contexts, community.FilterContext(in))
		}
	}
	switch action := p.text("filter_action"); action {
	case "":
	case actionWarn, actionHide:
		hide := action == actionHide
		o.Hide = &hide
	default:
		return o, invalid("filter_action must be warn or hide")
	}
	if p.given("expires_in") != nil || p.isNull("expires_in") {
		var ends time.Duration // nothing is never
		if strings.TrimSpace(p.text("expires_in")) != "" && p.boolean("expires_in") != nil {
			const most = 20 * 365 * 24 * 3600
			if ends = time.Duration(p.number("expires_in", -1, 0, most)) * time.Second; ends == 0 {
				ends = past
			}
		}
		o.Ends = &ends
	}
	for _, row := range p.rows("keywords_attributes") {
		k, err := keywordChange(row)
		if err != nil {
			return o, err
		}
		if text := row.text("id"); text != "" {
			id, ok := parseID(text)
			if !ok {
				return o, errNotFound
			}
			k.ID = id
		}
		if err := row.plainBoolean("_destroy"); err != nil {
			return o, err
		}
		if k.Remove = row.isTrue("_destroy"); k.ID == 0 && k.Keyword == nil && !k.Remove {
			k.Keyword = new(string)
		}
		o.Keywords = append(o.Keywords, k)
	}
	return o, nil
}

func keywordChange(p *params) (k community.KeywordChange, err error) {
	if err := p.plainBoolean("whole_word"); err != nil {
		return k, err
	}
	return community.KeywordChange{Keyword: p.given("keyword"), WholeWord: p.boolean("whole_word")}, nil
}

func (a *API) postFilter(q *call) (any, error) {
	o, err := q.filterChange(-1) // refused: what ends at once is no filter
	if err != nil {
		return nil, err
	}
	f, err := a.Community.CreateFilter(q.ctx(), q.account, o)
	if err != nil {
		return nil, err
	}
	return filterEntity(f), nil
}

func (a *API) putFilter(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	// A client sends the seconds that are left again, also of a filter that is over: it stays over, with an end of now.
	o, err := q.filterChange(time.Nanosecond)
	if err != nil {
		return nil, err
	}
	f, err := a.Community.UpdateFilter(q.ctx(), q.account, id, o)
	if err != nil {
		return nil, err
	}
	return filterEntity(f), nil
}

func (a *API) deleteFilter(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	return nothing{}, a.Community.DeleteFilter(q.ctx(), q.account, id)
}

func (a *API) getFilterKeywords(q *call) (any, error) {
	f, err := q.ownFilter()
	if err != nil {
		return nil, err
	}
	return filterKeywords(f), nil
}

func (a *API) postFilterKeyword(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	change, err := keywordChange(q.params)
	if err != nil {
		return nil, err
	}
	k, err := a.Community.AddFilterKeyword(q.ctx(), q.account, id, change)
	if err != nil {
		return nil, err
	}
	return filterKeyword(*k), nil
}

// ownFilterPart answers with a keyword or a status of the member's filters.
func ownFilterPart[T, E any](q *call, find func(*store.Account, int64) (*T, error), entity func(T) E) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	part, err := find(q.account, id)
	if err != nil {
		return nil, err
	}
	return entity(*part), nil
}

func (a *API) getFilterKeyword(q *call) (any, error) {
	return ownFilterPart(q, a.Community.FilterKeyword, filterKeyword)
}

func (a *API) putFilterKeyword(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	change, err := keywordChange(q.params)
	if err != nil {
		return nil, err
	}
	change.ID = id
	k, err := a.Community.UpdateFilterKeyword(q.ctx(), q.account, change)
	if err != nil {
		return nil, err
	}
	return filterKeyword(*k), nil
}

func (a *API) deleteFilterKeyword(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	_, err = a.Community.UpdateFilterKeyword(q.ctx(), q.account, community.KeywordChange{ID: id, Remove: true})
	return nothing{}, err
}

func (a *API) getFilterStatuses(q *call) (any, error) {
	f, err := q.ownFilter()
	if err != nil {
		return nil, err
	}
	return filterStatuses(f), nil
}

func (a *API) postFilterStatus(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	statusID, ok := parseID(q.params.text("status_id"))
	if !ok {
		return nil, errNotFound
	}
	var named *community.FilterPost
	err = q.ofPost(statusID, func(post int64) (err error) {
		named, err = a.Community.AddFilterPost(q.ctx(), q.account, id, post)
		return err
	})
	if err != nil {
		return nil, err
	}
	return filterStatus(*named), nil
}

func (a *API) getFilterStatus(q *call) (any, error) {
	return ownFilterPart(q, a.Community.FilterPost, filterStatus)
}

func (a *API) deleteFilterStatus(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	p, err := a.Community.RemoveFilterPost(q.ctx(), q.account, id)
	if err != nil {
		return nil, err
	}
	return filterStatus(*p), nil
}
