package phototest

import "bytes"

// Bomb returns a PNG of few bytes whose header says side×side pixels.
func Bomb(side int) []byte {
	head := []byte{byte(side >> 24), byte(side >> 16), byte(side >> 8), byte(side), byte(side >> 24), byte(side >> 16), byte(side >> 8), byte(side), 8, 2, 0, 0, 0}
	b := append([]byte("\x89PNG\r\n\x1a\n"), Chunk("IHDR", head)...)
	b = append(b, Chunk("IDAT", Zeros(1<<20))...)
	return append(b, Chunk("IEND", nil)...)
}

// HEIC returns the head of a file as telephones write it, with nothing behind it.
func HEIC() []byte {
	return append([]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), make([]byte, 1000)...)
}

// Movie returns the head of an MP4, such as is uploaded under the name of a JPEG.
func Movie() []byte {
	return append([]byte("\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41"), make([]byte, 1000)...)
}

// Resize returns the JPEG with other dimensions in its frame header: a lie about what follows.
func Resize(jpeg []byte, w, h int) []byte {
	b := append([]byte{}, jpeg...)
	i := bytes.Index(b, []byte{0xff, 0xc0})
	if i < 0 {
		i = bytes.Index(b, []byte{0xff, 0xc2})
	}
	b[i+5], b[i+6], b[i+7], b[i+8] = byte(h>>8), byte(h), byte(w>>8), byte(w)
	return b
}
