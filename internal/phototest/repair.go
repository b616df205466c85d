package phototest

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"image"
	"image/draw"
)

// Restarts returns the photograph as a baseline JPEG of full chroma with a restart after so many blocks.
func Restarts(o Options, every int) []byte {
	o.restarts = every
	return JPEG(o)
}

// OnCanvas puts the first frame of a GIF or of a moving WebP at x, y (even numbers) of a canvas of w×h.
func OnCanvas(file []byte, w, h, x, y int) []byte {
	b := bytes.Clone(file)
	if string(b[:3]) == "GIF" {
		binary.LittleEndian.PutUint16(b[6:], uint16(w))
		binary.LittleEndian.PutUint16(b[8:], uint16(h))
		i := 13
		if b[10]&0x80 != 0 {
			i += 3 << (b[10]&7 + 1)
		}
		for b[i] == 0x21 {
			for i += 2; b[i] != 0; i += 1 + int(b[i]) {
			}
			i++
		}
		binary.LittleEndian.PutUint16(b[i+1:], uint16(x))
		binary.LittleEndian.PutUint16(b[i+3:], uint16(y))
		return b
	}
	i := bytes.Index(b, []byte("VP8X")) + 8
	copy(b[i+4:], append(le24(w-1), le24(h-1)...))
	i = bytes.Index(b, []byte("ANMF")) + 8
	copy(b[i:], append(le24(x/2), le24(y/2)...))
	return b
}

// LossyWebP returns a moving WebP of 16×16 red pixels in the lossy coding.
func LossyWebP() []byte {
	red, _ := hex.DecodeString("1002009d012a1000100000c01225a00274ba01f801f88003c800fef7592ffe8c2143f6fc2d7ffbf75fe02ffefdd7ff7e74000000")
	head := append(make([]byte, 6), append(le24(15), le24(15)...)...)
	frame := riff("ANMF", append(append(head, 100, 0, 0, 0), riff("VP8 ", red)...))
	body := append(riff("VP8X", append([]byte{2, 0, 0, 0}, append(le24(15), le24(15)...)...)), riff("ANIM", make([]byte, 6))...)
	return riff("RIFF", append([]byte("WEBP"), append(body, frame...)...))
}

// Trees returns a lossless WebP of side×side pixels whose file is little else than groups of Huffman trees, as large as
// they may be: the decoder's memory for them has nothing to do with the size of the picture.
func Trees(side, groups int) []byte {
	var w lsb
	w.put(0x2f, 8)
	w.put(uint32(side-1), 14)
	w.put(uint32(side-1), 14)
	w.put(0, 1)
	w.put(0, 3)
	w.put(0, 1) // no transform
	w.put(1, 1) // a colour cache of 2,048
	w.put(11, 4)
	w.put(1, 1) // which group is whose: an image of a tile for each 4×4
	w.put(0, 3)
	tiles := (side + 3) / 4
	w.put(0, 1) // no cache in it
	for j := range 5 {
		if j < 2 {
			flat(&w, 256, []int{24, 0}[j])
		} else {
			w.put(1, 1) // of one symbol, 0
			w.put(0, 3)
		}
	}
	for i := range tiles * tiles {
		for _, v := range []int{i % groups & 255, i % groups >> 8} { // green, then red
			for bit := 7; bit >= 0; bit-- {
				w.put(uint32(v>>bit&1), 1)
			}
		}
	}
	for range groups {
		// 2,048 symbols of 11 bits, of which only the rest of the alphabet is left out; then three of 256, and distances.
		w.put(0, 1)
		w.put(15, 4)
		for _, s := range []int{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} {
			if s == 11 || s == 0 || s == 16 || s == 18 {
				w.put(2, 3)
			} else {
				w.put(0, 3)
			}
		}
		w.put(0, 1)
		// Codes in order of symbols: 0 is 00, 11 is 01, 16 is 10, 18 is 11; their bits come the highest first.
		code := func(v uint32) { w.put(v>>1, 1); w.put(v&1, 1) }
		left := 2048 - 1
		code(1)
		for ; left >= 6; left -= 6 {
			code(2)
			w.put(3, 2)
		}
		for ; left > 0; left-- {
			code(1)
		}
		for left = 256 + 24; left > 0; {
			n := min(left, 138)
			if n < 11 {
				code(0)
				left--
				continue
			}
			code(3)
			w.put(uint32(n-11), 7)
			left -= n
		}
		for range 3 {
			flat(&w, 256, 0)
		}
		w.put(1, 1)
		w.put(0, 3)
	}
	for range side * side * 6 { // pixels: all zero bits are the first symbols
		w.put(0, 8)
	}
	return riff("RIFF", append([]byte("WEBP"), riff("VP8L", w.bytes())...))
}

// flat writes a code in which n symbols have 8 bits each, and extra ones none.
func flat(w *lsb, n, extra int) {
	w.put(0, 1)
	w.put(12-4, 4)
	for i := range 12 {
		if i == 2 || i == 11 {
			w.put(1, 3)
		} else {
			w.put(0, 3)
		}
	}
	w.put(0, 1)
	for range n {
		w.put(1, 1)
	}
	for range extra {
		w.put(0, 1)
	}
}

// Interlaced returns the photograph as a GIF whose rows come in four passes.
func Interlaced(o Options) []byte {
	m := Picture(o)
	w, h := m.Rect.Dx(), m.Rect.Dy()
	s := image.NewNRGBA(m.Rect)
	to := 0
	for _, pass := range [4][2]int{{0, 8}, {4, 8}, {2, 4}, {1, 2}} {
		for y := pass[0]; y < h; y += pass[1] {
			draw.Draw(s, image.Rect(0, to, w, to+1), m, image.Pt(0, y), draw.Src)
			to++
		}
	}
	b := gifOf(s, 1)
	i := bytes.IndexByte(b[13+3<<(b[10]&7+1):], 0x2c) + 13 + 3<<(b[10]&7+1)
	b[i+9] |= 0x40
	return b
}

// EXIF returns the block of EXIF that the options ask for.
func EXIF(o Options) []byte { return o.exif() }

// WithEXIF puts a block of EXIF behind the pixels of a WebP of w×h that has none, as the format wants it.
func WithEXIF(webp []byte, w, h int, exif []byte) []byte {
	head := riff("VP8X", append([]byte{8, 0, 0, 0}, append(le24(w-1), le24(h-1)...)...))
	return riff("RIFF", append([]byte("WEBP"), append(append(head, webp[12:]...), riff("EXIF", exif)...)...))
}

// WithXMP puts a packet of XMP before the first frame of a GIF.
func WithXMP(gif, xmp []byte) []byte {
	at := 13
	if gif[10]&0x80 != 0 {
		at += 3 << (gif[10]&7 + 1)
	}
	block := append([]byte("\x21\xff\x0bXMP DataXMP"), xmp...)
	block = append(block, 1)
	for i := 255; i >= 0; i-- {
		block = append(block, byte(i))
	}
	return append(append(append(bytes.Clone(gif[:at]), block...), 0), gif[at:]...)
}

// Deflate returns a zlib stream of the bytes.
func Deflate(b []byte) []byte { return deflate(b) }

// Digits writes a profile as ImageMagick does into a PNG's texts.
func Digits(name string, b []byte) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "\n%s\n%8d\n", name, len(b))
	for i, c := range b {
		if fmt.Fprintf(&out, "%02x", c); i%36 == 35 {
			out.WriteByte('\n')
		}
	}
	return out.Bytes()
}
