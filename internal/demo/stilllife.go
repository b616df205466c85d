package demo

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// room is a wall and a table with light from the upper left, before which still lifes stand.
type room struct {
	wall, table rgb
	edge, w, h  float64
	seed        uint32
}

var rooms = []struct {
	name        string
	wall, table rgb
}{
	{"a dark green wall", hex(0x2F4538), hex(0x8A6242)},
	{"a plaster wall", hex(0xD9CFBF), hex(0xA98B6A)},
	{"a blue-grey wall", hex(0x5C6F7C), hex(0xC2B8A6)},
	{"an ochre wall", hex(0xC08A3E), hex(0x4B3527)},
	{"a nearly black wall", hex(0x1C1B1E), hex(0x53402F)},
	{"a rose wall", hex(0xC9978C), hex(0xE5DACB)},
}

func newRoom(rnd *rand.Rand, w, h float64) (room, string) {
	r := pick(rnd, rooms)
	return room{wall: r.wall, table: r.table, edge: h * (0.58 + 0.08*rnd.Float64()), w: w, h: h, seed: rnd.Uint32()}, r.name
}

func (r room) at(x, y float64) rgb {
	glow := 1.12 - 0.5*math.Hypot((x-r.w*0.3)/r.w, (y-r.h*0.25)/r.h)
	wall := r.wall.scale(glow * (0.96 + 0.08*clouds(r.seed, x/r.w*5, y/r.w*5, 4)))
	grain := 0.9 + 0.2*clouds(r.seed+3, x/r.w*3, y/r.w*60, 3)
	table := r.table.scale(glow * grain)
	return wall.mix(table, step(r.edge-1.5, r.edge+1.5, y))
}

// shadow darkens the table to the lower right of something that stands at (cx, foot) and is r wide.
func shadow(c rgb, x, y, cx, foot, r float64) rgb {
	dx, dy := (x-cx-r*0.55)/(r*1.7), (y-foot)/(r*0.34)
	return c.scale(1 - 0.55*math.Exp(-(dx*dx+dy*dy)*1.6))
}

// fruit is round things on a table.
func fruit(rnd *rand.Rand, _ light, w, h float64) (shade, words) {
	kinds := []struct {
		name       string
		skin, warm rgb
		flat       float64
	}{
		{"lemons", hex(0xE8C12E), hex(0xF7E27A), 0.86},
		{"oranges", hex(0xDD7A1C), hex(0xF3A64D), 0.98},
		{"plums", hex(0x3F2347), hex(0x6E4A7A), 1.02},
		{"green apples", hex(0x7E9A3A), hex(0xBCCB6A), 0.95},
		{"peaches", hex(0xD9764F), hex(0xF4B77C), 0.97},
	}
	kind := pick(rnd, kinds)
	r, wall := newRoom(rnd, w, h)
	type ball struct{ x, y, r, turn float64 }
	count := 3 + rnd.IntN(4)
	size := min(w, h) * 0.11
	balls := make([]ball, count)
	for i := range balls {
		t := (float64(i) + 0.5) / float64(count)
		rad := size * (0.88 + 0.24*rnd.Float64())
		depth := rnd.Float64()
		balls[i] = ball{x: w * (0.16 + 0.68*t), y: r.edge + (h-r.edge)*(0.12+0.4*depth) - rad*0.8, r: rad, turn: rnd.Float64() * 6}
	}
	for i := range balls { // the farther ones first
		for j := i + 1; j < len(balls); j++ {
			if balls[j].y+balls[j].r < balls[i].y+balls[i].r {
				balls[i], balls[j] = balls[j], balls[i]
			}
		}
	}
	sh := func(x, y float64) rgb {
		c := r.at(x, y)
		for _, b := range balls {
			if y > r.edge {
				c = shadow(c, x, y, b.x, b.y+b.r*0.9, b.r)
			}
		}
		for _, b := range balls {
			dx, dy := (x-b.x)/b.r, (y-b.y)/(b.r*kind.flat)
			d := math.Hypot(dx, dy)
			if d > 1.02 {
				continue
			}
			z := math.Sqrt(max(0, 1-d*d))
			lit := max(0, -0.5*dx-0.62*dy+0.6*z)
			skin := kind.skin.mix(kind.warm, step(0.2, 0.9, clouds(r.seed+uint32(b.turn*100), dx*1.5, dy*1.5, 3)))
			skin = skin.scale(0.28+0.9*lit).add(r.table, 0.12*max(0, dy)) // the table shines back from below
			skin = skin.add(rgb{1, 1, 0.95}, 0.6*math.Pow(max(0, -0.42*dx-0.52*dy+0.74*z), 28))
			skin = skin.scale(0.98 + 0.05*noise1(uint32(int(x*0.7))*2654435761^uint32(int(y*0.7))*40503))
			c = c.mix(skin, step(1+1.5/b.r, 1-1.5/b.r, d))
		}
		return c
	}
	return sh, words{
		alt:   fmt.Sprintf("%s %s lie on a wooden table before %s, lit from the upper left.", number(count), kind.name, wall),
		title: pick(rnd, []string{"Market day", "Before breakfast", "North window", "What was left", "Study in round", "Saturday"}),
		tags:  []string{"stilllife", "fruit", "windowlight", "kitchen"},
	}
}

