// Command phone measures what somebody with a phone feels of a site: the real program with a demo on SQLite, in Chromium at
// 390 × 844 with two pixels to each, its processor slowed four times.
//
//   - Pages: the front, Explore, a post and a profile as a visitor opens them for the first time, and a member's home, each
//     with nothing kept, over a network of 150 ms and 1.6 Mbit/s. Their largest contentful paint, and what their layout shifts.
//   - Acts: a like, a comment and a menu on a post's page, and a like in the home feed, each tapped with a finger on a page that
//     has come to rest. What is told is the event timing: from the tap to the next picture, as the browser counts it.
//   - Scores: what Lighthouse, in its mobile form, gives the same pages in its four categories.
//   - Images: the bytes of those on the front page, once it has loaded, and once its first page was scrolled through.
//
// Every figure is a median. Goals that are missed make it fail. A machine that is busy with other things measures those, too.
//
//	go run ./bench/phone [-json] [-runs 5] [-accounts 60] [-posts 400] [-parts pages,scores,acts,images] [-trace DIR]
//
// It needs Chromium in the PATH (Debian: chromium), and for the scores Lighthouse (npm install lighthouse@12.8.2). With -trace, what the browser did in each act is written to the folder, to be
// opened in its developer tools.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tintype/bench/rig"
	"tintype/internal/servertest"
)

var (
	asJSON   = flag.Bool("json", false, "write the report as JSON")
	runs     = flag.Int("runs", 5, "how often each is measured")
	accounts = flag.Int("accounts", 60, "members of the site")
	posts    = flag.Int("posts", 400, "posts of the site")
	parts    = flag.String("parts", "pages,scores,acts,images", "what is measured")
	traces   = flag.String("trace", "", "folder for traces of the acts")
)

// Goals, of which the program says so itself.
const (
	goalPaint  = 1800 // milliseconds
	goalShift  = 0
	goalAct    = 150 // milliseconds
	goalImages = 350_000
)

func main() {
	flag.Parse()
	*runs = max(*runs, 1)
	rig.Main(func(t *rig.T) error {
		r, err := measure(t)
		if err != nil {
			return err
		}
		if *asJSON {
			out := json.NewEncoder(os.Stdout)
			out.SetIndent("", "  ")
			if err := out.Encode(r); err != nil {
				return err
			}
		} else {
			r.text()
		}
		return r.judge()
	})
}

// A report is what was measured. Times are in milliseconds.
type report struct {
	Pages  []pageFigures  `json:"pages"`
	Scores []scoreFigures `json:"scores"`
	Acts   []actFigures   `json:"acts"`
	Images []imageFigures `json:"images"`
}

type pageFigures struct {
	Page   string    `json:"page"`
	Paints []float64 `json:"largest_contentful_paint_ms"`
	Shifts []float64 `json:"layout_shift"`
}

type actFigures struct {
	Act   string     `json:"act"`
	Times []actTimes `json:"times"`
}

// actTimes are those of one act. Whole is what the browser rounds to 8 ms; the others are its parts.
type actTimes struct {
	Whole   float64 `json:"whole_ms"`
	Waiting float64 `json:"waiting_ms"` // until the first handler
	Handler float64 `json:"handlers_ms"`
	Paint   float64 `json:"paint_ms"` // from the last handler to the picture
}

type imageFigures struct {
	When  string  `json:"when"`
	Bytes []int64 `json:"bytes"`
	Count int     `json:"images"`
}

func median[T int64 | float64](of []T) T {
	of = slices.Sorted(slices.Values(of))
	return of[len(of)/2]
}

// pick takes one part of each act.
func pick(of []actTimes, part func(actTimes) float64) []float64 {
	var out []float64
	for _, one := range of {
		out = append(out, part(one))
	}
	return out
}

func whole(a actTimes) float64 { return a.Whole }

func all(of []float64, digits int) string {
	var words []string
	for _, n := range of {
		words = append(words, strconv.FormatFloat(n, 'f', digits, 64))
	}
	return strings.Join(words, " ")
}

func (r *report) text() {
	rows := [][]string{{"", "median", "goal", "each"}}
	for _, p := range r.Pages {
		rows = append(rows, []string{p.Page + ", largest contentful paint", fmt.Sprintf("%.0f ms", median(p.Paints)), fmt.Sprintf("%d ms", goalPaint), all(p.Paints, 0)},
			[]string{p.Page + ", layout shift", fmt.Sprintf("%.3f", median(p.Shifts)), strconv.Itoa(goalShift), all(p.Shifts, 3)})
	}
	for _, f := range r.Scores {
		rows = append(rows, f.rows()...)
	}
	for _, a := range r.Acts {
		part := func(f func(actTimes) float64) float64 { return median(pick(a.Times, f)) }
		rows = append(rows, []string{a.Act, fmt.Sprintf("%.0f ms", part(whole)), fmt.Sprintf("%d ms", goalAct), fmt.Sprintf("%s; waits %.0f, handlers %.0f, paint %.0f",
			all(pick(a.Times, whole), 0), part(func(a actTimes) float64 { return a.Waiting }), part(func(a actTimes) float64 { return a.Handler }), part(func(a actTimes) float64 { return a.Paint }))})
	}
	for _, i := range r.Images {
		var each []float64
		for _, n := range i.Bytes {
			each = append(each, float64(n)/1000)
		}
		rows = append(rows, []string{fmt.Sprintf("%d images of the front page, %s", i.Count, i.When), fmt.Sprintf("%.0f kB", float64(median(i.Bytes))/1000), fmt.Sprintf("%d kB", goalImages/1000), all(each, 0)})
	}
	rig.Table(rows...)
	fmt.Println("An act of 0 ms took less than 16, which the browser does not tell.")
}

