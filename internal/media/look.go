package media

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"math/bits"
	"strconv"

	"github.com/corona10/goimagehash"
)

// A Look is a perceptual hash of a photograph: 64 bits, each of which says whether one slow wave of its brightness is above the
// median. Another size, another compression and a little more light change few of them.
type Look uint64

const (
	// alike is how many bits of two looks may differ. Of unrelated photographs about half of the 64 do.
	alike = 8
	// flat is the least spread of brightness, in steps of 256, of a picture that has a look. A blank wall has none: all blank
	// walls would be alike.
	flat = 6
	// maxLookBytes is far above what a variant has.
	maxLookBytes = 16 << 20
)

// LookOf reads a variant of a photo. ok is false where it is no JPEG, or shows nothing by which it could be known. Errors are
// those of the reader.
func LookOf(r io.Reader) (look Look, ok bool, err error) {
	file, err := io.ReadAll(io.LimitReader(r, maxLookBytes))
	if err != nil {
		return 0, false, err
	}
	pic, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil || spread(pic) < flat {
		return 0, false, nil
	}
	hash, err := goimagehash.PerceptionHash(pic)
	if err != nil {
		return 0, false, fmt.Errorf("media: perceptual hash: %w", err)
	}
	return Look(hash.GetHash()), true, nil
}

// spread is the mean distance of a picture's brightness from its mean, over at most some thousand samples.
func spread(pic image.Image) float64 {
	var luma []uint8
	switch p := pic.(type) {
	case *image.YCbCr:
		luma = p.Y
	case *image.Gray:
		luma = p.Pix
	}
	if len(luma) == 0 {
		return 0
	}
	step := len(luma)/4096 | 1 // odd, so that it falls on all columns
	var n, sum, off float64
	for i := 0; i < len(luma); i += step {
		n++
		sum += float64(luma[i])
	}
	mean := sum / n
	for i := 0; i < len(luma); i += step {
		off += max(float64(luma[i])-mean, mean-float64(luma[i]))
	}
	return off / n
}

// Like reports whether two photographs look alike.
func (l Look) Like(other Look) bool { return bits.OnesCount64(uint64(l^other)) <= alike }

// String is 16 hexadecimal digits.
func (l Look) String() string { return fmt.Sprintf("%016x", uint64(l)) }

// ParseLook reads what String writes.
func ParseLook(text string) (look Look, ok bool) {
	if len(text) != 16 {
		return 0, false
	}
	n, err := strconv.ParseUint(text, 16, 64)
	return Look(n), err == nil
}
