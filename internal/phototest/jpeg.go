package phototest

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
)

// JPEG returns the photograph as a JPEG file.
func JPEG(o Options) []byte {
	m := Stored(Picture(o), o.Orientation)
	q := o.Quality
	if q == 0 {
		q = 90
	}
	var b []byte
	if o.Progressive || o.Full || o.CMYK || o.YCCK || o.RGB || o.restarts > 0 {
		b = o.encodeFull(m, q)
	} else {
		var buf bytes.Buffer
		var src image.Image = m
		if o.Gray {
			g := image.NewGray(m.Rect)
			draw.Draw(g, g.Rect, m, m.Rect.Min, draw.Src)
			src = g
		}
		if err := jpeg.Encode(&buf, src, &jpeg.Options{Quality: q}); err != nil {
			panic(err) // into memory, of a picture that was made for it
		}
		b = buf.Bytes()
	}
	var head []byte
	segment := func(marker byte, parts ...string) {
		n := 2
		for _, p := range parts {
			n += len(p)
		}
		if n > 65535 {
			panic("phototest: a segment is too long")
		}
		head = append(head, 0xff, marker, byte(n>>8), byte(n))
		for _, p := range parts {
			head = append(head, p...)
		}
	}
	if e := o.exif(); e != nil {
		segment(0xe1, "Exif\x00\x00", string(e))
	}
	if x := o.xmp(); x != nil {
		segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00", string(x))
	}
	if i := o.iptc(); i != nil {
		segment(0xed, string(i))
	}
	if p := o.icc(); p != nil {
		// In two chunks, as large profiles come.
		half := len(p) / 2
		segment(0xe2, "ICC_PROFILE\x00\x01\x02", string(p[:half]))
		segment(0xe2, "ICC_PROFILE\x00\x02\x02", string(p[half:]))
	}
	return append(append([]byte{0xff, 0xd8}, head...), b[2:]...)
}

// encodeFull writes what the standard encoder cannot: full chroma, CMYK, RGB, progressive scans. It is slow and simple.
func (o Options) encodeFull(m *image.NRGBA, quality int) []byte {
	e := &fullEncoder{w: m.Rect.Dx(), h: m.Rect.Dy(), restarts: o.restarts}
	adobe := -1
	var split func(c color.NRGBA) []uint8
	switch {
	case o.CMYK, o.YCCK:
		adobe = 0
		if o.YCCK {
			adobe = 2
		}
		e.n = 4
		split = func(c color.NRGBA) []uint8 {
			cc, mm, yy, kk := color.RGBToCMYK(c.R, c.G, c.B)
			v := []uint8{255 - cc, 255 - mm, 255 - yy, 255 - kk} // inverted
			if o.YCCK {
				v[0], v[1], v[2] = color.RGBToYCbCr(cc, mm, yy) // the transform inverts once more
			}
			return v
		}
	case o.RGB:
		adobe, e.n = 0, 3
		split = func(c color.NRGBA) []uint8 { return []uint8{c.R, c.G, c.B} }
	case o.Gray:
		e.n = 1
		split = func(c color.NRGBA) []uint8 {
			y, _, _ := color.RGBToYCbCr(c.R, c.G, c.B)
			return []uint8{y}
		}
	default:
		e.n = 3
		split = func(c color.NRGBA) []uint8 {
			y, cb, cr := color.RGBToYCbCr(c.R, c.G, c.B)
			return []uint8{y, cb, cr}
		}
	}
	e.transform(m, quality, split)
	e.out = []byte{0xff, 0xd8}
	if adobe >= 0 {
		e.segment(0xee, append([]byte("Adobe\x00\x64\x00\x00\x00\x00"), byte(adobe)))
	}
	e.segment(0xdb, append([]byte{0}, e.quant[:]...))
	sof := byte(0xc0)
	if o.Progressive {
		sof = 0xc2
	}
	frame := []byte{8, byte(e.h >> 8), byte(e.h), byte(e.w >> 8), byte(e.w), byte(e.n)}
	for i := range e.n {
		frame = append(frame, byte(i+1), 0x11, 0)
	}
	e.segment(sof, frame)
	e.segment(0xc4, append(append([]byte{0x00}, dcCounts[:]...), dcSymbols...))
	e.segment(0xc4, append(append([]byte{0x10}, acCounts[:]...), acSymbols()...))
	if o.restarts > 0 {
		e.segment(0xdd, []byte{byte(o.restarts >> 8), byte(o.restarts)})
	}
	if !o.Progressive {
		e.scan(0, e.n, 0, 63)
	} else {
		e.scan(0, e.n, 0, 0)
		for i := range e.n {
			e.scan(i, 1, 1, 5)
		}
		for i := range e.n {
			e.scan(i, 1, 6, 63)
		}
	}
	return append(e.out, 0xff, 0xd9)
}

type fullEncoder struct {
	w, h, n  int
	restarts int
	quant    [64]byte
	blocks   [][][64]int // component, block in raster order, zigzag order
	out      []byte
	acc      uint32
	bits     uint
}

