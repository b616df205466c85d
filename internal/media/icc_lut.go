package media

import (
	"encoding/binary"
)

// Profiles of the table kind: a device's colours go through curves and a grid of measured ones into the colour space
// that connects profiles, CIELAB or XYZ under D50. They are followed as littleCMS does by itself: perceptually,
// relative to white, without compensation of black, into sRGB.

// table is the part of a profile that leads from n device values, each in [0, 1], to XYZ.
type table struct {
	n   int
	toD func(in *[4]float64) [3]float64 // to the encoded connection space
	lab bool
	enc float64 // of 65535 steps, those that make the unit of what is encoded: 65280 in lut16's coding of CIELAB
}

var d50 = [3]float64{0.9642, 1, 0.8249}

// parseTable reads A2B0 (perceptual), else A2B1 or A2B2.
func parseTable(b []byte, tags map[string][]byte) (*table, error) {
	n := map[string]int{"GRAY": 1, "RGB ": 3, "CMYK": 4}[string(b[16:20])]
	if n == 0 {
		return nil, errProfile
	}
	for _, name := range []string{"A2B0", "A2B1", "A2B2"} {
		data := tags[name]
		if len(data) < 32 {
			continue
		}
		t := &table{n: n, lab: string(b[20:24]) == "Lab ", enc: 65535}
		if int(data[8]) != n || data[9] != 3 {
			return nil, errProfile
		}
		var err error
		switch string(data[:4]) {
		case "mft1":
			err = t.parseOld(data, 1)
		case "mft2":
			t.enc = 65280
			err = t.parseOld(data, 2)
		case "mAB ":
			err = t.parseNew(data)
		default:
			err = errProfile
		}
		if err != nil {
			return nil, err
		}
		if !t.lab {
			t.enc = 32768
		}
		return t, nil
	}
	return nil, errProfile
}

// values returns a reader of numbers in [0, 1] of one or two bytes.
func values(b []byte, width int) func(i int) float64 {
	if width == 1 {
		return func(i int) float64 { return float64(b[i]) / 255 }
	}
	return func(i int) float64 { return float64(binary.BigEndian.Uint16(b[2*i:])) / 65535 }
}

// sampled is a curve of evenly spaced values, of which the first is at offset off.
func sampled(at func(i int) float64, off, n int) curve {
	return func(v float64) float64 {
		x := min(max(v, 0), 1) * float64(n-1)
		i := max(0, min(int(x), n-2))
		lo := at(off + i)
		if n < 2 {
			return lo
		}
		return lo + (at(off+i+1)-lo)*(x-float64(i))
	}
}

// parseOld reads lut8 and lut16: curves, a grid of the same size in every direction, curves.
func (t *table) parseOld(b []byte, width int) error {
	grid, ins, outs, off := int(b[10]), 256, 256, 48
	if width == 2 {
		if len(b) < 52 {
			return errProfile
		}
		ins, outs, off = int(binary.BigEndian.Uint16(b[48:])), int(binary.BigEndian.Uint16(b[50:])), 52
	}
	if grid < 2 || ins < 2 || outs < 2 || ins > 4096 || outs > 4096 {
		return errProfile
	}
	cells := 3
	sizes := make([]int, t.n)
	for i := range t.n {
		sizes[i] = grid
		cells *= grid
	}
	if len(b)-off < width*(t.n*ins+cells+3*outs) {
		return errProfile
	}
	at := values(b[off:], width)
	var in, out [4]curve
	for i := range t.n {
		in[i] = sampled(at, i*ins, ins)
	}
	for i := range 3 {
		out[i] = sampled(at, t.n*ins+cells+i*outs, outs)
	}
	start := t.n * ins
	look := interpolator(func(i int) float64 { return at(start + i) }, sizes)
	t.toD = func(v *[4]float64) (r [3]float64) {
		w := *v
		for i := range t.n {
			w[i] = in[i](w[i])
		}
		r = look(&w)
		for i := range r {
			r[i] = out[i](r[i])
		}
		return r
	}
	return nil
}

