package media

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Meta is what a file says about its photograph, for display and to fill a form in. Every text is valid UTF-8, trimmed
// and bounded. Places are never read.
type Meta struct {
	TakenAt   time.Time // zero if unknown. In its own zone if HasOffset, else the camera's clock, written as UTC
	HasOffset bool
	DayOnly   bool // the file tells the day and not the time

	Camera      string // "NIKON D3100"
	Lens        string
	FocalLength string // "55 mm"
	Aperture    string // "f/2.8"
	Exposure    string // "1/200 s"
	ISO         int    // 0 if unknown

	Title    string
	Caption  string
	Keywords []string
	AltText  string

	Creator   string
	Copyright string
	Licence   string // an address or a text
}

// Bounds of texts, in characters.
const (
	maxLine     = 200
	maxCaption  = 5000
	maxAlt      = 1500
	maxKeywords = 50
)

// orientationOf returns EXIF's orientation, 1 to 8.
func orientationOf(exif []byte) int {
	t := tags{}
	t.readEXIF(exif)
	if o := t.int("exif Orientation"); o <= 8 && o >= 1 {
		return o
	}
	return 1
}

// readMeta reads EXIF, IPTC and XMP. It is lenient: what cannot be read is left out. The second result tells that the
// camera wrote Adobe RGB.
func readMeta(b blocks) (m Meta, adobe bool) {
	t := tags{}
	t.readEXIF(b.exif)
	t.readXMP(b.xmp)
	t.readIPTC(b.iptc)
	t.add("png CreationTime", string(b.day))
	adobe = strings.HasPrefix(t.text(8, "exif InteroperabilityIndex"), "R03")

	when := t.taken()
	m.TakenAt, m.HasOffset, m.DayOnly = when.at, when.offset, when.day
	m.Camera = camera(t.text(maxLine, "exif Make"), t.text(maxLine, "exif Model"))
	m.Lens = t.text(maxLine, "exif LensModel", "xmp LensModel", "xmp Lens")
	if v := t.number("exif FocalLength"); v > 0 && v < 1e5 {
		m.FocalLength = short(v) + " mm"
	}
	if v := t.number("exif FNumber"); v > 0 && v < 1000 {
		m.Aperture = "f/" + short(v)
	}
	m.Exposure = exposure(t.number("exif ExposureTime"))
	if v := t.iso(); v > 0 && v < 1e8 {
		m.ISO = v
	}
	m.Title = t.text(maxLine, "xmp Title", "iptc ObjectName", "xmp Headline", "iptc Headline")
	m.Caption = t.caption()
	m.Keywords = t.keywords()
	m.AltText = t.text(maxAlt, "xmp AltTextAccessibility")
	m.Creator = t.text(maxLine, "xmp Creator", "iptc By-line", "exif Artist")
	m.Copyright = t.text(maxLine, "xmp Rights", "iptc CopyrightNotice", "exif Copyright")
	m.Licence = t.text(maxLine, "xmp License", "xmp WebStatement", "xmp UsageTerms")
	return m, adobe
}

// tags holds values by source and name.
type tags map[string][]any

// wanted are the properties of XMP and the data sets of IPTC that are kept; exifNames are EXIF's tags.
var wanted = func() map[string]bool {
	m := map[string]bool{}
	for _, list := range []string{
		"iptc ObjectName Headline Caption-Abstract Keywords By-line CopyrightNotice DateCreated TimeCreated DigitalCreationDate DigitalCreationTime",
		"xmp Title Headline Description Subject AltTextAccessibility Creator Rights License WebStatement UsageTerms LensModel Lens DateTimeOriginal DateTimeDigitized DateCreated CreateDate",
	} {
		names := strings.Fields(list)
		for _, n := range names[1:] {
			m[names[0]+" "+n] = true
		}
	}
	return m
}()

// add keeps one more value of a tag, within bounds.
func (t tags) add(name string, v any) {
	if len(t[name]) < maxKeywords {
		t[name] = append(t[name], v)
	}
}

