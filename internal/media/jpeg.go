package media

import "encoding/binary"

// The JPEG encoder. The standard library's writes 4:2:0 and fixed Huffman tables only; this one keeps full chroma where
// asked, makes optimal tables, and embeds a profile and a packet of XMP.

// zigzag maps the order in a file to the natural one.
var zigzag = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// baseQuant are the tables of T.81, annex K.1, luma and chroma, in natural order.
var baseQuant = [2][64]int{{
	16, 11, 10, 16, 24, 40, 51, 61,
	12, 12, 14, 19, 26, 58, 60, 55,
	14, 13, 16, 24, 40, 57, 69, 56,
	14, 17, 22, 29, 51, 87, 80, 62,
	18, 22, 37, 56, 68, 109, 103, 77,
	24, 35, 55, 64, 81, 104, 113, 92,
	49, 64, 78, 87, 103, 121, 120, 101,
	72, 92, 95, 98, 112, 100, 103, 99,
}, {
	17, 18, 24, 47, 99, 99, 99, 99,
	18, 21, 26, 66, 99, 99, 99, 99,
	24, 26, 56, 99, 99, 99, 99, 99,
	47, 66, 99, 99, 99, 99, 99, 99,
	99, 99, 99, 99, 99, 99, 99, 99,
	99, 99, 99, 99, 99, 99, 99, 99,
	99, 99, 99, 99, 99, 99, 99, 99,
	99, 99, 99, 99, 99, 99, 99, 99,
}}

// quantTable divides coefficients, scaled by 8, in the order of the file.
type quantTable struct {
	q      [64]uint8
	least  [64]uint32 // smallest magnitude that does not become zero
	recip  [64]uint64
	offset [64]uint64
}

const recipBits = 32

// deadZone: AC coefficients below this part of a step, in percent, become zero, where rounding would say 50. It costs
// fewer bytes than quality: at equal bytes DSSIM falls by 2 % (bench/photos).
const deadZone = 56

// newQuantTable scales a base table as libjpeg does for a quality from 1 to 100.
func newQuantTable(base *[64]int, quality int) *quantTable {
	scale := 200 - 2*quality
	if quality < 50 {
		scale = 5000 / quality
	}
	t := &quantTable{}
	for zz, n := range zigzag {
		q := min(max((base[n]*scale+50)/100, 1), 255)
		t.q[zz] = uint8(q)
		d := uint64(q) * 8
		t.recip[zz] = (1<<recipBits + d - 1) / d
		t.offset[zz] = d / 2
		t.least[zz] = uint32((d*deadZone + 99) / 100)
	}
	return t
}

// jpegEncoder keeps its buffers between pictures.
type jpegEncoder struct {
	tokens []uint32
	out    bitWriter
	freq   [4][256]uint32
}

// A token is one Huffman symbol with the bits that follow it: table (2 bits) and symbol (8), then the bits (from 10 on).
const tokenShift = 10

// encode returns the picture as a JPEG file. The bytes are valid until the next call. Chroma must be of full resolution
// or half of it both ways.
func (e *jpegEncoder) encode(p *picture, quality int, icc, xmp []byte) []byte {
	e.tokens, e.freq = e.tokens[:0], [4][256]uint32{}
	quant := [2]*quantTable{newQuantTable(&baseQuant[0], quality), newQuantTable(&baseQuant[1], quality)}
	full := !p.gray() && p.cb.w == p.w && p.cb.h == p.h
	step := 8
	if !p.gray() && !full {
		step = 16
	}
	var dc [3]int32
	for y := 0; y < p.h; y += step {
		for x := 0; x < p.w; x += step {
			for by := 0; by < step; by += 8 {
				for bx := 0; bx < step; bx += 8 {
					e.block(p.y, x+bx, y+by, quant[0], 0, &dc[0])
				}
			}
			if !p.gray() {
				cx, cy := x*8/step, y*8/step
				e.block(p.cb, cx, cy, quant[1], 2, &dc[1])
				e.block(p.cr, cx, cy, quant[1], 2, &dc[2])
			}
		}
	}

	var tables [4]*huffTable
	n := 4
	if p.gray() {
		n = 2
	}
	var codes [1024]huffCode
	for i := range n {
		tables[i] = newHuffTable(&e.freq[i])
		copy(codes[i*256:], tables[i].codes[:])
	}
	e.out.buf = e.out.buf[:0]
	e.head(p, quant, tables[:n], step, icc, xmp)
	w := e.out
	w.acc, w.n = 0, 0
	for _, t := range e.tokens {
		c := codes[t&1023]
		extra := uint(t & 15)
		w.write(c.code<<extra|t>>tokenShift, uint(c.n)+extra)
	}
	w.flush()
	w.buf = append(w.buf, 0xff, 0xd9)
	e.out = w
	return w.buf
}

