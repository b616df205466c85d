package media_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"image/color"
	"testing"

	"tintype/internal/media"
	"tintype/internal/phototest"
)

func TestDisplayP3Stays(t *testing.T) {
	if testing.Short() {
		t.Skip("much work in one goroutine")
	}
	for name, file := range map[string][]byte{
		"jpeg": phototest.JPEG(phototest.Options{Profile: "p3", Width: 660, Height: 300}),
		"png":  phototest.PNG(phototest.Options{Profile: "p3", Width: 660, Height: 300}),
		"webp": phototest.WebP(phototest.Options{Profile: "p3", Width: 660, Height: 300}, 1),
		"cicp": phototest.Splice(phototest.PNG(phototest.Options{Width: 660, Height: 300}), phototest.Chunk("cICP", []byte{12, 13, 0, 1})),
	} {
		m := process(t, file, media.Focus{})
		m.check(t)
		if m.Profile != "p3" {
			t.Errorf("%s became %s", name, m.Profile)
		}
		for _, v := range m.Variants {
			b := m.files[v.Name]
			i := bytes.Index(b, []byte("ICC_PROFILE\x00"))
			if i < 0 || i > 1000 {
				t.Fatalf("%s, %s: the profile is at %d", name, v.Name, i)
			}
			if again := process(t, b, media.Focus{}); again.Profile != "p3" {
				t.Errorf("%s, %s: read again it is %s", name, v.Name, again.Profile)
			}
		}
		near(t, m.image(t, "660"), 60, 40, color.NRGBA{200, 40, 40, 255}, 5) // not converted
	}
}

// References: the definitions of both spaces, computed apart from this code.
func TestAdobeRGBBecomesSRGB(t *testing.T) {
	for name, file := range map[string][]byte{
		"jpeg":        phototest.JPEG(phototest.Options{Profile: "adobe", Quality: 98}),
		"full chroma": phototest.JPEG(phototest.Options{Profile: "adobe", Quality: 98, Full: true}),
		"png":         phototest.PNG(phototest.Options{Profile: "adobe"}),
	} {
		m := process(t, file, media.Focus{})
		m.check(t)
		if m.Profile != "srgb" || bytes.Contains(m.files["640"], []byte("ICC_PROFILE")) {
			t.Errorf("%s became %s", name, m.Profile)
		}
		pic := m.image(t, "640")
		near(t, pic, 80, 60, color.NRGBA{233, 35, 35, 255}, 5)
		near(t, pic, 560, 60, color.NRGBA{0, 162, 47, 255}, 5)
		near(t, pic, 80, 420, color.NRGBA{21, 57, 205, 255}, 5)
		near(t, pic, 560, 420, color.NRGBA{233, 206, 0, 255}, 5)
	}
}

// A PNG's gAMA and cHRM count as in Chromium: a gamma alone is relative to 2.2, one with primaries is a space, and primaries
// alone are nothing. What names a space goes before. References: the definitions, computed apart from this code.
func TestPNGGammaAndPrimaries(t *testing.T) {
	number := func(vs ...uint32) (b []byte) {
		for _, v := range vs {
			b = binary.BigEndian.AppendUint32(b, v)
		}
		return b
	}
	gamma := func(v uint32) []byte { return phototest.Chunk("gAMA", number(v)) }
	primaries := func(rx, ry, gx, gy, bx, by uint32) []byte {
		return phototest.Chunk("cHRM", number(31270, 32900, rx, ry, gx, gy, bx, by))
	}
	srgb, adobe := primaries(64000, 33000, 30000, 60000, 15000, 6000), primaries(64000, 33000, 21000, 71000, 15000, 6000)
	join := func(list ...[]byte) []byte { return bytes.Join(list, nil) }
	red := color.NRGBA{200, 40, 40, 255}
	// The picture's corner is (200, 40, 40).
	for name, c := range map[string]struct {
		chunks []byte
		want   color.NRGBA
	}{
		"nothing":                {nil, red},
		"the usual":              {gamma(45455), red},
		"the usual, sRGB's":      {join(gamma(45455), srgb), red},
		"the usual, and near":    {gamma(45000), red},
		"primaries alone":        {adobe, red},
		"linear":                 {gamma(100000), color.NRGBA{228, 110, 110, 255}},
		"1.8":                    {gamma(55556), color.NRGBA{209, 56, 56, 255}},
		"linear, sRGB's":         {join(srgb, gamma(100000)), color.NRGBA{228, 110, 110, 255}},
		"Adobe RGB":              {join(gamma(45470), adobe), color.NRGBA{233, 35, 35, 255}},
		"named sRGB":             {join(phototest.Chunk("sRGB", []byte{0}), gamma(100000), adobe), red},
		"named by cICP":          {join(phototest.Chunk("cICP", []byte{1, 13, 0, 1}), gamma(100000)), red},
		"a gamma of nothing":     {gamma(0), red},
		"a gamma of too much":    {gamma(4_000_000_000), red},
		"primaries of one point": {join(gamma(45455), primaries(30000, 30000, 30000, 30000, 30000, 30000)), red},
		"primaries of nothing":   {join(gamma(45455), primaries(0, 0, 0, 0, 0, 0)), red},
		"twice":                  {join(gamma(45455), gamma(100000)), red},
	} {
		t.Log(name)
		m := process(t, phototest.Splice(phototest.PNG(phototest.Options{}), c.chunks), media.Focus{})
		if m.Profile != "srgb" {
			t.Errorf("%s became %s", name, m.Profile)
		}
		near(t, m.image(t, "640"), 80, 60, c.want, 5)
	}
	gray := process(t, phototest.Splice(phototest.PNG(phototest.Options{Gray: true}), gamma(100000)), media.Focus{})
	near(t, gray.image(t, "640"), 80, 60, color.NRGBA{157, 157, 157, 255}, 5)
}

