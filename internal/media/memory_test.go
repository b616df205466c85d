package media_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tintype/internal/media"
	"tintype/internal/phototest"
)

// memoryBudget is the least that a site may set.
const memoryBudget = 48 << 20

// costly are files that are small, or small pictures, and make decoders and readers of metadata allocate.
func costly() map[string][]byte {
	png := phototest.PNG(phototest.Options{Width: 64, Height: 64})
	jpeg := phototest.JPEG(phototest.Options{Width: 64, Height: 64})
	zeros := phototest.Zeros(120 << 20)
	text := func(name, head string, data []byte) []byte {
		return phototest.Splice(png, phototest.Chunk(name, append([]byte(head), data...)))
	}
	xmp := func(attributes string, n int) []byte {
		return []byte(`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="r"><rdf:Description ` + strings.Repeat(attributes, n) + `/></rdf:RDF></x:xmpmeta>`)
	}
	segment := func(marker byte, data []byte) []byte {
		return append([]byte{0xff, marker, byte((len(data) + 2) >> 8), byte(len(data) + 2)}, data...)
	}
	spliced := func(segments ...[]byte) []byte {
		return append(append([]byte{0xff, 0xd8}, bytes.Join(segments, nil)...), jpeg[2:]...)
	}
	full := bytes.Repeat([]byte{'x'}, 65000)
	many := func(marker byte, head string, n int) (list [][]byte) {
		for i := range n {
			h := strings.ReplaceAll(head, "#", string(rune(1+i%100)))
			list = append(list, segment(marker, append([]byte(h), full...)))
		}
		return list
	}
	gray := phototest.Options{Width: 2000, Height: 1500, Gray: true}
	return map[string][]byte{
		"trees.webp":         phototest.Trees(208, 2600),
		"fewer-trees.webp":   phototest.Trees(208, 300),
		"ztxt.png":           text("zTXt", "Raw profile type iptc\x00\x00", zeros),
		"ztxt-exif.png":      text("zTXt", "Raw profile type exif\x00\x00", zeros),
		"iccp.png":           text("iCCP", "profile\x00\x00", zeros),
		"itxt.png":           text("iTXt", "XML:com.adobe.xmp\x00\x01\x00\x00\x00", zeros),
		"text.png":           text("tEXt", "Comment\x00", bytes.Repeat([]byte{'x'}, 24<<20)),
		"exif.png":           phototest.Splice(png, phototest.Chunk("eXIf", append([]byte("II*\x00\x08\x00\x00\x00"), make([]byte, 24<<20)...))),
		"xmp.png":            text("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00", xmp(`a="" `, 45_000)),
		"large-xmp.png":      text("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00", xmp(`a="" `, 4_000_000)),
		"xmp.jpg":            spliced(segment(0xe1, append([]byte("http://ns.adobe.com/xap/1.0/\x00"), xmp(`a="" `, 12_000)...))),
		"iptc.jpg":           spliced(many(0xed, "Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\xff\xff\x1c\x02\x19\x00\x01a", 300)...),
		"icc.jpg":            spliced(many(0xe2, "ICC_PROFILE\x00#\x64", 300)...),
		"exif.jpg":           spliced(many(0xe1, "Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xff", 300)...),
		"progressive.jpg":    phototest.Resize(phototest.JPEG(phototest.Options{Width: 64, Height: 64, Progressive: true}), 2500, 2500),
		"baseline.jpg":       phototest.JPEG(phototest.Options{Width: 2400, Height: 1800, Quality: 30}),
		"gray.png":           phototest.PNG(gray),
		"frame.gif":          phototest.OnCanvas(phototest.GIF(phototest.Options{Width: 1200, Height: 900}, 2), 9000, 9000, 30, 20),
		"canvas.gif":         phototest.OnCanvas(phototest.GIF(phototest.Options{Width: 40, Height: 30}, 1), 3000, 2600, 30, 20),
		"canvas.webp":        phototest.OnCanvas(phototest.WebP(phototest.Options{Width: 400, Height: 300}, 2), 3000, 2600, 30, 20),
		"lossless.webp":      phototest.WebP(phototest.Options{Width: 900, Height: 700}, 1),
		"interlaced.gif":     phototest.Interlaced(phototest.Options{Width: 1600, Height: 1200}),
		"not-enough-lzw.gif": phototest.GIF(phototest.Options{Width: 1000, Height: 800}, 1)[:4000],
	}
}

// A process that prepares such files, several at once, takes no more than its budget beyond what it takes anyway.
func TestMemoryStaysWithinBudget(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the peak of a process is read from /proc")
	}
	if testing.Short() {
		t.Skip("much work")
	}
	dir := t.TempDir()
	for name, b := range costly() {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	small := t.TempDir()
	if err := os.WriteFile(filepath.Join(small, "small.jpg"), phototest.JPEG(phototest.Options{Width: 64, Height: 48}), 0o600); err != nil {
		t.Fatal(err)
	}
	base, _ := peakOf(t, small)
	peak, out := peakOf(t, dir)
	t.Logf("base %d MB, peak %d MB, budget %d MB\n%s", base>>20, peak>>20, memoryBudget>>20, out)
	if peak > base+memoryBudget {
		t.Errorf("the process took %d MB at its peak: %d MB more than it takes anyway, with a budget of %d", peak>>20, (peak-base)>>20, memoryBudget>>20)
	}
	if strings.Contains(out, "baseline.jpg: refused") || strings.Contains(out, "fewer-trees.webp: refused") {
		t.Error("an ordinary photo was refused")
	}
}

// peakOf runs this program as TestMemoryChild over the files of a folder, and returns the most memory it had.
func peakOf(t *testing.T, dir string) (int64, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMemoryChild$", "-test.v")
	cmd.Env = append(os.Environ(), "MEDIA_MEMORY_DIR="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(s.Text()), "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kb << 10, string(out)
		}
	}
	t.Fatalf("no peak in\n%s", out)
	return 0, ""
}

// TestMemoryChild is the process that TestMemoryStaysWithinBudget measures.
func TestMemoryChild(t *testing.T) {
	dir := os.Getenv("MEDIA_MEMORY_DIR")
	if dir == "" {
		t.Skip("runs as a process of its own")
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	p := media.NewProcessor(media.Options{Budget: media.NewBudget(memoryBudget)})
	work := make(chan string)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for name := range work {
				f, err := os.Open(name)
				if err != nil {
					t.Error(err)
					continue
				}
				r, err := p.Process(t.Context(), f, media.Focus{}, discard)
				f.Close()
				var refused *media.Refused
				switch {
				case errors.As(err, &refused):
					fmt.Printf("%s: refused (%s) %v\n", filepath.Base(name), refused.Code, refused)
				case err != nil:
					t.Errorf("%s: %v", name, err)
				default:
					fmt.Printf("%s: %d×%d\n", filepath.Base(name), r.Width, r.Height)
				}
			}
		})
	}
	for range 3 {
		for _, name := range names {
			work <- name
		}
	}
	close(work)
	group.Wait()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "VmHWM:") {
			fmt.Print(line)
		}
	}
}
