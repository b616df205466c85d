package media

import (
	"bufio"
	"compress/lzw"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"

	"tintype/internal/lang"
)

// decodeGIF reads the first frame. What follows it is not looked at; too many pixels and colours that the palette does
// not have are no error, as in viewers.
func decodeGIF(src io.ReadSeeker, r io.Reader, h Header) (*image.Paletted, error) {
	f := h.frame
	m := image.NewPaletted(image.Rect(0, 0, f.w, f.h), make(color.Palette, 256))
	for i := range m.Palette {
		m.Palette[i] = color.NRGBA{A: 255}
	}
	colours := func(r io.Reader, n int64) error {
		p := make([]byte, n)
		if _, err := io.ReadFull(r, p); err != nil {
			return err
		}
		for i := range len(p) / 3 {
			m.Palette[i] = color.NRGBA{p[3*i], p[3*i+1], p[3*i+2], 255}
		}
		return nil
	}
	if f.palette.n > 0 {
		if _, err := src.Seek(f.palette.off, io.SeekStart); err != nil {
			return nil, err
		}
		if err := colours(r, f.palette.n); err != nil {
			return nil, err
		}
	}
	if _, err := src.Seek(f.pixels.off, io.SeekStart); err != nil {
		return nil, err
	}
	b := bufio.NewReaderSize(r, 32<<10)
	var d [9]byte
	if _, err := io.ReadFull(b, d[:]); err != nil {
		return nil, err
	}
	if d[8]&0x80 != 0 {
		if err := colours(b, 3<<(d[8]&7+1)); err != nil {
			return nil, err
		}
	}
	if f.clear >= 0 {
		m.Palette[f.clear] = color.NRGBA{}
	}
	bits, err := b.ReadByte()
	if err != nil {
		return nil, err
	}
	if bits < 1 || bits > 8 {
		return nil, refuseCorrupt(lang.Key("its colours have an impossible code length"), fmt.Errorf("codes of %d bits", bits))
	}
	z := lzw.NewReader(&gifBlocks{r: b}, lzw.LSB, int(bits))
	defer z.Close()
	if n, err := io.ReadFull(z, m.Pix); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("%d of %d pixels: %w", n, len(m.Pix), io.ErrUnexpectedEOF)
		}
		return nil, refuseCorrupt(lang.Key("its compressed pixels are damaged"), err)
	}
	if d[8]&0x40 != 0 {
		deinterlace(m)
	}
	return m, nil
}

// deinterlace sorts the rows of a frame that came in four passes.
func deinterlace(m *image.Paletted) {
	rows := make([]byte, len(m.Pix))
	w, from := m.Stride, 0
	for _, pass := range [4][2]int{{0, 8}, {4, 8}, {2, 4}, {1, 2}} {
		for y := pass[0]; y < m.Rect.Dy(); y += pass[1] {
			copy(rows[y*w:(y+1)*w], m.Pix[from:])
			from += w
		}
	}
	m.Pix = rows
}

// gifBlocks joins the blocks of a frame's data.
type gifBlocks struct {
	r    *bufio.Reader
	left int
	err  error
}

func (g *gifBlocks) ReadByte() (byte, error) {
	var one [1]byte
	_, err := io.ReadFull(g, one[:])
	return one[0], err
}

func (g *gifBlocks) Read(p []byte) (int, error) {
	if g.err == nil && g.left == 0 {
		n, err := g.r.ReadByte()
		if g.left = int(n); err == nil && n == 0 {
			err = io.EOF
		}
		g.err = err
	}
	if g.err != nil {
		return 0, g.err
	}
	n, err := g.r.Read(p[:min(len(p), g.left)])
	g.left -= n
	return n, err
}
