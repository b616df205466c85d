package media

import (
	"bytes"
	"image/jpeg"
	"io"
	"math"
	"testing"

	"tintype/internal/phototest"
)

// A CMYK photo goes through its profile: phototest's colours, taken for ink of the test's device, are what the profile
// says of that ink. One without a profile is reckoned by the plain formula.
func TestCMYKGoesThroughItsProfile(t *testing.T) {
	icc := tableKinds["cmyk-mft2-lab"].profile()
	seg := append([]byte("ICC_PROFILE\x00\x01\x01"), icc...)
	plain := phototest.JPEG(phototest.Options{Width: 64, Height: 64, CMYK: true, Quality: 98})
	if len(seg) > 65000 {
		t.Fatal("the profile does not fit one segment")
	}
	file := append(append([]byte{0xff, 0xd8, 0xff, 0xe2, byte((len(seg) + 2) >> 8), byte(len(seg) + 2)}, seg...), plain[2:]...)
	var got []byte
	_, err := NewProcessor(Options{}).Process(t.Context(), bytes.NewReader(file), Focus{}, func(v Variant, r io.Reader) (err error) {
		if v.Name == "64" {
			got, err = io.ReadAll(r)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := jpeg.Decode(bytes.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	p, err := parseProfile(icc)
	if err != nil {
		t.Fatal(err)
	}
	// The upper left corner is (200, 40, 40): by the plain formula no cyan, 80 % magenta and yellow, 22 % black.
	wr, wg, wb := newCube(p.table).convert([4]uint8{0, 204, 204, 55})
	r, g, b, _ := m.At(6, 6).RGBA()
	for i, d := range [3]int{int(r>>8) - int(wr), int(g>>8) - int(wg), int(b>>8) - int(wb)} {
		if d < -8 || d > 8 {
			t.Errorf("channel %d: %d %d %d, want %d %d %d", i, r>>8, g>>8, b>>8, wr, wg, wb)
			break
		}
	}
	if r>>8 == 200 {
		t.Error("the profile was not looked at")
	}
}

// Photos of RGB and gray go through profiles with tables, in files of both formats, and through Process.
func TestTablesOfFiles(t *testing.T) {
	rgb, gray := phototest.Options{Width: 64, Height: 64, Quality: 98}, phototest.Options{Width: 64, Height: 64, Quality: 98, Gray: true}
	jpegOf := func(o phototest.Options, icc []byte) []byte {
		seg := append([]byte("ICC_PROFILE\x00\x01\x01"), icc...)
		if len(seg) > 65000 {
			t.Fatal("the profile does not fit one segment")
		}
		return append(append([]byte{0xff, 0xd8, 0xff, 0xe2, byte((len(seg) + 2) >> 8), byte(len(seg) + 2)}, seg...), phototest.JPEG(o)[2:]...)
	}
	iccp := func(file, icc []byte) []byte {
		return phototest.Splice(file, phototest.Chunk("iCCP", append([]byte("profile\x00\x00"), phototest.Deflate(icc)...)))
	}
	pngOf := func(o phototest.Options, icc []byte) []byte { return iccp(phototest.PNG(o), icc) }
	grayAlpha := func(_ phototest.Options, icc []byte) []byte { return iccp(grayWithAlpha(88), icc) }
	for _, c := range []struct {
		kind string
		o    phototest.Options
		file func(phototest.Options, []byte) []byte
	}{
		{"rgb-mft1-lab", rgb, jpegOf}, {"rgb-mab-lab", rgb, jpegOf}, {"rgb-mft2-lab", rgb, pngOf}, {"rgb-mft2-xyz", rgb, pngOf},
		{"gray-mft2-lab", gray, jpegOf}, {"gray-mab-xyz", gray, jpegOf}, {"gray-mft2-lab", gray, pngOf}, {"gray-mab-xyz", gray, grayAlpha},
	} {
		icc := tableKinds[c.kind].profile()
		p, err := parseProfile(icc)
		if err != nil {
			t.Fatal(err)
		}
		// The upper left corner is (200, 40, 40), which is 88 in gray.
		var want [3]uint8
		if p.gray {
			v := uint8(math.Round(255 * encodeSRGB(p.curve[0](88.0/255))))
			want = [3]uint8{v, v, v}
		} else {
			want[0], want[1], want[2] = newCube(p.table).convert([4]uint8{200, 40, 40})
		}
		var got []byte
		if _, err := NewProcessor(Options{}).Process(t.Context(), bytes.NewReader(c.file(c.o, icc)), Focus{}, func(v Variant, r io.Reader) (err error) {
			if v.Name == "64" {
				got, err = io.ReadAll(r)
			}
			return err
		}); err != nil {
			t.Fatal(c.kind, err)
		}
		m, err := jpeg.Decode(bytes.NewReader(got))
		if err != nil {
			t.Fatal(err)
		}
		r, g, b, _ := m.At(6, 6).RGBA()
		have := [3]uint8{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}
		for i := range have {
			if d := int(have[i]) - int(want[i]); d < -8 || d > 8 {
				t.Errorf("%s: %v, want %v", c.kind, have, want)
				break
			}
		}
		if plain := map[bool][3]uint8{false: {200, 40, 40}, true: {88, 88, 88}}[p.gray]; far(plain, want) < 12 {
			t.Errorf("%s: the profile makes nothing else of the colour: %v", c.kind, want)
		}
	}
}

func far(a, b [3]uint8) (most int) {
	for i := range a {
		most = max(most, int(a[i])-int(b[i]), int(b[i])-int(a[i]))
	}
	return most
}

// grayWithAlpha is a PNG of one gray, of the kind with alpha, which the standard encoder does not write.
func grayWithAlpha(v uint8) []byte {
	const side = 64
	var rows []byte
	for range side {
		rows = append(rows, 0)
		rows = append(rows, bytes.Repeat([]byte{v, 255}, side)...)
	}
	b := append([]byte("\x89PNG\r\n\x1a\n"), phototest.Chunk("IHDR", []byte{0, 0, 0, side, 0, 0, 0, side, 8, 4, 0, 0, 0})...)
	return append(append(b, phototest.Chunk("IDAT", phototest.Deflate(rows))...), phototest.Chunk("IEND", nil)...)
}
