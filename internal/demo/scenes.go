package demo

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// words describe a picture.
type words struct {
	alt, title string
	tags       []string
}

// scenes are the kinds of pictures.
var scenes = []func(rnd *rand.Rand, l light, w, h float64) (shade, words){hills, fruit, sea, woods, town, dunes, vases, night}

func pick[T any](rnd *rand.Rand, list []T) T { return list[rnd.IntN(len(list))] }

// hills are lines of hills that fade into the haze.
func hills(rnd *rand.Rand, l light, w, h float64) (shade, words) {
	layers := 4 + rnd.IntN(4)
	horizon := h * (0.42 + 0.2*rnd.Float64())
	sky := l.sky(rnd.Uint32(), w, horizon)
	sunX, sunY, sunR := w*(0.15+0.7*rnd.Float64()), horizon*(0.35+0.5*rnd.Float64()), min(w, h)*(0.025+0.04*rnd.Float64())
	lines := make([][]float64, layers)
	for i := range lines {
		t := float64(i) / float64(layers-1)
		lines[i] = ridge(rnd, int(w), horizon+(h-horizon)*t*0.82, h*(0.05+0.06*t), (2+3*rnd.Float64())*w/h)
	}
	seed := rnd.Uint32()
	sh := func(x, y float64) rgb {
		c := l.disc(sky(x, y), x, y, sunX, sunY, sunR)
		for i, line := range lines {
			top := line[int(x)]
			if y < top-2 {
				continue
			}
			t := float64(i) / float64(len(lines)-1)
			body := l.far.mix(l.near, math.Pow(t, 1.3))
			body = body.mix(l.haze, 0.55*(1-t)*step(top, top+h*0.16, y)) // mist gathers at the foot
			body = body.scale(0.94 + 0.12*clouds(seed+uint32(i), x/w*40, y/h*60, 2))
			c = c.mix(body, step(top-1, top+1, y))
		}
		return c
	}
	return sh, words{
		alt:   fmt.Sprintf("%s lines of hills %s, each paler than the one before it, with a %s sun above.", number(layers), l.name, pick(rnd, []string{"low", "pale", "small"})),
		title: pick(rnd, []string{"The long way over", "Seven valleys", "Before the others wake", "Layers", "From the pass", "Somewhere past the last bus stop"}),
		tags:  append([]string{"landscape", "hills"}, l.tags...),
	}
}

// sea is a horizon with the sun's path on the water.
func sea(rnd *rand.Rand, l light, w, h float64) (shade, words) {
	horizon := h * (0.4 + 0.25*rnd.Float64())
	sky := l.sky(rnd.Uint32(), w, horizon)
	sunX, sunR := w*(0.25+0.5*rnd.Float64()), min(w, h)*0.045
	sunY := horizon - sunR*(0.2+3*rnd.Float64())
	seed := rnd.Uint32()
	deep := l.high.mix(l.near, 0.55)
	sailX, sailH := w*(0.1+0.8*rnd.Float64()), h*0.05
	sh := func(x, y float64) rgb {
		if y < horizon {
			c := l.disc(sky(x, y), x, y, sunX, sunY, sunR)
			// A sail stands on the horizon.
			if up := (horizon - y) / sailH; up < 1 && up > 0.08 {
				edge := sailH * 0.35 * (1 - up)
				c = c.mix(l.near, 0.9*step(-1, 1, edge-math.Abs(x-sailX-edge*0.4)))
			}
			return c
		}
		t := (y - horizon) / (h - horizon)
		depth := 1 / (t + 0.04) // waves shrink towards the horizon
		wave := clouds(seed, x/w*depth*1.6+40, depth*7, 4)
		c := l.low.mix(deep, step(-0.1, 0.75, t)).scale(0.9 + 0.25*(wave-0.5))
		path := math.Exp(-math.Abs(x-sunX) / (w * (0.03 + 0.12*t)))
		return c.mix(l.sun, path*step(0.5, 0.66, wave)*0.9)
	}
	return sh, words{
		alt:   fmt.Sprintf("The sea %s: the sun stands just above the horizon and draws a path of light on the water; a single sail is far out.", l.name),
		title: pick(rnd, []string{"One sail", "Flat calm", "The ferry was late", "Salt", "West", "Nothing but water"}),
		tags:  append([]string{"sea", "horizon"}, l.tags...),
	}
}

