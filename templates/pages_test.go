package templates_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"tintype/dev/preview/sample"
	"tintype/internal/lang"
	"tintype/static"
	"tintype/templates"
)

func newAssets(t *testing.T) *static.Assets {
	t.Helper()
	assets, err := static.New("")
	if err != nil {
		t.Fatal(err)
	}
	return assets
}

// rendered is every sample page, parsed.
func rendered(t *testing.T) map[string]*html.Node {
	t.Helper()
	assets := newAssets(t)
	pages := map[string]*html.Node{}
	for _, p := range sample.Pages() {
		var b bytes.Buffer
		if err := p.Make(assets).Render(context.Background(), &b); err != nil {
			t.Fatalf("%s: %v", p.Path, err)
		}
		doc, err := html.Parse(&b)
		if err != nil {
			t.Fatalf("%s: %v", p.Path, err)
		}
		pages[p.Path] = doc
	}
	return pages
}

func attr(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

func elements(doc *html.Node) []*html.Node {
	var all []*html.Node
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode {
			all = append(all, n)
		}
	}
	return all
}

func text(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

func TestNothingInline(t *testing.T) {
	for path, doc := range rendered(t) {
		for _, n := range elements(doc) {
			for _, a := range n.Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
					t.Errorf("%s: <%s> has the attribute %s, which the policy forbids", path, n.Data, a.Key)
				}
				if (a.Key == "href" || a.Key == "src" || a.Key == "action") && strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") {
					t.Errorf("%s: <%s> has a script for an address", path, n.Data)
				}
			}
			if n.Data == "style" {
				t.Errorf("%s: a style element", path)
			}
			if _, ok := attr(n, "src"); n.Data == "script" && !ok {
				t.Errorf("%s: an inline script", path)
			}
		}
	}
}

func TestEveryPageHasOneHeadingAndASkipLink(t *testing.T) {
	for path, doc := range rendered(t) {
		h1, main := 0, 0
		var first *html.Node
		for _, n := range elements(doc) {
			if n.Data == "h1" {
				h1++
				if text(n) == "" {
					t.Errorf("%s: the heading says nothing", path)
				}
			}
			if id, _ := attr(n, "id"); n.Data == "main" && id == "main" {
				main++
			}
			if n.Data == "a" && first == nil {
				first = n
			}
		}
		if h1 != 1 || main != 1 {
			t.Errorf("%s: %d h1 and %d main, want one each", path, h1, main)
		}
		if href, _ := attr(first, "href"); href != "#main" {
			t.Errorf("%s: the first link goes to %q, want the skip link", path, href)
		}
	}
}

func TestIdsAreUniqueAndReferencesExist(t *testing.T) {
	for path, doc := range rendered(t) {
		ids := map[string]bool{}
		for _, n := range elements(doc) {
			id, ok := attr(n, "id")
			if !ok {
				continue
			}
			if ids[id] {
				t.Errorf("%s: the id %q twice", path, id)
			}
			ids[id] = true
		}
		for _, n := range elements(doc) {
			for _, key := range []string{"for", "aria-describedby", "aria-labelledby"} {
				v, _ := attr(n, key)
				for ref := range strings.FieldsSeq(v) {
					if !ids[ref] {
						t.Errorf("%s: <%s %s=%q> names nothing", path, n.Data, key, ref)
					}
				}
			}
			if href, _ := attr(n, "href"); strings.HasPrefix(href, "#f-") && !ids[href[1:]] {
				t.Errorf("%s: the summary links to %s, which is not there", path, href)
			}
		}
	}
}

