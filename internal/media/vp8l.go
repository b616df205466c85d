package media

import (
	"bufio"
	"errors"
	"io"
)

// The lossless coding of WebP allows as many Huffman trees as the file likes, up to 2,600 groups of five, whatever the
// picture's size: a megabyte of them takes 140 in the decoder. How much it is shows only where the trees are read, so
// the stream is read here up to them, as the decoder will, without keeping any.

// What the decoder takes, which is golang.org/x/image/vp8l.
const (
	vp8lGroups   = 2600        // more are refused there
	vp8lTree     = 24 + 4*1<<7 // a tree with its table
	vp8lNode     = 8           // two for each symbol
	vp8lScratch  = 8           // for each symbol of an alphabet, while a tree is made
	vp8lPixelMax = 1 << 24     // of an image inside the stream that is read here
	vp8lHeader   = 5
)

var errVP8L = errors.New("a damaged lossless stream")

// vp8lTrees returns how many bytes the trees of a stream take at once while it is decoded; width and height are
// the picture's. r stands behind the stream's header.
func vp8lTrees(r io.Reader, width, height int) (int64, error) {
	d := &vp8lReader{r: bufio.NewReaderSize(r, 16<<10)}
	w := width
	for seen := 0; ; {
		more, err := d.read(1)
		if err != nil {
			return 0, err
		}
		if more == 0 {
			break
		}
		kind, err := d.read(2)
		if err != nil {
			return 0, err
		}
		if seen&(1<<kind) != 0 {
			return 0, errVP8L
		}
		seen |= 1 << kind
		switch kind {
		case 0, 1: // predictor, cross colour
			bits, err := d.read(3)
			if err != nil {
				return 0, err
			}
			if _, err := d.image(tiles(w, bits+2), tiles(height, bits+2)); err != nil {
				return 0, err
			}
		case 3: // a palette
			n, err := d.read(8)
			if err != nil {
				return 0, err
			}
			if _, err := d.image(int(n)+1, 1); err != nil {
				return 0, err
			}
			switch {
			case n < 2:
				w = tiles(w, 3)
			case n < 4:
				w = tiles(w, 2)
			case n < 16:
				w = tiles(w, 1)
			}
		}
	}
	cache, err := d.cache()
	if err != nil {
		return 0, err
	}
	groups, used := 1, map[uint16]bool{0: true}
	meta, err := d.read(1)
	if err != nil {
		return 0, err
	}
	if meta == 1 {
		bits, err := d.read(3)
		if err != nil {
			return 0, err
		}
		tw, th := tiles(w, bits+2), tiles(height, bits+2)
		pix, err := d.image(tw, th)
		if err != nil {
			return 0, err
		}
		clear(used)
		for _, argb := range pix {
			i := uint16(argb >> 8)
			used[i] = true
			groups = max(groups, int(i)+1)
		}
		if groups > vp8lGroups {
			return 0, errors.New("too many Huffman trees")
		}
		if groups-1 < 1000 && groups-1 < tw*th {
			used = nil // all are kept
		}
	}
	var kept, scratch int64
	for i := range groups {
		for j := range 5 {
			symbols, err := d.code(nil, vp8lAlphabet(j, cache))
			if err != nil {
				return 0, err
			}
			scratch += vp8lScratch * int64(vp8lAlphabet(j, cache))
			if used == nil || used[uint16(i)] {
				kept += vp8lTree + 2*vp8lNode*int64(symbols)
			}
		}
	}
	// What was thrown away waits for the collector, which comes when the heap has doubled.
	return kept + min(scratch, kept+4<<20), nil
}

func tiles(n int, bits uint32) int { return (n + 1<<bits - 1) >> bits }

func vp8lAlphabet(tree int, cache uint32) int {
	switch {
	case tree == 0 && cache > 0:
		return 256 + 24 + 1<<cache
	case tree == 0:
		return 256 + 24
	case tree == 4:
		return 40
	}
	return 256
}

type vp8lReader struct {
	r    *bufio.Reader
	bits uint64
	n    uint
}

func (d *vp8lReader) read(n uint32) (uint32, error) {
	for d.n < uint(n) {
		c, err := d.r.ReadByte()
		if err != nil {
			return 0, unexpected(err)
		}
		d.bits |= uint64(c) << d.n
		d.n += 8
	}
	v := uint32(d.bits) & (1<<n - 1)
	d.bits >>= n
	d.n -= uint(n)
	return v, nil
}

