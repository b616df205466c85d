package media

// fixedCost covers buffers that do not grow with the photo.
const fixedCost = 3 << 20

// headroom: a photo is halved, by the mean of 2×2 samples, while what remains is this many times larger than the largest
// variant; the rest is the better filter's. Numbers in percent.
const headroom = 110

// halvings returns how often a photo of this upright width is halved before anything else.
func halvings(width int) int {
	k := 0
	for last := Widths[len(Widths)-1]; width>>(k+1)*100 >= last*headroom; k++ {
	}
	return k
}

// perPixel returns the samples for each pixel once the picture is planes, times 16.
func (h Header) perPixel() int64 {
	switch {
	case h.kind == kindGray:
		return 16
	case h.kind == kindYCbCr && h.planar():
		return 16 + 32/int64(h.chroma[0]*h.chroma[1])
	}
	return 48
}

// planar tells whether the decoder's planes are worked on as they are.
func (h Header) planar() bool { return h.Format != WebP || h.frame.alpha.n == 0 && h.covers() }

// hasTrees tells whether the file decides how much its Huffman trees take (vp8l.go). Alpha's first byte says how that is
// packed; bit 0 is the lossless coding.
func (h Header) hasTrees() bool { return h.Format == WebP && (h.frame.lossless || h.frame.packed) }

// Cost estimates from the header how many bytes of memory processing takes, for the costlier orientation. The Huffman
// trees of a lossless WebP are not included.
func (h Header) Cost() int64 { return max(h.cost(false), h.cost(true)) }

// cost knows whether the orientation turns the photo on its side.
func (h Header) cost(turned bool) int64 {
	px := h.Pixels()
	var decoded int64
	switch h.Format {
	case JPEG:
		decoded = h.samples
		if h.Progressive {
			decoded *= 5 // each coefficient waits in 4 bytes until the last scan
		}
		if h.kind == kindRGB || h.kind == kindCMYK {
			decoded += 4 * px
		}
	case PNG:
		switch {
		case h.kind == kindGray, h.kind == kindPaletted:
			decoded = px
		default:
			decoded = 4 * px
		}
		if h.deep {
			decoded *= 2
		}
		if h.interlaced {
			decoded *= 2
		}
	case GIF:
		decoded = 2 * int64(h.frame.w) * int64(h.frame.h) // its rows may have to be sorted
	case WebP:
		fpx := int64(h.frame.w) * int64(h.frame.h)
		decoded = h.frame.pixels.n + h.frame.alpha.n
		switch {
		case h.frame.lossless:
			decoded += 12 * fpx
		case h.frame.packed: // alpha is decoded as a lossless picture of its own, before the other
			decoded += 13*fpx + 3*fpx/2
		default:
			decoded += 3*fpx/2 + 2*fpx
		}
	}
	w, ht := int64(h.Width), int64(h.Height)
	if turned {
		w, ht = ht, w
	}
	k := halvings(int(w))
	var planes int64
	if k > 0 || !h.planar() || h.kind != kindYCbCr && h.kind != kindGray {
		planes = (px >> (2 * k)) * h.perPixel() / 16
	}
	// The largest variant: scaled, turned, converted, its tokens and its file; the smaller ones together as much again.
	vw := min(w, int64(Widths[len(Widths)-1]))
	variant := vw * max(1, ht*vw/w) * max(h.perPixel(), 24) / 16
	return decoded + planes + 5*variant + h.spans.cost() + fixedCost
}
