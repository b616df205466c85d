package templates_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"tintype/dev/preview/sample"
	"tintype/internal/lang"
)

// said finds what the catalogue said, between the brackets of the pseudo-language; from inside out, since a text may be
// put into another.
var said = regexp.MustCompile(`⟦[^⟦⟧]*⟧`)

// ofPeople are the places whose words people wrote, and those that are English for everybody.
var ofPeople = map[string]bool{"people": true, "name": true, "brand": true, "cam": true, "file": true, "words": true, "tag-name": true, "code": true}

// Every word of the pages' own comes from the catalogue. In a language that has each of its texts between brackets, what
// stands outside of them is what people wrote, in the sample's words.
func TestNothingIsSaidPastTheCatalogue(t *testing.T) {
	assets := newAssets(t)
	plain := map[string]bool{}
	english := map[string]bool{} // pages for whoever runs the site
	for _, p := range sample.PagesIn(lang.Pseudo()) {
		var b bytes.Buffer
		if err := p.Make(assets).Render(context.Background(), &b); err != nil {
			t.Fatalf("%s: %v", p.Path, err)
		}
		doc, err := html.Parse(&b)
		if err != nil {
			t.Fatalf("%s: %v", p.Path, err)
		}
		for n := range doc.Descendants() {
			if n.Type == html.ElementNode && n.Data == "main" {
				if v, _ := attr(n, "lang"); v == "en" {
					english[p.Path] = true
				}
			}
		}
		if english[p.Path] {
			continue
		}
		look := func(text string) {
			for said.MatchString(text) {
				text = said.ReplaceAllString(text, " ")
			}
			if text = strings.TrimSpace(text); wordy.MatchString(text) {
				plain[text] = true
			}
		}
		for n := range doc.Descendants() {
			switch n.Type {
			case html.TextNode:
				if !byPeople(n) {
					look(n.Data)
				}
			case html.ElementNode:
				for _, key := range []string{"aria-label", "title", "placeholder"} {
					if v, ok := attr(n, key); ok && !byPeople(n) {
						look(v)
					}
				}
			}
		}
	}
	if len(english) == 0 {
		t.Error("no page says that it is in English")
	}
	for text := range plain {
		if !ofTheSample(text) {
			t.Errorf("%q does not come from the catalogue", text)
		}
	}
}

var wordy = regexp.MustCompile(`\pL{2}`)

func byPeople(n *html.Node) bool {
	for ; n != nil; n = n.Parent {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "style" || n.Data == "script" || n.Data == "code" || n.Data == "textarea" || n.Data == "kbd" {
			return true
		}
		class, _ := attr(n, "class")
		for c := range strings.FieldsSeq(class) {
			if ofPeople[c] {
				return true
			}
		}
	}
	return false
}

var sampleSource = sync.OnceValue(func() string {
	var b strings.Builder
	names, _ := filepath.Glob("../dev/preview/sample/*.go")
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			panic(err)
		}
		b.Write(text)
	}
	return b.String()
})

// ofTheSample reports whether the sample's people wrote it. NAME stands in the template of a photograph's tile.
func ofTheSample(text string) bool {
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("@#·,:()_0123456789", r) }) {
		if part = strings.TrimSpace(part); part != "NAME" && wordy.MatchString(part) && !strings.Contains(sampleSource(), part) {
			return false
		}
	}
	return true
}

// What stands in an element with another language than the page's is in that language: a text of the catalogue is read out as what
// it is, also on the pages that are in English for everybody.
func TestTextsStandInTheirLanguage(t *testing.T) {
	assets := newAssets(t)
	in := func(n *html.Node) string {
		for ; n != nil; n = n.Parent {
			if v, ok := attr(n, "lang"); ok {
				return v
			}
		}
		return ""
	}
	seen := 0
	for _, p := range sample.PagesIn(lang.Pseudo()) {
		var b bytes.Buffer
		if err := p.Make(assets).Render(context.Background(), &b); err != nil {
			t.Fatalf("%s: %v", p.Path, err)
		}
		doc, err := html.Parse(&b)
		if err != nil {
			t.Fatalf("%s: %v", p.Path, err)
		}
		look := func(n *html.Node, text string) {
			if !said.MatchString(text) {
				return
			}
			seen++
			if got := in(n); got != lang.Pseudo().Code() {
				t.Errorf("%s: %q stands in an element in %q", p.Path, text, got)
			}
		}
		for n := range doc.Descendants() {
			if n.Type == html.TextNode && n.Parent.Data != "script" && n.Parent.Data != "style" {
				look(n, n.Data)
			}
			for _, key := range []string{"aria-label", "title", "placeholder"} {
				if v, ok := attr(n, key); ok {
					look(n, v)
				}
			}
		}
	}
	if seen == 0 {
		t.Error("no page says anything")
	}
}
