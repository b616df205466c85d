package templates_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tintype/dev/preview/sample"
	"tintype/templates"
)

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
