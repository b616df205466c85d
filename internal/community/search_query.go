package community

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tintype/internal/store"
)

const (
	// maxSearchRunes bounds what is typed, maxSearchTerms the words in it, of which scripts without spaces have many,
	// and maxOperators how often something stands before a colon.
	maxSearchRunes = 200
	maxSearchTerms = 24
	maxOperators   = 8

	// minBeginning is from how many characters on the last word also finds longer ones.
	minBeginning = 2
)

// askedFor is what somebody typed into a search.
type askedFor struct {
	terms         []store.SearchTerm
	from          string
	before, after int64 // ids, both excluded; 0 is open
}

// operators are what may stand before a colon.
var operators = []string{"from", "tag", "camera", "before", "after"}

// parseSearch reads words and operators. It takes everything else for words.
func parseSearch(text string) (askedFor, error) {
	var a askedFor
	bad := &Invalid{}
	if utf8.RuneCountInString(text) > maxSearchRunes {
		bad.add("q", "too_long", "Search for less: the limit is %d characters.", maxSearchRunes)
		return a, bad.err()
	}
	items := searchItems(text)
	var words []searchItem
	used := 0
	for i := 0; i < len(items); i++ {
		it := items[i]
		if it.operator == "" {
			words = append(words, it)
			continue
		}
		if it.value == "" && i+1 < len(items) && items[i+1].operator == "" { // from: ada
			i++
			it.value = items[i].value
		}
		used++
		a.operate(bad, it.operator, it.value)
	}
	for i, it := range words {
		a.addWords(it, 0, i == len(words)-1 && !it.quoted)
	}
	if used > maxOperators {
		bad.add("q", "too_many", "Search for less: from:, tag:, camera:, before: and after: may be used %d times.", maxOperators)
	}
	if len(a.terms) > maxSearchTerms {
		bad.add("q", "too_many", "Search for fewer words: the limit is %d.", maxSearchTerms)
	}
	return a, bad.err()
}

func (a *askedFor) operate(bad *Invalid, operator, value string) {
	if value == "" {
		bad.add("q", "blank", "Write something after %s:.", operator)
		return
	}
	switch operator {
	case "from":
		if a.from != "" && !strings.EqualFold(a.from, value) {
			bad.add("q", "invalid", "A post is by one member: write from: only once.")
			return
		}
		a.from = value
	case "tag":
		key := "" // of no tag
		if name := strings.TrimPrefix(value, "#"); ValidTag(name) {
			key = store.Fold(name)
		}
		a.add(store.SearchTerm{Word: store.TagWord(key)})
	case "camera":
		a.addWords(searchItem{value: value}, store.InCamera, false)
	default:
		begin, end, ok := searchedDate(value)
		switch {
		case !ok:
			bad.add("q", "invalid", "Write a date after %s:, such as 2026-05-01, 2026-05 or 2026.", operator)
		case operator == "before" && (a.before == 0 || begin < a.before):
			a.before = begin
		case operator == "after":
			a.after = max(a.after, end-1)
		}
	}
}

// addWords adds the words of an item, or the tag that it is. The last that is typed may go on.
func (a *askedFor) addWords(it searchItem, fields int, last bool) {
	if name, ok := strings.CutPrefix(it.value, "#"); ok && fields == 0 && ValidTag(name) {
		a.add(store.SearchTerm{Word: store.TagWord(store.Fold(name)), Begins: last && utf8.RuneCountInString(name) >= minBeginning})
		return
	}
	words := store.SearchWords(it.value)
	for i, w := range words {
		goesOn := last && i == len(words)-1 && utf8.RuneCountInString(w.Text) >= minBeginning && !w.Pair
		a.add(store.SearchTerm{Word: w.Text, Fields: fields, Begins: w.Begins || goesOn})
	}
}

func (a *askedFor) add(t store.SearchTerm) {
	if !slices.Contains(a.terms, t) {
		a.terms = append(a.terms, t)
	}
}

// searchedDate returns the ids at the beginning and the end of a day, a month or a year in UTC.
func searchedDate(text string) (begin, end int64, ok bool) {
	for layout, next := range map[string][3]int{"2006-01-02": {0, 0, 1}, "2006-01": {0, 1, 0}, "2006": {1, 0, 0}} {
		t, err := time.Parse(layout, text)
		if err != nil || t.Year() < 1970 || t.Year() > 3000 {
			continue
		}
		return t.UnixMilli() << 16, t.AddDate(next[0], next[1], next[2]).UnixMilli() << 16, true
	}
	return 0, 0, false
}

// A searchItem is what stands between spaces, or in quotation marks.
type searchItem struct {
	operator, value string
	quoted          bool
}

func searchItems(text string) []searchItem {
	var items []searchItem
	var it searchItem
	var b strings.Builder
	inQuotes, any := false, false
	end := func() {
		if any {
			it.value = b.String()
			items = append(items, it)
		}
		b.Reset()
		it, any = searchItem{}, false
	}
	for _, r := range text {
		switch {
		case r == '"' || r == '“' || r == '”' || r == '„':
			inQuotes, any, it.quoted = !inQuotes, true, true
		case unicode.IsSpace(r) && !inQuotes:
			end()
		case r == ':' && it.operator == "" && !it.quoted && slices.Contains(operators, strings.ToLower(b.String())):
			it.operator, any = strings.ToLower(b.String()), true
			b.Reset()
		default:
			b.WriteRune(r)
			any = true
		}
	}
	end()
	return items
}
