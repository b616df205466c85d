// Package phototest makes photographs for tests: files of every kind that people upload, with corners by which a test
// can tell whether a picture stands upright, and with the metadata that cameras and programs write. It reads no files.
package phototest

import (
	"fmt"
	"image"
	"image/color"
	"math"
)

// Options describes a photograph. The zero value is a plain JPEG of 640×480.
type Options struct {
	Width, Height int   // as seen upright; default 640×480
	Seed          int64 // makes pictures differ
	Detail        bool  // texture and edges everywhere, as in a real photograph; slower
	Quality       int   // of a JPEG; default 90

	Orientation int    // EXIF's, 1 to 8; the pixels are stored so that it makes them upright. 0: no tag
	StoredAs    int    // the pixels are stored so, without a tag
	GPS         bool   // in EXIF and XMP: 48.8584 N, 2.2945 E
	Thumbnail   bool   // a small JPEG inside EXIF
	Make, Model string // camera
	Lens        string
	Exposure    [2]uint32 // seconds, as a fraction
	FNumber     [2]uint32
	FocalLength [2]uint32 // mm
	ISO         uint16
	TakenAt     string // "2024:05:06 07:08:09"
	Offset      string // "+02:00"
	Digitized   string // DateTimeDigitized, as TakenAt
	XMPDate     string // photoshop:DateCreated
	IPTCDate    string // "20240506"
	IPTCTime    string // "070809+0200"

	Title, Caption, AltText     string
	Keywords                    []string
	Creator, Copyright, Licence string
	IPTC                        bool // texts go into IPTC where it has a place for them, else into XMP

	Profile string // "", "srgb", "p3", "adobe": embedded; pixels are not converted

	// JPEG only.
	Progressive bool // always 4:4:4
	Full        bool // 4:4:4
	Gray        bool // PNG too
	CMYK        bool // as Photoshop writes it, inverted
	YCCK        bool
	RGB         bool // not transformed to YCbCr
	restarts    int  // blocks between restarts; see Restarts

	// PNG only.
	Alpha bool // the middle is transparent
	Deep  bool // 16 bits a channel
}

func (o Options) size() (w, h int) {
	w, h = o.Width, o.Height
	if w == 0 {
		w = 640
	}
	if h == 0 {
		h = 480
	}
	return w, h
}

// The corners, each a quarter of the width and height.
var (
	topLeft     = color.NRGBA{200, 40, 40, 255}  // red
	topRight    = color.NRGBA{40, 160, 60, 255}  // green
	bottomLeft  = color.NRGBA{40, 60, 200, 255}  // blue
	bottomRight = color.NRGBA{225, 205, 40, 255} // yellow
)

// Upright tells whether a picture that this package made stands upright and is not mirrored. It knows gray ones too.
func Upright(m image.Image) error {
	b := m.Bounds()
	gray := true
	type corner struct {
		name string
		x, y int
		want color.NRGBA
	}
	corners := []corner{
		{"top left", 1, 1, topLeft}, {"top right", 7, 1, topRight}, {"bottom left", 1, 7, bottomLeft}, {"bottom right", 7, 7, bottomRight},
	}
	at := func(c corner) (r, g, b8 int) {
		rr, gg, bb, _ := m.At(b.Min.X+b.Dx()*c.x/8, b.Min.Y+b.Dy()*c.y/8).RGBA()
		return int(rr >> 8), int(gg >> 8), int(bb >> 8)
	}
	for _, c := range corners {
		r, g, b8 := at(c)
		gray = gray && max(r, g, b8)-min(r, g, b8) < 12
	}
	for _, c := range corners {
		r, g, b8 := at(c)
		want := [3]int{int(c.want.R), int(c.want.G), int(c.want.B)}
		if gray {
			y, _, _ := color.RGBToYCbCr(c.want.R, c.want.G, c.want.B)
			want = [3]int{int(y), int(y), int(y)}
		}
		const tolerance = 45
		if far(r, want[0], tolerance) || far(g, want[1], tolerance) || far(b8, want[2], tolerance) {
			return fmt.Errorf("%s is (%d %d %d), want (%d %d %d)", c.name, r, g, b8, want[0], want[1], want[2])
		}
	}
	return nil
}