// cache returns the bits of the colour cache, 0 for none.
func (d *vp8lReader) cache() (uint32, error) {
	on, err := d.read(1)
	if err != nil || on == 0 {
		return 0, err
	}
	bits, err := d.read(4)
	if err == nil && (bits < 1 || bits > 11) {
		err = errVP8L
	}
	return bits, err
}

// vp8lCode is a Huffman code: for each length, how many codes have it, and the symbols in order.
type vp8lCode struct {
	count   [16]int
	symbols []uint16
}

// symbol reads one. A code of a single symbol has no bits.
func (d *vp8lReader) symbol(c *vp8lCode) (int, error) {
	if len(c.symbols) == 1 {
		return int(c.symbols[0]), nil
	}
	code, first, index := 0, 0, 0
	for n := 1; n <= 15; n++ {
		bit, err := d.read(1)
		if err != nil {
			return 0, err
		}
		code |= int(bit)
		if k := c.count[n]; code-first < k {
			return int(c.symbols[index+code-first]), nil
		} else {
			index, first = index+k, (first+k)<<1
		}
		code <<= 1
	}
	return 0, errVP8L
}

// set makes the code from the lengths of its symbols.
func (c *vp8lCode) set(lengths []uint8) {
	c.count = [16]int{}
	for _, n := range lengths {
		c.count[n]++
	}
	c.count[0] = 0
	var next [17]int
	for n := 1; n < 16; n++ {
		next[n+1] = next[n] + c.count[n]
	}
	c.symbols = make([]uint16, next[16])
	for s, n := range lengths {
		if n > 0 {
			c.symbols[next[n]] = uint16(s)
			next[n]++
		}
	}
}