func (e *fullEncoder) segment(marker byte, data []byte) {
	e.out = append(e.out, 0xff, marker)
	e.out = binary.BigEndian.AppendUint16(e.out, uint16(len(data)+2))
	e.out = append(e.out, data...)
}

func (e *fullEncoder) transform(m *image.NRGBA, quality int, split func(color.NRGBA) []uint8) {
	var cos [8][8]float64 // [frequency][sample]
	for u := range 8 {
		for x := range 8 {
			cos[u][x] = math.Cos(float64(2*x+1)*float64(u)*math.Pi/16) / 2
			if u == 0 {
				cos[u][x] /= math.Sqrt2
			}
		}
	}
	for zz, n := range zigzag {
		e.quant[zz] = byte(min(255, 1+(n%8+n/8+1)*(100-quality)/10))
	}
	bw, bh := (e.w+7)/8, (e.h+7)/8
	e.blocks = make([][][64]int, e.n)
	for i := range e.blocks {
		e.blocks[i] = make([][64]int, bw*bh)
	}
	var in, tmp [4][64]float64
	for by := range bh {
		for bx := range bw {
			for k := range 64 {
				v := split(m.NRGBAAt(min(bx*8+k%8, e.w-1), min(by*8+k/8, e.h-1)))
				for c := range v {
					in[c][k] = float64(v[c]) - 128
				}
			}
			for c := range e.n {
				for y := range 8 {
					for u := range 8 {
						s := 0.0
						for x := range 8 {
							s += in[c][8*y+x] * cos[u][x]
						}
						tmp[c][8*y+u] = s
					}
				}
				for zz, n := range zigzag {
					u, v, s := n%8, n/8, 0.0
					for y := range 8 {
						s += tmp[c][8*y+u] * cos[v][y]
					}
					e.blocks[c][by*bw+bx][zz] = int(math.Round(s / float64(e.quant[zz])))
				}
			}
		}
	}
}

// scan writes coefficients from to to of n components from first on.
func (e *fullEncoder) scan(first, n, from, to int) {
	head := []byte{byte(n)}
	for i := range n {
		head = append(head, byte(first+i+1), 0)
	}
	e.segment(0xda, append(head, byte(from), byte(to), 0))
	dc := make([]int, n)
	dcCodes, acCodes := huffCodes(dcCounts[:], dcSymbols), huffCodes(acCounts[:], acSymbols())
	for b := range e.blocks[first] {
		if e.restarts > 0 && b > 0 && b%e.restarts == 0 {
			e.pad()
			e.out = append(e.out, 0xff, 0xd0+byte(b/e.restarts-1)&7)
			clear(dc)
		}
		for i := range n {
			blk := &e.blocks[first+i][b]
			if from == 0 {
				e.symbol(dcCodes, 0, blk[0]-dc[i])
				dc[i] = blk[0]
			}
			run := 0
			for zz := max(from, 1); zz <= to; zz++ {
				if blk[zz] == 0 {
					run++
					continue
				}
				for ; run > 15; run -= 16 {
					e.symbol(acCodes, 0xf0, 0)
				}
				e.symbol(acCodes, run<<4, blk[zz])
				run = 0
			}
			if run > 0 {
				e.symbol(acCodes, 0, 0)
			}
		}
	}
	e.pad()
}

// pad fills the last byte with ones.
func (e *fullEncoder) pad() {
	if e.bits > 0 {
		e.put(0x7f, 7)
		e.acc, e.bits = 0, 0
	}
}

func (e *fullEncoder) symbol(codes map[byte][2]int, s, v int) {
	n := 0
	for a := abs(v); a > 0; a >>= 1 {
		n++
	}
	c := codes[byte(s|n)]
	e.put(uint32(c[0]), uint(c[1]))
	if v < 0 {
		v += 1<<n - 1
	}
	e.put(uint32(v), uint(n))
}

func (e *fullEncoder) put(v uint32, n uint) {
	e.acc = e.acc<<n | v&(1<<n-1)
	for e.bits += n; e.bits >= 8; e.bits -= 8 {
		c := byte(e.acc >> (e.bits - 8))
		e.out = append(e.out, c)
		if c == 0xff {
			e.out = append(e.out, 0)
		}
	}
}

func huffCodes(counts, symbols []byte) map[byte][2]int {
	m := map[byte][2]int{}
	code, k := 0, 0
	for i, n := range counts {
		for range n {
			m[symbols[k]] = [2]int{code, i + 1}
			code++
			k++
		}
		code <<= 1
	}
	return m
}

var zigzag = [64]int{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// Codes of one length: 4 bits for the 12 symbols of DC, 8 for the 162 of AC. Neither uses the code of all ones.
var (
	dcCounts  = [16]byte{3: 12}
	dcSymbols = []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	acCounts  = [16]byte{7: 162}
)

func acSymbols() []byte {
	s := []byte{0x00, 0xf0}
	for run := range 16 {
		for size := 1; size <= 10; size++ {
			s = append(s, byte(run<<4|size))
		}
	}
	return s
}
