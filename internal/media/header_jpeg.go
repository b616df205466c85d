package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"tintype/internal/lang"
)

// inspectJPEG walks to the first scan of the JPEG that begins at start.
func inspectJPEG(b *headReader, start int64) (Header, error) {
	h := Header{Format: JPEG, start: start}
	app := jpegApp{adobe: -1}
	if err := b.skip(start + 2); err != nil {
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
			h.setJPEGKind(app)
			return h, nil
		case marker == 0xc0 || marker == 0xc1 || marker == 0xc2:
			seg, err := b.read(int(n))
			if err != nil {
				return h, err
			}
			if err := h.frameJPEG(seg, marker == 0xc2); err != nil {
				return h, err
			}
			continue
		case marker >= 0xc3 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
			return h, refuseKind(codingName(marker), fmt.Errorf("coding process %#x", marker))
		case marker == 0xe1 || marker == 0xe2 || marker == 0xed:
			h.spans.segment(marker, b.peek(n), b.off, n)
		case marker == 0xe0 || marker == 0xee:
			app.read(marker, b.peek(n))
		}
		if err := b.skip(n); err != nil {
			return h, err
		}
	}
}

// codingName tells people how a JPEG is coded that is not read.
func codingName(marker byte) string {
	switch {
	case marker == 0xc3 || marker == 0xc7 || marker == 0xcb || marker == 0xcf:
		return lang.Key("losslessly")
	case marker >= 0xc9:
		return lang.Key("with arithmetic coding")
	}
	return lang.Key("in layers of several sizes")
}

// segment notes an application's segment if it holds metadata; head is its beginning.
func (s *spans) segment(marker byte, head []byte, off, n int64) {
	after := func(prefix string) span {
		k := int64(len(prefix))
		return span{off: off + k, n: n - k}
	}
	const xmp, photoshop, icc = "http://ns.adobe.com/xap/1.0/\x00", "Photoshop 3.0\x00", "ICC_PROFILE\x00"
	switch {
	case marker == 0xe1 && bytes.HasPrefix(head, []byte(xmp)):
		keep(&s.xmp, after(xmp), maxCopies)
	case marker == 0xe1 && len(head) >= 6 && bytes.EqualFold(head[:4], []byte("Exif")):
		keep(&s.exif, after(string(head[:6])), maxCopies)
	case marker == 0xed && bytes.HasPrefix(head, []byte(photoshop)):
		keep(&s.iptc, after(photoshop), maxParts)
	case marker == 0xe2 && bytes.HasPrefix(head, []byte(icc)) && len(head) >= len(icc)+2:
		p := after(icc + "12")
		p.order, s.parts = int(head[len(icc)]), int(head[len(icc)+1])
		keep(&s.icc, p, maxParts)
	}
}

// marker reads up to the next marker; between segments encoders may leave fill bytes.
func (b *headReader) marker() (byte, error) {
	for garbage := 0; ; {
		c, err := b.byte()
		if err != nil {
			return 0, err
		}
		if c != 0xff {
			if garbage++; garbage > 64<<10 {
				return 0, errors.New("no marker where one must be")
			}
			continue
		}
		for c == 0xff {
			if c, err = b.byte(); err != nil {
				return 0, err
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
		return refuseKind(fmt.Sprintf("with %d bits a sample", seg[0]), nil)
	}
	h.Height, h.Width = int(binary.BigEndian.Uint16(seg[1:])), int(binary.BigEndian.Uint16(seg[3:]))
	n := int(seg[5])
	if n != 1 && n != 3 && n != 4 {
		return refuseKind(fmt.Sprintf("with %d components", n), nil)
	}
	if len(seg) < 6+3*n {
		return errors.New("a short frame header")
	}
	h.Progressive, h.components = progressive, n
	h.named = n == 3 && seg[6] == 'R' && seg[9] == 'G' && seg[12] == 'B'
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

// jpegApp is what the segments of applications say of a JPEG's colours, as the standard decoder reads them.
type jpegApp struct {
	jfif  bool
	adobe int // Adobe's number of the transform; -1: it is not told
}

func (a *jpegApp) read(marker byte, seg []byte) {
	switch {
	case marker == 0xe0 && len(seg) >= 5:
		a.jfif = string(seg[:5]) == "JFIF\x00"
	case marker == 0xee && len(seg) >= 12 && string(seg[:5]) == "Adobe":
		a.adobe = int(seg[11])
	}
}

// setJPEGKind follows the standard decoder's rules. One of RGB is decoded to planes and turned into pixels afterwards.
func (h *Header) setJPEGKind(app jpegApp) {
	switch {
	case h.components == 1:
		h.kind = kindGray
	case h.components == 4:
		h.kind = kindCMYK
	case !app.jfif && (app.adobe == 0 || h.named):
		h.kind = kindRGB
	default:
		h.kind = kindYCbCr
	}
}
