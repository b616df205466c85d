package media

import (
	"bytes"
	"encoding/xml"
	"strings"
)

// xmpPacket writes the only metadata that a variant carries: who made the photo, whose it is, and under which licence.
// It is nil if nothing is known.
func xmpPacket(m Meta) []byte {
	if m.Creator == "" && m.Copyright == "" && m.Licence == "" {
		return nil
	}
	var b bytes.Buffer
	b.WriteString(`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""` +
		` xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/" xmlns:cc="http://creativecommons.org/ns#">`)
	text := func(open, value, end string) {
		if value == "" {
			return
		}
		b.WriteString(open)
		_ = xml.EscapeText(&b, []byte(value)) // a bytes.Buffer takes everything
		b.WriteString(end)
	}
	const alt, altEnd = `<rdf:Alt><rdf:li xml:lang="x-default">`, `</rdf:li></rdf:Alt>`
	text(`<dc:creator><rdf:Seq><rdf:li>`, m.Creator, `</rdf:li></rdf:Seq></dc:creator>`)
	text(`<dc:rights>`+alt, m.Copyright, altEnd+`</dc:rights>`)
	if strings.HasPrefix(m.Licence, "http://") || strings.HasPrefix(m.Licence, "https://") {
		text(`<xmpRights:WebStatement>`, m.Licence, `</xmpRights:WebStatement>`)
		text(`<cc:license rdf:resource="`, m.Licence, `"/>`)
	} else {
		text(`<xmpRights:UsageTerms>`+alt, m.Licence, altEnd+`</xmpRights:UsageTerms>`)
	}
	b.WriteString(`</rdf:Description></rdf:RDF></x:xmpmeta>`)
	return b.Bytes()
}
