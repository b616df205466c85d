package media

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Header is what the head of a file tells before anything is decoded.
type Header struct {
	Format      Format
	Width       int // as stored, before the orientation is applied
	Height      int
	Bytes       int64 // of the file
	Animated    bool
	Progressive bool
	Alpha       bool

	kind       pixelKind
	components int
	samples    int64 // bytes of all decoded planes, padded to whole MCUs (JPEG)
	chroma     [2]int
	deep       bool   // 16 bits a channel
	interlaced bool   // PNG
	scanStart  int64  // JPEG: where the first scan begins
	icc        []byte // nil: none
	iptc       []byte // JPEG: Photoshop's resources
	p3         bool   // PNG: cICP says Display P3
	frame      *webpFrame
}

// pixelKind is the shape in which a decoder hands its pixels over.
type pixelKind int

const (
	kindRGB pixelKind = iota
	kindYCbCr
	kindGray
	kindCMYK
	kindPaletted
)

// Pixels returns width times height.
func (h Header) Pixels() int64 { return int64(h.Width) * int64(h.Height) }

// maxICC bounds an embedded profile. Real ones for RGB take 0.5 to 60 KB, for CMYK up to 3 MB.
const maxICC = 4 << 20

// maxIPTC bounds the resources that are looked through for texts.
const maxIPTC = 1 << 20

// maxSide is the largest side a JPEG, hence a variant, can have.
const maxSide = 65535

// Inspect reads the head of a picture from its beginning: what it is, how large, what decoding it would cost. It decodes
// nothing and keeps no more than the colour profile and Photoshop's resources in memory. It returns a *Refused for what is not a picture of a known
// kind, and otherwise what reading r returned.
func Inspect(r io.ReadSeeker) (Header, error) {
	size, err := r.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = r.Seek(0, io.SeekStart)
	}
	if err != nil {
		return Header{}, fmt.Errorf("media: %w", err)
	}
	t := &tracked{r: r}
	b := &headReader{r: bufio.NewReaderSize(t, 16<<10)}
	h, err := inspect(b)
	h.Bytes = size
	if t.err != nil {
		return Header{}, fmt.Errorf("media: read the photo: %w", t.err)
	}
	var refused *Refused
	switch {
	case err == nil:
	case errors.As(err, &refused):
		return Header{}, refused
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Header{}, refuseTruncated(err)
	default:
		return Header{}, refuseCorrupt(err)
	}
	if h.Width <= 0 || h.Height <= 0 {
		return Header{}, refuseCorrupt(errNoPicture)
	}
	return h, nil
}

func inspect(b *headReader) (Header, error) {
	head, err := b.r.Peek(32)
	if len(head) == 0 {
		if err == nil || errors.Is(err, io.EOF) {
			return Header{}, refuseEmpty()
		}
		return Header{}, err
	}
	switch f := sniff(head); f {
	case JPEG:
		return inspectJPEG(b)
	case PNG:
		return inspectPNG(b)
	case GIF:
		return inspectGIF(b)
	case WebP:
		return inspectWebP(b)
	default:
		return Header{}, refuseFormat(f)
	}
}

// tracked remembers an error of the reader below, so that a broken disk is not taken for a broken photo.
type tracked struct {
	r   io.Reader
	n   int64
	err error
}

func (t *tracked) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.err = err
	}
	return n, err
}

// headReader reads forward and knows its offset.
type headReader struct {
	r   *bufio.Reader
	off int64
}

func (b *headReader) byte() (byte, error) {
	c, err := b.r.ReadByte()
	if err == nil {
		b.off++
	}
	return c, err
}

func (b *headReader) read(n int) ([]byte, error) {
	p := make([]byte, n)
	m, err := io.ReadFull(b.r, p)
	b.off += int64(m)
	return p, err
}

