package media

import "math"

// SquareName is the variant cut to a square at the focal point.
const SquareName = "square"

// squareSide is the side of that variant, in pixels.
const squareSide = 400

// Widths are the widths of the variants in pixels, smallest first. No variant is wider than its photo. A photo narrower
// than the last width has its own width as its largest variant.
var Widths = []int{320, 640, 960, 1280, 1920, 2560}

// Variant is one of the JPEG files made from a photo.
type Variant struct {
	Name   string // "320" … or "square", as in VariantKey
	Width  int
	Height int
	Bytes  int64
}

// Focus is the point of a photo that a crop keeps in view: X from -1 (left) to 1 (right), Y from -1 (bottom) to 1
// (top), as in the client API. The zero value is the middle.
type Focus struct{ X, Y float64 }

// variantWidths returns the widths for a photo of this width, largest first.
func variantWidths(width int) []int {
	var ws []int
	if last := Widths[len(Widths)-1]; width < last {
		ws = append(ws, width)
	}
	for i := len(Widths) - 1; i >= 0; i-- {
		if w := Widths[i]; w <= width && (len(ws) == 0 || ws[len(ws)-1] != w) {
			ws = append(ws, w)
		}
	}
	return ws
}

// heightFor keeps the proportions.
func heightFor(width, w, h int) int {
	return max(1, int(math.Round(float64(h)*float64(width)/float64(w))))
}

// clampUnit maps what is not a number to the middle.
func clampUnit(v float64) float64 {
	if !(v >= -1) {
		if v < -1 {
			return -1
		}
		return 0
	}
	return min(v, 1)
}

// cut returns the upper left corner and side of the largest square in w×h whose middle is as near to the focus as it
// can be.
func (f Focus) cut(w, h float64) (x, y, side float64) {
	side = min(w, h)
	cx := (clampUnit(f.X) + 1) / 2 * w
	cy := (1 - clampUnit(f.Y)) / 2 * h
	x = min(max(cx-side/2, 0), w-side)
	y = min(max(cy-side/2, 0), h-side)
	return x, y, side
}