func TestEveryControlHasALabel(t *testing.T) {
	for path, doc := range rendered(t) {
		labelled := map[string]bool{}
		for _, n := range elements(doc) {
			if f, ok := attr(n, "for"); ok && n.Data == "label" {
				labelled[f] = text(n) != ""
			}
		}
		for _, n := range elements(doc) {
			kind, _ := attr(n, "type")
			name, _ := attr(n, "aria-label")
			switch n.Data {
			case "input", "textarea", "select":
				if kind == "hidden" {
					continue
				}
				id, _ := attr(n, "id")
				if name == "" && !labelled[id] && !insideLabel(n) {
					t.Errorf("%s: <%s name=%q> has no label", path, n.Data, firstAttr(n, "name"))
				}
			case "button", "a", "summary":
				if name == "" && text(n) == "" && firstAttr(n, "aria-hidden") == "" {
					t.Errorf("%s: a <%s> without words: %v", path, n.Data, n.Attr)
				}
			case "img":
				if _, ok := attr(n, "alt"); !ok {
					t.Errorf("%s: an image without alt", path)
				}
			}
		}
	}
}

func firstAttr(n *html.Node, key string) string { v, _ := attr(n, key); return v }

func insideLabel(n *html.Node) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Data == "label" {
			return text(p) != ""
		}
	}
	return false
}

