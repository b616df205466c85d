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
	} {
		if !d.at.IsZero() {
			return d
		}
	}
	return taken{}
}

// plausible: between the first photograph and a camera whose clock runs ahead.
func plausible(t time.Time) bool { return t.Year() >= 1826 && t.Year() < 2200 }
