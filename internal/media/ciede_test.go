package media

import (
	"math"
	"slices"
	"testing"
)

// labOf is the CIELAB colour, under D65, of one in sRGB.
func labOf(r, g, b uint8) [3]float64 {
	linear := func(v uint8) float64 {
		if c := float64(v) / 255; c > 0.04045 {
			return math.Pow((c+0.055)/1.055, 2.4)
		} else {
			return c / 12.92
		}
	}
	f := func(t float64) float64 {
		if t > 216.0/24389 {
			return math.Cbrt(t)
		}
		return (24389.0/27*t + 16) / 116
	}
	lr, lg, lb := linear(r), linear(g), linear(b)
	fx := f((0.4124564*lr + 0.3575761*lg + 0.1804375*lb) / 0.95047)
	fy := f(0.2126729*lr + 0.7151522*lg + 0.0721750*lb)
	fz := f((0.0193339*lr + 0.1191920*lg + 0.9503041*lb) / 1.08883)
	return [3]float64{116*fy - 16, 500 * (fx - fy), 200 * (fy - fz)}
}

// deltaE is CIEDE2000, by the formulae and in the notation of Sharma, Wu and Dalal (2005), with all weights 1.
func deltaE(one, two [3]float64) float64 {
	degrees := func(v float64) float64 { return v * 180 / math.Pi }
	radians := func(v float64) float64 { return v * math.Pi / 180 }
	chroma := (math.Hypot(one[1], one[2]) + math.Hypot(two[1], two[2])) / 2
	c7 := math.Pow(chroma, 7)
	g := 0.5 * (1 - math.Sqrt(c7/(c7+math.Pow(25, 7))))
	polar := func(lab [3]float64) (c, h float64) {
		a := lab[1] * (1 + g)
		if c = math.Hypot(a, lab[2]); c == 0 {
			return 0, 0
		}
		if h = degrees(math.Atan2(lab[2], a)); h < 0 {
			h += 360
		}
		return c, h
	}
	c1, h1 := polar(one)
	c2, h2 := polar(two)
	turn, hue := h2-h1, h1+h2
	switch {
	case c1*c2 == 0:
		turn = 0
	case math.Abs(turn) <= 180:
		hue /= 2
	default:
		turn -= math.Copysign(360, turn)
		if hue < 360 {
			hue = (hue + 360) / 2
		} else {
			hue = (hue - 360) / 2
		}
	}
	dL, dC, dH := two[0]-one[0], c2-c1, 2*math.Sqrt(c1*c2)*math.Sin(radians(turn/2))
	l, c := (one[0]+two[0])/2-50, (c1+c2)/2
	t := 1 - 0.17*math.Cos(radians(hue-30)) + 0.24*math.Cos(radians(2*hue)) + 0.32*math.Cos(radians(3*hue+6)) - 0.20*math.Cos(radians(4*hue-63))
	sl := 1 + 0.015*l*l/math.Sqrt(20+l*l)
	sc, sh := 1+0.045*c, 1+0.015*c*t
	c7 = math.Pow(c, 7)
	rt := -2 * math.Sqrt(c7/(c7+math.Pow(25, 7))) * math.Sin(radians(60*math.Exp(-math.Pow((hue-275)/25, 2))))
	return math.Sqrt(math.Pow(dL/sl, 2) + math.Pow(dC/sc, 2) + math.Pow(dH/sh, 2) + rt*dC/sc*dH/sh)
}

// meanAnd99th are the mean of the values and their 99th percentile.
func meanAnd99th(values []float64) (mean, high float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	slices.Sort(values)
	return mean, values[min(int(0.99*float64(len(values))), len(values)-1)]
}

// Pairs of the test data that Sharma, Wu and Dalal publish with the formulae, chosen for their branches.
func TestDeltaE(t *testing.T) {
	for _, c := range []struct {
		one, two [3]float64
		want     float64
	}{
		{[3]float64{50, 2.6772, -79.7751}, [3]float64{50, 0, -82.7485}, 2.0425},
		{[3]float64{50, -1.3802, -84.2814}, [3]float64{50, 0, -82.7485}, 1.0000},
		{[3]float64{50, 0, 0}, [3]float64{50, -1, 2}, 2.3669},
		{[3]float64{50, 2.49, -0.001}, [3]float64{50, -2.49, 0.0009}, 7.1792},
		{[3]float64{50, 2.49, -0.001}, [3]float64{50, -2.49, 0.0011}, 7.2195},
		{[3]float64{50, -0.001, 2.49}, [3]float64{50, 0.0011, -2.49}, 4.7461},
		{[3]float64{50, 2.5, 0}, [3]float64{50, 0, -2.5}, 4.3065},
		{[3]float64{50, 2.5, 0}, [3]float64{73, 25, -18}, 27.1492},
		{[3]float64{50, 2.5, 0}, [3]float64{58, 24, 15}, 19.4535},
		{[3]float64{60.2574, -34.0099, 36.2677}, [3]float64{60.4626, -34.1751, 39.4387}, 1.2644},
		{[3]float64{22.7233, 20.0904, -46.694}, [3]float64{23.0331, 14.973, -42.5619}, 2.0373},
		{[3]float64{90.9257, -0.5406, -0.9208}, [3]float64{88.6381, -0.8985, -0.7239}, 1.5381},
		{[3]float64{2.0776, 0.0795, -1.135}, [3]float64{0.9033, -0.0636, -0.5514}, 0.9082},
	} {
		for _, got := range []float64{deltaE(c.one, c.two), deltaE(c.two, c.one)} {
			if math.Abs(got-c.want) > 0.00005 {
				t.Errorf("%v to %v: %.4f, want %.4f", c.one, c.two, got, c.want)
			}
		}
	}
	for _, c := range []struct {
		rgb [3]uint8
		lab [3]float64
	}{{[3]uint8{255, 255, 255}, [3]float64{100, 0, 0}}, {[3]uint8{255, 0, 0}, [3]float64{53.24, 80.09, 67.20}}, {[3]uint8{0, 0, 255}, [3]float64{32.30, 79.19, -107.86}}, {[3]uint8{0, 0, 0}, [3]float64{}}} {
		for i, v := range labOf(c.rgb[0], c.rgb[1], c.rgb[2]) {
			if math.Abs(v-c.lab[i]) > 0.02 {
				t.Errorf("%v is %v, want %v", c.rgb, labOf(c.rgb[0], c.rgb[1], c.rgb[2]), c.lab)
				break
			}
		}
	}
}
