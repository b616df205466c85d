package media_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"tintype/internal/media"
	"tintype/internal/phototest"
)

func refusal(t *testing.T, p *media.Processor, file []byte) *media.Refused {
	t.Helper()
	_, err := p.Process(t.Context(), bytes.NewReader(file), media.Focus{}, discard)
	var refused *media.Refused
	if !errors.As(err, &refused) {
		t.Fatalf("err = %v, want a refusal", err)
	}
	return refused
}

func TestRefused(t *testing.T) {
	o := phototest.Options{Width: 300, Height: 200, Detail: true}
	plain := phototest.JPEG(o)
	progressive := phototest.JPEG(phototest.Options{Width: 300, Height: 200, Detail: true, Progressive: true})
	png, gif, webp, moving := phototest.PNG(o), phototest.GIF(o, 1), phototest.WebP(o, 1), phototest.WebP(o, 2)
	damaged := bytes.Clone(png)
	damaged[len(damaged)/2] ^= 0x55
	bits12 := bytes.Clone(plain)
	bits12[bytes.Index(bits12, []byte{0xff, 0xc0})+4] = 12
	arithmetic := bytes.Clone(plain)
	arithmetic[bytes.Index(arithmetic, []byte{0xff, 0xc0})+1] = 0xc9
	scan := bytes.Index(plain, []byte{0xff, 0xda})
	lossless := bytes.Clone(plain)
	lossless[bytes.Index(lossless, []byte{0xff, 0xc0})+1] = 0xc3
	for _, c := range []struct {
		name     string
		file     []byte
		code     string
		sentence string
	}{
		{"nothing", nil, media.CodeEmpty, "empty"},
		{"text", []byte("not a photograph, only its description"), media.CodeFormat, "not a photograph"},
		{"movie", phototest.Movie(), media.CodeFormat, "is a video"},
		{"avi", []byte("RIFF\x10\x02\x00\x00AVI LIST\x10\x00\x00\x00hdrlavih"), media.CodeFormat, "is a video"},
		{"raw", []byte("II*\x00\x10\x00\x00\x00CR\x02\x00"), media.CodeFormat, "raw picture"},
		{"tiff", []byte("MM\x00*\x00\x00\x00\x08"), media.CodeFormat, "cannot read TIFF"},
		{"avif", []byte("\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf"), media.CodeFormat, "cannot read AVIF"},
		{"jpeg xl", []byte("\x00\x00\x00\x0cJXL \r\n\x87\n"), media.CodeFormat, "cannot read JPEG XL"},
		{"svg", []byte("<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>"), media.CodeFormat, "cannot read SVG"},
		{"archive", []byte("PK\x03\x04 photographs"), media.CodeFormat, "Unpack it"},
		{"document", []byte("%PDF-1.7"), media.CodeFormat, "document"},
		{"heic", phototest.HEIC(), media.CodeFormat, "On an iPhone, choose the photo from the photo library"},
		{"lossless", lossless, media.CodeFormat, "a JPEG coded"},
		{"12 bits", bits12, media.CodeFormat, "a JPEG coded"},
		{"arithmetic", arithmetic, media.CodeFormat, "a JPEG coded"},
		{"head only", plain[:3], media.CodeTruncated, "ends halfway"},
		{"half", plain[:len(plain)/2], media.CodeTruncated, "ends halfway"},
		{"before its scan", plain[:scan], media.CodeTruncated, "ends halfway"},
		{"half a progressive", progressive[:len(progressive)/2], media.CodeTruncated, "ends halfway"},
		{"in the last scan", progressive[:len(progressive)-40], media.CodeTruncated, "ends halfway"},
		{"half a png", png[:len(png)/2], media.CodeTruncated, "ends halfway"},
		{"half a gif", gif[:len(gif)/2], media.CodeTruncated, "ends halfway"},
		{"half a webp", webp[:len(webp)/2], media.CodeTruncated, "ends halfway"},
		{"half a moving webp", moving[:len(moving)/4], media.CodeTruncated, "ends halfway"},
		{"damaged png", damaged, media.CodeCorrupt, "damaged"},
		{"taller than it is", phototest.Resize(plain, 300, 4000), media.CodeCorrupt, "damaged"},
		{"no size", phototest.Resize(plain, 0, 0), media.CodeCorrupt, "damaged"},
		{"bomb", phototest.Bomb(60000), media.CodeTooLargePixels, "This file has 3600 megapixels. The limit is 100."},
		{"jpeg bomb", phototest.Resize(plain, 65500, 65500), media.CodeTooLargePixels, "megapixels. The limit is 100."},
		{"many scans", manyScans(progressive), media.CodeCorrupt, "damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := refusal(t, media.NewProcessor(media.Options{Budget: media.NewBudget(512 << 20)}), c.file)
			if r.Code != c.code || !strings.Contains(r.Sentence, c.sentence) {
				t.Errorf("%s: %q (%v)", r.Code, r.Sentence, r)
			}
			if strings.ContainsAny(r.Sentence, "!") || !strings.HasSuffix(r.Sentence, ".") {
				t.Errorf("the sentence is %q", r.Sentence)
			}
		})
	}
}

