package api

import "tintype/internal/community"

// FilterHead is a filter without what it looks for.
type FilterHead struct {
	ID           string   `json:"id"`
	Title        string   `json:"title"`
	Context      []string `json:"context"`
	ExpiresAt    *string  `json:"expires_at"`
	FilterAction string   `json:"filter_action"` // warn, hide
}

// Filter hides or covers statuses.
type Filter struct {
	FilterHead
	Keywords []FilterKeyword `json:"keywords"`
	Statuses []FilterStatus  `json:"statuses"`
}

// FilterKeyword is a word, or words in a row, of a filter.
type FilterKeyword struct {
	ID        string `json:"id"`
	Keyword   string `json:"keyword"`
	WholeWord bool   `json:"whole_word"`
}

// FilterStatus is a status that a filter names.
type FilterStatus struct {
	ID       string `json:"id"`
	StatusID string `json:"status_id"`
}

// FilterResult is a filter that a status meets, and by what.
type FilterResult struct {
	Filter         FilterHead `json:"filter"`
	KeywordMatches []string   `json:"keyword_matches"`
	StatusMatches  []string   `json:"status_matches"`
}

// OldFilter is a keyword of a filter as the first version of this API has it.
type OldFilter struct {
	ID           string   `json:"id"`
	Phrase       string   `json:"phrase"`
	Context      []string `json:"context"`
	WholeWord    bool     `json:"whole_word"`
	ExpiresAt    *string  `json:"expires_at"`
	Irreversible bool     `json:"irreversible"`
}

// The words of filter_action.
const (
	actionWarn = "warn"
	actionHide = "hide"
)

func filterHead(f *community.Filter) FilterHead {
	e := FilterHead{ID: formatID(f.ID), Title: f.Title, Context: make([]string, len(f.Contexts)), ExpiresAt: optionalMillis(f.ExpiresAt), FilterAction: actionWarn}
	for i, in := range f.Contexts {
		e.Context[i] = string(in)
	}
	if f.Hide {
		e.FilterAction = actionHide
	}
	return e
}

func filterEntity(f *community.Filter) Filter {
	return Filter{filterHead(f), filterKeywords(f), filterStatuses(f)}
}

func filterKeyword(k community.FilterKeyword) FilterKeyword {
	return FilterKeyword{ID: formatID(k.ID), Keyword: k.Keyword, WholeWord: k.WholeWord}
}

func filterStatus(p community.FilterPost) FilterStatus {
	return FilterStatus{ID: formatID(p.ID), StatusID: formatID(p.PostID)}
}

func filterKeywords(f *community.Filter) []FilterKeyword {
	all := make([]FilterKeyword, 0, len(f.Keywords))
	for _, k := range f.Keywords {
		all = append(all, filterKeyword(k))
	}
	return all
}

func filterStatuses(f *community.Filter) []FilterStatus {
	all := make([]FilterStatus, 0, len(f.Posts))
	for _, p := range f.Posts {
		all = append(all, filterStatus(p))
	}
	return all
}

// filterResults are never null: clients look for a filter in them.
func filterResults(list []community.FilterResult) []FilterResult {
	all := make([]FilterResult, 0, len(list))
	for _, r := range list {
		e := FilterResult{Filter: filterHead(r.Filter), KeywordMatches: append([]string{}, r.Keywords...), StatusMatches: []string{}}
		for _, id := range r.Posts {
			e.StatusMatches = append(e.StatusMatches, formatID(id))
		}
		all = append(all, e)
	}
	return all
}