// woods are trunks in the fog.
func woods(rnd *rand.Rand, l light, w, h float64) (shade, words) {
	type trunk struct{ x, half, lean, depth float64 }
	var trunks []trunk
	count := 26 + rnd.IntN(20)
	for i := range count {
		depth := float64(i) / float64(count-1) // 0 far, 1 near
		trunks = append(trunks, trunk{x: w * (rnd.Float64()*1.1 - 0.05), half: w * (0.003 + 0.016*depth*depth) * (0.7 + 0.6*rnd.Float64()), lean: (rnd.Float64() - 0.5) * 0.05, depth: depth})
	}
	ground := ridge(rnd, int(w), h*0.84, h*0.02, 4)
	seed := rnd.Uint32()
	fog := l.low.mix(l.haze, 0.5)
	sh := func(x, y float64) rgb {
		c := fog.mix(l.middle, 0.6*step(0.9, 0, y/h))
		c = c.add(l.sun, 0.25*math.Exp(-math.Hypot(x-w*0.6, y-h*0.3)/(h*0.4)))
		floor := l.near.mix(fog, 0.35)
		c = c.mix(floor.scale(0.8+0.5*clouds(seed, x/w*30, y/h*60, 3)), step(ground[int(x)], ground[int(x)]+h*0.12, y))
		for _, t := range trunks {
			foot := h * (0.8 + 0.22*t.depth)
			d := math.Abs(x - t.x - t.lean*(foot-y))
			if d > t.half+2 || y > foot {
				continue
			}
			bark := fog.mix(l.near, 0.15+0.85*t.depth).scale(0.85 + 0.3*clouds(seed+7, x/w*90, y/h*12, 3))
			bark = bark.scale(1.12 - 0.3*step(-t.half, t.half, x-t.x-t.lean*(foot-y))) // lit from the left
			c = c.mix(bark, step(1, -1, d-t.half))
		}
		return c
	}
	return sh, words{
		alt:   fmt.Sprintf("Straight trunks of a wood %s; the farther ones dissolve in fog.", l.name),
		title: pick(rnd, []string{"Into the trees", "Counting trunks", "Fog, then more fog", "No path", "The quiet part"}),
		tags:  append([]string{"forest", "fog"}, l.tags...),
	}
}

// town is roofs and windows against the sky.
func town(rnd *rand.Rand, l light, w, h float64) (shade, words) {
	type house struct{ left, right, top, roof, depth float64 }
	var houses []house
	for row := range 3 {
		depth := float64(row) / 2
		for x := -w * 0.05; x < w; {
			wide := w * (0.05 + 0.06*rnd.Float64()) * (0.7 + 0.5*depth)
			houses = append(houses, house{x, x + wide, h * (0.42 + 0.17*depth + 0.12*rnd.Float64()), wide * (0.25 + 0.35*rnd.Float64()) * float64(rnd.IntN(2)), depth})
			x += wide * (0.96 + 0.1*rnd.Float64())
		}
	}
	sky := l.sky(rnd.Uint32(), w, h*0.7)
	seed := rnd.Uint32()
	lamp := hex(0xFFD58A)
	pane := min(w, h) * 0.022
	sh := func(x, y float64) rgb {
		c := sky(x, y)
		for i, b := range houses {
			if x < b.left || x > b.right {
				continue
			}
			middle := (b.left + b.right) / 2
			top := b.top - b.roof*(1-math.Abs(x-middle)/(b.right-middle))
			if y < top-1 {
				continue
			}
			wall := l.far.mix(l.near, 0.25+0.6*b.depth).scale(0.92 + 0.16*noise1(seed+uint32(i)))
			u, v := (x-b.left)/pane, (y-b.top)/(pane*1.3)
			fu, fv := u-math.Floor(u), v-math.Floor(v)
			if v > 0.4 && u > 0.5 && x < b.right-pane*0.5 && fu > 0.25 && fu < 0.75 && fv > 0.2 && fv < 0.8 {
				if noise1(seed^uint32(i)*7919^uint32(int(u))*104729^uint32(int(v))*1299709) > 0.62 {
					wall = wall.mix(lamp, 0.85)
				} else {
					wall = wall.scale(0.72)
				}
			}
			c = c.mix(wall, step(top-1, top+1, y))
		}
		return c
	}
	return sh, words{
		alt:   fmt.Sprintf("Houses of a town stand row behind row %s; behind some windows the lamps are lit.", l.name),
		title: pick(rnd, []string{"Home by seven", "Lamps", "Third floor, left", "Rooftops", "Everybody is cooking"}),
		tags:  append([]string{"city", "architecture"}, l.tags...),
	}
}

