package media_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tintype/internal/media"
	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

func seeds(f *testing.F) {
	o := phototest.Options{Width: 24, Height: 17, GPS: true, Orientation: 6, Title: "t", Profile: "p3", Detail: true}
	full := o
	full.Progressive = true
	for _, b := range [][]byte{
		phototest.JPEG(o), phototest.JPEG(full), phototest.JPEG(phototest.Options{Width: 9, Height: 9, CMYK: true}), phototest.PNG(o), phototest.GIF(o, 2),
		phototest.WebP(phototest.Options{Width: 9, Height: 9}, 2), phototest.WebP(o, 1), phototest.HEIC(), phototest.Bomb(40000),
	} {
		f.Add(b)
	}
}

func FuzzInspect(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := media.Inspect(t.Context(), bytes.NewReader(b))
		var refused *media.Refused
		if err == nil && (h.Width <= 0 || h.Height <= 0) || err != nil && !errors.As(err, &refused) {
			t.Errorf("%+v, %v", h, err)
		}
	})
}

func FuzzProcess(f *testing.F) {
	seeds(f)
	p := media.NewProcessor(media.Options{MaxPixels: 1e6, Budget: media.NewBudget(64 << 20)})
	f.Fuzz(func(t *testing.T, b []byte) {
		files := map[string][]byte{}
		r, err := p.Process(t.Context(), bytes.NewReader(b), media.Focus{}, collect(t, files))
		var refused *media.Refused
		if err != nil {
			if !errors.As(err, &refused) {
				t.Fatal(err)
			}
			if strings.Contains(err.Error(), "panicked") {
				t.Log(err) // the decoder's, not ours
			}
			return
		}
		for name, b := range files {
			if h, err := media.Inspect(t.Context(), bytes.NewReader(b)); err != nil {
				t.Errorf("%s of %+v: %v", name, r, err)
			} else if h.Width > r.Width {
				t.Errorf("%s is wider than the photo", name)
			}
		}
	})
}

// TestPhotosDir runs over real photographs where PHOTOS_DIR names some: twelve that TEST_SEED chooses, with TEST_ALL=1 all.
func TestPhotosDir(t *testing.T) {
	dir := os.Getenv("PHOTOS_DIR")
	if dir == "" {
		t.Skip("PHOTOS_DIR is not set")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !servertest.All() {
		servertest.Random(t).Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
		entries = entries[:min(12, len(entries))]
	}
	taken := 0
	for _, e := range entries {
		file, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		m := made{files: map[string][]byte{}}
		m.Result, err = media.NewProcessor(media.Options{}).Process(t.Context(), bytes.NewReader(file), media.Focus{}, collect(t, m.files))
		var refused *media.Refused
		switch ext := filepath.Ext(e.Name()); {
		case errors.As(err, &refused):
			if ext != ".heic" && ext != ".md" && !strings.HasPrefix(e.Name(), "corrupt") {
				t.Errorf("%s: %v", e.Name(), err)
			}
		case err != nil:
			t.Errorf("%s: %v", e.Name(), err)
		default:
			taken++
			for name, b := range m.files {
				for _, mark := range [][]byte{[]byte("GPS"), []byte("Exif\x00"), []byte("MakerNote")} {
					if bytes.Contains(b[:min(len(b), 1200)], mark) {
						t.Errorf("%s, %s: holds %s", e.Name(), name, mark)
					}
				}
				m.image(t, name)
			}
			if kind, n, ok := strings.Cut(strings.TrimSuffix(e.Name(), ".jpg"), "_"); ok && len(n) == 1 {
				if want := map[string][2]int{"Landscape": {1800, 1200}, "Portrait": {1200, 1800}}[kind]; [2]int{m.Width, m.Height} != want {
					t.Errorf("%s: %d×%d", e.Name(), m.Width, m.Height)
				}
			}
		}
	}
	if taken == 0 {
		t.Error("no photograph was taken")
	}
}
