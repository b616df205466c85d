package community

import (
	"fmt"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// QRCode is a picture as the path of an SVG, one unit a module.
type QRCode struct {
	Size int // of each side, with the quiet zone
	Path string
}

// quietZone is the empty margin around a code, in modules, that readers need (ISO/IEC 18004).
const quietZone = 4

// DrawQR is the text as a QR code.
func DrawQR(text string) (QRCode, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return QRCode{}, fmt.Errorf("draw a QR code: %w", err)
	}
	n := code.Bounds().Dx()
	black := func(x, y int) bool {
		r, _, _, _ := code.At(x, y).RGBA()
		return r == 0
	}
	var path strings.Builder
	for y := range n {
		for x := 0; x < n; x++ {
			start := x
			for x < n && black(x, y) {
				x++
			}
			if x > start {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", start+quietZone, y+quietZone, x-start, x-start)
			}
		}
	}
	return QRCode{n + 2*quietZone, path.String()}, nil
}
