package phototest

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"strings"
)

// The marks that a search for places in a served file must not find.
const (
	latitudeText  = "48,51.504N"
	longitudeText = "2,17.670E"
)

// GPSMarks returns byte strings of which a file made with Options.GPS holds some, and a file without a place none.
func GPSMarks() [][]byte {
	return [][]byte{[]byte(latitudeText), []byte(longitudeText), []byte("GPSLatitude"), []byte("phototest-gps")}
}

// ifd builds one directory of a little-endian TIFF.
type ifd struct{ entries []entry }

type entry struct {
	tag, kind uint16
	count     uint32
	data      []byte
	sub       *ifd // data is its offset
}

func (d *ifd) ascii(tag uint16, s string) {
	if s != "" {
		d.entries = append(d.entries, entry{tag: tag, kind: 2, count: uint32(len(s) + 1), data: append([]byte(s), 0)})
	}
}

func (d *ifd) short(tag, v uint16) {
	d.entries = append(d.entries, entry{tag: tag, kind: 3, count: 1, data: binary.LittleEndian.AppendUint16(nil, v)})
}

func (d *ifd) rationals(tag uint16, vs ...[2]uint32) {
	var b []byte
	for _, v := range vs {
		b = binary.LittleEndian.AppendUint32(b, v[0])
		b = binary.LittleEndian.AppendUint32(b, v[1])
	}
	d.entries = append(d.entries, entry{tag: tag, kind: 5, count: uint32(len(vs)), data: b})
}

func (d *ifd) undefined(tag uint16, b []byte) {
	d.entries = append(d.entries, entry{tag: tag, kind: 7, count: uint32(len(b)), data: b})
}

func (d *ifd) child(tag uint16, sub *ifd) {
	if len(sub.entries) > 0 {
		d.entries = append(d.entries, entry{tag: tag, kind: 4, count: 1, sub: sub})
	}
}

// write appends the directory and what belongs to it; the offset of the next one stays zero.
func (d *ifd) write(b []byte) []byte {
	start := len(b)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(d.entries)))
	b = append(b, make([]byte, 12*len(d.entries)+4)...)
	for i, e := range d.entries {
		at := start + 2 + 12*i
		binary.LittleEndian.PutUint16(b[at:], e.tag)
		binary.LittleEndian.PutUint16(b[at+2:], e.kind)
		binary.LittleEndian.PutUint32(b[at+4:], e.count)
		switch {
		case e.sub != nil:
			binary.LittleEndian.PutUint32(b[at+8:], uint32(len(b)))
			b = e.sub.write(b)
		case len(e.data) <= 4:
			copy(b[at+8:], e.data)
		default:
			binary.LittleEndian.PutUint32(b[at+8:], uint32(len(b)))
			b = append(b, e.data...)
			if len(b)%2 == 1 {
				b = append(b, 0)
			}
		}
	}
	return b
}

// exif returns a TIFF with what the options say, nil if that is nothing.
func (o Options) exif() []byte {
	var main, cam, gps ifd
	if !o.IPTC {
		main.ascii(0x010e, o.Caption)
	}
	main.ascii(0x010f, o.Make)
	main.ascii(0x0110, o.Model)
	if o.Orientation != 0 {
		main.short(0x0112, uint16(o.Orientation))
	}
	if !o.IPTC {
		main.ascii(0x013b, o.Creator)
		main.ascii(0x8298, o.Copyright)
	}
	if o.Exposure[1] != 0 {
		cam.rationals(0x829a, o.Exposure)
	}
	if o.FNumber[1] != 0 {
		cam.rationals(0x829d, o.FNumber)
	}
	if o.ISO != 0 {
		cam.short(0x8827, o.ISO)
	}
	cam.ascii(0x9003, o.TakenAt)
	cam.ascii(0x9004, o.Digitized)
	cam.ascii(0x9011, o.Offset)
	if o.FocalLength[1] != 0 {
		cam.rationals(0x920a, o.FocalLength)
	}
	cam.ascii(0xa434, o.Lens)
	main.child(0x8769, &cam)
	if o.GPS {
		gps.ascii(1, "N")
		gps.rationals(2, [2]uint32{48, 1}, [2]uint32{51, 1}, [2]uint32{30240, 1000})
		gps.ascii(3, "E")
		gps.rationals(4, [2]uint32{2, 1}, [2]uint32{17, 1}, [2]uint32{40200, 1000})
		gps.undefined(0x1b, []byte("ASCII\x00\x00\x00phototest-gps"))
		main.child(0x8825, &gps)
	}
	if len(main.entries) == 0 && !o.Thumbnail {
		return nil
	}
	b := main.write([]byte("II*\x00\x08\x00\x00\x00"))
	if o.Thumbnail {
		thumb := JPEG(Options{Width: 64, Height: 48})
		var next ifd
		next.short(0x0103, 6)
		next.entries = append(next.entries, entry{tag: 0x0201, kind: 4, count: 1, data: binary.LittleEndian.AppendUint32(nil, uint32(len(b)+2+3*12+4))},
			entry{tag: 0x0202, kind: 4, count: 1, data: binary.LittleEndian.AppendUint32(nil, uint32(len(thumb)))})
		binary.LittleEndian.PutUint32(b[8+2+12*len(main.entries):], uint32(len(b)))
		b = append(next.write(b), thumb...)
	}
	return b
}