// parseNew reads lutAToB: up to curves, grid, curves, matrix, curves.
func (t *table) parseNew(b []byte) error {
	offset := func(i int) int { return int(binary.BigEndian.Uint32(b[12+4*i:])) }
	bAt, matrixAt, mAt, gridAt, aAt := offset(0), offset(1), offset(2), offset(3), offset(4)
	for _, o := range []int{bAt, matrixAt, mAt, gridAt, aAt} {
		if o < 0 || o > len(b) || o != 0 && o < 32 {
			return errProfile
		}
	}
	curves := func(off, n int) (c [4]curve, err error) {
		for i := range n {
			if off > len(b) {
				return c, errProfile
			}
			var size int
			if c[i], err = parseCurve(b[off:]); err != nil {
				return c, err
			}
			if size, err = curveSize(b[off:]); err != nil {
				return c, err
			}
			off += (size + 3) &^ 3
		}
		return c, nil
	}
	if bAt == 0 {
		return errProfile
	}
	last, err := curves(bAt, 3)
	if err != nil {
		return err
	}
	var steps []func(v *[4]float64)
	apply := func(c [4]curve, n int) {
		steps = append(steps, func(v *[4]float64) {
			for i := range n {
				v[i] = min(max(c[i](v[i]), 0), 1)
			}
		})
	}
	if gridAt != 0 {
		if aAt == 0 || len(b) < gridAt+20 {
			return errProfile
		}
		first, err := curves(aAt, t.n)
		if err != nil {
			return err
		}
		apply(first, t.n)
		sizes, cells := make([]int, t.n), 3
		for i := range sizes {
			if sizes[i] = int(b[gridAt+i]); sizes[i] < 2 || cells > 16<<20 {
				return errProfile
			}
			cells *= sizes[i]
		}
		width := int(b[gridAt+16])
		if width != 1 && width != 2 || len(b)-gridAt-20 < width*cells {
			return errProfile
		}
		look := interpolator(values(b[gridAt+20:], width), sizes)
		steps = append(steps, func(v *[4]float64) { r := look(v); copy(v[:], r[:]) })
	} else if t.n != 3 {
		return errProfile
	}
	if matrixAt != 0 && mAt != 0 {
		if len(b) < matrixAt+48 {
			return errProfile
		}
		mid, err := curves(mAt, 3)
		if err != nil {
			return err
		}
		apply(mid, 3)
		var m [12]float64
		for i := range m {
			m[i] = fixed16(b[matrixAt+4*i:])
		}
		steps = append(steps, func(v *[4]float64) {
			x, y, z := v[0], v[1], v[2]
			for i := range 3 {
				v[i] = m[3*i]*x + m[3*i+1]*y + m[3*i+2]*z + m[9+i]
			}
		})
	}
	apply(last, 3)
	t.toD = func(in *[4]float64) [3]float64 {
		v := *in
		for _, s := range steps {
			s(&v)
		}
		return [3]float64{v[0], v[1], v[2]}
	}
	return nil
}

// curveSize is how many bytes a curve takes that parseCurve could read.
func curveSize(b []byte) (int, error) {
	if string(b[:4]) == "curv" {
		return 12 + 2*int(binary.BigEndian.Uint32(b[8:])), nil
	}
	kind := binary.BigEndian.Uint16(b[8:])
	if kind > 4 {
		return 0, errProfile
	}
	return 12 + 4*[]int{1, 3, 4, 5, 7}[kind], nil
}

// weights calls f with the weight and offset of each grid point that a place between them consists of. It is between the
// four corners of a tetrahedron in the last three directions, and between two of them in the first of four, as in
// littleCMS: along the axis of grays nothing but grays takes part.
func weights[F float32 | float64](frac [4]F, stride [4]int, n int, f func(w F, off int)) {
	if n == 1 {
		f(1-frac[0], 0)
		f(frac[0], stride[0])
		return
	}
	o := [3]int{n - 3, n - 2, n - 1}
	for _, swap := range [3][2]int{{0, 1}, {1, 2}, {0, 1}} { // the largest first
		if frac[o[swap[0]]] < frac[o[swap[1]]] {
			o[swap[0]], o[swap[1]] = o[swap[1]], o[swap[0]]
		}
	}
	corners := func(part F, off int) {
		f(part*(1-frac[o[0]]), off)
		off += stride[o[0]]
		f(part*(frac[o[0]]-frac[o[1]]), off)
		off += stride[o[1]]
		f(part*(frac[o[1]]-frac[o[2]]), off)
		f(part*frac[o[2]], off+stride[o[2]])
	}
	if n == 3 {
		corners(1, 0)
		return
	}
	corners(1-frac[0], 0)
	if frac[0] > 0 {
		corners(frac[0], stride[0])
	}
}

