package templates_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tintype/dev/preview/sample"
	"tintype/templates"
)

// A page on which a passkey stands for the password has the script that asks for it, in a form with the password that it stands for.
func TestConfirmingByPasskeyHasItsScript(t *testing.T) {
	assets, offer := newAssets(t), 0
	for _, page := range sample.Pages() {
		var b bytes.Buffer
		if err := page.With(assets, func(p *templates.Page) { p.ConfirmByPasskey = true }).Render(context.Background(), &b); err != nil {
			t.Fatalf("%s: %v", page.Path, err)
		}
		doc, err := html.Parse(&b)
		if err != nil {
			t.Fatalf("%s: %v", page.Path, err)
		}
		script := false
		var forms []*html.Node
		for _, n := range elements(doc) {
			src, _ := attr(n, "src")
			script = script || n.Data == "script" && strings.Contains(src, "/passkey")
			if _, ok := attr(n, "data-confirm"); ok {
				for n.Data != "form" {
					n = n.Parent
				}
				forms = append(forms, n)
			}
		}
		if len(forms) == 0 {
			continue
		}
		offer++
		if !script {
			t.Errorf("%s offers a passkey that no script asks for", page.Path)
		}
		for _, form := range forms {
			if !slices.ContainsFunc(elements(form), func(n *html.Node) bool { auto, _ := attr(n, "autocomplete"); return auto == "current-password" }) {
				t.Errorf("%s offers a passkey where no password is asked for", page.Path)
			}
		}
	}
	if offer < 8 {
		t.Errorf("only %d pages offer a passkey", offer)
	}
}

// A contact is an e-mail address or a web address. A link to it leads there on every page that names it.
func TestContactsAreLinked(t *testing.T) {
	assets := newAssets(t)
	for contact, want := range map[string]string{"club@example.org": "mailto:club@example.org", "https://club.example/write@us": "https://club.example/write@us", "http://club.example": "http://club.example"} {
		named := 0
		for _, page := range sample.Pages() {
			var b bytes.Buffer
			if err := page.With(assets, func(p *templates.Page) { p.Site.Contact = contact }).Render(context.Background(), &b); err != nil {
				t.Fatalf("%s: %v", page.Path, err)
			}
			doc, err := html.Parse(&b)
			if err != nil {
				t.Fatalf("%s: %v", page.Path, err)
			}
			for _, n := range elements(doc) {
				href, ok := attr(n, "href")
				if !ok || text(n) != contact && !strings.HasPrefix(href, "mailto:") {
					continue
				}
				named++
				if href != want {
					t.Errorf("%s leads to %q, want %q", page.Path, href, want)
				}
			}
		}
		if named < 6 {
			t.Errorf("only %d pages name the contact %s", named, contact)
		}
	}
}

// On a phone a cell stands beside its label, and what is in it beside each other: more than one thing would be squeezed into columns.
func TestCellsHoldOneThing(t *testing.T) {
	assets, cells := newAssets(t), 0
	for _, page := range sample.Pages() {
		var b bytes.Buffer
		if err := page.With(assets, func(*templates.Page) {}).Render(context.Background(), &b); err != nil {
			t.Fatalf("%s: %v", page.Path, err)
		}
		doc, err := html.Parse(&b)
		if err != nil {
			t.Fatalf("%s: %v", page.Path, err)
		}
		for _, n := range elements(doc) {
			label, ok := attr(n, "data-label")
			if !ok || label == "" || n.Data != "td" { // without a label they are buttons
				continue
			}
			cells++
			things := 0
			for c := range n.ChildNodes() {
				if c.Type == html.ElementNode || c.Type == html.TextNode && strings.TrimSpace(c.Data) != "" {
					things++
				}
			}
			if things > 1 {
				t.Errorf("%s: the cell %q holds %d things", page.Path, label, things)
			}
		}
	}
	if cells < 100 {
		t.Errorf("only %d cells", cells)
	}
}
