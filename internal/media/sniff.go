package media

import "bytes"

// Format is the type of a picture file, told by its first bytes, never by its name.
type Format string

// The formats that are known; HEIC, AVIF and TIFF only to be refused by name.
const (
	Unknown Format = ""
	JPEG    Format = "jpeg"
	PNG     Format = "png"
	WebP    Format = "webp"
	GIF     Format = "gif"
	HEIC    Format = "heic"
	AVIF    Format = "avif"
	TIFF    Format = "tiff"
)

// ContentType returns the media type, application/octet-stream if unknown.
func (f Format) ContentType() string {
	if f == Unknown {
		return "application/octet-stream"
	}
	return "image/" + string(f)
}

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
	case bytes.HasPrefix(b, []byte("II*\x00")), bytes.HasPrefix(b, []byte("MM\x00*")):
		return TIFF
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