// judge says which goals were missed.
func (r *report) judge() error {
	var missed []string
	miss := func(is bool, what string) {
		if is {
			missed = append(missed, what)
		}
	}
	for _, p := range r.Pages {
		miss(median(p.Paints) > goalPaint, "paint of "+p.Page)
		miss(median(p.Shifts) > goalShift, "layout of "+p.Page)
	}
	for _, f := range r.Scores {
		for _, name := range categories {
			miss(median(f.Scores[name]) < goalScore, name+" of "+f.Page)
		}
	}
	for _, a := range r.Acts {
		miss(median(pick(a.Times, whole)) > goalAct, a.Act)
	}
	for _, i := range r.Images {
		miss(median(i.Bytes) > goalImages, "images "+i.When)
	}
	if len(missed) > 0 {
		return fmt.Errorf("goals that are missed: %s", strings.Join(missed, ", "))
	}
	return nil
}

func measure(t *rig.T) (*report, error) {
	program := servertest.Chromium(t)
	site := servertest.NewTintype(t, "PAGE_LIMIT=1000000000/1m")
	out, stderr, err := site.Command("demo", "--json", "--quiet", "--accounts", strconv.Itoa(*accounts), "--posts", strconv.Itoa(*posts))
	if err != nil {
		return nil, fmt.Errorf("tintype demo: %w\n%s", err, stderr)
	}
	var made struct{ Login, Password string }
	if err := json.Unmarshal([]byte(out), &made); err != nil {
		return nil, err
	}
	site.Start()
	visitor, member := servertest.NewClient(t, site.URL), servertest.NewClient(t, site.URL)
	member.LogIn(made.Login, made.Password).Want(http.StatusOK)
	post, profile, err := firstPost(visitor, made.Login)
	if err != nil {
		return nil, err
	}
	phone, err := start(t, program, site.URL, *runs)
	if err != nil {
		return nil, err
	}
	r := &report{}
	pages := []page{{"front", "/", visitor}, {"explore", "/explore", visitor}, {"post", post, visitor}, {"profile", profile, visitor}, {"home", "/", member}}
	if has("pages") {
		if err := r.measurePages(t, phone, pages); err != nil {
			return nil, err
		}
	}
	if has("scores") {
		if err := r.measureScores(t, pages, site.URL, program); err != nil {
			return nil, err
		}
	}
	if has("acts") {
		if err := r.measureActs(t, phone, post, member); err != nil {
			return nil, err
		}
	}
	if has("images") {
		if r.Images, err = phone.images("/"); err != nil {
			return nil, fmt.Errorf("images: %w", err)
		}
	}
	return r, nil
}

// has tells whether a part is asked for.
func has(part string) bool { return slices.Contains(strings.Split(*parts, ","), part) }

// A page is opened by somebody.
type page struct {
	name, path string
	as         *servertest.Client
}

func (r *report) measurePages(t *rig.T, phone *phone, pages []page) error {
	for _, page := range pages {
		p, err := phone.page(page.path, page.as.Cookies())
		if err != nil {
			return fmt.Errorf("%s: %w", page.name, err)
		}
		p.Page = page.name
		r.Pages = append(r.Pages, p)
		t.Logf("%s: %v", page.name, p.Paints)
	}
	return nil
}

func (r *report) measureActs(t *rig.T, phone *phone, post string, member *servertest.Client) error {
	const (
		like  = `[data-act=like] button`
		was   = `window.was = document.querySelector('[data-act=like] button').getAttribute('aria-pressed')`
		liked = `!document.querySelector('[data-busy]') && document.querySelector('[data-act=like] button').getAttribute('aria-pressed') !== was`
	)
	for _, act := range []struct{ name, path, before, on, after string }{
		{"like on a post", post, was, like, liked},
		{"like in the home feed", "/", was, like, liked},
		{"comment", post, `document.querySelector('#f-text').value = 'What a light. ' + Math.random()`, `#comment button`, `document.querySelector('#f-text').value === ''`},
		{"menu", post, "", `.actions .menu > summary`, `!!document.querySelector('.actions .menu[open]')`},
	} {
		a, err := phone.act(act.name, act.path, act.before, act.on, act.after, member.Cookies())
		if err != nil {
			return fmt.Errorf("%s: %w", act.name, err)
		}
		r.Acts = append(r.Acts, a)
		t.Logf("%s: %v", act.name, pick(a.Times, whole))
	}
	return nil
}

// firstPost is the newest post on Explore of somebody but the member, and its author's profile.
func firstPost(c *servertest.Client, but string) (post, profile string, err error) {
	a, err := c.Must(http.StatusOK, servertest.Read("/explore"))
	if err != nil {
		return "", "", err
	}
	for _, m := range regexp.MustCompile(`href="((/@[a-z0-9_]+)/\d+)"`).FindAllStringSubmatch(a.Body, -1) {
		if m[2] != "/@"+but {
			return m[1], m[2], nil
		}
	}
	return "", "", errors.New("there is no post on Explore")
}
