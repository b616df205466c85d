package templates

import (
	"math"
	"strconv"
	"strings"
	"time"

	"tintype/internal/lang"
)

// Ratio classes r0…r109 run from minRatio in steps of 2 %; static/css/ratios.css is generated to match.
const (
	minRatio   = 0.4
	ratioStep  = 1.02
	ratioCount = 110
)

// ratioClass names the class whose aspect ratio is nearest to a photo's. Unknown sizes are taken as 3:2.
func ratioClass(width, height int) string {
	i, _ := nearestRatio(width, height)
	return "r" + strconv.Itoa(i)
}

func nearestRatio(width, height int) (int, float64) {
	if width <= 0 || height <= 0 {
		width, height = 3, 2
	}
	r := float64(width) / float64(height)
	i := int(math.Round(math.Log(r/minRatio) / math.Log(ratioStep)))
	i = min(max(i, 0), ratioCount-1)
	return i, minRatio * math.Pow(ratioStep, float64(i))
}

// tileSizes is the sizes attribute of a photo in the grid: ratio × row height × 1.3, by the rows of grid.css. A phone's
// screen has three dots for each pixel, more than a tile that is looked at in passing needs: it is told of two thirds of
// the width.
func tileSizes(width, height int) string {
	_, r := nearestRatio(width, height)
	px := func(row float64) string { return strconv.Itoa(int(math.Round(r*row*1.3))) + "px" }
	return "(min-width:1200px) " + px(220) + ",(min-width:700px) " + px(170) + ",min(" + px(100) + ",66vw)"
}

// In a feed, a phone is told of somewhat less than its width: with two dots to a pixel it takes 640 of 780, and with three 960
// of 1170, which a photograph that is passed by does not show, and which halves what has to come before it is seen. On its
// own page and on the plate it has all.
const (
	feedSizes  = "(min-width:1200px) 720px,(min-width:700px) 640px,82vw"
	postSizes  = "(min-width:1200px) 800px,100vw"
	frontSizes = "(min-width:1200px) 770px,100vw"
	plateSizes = "100vw"
	stripSizes = "130px"
)

// feedTurn is how soon a photo of the nth post of a feed is wanted. The first one's is what a phone shows: what is below it
// comes when it is near, and takes nothing of the line before.
func feedTurn(nth int) int {
	if nth > 0 {
		return eager
	}
	return 0
}

func srcset(sources []Source) string {
	var b strings.Builder
	for i, s := range sources {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(s.URL)
		b.WriteByte(' ')
		b.WriteString(strconv.Itoa(s.Width))
		b.WriteByte('w')
	}
	return b.String()
}

// fallbackSource is what a browser without srcset loads: the largest variant up to limit pixels wide.
func fallbackSource(sources []Source, limit int) string {
	if len(sources) == 0 {
		return ""
	}
	best := sources[0]
	for _, s := range sources[1:] {
		if s.Width <= limit {
			best = s
		}
	}
	return best.URL
}

func viewBox(width, height int) string {
	return "0 0 " + strconv.Itoa(width) + " " + strconv.Itoa(height)
}

func colorOr(c string) string {
	if len(c) != 7 || c[0] != '#' {
		return "#8a908d"
	}
	return c
}

func photoAlt(p PhotoView) string {
	if !p.Described {
		return ""
	}
	return p.Alt
}

// photoLabel is the label of the link around a photo: its description, else the author's name.
func photoLabel(p *Page, photo PhotoView, author AccountView) string {
	if photo.Described && photo.Alt != "" {
		return photo.Alt
	}
	return p.T("Photograph by %s", author.DisplayName)
}

func (w When) words(p *Page) string {
	if w.Text != "" {
		return w.Text
	}
	if w.At.IsZero() {
		return ""
	}
	return p.Lang.Date(w.At, "2 Jan 2006")
}

// spoken is words in a form that can be read out: "2 d" cannot.
func (w When) spoken(p *Page) string {
	switch {
	case w.Spoken != "":
		return w.Spoken
	case w.At.IsZero():
		return w.Text
	case w.Text != "":
		return p.Lang.Date(w.At, "2 January")
	}
	return p.Lang.Date(w.At, "2 January 2006")
}

func (w When) full(p *Page) string { return p.Lang.Date(w.At, "2 January 2006, 15:04 MST") }

func (w When) machine() string { return w.At.UTC().Format(time.RFC3339) }

func focusValue(x, y int) string { return strconv.Itoa(x) + "," + strconv.Itoa(y) }

var focusWords = [3][3]string{
	{lang.Key("top left"), lang.Key("top centre"), lang.Key("top right")},
	{lang.Key("middle left"), lang.Key("centre"), lang.Key("middle right")},
	{lang.Key("bottom left"), lang.Key("bottom centre"), lang.Key("bottom right")},
}

func focusLabel(p *Page, x, y int) string {
	return p.T(focusWords[y+1][x+1])
}

// FocusClass names the classes of a focal point (-1, 0 or 1 each, from the top left) that the stylesheet moves a trimmed
// photo by.
func FocusClass(x, y int) string {
	var c string
	if x != 0 {
		c = "fx" + strconv.Itoa(x+1)
	}
	if y != 0 {
		c += " fy" + strconv.Itoa(y+1)
	}
	return strings.TrimSpace(c)
}

func boolWord(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

func (p PostView) showURL() string {
	if p.ShowURL != "" {
		return p.ShowURL
	}
	return p.URL + "?show=" + p.ID
}

// describedBy joins the ids of the elements that explain a control; "" for none.
func describedBy(name string, hint bool, err string) string {
	var ids []string
	if hint {
		ids = append(ids, "h-"+name)
	}
	if err != "" {
		ids = append(ids, "e-"+name)
	}
	return strings.Join(ids, " ")
}

func visibilityWords(v string) string {
	switch v {
	case "unlisted":
		return lang.Key("Unlisted")
	case "followers":
		return lang.Key("Followers only")
	}
	return lang.Key("Public")
}

func visibilityIcon(v string) string {
	if v == "unlisted" {
		return "unlisted"
	}
	return "lock"
}
