package archive

import (
	_ "embed"
	"html/template"
	"io"
	"strconv"
	"strings"
)

// Style is the style sheet of an export's pages. Its colours and sizes are those of the site.
//
//go:embed style.css
var Style string

// StyleFile is where the pages look for Style.
const StyleFile = "style.css"

//go:embed pages.html
var pagesHTML string

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"count": func(n int, one, many string) string {
		if n == 1 {
			return "1 " + one
		}
		return strconv.Itoa(n) + " " + many
	},
}).Parse(pagesHTML))

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

// Title is what links call the page.
func (p Page) Title() string {
	if p.Part > 1 {
		return strconv.Itoa(p.Year) + ", page " + strconv.Itoa(p.Part)
	}
	return strconv.Itoa(p.Year)
}

// WriteIndex writes index.html, the first page of an export. Latest are some photographs with the pages that they are on.
func WriteIndex(w io.Writer, p *Profile, all []Page, latest []Latest, posts, comments int) error {
	return pages.ExecuteTemplate(w, "index", struct {
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
func StartPage(w io.Writer, p *Profile, page Page) error {
	return pages.ExecuteTemplate(w, "start", struct {
		*Profile
		Title string
	}{p, page.Title()})
}

// WritePost writes a post of a page.
func WritePost(w io.Writer, p *Post) error { return pages.ExecuteTemplate(w, "post", p) }

// EndPage ends what StartPage began. Next is the page behind this one, "" for none.
func EndPage(w io.Writer, next string) error {
	return pages.ExecuteTemplate(w, "end", strings.TrimPrefix(next, "posts/"))
}

// StartComments begins the page of comments.
func StartComments(w io.Writer, p *Profile) error {
	return pages.ExecuteTemplate(w, "start-comments", p)
}

// WriteComment writes a comment of that page, which EndPage ends.
func WriteComment(w io.Writer, c *Comment) error { return pages.ExecuteTemplate(w, "comment", c) }
