package phototest

import (
	"encoding/binary"
	"math"
)

// icc returns a version 2 profile as cameras and programs embed it, nil if none is asked for.
func (o Options) icc() []byte {
	var p [9]float64 // columns of the matrix, D50
	curve := func() []byte {
		// sRGB as a table, as most version 2 profiles have it.
		const n = 1024
		b := binary.BigEndian.AppendUint32([]byte("curv\x00\x00\x00\x00"), n)
		for i := range n {
			v := float64(i) / (n - 1)
			if v <= 0.04045 {
				v /= 12.92
			} else {
				v = math.Pow((v+0.055)/1.055, 2.4)
			}
			b = binary.BigEndian.AppendUint16(b, uint16(math.Round(v*65535)))
		}
		return b
	}
	switch o.Profile {
	case "":
		return nil
	case "srgb":
		p = [9]float64{0.43607, 0.22249, 0.01392, 0.38515, 0.71687, 0.09708, 0.14307, 0.06061, 0.71410}
	case "p3":
		p = [9]float64{0.51512, 0.24120, -0.00105, 0.29198, 0.69225, 0.04189, 0.15710, 0.06657, 0.78407}
	case "adobe":
		p = [9]float64{0.60974, 0.31111, 0.01947, 0.20528, 0.62567, 0.06087, 0.14919, 0.06322, 0.74457}
		curve = func() []byte { return []byte("curv\x00\x00\x00\x00\x00\x00\x00\x01\x02\x33\x00\x00") } // 2.19921875
	default:
		panic("phototest: no profile " + o.Profile)
	}
	xyz := func(v ...float64) []byte {
		b := []byte("XYZ \x00\x00\x00\x00")
		for _, f := range v {
			b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(f*65536))))
		}
		return b
	}
	c := curve()
	tags := []struct {
		name string
		data []byte
	}{
		{"wtpt", xyz(0.9642, 1, 0.8249)}, {"rXYZ", xyz(p[0:3]...)}, {"gXYZ", xyz(p[3:6]...)}, {"bXYZ", xyz(p[6:9]...)},
		{"rTRC", c}, {"gTRC", c}, {"bTRC", c},
	}
	b := make([]byte, 128)
	copy(b[8:], "\x02\x10\x00\x00mntrRGB XYZ ")
	copy(b[36:], "acsp")
	b = binary.BigEndian.AppendUint32(b, uint32(len(tags)))
	off := len(b) + 12*len(tags)
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
