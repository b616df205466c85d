package media

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"tintype/internal/lang"
)

// maxScans is far above what encoders write; a file of tiny progressive scans would otherwise cost minutes.
const maxScans = 100

// jpegSource hands a JPEG to the decoder without what decoders trip over and viewers do not: it leaves out every
// segment that is no part of the picture, ends a file that lacks its end, numbers the restarts of a scan in order, and
// drops stray markers from among the coded data. It never holds more than a segment.
type jpegSource struct {
	r       *bufio.Reader // stands at the SOI
	pending []byte        // to be given out next
	scans   int
	inScan  bool
	ended   bool
	noEnd   bool            // the file ended without saying so
	restart int             // MCUs between restarts; 0: the scan has none
	next    byte            // number of the next restart
	since   int64           // bytes of coded data since the scan or the last restart began
	frame   []byte          // the frame header's segment
	adobe   bool            // a segment says how CMYK was written
	have    map[byte]uint64 // by component: the coefficients that are there to their last bit
	rough   map[byte]bool   // of a progressive file: the components whose means have begun to come
	means   bool            // the last scan brings those for the first time
}

func newJPEGSource(r io.Reader) *jpegSource {
	return &jpegSource{r: bufio.NewReaderSize(r, 64<<10)}
}

var jpegEnd = []byte{0xff, 0xd9}

