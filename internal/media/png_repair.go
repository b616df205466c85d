package media

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"hash"
	"hash/adler32"
	"hash/crc32"
	"io"
)

// pngBlock is how many bytes of rows a repaired file holds in one chunk: what a stored block of deflate can hold at most.
const pngBlock = 1<<16 - 1

// errChecksums means that neither the chunks' checksums nor that of the rows match: the pixels are not what was written.
var errChecksums = errors.New("the checksums of the pixels do not match")

// pngRepair writes a PNG anew from what viewers take of a damaged one: the header, a palette and transparency that fit
// it, and as many bytes of rows as the header asks for. The rows are whole where all of them can be inflated and one of
// the two kinds of checksums, of the rows or of the chunks, says so or is cut off. Bytes behind the last row do not count.
type pngRepair struct {
	r       *bufio.Reader
	out     bytes.Buffer
	color   byte
	depth   byte
	palette bool

	pixels   *pngPixels
	inflater io.Reader   // nil until the first chunk with pixels
	sum      hash.Hash32 // of the rows so far
	rows     int64       // bytes of rows that are still to come
	done     bool
}

func newPNGRepair(r io.Reader) *pngRepair {
	b := bufio.NewReaderSize(r, 64<<10)
	return &pngRepair{r: b, pixels: &pngPixels{r: b}, sum: adler32.New()}
}

// Read implements io.Reader.
func (s *pngRepair) Read(p []byte) (int, error) {
	for s.out.Len() == 0 {
		if s.done {
			return 0, io.EOF
		}
		step := s.head
		if s.inflater != nil {
			step = s.block
		}
		if err := step(); err != nil {
			return 0, unexpected(err)
		}
	}
	return s.out.Read(p)
}

// head takes the signature or one chunk, up to the first with pixels.
func (s *pngRepair) head() error {
	const signature = "\x89PNG\r\n\x1a\n"
	head, err := s.r.Peek(8)
	if err != nil {
		return err
	}
	if string(head) == signature {
		_, _ = s.r.Discard(len(signature)) // it was peeked at
		s.out.WriteString(signature)
		return nil
	}
	n, name := int64(binary.BigEndian.Uint32(head)), string(head[4:])
	if name == "IDAT" {
		zlib := make([]byte, 2)
		if _, err := io.ReadFull(s.pixels, zlib); err != nil {
			return err
		}
		if zlib[0]&0x0f != 8 || binary.BigEndian.Uint16(zlib)%31 != 0 || zlib[1]&0x20 != 0 {
			return errors.New("zlib: invalid header")
		}
		s.inflater = flate.NewReader(s.pixels)
		s.chunk("IDAT", []byte{0x78, 0x01})
		return nil
	}
	if name == "IEND" {
		return errNoPicture
	}
	if name != "IHDR" && name != "PLTE" && name != "tRNS" || n > 3*256 {
		_, err := s.r.Discard(int(n + 12))
		return err
	}
	chunk := make([]byte, n+12)
	if _, err := io.ReadFull(s.r, chunk); err != nil {
		return err
	}
	data := chunk[8 : 8+n]
	right := crc32.ChecksumIEEE(chunk[4:8+n]) == binary.BigEndian.Uint32(chunk[8+n:])
	switch name {
	case "IHDR":
		if n != 13 {
			return errors.New("a header of a wrong length")
		}
		s.depth, s.color = data[8], data[9]
		s.rows = pngRows(data)
	case "PLTE":
		if s.color != 2 && s.color != 3 && s.color != 6 || s.palette {
			return nil
		}
		if most := 3 << s.depth; right && s.color == 3 && s.depth <= 8 && len(data) > most {
			data = data[:most]
		}
		s.palette = true
	case "tRNS":
		fits := s.color == 0 && n == 2 || s.color == 2 && n == 6 || s.color == 3 && s.palette
		if !right || !fits {
			return nil
		}
	}
	if !right { // left as it is for the decoder, which refuses it
		s.out.Write(chunk)
		return nil
	}
	s.chunk(name, data)
	return nil
}

// chunk writes a chunk.
func (s *pngRepair) chunk(name string, data ...[]byte) {
	n := 0
	for _, d := range data {
		n += len(d)
	}
	s.out.Write(binary.BigEndian.AppendUint32(nil, uint32(n)))
	at := s.out.Len()
	s.out.WriteString(name)
	for _, d := range data {
		s.out.Write(d)
	}
	s.out.Write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(s.out.Bytes()[at:])))
}