// What a file that was cut lacks is what the sentence says: rows, or detail and colours of all of them.
func TestCutFilesSayWhatIsMissing(t *testing.T) {
	const lower, detail = "the lower part of the picture is missing", "not all of its detail and colours"
	progressive := phototest.JPEG(phototest.Options{Width: 120, Height: 90, Progressive: true, Detail: true})
	var scans []int
	for at := 2; at < len(progressive)-1; at++ {
		if progressive[at] == 0xff && progressive[at+1] == 0xda {
			scans = append(scans, at)
		}
	}
	if len(scans) != 7 {
		t.Fatalf("%d scans", len(scans))
	}
	// A baseline file of three scans, one a component: the progressive one's frame, with scans of a file of gray each.
	gray := phototest.JPEG(phototest.Options{Width: 120, Height: 90, Gray: true, Detail: true})
	scan := gray[bytes.Index(gray, []byte{0xff, 0xda}) : len(gray)-2]
	frame := bytes.Index(gray, []byte{0xff, 0xc0})
	head := append(append(bytes.Clone(gray[:frame]), "\xff\xc0\x00\x11\x08\x00\x5a\x00\x78\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00"...), gray[frame+2+int(gray[frame+3]):len(gray)-2-len(scan)]...)
	planes := func(n int) []byte {
		b := bytes.Clone(head)
		for i := range n {
			s := bytes.Clone(scan)
			s[5] = byte(i + 1)
			b = append(b, s...)
		}
		return b
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"in the means":            {progressive[:(scans[0]+scans[1])/2], lower},
		"behind the means":        {progressive[:scans[1]], detail},
		"in the detail":           {progressive[:(scans[1]+scans[2])/2], detail},
		"behind some of it":       {progressive[:scans[4]], detail},
		"in the last scan":        {progressive[:len(progressive)-40], detail},
		"baseline, in the middle": {gray[:len(gray)/2], lower},
		"baseline, one of three":  {planes(1), detail},
		"baseline, two of three":  {planes(2), detail},
		"baseline, in the second": {planes(2)[:len(planes(2))-200], lower},
	} {
		r := refusal(t, media.NewProcessor(media.Options{}), c.file)
		if r.Code != media.CodeTruncated || !strings.Contains(r.Sentence, c.want) {
			t.Errorf("%s: %s, %q (%v), want %q", name, r.Code, r.Sentence, r, c.want)
		}
	}
	process(t, planes(3), media.Focus{}) // only the mark of the end is missing
	process(t, progressive[:len(progressive)-2], media.Focus{})
}

// manyScans repeats the last scan of a progressive JPEG.
func manyScans(file []byte) []byte {
	last := bytes.LastIndex(file, []byte{0xff, 0xda})
	scan := file[last : len(file)-2]
	out := bytes.Clone(file[:last])
	for range 200 {
		out = append(out, scan...)
	}
	return append(out, 0xff, 0xd9)
}

// Wherever a file is cut, it is refused, and never taken or a crash. Only the mark of the end may be missing.
func TestTruncatedAnywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("much work in one goroutine")
	}
	o := phototest.Options{Width: 24, Height: 20, Detail: true, Make: "Tin", Title: "cut", Profile: "p3"}
	full := o
	full.Progressive = true
	p := media.NewProcessor(media.Options{})
	for name, c := range map[string]struct {
		file []byte
		mark int
	}{
		"baseline": {phototest.JPEG(o), 2}, "progressive": {phototest.JPEG(full), 2}, "png": {phototest.PNG(o), 12 + 4 + 4 + 5}, // its checksums and a last block of nothing, too
		"gif":  {phototest.GIF(phototest.Options{Width: 24, Height: 20, Detail: true}, 1), 4}, // its data's last block and code, too
		"webp": {phototest.WebP(phototest.Options{Width: 24, Height: 20}, 1), 0},
	} {
		file := c.file
		for n := range len(file) - c.mark {
			_, err := p.Process(t.Context(), bytes.NewReader(file[:n]), media.Focus{}, discard)
			var refused *media.Refused
			if !errors.As(err, &refused) {
				t.Errorf("%s cut at %d of %d: %v", name, n, len(file), err)
				break
			}
			if refused.Code != media.CodeTruncated && n > 16 || n == 0 && refused.Code != media.CodeEmpty {
				t.Errorf("%s cut at %d of %d: %v", name, n, len(file), refused)
			}
		}
	}
}

func TestRefusedFor(t *testing.T) {
	r := refusal(t, media.NewProcessor(media.Options{}), phototest.JPEG(phototest.Options{})[:900])
	if got := r.For("IMG_2041.jpg"); got != "IMG_2041.jpg ends halfway: the lower part of the picture is missing. Copy it again from where it came from, or post without it." {
		t.Error(got)
	}
	if got := r.For(""); got != r.Sentence {
		t.Error(got)
	}
	r = refusal(t, media.NewProcessor(media.Options{}), phototest.HEIC())
	if got := r.For("a.heic"); got != media.HEICSentence {
		t.Error(got)
	}
}

