package archive

import (
	_ "embed"
	"html/template"
	"io"
	"strconv"
	"strings"
	"time"

	"tintype/internal/lang"
)

// Style is the style sheet of an export's pages. Its colours and sizes are those of the site.
//
//go:embed style.css
var Style string

// StyleFile is where the pages look for Style.
const StyleFile = "style.css"

//go:embed pages.html
var pagesHTML string

// pages is never executed itself, so that a language may still give it its words.
var pages = template.Must(template.New("").Funcs(words(nil)).Parse(pagesHTML))

// words are what the pages say, by the names that pages.html gives them.
func words(l *lang.Language) template.FuncMap {
	text := func(text string) func() string { return func() string { return text } }
	return template.FuncMap{
		"lang":         text(l.Code()),
		"day":          func(at time.Time) string { return l.Date(at, "2 January 2006") },
		"moment":       func(at time.Time) string { return l.Date(at, "2 January 2006, 15:04") },
		"memberSince":  func(day string) string { return l.T("Member since %s.", day) },
		"exportedOn":   func(day string) string { return l.T("Exported on %s.", day) },
		"latest":       text(l.T("Latest photographs")),
		"all":          text(l.T("Everything")),
		"data":         text(l.T("Data")),
		"dataHint":     text(l.T("the same and more in the folder “data”, for programs")),
		"noPosts":      text(l.T("There are no posts.")),
		"commentsHead": text(l.T("Comments")),
		"older":        text(l.T("Older")),
		"on":           func(address string) string { return l.T("on %s", address) },
		"posts":        func(n int) string { return l.N("%d post", "%d posts", n) },
		"comments":     func(n int) string { return l.N("%d comment", "%d comments", n) },
		"likes":        func(n int) string { return l.N("%d like", "%d likes", n) },
		"title":        func(p Page) string { return p.title(l) },
		"seenBy": func(visibility string) string {
			switch visibility {
			case "followers":
				return l.T("Followers only")
			case "unlisted":
				return l.T("Unlisted")
			}
			return l.T("Public")
		},
	}
}

// Pages writes the pages of an export in one language.
type Pages struct{ pages *template.Template }

// In are the pages in a language; nil is English.
func In(l *lang.Language) (Pages, error) {
	own, err := pages.Clone()
	if err != nil {
		return Pages{}, err
	}
	return Pages{own.Funcs(words(l))}, nil
}

// Page is one of the pages with posts of a year.
type Page struct {
	Year  int
	Part  int // from 1: a year with many posts has several pages
	Posts int
}

// File is where the page stands.
func (p Page) File() string {
	name := "posts/" + strconv.Itoa(p.Year)
	if p.Part > 1 {
		name += "-" + strconv.Itoa(p.Part)
	}
	return name + ".html"
}

// title is what links call the page.
func (p Page) title(l *lang.Language) string {
	if p.Part > 1 {
		return l.T("%s, page %s", strconv.Itoa(p.Year), strconv.Itoa(p.Part))
	}
	return strconv.Itoa(p.Year)
}

// WriteIndex writes index.html, the first page of an export. Latest are some photographs with the pages that they are on.
func (t Pages) WriteIndex(w io.Writer, p *Profile, all []Page, latest []Latest, posts, comments int) error {
	return t.pages.ExecuteTemplate(w, "index", struct {
		*Profile
		Pages           []Page
		Latest          []Latest
		Posts, Comments int
	}{p, all, latest, posts, comments})
}

// Latest is a photograph on the first page of an export.
type Latest struct {
	Photo
	Page string // with the place of its post
}

// StartPage writes what stands before the posts of a page, EndPage what stands behind them.
func (t Pages) StartPage(w io.Writer, p *Profile, page Page) error {
	return t.pages.ExecuteTemplate(w, "start", struct {
		*Profile
		Page Page
	}{p, page})
}

// WritePost writes a post of a page.
func (t Pages) WritePost(w io.Writer, p *Post) error { return t.pages.ExecuteTemplate(w, "post", p) }

// EndPage ends what StartPage began. Next is the page behind this one, "" for none.
func (t Pages) EndPage(w io.Writer, next string) error {
	return t.pages.ExecuteTemplate(w, "end", strings.TrimPrefix(next, "posts/"))
}

// StartComments begins the page of comments.
func (t Pages) StartComments(w io.Writer, p *Profile) error {
	return t.pages.ExecuteTemplate(w, "start-comments", p)
}

// WriteComment writes a comment of that page, which EndPage ends.
func (t Pages) WriteComment(w io.Writer, c *Comment) error {
	return t.pages.ExecuteTemplate(w, "comment", c)
}
