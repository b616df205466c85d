package media

import (
	"fmt"
	"image"

	"github.com/buckket/go-blurhash"
)

// placeholder returns the blurhash of a picture and the mean colours of the blurhash's upper and lower half.
func placeholder(p *picture) (hash, top, bottom string, err error) {
	w, h := 32, 32
	cx, cy := 4, 3
	if p.w >= p.h {
		h = min(heightFor(w, p.w, p.h), 32)
	} else {
		w = min(heightFor(h, p.h, p.w), 32)
		cx, cy = 3, 4
	}
	small := p.resize(p.y.whole(), w, h, true)
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			cb, cr := uint8(128), uint8(128)
			if !small.gray() {
				cb, cr = small.cb.row(y)[x], small.cr.row(y)[x]
			}
			o := m.PixOffset(x, y)
			m.Pix[o], m.Pix[o+1], m.Pix[o+2] = toRGB(small.y.row(y)[x], cb, cr)
			m.Pix[o+3] = 255
		}
	}
	if hash, err = blurhash.Encode(cx, cy, m); err != nil {
		return "", "", "", fmt.Errorf("media: blurhash: %w", err)
	}
	const side = 16
	d, err := blurhash.Decode(hash, side, side, 1)
	if err != nil {
		return "", "", "", fmt.Errorf("media: blurhash: %w", err)
	}
	mean := func(from, to int) string {
		var sum [3]uint32
		for y := from; y < to; y++ {
			for x := range side {
				r, g, b, _ := d.At(x, y).RGBA()
				sum[0], sum[1], sum[2] = sum[0]+r>>8, sum[1]+g>>8, sum[2]+b>>8
			}
		}
		n := uint32((to - from) * side)
		return fmt.Sprintf("#%02x%02x%02x", (sum[0]+n/2)/n, (sum[1]+n/2)/n, (sum[2]+n/2)/n)
	}
	return hash, mean(0, side/2), mean(side/2, side), nil
}
