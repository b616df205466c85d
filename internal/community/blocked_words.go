package community

import (
	"context"
	"iter"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"tintype/internal/store"
)

// Bounds of a blocked word, which may be several in a row.
const (
	maxBlockedWord  = 100 // characters
	maxBlockedWords = 8
)

// unspaced are scripts that put no spaces between words.
var unspaced = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

// plainWords are the words of a text as they are compared: compatibility forms and case are folded, and what is not seen, such
// as a soft hyphen or a joiner, is left out.
func plainWords(text string) []string {
	text = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, text)
	text = norm.NFKC.String(cases.Fold().String(norm.NFKC.String(text)))
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
}

// wordList finds blocked words in texts.
type wordList struct {
	whole  map[string][][]string // by the first of several in a row
	within []string              // of scripts without spaces
}

func newWordList(values []string) *wordList {
	l := &wordList{whole: map[string][][]string{}}
	for _, v := range values {
		words := plainWords(v)
		switch {
		case len(words) == 0:
		case strings.ContainsFunc(v, func(r rune) bool { return unicode.In(r, unspaced...) }):
			l.within = append(l.within, strings.Join(words, " "))
		default:
			l.whole[words[0]] = append(l.whole[words[0]], words)
		}
	}
	return l
}

// in are the blocked words in the texts, one after the other. A word may come more than once.
func (l *wordList) in(texts ...string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if len(l.whole) == 0 && len(l.within) == 0 {
			return
		}
		for _, text := range texts {
			words := plainWords(text)
			for i, w := range words {
				for _, blocked := range l.whole[w] {
					if len(words)-i >= len(blocked) && equalWords(words[i:i+len(blocked)], blocked) && !yield(strings.Join(blocked, " ")) {
						return
					}
				}
			}
			if len(l.within) == 0 {
				continue
			}
			all := strings.Join(words, " ")
			for _, blocked := range l.within {
				if strings.Contains(all, blocked) && !yield(blocked) {
					return
				}
			}
		}
	}
}

// find returns the first blocked word in any of the texts, "" for none.
func (l *wordList) find(texts ...string) string {
	for w := range l.in(texts...) {
		return w
	}
	return ""
}

// brought returns the first blocked word that a change brings into texts, "" where each stood there before.
func (l *wordList) brought(was, now []string) string {
	var had map[string]bool
	for w := range l.in(now...) {
		if had == nil {
			had = map[string]bool{}
			for old := range l.in(was...) {
				had[old] = true
			}
		}
		if !had[w] {
			return w
		}
	}
	return ""
}

// wordsFor are the blocked words for what an account writes where nothing can wait for a moderator. They are none for
// those who decide about what waits.
func (c *Community) wordsFor(ctx context.Context, acc *store.Account) (*wordList, error) {
	if May(acc, ReadHeld) {
		return newWordList(nil), nil
	}
	out, err := c.blocks(ctx)
	if err != nil {
		return nil, err
	}
	return out.words, nil
}

// checkWords notes a blocked word that a change brings into the texts of a field. What stood in them before it was blocked may stay.
func (e *Invalid) checkWords(l *wordList, field string, was, now []string) {
	if w := l.brought(was, now); w != "" {
		e.add(field, "blocked", "That has the word “%s”, which is not allowed here. Leave it out, or write to those who run the site.", w)
	}
}

func equalWords(a, b []string) bool {
	for i := range b {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
