package media

import (
	"bytes"
	"encoding/binary"
)

// exifNames are the EXIF tags that are kept. Places are not even looked at: the directory of GPS is never entered.
var exifNames = map[exifDirectory]map[uint16]string{
	exifMain: {
		0x010e: "ImageDescription", 0x010f: "Make", 0x0110: "Model", 0x0112: "Orientation", 0x013b: "Artist", 0x8298: "Copyright",
		// Some programs write what belongs to the camera's directory into this one.
		0x9003: "DateTimeOriginal", 0x9004: "DateTimeDigitized", 0x829a: "ExposureTime", 0x829d: "FNumber", 0x8827: "ISO", 0x920a: "FocalLength",
	},
	exifCamera: {
		0x829a: "ExposureTime", 0x829d: "FNumber", 0x8827: "ISO", 0x8832: "RecommendedExposureIndex",
		0x9003: "DateTimeOriginal", 0x9004: "DateTimeDigitized", 0x9010: "OffsetTime", 0x9011: "OffsetTimeOriginal", 0x9012: "OffsetTimeDigitized",
		0x920a: "FocalLength", 0xa434: "LensModel",
	},
	exifInterop: {0x0001: "InteroperabilityIndex"},
}

// exifDirectory is one of the directories (IFDs) that are read.
type exifDirectory int

const (
	exifMain exifDirectory = iota
	exifCamera
	exifInterop
)

const (
	// maxEXIF is how much of a block of EXIF is read. Thumbnails and maker's notes, which come last, may lie beyond it.
	maxEXIF = 256 << 10
	// maxEXIFEntries bounds what is looked at in all directories together.
	maxEXIFEntries = 4000
	// maxEXIFText is the longest text that is taken.
	maxEXIFText = 64 << 10
)

// exifHeads are what stands before the TIFF header in a JPEG, and in WebP files and PNGs of programs that copy it there.
var exifHeads = [][]byte{[]byte("Exif\x00\x00"), []byte("Exif\x00\xff"), []byte("EXIF\x00\x00")}

// readEXIF takes the wanted tags out of a block of EXIF, with or without the head that a JPEG puts before it.
func (t tags) readEXIF(b []byte) {
	for _, head := range exifHeads {
		b = bytes.TrimPrefix(b, head)
	}
	if len(b) < 8 {
		return
	}
	r := exifReader{tags: t, b: b, left: maxEXIFEntries}
	switch string(b[:4]) {
	case "II*\x00":
		r.order = binary.LittleEndian
	case "MM\x00*":
		r.order = binary.BigEndian
	default:
		return
	}
	r.directory(exifMain, r.order.Uint32(b[4:]))
}

type exifReader struct {
	tags  tags
	b     []byte
	order binary.ByteOrder
	left  int
}

func (r *exifReader) directory(d exifDirectory, off uint32) {
	if uint64(off)+2 > uint64(len(r.b)) {
		return
	}
	entries := r.b[off+2:]
	for n := r.order.Uint16(r.b[off:]); n > 0 && len(entries) >= 12 && r.left > 0; n-- {
		e := entries[:12]
		entries, r.left = entries[12:], r.left-1
		id := r.order.Uint16(e)
		switch {
		case d == exifMain && id == 0x8769:
			r.directory(exifCamera, r.order.Uint32(e[8:]))
		case d == exifCamera && id == 0xa005:
			r.directory(exifInterop, r.order.Uint32(e[8:]))
		default:
			if name, ok := exifNames[d][id]; ok {
				if v := r.value(e); v != nil {
					r.tags.add("exif "+name, v)
				}
			}
		}
	}
}

// value returns a text, an int or a float64: the first number of a list. It is nil for what cannot be read.
func (r *exifReader) value(e []byte) any {
	kind, count := r.order.Uint16(e[2:]), r.order.Uint32(e[4:])
	size := map[uint16]uint32{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}[kind]
	if size == 0 || count == 0 {
		return nil
	}
	text := kind == 1 || kind == 2 || kind == 7
	if !text {
		count = 1 // the first
	}
	data := e[8:12]
	if n := uint64(count) * uint64(size); n > 4 || r.order.Uint32(e[4:])*size > 4 {
		off := uint64(r.order.Uint32(e[8:]))
		if n > maxEXIFText || off+n > uint64(len(r.b)) {
			return nil
		}
		data = r.b[off : off+n]
	} else {
		data = data[:n]
	}
	switch kind {
	case 3:
		return int(r.order.Uint16(data))
	case 4, 9:
		return int(r.order.Uint32(data))
	case 5:
		if d := r.order.Uint32(data[4:]); d != 0 {
			return float64(r.order.Uint32(data)) / float64(d)
		}
		return nil
	case 10:
		if d := int32(r.order.Uint32(data[4:])); d != 0 {
			return float64(int32(r.order.Uint32(data))) / float64(d)
		}
		return nil
	case 1:
		if count == 1 {
			return int(data[0])
		}
	}
	return string(bytes.TrimRight(data, "\x00"))
}
