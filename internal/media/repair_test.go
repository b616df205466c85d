package media_test

import (
	"bytes"
	"encoding/binary"
	"image/color"
	"os"
	"path/filepath"
	"testing"

	"tintype/internal/media"
	"tintype/internal/phototest"
)

// What viewers show is taken where a repair of bytes is enough, and looks as the whole file does.
func TestRepairs(t *testing.T) {
	o := phototest.Options{Width: 340, Height: 257, Detail: true, GPS: true, Make: "Tin"}
	plain := phototest.JPEG(o)
	progressive := phototest.JPEG(phototest.Options{Width: 340, Height: 257, Detail: true, Progressive: true})
	restarts := phototest.Restarts(o, 5)
	png, gif, webp := phototest.PNG(o), phototest.GIF(o, 1), phototest.WebP(o, 1)
	before := func(s string) []byte { return append([]byte(s), plain...) }
	edit := func(file []byte, f func(b []byte) []byte) []byte { return f(bytes.Clone(file)) }
	scan := bytes.Index(restarts, []byte{0xff, 0xda})
	at := func(marker byte) int { return scan + bytes.Index(restarts[scan:], []byte{0xff, marker}) }
	insert := func(b []byte, at int, s string) []byte { return append(append(bytes.Clone(b[:at]), s...), b[at:]...) }
	for name, c := range map[string]struct{ whole, damaged []byte }{
		"jpeg without its end":        {plain, plain[:len(plain)-2]},
		"jpeg with half its end":      {plain, plain[:len(plain)-1]},
		"progressive without its end": {progressive, progressive[:len(progressive)-2]},
		"zeros for the end":           {plain, append(bytes.Clone(plain[:len(plain)-2]), make([]byte, 512)...)},
		"a line end before it":        {plain, before("\r\n")},
		"a BOM before it":             {plain, before("\xef\xbb\xbf")},
		"a head of HTTP before it":    {plain, before("HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n")},
		"zeros before it":             {plain, before(string(make([]byte, 700)))},
		"stray bytes at a restart":    {restarts, insert(restarts, at(0xd2), "\x12\x34\x56")},
		"a stray marker at a restart": {restarts, insert(restarts, at(0xd2), "\xff\x10")},
		"fill bytes at a restart":     {restarts, insert(restarts, at(0xd2), "\xff\xff\xff")},
		"a restart twice":             {restarts, insert(restarts, at(0xd2), "\xff\xd2")},
		"restarts of one number": {restarts, edit(restarts, func(b []byte) []byte {
			for i := scan; i+1 < len(b); i++ {
				if b[i] == 0xff && b[i+1] >= 0xd0 && b[i+1] <= 0xd7 {
					b[i+1] = 0xd0
				}
			}
			return b
		})},
		"a segment nobody knows": {plain, insert(plain, 2, "\xff\xf7\x00\x04ab")},
		"bytes between segments": {plain, insert(plain, bytes.Index(plain, []byte{0xff, 0xc0}), "abcdef")},
		"bytes behind the end":   {plain, append(bytes.Clone(plain), "a movie, as phones put it there"...)},
		"png without its end":    {png, png[:len(png)-12]},
		"png with half its end":  {png, png[:len(png)-5]},
		"png with a bad checksum in a text": {png, edit(phototest.Splice(png, phototest.Chunk("tEXt", []byte("a\x00b"))), func(b []byte) []byte {
			b[bytes.Index(b, []byte("tEXta"))+8] ^= 1
			return b
		})},
		"gif without its end": {gif, gif[:len(gif)-1]},
		"gif larger than its canvas": {gif, edit(gif, func(b []byte) []byte {
			binary.LittleEndian.PutUint16(b[6:], 1)
			binary.LittleEndian.PutUint16(b[8:], 1)
			return b
		})},
		"gif with a canvas of nothing": {gif, edit(gif, func(b []byte) []byte { clear(b[6:10]); return b })},
		"webp of another length": {webp, edit(webp, func(b []byte) []byte {
			binary.LittleEndian.PutUint32(b[4:], 77)
			return b
		})},
		"webp with bytes behind it": {webp, append(bytes.Clone(webp), "\x00\x01\x02"...)},
	} {
		t.Run(name, func(t *testing.T) {
			want, got := process(t, c.whole, media.Focus{}), process(t, c.damaged, media.Focus{})
			got.check(t)
			for v, file := range want.files {
				if !bytes.Equal(file, got.files[v]) {
					t.Errorf("%s differs from that of the whole file", v)
				}
			}
		})
	}
}

