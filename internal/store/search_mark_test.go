package store

import (
	"strings"
	"testing"
)

func TestFoundIn(t *testing.T) {
	word := func(text string) []SearchTerm {
		var terms []SearchTerm
		for _, w := range SearchWords(text) {
			terms = append(terms, SearchTerm{Word: w.Text, Begins: w.Begins})
		}
		return terms
	}
	begins := func(text string) []SearchTerm {
		terms := word(text)
		terms[len(terms)-1].Begins = true
		return terms
	}
	for _, c := range []struct {
		text  string
		terms []SearchTerm
		want  string
	}{
		{"Fog over the fog-bound bay", word("FOG"), "[Fog] over the [fog]-bound bay"},
		{"Café, cafe\u0301, CAFE and cafeteria", word("cafe"), "[Café], [cafe\u0301], [CAFE] and cafeteria"},
		{"Café, cafeteria", begins("caf"), "[Café], [cafeteria]"},
		{"Straße und STRASSE", word("strasse"), "[Straße] und [STRASSE]"},
		{"ﬁsh and fish", word("fish"), "[ﬁsh] and [fish]"},
		{"東京の夜、京都の夜", word("東京"), "[東京]の夜、京都の夜"},
		{"東京都の夜", word("東京都"), "[東京都]の夜"},
		{"東京の夜", word("夜"), "東京の[夜]"},
		{"at the sea #fog", []SearchTerm{{Word: TagWord("fog")}}, "at the sea #[fog]"},
		{"fog, no tag", []SearchTerm{{Word: TagWord("fog")}}, "fog, no tag"},
		{"1,5 and 1.5", word("1.5"), "[1,5] and [1.5]"},
		{"A Leica at the lake", []SearchTerm{{Word: "leica", Fields: InCamera}}, "A Leica at the lake"},
		{"  fog", word("fog"), "  [fog]"},
		{"<b>fog</b>", word("b"), "<[b]>fog</[b]>"},
		{"", word("fog"), ""},
		{"fog", nil, "fog"},
	} {
		var b strings.Builder
		last := 0
		for _, f := range FoundIn(c.text, c.terms) {
			b.WriteString(c.text[last:f[0]] + "[" + c.text[f[0]:f[1]] + "]")
			last = f[1]
		}
		b.WriteString(c.text[last:])
		if got := b.String(); got != c.want {
			t.Errorf("%q for %v: %q, want %q", c.text, c.terms, got, c.want)
		}
	}
}

// Whatever the index finds a text by is marked in it, and whatever is marked is a word of the index.
func FuzzFoundIn(f *testing.F) {
	for _, text := range []string{"Café im Regen", "東京の夜 2,5 km", "ﬁsh ー カメラ", "a\u00adb c\u200dd", "가각 ᄀ\u1161", "ไทย สวย", "\xff\xfe fog"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, w := range SearchWords(text) {
			last := 0
			for _, at := range FoundIn(text, []SearchTerm{{Word: w.Text, Begins: w.Begins}}) {
				if at[0] < last || at[1] <= at[0] || at[1] > len(text) {
					t.Fatalf("%q in %q at %v after %d", w.Text, text, at, last)
				}
				last = at[1]
			}
		}
	})
}
