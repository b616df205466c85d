package phototest

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/png"
)

// PNG returns the photograph as a PNG file, with eXIf and iCCP where the options ask for them.
func PNG(o Options) []byte {
	m := Stored(Picture(o), max(o.Orientation, o.StoredAs))
	var src image.Image = m
	switch {
	case o.Gray && o.Deep:
		g := image.NewGray16(m.Rect)
		draw.Draw(g, g.Rect, m, m.Rect.Min, draw.Src)
		src = g
	case o.Gray:
		g := image.NewGray(m.Rect)
		draw.Draw(g, g.Rect, m, m.Rect.Min, draw.Src)
		src = g
	case o.Deep:
		d := image.NewNRGBA64(m.Rect)
		for i, v := range m.Pix {
			d.Pix[2*i], d.Pix[2*i+1] = v, v
		}
		src = d
	}
	var buf bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&buf, src); err != nil {
		panic(err)
	}
	var extra []byte
	if p := o.icc(); p != nil {
		extra = append(extra, Chunk("iCCP", append([]byte("profile\x00\x00"), deflate(p)...))...)
	}
	if e := o.exif(); e != nil {
		extra = append(extra, Chunk("eXIf", e)...)
	}
	if o.GPS {
		extra = append(extra, Chunk("tEXt", append([]byte("comment\x00"), latitudeText...))...)
	}
	return Splice(buf.Bytes(), extra)
}

// Splice puts chunks behind a PNG's header.
func Splice(file, chunks []byte) []byte {
	const head = 8 + 8 + 13 + 4
	return append(append(append([]byte{}, file[:head]...), chunks...), file[head:]...)
}

// Chunk returns a PNG chunk.
func Chunk(name string, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, name...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func deflate(data []byte) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write(data) // into memory
	_ = z.Close()
	return b.Bytes()
}

// Zeros returns a zlib stream of so many zeros, a thousandth of that long.
func Zeros(n int) []byte {
	var b bytes.Buffer
	z, _ := zlib.NewWriterLevel(&b, zlib.BestCompression) // the level is valid
	chunk := make([]byte, 1<<16)
	for ; n > 0; n -= len(chunk) {
		_, _ = z.Write(chunk[:min(n, len(chunk))])
	}
	_ = z.Close()
	return b.Bytes()
}

// GIF returns an animation of so many frames, the first of which is the photograph.
func GIF(o Options, frames int) []byte { return gifOf(Picture(o), frames) }

func gifOf(m *image.NRGBA, frames int) []byte {
	g := &gif.GIF{}
	for i := range frames {
		if i > 0 {
			draw.Draw(m, m.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
		}
		p := image.NewPaletted(m.Rect, palette.Plan9)
		draw.Draw(p, p.Rect, m, m.Rect.Min, draw.Src)
		g.Image, g.Delay = append(g.Image, p), append(g.Delay, 10)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// WebP returns the photograph as a lossless WebP file, with EXIF and a profile where the options ask for them. With
// more than one frame it is an animation, whose later frames are white.
func WebP(o Options, frames int) []byte {
	m := Stored(Picture(o), max(o.Orientation, o.StoredAs))
	w, h := m.Rect.Dx(), m.Rect.Dy()
	icc, exif := o.icc(), o.exif()
	var flags byte
	if o.Alpha {
		flags |= 0x10
	}
	if icc != nil {
		flags |= 0x20
	}
	if exif != nil {
		flags |= 0x08
	}
	if frames > 1 {
		flags |= 0x02
	}
	var body []byte
	if flags != 0 {
		body = riff("VP8X", append([]byte{flags, 0, 0, 0}, append(le24(w-1), le24(h-1)...)...))
	}
	if icc != nil {
		body = append(body, riff("ICCP", icc)...)
	}
	if frames > 1 {
		body = append(body, riff("ANIM", make([]byte, 6))...)
		for i := range frames {
			if i > 0 {
				draw.Draw(m, m.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
			}
			head := append(make([]byte, 6), append(le24(w-1), le24(h-1)...)...)
			head = append(head, 100, 0, 0, 0)
			body = append(body, riff("ANMF", append(head, riff("VP8L", lossless(m))...))...)
		}
	} else {
		body = append(body, riff("VP8L", lossless(m))...)
	}
	if exif != nil {
		body = append(body, riff("EXIF", exif)...)
	}
	return riff("RIFF", append([]byte("WEBP"), body...))
}

func le24(v int) []byte { return []byte{byte(v), byte(v >> 8), byte(v >> 16)} }

func riff(name string, data []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(data)))
	b = append(b, data...)
	if len(data)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

// lossless writes a VP8L stream of literals only, each channel of each pixel in a code of 8 bits.
func lossless(m *image.NRGBA) []byte {
	var w lsb
	w.put(0x2f, 8)
	w.put(uint32(m.Rect.Dx()-1), 14)
	w.put(uint32(m.Rect.Dy()-1), 14)
	w.put(1, 1)                                // alpha
	w.put(0, 3)                                // version
	w.put(0, 1)                                // no transform
	w.put(0, 1)                                // no colour cache
	w.put(0, 1)                                // one group of codes
	for _, extra := range []int{24, 0, 0, 0} { // green has 24 symbols more, for lengths
		w.put(0, 1)    // not a simple code
		w.put(12-4, 4) // lengths of the first 12 codes of lengths: 17 18 0 1 2 3 4 5 16 6 7 8
		for i := range 12 {
			if i == 2 || i == 11 { // 0 and 8 have one bit each
				w.put(1, 3)
			} else {
				w.put(0, 3)
			}
		}
		w.put(0, 1) // all symbols
		for range 256 {
			w.put(1, 1)
		}
		for range extra {
			w.put(0, 1)
		}
	}
	w.put(1, 1) // distance: a simple code of the one symbol 0
	w.put(0, 1)
	w.put(0, 1)
	w.put(0, 1)
	for i := 0; i < len(m.Pix); i += 4 {
		for _, c := range []int{1, 0, 2, 3} {
			v := m.Pix[i+c]
			for bit := 7; bit >= 0; bit-- {
				w.put(uint32(v>>bit&1), 1)
			}
		}
	}
	return w.bytes()
}

// lsb writes bits, the lowest first.
type lsb struct {
	out []byte
	acc uint64
	n   uint
}

func (w *lsb) put(v uint32, n uint) {
	w.acc |= uint64(v) << w.n
	for w.n += n; w.n >= 8; w.n -= 8 {
		w.out = append(w.out, byte(w.acc))
		w.acc >>= 8
	}
}

func (w *lsb) bytes() []byte {
	if w.n > 0 {
		return append(w.out, byte(w.acc))
	}
	return w.out
}
