package community

import (
	"strings"
	"unicode/utf8"

	"tintype/internal/store"
)

const (
	// markedRunes is how long the part of a text is that a search shows.
	markedRunes = 160
	// beforeMark is how much of the text stands before the first word found.
	beforeMark = 40
)

// MarkedText is a piece of a text; Found is a word that was looked for.
type MarkedText struct {
	Text  string
	Found bool
}

// Marked returns the part of a text around the first word that the search finds in it, with all words found in it told apart;
// nil where there is none. The text is somebody's own words: nothing in it is markup.
func Marked(query, text string) []MarkedText {
	asked, err := parseSearch(query)
	if err != nil || len(asked.terms) == 0 {
		return nil
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	found := store.FoundIn(text, asked.terms)
	if len(found) == 0 {
		return nil
	}
	begin, end := 0, len(text)
	if utf8.RuneCountInString(text) > markedRunes {
		begin = back(text, found[0][0], beforeMark)
		end = begin + len(clipRunes(text[begin:], markedRunes))
		end = max(end, found[0][1])
	}
	var out []MarkedText
	add := func(from, to int, is bool) {
		if from < to {
			out = append(out, MarkedText{text[from:to], is})
		}
	}
	last := begin
	for _, f := range found {
		if f[1] > end {
			break
		}
		add(last, f[0], false)
		add(f[0], f[1], true)
		last = f[1]
	}
	add(last, end, false)
	if begin > 0 {
		out = append([]MarkedText{{Text: "…"}}, out...)
	}
	if end < len(text) {
		out = append(out, MarkedText{Text: "…"})
	}
	return out
}

// back goes back from at by up to n characters, to the beginning of a word where there is one.
func back(text string, at, n int) int {
	from := at
	for range n {
		if from == 0 {
			return 0
		}
		_, size := utf8.DecodeLastRuneInString(text[:from])
		from -= size
	}
	if i := strings.IndexByte(text[from:at], ' '); i >= 0 {
		return from + i + 1
	}
	return from
}