// Read implements io.Reader.
func (s *jpegSource) Read(p []byte) (int, error) {
	for len(s.pending) == 0 {
		if s.ended {
			return 0, io.EOF
		}
		if s.inScan {
			if n, err := s.coded(p); n > 0 || err != nil {
				return n, err
			}
			continue
		}
		if err := s.segment(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.pending)
	s.pending = s.pending[n:]
	return n, nil
}

// end closes the picture, at the marker for it or where the file ends.
func (s *jpegSource) end(err error) error {
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	s.ended, s.inScan, s.noEnd, s.pending = true, false, err != nil, jpegEnd
	return nil
}

// segment reads the next segment between scans, and keeps it if the decoder needs it.
func (s *jpegSource) segment() error {
	c, err := s.r.ReadByte()
	for err == nil && c != 0xff {
		c, err = s.r.ReadByte()
	}
	for err == nil && c == 0xff {
		c, err = s.r.ReadByte()
	}
	if err != nil {
		return s.end(err)
	}
	switch {
	case c == 0xd8:
		s.pending = []byte{0xff, c}
		return nil
	case c == 0xd9:
		return s.end(nil)
	case c <= 1 || c >= 0xd0 && c <= 0xd7:
		return nil // stray
	}
	head, err := s.r.Peek(2)
	if err != nil {
		return s.end(err)
	}
	n := int(binary.BigEndian.Uint16(head))
	if n < 2 {
		return refuseCorrupt(lang.Key("a part of it has an impossible length"), errors.New("a segment with a negative length"))
	}
	switch {
	case c >= 0xc0 && c <= 0xcf && c != 0xc8, c == 0xda, c == 0xdb, c == 0xdd:
	case (c == 0xe0 || c == 0xee) && s.scans == 0: // later ones would change the colours, which the header was charged for
	default:
		if _, err := s.r.Discard(n); err != nil {
			return s.end(err)
		}
		return nil
	}
	seg := make([]byte, 2+n)
	seg[0], seg[1] = 0xff, c
	if _, err := io.ReadFull(s.r, seg[2:]); err != nil {
		return s.end(err)
	}
	switch c {
	case 0xdd:
		if len(seg) >= 6 {
			s.restart = int(binary.BigEndian.Uint16(seg[4:]))
		}
	case 0xc0, 0xc1, 0xc2:
		s.frame = seg
	case 0xee:
		s.adobe = s.adobe || bytes.HasPrefix(seg[4:], []byte("Adobe"))
	case 0xda:
		if len(s.frame) > 9 && s.frame[9] == 4 && !s.adobe {
			// Browsers show such a CMYK as Photoshop writes it.
			s.adobe = true
			s.pending = append(s.pending, adobeCMYK...)
		}
		s.progress(seg)
		if s.scans++; s.scans > maxScans {
			return refuseCorrupt(lang.Key("it has more than 100 layers"), errors.New("too many scans"))
		}
		s.inScan, s.next, s.since = true, 0, 0
	}
	s.pending = append(s.pending, seg...)
	return nil
}

// adobeCMYK is Adobe's segment that says: four components, inverted, not transformed.
const adobeCMYK = "\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"

// coded gives out entropy-coded data up to the next marker, and handles that.
func (s *jpegSource) coded(p []byte) (int, error) {
	b, err := s.r.Peek(1)
	if err != nil {
		return 0, s.end(err)
	}
	if b[0] != 0xff {
		b, _ = s.r.Peek(min(s.r.Buffered(), len(p)))
		if i := bytes.IndexByte(b, 0xff); i >= 0 {
			b = b[:i]
		}
		n := copy(p, b)
		_, err := s.r.Discard(n)
		s.since += int64(n)
		return n, err
	}
	b, err = s.r.Peek(2)
	if err != nil {
		return 0, s.end(err)
	}
	c := b[1]
	switch {
	case c == 0xff: // a fill byte
		_, err = s.r.Discard(1)
		return 0, err
	case c == 0: // 0xff itself
		s.pending, s.since = []byte{0xff, 0}, s.since+1
	case c >= 0xd0 && c <= 0xd7:
		// One that repeats the one before it, or has no place here, is left out; another number than the next one is
		// taken for a mistake in numbering.
		if s.restart > 0 && s.since > 0 {
			s.pending = []byte{0xff, 0xd0 + s.next}
			s.next, s.since = (s.next+1)&7, 0
		}
	case c == 0xd9:
		_, err = s.r.Discard(2)
		return 0, errors.Join(err, s.end(nil))
	case c == 0xda || c == 0xc4 || c == 0xdb || c == 0xdd || c == 0xdc || c == 0xfe || c >= 0xe0 && c <= 0xef:
		s.inScan = false // the next scan, or its tables
		return 0, nil
	}
	_, err = s.r.Discard(2) // also a marker that cannot stand here: stray bytes
	return 0, err
}

// progress notes which coefficients a scan brings, and which to their last bit.
func (s *jpegSource) progress(seg []byte) {
	n := int(seg[4])
	if len(seg) < 8+2*n || s.frame == nil {
		return
	}
	from, to, bits := seg[5+2*n]&63, seg[6+2*n]&63, seg[7+2*n]
	if s.frame[1] != 0xc2 {
		from, to, bits = 0, 63, 0
	}
	if s.have == nil {
		s.have, s.rough = map[byte]uint64{}, map[byte]bool{}
	}
	if s.means = from == 0 && bits>>4 == 0; s.means {
		for i := range n {
			s.rough[seg[5+2*i]] = true
		}
	}
	if bits&15 != 0 {
		return
	}
	for i := range n {
		s.have[seg[5+2*i]] |= ^uint64(0) << from & (^uint64(0) >> (63 - to))
	}
}

// whole tells whether nothing of the picture is missing, as far as shows without decoding: a file that was cut between two
// scans has all its rows, but not all their detail, or not all their colours.
func (s *jpegSource) whole() bool {
	return !s.noEnd || s.components(func(c byte) bool { return s.have[c] == ^uint64(0) })
}

// coarse tells whether every row of a file that was cut is there at least in outline: the cut lies behind the scans with the
// means of all blocks.
func (s *jpegSource) coarse() bool {
	return !s.means && s.components(func(c byte) bool { return s.rough[c] })
}

// components tells whether something is true of every component of the frame, or there is no frame.
func (s *jpegSource) components(is func(c byte) bool) bool {
	if len(s.frame) < 10 {
		return true
	}
	for i := range int(s.frame[9]) {
		if at := 10 + 3*i; at >= len(s.frame) || !is(s.frame[at]) {
			return false
		}
	}
	return true
}