// Other kinds of files that hold a JPEG are not taken for one.
func TestBuriedPreviewIsNoPhoto(t *testing.T) {
	plain := phototest.JPEG(phototest.Options{Width: 64, Height: 48})
	for _, head := range []string{"8BPS\x00\x01", "%PDF-1.4\n", "PK\x03\x04", "FUJIFILMCCD-RAW ", "II\x1a\x00\x00\x00HEAPCCDR", "\x00\x00\x00\x20ftypisom", "RIFF\x00\x00\x00\x00AVI "} {
		if r := refusal(t, media.NewProcessor(media.Options{}), append([]byte(head), plain...)); r.Code != media.CodeFormat {
			t.Errorf("%q: %v", head, r)
		}
	}
}

// A sentence about a file that is a JPEG names what is wrong with it, and never says to save it as JPEG.
func TestDamageIsNamed(t *testing.T) {
	plain := phototest.JPEG(phototest.Options{Width: 300, Height: 200, Detail: true})
	scan := bytes.Index(plain, []byte{0xff, 0xda})
	broken := bytes.Clone(plain)
	copy(broken[scan+200:], bytes.Repeat([]byte{0xfe, 0xfe, 0xff, 0x00}, 100))
	frame := bytes.Index(plain, []byte{0xff, 0xc0})
	kind := func(marker byte) []byte {
		b := bytes.Clone(plain)
		b[frame+1] = marker
		return b
	}
	sampling := bytes.Clone(plain)
	sampling[frame+11] = 0x33
	for name, file := range map[string][]byte{
		"half": plain[:len(plain)/2], "before the scan": plain[:scan], "broken": broken, "lossless": kind(0xc3), "arithmetic": kind(0xc9),
		"two frames": append(bytes.Clone(plain[:frame+19]), plain[frame:]...), "sampling": sampling, "no size": phototest.Resize(plain, 0, 0),
	} {
		r := refusal(t, media.NewProcessor(media.Options{}), file)
		if bytes.Contains([]byte(r.Sentence), []byte("as JPEG")) || !bytes.ContainsAny([]byte(r.Sentence), ":,") {
			t.Errorf("%s: %s", name, r.Sentence)
		}
	}
}

// The first frame of a GIF or WebP stands where it belongs on its canvas; around it is white, as for transparency.
func TestCanvas(t *testing.T) {
	o := phototest.Options{Width: 40, Height: 30}
	white := color.NRGBA{255, 255, 255, 255}
	for name, file := range map[string][]byte{
		"gif":           phototest.OnCanvas(phototest.GIF(o, 1), 100, 80, 30, 26),
		"moving gif":    phototest.OnCanvas(phototest.GIF(o, 3), 100, 80, 30, 26),
		"webp":          phototest.OnCanvas(phototest.WebP(o, 2), 100, 80, 30, 26),
		"lossy webp":    phototest.OnCanvas(phototest.LossyWebP(), 100, 80, 30, 26),
		"webp of alpha": phototest.OnCanvas(phototest.WebP(phototest.Options{Width: 40, Height: 30, Alpha: true}, 2), 100, 80, 30, 26),
	} {
		t.Run(name, func(t *testing.T) {
			m := process(t, file, media.Focus{})
			if m.Width != 100 || m.Height != 80 {
				t.Fatalf("%d×%d", m.Width, m.Height)
			}
			pic := m.image(t, "100")
			for _, at := range [][2]int{{10, 10}, {90, 10}, {10, 70}, {90, 70}, {12, 40}, {88, 40}} {
				near(t, pic, at[0], at[1], white, 3)
			}
			want := color.NRGBA{200, 40, 40, 255}
			if name == "lossy webp" {
				want = color.NRGBA{220, 30, 40, 255}
			}
			near(t, pic, 34, 30, want, 40)
		})
	}
}

// TestCasesDir runs over the cases where CASES_DIR names some.
func TestCasesDir(t *testing.T) {
	dir := os.Getenv("CASES_DIR")
	if dir == "" {
		t.Skip("CASES_DIR is not set")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.*"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		r, err := media.NewProcessor(media.Options{}).Process(t.Context(), bytes.NewReader(b), media.Focus{}, discard)
		t.Log(filepath.Base(f), r.Width, r.Height, r.Meta.TakenAt, r.Meta.DayOnly, err)
	}
}
