package media

import (
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"strings"

	"tintype/internal/lang"
)

// The codes of a Refused.
const (
	CodeFormat         = "format"           // not a picture of a kind that is read, whatever its name says
	CodeEmpty          = "empty"            // no bytes
	CodeTruncated      = "truncated"        // ends before the picture does
	CodeCorrupt        = "corrupt"          // damaged
	CodeTooLargeBytes  = "too_large"        // more bytes than Options.MaxBytes
	CodeTooLargePixels = "too_large_pixels" // more pixels than MatrixLimit tells
	CodeTooMuchMemory  = "too_much_memory"  // would take more memory than the whole budget
)

// Refused means that a file will never be accepted: trying again changes nothing.
type Refused struct {
	Code     string
	Sentence string // for people; stands alone. For puts the file's name into it
	cause    error
}

// Error is for logs.
func (r *Refused) Error() string {
	if r.cause != nil {
		return fmt.Sprintf("media: refused (%s): %v", r.Code, r.cause)
	}
	return "media: refused (" + r.Code + ")"
}

// Unwrap returns what the decoder said, if anything.
func (r *Refused) Unwrap() error { return r.cause }

// For returns the sentence with the file's name as its subject.
func (r *Refused) For(name string) string {
	if rest, ok := strings.CutPrefix(r.Sentence, "This file "); ok && name != "" {
		return name + " " + rest
	}
	return r.Sentence
}

var errNoPicture = errors.New("no picture in it")

// What a Refused says. Each is a key of package lang; what is put into it is one as well, or a number.
var (
	// HEICSentence tells people who have a HEIC file what to do about it.
	HEICSentence = lang.Key("This site cannot read HEIC. On an iPhone, choose the photo from the photo library, or set Settings > Camera > Formats to Most Compatible. " +
		"On a Mac, export it as JPEG from Photos, or upload it with Safari. On a Samsung, turn off High efficiency pictures in the camera's settings. In Google Photos, download it as JPEG.")

	isCoded     = lang.Key("This file is a JPEG coded %s, which this site cannot read. Export it with the usual settings and try again.")
	isEmpty     = lang.Key("This file is empty. Choose it again, or post without it.")
	isTruncated = lang.Key("This file ends halfway: the lower part of the picture is missing. Copy it again from where it came from, or post without it.")
	isCoarse    = lang.Key("This file ends halfway: the whole picture is there, but not all of its detail and colours. Copy it again from where it came from, or post without it.")
	isDamaged   = lang.Key("This file is damaged: %s. Copy it again from where it came from, or post without it.")
	isLong      = lang.Key("This file is %d pixels long. The limit is %d. Cut or export it smaller and try again.")
	isHeavy     = lang.Key("This file is %s MB. The limit is %s MB. Export it smaller and try again.")
	isLarge     = lang.Key("This file has %s megapixels. The limit is %s. Export it smaller and try again.")
	isCostly    = lang.Key("This file has %s megapixels in a form that takes more memory than this site has. Export it %s and try again.")
)

// Sentences are all that a Refused may say, so that they can be translated.
var Sentences = []string{
	HEICSentence, isCoded, isEmpty, isTruncated, isCoarse, isDamaged, isLong, isHeavy, isLarge, isCostly,
	isVideo, isSound, isArchive, isRaw, isDocument, isOther, isUnreadable,
}

// refuseFormat is for a file of a format that is not read, which begins with head.
func refuseFormat(f Format, head []byte) *Refused {
	sentence := ""
	switch f {
	case HEIC:
		sentence = HEICSentence
	case AVIF:
		sentence = cannotRead("AVIF")
	default:
		sentence = sentenceFor(head)
	}
	return &Refused{Code: CodeFormat, Sentence: sentence}
}

// refuseKind is for a JPEG coded as few programs do.
func refuseKind(how string, cause error) *Refused {
	if cause == nil {
		cause = errors.New(how)
	}
	return &Refused{Code: CodeFormat, Sentence: fmt.Sprintf(isCoded, how), cause: cause}
}

func refuseEmpty() *Refused { return &Refused{Code: CodeEmpty, Sentence: isEmpty} }

func refuseTruncated(cause error) *Refused {
	return &Refused{Code: CodeTruncated, Sentence: isTruncated, cause: cause}
}

// refuseCoarse is for a file that has all rows of its picture, but was cut before the last of its scans.
func refuseCoarse(cause error) *Refused {
	return &Refused{Code: CodeTruncated, Sentence: isCoarse, cause: cause}
}

// refuseCorrupt names the damage: "its … is damaged".
func refuseCorrupt(damage string, cause error) *Refused {
	return &Refused{Code: CodeCorrupt, Sentence: fmt.Sprintf(isDamaged, damage), cause: cause}
}

func refuseSide(w, h int) *Refused {
	return &Refused{Code: CodeTooLargePixels, Sentence: fmt.Sprintf(isLong, max(w, h), maxSide)}
}

// decodeError sorts what decoders say.
func decodeError(err error) error {
	var unsupported jpeg.UnsupportedError
	var refused *Refused
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return refuseTruncated(err)
	case errors.As(err, &unsupported):
		return refuseKind(lang.Key("in an unusual way"), err)
	}
	text := err.Error() // most of these wrap nothing
	switch {
	case strings.Contains(text, "short Huffman data"), strings.Contains(text, "unexpected EOF"), strings.Contains(text, "not enough"):
		return refuseTruncated(err)
	case strings.Contains(text, "checksum"):
		return refuseCorrupt(lang.Key("a checksum in it does not match"), err)
	case strings.Contains(text, "Huffman"), strings.Contains(text, "RST"), strings.Contains(text, "missing 0xff00"), strings.Contains(text, "zlib"),
		strings.Contains(text, "flate"), strings.Contains(text, "lzw"), strings.Contains(text, "LZ77"), strings.Contains(text, "too many coefficients"):
		return refuseCorrupt(lang.Key("its compressed picture data are broken"), err)
	}
	return refuseCorrupt(lang.Key("its header contradicts itself"), err)
}

func refuseBytes(n, limit int64) *Refused {
	return &Refused{Code: CodeTooLargeBytes, Sentence: fmt.Sprintf(isHeavy, megas((n+99_999)/1e5*1e5), megas(limit))}
}

func refusePixels(w, h int, limit int64) *Refused {
	return &Refused{Code: CodeTooLargePixels, Sentence: fmt.Sprintf(isLarge, megas(int64(w)*int64(h)), megas(limit))}
}

func refuseMemory(h Header, cost int64) *Refused {
	how := lang.Key("at a smaller size")
	switch {
	case h.Progressive:
		how = lang.Key("with baseline instead of progressive coding, or smaller,")
	case h.hasTrees():
		how = lang.Key("as JPEG")
	}
	return &Refused{
		Code: CodeTooMuchMemory, Sentence: fmt.Sprintf(isCostly, megas(h.Pixels()), how),
		cause: fmt.Errorf("%d bytes", cost),
	}
}

// megas writes a number in millions, with one decimal where it says something.
func megas(n int64) string {
	if n < 100e6 && n%1e6 >= 5e4 && n%1e6 < 95e4 {
		return fmt.Sprintf("%.1f", float64(n)/1e6)
	}
	return fmt.Sprint((n + 5e5) / 1e6)
}