func TestSRGBStays(t *testing.T) {
	for _, profile := range []string{"", "srgb"} {
		m := process(t, phototest.JPEG(phototest.Options{Profile: profile, Quality: 98}), media.Focus{})
		if m.Profile != "srgb" || bytes.Contains(m.files["640"], []byte("ICC_PROFILE")) {
			t.Errorf("%q became %s", profile, m.Profile)
		}
		near(t, m.image(t, "640"), 80, 60, color.NRGBA{200, 40, 40, 255}, 4)
	}
}

// A profile that is damaged is none.
func TestDamagedProfile(t *testing.T) {
	for _, icc := range [][]byte{{}, []byte("short"), make([]byte, 3000)} {
		seg := append([]byte("ICC_PROFILE\x00\x01\x01"), icc...)
		file := phototest.JPEG(phototest.Options{})
		head := append([]byte{0xff, 0xd8, 0xff, 0xe2, byte((len(seg) + 2) >> 8), byte(len(seg) + 2)}, seg...)
		m := process(t, append(head, file[2:]...), media.Focus{})
		m.check(t)
	}
}

// Lossy WebP keeps luma from 16 to 235; taken for full range it looks washed out.
func TestWebPRange(t *testing.T) {
	vp8 := func(h string) []byte {
		b, err := hex.DecodeString(h)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	chunk := func(name string, data []byte) []byte {
		b := append([]byte(name), byte(len(data)), byte(len(data)>>8), 0, 0)
		return append(append(b, data...), make([]byte, len(data)%2)...)
	}
	const red = "1002009d012a1000100000c01225a00274ba01f801f88003c800fef7592ffe8c2143f6fc2d7ffbf75fe02ffefdd7ff7e74000000"
	halves := process(t, chunk("RIFF", append([]byte("WEBP"), chunk("VP8 ", vp8("5001009d012a1000100000c01225a40004740000fe783fffff2440000000"))...)), media.Focus{})
	near(t, halves.image(t, "16"), 8, 2, color.NRGBA{250, 250, 250, 255}, 4)
	near(t, halves.image(t, "16"), 8, 13, color.NRGBA{5, 5, 5, 255}, 4)
	solid := process(t, chunk("RIFF", append([]byte("WEBP"), chunk("VP8 ", vp8(red))...)), media.Focus{})
	near(t, solid.image(t, "16"), 8, 8, color.NRGBA{220, 30, 40, 255}, 6)

	// The right half is transparent, alone and as the first frame of an animation.
	alpha := append(chunk("ALPH", vp8("010f30ff1111422c98cc5fba3b8388fe472e")), chunk("VP8 ", vp8(red))...)
	still := append(chunk("VP8X", []byte{0x10, 0, 0, 0, 15, 0, 0, 15, 0, 0}), alpha...)
	frame := chunk("ANMF", append([]byte{0, 0, 0, 0, 0, 0, 15, 0, 0, 15, 0, 0, 100, 0, 0, 0}, alpha...))
	moving := append(chunk("VP8X", []byte{0x12, 0, 0, 0, 15, 0, 0, 15, 0, 0}), append(chunk("ANIM", make([]byte, 6)), frame...)...)
	for i, body := range [][]byte{still, moving} {
		m := process(t, chunk("RIFF", append([]byte("WEBP"), body...)), media.Focus{})
		near(t, m.image(t, "16"), 3, 8, color.NRGBA{220, 30, 40, 255}, 12)
		near(t, m.image(t, "16"), 13, 8, color.NRGBA{255, 255, 255, 255}, 10)
		if m.Animated != (i == 1) {
			t.Errorf("animated: %v", m.Animated)
		}
	}
}
