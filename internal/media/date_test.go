package media_test

import (
	"bytes"
	"strings"
	"testing"

	"tintype/internal/media"
	"tintype/internal/phototest"
)

func TestDates(t *testing.T) {
	type options = phototest.Options
	const none = "0001-01-01 00:00:00 +0000"
	for name, c := range map[string]struct {
		o           options
		want        string
		offset, day bool
	}{
		"exif":                      {options{TakenAt: "2021:07:01 10:11:12"}, "2021-07-01 10:11:12 +0000", false, false},
		"exif and an offset":        {options{TakenAt: "2021:07:01 10:11:12", Offset: "-03:30"}, "2021-07-01 10:11:12 -0330", true, false},
		"midnight is a time":        {options{TakenAt: "2021:07:01 00:00:00"}, "2021-07-01 00:00:00 +0000", false, false},
		"a Z in the text":           {options{TakenAt: "2021:07:01 10:11:12Z"}, "2021-07-01 10:11:12 +0000", true, false},
		"an offset in the text":     {options{TakenAt: "2021:07:01 10:11:12+05:45"}, "2021-07-01 10:11:12 +0545", true, false},
		"an offset without a colon": {options{TakenAt: "2021:07:01 10:11:12 -0800"}, "2021-07-01 10:11:12 -0800", true, false},
		"dashes":                    {options{TakenAt: "2021-07-01 10:11:12"}, "2021-07-01 10:11:12 +0000", false, false},
		"slashes":                   {options{TakenAt: "2021/07/01 10:11:12"}, "2021-07-01 10:11:12 +0000", false, false},
		"ISO 8601 and fractions":    {options{TakenAt: "2021-07-01T10:11:12.345+02:00"}, "2021-07-01 10:11:12 +0200", true, false},
		"without seconds":           {options{TakenAt: "2021:07:01 10:11"}, "2021-07-01 10:11:00 +0000", false, false},
		"blanks for zeros":          {options{TakenAt: "2021: 7: 1  9: 5: 2"}, "2021-07-01 09:05:02 +0000", false, false},
		"a month left blank":        {options{TakenAt: "2021:  : 1 10:11:12"}, none, false, false},
		"a day":                     {options{TakenAt: "2021:07:01"}, "2021-07-01 00:00:00 +0000", false, true},
		"a day, the time blank":     {options{TakenAt: "2021:07:01   :  :  "}, "2021-07-01 00:00:00 +0000", false, true},
		"a day, an offset":          {options{TakenAt: "2021:07:01", Offset: "+02:00"}, "2021-07-01 00:00:00 +0000", false, true},
		"an hour of 25":             {options{TakenAt: "2021:07:01 25:00:00"}, "2021-07-01 00:00:00 +0000", false, true},
		"no such day":               {options{TakenAt: "2021:02:30 10:11:12"}, none, false, false},
		"zeros":                     {options{TakenAt: "0000:00:00 00:00:00"}, none, false, false},
		"words":                     {options{TakenAt: "last summer"}, none, false, false},
		"digitized":                 {options{Digitized: "2021:07:01 10:11:12"}, "2021-07-01 10:11:12 +0000", false, false},
		"zeros, then digitized":     {options{TakenAt: "0000:00:00 00:00:00", Digitized: "2021:07:01 10:11:12"}, "2021-07-01 10:11:12 +0000", false, false},
		"XMP's day":                 {options{XMPDate: "2021-07-01"}, "2021-07-01 00:00:00 +0000", false, true},
		"XMP's year":                {options{XMPDate: "2021"}, none, false, false},
		"XMP with a Z":              {options{XMPDate: "2021-07-01T10:11Z"}, "2021-07-01 10:11:00 +0000", true, false},
		"XMP with an offset":        {options{XMPDate: "2021-07-01T10:11:12.5-04:00"}, "2021-07-01 10:11:12 -0400", true, false},
		"IPTC":                      {options{IPTCDate: "20210701", IPTCTime: "101112+0200"}, "2021-07-01 10:11:12 +0200", true, false},
		"IPTC without an offset":    {options{IPTCDate: "20210701", IPTCTime: "101112"}, "2021-07-01 10:11:12 +0000", false, false},
		"IPTC's day":                {options{IPTCDate: "20210701"}, "2021-07-01 00:00:00 +0000", false, true},
		"IPTC of zeros":             {options{IPTCDate: "00000000"}, none, false, false},
		"taken goes before":         {options{TakenAt: "2021:07:01 10:11:12", Digitized: "2023:01:01 00:00:00", XMPDate: "2022-01-01"}, "2021-07-01 10:11:12 +0000", false, false},
	} {
		m := process(t, phototest.JPEG(c.o), media.Focus{}).Meta
		if got := m.TakenAt.Format("2006-01-02 15:04:05 -0700"); got != c.want || m.HasOffset != c.offset || m.DayOnly != c.day {
			t.Errorf("%s: %s, offset %v, day only %v; want %s, %v, %v", name, got, m.HasOffset, m.DayOnly, c.want, c.offset, c.day)
		}
	}
}

