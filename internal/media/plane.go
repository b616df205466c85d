package media

import "encoding/binary"

// plane is one channel of 8 bits a sample.
//
// ew and eh are its extents: how many samples wide and high the picture is on it. They differ from w and h where
// subsampling or halving of an odd size left a part of a sample over.
type plane struct {
	pix    []byte
	stride int
	w, h   int
	ew, eh float64
}

func newPlane(w, h int) *plane {
	return &plane{pix: make([]byte, w*h), stride: w, w: w, h: h, ew: float64(w), eh: float64(h)}
}

func (p *plane) row(y int) []byte { return p.pix[y*p.stride : y*p.stride+p.w] }

// picture is a photo as planes: Y alone (gray), or Y, Cb and Cr of full range (JFIF), chroma of any sampling, centred.
type picture struct {
	w, h      int
	y, cb, cr *plane
}

func (p *picture) gray() bool { return p.cb == nil }

func (p *picture) planes() []*plane {
	if p.gray() {
		return []*plane{p.y}
	}
	return []*plane{p.y, p.cb, p.cr}
}

// each makes a new picture of the planes that f returns.
func (p *picture) each(w, h int, f func(*plane) *plane) *picture {
	q := &picture{w: w, h: h, y: f(p.y)}
	if !p.gray() {
		q.cb, q.cr = f(p.cb), f(p.cr)
	}
	return q
}

// halve returns the plane at half the size, each sample the mean of four.
func (p *plane) halve() *plane {
	q := newPlane((p.w+1)/2, (p.h+1)/2)
	q.ew, q.eh = p.ew/2, p.eh/2
	for y := range q.h {
		a := p.row(2 * y)
		b := p.row(min(2*y+1, p.h-1))
		halveRows(q.row(y), a, b)
	}
	return q
}

// halveRows writes the means of 2×2 samples of two rows, four at a time: the sums of four bytes fit 16-bit lanes.
func halveRows(dst, a, b []byte) {
	const even = 0x00ff00ff00ff00ff
	i := 0
	for ; 2*i+8 <= len(a); i += 4 {
		u, v := binary.LittleEndian.Uint64(a[2*i:]), binary.LittleEndian.Uint64(b[2*i:])
		s := u&even + u>>8&even + v&even + v>>8&even + 0x0002000200020002
		s = s >> 2 & even
		s = (s | s>>8) & 0x0000ffff0000ffff
		binary.LittleEndian.PutUint32(dst[i:], uint32(s|s>>16))
	}
	for ; i < len(dst); i++ {
		l, r := 2*i, min(2*i+1, len(a)-1)
		dst[i] = byte((int(a[l]) + int(a[r]) + int(b[l]) + int(b[r]) + 2) >> 2)
	}
}

// orient returns the plane as EXIF's orientation o says that it is to be seen.
func (p *plane) orient(o int) *plane {
	if o < 2 || o > 8 {
		return p
	}
	if o <= 4 {
		q := newPlane(p.w, p.h)
		q.ew, q.eh = p.ew, p.eh
		for y := range q.h {
			sy := y
			if o >= 3 { // 3: turned by 180°, 4: mirrored top to bottom
				sy = p.h - 1 - y
			}
			src, dst := p.row(sy), q.row(y)
			if o == 4 {
				copy(dst, src)
				continue
			}
			for x, v := range src {
				dst[len(dst)-1-x] = v
			}
		}
		return q
	}
	q := newPlane(p.h, p.w)
	q.ew, q.eh = p.eh, p.ew
	// Blocks keep both the reads along rows and the writes along columns in the cache.
	const block = 32
	for by := 0; by < p.h; by += block {
		for bx := 0; bx < p.w; bx += block {
			for y := by; y < min(by+block, p.h); y++ {
				row := p.row(y)
				dx := y
				if o == 6 || o == 7 { // turned clockwise, or mirrored on the other diagonal
					dx = p.h - 1 - y
				}
				for x := bx; x < min(bx+block, p.w); x++ {
					dy := x
					if o >= 7 {
						dy = p.w - 1 - x
					}
					q.pix[dy*q.stride+dx] = row[x]
				}
			}
		}
	}
	return q
}

// orient returns the picture upright.
func (p *picture) orient(o int) *picture {
	if o < 2 || o > 8 {
		return p
	}
	w, h := p.w, p.h
	if o >= 5 {
		w, h = h, w
	}
	return p.each(w, h, func(q *plane) *plane { return q.orient(o) })
}
