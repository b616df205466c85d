package media

import (
	"bytes"
	"context"
	"errors"
	"image"
	"runtime"
	"testing"

	"tintype/internal/phototest"
)

// Files of a million tiny pieces: few of them are kept, and reading the header allocates in proportion to the file.
func TestManyTinyPieces(t *testing.T) {
	const pieces = 1_000_000
	o := phototest.Options{Width: 32, Height: 24}
	jpeg, png, gif, webp := phototest.JPEG(o), phototest.PNG(o), phototest.GIF(o, 1), phototest.WebP(o, 1)
	segment := func(marker byte, data string) []byte {
		return append([]byte{0xff, marker, byte((len(data) + 2) >> 8), byte(len(data) + 2)}, data...)
	}
	chunk := func(name, data string) []byte { return phototest.Chunk(name, []byte(data)) }
	riff := func(name, data string) []byte {
		return append([]byte{name[0], name[1], name[2], name[3], byte(len(data)), 0, 0, 0}, data...)
	}
	at := func(file []byte, n int, piece []byte) []byte {
		b := append(bytes.Clone(file[:n]), bytes.Repeat(piece, min(pieces, 40e6/len(piece)))...)
		return append(b, file[n:]...)
	}
	pngStart, pngEnd := 8+25, bytes.LastIndex(png, []byte("IEND"))-4
	gifStart := 13
	if gif[10]&0x80 != 0 {
		gifStart += 3 << (gif[10]&7 + 1)
	}
	for name, file := range map[string][]byte{
		"JPEG, EXIF":                at(jpeg, 2, segment(0xe1, "Exif\x00\x00")),
		"JPEG, EXIF of a byte":      at(jpeg, 2, segment(0xe1, "Exif\x00\x00I")),
		"JPEG, XMP":                 at(jpeg, 2, segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00")),
		"JPEG, XMP of a byte":       at(jpeg, 2, segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00<")),
		"JPEG, IPTC":                at(jpeg, 2, segment(0xed, "Photoshop 3.0\x008")),
		"JPEG, profile":             at(jpeg, 2, segment(0xe2, "ICC_PROFILE\x00\x01\x01a")),
		"JPEG, comments":            at(jpeg, 2, segment(0xfe, "")),
		"PNG, eXIf":                 at(png, pngStart, chunk("eXIf", "")),
		"PNG, eXIf of a byte":       at(png, pngStart, chunk("eXIf", "I")),
		"PNG, eXIf behind pixels":   at(png, pngEnd, chunk("eXIf", "I")),
		"PNG, profile":              at(png, pngStart, chunk("iCCP", "a\x00\x00z")),
		"PNG, XMP":                  at(png, pngStart, chunk("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00<")),
		"PNG, digits of EXIF":       at(png, pngStart, chunk("tEXt", "Raw profile type exif\x001")),
		"PNG, digits of IPTC":       at(png, pngStart, chunk("tEXt", "Raw profile type iptc\x001")),
		"PNG, days":                 at(png, pngStart, chunk("tEXt", "Creation Time\x002")),
		"PNG, gammas":               at(png, pngStart, chunk("gAMA", "\x00\x00\xb1\x8f")),
		"PNG, transparency":         at(png, pngStart, chunk("tRNS", "\x00\x00\x00\x00\x00\x00")),
		"PNG, pixels":               at(png, pngEnd, chunk("IDAT", "")),
		"GIF, XMP":                  at(gif, gifStart, append([]byte("\x21\xff\x0bXMP DataXMP\x02ab\xff"), make([]byte, 256)...)),
		"GIF, controls":             at(gif, gifStart, []byte("\x21\xf9\x04\x00\x00\x00\x00\x00")),
		"GIF, comments":             at(gif, gifStart, []byte("\x21\xfe\x01a\x00")),
		"GIF, blocks without bytes": at(gif, gifStart, []byte{0}),
		"WebP, EXIF":                append(bytes.Clone(webp), bytes.Repeat(riff("EXIF", "II"), pieces)...),
		"WebP, XMP":                 append(bytes.Clone(webp), bytes.Repeat(riff("XMP ", "<>"), pieces)...),
		"WebP, profile":             append(bytes.Clone(webp), bytes.Repeat(riff("ICCP", "ab"), pieces)...),
		"WebP, alpha":               at(webp, 12, riff("ALPH", "\x00\x00")),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		h, err := Inspect(t.Context(), bytes.NewReader(file))
		runtime.ReadMemStats(&after)
		var refused *Refused
		if err != nil && !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
		}
		s := h.spans
		if len(s.exif) > maxCopies || len(s.xmp) > maxCopies || len(s.iptc) > maxParts || len(s.icc) > maxParts {
			t.Errorf("%s: %d EXIF, %d XMP, %d IPTC, %d profiles are kept", name, len(s.exif), len(s.xmp), len(s.iptc), len(s.icc))
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 8*uint64(len(file))+1<<20 {
			t.Errorf("%s: %d bytes are allocated for a file of %d", name, n, len(file))
		}
	}
}

// Reading a header ends with its context.
func TestInspectEndsWithItsContext(t *testing.T) {
	png := phototest.PNG(phototest.Options{Width: 32, Height: 24})
	file := phototest.Splice(png, bytes.Repeat(phototest.Chunk("tEXt", []byte("a\x00b")), 100_000))
	ctx, cancel := context.WithCancel(t.Context())
	r := &cancelling{Reader: bytes.NewReader(file), cancel: cancel}
	if _, err := Inspect(ctx, r); !errors.Is(err, context.Canceled) || r.reads > 10 {
		t.Errorf("%d reads, then %v", r.reads, err)
	}
}

// cancelling ends a context at its fifth read.
type cancelling struct {
	*bytes.Reader
	reads  int
	cancel context.CancelFunc
}

func (c *cancelling) Read(p []byte) (int, error) {
	if c.reads++; c.reads == 5 {
		c.cancel()
	}
	return c.Reader.Read(p)
}

// A JPEG that the decoder turns into pixels of RGB is charged for them, however the file says so.
func TestRGBIsCharged(t *testing.T) {
	plain := phototest.JPEG(phototest.Options{Width: 400, Height: 300, RGB: true})
	adobe := []byte("\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00")
	jfif := []byte("\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")
	i := bytes.Index(plain, adobe[:9])
	if i < 0 {
		t.Fatal("no segment of Adobe's")
	}
	bare := append(bytes.Clone(plain[:i]), plain[i+int(plain[i+3])+2:]...)
	if bytes.Contains(bare, []byte("JFIF")) {
		t.Fatal("there is a segment of JFIF")
	}
	named := bytes.Clone(bare)
	sof := bytes.Index(named, []byte{0xff, 0xc0})
	sos := bytes.Index(named, []byte{0xff, 0xda})
	for k, c := range []byte("RGB") {
		named[sof+10+3*k], named[sos+5+2*k] = c, c
	}
	after := func(file []byte, segs ...[]byte) []byte {
		return append(append(bytes.Clone(file[:2]), bytes.Join(segs, nil)...), file[2:]...)
	}
	behind := append(bytes.Clone(bare[:len(bare)-2]), append(bytes.Clone(adobe), 0xff, 0xd9)...)
	for name, c := range map[string]struct {
		file []byte
		rgb  bool
	}{
		"Adobe":                    {plain, true},
		"named":                    {named, true},
		"named, and JFIF":          {after(named, jfif), false},
		"named, Adobe not":         {after(named, append(bytes.Clone(adobe[:15]), 1)), true},
		"Adobe, and JFIF":          {after(plain, jfif), false},
		"neither":                  {bare, false},
		"Adobe, then another's":    {after(bare, adobe, []byte("\xff\xee\x00\x0eother\x00\x64\x00\x00\x00\x00\x01")), true},
		"Adobe behind the picture": {behind, false},
	} {
		h, err := Inspect(t.Context(), bytes.NewReader(c.file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if (h.kind == kindRGB) != c.rgb {
			t.Errorf("%s: RGB is %v, want %v", name, h.kind == kindRGB, c.rgb)
		}
		j := &job{p: NewProcessor(Options{}), head: h}
		m, err := j.image(bytes.NewReader(c.file), &tracked{r: bytes.NewReader(c.file)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, rgb := m.(*image.RGBA); rgb != c.rgb {
			t.Errorf("%s: decodes as %T", name, m)
		}
	}
}
