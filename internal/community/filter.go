package community

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tintype/internal/store"
)

// The bounds of an account's filters.
const (
	MaxFilters        = 100
	MaxFilterTitle    = 100
	MaxFilterKeywords = 100 // of one filter
	MaxFilterKeyword  = 200 // characters
	MaxFilterPosts    = 100 // of one filter
	// maxFiltersSize bounds all filters of an account as they are stored, because each of its requests reads them.
	maxFiltersSize = 64 << 10
	// longestFilter bounds FilterChange.Ends.
	longestFilter = 10 * 365 * 24 * time.Hour
)

// FilterContext is where a post is shown, by the words of Mastodon's API.
type FilterContext string

// Where filters work.
const (
	FilterHome          FilterContext = "home" // and lists
	FilterNotifications FilterContext = "notifications"
	FilterPublic        FilterContext = "public" // what others post: tags, search, what is popular
	FilterThread        FilterContext = "thread"
	FilterAccount       FilterContext = "account"

	filterAnywhere FilterContext = ""        // of a single post, which a client shows wherever it has it
	filterNowhere  FilterContext = "nowhere" // one's own likes and bookmarks
)

// FilterContexts are all places where filters work.
var FilterContexts = []FilterContext{FilterHome, FilterNotifications, FilterPublic, FilterThread, FilterAccount}

// Filter hides or covers posts of others that have one of its keywords, or that it names. Filters are one value in their
// account's row, so that whatever reads the account has them.
type Filter struct {
	ID        int64           `json:"id"`
	Title     string          `json:"title"`
	Contexts  []FilterContext `json:"contexts"`
	Hide      bool            `json:"hide,omitempty"` // without a trace; else covered, with the title
	ExpiresAt *store.Millis   `json:"expires_at,omitempty"`
	Keywords  []FilterKeyword `json:"keywords,omitempty"`
	Posts     []FilterPost    `json:"posts,omitempty"`
	Key       string          `json:"key,omitempty"` // of the form that made it
}

// FilterKeyword is a word, or words in a row, of a filter.
type FilterKeyword struct {
	ID        int64  `json:"id"`
	Keyword   string `json:"keyword"`
	WholeWord bool   `json:"whole_word,omitempty"`
}

// FilterPost is a post or comment that a filter names.
type FilterPost struct {
	ID     int64 `json:"id"`
	PostID int64 `json:"post_id"`
}

// Over reports whether the filter has ended.
func (f *Filter) Over() bool { return f.ExpiresAt != nil && f.ExpiresAt.Time().Before(time.Now()) }

// FilterResult is a filter that a post meets.
type FilterResult struct {
	Filter   *Filter
	Keywords []string // those of the filter that the post has
	Posts    []int64  // those that the filter names: the post's id
}

// readFilters reads the value of an account's row.
func readFilters(text string) (list []Filter, err error) {
	if text == "" {
		return nil, nil
	}
	err = json.Unmarshal([]byte(text), &list)
	return list, err
}

// A filterMatcher is the filters of an account, ready to be compared with posts. A nil one matches nothing.
type filterMatcher struct {
	owner   int64
	filters []Filter
	words   [][]filterWord // of each filter
}

// A filterWord is a keyword as it is looked for.
type filterWord struct {
	key        string
	start, end bool // where a word begins and ends
}

// newFilterMatcher reads the filters of an account that are not over.
func newFilterMatcher(owner int64, text string) (*filterMatcher, error) {
	list, err := readFilters(text)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(f Filter) bool { return f.Over() })
	if len(list) == 0 {
		return nil, nil
	}
	m := &filterMatcher{owner: owner, filters: list, words: make([][]filterWord, len(list))}
	for i, f := range list {
		for _, k := range f.Keywords {
			w := filterWord{key: store.Fold(k.Keyword)}
			if k.WholeWord {
				first, _ := utf8.DecodeRuneInString(w.key)
				last, _ := utf8.DecodeLastRuneInString(w.key)
				w.start, w.end = isWord(first), isWord(last)
			}
			m.words[i] = append(m.words[i], w)
		}
	}
	return m, nil
}

// matcherOf returns the viewer's filters. Filters that cannot be read, which a later release may have written, hide nothing.
func (c *Community) matcherOf(ctx context.Context, viewerID int64, text string) *filterMatcher {
	m, err := newFilterMatcher(viewerID, text)
	if err != nil {
		c.Log.ErrorContext(ctx, "an account's filters cannot be read", "account", viewerID, "error", err)
	}
	return m
}

