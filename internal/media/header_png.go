package media

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"
)

func inspectPNG(b *headReader) (Header, error) {
	h := Header{Format: PNG, kind: kindRGB, components: 3, chroma: [2]int{1, 1}}
	if err := b.skip(8); err != nil {
		return h, err
	}
	for first := true; ; first = false {
		ch, err := b.read(8)
		if err != nil {
			return h, unexpected(err)
		}
		n, name := int64(binary.BigEndian.Uint32(ch)), string(ch[4:])
		if n > 1<<31-1 {
			return h, errors.New("a chunk with a negative length")
		}
		if first != (name == "IHDR") {
			return h, errors.New("the header is not the first chunk")
		}
		switch {
		case name == "IHDR":
			if n != 13 {
				return h, errors.New("a header of a wrong length")
			}
			p, err := b.read(13)
			if err != nil {
				return h, unexpected(err)
			}
			w, ht := binary.BigEndian.Uint32(p), binary.BigEndian.Uint32(p[4:])
			if w > 1<<31-1 || ht > 1<<31-1 {
				return h, errors.New("negative dimensions")
			}
			h.Width, h.Height = int(w), int(ht)
			h.deep, h.interlaced = p[8] == 16, p[12] == 1
			switch p[9] {
			case 0:
				h.kind, h.components = kindGray, 1
			case 3:
				h.kind = kindPaletted
			case 4, 6:
				h.Alpha = true
			}
			n = 0
		case name == "acTL":
			h.Animated = true
		case name == "tRNS":
			h.Alpha = true
			if h.kind == kindGray {
				h.kind, h.components = kindRGB, 3
			}
		case name == "cICP" && n == 4:
			p, err := b.read(4)
			if err != nil {
				return h, unexpected(err)
			}
			h.p3 = p[0] == 12 && p[1] == 13
			n = 0
		case name == "iCCP" && n <= maxICC && h.icc == nil:
			p, err := b.read(int(n))
			if err != nil {
				return h, unexpected(err)
			}
			h.icc = inflateICC(p)
			n = 0
		case name == "IDAT":
			return h, nil
		case name == "IEND":
			return h, errNoPicture
		}
		if err := b.skip(n + 4); err != nil {
			return h, err
		}
	}
}

// inflateICC unpacks an iCCP chunk: name, zero, method, zlib. A profile that is too large is none.
func inflateICC(p []byte) []byte {
	i := bytes.IndexByte(p, 0)
	if i < 0 || i+2 > len(p) || p[i+1] != 0 {
		return nil
	}
	z, err := zlib.NewReader(bytes.NewReader(p[i+2:]))
	if err != nil {
		return nil
	}
	defer z.Close()
	icc, err := io.ReadAll(io.LimitReader(z, maxICC+1))
	if err != nil || len(icc) > maxICC {
		return nil
	}
	return icc
}

func inspectGIF(b *headReader) (Header, error) {
	h := Header{Format: GIF, kind: kindPaletted, components: 3, chroma: [2]int{1, 1}, Alpha: true}
	p, err := b.read(13)
	if err != nil {
		return h, unexpected(err)
	}
	if p[10]&0x80 != 0 {
		if err := b.skip(3 << (p[10]&7 + 1)); err != nil {
			return h, err
		}
	}
	for {
		c, err := b.byte()
		if err != nil || c == 0x3b {
			if h.Width == 0 {
				if err == nil {
					err = errNoPicture
				}
				return h, unexpected(err)
			}
			return h, nil // what follows the first frame does not matter
		}
		switch c {
		case 0x21:
			if _, err := b.byte(); err != nil {
				return h, unexpected(err)
			}
		case 0x2c:
			d, err := b.read(9)
			if h.Width != 0 {
				h.Animated = true
				return h, nil
			}
			if err != nil {
				return h, unexpected(err)
			}
			h.Width, h.Height = int(binary.LittleEndian.Uint16(d[4:])), int(binary.LittleEndian.Uint16(d[6:]))
			if d[8]&0x80 != 0 {
				if err := b.skip(3 << (d[8]&7 + 1)); err != nil {
					return h, err
				}
			}
			if _, err := b.byte(); err != nil { // code size
				return h, unexpected(err)
			}
		default:
			if h.Width != 0 {
				return h, nil
			}
			return h, errors.New("an unknown block")
		}
		for { // sub-blocks
			n, err := b.byte()
			if err != nil {
				return h, unexpected(err)
			}
			if n == 0 {
				break
			}
			if err := b.skip(int64(n)); err != nil {
				return h, err
			}
		}
	}
}

// webpFrame is the first frame of an animation: its chunks lie at off and take n bytes.
type webpFrame struct {
	off, n int64
	alpha  bool
}

