package media

import (
	"encoding/binary"
	"math"
)

// pngSpace is the colour space that a PNG's own fields tell. As in Chromium, a gamma counts with or without primaries;
// primaries without a gamma do not count. What names a space (cICP, iCCP, sRGB) goes before both.
type pngSpace struct {
	named     bool
	gamma     float64 // that of the encoding, such as 0.45455; 0: not told
	primaries bool
	toXYZ     [3][3]float64 // as a profile's
}

// read takes gAMA or cHRM. The first of each counts, and what cannot be is none.
func (s *pngSpace) read(name string, p []byte) {
	number := func(i int) float64 { return float64(binary.BigEndian.Uint32(p[4*i:])) / 100000 }
	switch {
	case name == "gAMA" && len(p) == 4 && s.gamma == 0:
		if g := number(0); g >= 0.1 && g <= 10 {
			s.gamma = g
		}
	case name == "cHRM" && len(p) == 32 && !s.primaries:
		var xy [4][2]float64 // white, red, green, blue
		for i := range xy {
			xy[i] = [2]float64{number(2 * i), number(2*i + 1)}
		}
		s.toXYZ, s.primaries = fromPrimaries(xy)
	}
}

// usualGamma is what nearly every PNG with gAMA says. With sRGB's primaries, or none, it means sRGB.
const usualGamma = 1 / 2.2

// profile returns what the file's own fields tell of its colours, nil where that is sRGB or nothing.
func (h Header) profile() *profile {
	s := h.space
	if s.named || s.gamma == 0 {
		return nil
	}
	usual := math.Abs(s.gamma/usualGamma-1) < 0.05 // libpng's threshold
	c := gamma(1 / s.gamma)
	switch {
	case usual && (!s.primaries || samePrimaries(s.toXYZ, primariesSRGB)):
		return nil
	case !s.primaries: // relative to a screen of 2.2, whose encoding is taken for sRGB's
		s.toXYZ = primariesSRGB
		c = func(v float64) float64 { return decodeSRGB(math.Pow(v, usualGamma/s.gamma)) }
	}
	return &profile{toXYZ: s.toXYZ, curve: [3]curve{c, c, c}, gray: h.kind == kindGray}
}

func decodeSRGB(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// bradford is the space in which colours are adapted to another white.
var bradford = [3][3]float64{{0.8951, 0.2664, -0.1614}, {-0.7502, 1.7135, 0.0367}, {0.0389, -0.0685, 1.0296}}

// fromPrimaries makes the matrix of the chromaticities of white, red, green and blue, adapted to D50. ok is false for what is no
// space.
func fromPrimaries(xy [4][2]float64) (m [3][3]float64, ok bool) {
	var xyz [4][3]float64
	for i, c := range xy {
		if c[0] < 0 || c[1] < 0.001 || c[0]+c[1] > 1 {
			return m, false
		}
		xyz[i] = [3]float64{c[0] / c[1], 1, (1 - c[0] - c[1]) / c[1]}
	}
	for i := range 3 {
		for j := range 3 {
			m[i][j] = xyz[j+1][i]
		}
	}
	scale := apply(invert(m), xyz[0])
	cones, want := apply(bradford, xyz[0]), apply(bradford, d50)
	var adapt [3][3]float64
	for i := range 3 {
		for j := range 3 {
			m[i][j] *= scale[j]
		}
		adapt[i][i] = want[i] / cones[i]
	}
	m = mul(invert(bradford), mul(adapt, mul(bradford, m)))
	for i := range 3 {
		for j := range 3 {
			if math.IsNaN(m[i][j]) || math.Abs(m[i][j]) > 10 {
				return m, false
			}
		}
	}
	return m, true
}

func apply(m [3][3]float64, v [3]float64) (r [3]float64) {
	for i := range 3 {
		for j := range 3 {
			r[i] += m[i][j] * v[j]
		}
	}
	return r
}

// samePrimaries tells whether two spaces have the same primaries, near enough for 8 bits.
func samePrimaries(a, b [3][3]float64) bool {
	for i := range 3 {
		for j := range 3 {
			if math.Abs(a[i][j]-b[i][j]) > 0.004 {
				return false
			}
		}
	}
	return true
}