// interpolator reads a grid of triples, the last input moving fastest, and interpolates between its points.
func interpolator(at func(i int) float64, sizes []int) func(v *[4]float64) [3]float64 {
	n := len(sizes)
	var stride [4]int
	step := 3
	for i := n - 1; i >= 0; i-- {
		stride[i] = step
		step *= sizes[i]
	}
	return func(v *[4]float64) (r [3]float64) {
		base := 0
		var frac [4]float64
		for i := range n {
			x := min(max(v[i], 0), 1) * float64(sizes[i]-1)
			k := min(int(x), sizes[i]-2)
			frac[i] = x - float64(k)
			base += k * stride[i]
		}
		weights(frac, stride, n, func(w float64, off int) {
			for c := range r {
				r[c] += w * at(base+off+c)
			}
		})
		return r
	}
}

// xyz is a device's colour in XYZ under D50.
func (t *table) xyz(in *[4]float64) [3]float64 {
	v := t.toD(in)
	if !t.lab {
		for i := range v {
			v[i] *= 65535 / t.enc
		}
		return v
	}
	return labToXYZ(v[0]*65535/t.enc*100, v[1]*65535/t.enc*255-128, v[2]*65535/t.enc*255-128)
}

func labToXYZ(l, a, b float64) [3]float64 {
	f := func(t float64) float64 {
		if t > 24.0/116 {
			return t * t * t
		}
		return (108.0 / 841) * (t - 16.0/116)
	}
	y := (l + 16) / 116
	return [3]float64{d50[0] * f(y+a/500), f(y), d50[2] * f(y-b/200)}
}

// linear is a device's colour in linear sRGB, which may lie outside [0, 1].
func (t *table) linear(in *[4]float64) (rgb [3]float64) {
	v := t.xyz(in)
	for i := range rgb {
		for k := range v {
			rgb[i] += fromXYZ[i][k] * v[k]
		}
	}
	return rgb
}

var fromXYZ = invert(primariesSRGB)

// cube is a table worked out for 8-bit sRGB on a grid, so that a pixel costs one interpolation.
type cube struct {
	n, size int
	grid    []float32
	index   [256]int // of the lower grid point
	frac    [256]float32
}

func newCube(t *table) *cube {
	c := &cube{n: t.n, size: map[int]int{1: 256, 3: 33, 4: 17}[t.n]}
	total := 1
	for range c.n {
		total *= c.size
	}
	c.grid = make([]float32, 3*total)
	for i := range total {
		var in [4]float64
		for k, rest := c.n-1, i; k >= 0; k-- {
			in[k] = float64(rest%c.size) / float64(c.size-1)
			rest /= c.size
		}
		for k, v := range t.linear(&in) {
			c.grid[3*i+k] = float32(255 * encodeSRGB(min(max(v, 0), 1)))
		}
	}
	for v := range 256 {
		x := float64(v) * float64(c.size-1) / 255
		c.index[v] = min(int(x), c.size-2)
		c.frac[v] = float32(x - float64(c.index[v]))
	}
	return c
}

// convert interpolates between the grid points around a colour.
func (c *cube) convert(in [4]uint8) (uint8, uint8, uint8) {
	var frac [4]float32
	var stride [4]int
	base, step := 0, 3
	for i := c.n - 1; i >= 0; i-- {
		stride[i] = step
		base += c.index[in[i]] * step
		frac[i] = c.frac[in[i]]
		step *= c.size
	}
	var r, g, b float32
	weights(frac, stride, c.n, func(w float32, off int) {
		p := c.grid[base+off:]
		r, g, b = r+w*p[0], g+w*p[1], b+w*p[2]
	})
	return uint8(r + 0.5), uint8(g + 0.5), uint8(b + 0.5)
}
