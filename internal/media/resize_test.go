package media

import (
	"math"
	"math/rand/v2"
	"testing"
)

func randomPlane(w, h int) *plane {
	r := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	p := newPlane(w, h)
	for i := range p.pix {
		p.pix[i] = byte(r.Uint32())
	}
	return p
}

// reference resizes in floating point, one axis after the other, with the row between them rounded as in the code.
func reference(p *plane, r region, w, h int, ew, eh float64) []float64 {
	axis := func(at func(i int) float64, n, out int, from, extent, outExtent float64) []float64 {
		scale := extent / outExtent
		stretch := math.Max(scale, 1)
		res := make([]float64, out)
		for i := range res {
			centre := from + (float64(i)+0.5)*scale - 0.5
			sum, weight := 0.0, 0.0
			for j := int(math.Floor(centre - 3*stretch)); j <= int(math.Ceil(centre+3*stretch)); j++ {
				l := lanczos((float64(j)-centre)/stretch, 3)
				sum += l * at(min(max(j, 0), n-1))
				weight += l
			}
			res[i] = math.Min(math.Max(math.Round(sum/weight), 0), 255)
		}
		return res
	}
	rows := make([][]float64, p.h)
	for y := range rows {
		row := p.row(y)
		rows[y] = axis(func(i int) float64 { return float64(row[i]) }, p.w, w, r.x, r.w, ew)
	}
	out := make([]float64, w*h)
	for x := range w {
		for y, v := range axis(func(i int) float64 { return rows[i][x] }, p.h, h, r.y, r.h, eh) {
			out[y*w+x] = v
		}
	}
	return out
}

func TestResizeIsLanczos(t *testing.T) {
	for _, c := range []struct {
		sw, sh, w, h int
		r            region
	}{
		{97, 61, 40, 30, region{}}, {300, 7, 299, 3, region{}}, {64, 64, 32, 32, region{}}, {50, 40, 17, 9, region{10.5, 3.25, 30, 31}},
		{3, 3, 2, 2, region{}}, {1, 1, 1, 1, region{}}, {5, 500, 1, 100, region{}}, {20, 20, 25, 31, region{}}, {1, 9, 1, 2, region{}},
	} {
		p := randomPlane(c.sw, c.sh)
		if c.r == (region{}) {
			c.r = p.whole()
		}
		q := p.resize(c.r, c.w, c.h, float64(c.w), float64(c.h))
		want := reference(p, c.r, c.w, c.h, float64(c.w), float64(c.h))
		for i, v := range q.pix {
			if d := math.Abs(float64(v) - want[i]); d > 2 {
				t.Errorf("%+v: sample %d is %d, want %.0f", c, i, v, want[i])
				break
			}
		}
	}
}

// What is flat stays exactly flat, at the ends of the range too, where the filter's lobes overshoot.
func TestResizeKeepsFlat(t *testing.T) {
	for _, v := range []byte{0, 1, 127, 128, 254, 255} {
		p := newPlane(101, 57)
		for i := range p.pix {
			p.pix[i] = v
		}
		for _, q := range []*plane{p.resize(p.whole(), 44, 20, 44, 20), p.resize(p.whole(), 100, 56, 100, 56), p.halve()} {
			for _, got := range q.pix {
				if got != v {
					t.Fatalf("%d became %d", v, got)
				}
			}
		}
	}
	// Hard edges overshoot, and must clip rather than wrap.
	p := newPlane(200, 200)
	for i := range p.pix {
		if i%200/10%2 == 0 {
			p.pix[i] = 255
		}
	}
	q := p.resize(p.whole(), 150, 150, 150, 150)
	for y := 40; y < 60; y++ {
		for x := range 150 {
			if centre := (float64(x) + 0.5) * 200 / 150; math.Abs(math.Mod(centre, 10)-5) < 2 {
				want := byte(0)
				if int(centre)/10%2 == 0 {
					want = 255
				}
				if got := q.row(y)[x]; got > want+30 && want == 0 || got < want-30 && want == 255 {
					t.Fatalf("at %d: %d in a stripe of %d", x, got, want)
				}
			}
		}
	}
}

func TestHalve(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {2, 2}, {3, 5}, {8, 8}, {17, 4}, {31, 33}} {
		p := randomPlane(size[0], size[1])
		q := p.halve()
		for y := range q.h {
			for x := range q.w {
				x1, y1 := min(2*x+1, p.w-1), min(2*y+1, p.h-1)
				sum := int(p.row(2 * y)[2*x]) + int(p.row(2 * y)[x1]) + int(p.row(y1)[2*x]) + int(p.row(y1)[x1])
				if got := int(q.row(y)[x]); got != (sum+2)/4 {
					t.Fatalf("%v at %d,%d: %d, want %d", size, x, y, got, (sum+2)/4)
				}
			}
		}
		if q.ew != float64(size[0])/2 || q.eh != float64(size[1])/2 {
			t.Errorf("%v: extents %v %v", size, q.ew, q.eh)
		}
	}
}

func BenchmarkResize(b *testing.B) {
	p := randomPlane(3000, 2000)
	b.SetBytes(2560 * 1707)
	for b.Loop() {
		p.resize(p.whole(), 2560, 1707, 2560, 1707)
	}
}
