package store

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// FoundIn returns where a text has words that are looked for, as bytes from and to, in order and apart. It compares as the
// index does: folded, and unspaced scripts by their pairs of characters.
func FoundIn(text string, terms []SearchTerm) [][2]int {
	folded, at := foldedWithPlaces(text)
	var found [][2]int
	for s := range stretches(folded) {
		for _, t := range terms {
			if t.Fields != 0 && t.Fields&(InCaption|InTag|InWarning|InDescription) == 0 {
				continue
			}
			if s.unspaced {
				found = append(found, pairsIn(folded, s, t.Word)...)
				continue
			}
			word := cutWord(s.text)
			if s.begin > 0 && folded[s.begin-1] == '#' && strings.HasPrefix(t.Word, "#") {
				word = "#" + word
			}
			if word == t.Word || t.Begins && strings.HasPrefix(word, t.Word) {
				found = append(found, [2]int{s.begin, s.end})
			}
		}
	}
	slices.SortFunc(found, func(a, b [2]int) int { return a[0] - b[0] })
	var out [][2]int
	for _, f := range found {
		f = [2]int{at[f[0]], at[f[1]]}
		if n := len(out); n > 0 && f[0] <= out[n-1][1] {
			out[n-1][1] = max(out[n-1][1], f[1])
			continue
		}
		out = append(out, f)
	}
	return out
}

// pairsIn is where a pair of characters, or one alone, stands in a stretch of an unspaced script.
func pairsIn(folded string, s stretch, word string) (found [][2]int) {
	for from := s.begin; word != ""; {
		i := strings.Index(folded[from:s.end], word)
		if i < 0 {
			break
		}
		found = append(found, [2]int{from + i, from + i + len(word)})
		from += i + len(word)
	}
	return found
}

// foldedWithPlaces folds a text and tells of each byte of the result, and of its end, where in the text it comes from. What a
// letter is made of stays together.
func foldedWithPlaces(text string) (folded string, at []int) {
	var b strings.Builder
	for i := 0; i < len(text); {
		n := norm.NFKC.NextBoundaryInString(text[i:], true)
		if n <= 0 {
			n = len(text) - i
		}
		part := Fold(text[i : i+n])
		if part == "" { // white space, which Fold trims, or a mark alone
			part = " "
		}
		b.WriteString(part)
		for range len(part) {
			at = append(at, i)
		}
		i += n
	}
	return b.String(), append(at, len(text))
}