func TestLimits(t *testing.T) {
	file := phototest.JPEG(phototest.Options{Width: 1200, Height: 1000})
	small := media.NewProcessor(media.Options{MaxBytes: int64(len(file)) - 1})
	if r := refusal(t, small, file); r.Code != media.CodeTooLargeBytes || !strings.Contains(r.Sentence, " MB. The limit is ") {
		t.Error(r)
	}
	few := media.NewProcessor(media.Options{MaxPixels: 1e6})
	if r := refusal(t, few, file); r.Code != media.CodeTooLargePixels || r.Sentence != "This file has 1.2 megapixels. The limit is 1. Export it smaller and try again." {
		t.Error(r)
	}
	tight := media.NewProcessor(media.Options{Budget: media.NewBudget(4 << 20)})
	if r := refusal(t, tight, file); r.Code != media.CodeTooMuchMemory || !strings.Contains(r.Sentence, "1.2 megapixels") {
		t.Error(r)
	}
	for _, c := range []struct{ budget, pixels, least, most int64 }{
		{512 << 20, 100e6, 100e6, 100e6},
		{512 << 20, 30e6, 30e6, 30e6},
		{100 << 20, 100e6, 20e6, 60e6},
	} {
		p := media.NewProcessor(media.Options{MaxPixels: c.pixels, Budget: media.NewBudget(c.budget)})
		if got := p.MatrixLimit(); got < c.least || got > c.most {
			t.Errorf("limit %d for %+v", got, c)
		}
	}
}

// A photo as large as people are told is taken, whatever the budget.
func TestMatrixLimitHolds(t *testing.T) {
	p := media.NewProcessor(media.Options{MaxPixels: 4e6, Budget: media.NewBudget(16 << 20)})
	n := p.MatrixLimit()
	if n >= 4e6 || n < 1e6 {
		t.Fatalf("the limit is %d", n)
	}
	side := int(n / 3000)
	file := phototest.JPEG(phototest.Options{Width: 1500 * 2, Height: side})
	if _, err := p.Process(t.Context(), bytes.NewReader(file), media.Focus{}, discard); err != nil {
		t.Errorf("%d×%d: %v", 3000, side, err)
	}
}

// The budget lets only as many photos work as fit, and one that waits hears of its context's end.
func TestBudgetWaits(t *testing.T) {
	file := phototest.JPEG(phototest.Options{Width: 800, Height: 600})
	var size int64 = 1 << 20
	for ; ; size += 1 << 18 {
		p := media.NewProcessor(media.Options{Budget: media.NewBudget(size)})
		if _, err := p.Process(t.Context(), bytes.NewReader(file), media.Focus{}, discard); err == nil {
			break
		}
	}
	p := media.NewProcessor(media.Options{Budget: media.NewBudget(size)})
	inside, leave := make(chan struct{}), make(chan struct{})
	done := make(chan error, 2)
	first := true
	go func() {
		_, err := p.Process(t.Context(), bytes.NewReader(file), media.Focus{}, func(v media.Variant, r io.Reader) error {
			if first {
				first = false
				close(inside)
				<-leave
			}
			return nil
		})
		done <- err
	}()
	<-inside
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := p.Process(ctx, bytes.NewReader(file), media.Focus{}, discard); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second photo beside one that fills the budget: %v", err)
	}
	go func() {
		_, err := p.Process(t.Context(), bytes.NewReader(file), media.Focus{}, discard)
		done <- err
	}()
	close(leave)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// Chunks that unpack to far more than they are must not cost what they unpack to.
func TestPNGChunkBombs(t *testing.T) {
	zeros := phototest.Zeros(80 << 20)
	for name, chunk := range map[string][]byte{
		"zTXt":      phototest.Chunk("zTXt", append([]byte("Raw profile type iptc\x00\x00"), zeros...)),
		"zTXt text": phototest.Chunk("zTXt", append([]byte("Comment\x00\x00"), zeros...)),
		"iCCP":      phototest.Chunk("iCCP", append([]byte("profile\x00\x00"), zeros...)),
		"iTXt":      phototest.Chunk("iTXt", append([]byte("XML:com.adobe.xmp\x00\x01\x00\x00\x00"), zeros...)),
	} {
		file := phototest.Splice(phototest.PNG(phototest.Options{Width: 64, Height: 64}), chunk)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m := process(t, file, media.Focus{})
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 48<<20 {
			t.Errorf("%s: %d MB for a picture of 64×64", name, used>>20)
		}
		m.check(t)
	}
}

func ExampleRefused_For() {
	var refused *media.Refused
	_, err := media.Inspect(context.Background(), bytes.NewReader(phototest.HEIC()))
	if errors.As(err, &refused) {
		fmt.Println(refused.For("IMG_2041.heic"))
	}
	// Output: This site cannot read HEIC. On an iPhone, choose the photo from the photo library, or set Settings > Camera > Formats to Most Compatible. On a Mac, export it as JPEG from Photos, or upload it with Safari. On a Samsung, turn off High efficiency pictures in the camera's settings. In Google Photos, download it as JPEG.
}