// A PNG's own text of when it was made counts where nothing else tells.
func TestPNGCreationTime(t *testing.T) {
	png := phototest.PNG(phototest.Options{Width: 32, Height: 24})
	const none = "0001-01-01 00:00:00 +0000"
	for text, c := range map[string]struct {
		want        string
		offset, day bool
	}{
		"Thu, 01 Jul 2021 10:11:12 GMT":   {"2021-07-01 10:11:12 +0000", true, false},
		"Thu, 1 Jul 2021 10:11:12 -0330":  {"2021-07-01 10:11:12 -0330", true, false},
		"1 Jul 2021 10:11:12 +0000":       {"2021-07-01 10:11:12 +0000", true, false},
		"Thursday, 1 Jul 2021 10:11 UTC":  {"2021-07-01 10:11:00 +0000", true, false},
		"Thu, 01 Jul 2021 10:11:12 CEST":  {"2021-07-01 10:11:12 +0000", false, false},
		"Thu, 01 Jul 2021 10:11:12":       {"2021-07-01 10:11:12 +0000", false, false},
		"Thu, 01 Jul 2021":                {"2021-07-01 00:00:00 +0000", false, true},
		"Thu Jul  1 10:11:12 2021":        {"2021-07-01 10:11:12 +0000", false, false},
		"2021-07-01T10:11:12+02:00":       {"2021-07-01 10:11:12 +0200", true, false},
		"2021-07-01T10:11:12.345Z":        {"2021-07-01 10:11:12 +0000", true, false},
		"2021:07:01 10:11:12":             {"2021-07-01 10:11:12 +0000", false, false},
		"2021-07-01":                      {"2021-07-01 00:00:00 +0000", false, true},
		"last summer":                     {none, false, false},
		"Thu, 01 Jul 3021 10:11:12 GMT":   {none, false, false},
		strings.Repeat("2021-07-01 ", 90): {none, false, false},
	} {
		file := phototest.Splice(png, phototest.Chunk("tEXt", []byte("Creation Time\x00"+text)))
		m := process(t, file, media.Focus{}).Meta
		if got := m.TakenAt.Format("2006-01-02 15:04:05 -0700"); got != c.want || m.HasOffset != c.offset || m.DayOnly != c.day {
			t.Errorf("%s: %s, offset %v, day only %v; want %s, %v, %v", text, got, m.HasOffset, m.DayOnly, c.want, c.offset, c.day)
		}
	}
	exif := phototest.EXIF(phototest.Options{TakenAt: "2020:01:02 03:04:05"})
	both := phototest.Splice(png, append(phototest.Chunk("tEXt", []byte("Creation Time\x002021-07-01")), phototest.Chunk("eXIf", exif)...))
	if got := process(t, both, media.Focus{}).Meta.TakenAt.Format("2006-01-02"); got != "2020-01-02" {
		t.Errorf("EXIF does not go before: %s", got)
	}
}

// Metadata are found wherever a format has a place for them, and with the head that belongs into a JPEG.
func TestMetaInOtherPlaces(t *testing.T) {
	exif := phototest.EXIF(phototest.Options{Orientation: 6, TakenAt: "2021:07:01 10:11:12"})
	prefixed := append([]byte("Exif\x00\x00"), exif...)
	o := phototest.Options{Width: 341, Height: 247, Orientation: 6}
	plain := o
	plain.Orientation = 0
	stored := phototest.Options{Width: 341, Height: 247, StoredAs: 6}
	png, webp, gif := phototest.PNG(stored), phototest.WebP(stored, 1), phototest.GIF(plain, 1)
	last := bytes.LastIndex(png, []byte("IEND")) - 4
	behind := append(append(bytes.Clone(png[:last]), phototest.Chunk("eXIf", exif)...), png[last:]...)
	xmp := []byte(`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="r"><rdf:Description xmlns:exif="e"><exif:DateTimeOriginal>2021-07-01T10:11:12</exif:DateTimeOriginal></rdf:Description></rdf:RDF></x:xmpmeta>`)
	for name, file := range map[string][]byte{
		"webp":                      phototest.WithEXIF(webp, 247, 341, exif),
		"webp, with JPEG's head":    phototest.WithEXIF(webp, 247, 341, prefixed),
		"png":                       phototest.Splice(png, phototest.Chunk("eXIf", exif)),
		"png, with JPEG's head":     phototest.Splice(png, phototest.Chunk("eXIf", prefixed)),
		"png, behind the pixels":    behind,
		"png, ImageMagick's digits": phototest.Splice(png, phototest.Chunk("zTXt", append([]byte("Raw profile type exif\x00\x00"), phototest.Deflate(phototest.Digits("exif", prefixed))...))),
		"png, XMP":                  phototest.Splice(phototest.PNG(plain), phototest.Chunk("iTXt", append([]byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00"), xmp...))),
		"gif, XMP":                  phototest.WithXMP(gif, xmp),
	} {
		m := process(t, file, media.Focus{})
		if m.Width != 341 || m.Height != 247 {
			t.Errorf("%s: %d×%d", name, m.Width, m.Height)
		}
		m.check(t)
		if got := m.Meta.TakenAt.Format("2006-01-02 15:04:05"); got != "2021-07-01 10:11:12" {
			t.Errorf("%s: taken at %s", name, got)
		}
	}
}
