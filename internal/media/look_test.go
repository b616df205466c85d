package media_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/image/draw"

	"tintype/internal/media"
)

// scene is a picture of twelve soft patches, which each seed places otherwise.
func scene(seed uint64, w, h int) *image.NRGBA {
	r := rand.New(rand.NewPCG(seed, 1))
	type patch struct{ x, y, size, r, g, b float64 }
	patches := make([]patch, 12)
	for i := range patches {
		patches[i] = patch{r.Float64(), r.Float64(), 0.05 + 0.2*r.Float64(), 400*r.Float64() - 200, 400*r.Float64() - 200, 400*r.Float64() - 200}
	}
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			red, green, blue := 120.0, 120.0, 120.0
			for _, p := range patches {
				dx, dy := float64(x)/float64(w)-p.x, float64(y)/float64(h)-p.y
				near := math.Exp(-(dx*dx + dy*dy) / (p.size * p.size))
				red, green, blue = red+near*p.r, green+near*p.g, blue+near*p.b
			}
			level := func(v float64) uint8 { return uint8(min(max(v, 0), 255)) }
			m.SetNRGBA(x, y, color.NRGBA{level(red), level(green), level(blue), 255})
		}
	}
	return m
}

func asJPEG(t testing.TB, m image.Image, quality int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// cut is the part of a picture without so many hundredths at each side, in a size.
func cut(m *image.NRGBA, hundredths, w, h int) image.Image {
	b := m.Bounds()
	dx, dy := b.Dx()*hundredths/100, b.Dy()*hundredths/100
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(out, out.Bounds(), m, image.Rect(dx, dy, b.Dx()-dx, b.Dy()-dy), draw.Src, nil)
	return out
}

// lighter is a picture with more light, or less, and no colours where gray is set.
func lighter(m *image.NRGBA, by int, gray bool) image.Image {
	out := image.NewNRGBA(m.Bounds())
	for i, v := range m.Pix {
		if gray && i%4 != 3 {
			o := i - i%4
			v, _, _ = color.RGBToYCbCr(m.Pix[o], m.Pix[o+1], m.Pix[o+2])
		}
		if out.Pix[i] = uint8(min(max(int(v)+by, 0), 255)); i%4 == 3 {
			out.Pix[i] = v
		}
	}
	return out
}

func lookOf(t testing.TB, file []byte) media.Look {
	t.Helper()
	look, ok, err := media.LookOf(bytes.NewReader(file))
	if err != nil || !ok {
		t.Fatalf("%v %v", ok, err)
	}
	return look
}

// What shows the same looks alike: in another size, compression, light or without colours, a little cut. What shows something
// else does not.
func TestLooks(t *testing.T) {
	const scenes = 24
	var looks []media.Look
	for seed := range uint64(scenes) {
		m := scene(seed, 240, 180)
		look := lookOf(t, asJPEG(t, m, 90))
		for name, again := range map[string][]byte{
			"smaller": asJPEG(t, cut(m, 0, 120, 90), 82), "larger": asJPEG(t, cut(m, 0, 480, 360), 90), "of low quality": asJPEG(t, m, 15),
			"lighter": asJPEG(t, lighter(m, 15, false), 90), "darker": asJPEG(t, lighter(m, -15, false), 90), "gray": asJPEG(t, lighter(m, 0, true), 90),
			"a little cut": asJPEG(t, cut(m, 1, 240, 180), 90), "of another shape": asJPEG(t, cut(m, 0, 240, 210), 90),
		} {
			if got := lookOf(t, again); !got.Like(look) || !look.Like(got) {
				t.Errorf("scene %d, %s: %v is not like %v", seed, name, got, look)
			}
		}
		for other, l := range looks {
			if l.Like(look) {
				t.Errorf("scene %d looks like %d: %v, %v", seed, other, look, l)
			}
		}
		if back, ok := media.ParseLook(look.String()); !ok || back != look {
			t.Errorf("%v was read as %v", look, back)
		}
		looks = append(looks, look)
	}
	for _, text := range []string{"", "123456789abcdef", "123456789abcdef01", "123456789abcdeg0", "+123456789abcdef"} {
		if l, ok := media.ParseLook(text); ok {
			t.Errorf("%q was read as %v", text, l)
		}
	}
}

// A picture that shows nothing is known by nothing: one blank wall would be like any other. A file that is not a picture gives no error either.
func TestNoLook(t *testing.T) {
	flat := func(v uint8, noise int) image.Image {
		r := rand.New(rand.NewPCG(1, 2))
		m := image.NewGray(image.Rect(0, 0, 320, 240))
		for i := range m.Pix {
			m.Pix[i] = v + uint8(r.IntN(noise+1))
		}
		return m
	}
	for name, file := range map[string][]byte{
		"black": asJPEG(t, flat(0, 0), 90), "white": asJPEG(t, flat(255, 0), 90), "a wall": asJPEG(t, flat(130, 8), 90),
		"no picture": []byte("file"), "nothing": nil, "half a picture": asJPEG(t, scene(1, 320, 240), 90)[:600],
	} {
		if look, ok, err := media.LookOf(bytes.NewReader(file)); ok || err != nil {
			t.Errorf("%s: %v %v %v", name, look, ok, err)
		}
	}
}

// TestLooksOfPhotographs takes those of PHOTOS_DIR: one photograph in all orientations is one, and the others are others.
func TestLooksOfPhotographs(t *testing.T) {
	dir := os.Getenv("PHOTOS_DIR")
	if dir == "" {
		t.Skip("PHOTOS_DIR is not set")
	}
	looks := map[string]media.Look{}
	for _, name := range []string{"Landscape_1.jpg", "Landscape_6.jpg", "Portrait_1.jpg", "Portrait_8.jpg", "iphone-4s.jpg", "iphone-6-plus.jpg", "nikon-d3100.jpg", "samsung-s7-edge.jpg", "xperia-z2.jpg", "screenshot.png"} {
		file, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		made := process(t, file, media.Focus{})
		small := lookOf(t, made.files["320"])
		if large := lookOf(t, made.files[made.Variants[0].Name]); !large.Like(small) {
			t.Errorf("%s: %v large, %v small", name, large, small)
		}
		looks[name] = small
	}
	same := map[string]string{"Landscape_1.jpg": "Landscape_6.jpg", "Portrait_1.jpg": "Portrait_8.jpg"}
	for a, l := range looks {
		for b, m := range looks {
			if want := a == b || same[a] == b || same[b] == a; l.Like(m) != want {
				t.Errorf("%s and %s look alike: %v, want %v (%v, %v)", a, b, !want, want, l, m)
			}
		}
	}
}
