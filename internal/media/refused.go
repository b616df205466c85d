package media

import (
	"errors"
	"fmt"
	"strings"
)

// Codes of Refused.
const (
	CodeFormat         = "format"           // not a picture of a kind that is read, whatever its name says
	CodeEmpty          = "empty"            // no bytes
	CodeTruncated      = "truncated"        // ends before the picture does
	CodeCorrupt        = "corrupt"          // damaged
	CodeTooLargeBytes  = "too_large"        // more bytes than Options.MaxBytes
	CodeTooLargePixels = "too_large_pixels" // more pixels than MatrixLimit tells
	CodeTooMuchMemory  = "too_much_memory"  // would take more memory than the whole budget
)

// Refused says that a file is not taken, for good: trying again changes nothing.
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

func refuseFormat(f Format) *Refused {
	switch f {
	case HEIC, AVIF, TIFF:
		return &Refused{Code: CodeFormat, Sentence: "This site cannot read " + strings.ToUpper(string(f)) + ". Save it as JPEG and try again."}
	}
	return &Refused{Code: CodeFormat, Sentence: "This file is not a photograph that this site can read. Save it as JPEG and try again."}
}

func refuseKind(what string) *Refused {
	return &Refused{
		Code: CodeFormat, Sentence: "This file is a kind of JPEG that this site cannot read. Save it as an ordinary JPEG and try again.",
		cause: errors.New(what),
	}
}

func refuseEmpty() *Refused {
	return &Refused{Code: CodeEmpty, Sentence: "This file is empty. Choose it again, or post without it."}
}

func refuseTruncated(cause error) *Refused {
	return &Refused{Code: CodeTruncated, Sentence: "This file ends halfway and cannot be read. Export it again, or post without it.", cause: cause}
}

func refuseCorrupt(cause error) *Refused {
	return &Refused{Code: CodeCorrupt, Sentence: "This file is damaged and cannot be read. Export it again, or post without it.", cause: cause}
}

func refuseBytes(n, limit int64) *Refused {
	return &Refused{Code: CodeTooLargeBytes, Sentence: fmt.Sprintf("This file is %s MB. The limit is %s MB. Export it smaller and try again.",
		megas((n+99_999)/1e5*1e5), megas(limit))}
}

func refusePixels(w, h int, limit int64) *Refused {
	return &Refused{Code: CodeTooLargePixels, Sentence: fmt.Sprintf(
		"This file has %s megapixels. The limit is %s. Export it smaller and try again.", megas(int64(w)*int64(h)), megas(limit))}
}

func refuseMemory(h Header) *Refused {
	how := "at a smaller size"
	if h.Progressive {
		how = "as a baseline (not progressive) JPEG, or smaller,"
	}
	return &Refused{Code: CodeTooMuchMemory, Sentence: fmt.Sprintf(
		"This file has %s megapixels in a form that takes more memory than this site has. Export it %s and try again.",
		megas(h.Pixels()), how)}
}

// megas writes a number in millions, with one decimal where it says something.
func megas(n int64) string {
	if n < 100e6 && n%1e6 >= 5e4 && n%1e6 < 95e4 {
		return fmt.Sprintf("%.1f", float64(n)/1e6)
	}
	return fmt.Sprint((n + 5e5) / 1e6)
}