// results are the filters that the post meets and that work in one of the contexts. One's own posts meet none.
func (m *filterMatcher) results(p *Post, contexts ...FilterContext) (list []FilterResult) {
	if m == nil || p.AuthorID == m.owner {
		return nil
	}
	text := ""
	for i := range m.filters {
		f := &m.filters[i]
		if !slices.Contains(contexts, filterAnywhere) && !slices.ContainsFunc(f.Contexts, func(in FilterContext) bool { return slices.Contains(contexts, in) }) {
			continue
		}
		r := FilterResult{Filter: f}
		if slices.ContainsFunc(f.Posts, func(named FilterPost) bool { return named.PostID == p.ID }) {
			r.Posts = []int64{p.ID}
		}
		if text == "" && len(m.words[i]) > 0 {
			text = filteredText(p)
		}
		for j, w := range m.words[i] {
			if w.in(text) {
				r.Keywords = append(r.Keywords, f.Keywords[j].Keyword)
			}
		}
		if len(r.Keywords) > 0 || len(r.Posts) > 0 {
			list = append(list, r)
		}
	}
	return list
}

// hides reports whether one of the filters hides posts in the context without a trace.
func (m *filterMatcher) hides(in FilterContext) bool {
	return m != nil && slices.ContainsFunc(m.filters, func(f Filter) bool { return f.Hide && slices.Contains(f.Contexts, in) })
}

// filteredText is what keywords are looked for in: all words of a post.
func filteredText(p *Post) string {
	var b strings.Builder
	b.WriteString(p.Warning)
	b.WriteByte('\n')
	b.WriteString(p.Caption)
	for _, ph := range p.Photos {
		b.WriteByte('\n')
		b.WriteString(ph.Description)
	}
	return store.Fold(b.String())
}

func isWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '_'
}

// in reports whether the text, folded, has the word.
func (w filterWord) in(text string) bool {
	for at := 0; w.key != ""; {
		i := strings.Index(text[at:], w.key)
		if i < 0 {
			return false
		}
		i += at
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(w.key):])
		if !(w.start && i > 0 && isWord(before)) && !(w.end && i+len(w.key) < len(text) && isWord(after)) {
			return true
		}
		_, size := utf8.DecodeRuneInString(text[i:])
		at = i + size
	}
	return false
}

// Hidden reports whether a filter hides the post without a trace.
func (p *Post) Hidden() bool {
	return slices.ContainsFunc(p.Filtered, func(r FilterResult) bool { return r.Filter.Hide })
}

// CoveredBy is the title of the filter that covers the post, "" where none does.
func (p *Post) CoveredBy() string {
	if len(p.Filtered) == 0 {
		return ""
	}
	return p.Filtered[0].Filter.Title
}

// Filters are the account's filters, the oldest first, those that are over as well.
func (c *Community) Filters(acc *store.Account) ([]Filter, error) {
	if acc == nil {
		return nil, ErrUnauthenticated
	}
	return readFilters(acc.Filters)
}

// Filter is one of the account's own filters, else ErrNotFound.
func (c *Community) Filter(acc *store.Account, id int64) (*Filter, error) {
	list, err := c.Filters(acc)
	if err != nil {
		return nil, err
	}
	return filterByID(list, id)
}

func filterByID(list []Filter, id int64) (*Filter, error) {
	i := slices.IndexFunc(list, func(f Filter) bool { return f.ID == id })
	if i < 0 {
		return nil, ErrNotFound
	}
	return &list[i], nil
}

// filterWith is the filter that has what the function finds by an index of its list, else ErrNotFound.
func filterWith(list []Filter, index func(*Filter) int) (*Filter, int, error) {
	for i := range list {
		if at := index(&list[i]); at >= 0 {
			return &list[i], at, nil
		}
	}
	return nil, 0, ErrNotFound
}

func keywordIndex(id int64) func(*Filter) int {
	return func(f *Filter) int {
		return slices.IndexFunc(f.Keywords, func(k FilterKeyword) bool { return k.ID == id })
	}
}

func filterPostIndex(id int64) func(*Filter) int {
	return func(f *Filter) int { return slices.IndexFunc(f.Posts, func(p FilterPost) bool { return p.ID == id }) }
}

// FilterKeyword is a keyword of one of the account's own filters, else ErrNotFound.
func (c *Community) FilterKeyword(acc *store.Account, id int64) (*FilterKeyword, error) {
	list, err := c.Filters(acc)
	if err != nil {
		return nil, err
	}
	f, at, err := filterWith(list, keywordIndex(id))
	if err != nil {
		return nil, err
	}
	return &f.Keywords[at], nil
}

// FilterPost is a post that one of the account's own filters names, else ErrNotFound.
func (c *Community) FilterPost(acc *store.Account, id int64) (*FilterPost, error) {
	list, err := c.Filters(acc)
	if err != nil {
		return nil, err
	}
	f, at, err := filterWith(list, filterPostIndex(id))
	if err != nil {
		return nil, err
	}
	return &f.Posts[at], nil
}
