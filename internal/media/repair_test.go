package media_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	gray := phototest.PNG(phototest.Options{Width: 340, Height: 257, Detail: true, Gray: true})
	cmyk := phototest.JPEG(phototest.Options{Width: 340, Height: 257, Detail: true, CMYK: true})
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
		"cmyk that does not say how": {cmyk, edit(cmyk, func(b []byte) []byte {
			at := bytes.Index(b, []byte("\xff\xee\x00\x0eAdobe"))
			return append(b[:at], b[at+16:]...)
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
		"png with a bad checksum of rows": {png, pixelsOf(png, func(z []byte) []byte { z[len(z)-1] ^= 1; return z }, true)},
		"png with that in a bad chunk":    {png, pixelsOf(png, func(z []byte) []byte { z[len(z)-2] ^= 4; return z }, false)},
		"png with a bad checksum of pixels": {png, edit(png, func(b []byte) []byte {
			b[bytes.Index(b, []byte("IEND"))-5] ^= 1
			return b
		})},
		"png with bad checksums of pixels": {png, edit(inChunks(png, 100), func(b []byte) []byte {
			for i := range bytes.Count(b, []byte("IDAT")) {
				b[nth(b, "IDAT", i)-5] ^= byte(2 * i) // behind the chunk before it, of which the header's is the first
			}
			return b
		})},
		"png without its checksums":     {png, png[:len(png)-20]},
		"png with zeros for its end":    {png, append(bytes.Clone(png[:len(png)-20]), make([]byte, 40)...)},
		"png with bytes after its rows": {png, pixelsOf(png, func(z []byte) []byte { return phototest.Deflate(append(inflate(z), make([]byte, 70)...)) }, true)},
		"png of gray with colours":      {gray, phototest.Splice(gray, phototest.Chunk("PLTE", make([]byte, 6)))},
		"png transparent twice over":    {png, phototest.Splice(png, phototest.Chunk("tRNS", make([]byte, 7)))},
		"gif without its end":           {gif, gif[:len(gif)-1]},
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

// pixelsOf returns the PNG with other compressed rows, in one chunk whose checksum is made anew or left.
func pixelsOf(file []byte, change func(z []byte) []byte, anew bool) []byte {
	var z, out []byte
	for at := 8; at < len(file); {
		n := 12 + int(binary.BigEndian.Uint32(file[at:]))
		switch chunk := file[at : at+n]; string(chunk[4:8]) {
		case "IDAT":
			z = append(z, chunk[8:n-4]...)
		case "IEND":
			old := phototest.Chunk("IDAT", z)
			made := phototest.Chunk("IDAT", change(z))
			if !anew {
				copy(made[len(made)-4:], old[len(old)-4:])
			}
			out = append(append(out, made...), chunk...)
		default:
			out = append(out, chunk...)
		}
		at += n
	}
	return append(bytes.Clone(file[:8]), out...)
}

// inChunks returns the PNG with its pixels in chunks of n bytes.
func inChunks(file []byte, n int) []byte {
	var chunks []byte
	whole := pixelsOf(file, func(z []byte) []byte {
		for part := range slices.Chunk(z, n) {
			chunks = append(chunks, phototest.Chunk("IDAT", part)...)
		}
		return nil
	}, true)
	empty := phototest.Chunk("IDAT", nil)
	return bytes.Replace(whole, empty, chunks, 1)
}

func nth(b []byte, s string, n int) int {
	at := bytes.Index(b, []byte(s))
	for range n {
		at += len(s) + bytes.Index(b[at+len(s):], []byte(s))
	}
	return at
}

func inflate(z []byte) []byte {
	r, err := zlib.NewReader(bytes.NewReader(z))
	if err != nil {
		panic(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	return b
}

// A PNG whose pixels are not what was written is refused, and the sentence says how that is known.
func TestChangedPixelsAreRefused(t *testing.T) {
	png := phototest.PNG(phototest.Options{Width: 340, Height: 257, Detail: true})
	changed := pixelsOf(png, func(z []byte) []byte {
		rows := inflate(z)
		rows[len(rows)/2] ^= 0x10
		made := phototest.Deflate(rows)
		copy(made[len(made)-4:], z[len(z)-4:])
		return made
	}, false)
	r := refusal(t, media.NewProcessor(media.Options{}), changed)
	if r.Code != media.CodeCorrupt || !strings.Contains(r.Sentence, "checksum") {
		t.Error(r.Code, r.Sentence)
	}
}

// Repaired, each kind of PNG has the rows that it had: of all depths, and in seven passes.
func TestRepairOfEveryKindOfPNG(t *testing.T) {
	for _, kind := range []struct{ depth, color byte }{
		{1, 0}, {2, 0}, {4, 0}, {8, 0}, {16, 0}, {8, 2}, {16, 2}, {1, 3}, {2, 3}, {4, 3}, {8, 3}, {8, 4}, {16, 4}, {8, 6}, {16, 6},
	} {
		for interlaced := range byte(2) {
			for _, side := range [][2]int{{1, 1}, {3, 5}, {67, 43}, {200, 120}} {
				whole := rawPNG(side[0], side[1], kind.depth, kind.color, interlaced)
				want, got := process(t, whole, media.Focus{}), process(t, pixelsOf(whole, func(z []byte) []byte { z[len(z)-3] ^= 9; return z }, true), media.Focus{})
				for v, file := range want.files {
					if !bytes.Equal(file, got.files[v]) {
						t.Errorf("%v of %v, interlaced %d: %s differs from that of the whole file", kind, side, interlaced, v)
					}
				}
			}
		}
	}
}

// rawPNG returns a PNG of any kind whose bytes of pixels follow a pattern.
func rawPNG(w, h int, depth, kind, interlaced byte) []byte {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(w)), uint32(h))
	file := append([]byte("\x89PNG\r\n\x1a\n"), phototest.Chunk("IHDR", append(head, depth, kind, 0, 0, interlaced))...)
	if kind == 3 {
		colors := make([]byte, 3<<depth)
		for i := range colors {
			colors[i] = byte(i * 37)
		}
		file = append(file, phototest.Chunk("PLTE", colors)...)
	}
	bits := int(depth) * map[byte]int{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
	var rows []byte
	add := func(w, h int) {
		for range h {
			if w == 0 {
				break
			}
			rows = append(rows, 0)
			for range (w*bits + 7) / 8 {
				rows = append(rows, byte(len(rows)*len(rows)/7))
			}
		}
	}
	if interlaced == 0 {
		add(w, h)
	} else {
		count := func(n, first, step int) int { return max(0, (n-first+step-1)/step) }
		add(count(w, 0, 8), count(h, 0, 8))
		add(count(w, 4, 8), count(h, 0, 8))
		add(count(w, 0, 4), count(h, 4, 8))
		add(count(w, 2, 4), count(h, 0, 4))
		add(count(w, 0, 2), count(h, 2, 4))
		add(count(w, 1, 2), count(h, 0, 2))
		add(w, count(h, 1, 2))
	}
	return append(append(file, phototest.Chunk("IDAT", phototest.Deflate(rows))...), phototest.Chunk("IEND", nil)...)
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

// caseWants is what becomes of the files that CASES_DIR is known to have: their size as viewers show them, when they were
// taken, and whether that is a day without a time. A size of 0 is a refusal.
var caseWants = map[string]struct {
	width, height int
	taken         string
	day           bool
}{
	"gif-first-frame-small.gif":            {100, 80, "", false},
	"jpeg-without-eoi.jpg":                 {320, 240, "", false},
	"jpeg-cmyk-profile-table.jpg":          {320, 240, "", false},
	"webp-orientation6-exif-prefixed.webp": {240, 320, "", false},
	"date-date-without-time.jpg":           {160, 120, "2021-07-01T00:00:00", true},
	"date-digitized-only.jpg":              {160, 120, "2021-07-01T12:34:56", false},
	"tiny.heic":                            {},
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
		name := filepath.Base(f)
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		r, err := media.NewProcessor(media.Options{}).Process(t.Context(), bytes.NewReader(b), media.Focus{}, discard)
		t.Log(name, r.Width, r.Height, r.Meta.TakenAt, r.Meta.DayOnly, err)
		want, known := caseWants[name]
		if !known {
			continue
		}
		taken := ""
		if !r.Meta.TakenAt.IsZero() {
			taken = r.Meta.TakenAt.Format("2006-01-02T15:04:05")
		}
		if (err != nil) != (want.width == 0) || r.Width != want.width || r.Height != want.height || taken != want.taken || r.Meta.DayOnly != want.day {
			t.Errorf("%s: %d×%d, taken %q, a day alone %t, %v", name, r.Width, r.Height, taken, r.Meta.DayOnly, err)
		}
	}
}