// texts returns all texts of a tag, cleaned.
func (t tags) texts(name string, limit int) (list []string) {
	add := func(s string) {
		if s = clean(s, limit); s != "" && len(list) < maxKeywords {
			list = append(list, s)
		}
	}
	for _, v := range t[name] {
		if v, ok := v.(string); ok {
			add(v)
		}
	}
	return list
}

// text returns the first text that one of the names has.
func (t tags) text(limit int, names ...string) string {
	for _, n := range names {
		if list := t.texts(n, limit); len(list) > 0 {
			return list[0]
		}
	}
	return ""
}

func (t tags) number(name string) float64 {
	for _, v := range t[name] {
		switch v := v.(type) {
		case float64:
			return v
		case int:
			return float64(v)
		}
	}
	return 0
}

func (t tags) int(name string) int {
	for _, v := range t[name] {
		if v, ok := v.(int); ok && v > 0 {
			return v
		}
	}
	return 0
}

// iso is the sensitivity. 65535 says that it is in another tag, where a long number has room.
func (t tags) iso() int {
	if v := t.int("exif ISO"); v < 65535 {
		return v
	}
	return t.int("exif RecommendedExposureIndex")
}

// caption leaves out what cameras write where people write captions.
func (t tags) caption() string {
	if s := t.text(maxCaption, "xmp Description", "iptc Caption-Abstract"); s != "" {
		return s
	}
	s := t.text(maxCaption, "exif ImageDescription")
	u := strings.ToUpper(s)
	for _, junk := range []string{"DIGITAL CAMERA", "SONY DSC", "EXIF_JPEG", "DCIM\\", "DIGITAL STILL CAMERA", "DSC_"} {
		if strings.Contains(u, junk) {
			return ""
		}
	}
	if !strings.ContainsFunc(s, unicode.IsSpace) && len(s) < 24 { // "default", "dav_vivid", "SAMSUNG"
		return ""
	}
	return s
}

func (t tags) keywords() []string {
	list := t.texts("xmp Subject", maxLine)
	if len(list) == 0 {
		list = t.texts("iptc Keywords", maxLine)
	}
	if len(list) == 1 && strings.ContainsAny(list[0], ",;") { // one text that should have been several
		list = strings.FieldsFunc(list[0], func(r rune) bool { return r == ',' || r == ';' })
	}
	var out []string
	seen := map[string]bool{}
	for _, k := range list {
		if k = strings.TrimSpace(k); k != "" && !seen[strings.ToLower(k)] && len(out) < maxKeywords {
			seen[strings.ToLower(k)] = true
			out = append(out, k)
		}
	}
	return out
}

// clean makes a text safe to keep: valid UTF-8 (else it is taken for Latin-1), no control characters but line ends,
// trimmed, at most limit characters.
func clean(s string, limit int) string {
	if i := strings.IndexByte(s, 0); i >= 0 {
		s = s[:i]
	}
	if len(s) > 8*limit {
		s = strings.ToValidUTF8(s[:8*limit], "")
	}
	if !utf8.ValidString(s) {
		r := make([]rune, len(s))
		for i := range len(s) {
			r[i] = rune(s[i])
		}
		s = string(r)
	}
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && limit > maxLine, r == '\u200d', r == '\u200c': // joiners hold emoji and some scripts together
			return r
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == utf8.RuneError, unicode.Is(unicode.Co, r):
			return -1
		}
		return r
	}, s))
	if n := 0; utf8.RuneCountInString(s) > limit {
		for i := range s {
			if n++; n > limit {
				return strings.TrimSpace(s[:i])
			}
		}
	}
	return s
}

// camera joins make and model without saying the make twice.
func camera(maker, model string) string {
	if maker == "" || model == "" {
		return maker + model
	}
	first, _, _ := strings.Cut(maker, " ")
	if strings.HasPrefix(strings.ToLower(model), strings.ToLower(first)) {
		return model
	}
	return maker + " " + model
}

// short writes a number with at most one decimal.
func short(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

func exposure(v float64) string {
	switch {
	case v <= 0 || v > 1e6:
		return ""
	case v < 0.3:
		return fmt.Sprintf("1/%.0f s", 1/v)
	}
	return short(v) + " s"
}
