package store

import (
	"slices"
	"strings"
	"testing"
)

func TestWordsOfATextAndOfASearch(t *testing.T) {
	for text, want := range map[string][2]string{ // in the index, in a search
		"Fog over the Harbour":     {"fog over the harbour", "fog over the harbour"},
		"Straße, ÉCOLE; naïve":     {"strasse ecole naive", "strasse ecole naive"},
		"ada's l’eau":              {"ada s l eau", "ada s l eau"},
		"X-T5 f/2.8, 1,4 or 2. ":   {"x t5 f 2.8 1.4 or 2", "x t5 f 2.8 1.4 or 2"},
		"#golden_gate @ada":        {"golden gate ada", "golden gate ada"},
		"東京都":                      {"東京 京都 都", "東京 京都"},
		"東":                        {"東", "東*"},
		"ｶﾞｰﾄﾞ GUARD":              {"ガー ード ド guard", "ガー ード guard"},
		"東京tower塔":                 {"東京 京 tower 塔", "東京 tower 塔*"},
		"서울에서":                     {"서울 울에 에서 서", "서울 울에 에서"},
		"ไทย":                      {"ไท ทย ย", "ไท ทย"},
		"हिन्दी":                   {"हिन्दी", "हिन्दी"},
		"☀️ sun":                   {"sun", "sun"},
		"soft\u00adhyphen":         {"softhyphen", "softhyphen"},
		"":                         {"", ""},
		" .,- ":                    {"", ""},
		strings.Repeat("é", 100):   {strings.Repeat("e", 40), strings.Repeat("e", 40)},
		strings.Repeat("ж", 41):    {strings.Repeat("ж", 40), strings.Repeat("ж", 40)},
		"a:b \x00\xff end":         {"a b end", "a b end"},
		"https://example.org/a?b=": {"https example org a b", "https example org a b"},
	} {
		if got := strings.Join(slices.Collect(indexWords(text)), " "); got != want[0] {
			t.Errorf("%q is found by %q, want %q", text, got, want[0])
		}
		var asked []string
		for _, w := range SearchWords(text) {
			if w.Begins {
				w.Text += "*"
			}
			asked = append(asked, w.Text)
		}
		if got := strings.Join(asked, " "); got != want[1] {
			t.Errorf("%q is looked for as %q, want %q", text, got, want[1])
		}
	}
	// An iteration that is stopped early stops.
	for range indexWords("one two 東京 three") {
		break
	}
}

func TestWordsOfAPostAreBounded(t *testing.T) {
	var words strings.Builder
	for i := range 3000 {
		words.WriteString(AuthorWord(int64(i))[1:] + "x ")
	}
	p := &Post{AuthorID: 7, Caption: words.String(), ShowExif: true}
	e := textOf(p, []string{"tag"}, []*Photo{{Description: "never reached"}}).entry(0)
	n := 0
	e.each(func(string, int) { n++ })
	if n != maxPostWords {
		t.Errorf("%d words, want %d", n, maxPostWords)
	}
	for word, want := range map[string]bool{"#tag": true, "tag": true, AuthorWord(7): true, "never": false} {
		if _, ok := e.has(SearchTerm{Word: word}); ok != want {
			t.Errorf("%s: %v", word, ok)
		}
	}
}

func TestTermsOfAnEntry(t *testing.T) {
	e := searchText{"fog": InCaption | InTag, "foggy": InDescription, "x": InCamera, "#fog": InTag, "@1": 0}.entry(0)
	for _, tt := range []struct {
		term SearchTerm
		best int
		ok   bool
	}{
		{SearchTerm{Word: "fog"}, 3, true},
		{SearchTerm{Word: "fo"}, 0, false},
		{SearchTerm{Word: "og"}, 0, false},
		{SearchTerm{Word: "og", Begins: true}, 0, false},
		{SearchTerm{Word: "fo", Begins: true}, 2, true},
		{SearchTerm{Word: "fogg", Begins: true}, 0, true},
		{SearchTerm{Word: "fog", Fields: InCamera}, 0, false},
		{SearchTerm{Word: "x", Fields: InCamera}, 1, true},
		{SearchTerm{Word: "#fog"}, 3, true},
		{SearchTerm{Word: "@1"}, 1, true},
		{SearchTerm{Word: "x:"}, 0, false},
	} {
		if best, ok := e.has(tt.term); best != tt.best || ok != tt.ok {
			t.Errorf("%+v: %d %v, want %d %v", tt.term, best, ok, tt.best, tt.ok)
		}
	}
}