func (b *headReader) skip(n int64) error {
	for n > 0 {
		m, err := b.r.Discard(int(min(n, 1<<30)))
		b.off += int64(m)
		n -= int64(m)
		if err != nil {
			return unexpected(err)
		}
	}
	return nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func inspectJPEG(b *headReader) (Header, error) {
	h := Header{Format: JPEG}
	var icc iccParts
	adobe := -1
	if err := b.skip(2); err != nil {
		return h, err
	}
	for {
		marker, err := b.marker()
		if err != nil {
			return h, err
		}
		if marker == 0xd8 || marker == 0x01 || marker >= 0xd0 && marker <= 0xd7 {
			continue // no length follows
		}
		if marker == 0xd9 {
			return h, errNoPicture
		}
		lb, err := b.read(2)
		if err != nil {
			return h, err
		}
		n := int64(binary.BigEndian.Uint16(lb)) - 2
		if n < 0 {
			return h, errors.New("a segment with a negative length")
		}
		switch {
		case marker == 0xda:
			if h.Width == 0 {
				return h, errNoPicture
			}
			h.scanStart = b.off
			h.icc = icc.join()
			h.setJPEGKind(adobe)
			return h, nil
		case marker == 0xc0 || marker == 0xc1 || marker == 0xc2:
			seg, err := b.read(int(n))
			if err != nil {
				return h, err
			}
			if err := h.frameJPEG(seg, marker == 0xc2); err != nil {
				return h, err
			}
		case marker >= 0xc3 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
			return h, refuseKind(fmt.Sprintf("coding process %#x", marker))
		case marker == 0xe2, marker == 0xed, marker == 0xee:
			seg, err := b.read(int(n))
			if err != nil {
				return h, err
			}
			photoshop, ok := bytes.CutPrefix(seg, []byte("Photoshop 3.0\x00"))
			switch {
			case marker == 0xe2:
				icc.add(seg)
			case marker == 0xed && ok && len(h.iptc) < maxIPTC:
				h.iptc = append(h.iptc, photoshop...)
			case marker == 0xee && len(seg) >= 12 && string(seg[:5]) == "Adobe":
				adobe = int(seg[11])
			}
		default:
			if err := b.skip(n); err != nil {
				return h, err
			}
		}
	}
}

// marker reads up to the next marker; between segments encoders may leave fill bytes.
func (b *headReader) marker() (byte, error) {
	for garbage := 0; ; {
		c, err := b.byte()
		if err != nil {
			return 0, unexpected(err)
		}
		if c != 0xff {
			if garbage++; garbage > 64<<10 {
				return 0, errors.New("no marker where one must be")
			}
			continue
		}
		for c == 0xff {
			if c, err = b.byte(); err != nil {
				return 0, unexpected(err)
			}
		}
		if c != 0 {
			return c, nil
		}
	}
}

func (h *Header) frameJPEG(seg []byte, progressive bool) error {
	if h.Width != 0 {
		return errors.New("two frames")
	}
	if len(seg) < 6 {
		return errors.New("a short frame header")
	}
	if seg[0] != 8 {
		return refuseKind(fmt.Sprintf("%d bits a sample", seg[0]))
	}
	h.Height, h.Width = int(binary.BigEndian.Uint16(seg[1:])), int(binary.BigEndian.Uint16(seg[3:]))
	n := int(seg[5])
	if n != 1 && n != 3 && n != 4 {
		return refuseKind(fmt.Sprintf("%d components", n))
	}
	if len(seg) < 6+3*n {
		return errors.New("a short frame header")
	}
	h.Progressive, h.components = progressive, n
	var hs, vs [4]int
	hmax, vmax := 1, 1
	for i := range n {
		hv := seg[7+3*i]
		hs[i], vs[i] = int(hv>>4), int(hv&15)
		if hs[i] < 1 || hs[i] > 4 || vs[i] < 1 || vs[i] > 4 {
			return errors.New("a sampling factor out of range")
		}
		hmax, vmax = max(hmax, hs[i]), max(vmax, vs[i])
	}
	if n == 1 {
		hs[0], vs[0], hmax, vmax = 1, 1, 1, 1
	}
	mx, my := (h.Width+8*hmax-1)/(8*hmax), (h.Height+8*vmax-1)/(8*vmax)
	for i := range n {
		h.samples += int64(mx) * int64(my) * 64 * int64(hs[i]*vs[i])
	}
	h.chroma = [2]int{1, 1}
	if n >= 3 {
		h.chroma = [2]int{max(1, hmax/hs[1]), max(1, vmax/vs[1])}
	}
	return nil
}

// setJPEGKind follows the standard decoder's rules.
func (h *Header) setJPEGKind(adobe int) {
	switch {
	case h.components == 1:
		h.kind = kindGray
	case h.components == 4:
		h.kind = kindCMYK
	case adobe == 0:
		h.kind = kindRGB
	default:
		h.kind = kindYCbCr
	}
}

// iccParts gathers the chunks of a profile, which come with a number each, in any order.
type iccParts struct {
	parts map[byte][]byte
	total int
	count byte
}

func (p *iccParts) add(seg []byte) {
	body, ok := bytes.CutPrefix(seg, []byte("ICC_PROFILE\x00"))
	if !ok || len(body) < 3 {
		return
	}
	if p.parts == nil {
		p.parts = map[byte][]byte{}
	}
	p.count = body[1]
	if p.total += len(body); p.total <= maxICC {
		p.parts[body[0]] = body[2:]
	}
}

func (p *iccParts) join() []byte {
	if p.total > maxICC || len(p.parts) != int(p.count) {
		return nil
	}
	var b []byte
	for i := 1; i <= int(p.count); i++ {
		b = append(b, p.parts[byte(i)]...)
	}
	return b
}
