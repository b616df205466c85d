package media

import (
	"image"
	"image/color"
)

// fromRGB and toRGB are JFIF's: BT.601, full range.
func fromRGB(r, g, b uint8) (y, cb, cr uint8) { return color.RGBToYCbCr(r, g, b) }
func toRGB(y, cb, cr uint8) (r, g, b uint8)   { return color.YCbCrToRGB(y, cb, cr) }

// fromYCbCr wraps the planes of a decoded image; nothing is copied.
func fromYCbCr(m *image.YCbCr) *picture {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	sx, sy := 1, 1
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		sx = 2
	case image.YCbCrSubsampleRatio420:
		sx, sy = 2, 2
	case image.YCbCrSubsampleRatio440:
		sy = 2
	case image.YCbCrSubsampleRatio411:
		sx = 4
	case image.YCbCrSubsampleRatio410:
		sx, sy = 4, 2
	}
	luma := &plane{pix: m.Y[m.YOffset(m.Rect.Min.X, m.Rect.Min.Y):], stride: m.YStride, w: w, h: h, ew: float64(w), eh: float64(h)}
	chroma := func(pix []byte) *plane {
		return &plane{
			pix: pix[m.COffset(m.Rect.Min.X, m.Rect.Min.Y):], stride: m.CStride, w: (w + sx - 1) / sx, h: (h + sy - 1) / sy,
			ew: float64(w) / float64(sx), eh: float64(h) / float64(sy),
		}
	}
	return &picture{w: w, h: h, y: luma, cb: chroma(m.Cb), cr: chroma(m.Cr)}
}

func fromGray(m *image.Gray) *picture {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	return &picture{w: w, h: h, y: &plane{pix: m.Pix, stride: m.Stride, w: w, h: h, ew: float64(w), eh: float64(h)}}
}

// studioToFull stretches the range that VP8 uses (luma 16 to 235, chroma 16 to 240) to JFIF's, in place. The standard
// library's colour model does not, which washes a WebP out.
func studioToFull(p *picture) {
	var luma, chroma [256]byte
	for i := range 256 {
		luma[i] = clamp8((float64(i) - 16) * 255 / 219)
		chroma[i] = clamp8((float64(i)-128)*255/224 + 128)
	}
	for i, pl := range p.planes() {
		t := &chroma
		if i == 0 {
			t = &luma
		}
		for y := range pl.h {
			row := pl.row(y)
			for x, v := range row {
				row[x] = t[v]
			}
		}
	}
}

func clamp8(v float64) byte { return byte(min(max(v+0.5, 0), 255)) }

