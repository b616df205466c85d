package media

import "bytes"

// Format is the type of a picture file, told by its first bytes, never by its name.
type Format string

// The formats that are known; HEIC and AVIF only to be refused by name. What else is refused by name is in kinds.go.
const (
	Unknown Format = ""
	JPEG    Format = "jpeg"
	PNG     Format = "png"
	WebP    Format = "webp"
	GIF     Format = "gif"
	HEIC    Format = "heic"
	AVIF    Format = "avif"
)

// ContentType returns the media type, application/octet-stream if unknown.
func (f Format) ContentType() string {
	if f == Unknown {
		return "application/octet-stream"
	}
	return "image/" + string(f)
}

// sniffBytes is how much of a file's beginning is looked at.
const sniffBytes = 4 << 10

// sniff needs 32 bytes, fewer only if the file has no more.
func sniff(b []byte) Format {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return JPEG
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return PNG
	case bytes.HasPrefix(b, []byte("GIF87a")), bytes.HasPrefix(b, []byte("GIF89a")):
		return GIF
	case len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return WebP
	case len(b) >= 12 && string(b[4:8]) == "ftyp":
		// The major brand, or the first compatible ones: files of phones say mif1 and list heic.
		for i := 8; i+4 <= len(b); i += 4 {
			if i == 12 {
				continue // the minor version
			}
			switch string(b[i : i+4]) {
			case "heic", "heix", "heim", "heis", "hevc", "hevx":
				return HEIC
			case "avif", "avis":
				return AVIF
			}
		}
	}
	return Unknown
}

// wraps are the beginnings of files that may hold a JPEG, as a preview or among other things, and are none.
var wraps = []string{"8BPS", "%PDF", "PK\x03\x04", "FUJIFILM", "\x00MRM", "FOVb", "II", "MM", "RIFF", "OggS", "\x1aE\xdf\xa3", "\xff\x0a", "ID3", "Rar!", "7z\xbc\xaf", "\x7fELF", "%!PS", "BM"}

// buriedJPEG returns where a JPEG begins behind bytes that something put before it (a line end, a header of HTTP), 0 if
// none does.
func buriedJPEG(b []byte) int {
	if len(b) >= 8 && string(b[4:8]) == "ftyp" {
		return 0
	}
	for _, w := range wraps {
		if bytes.HasPrefix(b, []byte(w)) {
			return 0
		}
	}
	for i := 1; i+4 <= len(b); i++ {
		// The first marker is one with which a JPEG begins: tables, a frame, an application's segment or a comment.
		if b[i] == 0xff && b[i+1] == 0xd8 && b[i+2] == 0xff {
			if m := b[i+3]; m == 0xdb || m == 0xc0 || m == 0xc2 || m == 0xc4 || m >= 0xe0 && m <= 0xef || m == 0xfe {
				return i
			}
		}
	}
	return 0
}