// vases are turned vessels: each a profile, drawn as a body of revolution.
func vases(rnd *rand.Rand, _ light, w, h float64) (shade, words) {
	r, wall := newRoom(rnd, w, h)
	glazes := []struct {
		name string
		tone rgb
	}{{"white", hex(0xE9E4DA)}, {"blue", hex(0x3C5E86)}, {"celadon", hex(0x9DB8A4)}, {"rust", hex(0x9B4A2C)}, {"black", hex(0x26262A)}, {"sand", hex(0xCBB38B)}}
	type vessel struct {
		x, foot, tall, wide float64
		neck, belly         float64
		tone                rgb
	}
	count := 3 + rnd.IntN(3)
	order := rnd.Perm(len(glazes))
	var set []vessel
	var names []string
	for i := range count {
		g := glazes[order[i]]
		tall := h * (0.22 + 0.26*rnd.Float64())
		set = append(set, vessel{
			x: w * (0.14 + 0.72*(float64(i)+0.5)/float64(count)), foot: r.edge + (h-r.edge)*(0.16+0.22*rnd.Float64()),
			tall: tall, wide: min(tall*(0.2+0.16*rnd.Float64()), w*0.3/float64(count)),
			neck: 0.28 + 0.4*rnd.Float64(), belly: 0.25 + 0.3*rnd.Float64(), tone: g.tone,
		})
		names = append(names, g.name)
	}
	profile := func(v vessel, up float64) float64 { // up: 0 foot, 1 rim
		round := math.Exp(-math.Pow((up-v.belly)/0.3, 2))
		return v.wide * (v.neck + (1-v.neck)*round + 0.1*step(0.9, 1, up))
	}
	sh := func(x, y float64) rgb {
		c := r.at(x, y)
		for _, v := range set {
			if y > r.edge {
				c = shadow(c, x, y, v.x, v.foot, v.wide)
			}
		}
		for _, v := range set {
			up := (v.foot - y) / v.tall
			half := profile(v, min(max(up, 0), 1))
			dx := (x - v.x) / half
			// Foot and rim are circles seen from a little above.
			curve := math.Sqrt(max(0, 1-dx*dx)) * v.wide * 0.13
			if math.Abs(x-v.x) > half+1.5 || y > v.foot+curve+1 || y < v.foot-v.tall-v.wide*0.13 {
				continue
			}
			rim := math.Hypot((x-v.x)/profile(v, 1), (y-v.foot+v.tall)/(profile(v, 1)*0.16))
			if rim < 1 { // inside
				c = c.mix(v.tone.scale(0.25+0.2*step(-1, 1, dx)), step(1, 0.96, rim))
				continue
			}
			if up > 1 {
				continue
			}
			z := math.Sqrt(max(0, 1-dx*dx))
			body := v.tone.scale(0.3 + 0.85*max(0, -0.6*dx+0.7*z))
			body = body.add(r.table, 0.1*step(0.3, 0, up))
			body = body.add(rgb{1, 1, 1}, 0.5*math.Pow(max(0, 1-math.Abs(dx+0.45)*2.6), 3)*(0.4+0.6*step(0, 0.5, up)))
			body = body.scale(0.97 + 0.06*clouds(r.seed+11, x/w*30, y/w*50, 2))
			c = c.mix(body, step(half+1, half-1, math.Abs(x-v.x))*step(v.foot+curve+1, v.foot+curve-1, y))
		}
		return c
	}
	return sh, words{
		alt:   fmt.Sprintf("%s vases, %s, stand side by side on a table before %s.", number(count), list(names), wall),
		title: pick(rnd, []string{"Shelf", "Same clay", "Waiting for flowers", "After Morandi", "Quiet things", "Kiln"}),
		tags:  []string{"stilllife", "ceramics", "windowlight", "handmade"},
	}
}

// list joins words as in a sentence.
func list(names []string) string {
	out := ""
	for i, n := range names {
		switch {
		case i > 0 && i == len(names)-1:
			out += " and "
		case i > 0:
			out += ", "
		}
		out += n
	}
	return out
}
