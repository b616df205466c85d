package media

import "math"

// The scaler: a separable Lanczos filter with three lobes. Three samples travel in one 64-bit word, 21 bits each, so
// that one multiplication weighs three of them. A lane holds the sum of (sample − 128) × weight, where the weights of
// one output sum up to 1 << weightBits, plus an offset that keeps it positive and rounds.
const (
	weightBits = 12
	laneBits   = 21
	lanes      = 1 | 1<<laneBits | 1<<(2*laneBits)
	// 2^20 keeps a lane positive, half a unit rounds, and the last part makes the samples signed.
	laneStart = lanes * (1<<20 + 1<<(weightBits-1) - 128<<weightBits)
	// What is left of a lane after dropping the fraction: the sample + 128, in 9 bits.
	laneMask = 1<<(laneBits-weightBits) - 1
)

// clampLane maps a lane's 9 bits to a sample.
var clampLane = func() (t [laneMask + 1]byte) {
	for i := range t {
		t[i] = byte(min(max(i-128, 0), 255))
	}
	return t
}()

// filter holds, for each output sample, where its inputs begin and their weights, taps of them.
type filter struct {
	taps    int
	start   []int
	weights []uint64 // of two's complement
}

// newFilter maps the extent [from, from+extent) of n samples to out samples.
func newFilter(n, out int, from, extent, outExtent float64) filter {
	const lobes = 3
	scale := extent / outExtent
	stretch := max(scale, 1)
	support := lobes * stretch
	taps := min(int(math.Ceil(2*support))+1, n)
	f := filter{start: make([]int, out), taps: (taps + 1) &^ 1}
	if f.taps > n {
		f.taps = n
	}
	f.weights = make([]uint64, out*f.taps)
	w := make([]float64, f.taps)
	for i := range out {
		centre := from + (float64(i)+0.5)*scale - 0.5
		lo := int(math.Ceil(centre - support))
		start := min(max(lo, 0), n-f.taps)
		clear(w)
		sum := 0.0
		for j := lo; float64(j) <= centre+support; j++ {
			v := lanczos((float64(j)-centre)/stretch, lobes)
			// Beyond the edge the outermost sample stands in.
			k := min(max(j, 0), n-1) - start
			if k >= 0 && k < len(w) {
				w[k] += v
				sum += v
			}
		}
		// Round so that the weights sum up exactly, carrying the error along.
		acc, done := 0.0, int64(0)
		f.start[i] = start
		for k, v := range w {
			acc += v / sum * (1 << weightBits)
			r := int64(math.Round(acc)) - done
			done += r
			f.weights[i*f.taps+k] = uint64(r)
		}
	}
	return f
}

func lanczos(x, lobes float64) float64 {
	if x == 0 {
		return 1
	}
	if x <= -lobes || x >= lobes {
		return 0
	}
	p := math.Pi * x
	return lobes * math.Sin(p) * math.Sin(p/lobes) / (p * p)
}

// region is a rectangle on a plane, in samples.
type region struct{ x, y, w, h float64 }

func (p *plane) whole() region { return region{0, 0, p.ew, p.eh} }

// resize maps region r of p onto w×h samples, of which the picture covers ew×eh. It returns p itself where nothing
// would change.
func (p *plane) resize(r region, w, h int, ew, eh float64) *plane {
	q := &plane{w: w, h: h, stride: w, ew: ew, eh: eh}
	if r == p.whole() && w == p.w && h == p.h && ew == p.ew && eh == p.eh {
		return p
	}
	q.pix = make([]byte, w*h)
	across := newFilter(p.w, w, r.x, r.w, ew)
	down := newFilter(p.h, h, r.y, r.h, eh)

	// Rows of the input, filtered across and packed for the way down, wait in a ring until no output needs them.
	words := (w + 2) / 3
	size := down.taps + 3 // the filter across makes three rows at once
	ring := make([]uint64, size*words)
	packed := make([]uint64, p.w)
	var rows [3][]byte
	for i := range rows {
		rows[i] = make([]byte, 3*words)
	}
	acc := make([]uint64, words)
	next := down.start[0] // the first input row that is not in the ring yet
	refs := make([][]uint64, down.taps)
	for y := range h {
		first := down.start[y]
		for next < first+down.taps {
			n := min(3, p.h-next)
			packRows(packed, p, next, n)
			across.apply(packed, rows[0][:w], rows[1][:w], rows[2][:w])
			for i := range n {
				packRow(ring[(next%size)*words:][:words], rows[i])
				next++
			}
		}
		for k := range refs {
			refs[k] = ring[((first+k)%size)*words:][:words]
		}
		weigh(acc, refs, down.weights[y*down.taps:][:down.taps])
		unpackRow(q.pix[y*w:][:w], acc)
	}
	return q
}