// vp8lOrder is that of the code lengths of code lengths.
var vp8lOrder = [19]uint8{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// code reads a code of an alphabet, into c if it is not nil, and returns how many symbols it has.
func (d *vp8lReader) code(c *vp8lCode, alphabet int) (symbols int, err error) {
	simple, err := d.read(1)
	if err != nil {
		return 0, err
	}
	if simple == 1 {
		two, err1 := d.read(1)
		wide, err2 := d.read(1)
		if err := errors.Join(err1, err2); err != nil {
			return 0, err
		}
		list := make([]uint16, 1, 2)
		v, err := d.read(1 + 7*wide)
		if err != nil {
			return 0, err
		}
		list[0] = uint16(v)
		if two == 1 {
			if v, err = d.read(8); err != nil {
				return 0, err
			}
			list = append(list, uint16(v))
		}
		if c != nil {
			*c = vp8lCode{symbols: list}
			c.count[1] = len(list)
		}
		return len(list), nil
	}
	n, err := d.read(4)
	if err != nil {
		return 0, err
	}
	if n += 4; int(n) > len(vp8lOrder) {
		return 0, errVP8L
	}
	var lengths [19]uint8
	for i := range n {
		v, err := d.read(3)
		if err != nil {
			return 0, err
		}
		lengths[vp8lOrder[i]] = uint8(v)
	}
	return d.lengths(c, lengths[:], alphabet)
}

// lengths reads the lengths of a code's symbols, which are themselves coded.
func (d *vp8lReader) lengths(c *vp8lCode, of []uint8, alphabet int) (symbols int, err error) {
	var code vp8lCode
	code.set(of)
	if len(code.symbols) == 0 {
		return 0, errVP8L
	}
	most := alphabet
	limited, err := d.read(1)
	if err != nil {
		return 0, err
	}
	if limited == 1 {
		n, err := d.read(3)
		if err != nil {
			return 0, err
		}
		v, err := d.read(2 + 2*n)
		if err != nil {
			return 0, err
		}
		if most = int(v) + 2; most > alphabet {
			return 0, errVP8L
		}
	}
	var room [256 + 24 + 1<<11]uint8
	out := room[:alphabet]
	last := uint8(8)
	for i := 0; i < alphabet && most > 0; most-- {
		s, err := d.symbol(&code)
		if err != nil {
			return 0, err
		}
		if s < 16 {
			out[i] = uint8(s)
			if i++; s > 0 {
				last, symbols = uint8(s), symbols+1
			}
			continue
		}
		extra, base := [3]uint32{2, 3, 7}[s-16], [3]int{3, 3, 11}[s-16]
		v, err := d.read(extra)
		if err != nil {
			return 0, err
		}
		n := base + int(v)
		if i+n > alphabet {
			return 0, errVP8L
		}
		if s == 16 {
			for k := range n {
				out[i+k] = last
			}
			symbols += n
		}
		i += n
	}
	if symbols == 0 {
		return 0, errVP8L
	}
	if c != nil {
		c.set(out)
	}
	return symbols, nil
}

// image reads an image inside the stream: a transform's, or the one that says which group of trees is whose. Its pixels
// are ARGB.
func (d *vp8lReader) image(w, h int) ([]uint32, error) {
	if w*h > vp8lPixelMax {
		return nil, errVP8L
	}
	cache, err := d.cache()
	if err != nil {
		return nil, err
	}
	var codes [5]vp8lCode
	for j := range codes {
		if _, err := d.code(&codes[j], vp8lAlphabet(j, cache)); err != nil {
			return nil, err
		}
	}
	pix := make([]uint32, w*h)
	kept, cached := make([]uint32, 1<<cache), 0
	for p := 0; p < len(pix); {
		green, err := d.symbol(&codes[0])
		if err != nil {
			return nil, err
		}
		switch {
		case green < 256:
			red, err1 := d.symbol(&codes[1])
			blue, err2 := d.symbol(&codes[2])
			alpha, err3 := d.symbol(&codes[3])
			if err := errors.Join(err1, err2, err3); err != nil {
				return nil, err
			}
			pix[p] = uint32(alpha)<<24 | uint32(red)<<16 | uint32(green)<<8 | uint32(blue)
			p++
		case green < 256+24:
			n, err := d.parameter(green - 256)
			if err != nil {
				return nil, err
			}
			s, err := d.symbol(&codes[4])
			if err != nil {
				return nil, err
			}
			dist, err := d.parameter(s)
			if err != nil {
				return nil, err
			}
			from := p - vp8lDistance(w, dist)
			if from < 0 || p+n > len(pix) {
				return nil, errVP8L
			}
			for range n {
				pix[p] = pix[from]
				p, from = p+1, from+1
			}
		default:
			for ; cached < p; cached++ {
				kept[pix[cached]*0x1e35a7bd>>(32-cache)] = pix[cached]
			}
			if green -= 256 + 24; green >= len(kept) {
				return nil, errVP8L
			}
			pix[p] = kept[green]
			p++
		}
	}
	return pix, nil
}

func (d *vp8lReader) parameter(symbol int) (int, error) {
	if symbol < 4 {
		return symbol + 1, nil
	}
	extra := uint32(symbol-2) >> 1
	v, err := d.read(extra)
	return (2+symbol&1)<<extra + int(v) + 1, err
}

// vp8lNear are the distances 1 to 120, which mean places near by: eight times the row above, plus how far to the left
// of it, plus 8.
var vp8lNear = [120]uint8{
	0x18, 0x07, 0x17, 0x19, 0x28, 0x06, 0x27, 0x29, 0x16, 0x1a, 0x26, 0x2a, 0x38, 0x05, 0x37, 0x39, 0x15, 0x1b, 0x36, 0x3a,
	0x25, 0x2b, 0x48, 0x04, 0x47, 0x49, 0x14, 0x1c, 0x35, 0x3b, 0x46, 0x4a, 0x24, 0x2c, 0x58, 0x45, 0x4b, 0x34, 0x3c, 0x03,
	0x57, 0x59, 0x13, 0x1d, 0x56, 0x5a, 0x23, 0x2d, 0x44, 0x4c, 0x55, 0x5b, 0x33, 0x3d, 0x68, 0x02, 0x67, 0x69, 0x12, 0x1e,
	0x66, 0x6a, 0x22, 0x2e, 0x54, 0x5c, 0x43, 0x4d, 0x65, 0x6b, 0x32, 0x3e, 0x78, 0x01, 0x77, 0x79, 0x53, 0x5d, 0x11, 0x1f,
	0x64, 0x6c, 0x42, 0x4e, 0x76, 0x7a, 0x21, 0x2f, 0x75, 0x7b, 0x31, 0x3f, 0x63, 0x6d, 0x52, 0x5e, 0x00, 0x74, 0x7c, 0x41,
	0x4f, 0x10, 0x20, 0x62, 0x6e, 0x30, 0x73, 0x7d, 0x51, 0x5f, 0x40, 0x72, 0x7e, 0x61, 0x6f, 0x50, 0x71, 0x7f, 0x60, 0x70,
}

func vp8lDistance(w, code int) int {
	if code > len(vp8lNear) {
		return code - len(vp8lNear)
	}
	c := int(vp8lNear[code-1])
	return max(1, c>>4*w+8-c&0xf)
}
