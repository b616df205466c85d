package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// inspectWebP walks through the chunks: metadata may stand behind the pixels.
func inspectWebP(b *headReader) (Header, error) {
	h := Header{Format: WebP, chroma: [2]int{2, 2}, kind: kindYCbCr, components: 3}
	if err := b.skip(12); err != nil {
		return h, err
	}
	for {
		ch, err := b.read(8)
		if err != nil { // the end, or what is left over there
			if h.frame.w == 0 {
				return h, err
			}
			return h, nil
		}
		name, n := string(ch[:4]), int64(binary.LittleEndian.Uint32(ch[4:]))
		chunk := span{off: b.off, n: n}
		if n > b.size-b.off {
			if h.frame.w > 0 {
				return h, nil // only metadata is cut
			}
			return h, io.ErrUnexpectedEOF
		}
		switch name {
		case "VP8X":
			p := b.peek(n)
			if len(p) < 10 {
				return h, errors.New("a short chunk")
			}
			h.Animated = p[0]&2 != 0
			h.Width, h.Height = 1+int24(p[4:]), 1+int24(p[7:])
		case "ICCP":
			h.spans.icc = []span{chunk}
		case "EXIF":
			h.spans.exif = append(h.spans.exif[:0], chunk)
		case "XMP ":
			h.spans.xmp = append(h.spans.xmp[:0], chunk)
		case "ANMF":
			if h.frame.w > 0 {
				h.Animated = true
				break
			}
			if err := b.frameWebP(&h, chunk); err != nil {
				return h, err
			}
			continue
		case "ALPH":
			if h.frame.w == 0 {
				h.alphaWebP(b.peek(n), chunk)
			}
		case "VP8 ", "VP8L":
			if h.frame.w > 0 {
				break
			}
			if err := h.pixelsWebP(name, b.peek(n), chunk); err != nil {
				return h, err
			}
			if h.Width == 0 {
				h.Width, h.Height = h.frame.w, h.frame.h
			}
			if h.Width != h.frame.w || h.Height != h.frame.h {
				return h, errors.New("two sizes")
			}
		}
		if err := b.skip(n + n&1); err != nil {
			if h.frame.w > 0 {
				return h, nil
			}
			return h, err
		}
	}
}

// frameWebP reads the first frame of an animation: where it stands, and the chunks of its picture.
func (b *headReader) frameWebP(h *Header, chunk span) error {
	p, err := b.read(16)
	if err != nil {
		return err
	}
	if chunk.n < 16 {
		return errors.New("a short chunk")
	}
	x, y, w, ht := 2*int24(p), 2*int24(p[3:]), 1+int24(p[6:]), 1+int24(p[9:])
	end := chunk.off + chunk.n
	for b.off+8 <= end && h.frame.w == 0 {
		ch, err := b.read(8)
		if err != nil {
			return err
		}
		name, n := string(ch[:4]), int64(binary.LittleEndian.Uint32(ch[4:]))
		inner := span{off: b.off, n: n}
		if n > end-b.off {
			return errors.New("a chunk beyond its frame")
		}
		switch name {
		case "ALPH":
			h.alphaWebP(b.peek(n), inner)
		case "VP8 ", "VP8L":
			if err := h.pixelsWebP(name, b.peek(n), inner); err != nil {
				return err
			}
		}
		if err := b.skip(min(n+n&1, end-b.off)); err != nil {
			return err
		}
	}
	if h.frame.w == 0 {
		return errNoPicture
	}
	if h.frame.w != w || h.frame.h != ht {
		return errors.New("two sizes")
	}
	h.frame.x, h.frame.y = x, y
	if x+w > h.Width || y+ht > h.Height {
		return errors.New("a frame beyond the canvas")
	}
	return b.skip(end + chunk.n&1 - b.off)
}

// alphaWebP notes the transparency beside a lossy picture; its first byte says how it is coded.
func (h *Header) alphaWebP(p []byte, chunk span) {
	if len(p) > 0 {
		h.frame.alpha, h.frame.packed = chunk, p[0]&3 == 1
	}
}

// pixelsWebP takes the size that the pixels' own chunk tells.
func (h *Header) pixelsWebP(name string, p []byte, chunk span) error {
	h.frame.pixels, h.frame.lossless = chunk, name == "VP8L"
	if h.frame.lossless {
		if len(p) < 5 {
			return io.ErrUnexpectedEOF
		}
		bits := binary.LittleEndian.Uint32(p[1:])
		h.kind, h.chroma, h.frame.alpha, h.frame.packed = kindRGB, [2]int{1, 1}, span{}, false
		h.Alpha = bits>>28&1 == 1
		h.frame.w, h.frame.h = 1+int(bits&0x3fff), 1+int(bits>>14&0x3fff)
		return nil
	}
	if len(p) < 10 {
		return io.ErrUnexpectedEOF
	}
	h.Alpha = h.frame.alpha.n > 0
	h.frame.w, h.frame.h = int(binary.LittleEndian.Uint16(p[6:]))&0x3fff, int(binary.LittleEndian.Uint16(p[8:]))&0x3fff
	return nil
}

func int24(p []byte) int { return int(p[0]) | int(p[1])<<8 | int(p[2])<<16 }

// source makes a file of its own of the first frame's pixels: the decoder refuses animations, and whatever else the
// file holds takes no memory there.
func (f frame) source(src io.ReadSeeker, r io.Reader) io.Reader {
	head := []byte("RIFF\x00\x00\x00\x00WEBP")
	var parts []io.Reader
	size := int64(4)
	chunk := func(name string, s span) {
		h := binary.LittleEndian.AppendUint32([]byte(name), uint32(s.n))
		parts = append(parts, bytes.NewReader(h), &spanReader{src: src, r: r, at: s.off, left: s.n})
		if size += 8 + s.n + s.n&1; s.n&1 == 1 {
			parts = append(parts, bytes.NewReader([]byte{0}))
		}
	}
	if f.alpha.n > 0 {
		w, ht := f.w-1, f.h-1
		head = append(head, "VP8X\x0a\x00\x00\x00\x10\x00\x00\x00"...)
		head = append(head, byte(w), byte(w>>8), byte(w>>16), byte(ht), byte(ht>>8), byte(ht>>16))
		size += 18
		chunk("ALPH", f.alpha)
	}
	if f.lossless {
		chunk("VP8L", f.pixels)
	} else {
		chunk("VP8 ", f.pixels)
	}
	binary.LittleEndian.PutUint32(head[4:], uint32(size))
	return io.MultiReader(append([]io.Reader{bytes.NewReader(head)}, parts...)...)
}

// spanReader reads a part of the file, to which it goes with the first read.
type spanReader struct {
	src  io.Seeker
	r    io.Reader // reads from src
	at   int64
	left int64
	on   bool
}

func (s *spanReader) Read(p []byte) (int, error) {
	if !s.on {
		if _, err := s.src.Seek(s.at, io.SeekStart); err != nil {
			return 0, err
		}
		s.on = true
	}
	if s.left == 0 {
		return 0, io.EOF
	}
	n, err := s.r.Read(p[:min(int64(len(p)), s.left)])
	if s.left -= int64(n); s.left > 0 && errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
