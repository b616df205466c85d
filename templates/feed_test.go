package templates_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"tintype/dev/preview/sample"
	"tintype/templates"
)

// A feed's first photograph comes before all others: they wait until they are near, and a phone is told of less than its
// width, or it would take the next larger file.
func TestAFeedLoadsItsFirstPhotographFirst(t *testing.T) {
	var b bytes.Buffer
	page := &templates.Page{Assets: newAssets(t), Site: templates.Site{Name: "x"}, Viewer: &templates.Viewer{Name: "jo"}}
	if err := templates.HomePage(page, templates.FeedView{Posts: sample.Posts(0, 6)}).Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	first, rest := 0, 0
	for _, img := range strings.Split(b.String(), "<img")[1:] {
		img, _, _ = strings.Cut(img, ">")
		if !strings.Contains(img, "srcset=") {
			continue
		}
		switch eager := !strings.Contains(img, `loading="lazy"`); {
		case eager && strings.Contains(img, `fetchpriority="high"`) && strings.Contains(img, ",82vw"):
			first++
		case eager || strings.Contains(img, "fetchpriority"):
			t.Errorf("it competes with the first: <img%s>", img)
		default:
			rest++
		}
	}
	if first != 1 || rest < 5 {
		t.Errorf("%d photographs come at once and %d later", first, rest)
	}
}

// Each part of Explore is marked as the one that is shown, the first one too.
func TestExploreMarksThePartThatIsShown(t *testing.T) {
	for kind, href := range map[templates.ExploreKind]string{templates.ExploreNew: "/explore", templates.ExplorePopular: "/explore/popular", templates.ExploreTags: "/explore/tags"} {
		var b bytes.Buffer
		page := &templates.Page{Assets: newAssets(t), Site: templates.Site{Name: "x"}}
		view := templates.ExploreView{Kind: kind, Grid: templates.GridView{Posts: sample.Posts(0, 2)}}
		if err := templates.ExplorePage(page, view).Render(context.Background(), &b); err != nil {
			t.Fatal(err)
		}
		_, tabs, _ := strings.Cut(b.String(), `class="tabs"`)
		tabs, _, _ = strings.Cut(tabs, "</nav>")
		if strings.Count(tabs, "aria-current") != 1 || !strings.Contains(tabs, `href="`+href+`" aria-current="page"`) {
			t.Errorf("%s: the tabs are %s", href, tabs)
		}
	}
}
