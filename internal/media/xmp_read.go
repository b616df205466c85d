package media

import (
	"bytes"
	"encoding/xml"
	"strings"
)

const (
	// maxXMP bounds a packet of XMP. In a JPEG one has at most 64 kB.
	maxXMP = 256 << 10
	// xmpCost is how many bytes of memory the XML decoder takes for each byte of a packet at worst, which is one element
	// of nothing but short attributes.
	xmpCost = 40
	// maxXMPDepth ends the reading of a packet that nests as no program writes it.
	maxXMPDepth = 64
)

// readXMP takes the wanted properties out of a packet: as attributes, as texts, and as the items of lists.
func (t tags) readXMP(b []byte) {
	if len(b) > maxXMP {
		return
	}
	d := xml.NewDecoder(bytes.NewReader(b))
	d.Strict = false
	var path []string // local names
	var text strings.Builder
	keep := func(name, value string) {
		if value = strings.TrimSpace(value); value != "" && wanted["xmp "+name] {
			t.add("xmp "+name, value)
		}
	}
	property := func() string { // what the innermost text belongs to
		for i := len(path) - 1; i >= 0; i-- {
			switch path[i] {
			case "li", "Alt", "Seq", "Bag", "value", "Description":
			default:
				return xmpName(path[i])
			}
		}
		return ""
	}
	for {
		token, err := d.Token()
		if err != nil {
			return // the end, or what is no XML any more
		}
		switch e := token.(type) {
		case xml.StartElement:
			if len(path) >= maxXMPDepth {
				return
			}
			path = append(path, e.Name.Local)
			text.Reset()
			for _, a := range e.Attr {
				if e.Name.Local == "Description" {
					keep(xmpName(a.Name.Local), a.Value)
				} else if a.Name.Local == "resource" {
					keep(property(), a.Value)
				}
			}
		case xml.CharData:
			if text.Len()+len(e) <= maxEXIFText {
				text.Write(e)
			}
		case xml.EndElement:
			if len(path) == 0 {
				return
			}
			keep(property(), text.String())
			text.Reset()
			path = path[:len(path)-1]
		}
	}
}

// xmpName is the name under which a property is kept: its own, with a capital.
func xmpName(local string) string {
	if local == "" {
		return ""
	}
	return strings.ToUpper(local[:1]) + local[1:]
}
