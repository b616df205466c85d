package media

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/bep/imagemeta"
)

// Meta is what a file says about its photograph, for display and to fill a form in. Every text is valid UTF-8, trimmed
// and bounded. Places are never read.
type Meta struct {
	TakenAt   time.Time // zero if unknown. In its own zone if HasOffset, else the camera's clock, written as UTC
	HasOffset bool

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

// readMeta reads EXIF, IPTC and XMP. It is lenient: what cannot be read is left out. The second result is EXIF's
// orientation, 1 to 8, and the third tells that the camera wrote Adobe RGB.
func readMeta(r io.ReadSeeker, h Header) (m Meta, orientation int, adobe bool) {
	t := tags{}
	t.read(r, h.Format)
	t.readIPTC(h.iptc)
	orientation = 1
	if o := t.int("exif Orientation"); o >= 1 && o <= 8 {
		orientation = o
	}
	adobe = strings.HasPrefix(t.text(8, "exif InteroperabilityIndex", "exif InteropIndex"), "R03")

	m.TakenAt, m.HasOffset = t.time()
	m.Camera = camera(t.text(maxLine, "exif Make"), t.text(maxLine, "exif Model"))
	m.Lens = t.text(maxLine, "exif LensModel", "xmp LensModel", "xmp Lens")
	if v := t.number("exif FocalLength"); v > 0 && v < 1e5 {
		m.FocalLength = short(v) + " mm"
	}
	if v := t.number("exif FNumber"); v > 0 && v < 1000 {
		m.Aperture = "f/" + short(v)
	}
	m.Exposure = exposure(t.number("exif ExposureTime"))
	if v := t.int("exif ISO", "exif ISOSpeedRatings", "exif PhotographicSensitivity"); v > 0 && v < 1e8 {
		m.ISO = v
	}
	m.Title = t.text(maxLine, "xmp Title", "iptc ObjectName", "xmp Headline", "iptc Headline")
	m.Caption = t.caption()
	m.Keywords = t.keywords()
	m.AltText = t.text(maxAlt, "xmp AltTextAccessibility")
	m.Creator = t.text(maxLine, "xmp Creator", "iptc By-line", "exif Artist")
	m.Copyright = t.text(maxLine, "xmp Rights", "iptc CopyrightNotice", "exif Copyright")
	m.Licence = t.text(maxLine, "xmp License", "xmp WebStatement", "xmp UsageTerms")
	return m, orientation, adobe
}

// tags holds values by source and name.
type tags map[string][]any

// wanted are the tags that are kept; anything else, places above all, is not even looked at.
var wanted = func() map[string]bool {
	m := map[string]bool{}
	for _, list := range []string{
		"exif Orientation InteroperabilityIndex InteropIndex DateTimeOriginal OffsetTimeOriginal Make Model LensModel FocalLength FNumber ExposureTime " +
			"ISO ISOSpeedRatings PhotographicSensitivity ImageDescription Artist Copyright",
		"iptc ObjectName Headline Caption-Abstract Keywords By-line CopyrightNotice",
		"xmp Title Headline Description Subject AltTextAccessibility Creator Rights License WebStatement UsageTerms LensModel Lens DateTimeOriginal DateCreated",
	} {
		names := strings.Fields(list)
		for _, n := range names[1:] {
			m[names[0]+" "+n] = true
		}
	}
	return m
}()

func (t tags) read(r io.ReadSeeker, f Format) {
	formats := map[Format]imagemeta.ImageFormat{JPEG: imagemeta.JPEG, PNG: imagemeta.PNG, WebP: imagemeta.WebP}
	format, ok := formats[f]
	if !ok {
		return
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return
	}
	sources := imagemeta.EXIF | imagemeta.XMP
	if f == PNG {
		sources |= imagemeta.IPTC // JPEG's is read here
	}
	defer func() { _ = recover() }() // metadata that breaks its reader is no reason to refuse the photo
	name := func(ti imagemeta.TagInfo) string {
		switch ti.Source {
		case imagemeta.EXIF:
			if !strings.HasPrefix(ti.Namespace, "IFD0") || strings.Contains(ti.Namespace, "GPS") {
				return ""
			}
			return "exif " + ti.Tag
		case imagemeta.IPTC:
			return "iptc " + ti.Tag
		case imagemeta.XMP:
			return "xmp " + ti.Tag
		}
		return ""
	}
	_, _ = imagemeta.Decode(imagemeta.Options{
		R: r, ImageFormat: format, Sources: sources, LimitTagSize: 64 << 10,
		ShouldHandleTag: func(ti imagemeta.TagInfo) bool { return wanted[name(ti)] },
		HandleTag: func(ti imagemeta.TagInfo) error {
			n := name(ti)
			if len(t[n]) < maxKeywords {
				t[n] = append(t[n], ti.Value)
			}
			return nil
		},
	})
}

// texts returns all texts of a tag, cleaned.
func (t tags) texts(name string, limit int) (list []string) {
	add := func(s string) {
		if s = clean(s, limit); s != "" && len(list) < maxKeywords {
			list = append(list, s)
		}
	}
	for _, v := range t[name] {
		switch v := v.(type) {
		case string:
			add(v)
		case []byte:
			add(string(v))
		case []string:
			for _, s := range v {
				add(s)
			}
		case []any:
			for _, s := range v {
				add(fmt.Sprint(s))
			}
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
		var f float64
		switch v := v.(type) {
		case interface{ Float64() float64 }:
			f = v.Float64()
		case float64:
			f = v
		case float32:
			f = float64(v)
		case string:
			f, _ = strconv.ParseFloat(v, 64)
		default:
			f, _ = strconv.ParseFloat(fmt.Sprint(v), 64)
		}
		if !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f
		}
	}
	return 0
}

func (t tags) int(names ...string) int {
	for _, n := range names {
		for _, v := range t[n] {
			// A list is written as [100 0]; its first number counts.
			s := strings.Fields(strings.Trim(fmt.Sprint(v), "[] "))
			if len(s) > 0 {
				if i, err := strconv.Atoi(s[0]); err == nil && i > 0 {
					return i
				}
			}
		}
	}
	return 0
}

func (t tags) time() (time.Time, bool) {
	local := t.text(40, "exif DateTimeOriginal", "xmp DateTimeOriginal", "xmp DateCreated")
	if offset := t.text(10, "exif OffsetTimeOriginal"); offset != "" {
		if at, err := time.Parse("2006:01:02 15:04:05-07:00", local+offset); err == nil && plausible(at) {
			return at, true
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05-07:00", "2006-01-02T15:04-07:00"} {
		if at, err := time.Parse(layout, local); err == nil && plausible(at) {
			return at, true
		}
	}
	for _, layout := range []string{"2006:01:02 15:04:05", "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z07:00", "2006-01-02"} {
		if at, err := time.Parse(layout, local); err == nil && plausible(at) {
			return at, false
		}
	}
	return time.Time{}, false
}

// plausible: between the first photograph and a camera whose clock runs ahead.
func plausible(t time.Time) bool { return t.Year() >= 1826 && t.Year() < 2200 }

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
