package media

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"tintype/internal/lang"
)

// Header describes a picture file before anything is decoded.
type Header struct {
	Format      Format
	Width       int // as stored, before the orientation is applied; of the canvas where a frame stands on one
	Height      int
	Bytes       int64 // of the file
	Animated    bool
	Progressive bool
	Alpha       bool

	kind       pixelKind
	components int
	samples    int64 // bytes of all decoded planes, padded to whole MCUs (JPEG)
	chroma     [2]int
	deep       bool  // 16 bits a channel
	interlaced bool  // PNG
	named      bool  // JPEG: its components are called R, G and B
	start      int64 // JPEG: where it begins, behind bytes that are none of it
	p3         bool  // PNG: cICP says Display P3
	space      pngSpace
	frame      frame
	spans      spans
}

// frame is the first frame of a GIF or WebP and where it stands on the canvas.
type frame struct {
	x, y, w, h int
	pixels     span // WebP: the chunk with the pixels; GIF: from the frame's descriptor on
	lossless   bool // WebP
	alpha      span // WebP: the chunk beside a lossy one
	packed     bool // and that is coded losslessly
	palette    span // GIF: the colours for all frames
	clear      int  // GIF: the transparent colour; -1: none
}

// covers tells whether the frame fills the canvas.
func (h Header) covers() bool {
	return h.frame.w == 0 || h.frame.w == h.Width && h.frame.h == h.Height
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
const maxIPTC = 256 << 10

// maxSide is the largest side a JPEG, hence a variant, can have.
const maxSide = 65535

// Inspect reads a picture's structure: its format, its size, what decoding costs, and where its metadata lie. It
// decodes no pixels and keeps nothing in memory. It returns a *Refused for a file that is no picture of a known format
// or is cut off, and otherwise the error of r or of ctx.
func Inspect(ctx context.Context, r io.ReadSeeker) (Header, error) {
	size, err := r.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = r.Seek(0, io.SeekStart)
	}
	if err != nil {
		return Header{}, fmt.Errorf("media: %w", err)
	}
	t := &tracked{r: ctxReader{ctx, r}}
	b := &headReader{src: r, t: t, r: bufio.NewReaderSize(t, 16<<10), size: size}
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
		return Header{}, refuseCorrupt(lang.Key("its header contradicts itself"), err)
	}
	if h.Width <= 0 || h.Height <= 0 {
		return Header{}, refuseCorrupt(lang.Key("it gives no width or height"), errNoPicture)
	}
	return h, nil
}

func inspect(b *headReader) (Header, error) {
	head, err := b.r.Peek(sniffBytes)
	if len(head) == 0 {
		if err == nil || errors.Is(err, io.EOF) {
			return Header{}, refuseEmpty()
		}
		return Header{}, err
	}
	f, at := sniff(head), 0
	if f == Unknown {
		if at = buriedJPEG(head); at > 0 {
			f = JPEG
		}
	}
	switch f {
	case JPEG:
		return inspectJPEG(b, int64(at))
	case PNG:
		return inspectPNG(b)
	case GIF:
		return inspectGIF(b)
	case WebP:
		return inspectWebP(b)
	default:
		return Header{}, refuseFormat(f, head)
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
	src  io.Seeker
	t    *tracked
	r    *bufio.Reader
	off  int64
	size int64
}

func (b *headReader) byte() (byte, error) {
	c, err := b.r.ReadByte()
	if err == nil {
		b.off++
	}
	return c, unexpected(err)
}

func (b *headReader) read(n int) ([]byte, error) {
	if b.off+int64(n) > b.size {
		return nil, io.ErrUnexpectedEOF
	}
	p := make([]byte, n)
	m, err := io.ReadFull(b.r, p)
	b.off += int64(m)
	return p, unexpected(err)
}

// peek returns the next bytes, at most n of them.
func (b *headReader) peek(n int64) []byte {
	p, _ := b.r.Peek(int(min(n, sniffBytes)))
	return p
}

// seekFrom is from how many bytes on a seek is cheaper than reading on, also where each seek is a request to a bucket.
const seekFrom = 1 << 20

func (b *headReader) skip(n int64) error {
	if n > b.size-b.off {
		return io.ErrUnexpectedEOF
	}
	if n > seekFrom {
		if _, err := b.src.Seek(b.off+n, io.SeekStart); err != nil {
			b.t.err = err
			return err
		}
		b.r.Reset(b.t)
		b.off += n
		return nil
	}
	m, err := b.r.Discard(int(n))
	b.off += int64(m)
	return unexpected(err)
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
