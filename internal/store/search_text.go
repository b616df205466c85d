package store

import (
	"iter"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Where a word of a post stands. The bits are kept in the index.
const (
	InCaption     = 1 << iota
	InTag         // the word is a tag of the caption
	InWarning     // the content warning
	InDescription // the alternative text of a photo
	InCamera      // camera or lens, where the post shows what the camera wrote
)

const (
	// maxWordRunes is where words are cut, in the index and in what is asked for.
	maxWordRunes = 40
	// maxPostWords is how many different words of a post are found. Tags come first, descriptions last.
	maxPostWords = 400
)

// A SearchWord is a word of a text as the index has it.
type SearchWord struct {
	Text string
	// Begins is set where longer words of the index have to be found as well to find all of the word: it is a single
	// character of a script that is written without spaces.
	Begins bool
	Pair   bool // two characters of such a script
}

// TagWord and AuthorWord are the words by which posts with a tag, and those of an author, are found. No text has them: a
// word has no such sign.
func TagWord(key string) string { return "#" + key }

// AuthorWord is described with TagWord.
func AuthorWord(id int64) string { return "@" + strconv.FormatInt(id, 36) }

// unspaced are scripts that are written without spaces, or in which words grow. Their texts are found by pairs of
// characters.
var unspaced = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

// A stretch is a word, or characters of unspaced scripts without anything between them.
type stretch struct {
	text       string
	unspaced   bool
	begin, end int // bytes of the folded text
}

// stretches cuts a text that is folded. A word is letters and digits, with what is written on them; a dot or comma between
// digits belongs to it.
func stretches(text string) iter.Seq[stretch] {
	return func(yield func(stretch) bool) {
		var b strings.Builder
		inside, isUnspaced := false, false
		begin, past := 0, 0
		var last rune
		end := func() bool {
			ok := !inside || yield(stretch{b.String(), isUnspaced, begin, past})
			b.Reset()
			inside = false
			return ok
		}
		for i, r := range text {
			switch {
			case r == '\u200c' || r == '\u200d' || r == '\u00ad': // joiners and soft hyphens stand inside words
				continue
			case unicode.IsMark(r) || r == 'ー':
				if inside {
					b.WriteRune(r)
					past = i + utf8.RuneLen(r)
				}
				continue
			case (r == '.' || r == ',') && inside && !isUnspaced && unicode.IsDigit(last):
				if next, _ := utf8.DecodeRuneInString(text[i+1:]); unicode.IsDigit(next) {
					b.WriteRune('.')
					last = r
					continue
				}
			}
			last = r
			if !unicode.IsLetter(r) && !unicode.IsNumber(r) {
				if !end() {
					return
				}
				continue
			}
			is := unicode.In(r, unspaced...)
			if inside && is != isUnspaced && !end() {
				return
			}
			if !inside {
				begin = i
			}
			inside, isUnspaced, past = true, is, i+utf8.RuneLen(r)
			b.WriteRune(r)
		}
		end()
	}
}

// cutWord cuts a word to maxWordRunes.
func cutWord(word string) string {
	if len(word) <= maxWordRunes {
		return word
	}
	n := 0
	for i := range word {
		if n == maxWordRunes {
			return word[:i]
		}
		n++
	}
	return word
}

// indexWords are the words by which a text is found: of unspaced scripts each two characters that follow each other, and
// the last one alone, so that every character begins a word of the index.
func indexWords(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for s := range stretches(Fold(text)) {
			if !s.unspaced {
				if !yield(cutWord(s.text)) {
					return
				}
				continue
			}
			before := ""
			for _, r := range s.text {
				if before != "" && !yield(before+string(r)) {
					return
				}
				before = string(r)
			}
			if !yield(before) {
				return
			}
		}
	}
}

// SearchWords are the words by which what somebody types finds a text: all of them stand in it.
func SearchWords(text string) []SearchWord {
	var words []SearchWord
	for s := range stretches(Fold(text)) {
		if !s.unspaced {
			words = append(words, SearchWord{Text: cutWord(s.text)})
			continue
		}
		before, pair := "", false
		for _, r := range s.text {
			if pair = before != ""; pair {
				words = append(words, SearchWord{Text: before + string(r), Pair: true})
			}
			before = string(r)
		}
		if !pair {
			words = append(words, SearchWord{Text: before, Begins: true})
		}
	}
	return words
}

// A searchText collects the words of a post, with where they stand.
type searchText map[string]int

func (t searchText) add(word string, field int) {
	if _, known := t[word]; known || len(t) < maxPostWords {
		t[word] |= field
	}
}

func (t searchText) addText(text string, field int) {
	for word := range indexWords(text) {
		t.add(word, field)
	}
}