// xmp returns a packet with the texts, nil if there is nothing to say.
func (o Options) xmp() []byte {
	if o.IPTC {
		o.Title, o.Caption, o.Keywords, o.Creator, o.Copyright = "", "", nil, "", ""
	}
	if o.Title+o.Caption+o.AltText+o.Creator+o.Copyright+o.Licence == "" && len(o.Keywords) == 0 && !o.GPS && o.XMPDate == "" {
		return nil
	}
	var b strings.Builder
	b.WriteString(`<?xpacket begin="` + "\ufeff" + `" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:cc="http://creativecommons.org/ns#"` +
		` xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"`)
	if o.XMPDate != "" {
		fmt.Fprintf(&b, ` xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:DateCreated="%s"`, o.XMPDate)
	}
	if o.GPS {
		b.WriteString(` exif:GPSLatitude="` + latitudeText + `" exif:GPSLongitude="` + longitudeText + `"`)
	}
	b.WriteString(">")
	list := func(tag, kind string, items ...string) {
		if len(items) == 0 || items[0] == "" {
			return
		}
		fmt.Fprintf(&b, "<%s><rdf:%s>", tag, kind)
		for _, s := range items {
			var e bytes.Buffer
			_ = xml.EscapeText(&e, []byte(s))
			lang := ""
			if kind == "Alt" {
				lang = ` xml:lang="x-default"`
			}
			fmt.Fprintf(&b, "<rdf:li%s>%s</rdf:li>", lang, e.String())
		}
		fmt.Fprintf(&b, "</rdf:%s></%s>", kind, tag)
	}
	list("dc:title", "Alt", o.Title)
	list("dc:description", "Alt", o.Caption)
	list("dc:subject", "Bag", o.Keywords...)
	list("dc:creator", "Seq", o.Creator)
	list("dc:rights", "Alt", o.Copyright)
	list("Iptc4xmpCore:AltTextAccessibility", "Alt", o.AltText)
	if o.Licence != "" {
		fmt.Fprintf(&b, `<cc:license rdf:resource="%s"/>`, o.Licence)
	}
	b.WriteString(`</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`)
	return []byte(b.String())
}

// iptc returns Photoshop's resource with the texts, nil if there is nothing to say.
func (o Options) iptc() []byte {
	if !o.IPTC && o.IPTCDate == "" {
		return nil
	}
	data := []byte("\x1c\x01\x5a\x00\x03\x1b%G") // UTF-8
	add := func(set byte, s string) {
		if s != "" {
			data = append(data, 0x1c, 2, set, byte(len(s)>>8), byte(len(s)))
			data = append(data, s...)
		}
	}
	add(55, o.IPTCDate)
	add(60, o.IPTCTime)
	if !o.IPTC {
		o.Title, o.Keywords, o.Creator, o.Copyright, o.Caption = "", nil, "", "", ""
	}
	add(5, o.Title)
	for _, k := range o.Keywords {
		add(25, k)
	}
	add(80, o.Creator)
	add(116, o.Copyright)
	add(120, o.Caption)
	b := []byte("Photoshop 3.0\x008BIM\x04\x04\x00\x00")
	b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
	b = append(b, data...)
	if len(data)%2 == 1 {
		b = append(b, 0)
	}
	return b
}
