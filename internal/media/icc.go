package media

import (
	"encoding/binary"
	"errors"
	"math"
)

// profile is a colour space of three primaries and three curves (or one curve, for gray), as an ICC profile of the
// matrix/TRC kind describes it.
type profile struct {
	toXYZ [3][3]float64 // columns are the primaries, adapted to D50
	curve [3]curve
	gray  bool
	table *table // of a profile of the table kind, which has nothing of the above but gray
}

// curve maps an encoded value in [0, 1] to a linear one.
type curve func(float64) float64

// Primaries adapted to D50, as columns.
var (
	primariesSRGB  = [3][3]float64{{0.4360747, 0.3850649, 0.1430804}, {0.2225045, 0.7168786, 0.0606169}, {0.0139322, 0.0971045, 0.7141733}}
	primariesP3    = [3][3]float64{{0.515102, 0.291965, 0.157153}, {0.241182, 0.692236, 0.066582}, {-0.001050, 0.041885, 0.784051}}
	primariesAdobe = [3][3]float64{{0.6097559, 0.2052401, 0.1492240}, {0.3111242, 0.6256560, 0.0632197}, {0.0194811, 0.0608902, 0.7448387}}
)

func encodeSRGB(v float64) float64 {
	if v <= 0.0031308 {
		return 12.92 * v
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}

func gamma(g float64) curve { return func(v float64) float64 { return math.Pow(v, g) } }

// profileAdobe is Adobe RGB (1998), for files that name it without embedding it.
func profileAdobe() *profile {
	g := gamma(563.0 / 256)
	return &profile{toXYZ: primariesAdobe, curve: [3]curve{g, g, g}}
}

var errProfile = errors.New("not a profile of the matrix kind")

// parseProfile reads a profile with tables, a matrix/TRC one for RGB, or one with a curve for gray. Tables go before the
// rest. Any other is errProfile.
func parseProfile(b []byte) (*profile, error) {
	if len(b) < 132 || string(b[36:40]) != "acsp" || string(b[20:24]) != "XYZ " && string(b[20:24]) != "Lab " {
		return nil, errProfile
	}
	n := binary.BigEndian.Uint32(b[128:])
	if n > 200 || len(b) < 132+12*int(n) {
		return nil, errProfile
	}
	tags := map[string][]byte{}
	for i := range int(n) {
		t := b[132+12*i:]
		off, size := binary.BigEndian.Uint32(t[4:]), binary.BigEndian.Uint32(t[8:])
		if uint64(off)+uint64(size) <= uint64(len(b)) {
			tags[string(t[:4])] = b[off : off+size]
		}
	}
	if t, err := parseTable(b, tags); err == nil {
		return tableProfile(t), nil
	}
	p := &profile{}
	switch string(b[16:20]) {
	case "GRAY":
		c, err := parseCurve(tags["kTRC"])
		if err != nil {
			return nil, err
		}
		if string(b[20:24]) == "Lab " { // the curve is of lightness
			l := c
			c = func(v float64) float64 { return labToXYZ(100*l(v), 0, 0)[1] }
		}
		p.gray, p.curve = true, [3]curve{c, c, c}
		return p, nil
	case "RGB ":
	default:
		return nil, errProfile
	}
	if string(b[20:24]) != "XYZ " {
		return nil, errProfile
	}
	for i, c := range []string{"r", "g", "b"} {
		xyz := tags[c+"XYZ"]
		if len(xyz) < 20 || string(xyz[:4]) != "XYZ " {
			return nil, errProfile
		}
		for j := range 3 {
			p.toXYZ[j][i] = fixed16(xyz[8+4*j:])
		}
		var err error
		if p.curve[i], err = parseCurve(tags[c+"TRC"]); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// tableProfile is a profile of the table kind; one for gray is a curve of what its table says.
func tableProfile(t *table) *profile {
	if t.n > 1 {
		return &profile{table: t}
	}
	c := func(v float64) float64 {
		rgb := t.linear(&[4]float64{v})
		return 0.2126*rgb[0] + 0.7152*rgb[1] + 0.0722*rgb[2]
	}
	return &profile{gray: true, curve: [3]curve{c, c, c}}
}

func fixed16(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / 65536 }

func parseCurve(b []byte) (curve, error) {
	if len(b) < 12 {
		return nil, errProfile
	}
	switch string(b[:4]) {
	case "curv":
		n := int(binary.BigEndian.Uint32(b[8:]))
		if n > 65536 || len(b) < 12+2*n {
			return nil, errProfile
		}
		table := b[12:]
		switch n {
		case 0:
			return gamma(1), nil
		case 1:
			return gamma(float64(binary.BigEndian.Uint16(table)) / 256), nil
		}
		return func(v float64) float64 {
			x := min(max(v, 0), 1) * float64(n-1)
			i := min(int(x), n-2)
			lo, hi := float64(binary.BigEndian.Uint16(table[2*i:])), float64(binary.BigEndian.Uint16(table[2*i+2:]))
			return (lo + (hi-lo)*(x-float64(i))) / 65535
		}, nil
	case "para":
		kind := binary.BigEndian.Uint16(b[8:])
		count := map[uint16]int{0: 1, 1: 3, 2: 4, 3: 5, 4: 7}[kind]
		if count == 0 || len(b) < 12+4*count {
			return nil, errProfile
		}
		var v [7]float64 // g a b c d e f
		for i := range count {
			v[i] = fixed16(b[12+4*i:])
		}
		g, a, bb, c, d, e, f := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
		switch kind {
		case 0:
			return gamma(g), nil
		case 1, 2: // zero (or c) below −b/a
			if a == 0 {
				return nil, errProfile
			}
			d, e, f, c = -bb/a, c, c, 0
		case 3:
			e, f = 0, 0
		}
		return func(x float64) float64 {
			if x >= d {
				return math.Pow(max(a*x+bb, 0), g) + e
			}
			return c*x + f
		}, nil
	}
	return nil, errProfile
}

// isSpace tells whether the profile is the space with these primaries and sRGB's curve, near enough for 8 bits.
func (p *profile) isSpace(primaries [3][3]float64) bool {
	if p.table != nil {
		return false
	}
	return samePrimaries(p.toXYZ, primaries) && p.hasSRGBCurve()
}

func (p *profile) hasSRGBCurve() bool {
	for _, c := range p.curve {
		for i := 0; i <= 16; i++ {
			v := float64(i) / 16
			if math.Abs(encodeSRGB(min(max(c(v), 0), 1))-v) > 0.012 {
				return false
			}
		}
	}
	return true
}

// converter turns encoded colours of a profile into sRGB.
type converter struct {
	cube   *cube // of a profile of the table kind, which has nothing of the rest
	linear [3][256]float32
	matrix [3][3]float32 // profile's linear RGB to sRGB's
	encode [linearSteps + 1]uint8
}

const linearSteps = 1 << 14

func newConverter(p *profile) *converter {
	if p.table != nil {
		return &converter{cube: newCube(p.table)}
	}
	c := &converter{}
	m := mul(invert(primariesSRGB), p.toXYZ)
	for i := range 3 {
		for j := range 3 {
			c.matrix[i][j] = float32(m[i][j])
		}
		for v := range 256 {
			// The matrix then yields the index into encode.
			c.linear[i][v] = float32(min(max(p.curve[i](float64(v)/255), 0), 1) * linearSteps)
		}
	}
	for i := range c.encode {
		c.encode[i] = uint8(math.Round(255 * encodeSRGB(float64(i)/linearSteps)))
	}
	return c
}

func (c *converter) convert(r, g, b uint8) (uint8, uint8, uint8) {
	if c.cube != nil {
		return c.cube.convert([4]uint8{r, g, b})
	}
	lr, lg, lb := c.linear[0][r], c.linear[1][g], c.linear[2][b]
	m := &c.matrix
	return c.step(m[0][0]*lr + m[0][1]*lg + m[0][2]*lb), c.step(m[1][0]*lr + m[1][1]*lg + m[1][2]*lb), c.step(m[2][0]*lr + m[2][1]*lg + m[2][2]*lb)
}

func (c *converter) step(v float32) uint8 {
	return c.encode[min(max(int(v+0.5), 0), linearSteps)]
}

// apply converts a picture. One chroma sample covers one or 2×2 luma samples.
func (c *converter) apply(p *picture) *picture {
	q := p.each(p.w, p.h, func(pl *plane) *plane {
		n := newPlane(pl.w, pl.h)
		n.ew, n.eh = pl.ew, pl.eh
		return n
	})
	step := 1
	if p.cb.w != p.w || p.cb.h != p.h {
		step = 2
	}
	for cy := range p.cb.h {
		for cx := range p.cb.w {
			cb, cr := p.cb.pix[cy*p.cb.stride+cx], p.cr.pix[cy*p.cr.stride+cx]
			var sb, sr, n int
			for y := cy * step; y < min(cy*step+step, p.h); y++ {
				for x := cx * step; x < min(cx*step+step, p.w); x++ {
					r, g, b := toRGB(p.y.pix[y*p.y.stride+x], cb, cr)
					r, g, b = c.convert(r, g, b)
					yy, ub, ur := fromRGB(r, g, b)
					q.y.pix[y*q.y.stride+x] = yy
					sb, sr, n = sb+int(ub), sr+int(ur), n+1
				}
			}
			q.cb.pix[cy*q.cb.stride+cx] = uint8((sb + n/2) / n)
			q.cr.pix[cy*q.cr.stride+cx] = uint8((sr + n/2) / n)
		}
	}
	return q
}

// applyGray converts luma by the gray curve.
func applyGray(p *profile, pic *picture) *picture {
	var t [256]byte
	for v := range t {
		t[v] = uint8(math.Round(255 * encodeSRGB(min(max(p.curve[0](float64(v)/255), 0), 1))))
	}
	return pic.each(pic.w, pic.h, func(pl *plane) *plane {
		n := newPlane(pl.w, pl.h)
		for y := range pl.h {
			dst := n.row(y)
			for x, v := range pl.row(y) {
				dst[x] = t[v]
			}
		}
		return n
	})
}

func mul(a, b [3][3]float64) (m [3][3]float64) {
	for i := range 3 {
		for j := range 3 {
			for k := range 3 {
				m[i][j] += a[i][k] * b[k][j]
			}
		}
	}
	return m
}

func invert(a [3][3]float64) (m [3][3]float64) {
	minor := func(i, j int) float64 {
		i1, i2, j1, j2 := (i+1)%3, (i+2)%3, (j+1)%3, (j+2)%3
		return a[i1][j1]*a[i2][j2] - a[i1][j2]*a[i2][j1]
	}
	det := a[0][0]*minor(0, 0) + a[0][1]*minor(0, 1) + a[0][2]*minor(0, 2)
	for i := range 3 {
		for j := range 3 {
			m[j][i] = minor(i, j) / det
		}
	}
	return m
}

// profileP3 is a Display P3 profile of the matrix kind, version 4, as small as it goes.
var profileP3 = makeProfile("Display P3", primariesP3)

// makeProfile writes a version 4 profile with sRGB's curve.
func makeProfile(name string, primaries [3][3]float64) []byte {
	text := func(s string) []byte {
		b := append([]byte("mluc\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0cenUS"), 0, 0, 0, byte(2*len(s)), 0, 0, 0, 28)
		for _, c := range []byte(s) {
			b = append(b, 0, c)
		}
		return b
	}
	s15 := func(b []byte, vs ...float64) []byte {
		for _, v := range vs {
			b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(v*65536))))
		}
		return b
	}
	xyz := func(vs ...float64) []byte { return s15([]byte("XYZ \x00\x00\x00\x00"), vs...) }
	column := func(i int) []byte { return xyz(primaries[0][i], primaries[1][i], primaries[2][i]) }
	trc := s15([]byte("para\x00\x00\x00\x00\x00\x03\x00\x00"), 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)
	chad := s15([]byte("sf32\x00\x00\x00\x00"), 1.047882, 0.022918, -0.050217, 0.029587, 0.990479, -0.017059, -0.009232, 0.015076, 0.751678)
	tags := []struct {
		name string
		data []byte
	}{
		{"desc", text(name)}, {"cprt", text("CC0")}, {"wtpt", xyz(0.9642, 1, 0.8249)}, {"chad", chad},
		{"rXYZ", column(0)}, {"gXYZ", column(1)}, {"bXYZ", column(2)}, {"rTRC", trc}, {"gTRC", nil}, {"bTRC", nil},
	}
	b := make([]byte, 128, 600)
	copy(b[8:], "\x04\x30\x00\x00mntrRGB XYZ ")
	copy(b[24:], "\x07\xe6\x00\x01\x00\x01") // any date
	copy(b[36:], "acsp")
	s15(b[68:68], 0.9642, 1, 0.8249)
	b = binary.BigEndian.AppendUint32(b, uint32(len(tags)))
	off := len(b) + 12*len(tags)
	var data []byte
	var start, size int
	for _, t := range tags {
		if t.data != nil { // else it shares the one before
			start, size = off+len(data), len(t.data)
			data = append(data, t.data...)
			for len(data)%4 != 0 {
				data = append(data, 0)
			}
		}
		b = append(b, t.name...)
		b = binary.BigEndian.AppendUint32(b, uint32(start))
		b = binary.BigEndian.AppendUint32(b, uint32(size))
	}
	b = append(b, data...)
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}
