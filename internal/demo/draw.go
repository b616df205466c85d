package demo

import (
	"image"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
)

// rgb is a colour with components from 0 to 1, as they are written, not linear: these are paintings.
type rgb struct{ r, g, b float64 }

func hex(v uint32) rgb {
	return rgb{float64(v>>16) / 255, float64(v>>8&0xFF) / 255, float64(v&0xFF) / 255}
}

func (a rgb) mix(b rgb, t float64) rgb {
	return rgb{a.r + (b.r-a.r)*t, a.g + (b.g-a.g)*t, a.b + (b.b-a.b)*t}
}

func (a rgb) scale(k float64) rgb { return rgb{a.r * k, a.g * k, a.b * k} }

func (a rgb) add(b rgb, k float64) rgb { return rgb{a.r + b.r*k, a.g + b.g*k, a.b + b.b*k} }

// step goes smoothly from 0 at a to 1 at b.
func step(a, b, x float64) float64 {
	t := min(max((x-a)/(b-a), 0), 1)
	return t * t * (3 - 2*t)
}

// A shade colours a point; x and y run over the picture in pixels, y downwards. It is called by several goroutines.
type shade func(x, y float64) rgb

// A picture is something painted, and the words for it.
type picture struct {
	image *image.RGBA
	alt   string
	title string
	tags  []string
}

// shapes are the proportions of pictures, in pixels: what phones and cameras make, and some panoramas.
var shapes = [][2]int{
	{1620, 1080}, {1620, 1080}, {1620, 1080}, {1080, 1620}, {1080, 1620}, {1520, 1140}, {1140, 1520}, {1300, 1300},
	{1728, 972}, {1120, 1400}, {1120, 1400}, {1960, 980},
}

// paint draws the picture of this number; equal seeds paint equal pictures.
func paint(seed uint64, number int) picture {
	rnd := rand.New(rand.NewPCG(seed, uint64(number)^0x9E3779B97F4A7C15))
	size := shapes[rnd.IntN(len(shapes))]
	w, h := float64(size[0]), float64(size[1])
	scene := scenes[number%len(scenes)]
	light := lights[(number/len(scenes)+rnd.IntN(2)*3)%len(lights)]
	sh, words := scene(rnd, light, w, h)
	return picture{image: render(size[0], size[1], rnd.Uint32(), sh), alt: words.alt, title: words.title, tags: words.tags}
}

// render colours every pixel, a band of rows on each processor, and adds a little grain, which keeps gradients from
// showing steps.
func render(w, h int, grain uint32, sh shade) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	bands := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for band := range bands {
		wg.Go(func() {
			for y := band; y < h; y += bands {
				row := img.Pix[y*img.Stride : y*img.Stride+4*w]
				for x := range w {
					c := sh(float64(x)+0.5, float64(y)+0.5)
					n := (noise1(uint32(x)*0x9E3779B1^uint32(y)*0x85EBCA77^grain) - 0.5) * 0.02
					row[4*x], row[4*x+1], row[4*x+2], row[4*x+3] = level(c.r+n), level(c.g+n), level(c.b+n), 0xFF
				}
			}
		})
	}
	wg.Wait()
	return img
}

func level(v float64) uint8 { return uint8(min(max(v, 0), 1)*255 + 0.5) }

// noise1 hashes to [0, 1).
func noise1(v uint32) float64 {
	v ^= v >> 16
	v *= 0x7FEB352D
	v ^= v >> 15
	v *= 0x846CA68B
	v ^= v >> 16
	return float64(v) / (1 << 32)
}

// field is smooth noise in the plane, from 0 to 1, with features of about one unit.
func field(seed uint32, x, y float64) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	tx, ty := x-fx, y-fy
	tx, ty = tx*tx*(3-2*tx), ty*ty*(3-2*ty)
	ix, iy := uint32(int32(fx)), uint32(int32(fy))
	at := func(dx, dy uint32) float64 {
		return noise1((ix+dx)*0x9E3779B1 ^ (iy+dy)*0xC2B2AE3D ^ seed)
	}
	top := at(0, 0) + (at(1, 0)-at(0, 0))*tx
	bottom := at(0, 1) + (at(1, 1)-at(0, 1))*tx
	return top + (bottom-top)*ty
}

