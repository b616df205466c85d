package media

import "encoding/binary"

// iptcNames are the data sets of record 2 that are kept.
var iptcNames = map[byte]string{5: "ObjectName", 25: "Keywords", 55: "DateCreated", 60: "TimeCreated", 62: "DigitalCreationDate", 63: "DigitalCreationTime", 80: "By-line", 105: "Headline", 116: "CopyrightNotice", 120: "Caption-Abstract"}

// readIPTC takes the texts out of Photoshop's image resources, as a JPEG's APP13 segments hold them.
func (t tags) readIPTC(b []byte) {
	for len(b) >= 12 && string(b[:4]) == "8BIM" {
		id := binary.BigEndian.Uint16(b[4:])
		name := 1 + int(b[6]) // a Pascal string, padded to an even length
		name += name & 1
		if len(b) < 6+name+4 {
			return
		}
		size := int(binary.BigEndian.Uint32(b[6+name:]))
		b = b[6+name+4:]
		if size < 0 || size > len(b) {
			size = len(b)
		}
		if id == 0x0404 {
			t.readDataSets(b[:size])
		}
		b = b[min(size+size&1, len(b)):]
	}
}

func (t tags) readDataSets(b []byte) {
	for len(b) >= 5 && b[0] == 0x1c {
		record, set, size := b[1], b[2], int(binary.BigEndian.Uint16(b[3:]))
		b = b[5:]
		if size > len(b) { // also the extended form, of which no text has need
			return
		}
		if name := "iptc " + iptcNames[set]; record == 2 && wanted[name] {
			t.add(name, string(b[:size]))
		}
		b = b[size:]
	}
}
