package media

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
	"testing"
)

// scene is a smooth picture with texture.
func scene(w, h int, gray, full bool) *picture {
	p := &picture{w: w, h: h, y: newPlane(w, h)}
	cw, ch := w, h
	if !full {
		cw, ch = (w+1)/2, (h+1)/2
	}
	fill := func(pl *plane, scale, phase float64) {
		for y := range pl.h {
			for x := range pl.w {
				pl.row(y)[x] = clamp8(128 + 70*math.Sin(phase+float64(x)*scale/9) + 40*math.Cos(float64(y)*scale/7) + float64((x*7+y*13)%9))
			}
		}
	}
	fill(p.y, 1, 0)
	if !gray {
		p.cb, p.cr = newPlane(cw, ch), newPlane(cw, ch)
		fill(p.cb, 0.3, 1)
		fill(p.cr, 0.2, 2)
	}
	return p
}

func meanSquare(a []byte, as int, b *plane) float64 {
	sum := 0.0
	for y := range b.h {
		for x, v := range b.row(y) {
			d := float64(a[y*as+x]) - float64(v)
			sum += d * d
		}
	}
	return sum / float64(b.w*b.h)
}

func TestJPEGEncoder(t *testing.T) {
	var e jpegEncoder // one for all, as a photo uses it
	for _, size := range [][2]int{{1, 1}, {7, 8}, {8, 9}, {16, 16}, {17, 33}, {63, 40}, {200, 131}} {
		for _, kind := range []string{"gray", "full", "half"} {
			p := scene(size[0], size[1], kind == "gray", kind == "full")
			for _, quality := range []int{30, 82, 100} {
				b := e.encode(p, quality, nil, nil)
				m, err := jpeg.Decode(bytes.NewReader(b))
				if err != nil {
					t.Fatalf("%v %s %d: %v", size, kind, quality, err)
				}
				if m.Bounds().Size() != image.Pt(p.w, p.h) {
					t.Fatalf("%v %s: decodes as %v", size, kind, m.Bounds())
				}
				limit := map[int]float64{30: 90, 82: 25, 100: 1.5}[quality]
				switch m := m.(type) {
				case *image.Gray:
					if kind != "gray" {
						t.Fatalf("%s became gray", kind)
					}
					if d := meanSquare(m.Pix, m.Stride, p.y); d > limit {
						t.Errorf("%v gray %d: mean square error %.1f", size, quality, d)
					}
				case *image.YCbCr:
					if full := m.SubsampleRatio == image.YCbCrSubsampleRatio444; full != (kind == "full") && p.w > 1 {
						t.Fatalf("%s became %v", kind, m.SubsampleRatio)
					}
					for i, d := range []float64{meanSquare(m.Y, m.YStride, p.y), meanSquare(m.Cb, m.CStride, p.cb), meanSquare(m.Cr, m.CStride, p.cr)} {
						if d > limit {
							t.Errorf("%v %s %d: mean square error %.1f in plane %d", size, kind, quality, d, i)
						}
					}
				}
			}
		}
	}
}

func TestJPEGSegments(t *testing.T) {
	var e jpegEncoder
	b := e.encode(scene(40, 30, false, false), 82, profileP3, []byte("<packet/>"))
	h, err := Inspect(t.Context(), bytes.NewReader(b))
	var read blocks
	if err == nil {
		err = h.spans.read(bytes.NewReader(b), &read)
	}
	if err != nil || !bytes.Equal(read.icc, profileP3) {
		t.Fatalf("%d bytes of profile, %v", len(read.icc), err)
	}
	if !bytes.Contains(b[:200], []byte("http://ns.adobe.com/xap/1.0/\x00<packet/>")) {
		t.Error("no packet")
	}
	if len(profileP3) > 600 {
		t.Errorf("the profile takes %d bytes", len(profileP3))
	}
	p, err := parseProfile(profileP3)
	if err != nil || !p.isSpace(primariesP3) || p.isSpace(primariesSRGB) || p.isSpace(primariesAdobe) {
		t.Errorf("the profile is not Display P3: %v", err)
	}
}

// Frequencies that double need codes longer than JPEG has.
func TestHuffmanTableIsBounded(t *testing.T) {
	for n := 1; n <= 40; n++ {
		var freq [256]uint32
		f := uint32(1)
		for i := range n {
			freq[i] = f
			if i < 31 {
				f *= 2
			}
		}
		h := newHuffTable(&freq)
		room := 0
		for i, c := range h.counts {
			room += int(c) << (16 - i - 1)
		}
		if len(h.symbols) != n || room >= 1<<16 {
			t.Fatalf("%d symbols: %d in the table, which fills %d of 65536", n, len(h.symbols), room)
		}
		for i := 1; i < n; i++ {
			if freq[i] > freq[i-1] && h.codes[i].n > h.codes[i-1].n {
				t.Errorf("%d symbols: a more frequent one has the longer code", n)
			}
		}
	}
}

func TestBitWriterStuffs(t *testing.T) {
	var w bitWriter
	for range 9 {
		w.write(0xff, 8)
	}
	w.write(0, 3)
	w.flush()
	want := bytes.Repeat([]byte{0xff, 0}, 9)
	if !bytes.Equal(w.buf, append(want, 0x1f)) {
		t.Errorf("% x", w.buf)
	}
}

func BenchmarkJPEG(b *testing.B) {
	p := scene(2560, 1707, false, false)
	var e jpegEncoder
	b.SetBytes(2560 * 1707)
	for b.Loop() {
		e.encode(p, 82, nil, nil)
	}
}