// clouds adds octaves of field, from 0 to 1.
func clouds(seed uint32, x, y float64, octaves int) float64 {
	sum, weight, total := 0.0, 1.0, 0.0
	for i := range octaves {
		sum += weight * field(seed+uint32(i)*101, x, y)
		total += weight
		weight *= 0.5
		x, y = 2*x+17, 2*y+31
	}
	return sum / total
}

// ridge precomputes the height of a line of hills for every column: base, and up to swing above or below it.
func ridge(rnd *rand.Rand, w int, base, swing, wave float64) []float64 {
	seed, shift := rnd.Uint32(), rnd.Float64()*100
	line := make([]float64, w+1)
	for x := range line {
		u := float64(x)/float64(w)*wave + shift
		line[x] = base + swing*(2*clouds(seed, u, 0.5, 5)-1)
	}
	return line
}

// light is the colours of a time of day.
type light struct {
	name                 string // "at dusk"
	high, middle, low    rgb    // of the sky, from the top to the horizon
	sun, haze, near, far rgb
	tags                 []string
}

var lights = []light{
	{"at dawn", hex(0x5B7FA6), hex(0xE7B7A0), hex(0xFBE3B8), hex(0xFFF3D0), hex(0xF0C9B0), hex(0x2E2A3B), hex(0xC79A94), []string{"dawn", "morninglight"}},
	{"at dusk", hex(0x23264F), hex(0x8A4D7D), hex(0xF4955B), hex(0xFFD9A0), hex(0xC0707A), hex(0x14142A), hex(0x7A4A73), []string{"dusk", "goldenhour"}},
	{"on a clear morning", hex(0x2F78B7), hex(0x86BCE0), hex(0xDCEEF5), hex(0xFFFFF2), hex(0xC4DCE8), hex(0x17402F), hex(0x7BA4B5), []string{"bluesky", "morning"}},
	{"under an overcast sky", hex(0x8D9AA3), hex(0xB6C0C4), hex(0xDDE0DD), hex(0xF2F2EC), hex(0xC7CDCC), hex(0x2B3436), hex(0x93A0A2), []string{"overcast", "quiet"}},
	{"in the last light", hex(0x0F2A44), hex(0x2F5F7D), hex(0xE9A45C), hex(0xFFE2AE), hex(0x7E8C93), hex(0x0A1620), hex(0x3E6076), []string{"lastlight", "bluehour"}},
	{"in autumn light", hex(0x7FA3B3), hex(0xD9C9A3), hex(0xF3DCA0), hex(0xFFF0C0), hex(0xD9B27C), hex(0x4A2412), hex(0xB7834A), []string{"autumn", "warm"}},
	{"in mint and rose", hex(0x8EC5B5), hex(0xCFE3D0), hex(0xF7D9D3), hex(0xFFF4EE), hex(0xD8D9CC), hex(0x2B4B4A), hex(0x93B5A6), []string{"pastel", "calm"}},
}

// sky is the gradient down to the horizon, with soft clouds.
func (l light) sky(seed uint32, w, horizon float64) shade {
	return func(x, y float64) rgb {
		t := min(y/horizon, 1)
		c := l.high.mix(l.middle, step(0, 0.6, t)).mix(l.low, step(0.5, 1, t))
		cloud := step(0.52, 0.75, clouds(seed, x/w*3, y/w*9, 4))
		return c.mix(l.sun, 0.45*cloud*(0.3+0.7*t))
	}
}

// disc is a sun or moon with its glow.
func (l light) disc(c rgb, x, y, cx, cy, r float64) rgb {
	d := math.Hypot(x-cx, y-cy)
	c = c.add(l.sun, 0.35*math.Exp(-d/(4*r)))
	return c.mix(l.sun, 1-step(r-1.2, r+1.2, d))
}
