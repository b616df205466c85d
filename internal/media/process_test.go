package media_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"slices"
	"strings"
	"testing"

	"tintype/internal/media"
	"tintype/internal/phototest"
)

// made is what Process made of one file.
type made struct {
	media.Result
	files map[string][]byte
}

func collect(t testing.TB, files map[string][]byte) func(media.Variant, io.Reader) error {
	return func(v media.Variant, r io.Reader) error {
		b, err := io.ReadAll(r)
		if err == nil && int64(len(b)) != v.Bytes {
			t.Errorf("%s: %d bytes, said to be %d", v.Name, len(b), v.Bytes)
		}
		files[v.Name] = b
		return err
	}
}

func process(t testing.TB, file []byte, focus media.Focus) made {
	t.Helper()
	m := made{files: map[string][]byte{}}
	var err error
	m.Result, err = media.NewProcessor(media.Options{}).Process(t.Context(), bytes.NewReader(file), focus, collect(t, m.files))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (m made) image(t testing.TB, name string) image.Image {
	t.Helper()
	pic, err := jpeg.Decode(bytes.NewReader(m.files[name]))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return pic
}

// check tests what holds for every photo of this package: upright, of the sizes it says, without a trace of a place.
func (m made) check(t testing.TB) {
	t.Helper()
	for _, v := range m.Variants {
		pic := m.image(t, v.Name)
		if got := pic.Bounds().Size(); got != image.Pt(v.Width, v.Height) {
			t.Errorf("%s is %v, said to be %d×%d", v.Name, got, v.Width, v.Height)
		}
		if v.Name != media.SquareName {
			if v.Name != fmt.Sprint(v.Width) {
				t.Errorf("%s is %d wide", v.Name, v.Width)
			}
			if d := float64(v.Width)*float64(m.Height)/float64(m.Width) - float64(v.Height); v.Height > 1 && (d > 0.51 || d < -0.51) {
				t.Errorf("%s is %d×%d, the photo %d×%d", v.Name, v.Width, v.Height, m.Width, m.Height)
			}
			if err := phototest.Upright(pic); err != nil {
				t.Errorf("%s: %v", v.Name, err)
			}
		}
		for _, mark := range append(phototest.GPSMarks(), []byte("Exif")) {
			if bytes.Contains(m.files[v.Name], mark) {
				t.Errorf("%s holds %q", v.Name, mark)
			}
		}
	}
	if len(m.files) != len(m.Variants) {
		t.Errorf("%d files for %d variants", len(m.files), len(m.Variants))
	}
}

func names(vs []media.Variant) (list []string) {
	for _, v := range vs {
		list = append(list, v.Name)
	}
	return list
}

func TestOrientations(t *testing.T) {
	for o := 0; o <= 8; o++ {
		opt := phototest.Options{Width: 341, Height: 247, Orientation: o, GPS: true, Thumbnail: true, Make: "Tin", Model: "Type"}
		for name, file := range map[string][]byte{"jpeg": phototest.JPEG(opt), "png": phototest.PNG(opt), "webp": phototest.WebP(opt, 1)} {
			t.Run(fmt.Sprint(name, o), func(t *testing.T) {
				m := process(t, file, media.Focus{})
				if m.Width != 341 || m.Height != 247 {
					t.Errorf("upright size %d×%d", m.Width, m.Height)
				}
				if got := names(m.Variants); !slices.Equal(got, []string{"341", "320", "square"}) {
					t.Errorf("variants %v", got)
				}
				m.check(t)
			})
		}
	}
}

// Sizes at which a photo is halved first, on both axes, with the odd sizes where a half sample is left over.
func TestLargeOrientations(t *testing.T) {
	if testing.Short() {
		t.Skip("much work in one goroutine")
	}
	for _, opt := range []phototest.Options{
		{Width: 5633, Height: 301, Orientation: 1},
		{Width: 5635, Height: 303, Orientation: 6},
		{Width: 11301, Height: 299, Orientation: 8},
		{Width: 2600, Height: 201, Orientation: 7},
		{Width: 301, Height: 4001, Orientation: 5},
	} {
		files := map[string][]byte{"jpeg": phototest.JPEG(opt)}
		if opt.Orientation == 6 {
			files["png"] = phototest.PNG(opt)
			opt.Gray = true
			files["gray"] = phototest.PNG(opt)
		}
		for name, file := range files {
			m := process(t, file, media.Focus{})
			if m.Width != opt.Width || m.Height != opt.Height {
				t.Errorf("%s %+v: upright size %d×%d", name, opt, m.Width, m.Height)
			}
			if m.Variants[0].Width != min(2560, opt.Width) {
				t.Errorf("the largest variant is %d wide", m.Variants[0].Width)
			}
			m.check(t)
		}
	}
}

func TestWidths(t *testing.T) {
	for width, want := range map[int]string{
		1: "1 square", 319: "319 square", 320: "320 square", 321: "321 320 square", 1280: "1280 960 640 320 square",
		2559: "2559 1920 1280 960 640 320 square", 2560: "2560 1920 1280 960 640 320 square", 2561: "2560 1920 1280 960 640 320 square",
	} {
		file := phototest.JPEG(phototest.Options{Width: width, Height: 40})
		m := process(t, file, media.Focus{})
		if got := strings.Join(names(m.Variants), " "); got != want {
			t.Errorf("%d wide: %s, want %s", width, got, want)
		}
		sq := m.Variants[len(m.Variants)-1]
		if side := min(width, 40); sq.Width != side && m.Variants[0].Height >= side || sq.Width != sq.Height {
			t.Errorf("%d wide: the square is %d×%d", width, sq.Width, sq.Height)
		}
	}
}

func TestKinds(t *testing.T) {
	opt := phototest.Options{Width: 340, Height: 257}
	with := func(f func(o *phototest.Options)) phototest.Options {
		o := opt
		f(&o)
		return o
	}
	for _, c := range []struct {
		name     string
		file     []byte
		format   media.Format
		animated bool
	}{
		{"plain", phototest.JPEG(opt), media.JPEG, false},
		{"full chroma", phototest.JPEG(with(func(o *phototest.Options) { o.Full = true })), media.JPEG, false},
		{"progressive", phototest.JPEG(with(func(o *phototest.Options) { o.Progressive = true })), media.JPEG, false},
		{"gray", phototest.JPEG(with(func(o *phototest.Options) { o.Gray = true })), media.JPEG, false},
		{"gray progressive", phototest.JPEG(with(func(o *phototest.Options) { o.Gray, o.Progressive = true, true })), media.JPEG, false},
		{"cmyk", phototest.JPEG(with(func(o *phototest.Options) { o.CMYK = true })), media.JPEG, false},
		{"ycck", phototest.JPEG(with(func(o *phototest.Options) { o.YCCK = true })), media.JPEG, false},
		{"rgb", phototest.JPEG(with(func(o *phototest.Options) { o.RGB = true })), media.JPEG, false},
		{"png", phototest.PNG(opt), media.PNG, false},
		{"png of 16 bits", phototest.PNG(with(func(o *phototest.Options) { o.Deep = true })), media.PNG, false},
		{"png gray", phototest.PNG(with(func(o *phototest.Options) { o.Gray = true })), media.PNG, false},
		{"png gray of 16 bits", phototest.PNG(with(func(o *phototest.Options) { o.Gray, o.Deep = true, true })), media.PNG, false},
		{"gif", phototest.GIF(opt, 1), media.GIF, false},
		{"moving gif", phototest.GIF(opt, 3), media.GIF, true},
		{"webp", phototest.WebP(opt, 1), media.WebP, false},
		{"moving webp", phototest.WebP(opt, 3), media.WebP, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := process(t, c.file, media.Focus{})
			m.check(t)
			if m.Format != c.format || m.Animated != c.animated || m.Profile != "srgb" || m.Width != 340 || m.Height != 257 {
				t.Errorf("%s, animated %v, %s, %d×%d", m.Format, m.Animated, m.Profile, m.Width, m.Height)
			}
			if _, gray := m.image(t, "320").(*image.Gray); gray != strings.Contains(c.name, "gray") {
				t.Errorf("gray: %v", gray)
			}
			tolerance := 12
			if c.format == media.GIF { // its palette has only so many colours
				tolerance = 30
			}
			near(t, m.image(t, "340"), 34, 26, color.NRGBA{200, 40, 40, 255}, tolerance)
		})
	}
}