// rowReader writes a row of an image as RGB, three bytes a pixel, over white where it is transparent. It returns nil for
// a kind of image that no decoder here makes.
func (j *job) rowReader(m image.Image) func(y int, dst []byte) {
	switch m := m.(type) {
	case *image.YCbCr: // of full range
		return func(y int, dst []byte) {
			for x, i := 0, 0; i+2 < len(dst); x, i = x+1, i+3 {
				c := m.COffset(m.Rect.Min.X+x, m.Rect.Min.Y+y)
				dst[i], dst[i+1], dst[i+2] = toRGB(m.Y[y*m.YStride+x], m.Cb[c], m.Cr[c])
			}
		}
	case *image.RGBA: // premultiplied; the decoders that return it have no alpha, or only with it
		return func(y int, dst []byte) {
			row := m.Pix[y*m.Stride:]
			for i, j := 0, 0; i+2 < len(dst); i, j = i+3, j+4 {
				white := 255 - row[j+3]
				dst[i], dst[i+1], dst[i+2] = row[j]+white, row[j+1]+white, row[j+2]+white
			}
		}
	case *image.NRGBA:
		return func(y int, dst []byte) {
			row := m.Pix[y*m.Stride:]
			for i, j := 0, 0; i+2 < len(dst); i, j = i+3, j+4 {
				a := row[j+3]
				dst[i], dst[i+1], dst[i+2] = overWhite(row[j], a), overWhite(row[j+1], a), overWhite(row[j+2], a)
			}
		}
	case *image.RGBA64:
		return func(y int, dst []byte) {
			row := m.Pix[y*m.Stride:]
			for i, j := 0, 0; i+2 < len(dst); i, j = i+3, j+8 {
				white := 0xffff - deep(row[j+6:])
				dst[i], dst[i+1], dst[i+2] = shallow(deep(row[j:])+white), shallow(deep(row[j+2:])+white), shallow(deep(row[j+4:])+white)
			}
		}
	case *image.NRGBA64:
		return func(y int, dst []byte) {
			row := m.Pix[y*m.Stride:]
			for i, j := 0, 0; i+2 < len(dst); i, j = i+3, j+8 {
				a := deep(row[j+6:])
				for c := range 3 {
					v := deep(row[j+2*c:])
					dst[i+c] = shallow((v*a + 0xffff*(0xffff-a) + 0x7fff) / 0xffff)
				}
			}
		}
	case *image.Gray16:
		return func(y int, dst []byte) {
			row := m.Pix[y*m.Stride:]
			for i, j := 0, 0; i+2 < len(dst); i, j = i+3, j+2 {
				v := shallow(deep(row[j:]))
				dst[i], dst[i+1], dst[i+2] = v, v, v
			}
		}
	case *image.CMYK:
		if j.inks != nil {
			return func(y int, dst []byte) {
				row := m.Pix[y*m.Stride:]
				for i, k := 0, 0; i+2 < len(dst); i, k = i+3, k+4 {
					dst[i], dst[i+1], dst[i+2] = j.inks.convert([4]uint8(row[k : k+4]))
				}
			}
		}
		return func(y int, dst []byte) {
			row := m.Pix[y*m.Stride:]
			for i, j := 0, 0; i+2 < len(dst); i, j = i+3, j+4 {
				dst[i], dst[i+1], dst[i+2] = color.CMYKToRGB(row[j], row[j+1], row[j+2], row[j+3])
			}
		}
	case *image.Paletted:
		var table [256][3]byte
		for i, c := range m.Palette {
			if i < len(table) {
				n := color.NRGBAModel.Convert(c).(color.NRGBA)
				table[i] = [3]byte{overWhite(n.R, n.A), overWhite(n.G, n.A), overWhite(n.B, n.A)}
			}
		}
		return func(y int, dst []byte) {
			row := m.Pix[y*m.Stride:]
			for i, j := 0, 0; i+2 < len(dst); i, j = i+3, j+1 {
				c := &table[row[j]]
				dst[i], dst[i+1], dst[i+2] = c[0], c[1], c[2]
			}
		}
	case *image.NYCbCrA: // WebP with alpha, whose planes have been stretched already
		return func(y int, dst []byte) {
			for x, i := 0, 0; i+2 < len(dst); x, i = x+1, i+3 {
				c := m.COffset(m.Rect.Min.X+x, m.Rect.Min.Y+y)
				r, g, b := toRGB(m.Y[y*m.YStride+x], m.Cb[c], m.Cr[c])
				a := m.A[y*m.AStride+x]
				dst[i], dst[i+1], dst[i+2] = overWhite(r, a), overWhite(g, a), overWhite(b, a)
			}
		}
	}
	return nil
}

func deep(b []byte) uint32 { return uint32(b[0])<<8 | uint32(b[1]) }

func shallow(v uint32) byte { return byte((v*255 + 0x7fff) / 0xffff) }

func overWhite(v, a uint8) uint8 {
	if a == 255 {
		return v
	}
	return uint8((uint32(v)*uint32(a) + 255*(255-uint32(a)) + 127) / 255)
}

// fromRows makes planes of full chroma, halved so many times, from rows of RGB. It never holds the whole picture at full
// size.
func fromRows(w, h, halvings int, read func(y int, dst []byte)) *picture {
	n := 1 << halvings
	ow, oh := (w+n-1)>>halvings, (h+n-1)>>halvings
	p := &picture{w: ow, h: oh, y: newPlane(ow, oh), cb: newPlane(ow, oh), cr: newPlane(ow, oh)}
	for _, pl := range p.planes() {
		pl.ew, pl.eh = float64(w)/float64(n), float64(h)/float64(n)
	}
	row := make([]byte, 3*w)
	sum := make([]uint32, 3*ow)
	half := uint32(n * n / 2)
	for oy := range oh {
		if halvings > 0 {
			clear(sum)
			for k := range n {
				read(min(oy*n+k, h-1), row)
				for x := range ow * n {
					s := 3 * min(x, w-1)
					d := 3 * (x >> halvings)
					sum[d] += uint32(row[s])
					sum[d+1] += uint32(row[s+1])
					sum[d+2] += uint32(row[s+2])
				}
			}
			for i, v := range sum {
				row[i] = byte((v + half) >> (2 * halvings))
			}
		} else {
			read(oy, row)
		}
		y, cb, cr := p.y.row(oy), p.cb.row(oy), p.cr.row(oy)
		for x := range y {
			y[x], cb[x], cr[x] = fromRGB(row[3*x], row[3*x+1], row[3*x+2])
		}
	}
	return p
}