// block writes the next rows, stored as they are.
func (s *pngRepair) block() error {
	rows := make([]byte, min(s.rows, pngBlock))
	if _, err := io.ReadFull(s.inflater, rows); err != nil {
		return err
	}
	_, _ = s.sum.Write(rows) // never fails
	s.rows -= int64(len(rows))
	stored := []byte{0, byte(len(rows)), byte(len(rows) >> 8), ^byte(len(rows)), ^byte(len(rows) >> 8)}
	if s.rows > 0 {
		s.chunk("IDAT", stored, rows)
		return nil
	}
	stored[0] = 1 // the last
	s.chunk("IDAT", stored, rows, s.sum.Sum(nil))
	s.chunk("IEND")
	s.done = true
	return s.verify()
}

// verify looks behind the last row for a checksum that speaks for the rows.
func (s *pngRepair) verify() error {
	const most = 1 << 20 // bytes behind the rows: nobody needs them, but their checksum covers them
	in := s.pixels
	n, err := io.CopyN(s.sum, s.inflater, most)
	var asMeant uint32 // the chunk's checksum if nothing in it is wrong but the checksum of the rows
	alone := false
	if errors.Is(err, io.EOF) && n < most {
		want, got := s.sum.Sum(nil), make([]byte, 4)
		asMeant, alone = crc32.Update(in.crc, crc32.IEEETable, want), in.left == 4
		if _, err := io.ReadFull(in, got); err == nil && bytes.Equal(got, want) {
			return nil
		}
	}
	if _, err := io.Copy(io.Discard, in); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if in.wrong == 0 || in.wrong == 1 && alone && in.stored == asMeant {
		return nil
	}
	return errChecksums
}

// pngPixels reads what the chunks with pixels hold, one after the other.
type pngPixels struct {
	r      *bufio.Reader
	left   int64  // of the chunk
	crc    uint32 // of the chunk so far
	inside bool
	wrong  int    // chunks whose checksum is another; one of zero counts as cut off
	stored uint32 // the last of these checksums
}

// ReadByte implements io.ByteReader, so that flate reads no byte too many.
func (p *pngPixels) ReadByte() (byte, error) {
	var b [1]byte
	_, err := io.ReadFull(p, b[:])
	return b[0], err
}

// Read implements io.Reader. It returns io.ErrUnexpectedEOF where a chunk is cut.
func (p *pngPixels) Read(b []byte) (int, error) {
	for p.left == 0 {
		if err := p.next(); err != nil {
			return 0, err
		}
	}
	n, err := p.r.Read(b[:min(int64(len(b)), p.left)])
	p.left -= int64(n)
	p.crc = crc32.Update(p.crc, crc32.IEEETable, b[:n])
	if n > 0 {
		return n, nil
	}
	return n, unexpected(err)
}

// next checks the sum of the chunk that was read and goes to the next one with pixels.
func (p *pngPixels) next() error {
	if p.inside {
		sum, err := p.r.Peek(4)
		if err != nil {
			return unexpected(err)
		}
		if stored := binary.BigEndian.Uint32(sum); stored != p.crc && stored != 0 {
			p.wrong++
			p.stored = stored
		}
		p.inside = false
		_, _ = p.r.Discard(4) // it was peeked at
	}
	for {
		head, err := p.r.Peek(8)
		if err != nil {
			return err
		}
		n, name := int64(binary.BigEndian.Uint32(head)), string(head[4:])
		if name == "IDAT" {
			p.left, p.crc, p.inside = n, crc32.ChecksumIEEE(head[4:]), true
			_, _ = p.r.Discard(8) // it was peeked at
			return nil
		}
		if name == "IEND" {
			return io.EOF
		}
		if _, err := p.r.Discard(int(n + 12)); err != nil {
			return err
		}
	}
}

// pngRows returns how many bytes of rows a picture with this header has, one filter's number a row included.
func pngRows(header []byte) int64 {
	w, h := int64(binary.BigEndian.Uint32(header)), int64(binary.BigEndian.Uint32(header[4:]))
	bits := int64(header[8])
	switch header[9] {
	case 2:
		bits *= 3
	case 4:
		bits *= 2
	case 6:
		bits *= 4
	}
	rows := func(w, h int64) int64 {
		if w == 0 {
			return 0
		}
		return h * (1 + (w*bits+7)/8)
	}
	if header[12] == 0 {
		return rows(w, h)
	}
	n := int64(0)
	for _, pass := range [7][4]int64{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}} {
		n += rows((w-pass[0]+pass[2]-1)/pass[2], (h-pass[1]+pass[3]-1)/pass[3])
	}
	return n
}
