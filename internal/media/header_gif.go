package media

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// inspectGIF walks to the second frame, or to the end.
func inspectGIF(b *headReader) (Header, error) {
	h := Header{Format: GIF, kind: kindPaletted, components: 3, chroma: [2]int{1, 1}, Alpha: true}
	p, err := b.read(13)
	if err != nil {
		return h, err
	}
	h.frame.clear = -1
	h.Width, h.Height = int(binary.LittleEndian.Uint16(p[6:])), int(binary.LittleEndian.Uint16(p[8:]))
	if p[10]&0x80 != 0 {
		h.frame.palette = span{off: b.off, n: 3 << (p[10]&7 + 1)}
		if err := b.skip(h.frame.palette.n); err != nil {
			return h, err
		}
	}
	for {
		c, err := b.byte()
		if err != nil || c == 0x3b {
			if h.frame.w == 0 {
				if err == nil {
					err = errNoPicture
				}
				return h, err
			}
			return h, nil // what follows the first frame does not matter
		}
		switch {
		case c == 0x21:
			if err := b.extensionGIF(&h); err != nil {
				if h.frame.w > 0 {
					return h, nil
				}
				return h, err
			}
		case c == 0x2c && h.frame.w > 0:
			h.Animated = true
			return h, nil
		case c == 0x2c:
			h.frame.pixels.off = b.off
			d, err := b.read(9)
			if err != nil {
				return h, err
			}
			f := &h.frame
			f.x, f.y = int(binary.LittleEndian.Uint16(d)), int(binary.LittleEndian.Uint16(d[2:]))
			f.w, f.h = int(binary.LittleEndian.Uint16(d[4:])), int(binary.LittleEndian.Uint16(d[6:]))
			if f.w == 0 || f.h == 0 {
				return h, errNoPicture
			}
			// A canvas too small for its first frame grows, as in browsers.
			h.Width, h.Height = max(h.Width, f.x+f.w), max(h.Height, f.y+f.h)
			if d[8]&0x80 != 0 {
				if err := b.skip(3 << (d[8]&7 + 1)); err != nil {
					return h, err
				}
			}
			if _, err := b.byte(); err != nil { // code size
				return h, err
			}
			if err := b.blocksGIF(); err != nil {
				return h, nil // whether pixels are missing, the decoder finds
			}
		case c == 0: // a block without bytes, as some programs leave behind one
		default:
			if h.frame.w > 0 {
				return h, nil
			}
			return h, errors.New("an unknown block")
		}
	}
}

// extensionGIF notes the transparent colour of the first frame, and XMP.
func (b *headReader) extensionGIF(h *Header) error {
	kind, err := b.byte()
	if err != nil {
		return err
	}
	head := b.peek(12)
	switch {
	case kind == 0xf9 && len(head) >= 5 && head[0] == 4 && h.frame.w == 0:
		h.frame.clear = -1
		if head[1]&1 != 0 {
			h.frame.clear = int(head[4])
		}
	case kind == 0xff && bytes.Equal(head, []byte("\x0bXMP DataXMP")):
		// The packet stands there as it is, with a trailer of 257 bytes that leads a reader of blocks to its end.
		off := b.off + 12
		if err := b.blocksGIF(); err != nil {
			return err
		}
		keep(&h.spans.xmp, span{off: off, n: b.off - 1 - 257 - off}, maxCopies)
		return nil
	}
	return b.blocksGIF()
}

// blocksGIF skips a chain of blocks.
func (b *headReader) blocksGIF() error {
	for {
		n, err := b.byte()
		if err != nil || n == 0 {
			return err
		}
		if err := b.skip(int64(n)); err != nil {
			return err
		}
	}
}
