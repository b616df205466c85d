package media

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// tableKind is a profile that the test makes: colours of a device that absorbs light, in a grid, after curves.
type tableKind struct {
	tag  string // "mft1", "mft2", "mAB "
	lab  bool
	n    int
	grid int
}

// device is the XYZ under D50 of a made-up device.
func device(n int, v [4]float64) [3]float64 {
	var r [3]float64
	switch n {
	case 1:
		y := math.Pow(v[0], 1.8)
		return [3]float64{d50[0] * y, y, d50[2] * y}
	case 3:
		for i := range r {
			for k := range 3 {
				r[i] += primariesAdobe[i][k] * math.Pow(v[k], 2) * 0.98
			}
			r[i] += 0.01 * d50[i]
		}
	case 4:
		ink := [4][3]float64{{0.20, 0.24, 0.75}, {0.40, 0.20, 0.25}, {0.80, 0.85, 0.08}, {0.03, 0.03, 0.03}}
		for i := range r {
			r[i] = d50[i]
			for k := range 4 {
				r[i] *= 1 - math.Pow(v[k], 1.2)*(1-ink[k][i])
			}
		}
	}
	return r
}

// profile writes a version 2 or 4 profile.
func (k tableKind) profile() []byte {
	u16 := func(b []byte, v float64) []byte {
		return binary.BigEndian.AppendUint16(b, uint16(math.Round(min(max(v, 0), 65535))))
	}
	encode := func(v [4]float64) (e [3]float64) { // in 65535ths
		xyz := device(k.n, v)
		if !k.lab {
			for i := range e {
				e[i] = xyz[i] * 32768
			}
			return e
		}
		f := func(t float64) float64 {
			if t > 216.0/24389 {
				return math.Cbrt(t)
			}
			return (24389.0/27*t + 16) / 116
		}
		fx, fy, fz := f(xyz[0]/d50[0]), f(xyz[1]), f(xyz[2]/d50[2])
		unit := 65535.0
		if k.tag == "mft2" {
			unit = 65280
		}
		return [3]float64{(116*fy - 16) / 100 * unit, (500*(fx-fy) + 128) / 255 * unit, (200*(fy-fz) + 128) / 255 * unit}
	}
	number := u16
	if k.tag == "mft1" {
		number = func(b []byte, v float64) []byte { return append(b, uint8(math.Round(min(max(v/257, 0), 255)))) }
	}
	var cells []byte
	total := 1
	for range k.n {
		total *= k.grid
	}
	for i := range total {
		var v [4]float64
		for j, rest := k.n-1, i; j >= 0; j-- {
			// Curves before the grid raise to the power of 0.7: what stands at a grid point is for the value before.
			v[j] = math.Pow(float64(rest%k.grid)/float64(k.grid-1), 1/0.7)
			rest /= k.grid
		}
		for _, e := range encode(v) {
			cells = number(cells, e)
		}
	}
	var tag []byte
	if k.tag == "mAB " {
		curves := func(n int, g float64) (b []byte) {
			for range n {
				b = append(b, "para\x00\x00\x00\x00\x00\x00\x00\x00"...)
				b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(g*65536))))
			}
			return b
		}
		a, last := curves(k.n, 0.7), curves(3, 1)
		head := append([]byte("mAB \x00\x00\x00\x00"), byte(k.n), 3, 0, 0)
		gridAt := 32 + len(last)
		clut := make([]byte, 16)
		for i := range k.n {
			clut[i] = byte(k.grid)
		}
		clut = append(append(clut, 2, 0, 0, 0), cells...)
		for len(clut)%4 != 0 {
			clut = append(clut, 0)
		}
		for _, off := range []int{32, 0, 0, gridAt, gridAt + len(clut)} {
			head = binary.BigEndian.AppendUint32(head, uint32(off))
		}
		tag = append(append(append(head, last...), clut...), a...)
	} else {
		tag = append([]byte(k.tag), 0, 0, 0, 0, byte(k.n), 3, byte(k.grid), 0)
		for i := range 9 {
			v := uint32(0)
			if i%4 == 0 {
				v = 65536
			}
			tag = binary.BigEndian.AppendUint32(tag, v)
		}
		outs := 256
		if k.tag == "mft2" {
			outs = 2
			tag = append(tag, 1, 0, 0, 2)
		}
		for range k.n {
			for i := range 256 {
				tag = number(tag, 65535*math.Pow(float64(i)/255, 0.7))
			}
		}
		tag = append(tag, cells...)
		for range 3 {
			for i := range outs {
				tag = number(tag, 65535*float64(i)/float64(outs-1))
			}
		}
	}
	for len(tag)%4 != 0 {
		tag = append(tag, 0)
	}
	b := make([]byte, 128)
	b[8], b[9] = 2, 0x40
	if k.tag == "mAB " {
		b[8], b[9] = 4, 0x20
	}
	copy(b[12:], map[int]string{1: "prtrGRAY", 3: "prtrRGB ", 4: "prtrCMYK"}[k.n])
	copy(b[20:], map[bool]string{true: "Lab ", false: "XYZ "}[k.lab])
	copy(b[36:], "acsp")
	copy(b[68:], "\x00\x00\xf6\xd6\x00\x01\x00\x00\x00\x00\xd3\x2d")
	white := []byte("XYZ \x00\x00\x00\x00\x00\x00\xf6\xd6\x00\x01\x00\x00\x00\x00\xd3\x2d")
	desc := append([]byte("desc\x00\x00\x00\x00\x00\x00\x00\x05test\x00"), make([]byte, 79)...)
	if b[8] == 4 {
		desc = append([]byte("mluc\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0cenUS"), 0, 0, 0, 2, 0, 0, 0, 28, 0, 'x', 0, 0)
	}
	tags := []struct {
		name string
		data []byte
	}{{"desc", desc}, {"wtpt", white}, {"A2B0", tag}}
	b = binary.BigEndian.AppendUint32(b, uint32(len(tags)))
	off := 132 + 12*len(tags)
	for _, t := range tags {
		b = append(b, t.name...)
		b = binary.BigEndian.AppendUint32(b, uint32(off))
		b = binary.BigEndian.AppendUint32(b, uint32(len(t.data)))
		off += len(t.data)
	}
	for _, t := range tags {
		b = append(b, t.data...)
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

var tableKinds = map[string]tableKind{
	"rgb-mft1-lab": {"mft1", true, 3, 9}, "rgb-mft2-lab": {"mft2", true, 3, 9}, "rgb-mab-lab": {"mAB ", true, 3, 9}, "rgb-mft2-xyz": {"mft2", false, 3, 17},
	"cmyk-mft1-lab": {"mft1", true, 4, 5}, "cmyk-mft2-lab": {"mft2", true, 4, 7}, "cmyk-mab-lab": {"mAB ", true, 4, 7},
	"gray-mft2-lab": {"mft2", true, 1, 33}, "gray-mab-xyz": {"mAB ", false, 1, 65},
}

// TestWriteTables writes the profiles and what this package makes of a chart of all their colours, for whoever compares
// them with another program: convert -size Nx1 -depth 8 rgb:chart -profile P.icc -profile sRGB.icc rgb:theirs.
func TestWriteTables(t *testing.T) {
	dir := os.Getenv("TABLES_DIR")
	if dir == "" {
		t.Skip("TABLES_DIR is not set")
	}
	for name, k := range tableKinds {
		chart, ours := chartOf(t, k)
		for end, b := range map[string][]byte{".icc": k.profile(), ".chart": chart, ".ours": ours} {
			if err := os.WriteFile(filepath.Join(dir, name+end), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// chartOf returns a chart of a device's colours and what they become.
func chartOf(t *testing.T, k tableKind) (chart, srgb []byte) {
	t.Helper()
	p, err := parseProfile(k.profile())
	if err != nil {
		t.Fatalf("%+v: %v", k, err)
	}
	steps := map[int]int{1: 256, 3: 12, 4: 7}[k.n]
	total := 1
	for range k.n {
		total *= steps
	}
	var c *converter
	if !p.gray {
		c = newConverter(p)
	}
	for i := range total {
		var in [4]uint8
		for j, rest := k.n-1, i; j >= 0; j-- {
			in[j] = uint8(math.Round(255 * float64(rest%steps) / float64(steps-1)))
			rest /= steps
		}
		chart = append(chart, in[:k.n]...)
		if p.gray {
			v := uint8(math.Round(255 * encodeSRGB(min(max(p.curve[0](float64(in[0])/255), 0), 1))))
			srgb = append(srgb, v, v, v)
			continue
		}
		r, g, b := c.cube.convert(in)
		srgb = append(srgb, r, g, b)
	}
	return chart, srgb
}

// tableReferences are some colours of each chart as littleCMS 2 has them (ImageMagick's convert -profile, to sRGB):
// number on the chart, red, green, blue. Over the whole charts the mean difference is at most 0.7 ΔE, the 99th
// percentile 2.
var tableReferences = map[string][][4]int{
	"cmyk-mab-lab":  {{0, 255, 254, 255}, {380, 212, 203, 87}, {760, 143, 139, 119}, {1140, 33, 32, 38}, {1520, 147, 144, 192}, {1900, 103, 97, 71}, {2280, 29, 41, 61}, {2400, 11, 1, 1}},
	"cmyk-mft1-lab": {{0, 255, 254, 255}, {380, 213, 203, 76}, {760, 145, 140, 119}, {1140, 32, 32, 38}, {1520, 149, 142, 191}, {1900, 98, 95, 68}, {2280, 26, 35, 55}, {2400, 12, 1, 1}},
	"cmyk-mft2-lab": {{0, 255, 254, 255}, {380, 212, 203, 87}, {760, 143, 139, 119}, {1140, 33, 32, 38}, {1520, 147, 144, 192}, {1900, 103, 97, 71}, {2280, 29, 41, 61}, {2400, 11, 1, 1}},
	"gray-mab-xyz":  {{0, 0, 0, 0}, {45, 59, 59, 59}, {91, 110, 110, 110}, {136, 153, 153, 153}, {154, 170, 170, 170}, {199, 209, 209, 209}, {245, 247, 247, 247}, {255, 255, 254, 255}},
	"gray-mft2-lab": {{0, 0, 0, 0}, {45, 59, 59, 59}, {91, 110, 110, 110}, {136, 153, 153, 153}, {154, 170, 170, 170}, {199, 209, 209, 209}, {245, 247, 247, 247}, {255, 255, 254, 255}},
	"rgb-mab-lab":   {{0, 25, 25, 25}, {283, 0, 253, 166}, {567, 0, 253, 60}, {851, 0, 233, 254}, {1135, 134, 233, 167}, {1419, 204, 234, 65}, {1511, 255, 127, 255}, {1727, 253, 253, 253}},
	"rgb-mft1-lab":  {{0, 25, 25, 25}, {283, 0, 253, 166}, {567, 0, 254, 59}, {851, 0, 234, 254}, {1135, 134, 234, 167}, {1419, 204, 234, 65}, {1511, 255, 127, 255}, {1727, 253, 253, 253}},
	"rgb-mft2-lab":  {{0, 25, 25, 25}, {283, 0, 253, 166}, {567, 0, 253, 60}, {851, 0, 233, 254}, {1135, 134, 233, 167}, {1419, 204, 234, 65}, {1511, 255, 127, 255}, {1727, 253, 253, 253}},
	"rgb-mft2-xyz":  {{0, 25, 25, 25}, {283, 0, 253, 166}, {567, 0, 253, 60}, {851, 0, 233, 254}, {1135, 134, 233, 167}, {1419, 204, 233, 65}, {1511, 255, 127, 255}, {1727, 253, 253, 253}},
}

func TestTableProfiles(t *testing.T) {
	for name, k := range tableKinds {
		_, ours := chartOf(t, k)
		if len(tableReferences[name]) == 0 {
			t.Errorf("%s: no references", name)
		}
		for _, ref := range tableReferences[name] {
			for c := range 3 {
				if d := int(ours[3*ref[0]+c]) - ref[1+c]; d < -6 || d > 6 {
					t.Errorf("%s, colour %d: %v, want %v", name, ref[0], ours[3*ref[0]:3*ref[0]+3], ref[1:])
					break
				}
			}
		}
	}
}

// A profile that is cut or lies about its sizes is none, and never a crash.
func TestDamagedTables(t *testing.T) {
	for name, k := range tableKinds {
		whole := k.profile()
		for i := 0; i < len(whole) && i < 700; i++ {
			for _, bad := range [][]byte{whole[:i], append(append(append([]byte{}, whole[:i]...), whole[i]^0xff), whole[i+1:]...)} {
				if p, err := parseProfile(bad); err == nil && p.table != nil {
					for _, v := range []float64{0, 0.4, 1} {
						p.table.linear(&[4]float64{v, 1 - v, v, v})
					}
				}
			}
		}
		if t.Failed() {
			t.Fatal(name)
		}
	}
}