// A photo under a warning leaves no trace of its addresses: not even of its lightbox or its original.
func TestCoveredPhotosAreNotInTheMarkup(t *testing.T) {
	assets := newAssets(t)
	page := &templates.Page{Assets: assets, Site: templates.Site{Name: "x"}, Viewer: &templates.Viewer{Name: "jo", Letters: true}}
	post := sample.Post(0, 3)
	for i := range post.Photos {
		post.Photos[i].OriginalURL = "/photos/SECRET/original"
		post.Photos[i].SquareURL = "/SECRET/square.jpg"
		post.Photos[i].LightboxURL = "/SECRET/1"
		post.Photos[i].Alt = "SECRET"
		for j := range post.Photos[i].Sources {
			post.Photos[i].Sources[j].URL = "/SECRET/640.jpg"
		}
	}
	post.Warning, post.Covered, post.ShowURL = "Spiders", true, "/here?show=1"
	lead := post
	render := func(name string, post templates.PostView) string {
		var b bytes.Buffer
		ctx := context.Background()
		var err error
		switch name {
		case "feed":
			err = templates.HomePage(page, templates.FeedView{Posts: []templates.PostView{post}}).Render(ctx, &b)
		case "grid":
			err = templates.ExplorePage(page, templates.ExploreView{Grid: templates.GridView{Posts: []templates.PostView{post}}}).Render(ctx, &b)
		case "post":
			err = templates.PostPage(page, templates.PostPageView{Post: post}).Render(ctx, &b)
		case "lightbox":
			err = templates.LightboxPage(page, templates.LightboxView{Post: post, Number: 2}).Render(ctx, &b)
		case "front":
			err = templates.FrontPage(page, templates.FrontView{Lead: &lead, Grid: templates.GridView{Posts: []templates.PostView{post}}}).Render(ctx, &b)
		case "notification":
			err = templates.NotificationsPage(page, templates.NotificationsView{Items: []templates.NotificationView{{ID: "1", Kind: templates.NotifyLike, URL: "/p", Post: &post}}}).Render(ctx, &b)
		case "report":
			err = templates.AdminReportPage(page, templates.AdminReportView{Post: &post}).Render(ctx, &b)
		}
		if err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for _, name := range []string{"feed", "grid", "post", "lightbox", "front", "notification", "report"} {
		covered := render(name, post)
		if strings.Contains(covered, "SECRET") {
			t.Errorf("%s: a covered photo is in the markup", name)
		}
		if name != "notification" && (!strings.Contains(covered, "Spiders") || !strings.Contains(covered, `href="/here?show=1"`)) {
			t.Errorf("%s: the warning and its link are missing", name)
		}
		if name == "front" {
			continue // the lead stays covered
		}
		shown := post
		shown.Covered = false
		if !strings.Contains(render(name, shown), "/SECRET/") {
			t.Errorf("%s: the photo is missing after the reader asked", name)
		}
	}
}

func TestHostileTextIsEscaped(t *testing.T) {
	assets := newAssets(t)
	for _, p := range sample.Pages() {
		var b bytes.Buffer
		if err := p.Make(assets).Render(context.Background(), &b); err != nil {
			t.Fatal(err)
		}
		if body := b.String(); strings.Contains(body, "<script>") || strings.Contains(body, "<img src=x") || strings.Contains(body, "javascript:") {
			t.Errorf("%s: hostile text became markup", p.Path)
		}
	}
}

// Every file that pages name exists, and every icon is in the sprite.
func TestAssetsExist(t *testing.T) {
	assets := newAssets(t)
	sprite, _ := assets.Lookup("icons.svg")
	for path, doc := range rendered(t) {
		for _, n := range elements(doc) {
			for _, key := range []string{"href", "src"} {
				v, ok := attr(n, key)
				if !ok {
					continue
				}
				if v == "" {
					t.Errorf("%s: <%s> names no file", path, n.Data)
				}
				file, icon, _ := strings.Cut(v, "#")
				if n.Data == "use" && !bytes.Contains(sprite.Body, []byte(`id="`+icon+`"`)) {
					t.Errorf("%s: no icon %q", path, icon)
				}
				if strings.HasPrefix(file, "/static/") {
					if as, known := assets.Lookup(file); as == nil || !known {
						t.Errorf("%s: %s does not exist", path, file)
					}
				}
			}
		}
	}
}

var ratio = regexp.MustCompile(`\.(r\d+)\{`)

func TestEveryShapeHasAClass(t *testing.T) {
	css, err := os.ReadFile("../static/css/8-ratios.css")
	if err != nil {
		t.Fatal(err)
	}
	classes := map[string]bool{}
	for _, m := range ratio.FindAllSubmatch(css, -1) {
		classes[string(m[1])] = true
	}
	used := 0
	for path, doc := range rendered(t) {
		for _, n := range elements(doc) {
			class, rest, found := strings.Cut(firstAttr(n, "class"), " ")
			if class != "tile" || !found {
				continue
			}
			used++
			if !classes[rest] {
				t.Errorf("%s: a tile has the class %q, which the stylesheet does not know", path, rest)
			}
		}
	}
	if used == 0 || len(classes) != 110 {
		t.Errorf("%d tiles and %d classes", used, len(classes))
	}
}

func TestVisitorsSeeNoMembersActions(t *testing.T) {
	for path, doc := range rendered(t) {
		if path != "/explore-visitor" && path != "/post-visitor" && path != "/front" && path != "/profile-visitor" {
			continue
		}
		for _, n := range elements(doc) {
			href := firstAttr(n, "href")
			if n.Data == "details" && strings.Contains(firstAttr(n, "class"), "menu") || href == "/compose" || href == "/notifications" {
				t.Errorf("%s: shows a visitor %s %s", path, n.Data, href)
			}
		}
	}
}

// The design's budget for a feed: 16 kB on the wire.
func TestFeedBudget(t *testing.T) {
	page := &templates.Page{Assets: newAssets(t), Site: templates.Site{Name: "Tintype"}, Viewer: &templates.Viewer{Name: "jo"}, Path: "/"}
	for name, c := range map[string]templ.Component{
		"home":    templates.HomePage(page, templates.FeedView{Posts: sample.Posts(0, 24)}),
		"explore": templates.ExplorePage(page, templates.ExploreView{Grid: templates.GridView{Posts: sample.Posts(0, 24)}}),
	} {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if err := c.Render(context.Background(), z); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if b.Len() > 16_000 {
			t.Errorf("%s: %d bytes", name, b.Len())
		}
		t.Logf("%s: %d bytes", name, b.Len())
	}
}

func TestParseFocus(t *testing.T) {
	for value, want := range map[string][2]int{"0,0": {0, 0}, "-1,1": {-1, 1}, "1,-1": {1, -1}} {
		if x, y, ok := templates.ParseFocus(value); !ok || x != want[0] || y != want[1] {
			t.Errorf("ParseFocus(%q) = %d, %d, %v", value, x, y, ok)
		}
	}
	for _, value := range []string{"", "2,0", "0", "0,0,0", "a,b", "+1,0"} {
		if _, _, ok := templates.ParseFocus(value); ok {
			t.Errorf("ParseFocus(%q) was accepted", value)
		}
	}
}

func TestLeadingPhotographStandsInTheGridToo(t *testing.T) {
	page := &templates.Page{Assets: newAssets(t), Site: templates.Site{Name: "x"}}
	lead := sample.Post(0, 1)
	lead.Leads = true
	var b bytes.Buffer
	err := templates.FrontPage(page, templates.FrontView{Lead: &lead, Grid: templates.GridView{Posts: []templates.PostView{lead, sample.Post(1, 1)}}}).Render(context.Background(), &b)
	if err != nil {
		t.Fatal(err)
	}
	html := b.String()
	if n := strings.Count(html, ` led"`); n != 1 {
		t.Errorf("%d tiles are hidden where the lead is large, want 1", n)
	}
	// Which of its two places is shown depends on the width: neither may be fetched before that is known.
	for _, img := range strings.Split(html, "<img")[1:] {
		img, _, _ = strings.Cut(img, ">")
		if strings.Contains(img, `fetchpriority="high"`) && !strings.Contains(img, `loading="lazy"`) {
			t.Errorf("fetched on widths that hide it: <img%s>", img)
		}
	}
}

func TestShortTimesAreReadOutInFull(t *testing.T) {
	for want, when := range map[string]templates.When{
		"27 November":      {At: time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC), Text: "2 d"},
		"3 hours ago":      {At: time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC), Text: "3 h", Spoken: "3 hours ago"},
		"27 November 2025": {At: time.Date(2025, 11, 27, 9, 0, 0, 0, time.UTC)},
	} {
		post := sample.Post(0, 1)
		post.Created = when
		var b bytes.Buffer
		page := &templates.Page{Assets: newAssets(t)}
		if err := templates.FeedItem(page, post, 0).Render(context.Background(), &b); err != nil {
			t.Fatal(err)
		}
		doc, err := html.Parse(&b)
		if err != nil {
			t.Fatal(err)
		}
		heard := ""
		for _, n := range elements(doc) {
			if href, _ := attr(n, "href"); n.Data == "a" && href == post.URL && heard == "" {
				for c := range n.Descendants() {
					if hidden, _ := attr(c.Parent, "aria-hidden"); c.Type == html.TextNode && hidden == "" {
						heard += c.Data
					}
				}
			}
		}
		if heard = strings.Join(strings.Fields(heard), " "); heard != "Posted "+want {
			t.Errorf("the link is read out as %q, want %q", heard, "Posted "+want)
		}
	}
}