// near compares a pixel. Where the picture is gray it compares lightness.
func near(t testing.TB, m image.Image, x, y int, want color.NRGBA, tolerance int) {
	t.Helper()
	r, g, b, _ := m.At(x, y).RGBA()
	got := [3]int{int(r >> 8), int(g >> 8), int(b >> 8)}
	wants := [3]int{int(want.R), int(want.G), int(want.B)}
	if _, ok := m.(*image.Gray); ok {
		l, _, _ := color.RGBToYCbCr(want.R, want.G, want.B)
		wants = [3]int{int(l), int(l), int(l)}
	}
	for i := range got {
		if d := got[i] - wants[i]; d > tolerance || d < -tolerance {
			t.Errorf("at %d,%d: %v, want %v", x, y, got, wants)
			return
		}
	}
}

func TestAlphaIsWhite(t *testing.T) {
	o := phototest.Options{Width: 400, Height: 400, Alpha: true}
	for name, file := range map[string][]byte{"png": phototest.PNG(o), "webp": phototest.WebP(o, 1), "deep": phototest.PNG(phototest.Options{Width: 400, Height: 400, Alpha: true, Deep: true})} {
		m := process(t, file, media.Focus{})
		m.check(t)
		near(t, m.image(t, "400"), 200, 200, color.NRGBA{255, 255, 255, 255}, 2)
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

func TestFocus(t *testing.T) {
	file := phototest.JPEG(phototest.Options{Width: 900, Height: 450})
	tall := phototest.JPEG(phototest.Options{Width: 450, Height: 900})
	red, green, blue := color.NRGBA{200, 40, 40, 255}, color.NRGBA{40, 160, 60, 255}, color.NRGBA{40, 60, 200, 255}
	nan := 0.0
	nan /= nan
	for _, c := range []struct {
		file  []byte
		focus media.Focus
		x, y  int
		want  color.NRGBA
	}{
		{file, media.Focus{X: -1}, 100, 50, red},
		{file, media.Focus{X: 1}, 300, 50, green},
		{file, media.Focus{X: -9, Y: nan}, 100, 50, red},
		{tall, media.Focus{Y: 1}, 50, 100, red},
		{tall, media.Focus{Y: -1}, 50, 350, blue},
	} {
		m := process(t, c.file, c.focus)
		near(t, m.image(t, media.SquareName), c.x, c.y, c.want, 12)
		if v := m.Variants[len(m.Variants)-1]; v.Width != 400 || v.Height != 400 {
			t.Errorf("the square is %d×%d", v.Width, v.Height)
		}
		// Cut anew from the original it is the same file, from the largest variant nearly the same picture.
		again := made{files: map[string][]byte{}}
		v, err := media.NewProcessor(media.Options{}).Square(t.Context(), bytes.NewReader(c.file), c.focus, collect(t, again.files))
		if err != nil || v.Name != media.SquareName || v.Width != 400 {
			t.Fatalf("Square: %+v, %v", v, err)
		}
		if !bytes.Equal(again.files[media.SquareName], m.files[media.SquareName]) {
			t.Error("the square cut anew differs")
		}
		if _, err := media.NewProcessor(media.Options{}).Square(t.Context(), bytes.NewReader(m.files[m.Variants[0].Name]), c.focus, collect(t, again.files)); err != nil {
			t.Fatal(err)
		}
		near(t, again.image(t, media.SquareName), c.x, c.y, c.want, 12)
	}
	// The middle holds neither corner column.
	m := process(t, file, media.Focus{})
	if err := phototest.Upright(m.image(t, media.SquareName)); err == nil {
		t.Error("the middle of a wide photo shows its corners")
	}
}

func TestPlaceholder(t *testing.T) {
	m := process(t, phototest.JPEG(phototest.Options{}), media.Focus{})
	if len(m.Blurhash) != 1+1+4+2*11 {
		t.Errorf("blurhash %q", m.Blurhash)
	}
	var top, bottom [3]int
	if n, _ := fmt.Sscanf(m.ColorTop+m.ColorBottom, "#%02x%02x%02x#%02x%02x%02x", &top[0], &top[1], &top[2], &bottom[0], &bottom[1], &bottom[2]); n != 6 {
		t.Fatalf("colours %q and %q", m.ColorTop, m.ColorBottom)
	}
	if top[0] <= top[2] || bottom[2] <= top[2] { // red and green above, blue and yellow below
		t.Errorf("colours %s above, %s below", m.ColorTop, m.ColorBottom)
	}
}

func TestErrorsThatPass(t *testing.T) {
	file := phototest.JPEG(phototest.Options{})
	p := media.NewProcessor(media.Options{})
	var refused *media.Refused

	full := errors.New("no space")
	_, err := p.Process(t.Context(), bytes.NewReader(file), media.Focus{}, func(media.Variant, io.Reader) error { return full })
	if !errors.Is(err, full) || errors.As(err, &refused) {
		t.Errorf("put failed: %v", err)
	}
	broken := errors.New("the disk broke")
	for _, at := range []int64{0, 10, int64(len(file)) / 2} {
		_, err = p.Process(t.Context(), &brokenReader{ReadSeeker: bytes.NewReader(file), at: at, err: broken}, media.Focus{}, discard)
		if !errors.Is(err, broken) || errors.As(err, &refused) {
			t.Errorf("reading failed at %d: %v", at, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = p.Process(ctx, bytes.NewReader(file), media.Focus{}, func(media.Variant, io.Reader) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func discard(_ media.Variant, r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

// brokenReader fails when a read reaches offset at.
type brokenReader struct {
	io.ReadSeeker
	at  int64
	err error
}

func (b *brokenReader) Read(p []byte) (int, error) {
	off, err := b.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err
	}
	if off >= b.at {
		return 0, b.err
	}
	return b.ReadSeeker.Read(p[:min(int64(len(p)), b.at-off)])
}

// A decoder that panics says that the file is damaged; it must not take the process with it.
func TestDecoderPanics(t *testing.T) {
	file := phototest.JPEG(phototest.Options{Width: 500, Height: 400, Detail: true})
	src := &panicReader{ReadSeeker: bytes.NewReader(file), at: int64(len(file)) / 2}
	p := media.NewProcessor(media.Options{Budget: media.NewBudget(16 << 20)})
	_, err := p.Process(t.Context(), src, media.Focus{}, discard)
	var refused *media.Refused
	if !errors.As(err, &refused) || refused.Code != media.CodeCorrupt {
		t.Fatalf("err = %v", err)
	}
	// Its share of the budget came back.
	for range 30 {
		if _, err := p.Process(t.Context(), src, media.Focus{}, discard); !errors.As(err, &refused) {
			t.Fatal(err)
		}
	}
}

type panicReader struct {
	io.ReadSeeker
	at int64
}

func (b *panicReader) Read(p []byte) (int, error) {
	off, err := b.Seek(0, io.SeekCurrent)
	if err != nil || off >= b.at {
		panic("as a decoder would")
	}
	return b.ReadSeeker.Read(p[:min(int64(len(p)), b.at-off)])
}