// block transforms, quantises and tokenises one block; table is that of its DC symbols, the next one that of AC.
func (e *jpegEncoder) block(p *plane, x, y int, q *quantTable, table uint32, dc *int32) {
	if x >= p.w || y >= p.h { // only completes an MCU: flat, like the one before
		e.tokens = append(e.tokens, e.token(table, 0, 0), e.token(table+1, 0, 0))
		return
	}
	var b [64]int32
	p.load(&b, x, y)
	fdct(&b)

	v := q.divide(b[0], 0)
	d := v - *dc
	*dc = v
	e.tokens = append(e.tokens, e.token(table, 0, d))
	run := uint32(0)
	table++
	for zz := 1; zz < 64; zz++ {
		c := b[zigzag[zz]&63]
		m := uint32(c)
		if c < 0 {
			m = uint32(-c)
		}
		if m < q.least[zz] {
			run++
			continue
		}
		for ; run > 15; run -= 16 {
			e.tokens = append(e.tokens, e.token(table, 0xf0, 0))
		}
		e.tokens = append(e.tokens, e.token(table, run<<4, q.divide(c, zz)))
		run = 0
	}
	if run > 0 {
		e.tokens = append(e.tokens, e.token(table, 0, 0))
	}
}

// divide rounds to the nearest.
func (q *quantTable) divide(c int32, zz int) int32 {
	if c < 0 {
		return -int32((uint64(-c) + q.offset[zz]) * q.recip[zz] >> recipBits)
	}
	return int32((uint64(c) + q.offset[zz]) * q.recip[zz] >> recipBits)
}

// token counts the symbol, whose low half is the size of v, and returns it with v's bits.
func (e *jpegEncoder) token(table, symbol uint32, v int32) uint32 {
	n := category(v)
	symbol |= uint32(n)
	e.freq[table&3][symbol&255]++
	if v < 0 {
		v--
	}
	return (uint32(v)&(1<<n-1))<<tokenShift | table<<8 | symbol
}

// head writes everything before the entropy-coded data.
func (e *jpegEncoder) head(p *picture, quant [2]*quantTable, tables []*huffTable, step int, icc, xmp []byte) {
	b := append(e.out.buf, 0xff, 0xd8)
	segment := func(marker byte, parts ...[]byte) {
		n := 2
		for _, part := range parts {
			n += len(part)
		}
		b = append(b, 0xff, marker)
		b = binary.BigEndian.AppendUint16(b, uint16(n))
		for _, part := range parts {
			b = append(b, part...)
		}
	}
	segment(0xe0, []byte("JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"))
	if len(xmp) > 0 {
		segment(0xe1, []byte("http://ns.adobe.com/xap/1.0/\x00"), xmp)
	}
	if len(icc) > 0 {
		segment(0xe2, []byte("ICC_PROFILE\x00\x01\x01"), icc)
	}
	segment(0xdb, []byte{0}, quant[0].q[:])
	comps := 1
	if !p.gray() {
		segment(0xdb, []byte{1}, quant[1].q[:])
		comps = 3
	}
	frame := []byte{8, byte(p.h >> 8), byte(p.h), byte(p.w >> 8), byte(p.w), byte(comps)}
	scan := []byte{byte(comps)}
	for i := range comps {
		hv, table := byte(0x11), byte(min(i, 1))
		if i == 0 && step == 16 {
			hv = 0x22
		}
		frame = append(frame, byte(i+1), hv, table)
		scan = append(scan, byte(i+1), table<<4|table)
	}
	segment(0xc0, frame)
	for i, t := range tables {
		segment(0xc4, []byte{byte(i&1<<4 | i>>1)}, t.counts[:], t.symbols)
	}
	segment(0xda, append(scan, 0, 63, 0))
	e.out.buf = b
}