func inspectWebP(b *headReader) (Header, error) {
	h := Header{Format: WebP, chroma: [2]int{2, 2}, kind: kindYCbCr, components: 3}
	p, err := b.read(12)
	if err != nil {
		return h, unexpected(err)
	}
	end := int64(binary.LittleEndian.Uint32(p[4:])) + 8
	for b.off+8 <= end {
		ch, err := b.read(8)
		if err != nil {
			return h, unexpected(err)
		}
		name, n := string(ch[:4]), int64(binary.LittleEndian.Uint32(ch[4:]))
		n += n & 1
		if b.off+n > end+1 {
			return h, errors.New("a chunk beyond the end")
		}
		next := b.off + n
		switch name {
		case "VP8X":
			if n < 10 {
				return h, errors.New("a short chunk")
			}
			if p, err = b.read(10); err != nil {
				return h, unexpected(err)
			}
			h.Alpha, h.Animated = p[0]&0x10 != 0, p[0]&2 != 0
			h.Width, h.Height = 1+int24(p[4:]), 1+int24(p[7:])
		case "ICCP":
			if n <= maxICC {
				if h.icc, err = b.read(int(n)); err != nil {
					return h, unexpected(err)
				}
			}
		case "ANMF":
			if n < 16 {
				return h, errors.New("a short chunk")
			}
			if p, err = b.read(16); err != nil {
				return h, unexpected(err)
			}
			h.Width, h.Height = 1+int24(p[6:]), 1+int24(p[9:])
			h.frame = &webpFrame{off: b.off, n: n - 16}
			return h, b.webpPicture(&h, nil, next)
		case "VP8 ", "VP8L", "ALPH":
			return h, b.webpPicture(&h, ch, end)
		}
		if err := b.skip(next - b.off); err != nil {
			return h, err
		}
	}
	return h, errNoPicture
}

// webpPicture reads the chunks of one picture up to the one with the pixels, and checks that the file holds all of
// that. ch is a chunk's head that was read already.
func (b *headReader) webpPicture(h *Header, ch []byte, end int64) error {
	for ch != nil || b.off+8 <= end {
		if ch == nil {
			var err error
			if ch, err = b.read(8); err != nil {
				return unexpected(err)
			}
		}
		name, n := string(ch[:4]), int64(binary.LittleEndian.Uint32(ch[4:]))
		whole, next := b.off+n, b.off+n+n&1
		ch = nil
		switch name {
		case "ALPH":
			if h.frame != nil {
				h.frame.alpha = true
			}
			h.Alpha = true
		case "VP8 ":
			p, err := b.read(10)
			if err != nil {
				return unexpected(err)
			}
			w, ht := int(binary.LittleEndian.Uint16(p[6:]))&0x3fff, int(binary.LittleEndian.Uint16(p[8:]))&0x3fff
			return b.webpSize(h, w, ht, whole)
		case "VP8L":
			p, err := b.read(5)
			if err != nil {
				return unexpected(err)
			}
			bits := binary.LittleEndian.Uint32(p[1:])
			h.kind, h.chroma = kindRGB, [2]int{1, 1}
			h.Alpha = h.Alpha || bits>>28&1 == 1
			return b.webpSize(h, 1+int(bits&0x3fff), 1+int(bits>>14&0x3fff), whole)
		}
		if err := b.skip(next - b.off); err != nil {
			return err
		}
	}
	return errNoPicture
}

// webpSize takes the size that the pixels' own chunk tells, which ends at end.
func (b *headReader) webpSize(h *Header, w, ht int, end int64) error {
	if h.Width != 0 && (h.Width != w || h.Height != ht) {
		return errors.New("two sizes")
	}
	h.Width, h.Height = w, ht
	// A lossy decoder takes zeros for what is missing, so whether the file is whole must be seen here.
	return b.skip(end - b.off)
}

func int24(p []byte) int { return int(p[0]) | int(p[1])<<8 | int(p[2])<<16 }

// reader makes a file of its own of an animation's first frame, which the decoder reads where it refuses animations. r
// stands at the frame's first chunk.
func (f *webpFrame) reader(h Header, r io.Reader) io.Reader {
	head := []byte("RIFF\x00\x00\x00\x00WEBP")
	if f.alpha {
		head = append(head, "VP8X\x0a\x00\x00\x00\x10\x00\x00\x00"...)
		w, ht := h.Width-1, h.Height-1
		head = append(head, byte(w), byte(w>>8), byte(w>>16), byte(ht), byte(ht>>8), byte(ht>>16))
	}
	binary.LittleEndian.PutUint32(head[4:], uint32(int64(len(head))-8+f.n))
	return io.MultiReader(bytes.NewReader(head), io.LimitReader(r, f.n))
}