// dunes are flowing lines, half sand, half drawing.
func dunes(rnd *rand.Rand, l light, w, h float64) (shade, words) {
	seed := rnd.Uint32()
	bands := 5 + 5*rnd.Float64()
	tilt := (rnd.Float64() - 0.5) * 1.2
	scale := max(w, h)
	sand, dark, shine := l.low.mix(l.haze, 0.3), l.near.mix(l.far, 0.45), l.sun
	sh := func(x, y float64) rgb {
		u, v := x/scale*2.2, y/scale*2.2
		warp := clouds(seed, u, v, 3)
		phase := (v + tilt*u + 0.9*warp) * bands
		t := phase - math.Floor(phase)
		c := sand.mix(dark, 0.85*math.Pow(t, 1.8))
		c = c.mix(shine, 0.65*step(0.1, 0, t))
		ripple := math.Sin((v*40 + 10*clouds(seed+5, u*3, v*3, 2)) * 6)
		return c.scale(0.97 + 0.03*ripple*(1-t))
	}
	return sh, words{
		alt:   fmt.Sprintf("Dunes seen from close by: crests run across the picture in curves, bright on one side and in shadow on the other, %s.", l.name),
		title: pick(rnd, []string{"Wind, mostly", "Crests", "Sand draws itself", "No footprints yet", "Slow waves"}),
		tags:  append([]string{"abstract", "sand", "minimal"}, l.tags...),
	}
}

// night is stars over a dark ridge.
func night(rnd *rand.Rand, l light, w, h float64) (shade, words) {
	line := ridge(rnd, int(w), h*0.82, h*0.1, 3*w/h)
	seed := rnd.Uint32()
	angle := (rnd.Float64() - 0.5) * 1.6
	top, bottom := hex(0x05070F).mix(l.high, 0.12), hex(0x101B33).mix(l.middle, 0.3)
	cell := max(w, h) / 130
	sh := func(x, y float64) rgb {
		c := top.mix(bottom, step(0, 1, y/h))
		// The band of the galaxy, and the stars, more of them in it.
		d := ((x-w/2)*math.Sin(angle) - (y-h*0.4)*math.Cos(angle)) / h
		band := math.Exp(-d*d*14) * (0.35 + 0.65*clouds(seed, x/w*5, y/w*5, 5))
		c = c.add(rgb{0.55, 0.5, 0.62}, 0.5*band*band)
		cx, cy := uint32(int(x/cell)), uint32(int(y/cell))
		star := noise1(cx*73856093 ^ cy*19349663 ^ seed)
		if star > 0.86-0.3*band {
			sx := (float64(cx) + 0.2 + 0.6*noise1(cx*83492791^cy^seed)) * cell
			sy := (float64(cy) + 0.2 + 0.6*noise1(cy*2654435761^cx^seed)) * cell
			size := 0.7 + 1.6*math.Pow(noise1(cx^cy*31^seed), 6)
			c = c.add(rgb{1, 0.97, 0.9}, math.Exp(-((x-sx)*(x-sx)+(y-sy)*(y-sy))/(size*size)))
		}
		return c.mix(hex(0x020308), step(-1, 1, y-line[int(x)]))
	}
	return sh, words{
		alt:   "A clear night: the band of the Milky Way stands over the black line of a ridge, with stars of all sizes around it.",
		title: pick(rnd, []string{"Twenty seconds", "No moon", "Cold hands", "Look up", "The dog was not impressed"}),
		tags:  []string{"night", "stars", "astro", "longexposure"},
	}
}

// number writes small numbers in words, for the beginning of a sentence.
func number(n int) string {
	names := []string{"No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten"}
	if n >= 0 && n < len(names) {
		return names[n]
	}
	return fmt.Sprint(n)
}
