package media

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"
)

// inspectPNG walks through the chunks to the end of the file, for texts may stand behind the pixels.
func inspectPNG(b *headReader) (Header, error) {
	h := Header{Format: PNG, kind: kindRGB, components: 3, chroma: [2]int{1, 1}}
	if err := b.skip(8); err != nil {
		return h, err
	}
	pixels := false
	for first := true; ; first = false {
		if pixels && b.off >= b.size {
			return h, nil // without its end, which is no loss
		}
		ch, err := b.read(8)
		if err != nil {
			if pixels {
				return h, nil
			}
			return h, err
		}
		n, name := int64(binary.BigEndian.Uint32(ch)), string(ch[4:])
		if n > 1<<31-1 {
			return h, errors.New("a chunk with a negative length")
		}
		if first != (name == "IHDR") {
			return h, errors.New("the header is not the first chunk")
		}
		head := b.peek(n)
		switch name {
		case "IHDR":
			if err := h.headPNG(head, n); err != nil {
				return h, err
			}
		case "acTL":
			h.Animated = true
		case "tRNS":
			h.Alpha = true
			if h.kind == kindGray {
				h.kind, h.components = kindRGB, 3
			}
		case "cICP":
			h.p3 = len(head) == 4 && head[0] == 12 && head[1] == 13
			h.space.named = true
		case "sRGB":
			h.space.named = true
		case "gAMA", "cHRM":
			if !pixels {
				h.space.read(name, head)
			}
		case "iCCP":
			// A name, a zero, the method zero, zlib.
			if i := bytes.IndexByte(head, 0); i >= 0 && i+2 <= len(head) && head[i+1] == 0 && h.spans.icc == nil {
				h.spans.icc = []span{{off: b.off + int64(i) + 2, n: n - int64(i) - 2, zlib: true}}
			}
		case "eXIf":
			if n > 0 { // goes before a text with the same
				h.spans.exif = slices.Insert(h.spans.exif[:min(len(h.spans.exif), maxCopies-1)], 0, span{off: b.off, n: n})
			}
		case "tEXt", "zTXt", "iTXt":
			h.spans.textPNG(name, head, b.off, n)
		case "IDAT":
			pixels = true
		case "IEND":
			if !pixels {
				return h, errNoPicture
			}
			return h, nil
		}
		if err := b.skip(n + 4); err != nil {
			if pixels {
				return h, nil // the decoder knows whether all rows came
			}
			return h, err
		}
	}
}

func (h *Header) headPNG(p []byte, n int64) error {
	if n != 13 {
		return errors.New("a header of a wrong length")
	}
	if len(p) < 13 {
		return io.ErrUnexpectedEOF
	}
	w, ht := binary.BigEndian.Uint32(p), binary.BigEndian.Uint32(p[4:])
	if w > 1<<31-1 || ht > 1<<31-1 {
		return errors.New("negative dimensions")
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
	return nil
}

// textPNG notes a text that holds XMP, or a profile as ImageMagick writes them.
func (s *spans) textPNG(name string, head []byte, off, n int64) {
	key, rest, ok := bytes.Cut(head, []byte{0})
	if !ok {
		return
	}
	p := span{}
	switch name {
	case "tEXt":
		p.off = off + int64(len(key)) + 1
	case "zTXt":
		p.off, p.zlib = off+int64(len(key))+2, true
	case "iTXt":
		// Compressed or not, the method, a language and the key translated, each ended by a zero.
		if len(rest) < 4 {
			return
		}
		p.zlib = rest[0] == 1
		parts := bytes.SplitN(rest[2:], []byte{0}, 3)
		if len(parts) < 3 {
			return
		}
		p.off = off + int64(len(key)+1+2+len(parts[0])+1+len(parts[1])+1)
	}
	if p.n = n - (p.off - off); p.n <= 0 {
		return
	}
	switch string(key) {
	case "XML:com.adobe.xmp":
		keep(&s.xmp, p, maxCopies)
	case "Raw profile type xmp":
		p.hex = true
		keep(&s.xmp, p, maxCopies)
	case "Raw profile type exif", "Raw profile type APP1":
		p.hex = true
		keep(&s.exif, p, maxCopies)
	case "Creation Time":
		keep(&s.day, p, maxCopies)
	case "Raw profile type iptc":
		p.hex = true
		keep(&s.iptc, p, maxCopies)
	}
}

// pngSource hands the decoder the chunks that make the picture and no others: what is wrong with a text is no reason to
// refuse a photo, and animations, texts and profiles take no memory there. It ends a file that lacks its end.
type pngSource struct {
	r       *bufio.Reader
	pending []byte
	body    int64 // bytes of a chunk that are still to be given out as they are
	ended   bool
}

func newPNGSource(r io.Reader) *pngSource {
	return &pngSource{r: bufio.NewReaderSize(r, 64<<10)}
}

// Read implements io.Reader. The file begins with a signature that was seen already.
func (s *pngSource) Read(p []byte) (int, error) {
	for {
		switch {
		case len(s.pending) > 0:
			n := copy(p, s.pending)
			s.pending = s.pending[n:]
			return n, nil
		case s.body > 0:
			n, err := s.r.Read(p[:min(int64(len(p)), s.body)])
			s.body -= int64(n)
			return n, unexpected(err)
		case s.ended:
			return 0, io.EOF
		}
		if err := s.chunk(); err != nil {
			return 0, err
		}
	}
}

func (s *pngSource) chunk() error {
	head, err := s.r.Peek(8)
	if string(head) == "\x89PNG\r\n\x1a\n" {
		s.body = 8
		return nil
	}
	if len(head) < 8 {
		if !errors.Is(err, io.EOF) {
			return err
		}
		s.pending, s.ended = binary.BigEndian.AppendUint32([]byte("\x00\x00\x00\x00IEND"), crc32.ChecksumIEEE([]byte("IEND"))), true
		return nil
	}
	n := int64(binary.BigEndian.Uint32(head)) + 12
	switch string(head[4:]) {
	case "IEND":
		s.ended = true
		s.body = n
	case "IHDR", "PLTE", "IDAT", "tRNS":
		s.body = n
	default:
		for n > 0 {
			m, err := s.r.Discard(int(min(n, 1<<30)))
			n -= int64(m)
			if errors.Is(err, io.EOF) {
				return nil // a text that is cut: the end follows
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