// packRows puts n rows of p, from y on, into the lanes of one row of words.
func packRows(dst []uint64, p *plane, y, n int) {
	a := p.row(y)
	b, c := a, a
	if n > 1 {
		b = p.row(y + 1)
	}
	if n > 2 {
		c = p.row(y + 2)
	}
	dst, b, c = dst[:len(a)], b[:len(a)], c[:len(a)]
	for x, v := range a {
		dst[x] = uint64(v) | uint64(b[x])<<laneBits | uint64(c[x])<<(2*laneBits)
	}
}

// apply filters one row of words, three rows of samples, into three rows.
func (f *filter) apply(src []uint64, a, b, c []byte) {
	b, c = b[:len(a)], c[:len(a)]
	starts := f.start[:len(a)]
	for x := range a {
		w := f.weights[x*f.taps:][:f.taps]
		s := src[starts[x]:][:len(w)]
		u := uint64(laneStart)
		for len(w) >= 4 && len(s) >= 4 {
			u += s[0]*w[0] + s[1]*w[1] + s[2]*w[2] + s[3]*w[3]
			w, s = w[4:], s[4:]
		}
		for k, v := range w {
			u += s[k] * v
		}
		a[x] = clampLane[u>>weightBits&laneMask]
		b[x] = clampLane[u>>(weightBits+laneBits)&laneMask]
		c[x] = clampLane[u>>(weightBits+2*laneBits)&laneMask]
	}
}

// packRow puts the thirds of a row into the lanes of words: sample x lies in word x mod words.
func packRow(dst []uint64, row []byte) {
	n := len(dst)
	a, b, c := row[:n], row[n:][:n], row[2*n:][:n]
	for x := range dst {
		dst[x] = uint64(a[x]) | uint64(b[x])<<laneBits | uint64(c[x])<<(2*laneBits)
	}
}

// weigh sums rows by weight.
func weigh(acc []uint64, rows [][]uint64, w []uint64) {
	for i := range acc {
		acc[i] = laneStart
	}
	for len(rows) >= 4 {
		a, b, c, d := rows[0][:len(acc)], rows[1][:len(acc)], rows[2][:len(acc)], rows[3][:len(acc)]
		wa, wb, wc, wd := w[0], w[1], w[2], w[3]
		for i := range acc {
			acc[i] += a[i]*wa + b[i]*wb + c[i]*wc + d[i]*wd
		}
		rows, w = rows[4:], w[4:]
	}
	for k, r := range rows {
		r = r[:len(acc)]
		for i := range acc {
			acc[i] += r[i] * w[k]
		}
	}
}

// unpackRow is the reverse of packRow, with the fraction dropped.
func unpackRow(dst []byte, acc []uint64) {
	n := len(acc)
	for lane, shift := 0, weightBits; lane < 3; lane, shift = lane+1, shift+laneBits {
		if lane*n >= len(dst) {
			return
		}
		part := dst[lane*n : min((lane+1)*n, len(dst))]
		for x := range part {
			part[x] = clampLane[acc[x]>>shift&laneMask]
		}
	}
}

// resize scales region r of the picture, in luma samples, to w×h, with chroma of half or of full resolution.
func (p *picture) resize(r region, w, h int, full bool) *picture {
	q := &picture{w: w, h: h}
	q.y = p.y.resize(r, w, h, float64(w), float64(h))
	if p.gray() {
		return q
	}
	cw, ch, cew, ceh := w, h, float64(w), float64(h)
	if !full {
		cw, ch, cew, ceh = (w+1)/2, (h+1)/2, cew/2, ceh/2
	}
	sx, sy := p.cb.ew/p.y.ew, p.cb.eh/p.y.eh
	cr := region{r.x * sx, r.y * sy, r.w * sx, r.h * sy}
	if r == p.y.whole() {
		cr = p.cb.whole()
	}
	q.cb = p.cb.resize(cr, cw, ch, cew, ceh)
	q.cr = p.cr.resize(cr, cw, ch, cew, ceh)
	return q
}
