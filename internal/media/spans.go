package media

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
)

// span is a part of a file.
type span struct {
	off, n int64
	zlib   bool // compressed
	hex    bool // and in it, digits, as ImageMagick writes profiles into a PNG's texts
	order  int  // of a profile in several parts
}

// spans are where a file's metadata lie. They are read only once the memory for them is granted.
type spans struct {
	exif, xmp, iptc, icc []span
	day                  []span // PNG's text of when the picture was made
	parts                int    // of the profile, as its first part says; 0: it is not told
}

// blocks are a file's metadata, each within its bound: what is longer is cut off (EXIF, whose texts come first) or
// left out.
type blocks struct{ exif, xmp, iptc, icc, day []byte }

const (
	// Of some kinds of block only one is read, the first that is readable. maxCopies is how many of them are kept to choose
	// from.
	maxCopies = 4
	// maxDay bounds a text that is a date.
	maxDay = 200
	// maxParts is more parts than a block of metadata can be in.
	maxParts = 256
)

// keep notes one more span, unless it is empty or so many are there. A file can have millions.
func keep(list *[]span, p span, most int) {
	if p.n > 0 && len(*list) < most {
		*list = append(*list, p)
	}
}

// cost is how many bytes of memory reading the spans takes at most, and what is made of them.
func (s spans) cost() int64 {
	size := func(list []span, limit int64) (n int64) {
		for _, p := range list {
			switch {
			case p.hex:
				n += 4 * limit
			case p.zlib:
				n += 2 * limit
			default:
				n += 2 * min(p.n, limit)
			}
		}
		return min(n, 6*limit)
	}
	var tables int64
	if len(s.icc) > 0 {
		tables = tableCost
	}
	return tables + size(s.exif, maxEXIF) + xmpCost/2*size(s.xmp, maxXMP) + 2*size(s.iptc, maxIPTC) + size(s.icc, maxICC)
}

// readEXIF reads the first block of EXIF, of which little is so much that it need not wait for memory: how a photo is to
// be turned decides what it costs.
func (s spans) readEXIF(r io.ReadSeeker) ([]byte, error) { return first(r, s.exif, maxEXIF, true) }

// read reads the others into b. Its error is the reader's; what is wrong with the metadata is no error.
func (s spans) read(r io.ReadSeeker, b *blocks) (err error) {
	if b.xmp, err = first(r, s.xmp, maxXMP, false); err != nil {
		return err
	}
	if b.iptc, err = all(r, s.iptc, maxIPTC); err != nil {
		return err
	}
	if b.day, err = first(r, s.day, maxDay, false); err != nil {
		return err
	}
	if s.wholeICC() {
		b.icc, err = all(r, slices.SortedFunc(slices.Values(s.icc), func(a, b span) int { return a.order - b.order }), maxICC)
	}
	return err
}

// first returns the first span that can be read.
func first(r io.ReadSeeker, list []span, limit int64, cut bool) ([]byte, error) {
	for _, sp := range list {
		if p, err := sp.read(r, limit, cut); p != nil || err != nil {
			return p, err
		}
	}
	return nil, nil
}

// all joins spans, as far as limit goes.
func all(r io.ReadSeeker, list []span, limit int64) (p []byte, err error) {
	for _, sp := range list {
		if int64(len(p)) >= limit {
			break
		}
		q, err := sp.read(r, limit, false)
		if err != nil {
			return nil, err
		}
		p = append(p, q...)
	}
	return p, nil
}

// tableCost is what a profile's tables take once they are worked out (icc_lut.go).
const tableCost = 2 << 20

// wholeICC tells whether every part of the profile is there, once, and all of them within bounds.
func (s spans) wholeICC() bool {
	var total int64
	seen := map[int]bool{}
	for _, p := range s.icc {
		total += p.n
		if s.parts > 0 && (p.order < 1 || p.order > s.parts || seen[p.order]) {
			return false
		}
		seen[p.order] = true
	}
	return len(s.icc) > 0 && total <= maxICC && (s.parts == 0 && len(s.icc) == 1 || len(s.icc) == s.parts)
}

// read returns nil for what is longer than limit, or cut to it, and for what does not unpack.
func (p span) read(r io.ReadSeeker, limit int64, cut bool) ([]byte, error) {
	if p.n > limit && !cut {
		return nil, nil
	}
	if _, err := r.Seek(p.off, io.SeekStart); err != nil {
		return nil, fmt.Errorf("media: read the photo: %w", err)
	}
	b := make([]byte, min(p.n, limit))
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, fmt.Errorf("media: read the photo: %w", err)
	}
	if p.zlib {
		if b = inflate(b, limit); b == nil {
			return nil, nil
		}
	}
	if p.hex {
		b = unhex(b)
	}
	return b, nil
}

// inflate unpacks, or returns nil for what is damaged or longer than limit.
func inflate(b []byte, limit int64) []byte {
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	defer z.Close()
	out, err := io.ReadAll(io.LimitReader(z, limit+1))
	if err != nil && !errors.Is(err, zlib.ErrChecksum) || int64(len(out)) > limit {
		return nil
	}
	return out
}

// unhex reads "\nexif\n    1234\n4578..." : a name, a length, digits on lines.
func unhex(b []byte) []byte {
	fields := bytes.Fields(b)
	if len(fields) < 3 {
		return nil
	}
	digits := bytes.Join(fields[2:], nil)
	out := make([]byte, hex.DecodedLen(len(digits)))
	if _, err := hex.Decode(out, digits); err != nil {
		return nil
	}
	return out
}
