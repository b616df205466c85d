package media

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// dateText is a date as EXIF, XMP, IPTC and the programs that write them have it: a day, perhaps a time, perhaps an
// offset. Cameras with an unset clock write blanks or zeros, of which a time may be left out; some write a blank for a
// leading zero.
var dateText = regexp.MustCompile(`^(\d{4})([-:/.]) ?(\d{1,2})[-:/.] ?(\d{1,2})(?:[T ]\s*(\d{1,2})[:.]( \d|\d{2})(?:[:.]( \d|\d{2})(?:[.,]\d+)?)?\s*(Z|UTC|GMT|[-+]\d{2}:?\d{2})?)?(.*)$`)

// offsetText is an offset alone, as EXIF's tags of their own have it.
var offsetText = regexp.MustCompile(`^([-+])(\d{2}):?(\d{2})$`)

// taken is when a photo was taken, as far as a text tells.
type taken struct {
	at     time.Time // zero: unknown
	day    bool      // the time of day is not known
	offset bool      // at is in a zone of its own, else in the camera's clock, written as UTC
}

// parseDate reads one text. offset, which may be empty, is that of a tag of its own.
func parseDate(s, offset string) taken {
	m := dateText.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return taken{}
	}
	number := func(i int) int { n, _ := strconv.Atoi(strings.TrimSpace(m[i])); return n } // digits, by the expression
	y, mo, d := number(1), time.Month(number(3)), number(4)
	day := time.Date(y, mo, d, 0, 0, 0, 0, time.UTC)
	if day.Day() != d || day.Month() != mo || !plausible(day) {
		return taken{}
	}
	if m[5] == "" {
		if strings.Trim(m[9], "T :-?\x00") != "" { // something that is not a time left blank
			return taken{}
		}
		return taken{at: day, day: true}
	}
	h, mi, sec := number(5), number(6), number(7)
	if h > 23 || mi > 59 || sec > 60 || strings.TrimSpace(m[9]) != "" {
		return taken{at: day, day: true} // the day is right all the same
	}
	zone := m[8]
	if zone == "" {
		zone = strings.TrimSpace(offset)
	}
	loc, ok := parseOffset(zone)
	return taken{at: time.Date(y, mo, d, h, mi, min(sec, 59), 0, loc), offset: ok}
}

func parseOffset(s string) (loc *time.Location, ok bool) {
	switch s {
	case "Z", "UTC", "GMT":
		return time.UTC, true
	}
	m := offsetText.FindStringSubmatch(s)
	if m == nil {
		return time.UTC, false
	}
	h, _ := strconv.Atoi(m[2])
	mi, _ := strconv.Atoi(m[3])
	if h > 15 || mi > 59 {
		return time.UTC, false
	}
	sec := h*3600 + mi*60
	if m[1] == "-" {
		sec = -sec
	}
	return time.FixedZone("", sec), true
}

// parseIPTCDate reads IPTC's pair: CCYYMMDD, and HHMMSS with an offset perhaps. Zeros stand for what is not known.
func parseIPTCDate(date, clock string) taken {
	date, clock = strings.TrimSpace(date), strings.TrimSpace(clock)
	if len(date) == 8 && strings.Trim(date, "0123456789") == "" {
		date = date[:4] + ":" + date[4:6] + ":" + date[6:]
	}
	if len(clock) >= 6 && strings.Trim(clock[:6], "0123456789") == "" {
		clock = clock[:2] + ":" + clock[2:4] + ":" + clock[4:]
	}
	if clock == "" {
		return parseDate(date, "")
	}
	return parseDate(date+" "+clock, "")
}

// mailDates are RFC 1123's form, which PNG recommends, as programs vary it, and C's.
var mailDates = []string{"2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 MST", "2 Jan 2006 15:04:05", "2 Jan 2006 15:04 -0700", "2 Jan 2006 15:04 MST", "2 Jan 2006 15:04", "Jan _2 15:04:05 2006", "Jan _2 15:04:05 MST 2006"}

// parsePNGDate reads PNG's "Creation Time": a date as in mail, or as ISO 8601 has it.
func parsePNGDate(s string) taken {
	if d := parseDate(s, ""); !d.at.IsZero() {
		return d
	}
	if i := strings.IndexAny(s, ", "); i == 3 || i > 3 && s[i] == ',' { // the day of the week
		s = strings.TrimLeft(s[i:], ", ")
	}
	if day, err := time.Parse("2 Jan 2006", s); err == nil && plausible(day) {
		return taken{at: day, day: true}
	}
	for _, layout := range mailDates {
		at, err := time.Parse(layout, s)
		if err != nil || !plausible(at) {
			continue
		}
		switch _, off := at.Zone(); {
		case strings.Contains(layout, "-0700"):
			return taken{at: at.In(time.FixedZone("", off)), offset: true}
		case strings.HasSuffix(s, "GMT"), strings.HasSuffix(s, "UTC"):
			return taken{at: at.UTC(), offset: true}
		}
		// Other names of zones mean several; the clock is right.
		return taken{at: time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC)}
	}
	return taken{}
}

// taken finds when the photo was taken: what says so first, then what says when it was digitized, which for a digital
// camera is the same.
func (t tags) taken() taken {
	first := func(name string) string { return t.text(60, name) }
	offset := func(name string) string {
		if s := first(name); s != "" {
			return s
		}
		return first("exif OffsetTime")
	}
	for _, d := range []taken{
		parseDate(first("exif DateTimeOriginal"), offset("exif OffsetTimeOriginal")),
		parseDate(first("xmp DateTimeOriginal"), ""),
		parseDate(first("xmp DateCreated"), ""),
		parseIPTCDate(first("iptc DateCreated"), first("iptc TimeCreated")),
		parseDate(first("exif DateTimeDigitized"), offset("exif OffsetTimeDigitized")),
		parseDate(first("xmp DateTimeDigitized"), ""),
		parseIPTCDate(first("iptc DigitalCreationDate"), first("iptc DigitalCreationTime")),
		parseDate(first("xmp CreateDate"), ""),
		parsePNGDate(first("png CreationTime")),
	} {
		if !d.at.IsZero() {
			return d
		}
	}
	return taken{}
}

// plausible: between the first photograph and a camera whose clock runs ahead.
func plausible(t time.Time) bool { return t.Year() >= 1826 && t.Year() < 2200 }
