package media

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image/png"
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

// Each chart of all colours is what littleCMS makes of it: CIEDE2000 at most 1 in the mean (the goal is 3), and 2 at the
// 99th percentile (the goal is 8).
// The references lie in testdata/littlecms, one pixel a colour. They were made from the files that this test writes into
// the folder that TABLES_DIR names, by littleCMS 2.14, into a version 2 profile of sRGB, for which it does not compensate
// black: transicc -n -s -t0 -iNAME.icc -osRGB.icc <NAME.chart, where ink is in hundredths.
func TestTableProfiles(t *testing.T) {
	for name, k := range tableKinds {
		chart, ours := chartOf(t, k)
		if dir := os.Getenv("TABLES_DIR"); dir != "" {
			writeChart(t, filepath.Join(dir, name), k, chart)
		}
		f, err := os.Open(filepath.Join("testdata", "littlecms", name+".png"))
		if err != nil {
			t.Error(err)
			continue
		}
		theirs, err := png.Decode(f)
		f.Close()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if n := theirs.Bounds().Dx(); n != len(ours)/3 || theirs.Bounds().Dy() != 1 {
			t.Errorf("%s: %v of %d colours", name, theirs.Bounds(), len(ours)/3)
			continue
		}
		var apart []float64
		for i := range len(ours) / 3 {
			r, g, b, _ := theirs.At(i, 0).RGBA()
			apart = append(apart, deltaE(labOf(ours[3*i], ours[3*i+1], ours[3*i+2]), labOf(uint8(r>>8), uint8(g>>8), uint8(b>>8))))
		}
		mean, high := meanAnd99th(apart)
		t.Logf("%s: %d colours, mean %.2f, 99th percentile %.2f, most %.2f", name, len(apart), mean, high, apart[len(apart)-1])
		if mean > 1 || high > 2 {
			t.Errorf("%s: the mean is %.2f, the 99th percentile %.2f", name, mean, high)
		}
	}
}

// writeChart writes a profile, and the colours of its chart as lines of numbers.
func writeChart(t *testing.T, path string, k tableKind, chart []byte) {
	t.Helper()
	var lines bytes.Buffer
	for i, v := range chart {
		fmt.Fprint(&lines, v, map[bool]string{true: "\n", false: " "}[(i+1)%k.n == 0])
	}
	for end, b := range map[string][]byte{".icc": k.profile(), ".chart": lines.Bytes()} {
		if err := os.WriteFile(path+end, b, 0o600); err != nil {
			t.Fatal(err)
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