func far(a, b, tolerance int) bool { return a-b > tolerance || b-a > tolerance }

// Picture draws the photograph upright, without any file around it.
func Picture(o Options) *image.NRGBA {
	w, h := o.size()
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	noise := newNoise(o.Seed)
	hue := float64(uint64(o.Seed)*2654435761%360) * math.Pi / 180
	for y := range h {
		for x := range w {
			c := ground(x, y, w, h, hue)
			if o.Detail {
				c = noise.apply(c, x, y, w)
			}
			if o.Alpha && abs(2*x-w) < w/4 && abs(2*y-h) < h/4 {
				c.A = 0
			}
			i := m.PixOffset(x, y)
			m.Pix[i], m.Pix[i+1], m.Pix[i+2], m.Pix[i+3] = c.R, c.G, c.B, c.A
		}
	}
	return m
}

func abs(v int) int { return max(v, -v) }

func ground(x, y, w, h int, hue float64) color.NRGBA {
	left, right, top, bottom := 4*x < w, 4*x >= 3*w, 4*y < h, 4*y >= 3*h
	switch {
	case left && top:
		return topLeft
	case right && top:
		return topRight
	case left && bottom:
		return bottomLeft
	case right && bottom:
		return bottomRight
	}
	v := func(phase float64) uint8 {
		return uint8(128 + 70*math.Sin(hue+phase+3*float64(x)/float64(w)+2*float64(y)/float64(h)))
	}
	return color.NRGBA{v(0), v(2), v(4), 255}
}

// noise is texture whose strength falls with its frequency, as in nature, with sharp edges of leaves or tiles in it.
type noise struct{ grid [64 * 64]float64 }

func newNoise(seed int64) *noise {
	n := &noise{}
	s := uint64(seed)*6364136223846793005 + 1442695040888963407
	for i := range n.grid {
		s = s*6364136223846793005 + 1442695040888963407
		n.grid[i] = float64(s>>40)/float64(1<<24)*2 - 1
	}
	return n
}

func (n *noise) at(x, y float64) float64 {
	xi, yi := int(math.Floor(x)), int(math.Floor(y))
	fx, fy := x-float64(xi), y-float64(yi)
	fx, fy = fx*fx*(3-2*fx), fy*fy*(3-2*fy)
	g := func(i, j int) float64 { return n.grid[(j&63)*64+i&63] }
	top := g(xi, yi)*(1-fx) + g(xi+1, yi)*fx
	bottom := g(xi, yi+1)*(1-fx) + g(xi+1, yi+1)*fx
	return top*(1-fy) + bottom*fy
}

func (n *noise) apply(c color.NRGBA, x, y, w int) color.NRGBA {
	u, v := float64(x), float64(y)
	scale := float64(max(w, 640)) / 12
	sum, amp := 0.0, 26.0
	for f := scale; f > 1.2; f /= 2.3 {
		sum += amp * n.at(u/f+17, v/f)
		amp *= 0.72
	}
	edge := n.at(u/scale*3, v/scale*3+31)
	if edge > 0.1 {
		sum += 22
	}
	tint := 10 * n.at(u/scale*2+5, v/scale*2+9)
	add := func(p uint8, d float64) uint8 { return uint8(min(max(float64(p)+d, 0), 255)) }
	return color.NRGBA{add(c.R, sum+tint), add(c.G, sum), add(c.B, sum-tint), c.A}
}

// Stored returns the pixels as a file with this orientation keeps them.
func Stored(m *image.NRGBA, orientation int) *image.NRGBA {
	if orientation < 2 || orientation > 8 {
		return m
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	sw, sh := w, h
	if orientation >= 5 {
		sw, sh = h, w
	}
	s := image.NewNRGBA(image.Rect(0, 0, sw, sh))
	for y := range h {
		for x := range w {
			sx, sy := x, y
			switch orientation {
			case 2:
				sx = w - 1 - x
			case 3:
				sx, sy = w-1-x, h-1-y
			case 4:
				sy = h - 1 - y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, w-1-x
			case 7:
				sx, sy = h-1-y, w-1-x
			case 8:
				sx, sy = h-1-y, x
			}
			copy(s.Pix[s.PixOffset(sx, sy):][:4], m.Pix[m.PixOffset(x, y):][:4])
		}
	}
	return s
}