func TestDeletingAnAccountSaysThatTheNameStaysTaken(t *testing.T) {
	if words := text(rendered(t)["/settings/delete"]); !strings.Contains(words, "stays taken") {
		t.Errorf("the page says %q", words)
	}
}

func TestNotificationsNameWhoDidTheSame(t *testing.T) {
	words := strings.Join(strings.Fields(text(rendered(t)["/notifications"])), " ")
	for _, want := range []string{"Ada Lindqvist, Marguerite de La Fontaine-Boué and 3 others like your photograph", "Jo follows you"} {
		if !strings.Contains(words, want) {
			t.Errorf("%q is missing in %q", want, words)
		}
	}
}

// What the doctor says is in English, and is marked so on a page in another language (WCAG 3.1.2).
func TestWhatTheDoctorSaysIsMarkedAsEnglish(t *testing.T) {
	assets := newAssets(t)
	for _, p := range sample.PagesIn(lang.Find("de")) {
		if p.Path != "/admin" {
			continue
		}
		var b bytes.Buffer
		if err := p.Make(assets).Render(context.Background(), &b); err != nil {
			t.Fatal(err)
		}
		doc, err := html.Parse(&b)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, n := range elements(doc) {
			if words := text(n); n.Data != "p" && n.Data != "span" || !slices.Contains([]string{"Backup", "The newest is 3 days old.", "Look at its timer."}, words) {
				continue
			}
			found++
			spoken := ""
			for up := n; up != nil && spoken == ""; up = up.Parent {
				spoken, _ = attr(up, "lang")
			}
			if spoken != "en" {
				t.Errorf("%q is said to be in %q", text(n), spoken)
			}
		}
		if found != 3 {
			t.Errorf("%d of 3 texts are there", found)
		}
		return
	}
	t.Error("there is no page")
}
