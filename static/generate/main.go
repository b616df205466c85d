// Command generate writes the files of static/ that are computed rather than drawn: the aspect-ratio classes of the
// grid, and PNG forms of the mark and the default pictures for clients and devices that take no SVG.
// Run it by "go generate ./static".
package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"log"
	"math"
	"os"

	"golang.org/x/image/vector"
)

func main() {
	log.SetFlags(0)
	for name, make := range map[string]func() ([]byte, error){
		"css/8-ratios.css": ratios,
		"avatar.png":       func() ([]byte, error) { return encode(avatar(400)) },
		"header.png":       func() ([]byte, error) { return encode(header(1500, 500)) },
		"favicon.png":      func() ([]byte, error) { return encode(mark(64, 0, nil)) },
		"touch-icon.png":   func() ([]byte, error) { return encode(mark(180, 28, paper)) },
		"icon-192.png":     func() ([]byte, error) { return encode(mark(192, 16, nil)) },
		"icon-512.png":     func() ([]byte, error) { return encode(mark(512, 42, nil)) },
		"icon-mask.png":    func() ([]byte, error) { return encode(mark(512, 120, paper)) }, // a launcher cuts it to its own shape
	} {
		body, err := make()
		if err == nil {
			err = os.WriteFile(name, body, 0o644)
		}
		if err != nil {
			log.Fatalf("generate %s: %v", name, err)
		}
	}
}

var (
	ink    = color.NRGBA{0x18, 0x1B, 0x1A, 255}
	paper  = color.NRGBA{0xF5, 0xF6, 0xF5, 255}
	plate  = color.NRGBA{0x3A, 0x40, 0x3D, 255}
	silver = color.NRGBA{0xA5, 0xAD, 0xA9, 255}
	shade  = color.NRGBA{0x52, 0x59, 0x57, 255}
)

// ratios are the classes r0…r109: 0.4 to 3.5 in steps of 2 %. templates picks among them.
func ratios() ([]byte, error) {
	var b bytes.Buffer
	for i := range 110 {
		fmt.Fprintf(&b, ".r%d{--r:%.4g}", i, 0.4*math.Pow(1.02, float64(i)))
		if i%10 == 9 {
			b.WriteByte('\n')
		}
	}
	return b.Bytes(), nil
}

func encode(m image.Image) ([]byte, error) {
	var b bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(&b, m); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

type point struct{ x, y float64 }

// fill draws a polygon whose points are given in units of a square of side unit.
func fill(m draw.Image, c color.Color, scale, dx, dy float64, points ...point) {
	size := m.Bounds().Size()
	r := vector.NewRasterizer(size.X, size.Y)
	for i, p := range points {
		x, y := float32(p.x*scale+dx), float32(p.y*scale+dy)
		if i == 0 {
			r.MoveTo(x, y)
		} else {
			r.LineTo(x, y)
		}
	}
	r.ClosePath()
	r.Draw(m, m.Bounds(), image.NewUniform(c), image.Point{})
}

// mark is the plate with its snipped corner and a T, as in favicon.svg, inset by margin pixels on ground.
func mark(size, margin int, ground color.Color) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, size, size))
	letter := color.Color(paper)
	if ground != nil {
		draw.Draw(m, m.Bounds(), image.NewUniform(ground), image.Point{}, draw.Src)
	}
	s, d := float64(size-2*margin)/32, float64(margin)
	fill(m, ink, s, d, d, point{2, 2}, point{22, 2}, point{30, 10}, point{30, 30}, point{2, 30})
	fill(m, letter, s, d, d, point{8, 12}, point{24, 12}, point{24, 15.5}, point{17.8, 15.5}, point{17.8, 25}, point{14.2, 25}, point{14.2, 15.5}, point{8, 15.5})
	return m
}

// avatar is the default portrait: head and shoulders on a plate.
func avatar(size int) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, size, size))
	draw.Draw(m, m.Bounds(), image.NewUniform(plate), image.Point{}, draw.Src)
	s := float64(size) / 96
	fill(m, silver, s, 0, 0, ellipse(48, 37, 17, 17)...)
	fill(m, silver, s, 0, 0, ellipse(48, 98, 36, 34)...)
	return m
}

func ellipse(cx, cy, rx, ry float64) []point {
	const n = 180
	points := make([]point, n)
	for i := range points {
		a := 2 * math.Pi * float64(i) / n
		points[i] = point{cx + rx*math.Cos(a), cy + ry*math.Sin(a)}
	}
	return points
}

// header is the default picture above a profile: silver, darker below.
func header(width, height int) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		t := float64(y) / float64(height-1)
		mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a)*(1-t) + float64(b)*t)) }
		row := color.NRGBA{mix(silver.R, shade.R), mix(silver.G, shade.G), mix(silver.B, shade.B), 255}
		draw.Draw(m, image.Rect(0, y, width, y+1), image.NewUniform(row), image.Point{}, draw.Src)
	}
	return m
}
