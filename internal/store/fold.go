package store

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// accents are the combining marks of Latin, Greek and Cyrillic. Other scripts spell with theirs, so those stay.
var accents = &unicode.RangeTable{R16: []unicode.Range16{{Lo: 0x0300, Hi: 0x036F, Stride: 1}}}

// Fold makes the key under which a text is unique and found: compatibility forms, case and accents are folded,
// white space is trimmed. It is done here, in Go, so that both dialects agree on what is the same.
func Fold(s string) string {
	if ascii(s) { // all names and most tags; a page of posts folds dozens
		return strings.ToLower(strings.TrimSpace(s))
	}
	return foldUnicode(s)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func foldUnicode(s string) string {
	t := transform.Chain(norm.NFKD, runes.Remove(runes.In(accents)), norm.NFC)
	out, _, err := transform.String(t, strings.TrimSpace(s))
	if err != nil {
		out = strings.TrimSpace(s)
	}
	return cases.Fold().String(out)
}
