package main

import (
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"tintype/internal/media"
)

// channels are Y, Cb and Cr at full resolution.
type channels struct {
	w, h int
	c    [3][]float64
}

func readChannels(file string) (*channels, int64, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	m, err := jpeg.Decode(f)
	if err != nil {
		return nil, 0, err
	}
	y, ok := m.(*image.YCbCr)
	if !ok {
		return nil, 0, fmt.Errorf("%s is not in colour", file)
	}
	ch := &channels{w: y.Rect.Dx(), h: y.Rect.Dy()}
	for i := range ch.c {
		ch.c[i] = make([]float64, ch.w*ch.h)
	}
	sx, sy := 1, 1
	switch y.SubsampleRatio {
	case image.YCbCrSubsampleRatio420:
		sx, sy = 2, 2
	case image.YCbCrSubsampleRatio422:
		sx = 2
	}
	cw, chh := (ch.w+sx-1)/sx, (ch.h+sy-1)/sy
	for py := range ch.h {
		for px := range ch.w {
			i := py*ch.w + px
			ch.c[0][i] = float64(y.Y[py*y.YStride+px])
			// Between the samples, as browsers do.
			fx, fy := (float64(px)+0.5)/float64(sx)-0.5, (float64(py)+0.5)/float64(sy)-0.5
			ch.c[1][i] = bilinear(y.Cb, y.CStride, cw, chh, fx, fy)
			ch.c[2][i] = bilinear(y.Cr, y.CStride, cw, chh, fx, fy)
		}
	}
	return ch, st.Size(), nil
}

func bilinear(p []byte, stride, w, h int, x, y float64) float64 {
	x, y = min(max(x, 0), float64(w-1)), min(max(y, 0), float64(h-1))
	x0, y0 := int(x), int(y)
	x1, y1 := min(x0+1, w-1), min(y0+1, h-1)
	fx, fy := x-float64(x0), y-float64(y0)
	at := func(x, y int) float64 { return float64(p[y*stride+x]) }
	return (at(x0, y0)*(1-fx)+at(x1, y0)*fx)*(1-fy) + (at(x0, y1)*(1-fx)+at(x1, y1)*fx)*fy
}

// scale is the reference: Lanczos with three lobes in floating point from the original in one step.
func (c *channels) scale(w, h int) *channels {
	out := &channels{w: w, h: h}
	for i, src := range c.c {
		mid := make([]float64, w*c.h)
		lanczosLines(mid, src, c.w, c.h, w, false)
		out.c[i] = make([]float64, w*h)
		lanczosLines(out.c[i], mid, w, c.h, h, true)
	}
	return out
}

// lanczosLines scales one axis of a w×h plane to n.
func lanczosLines(dst, src []float64, w, h, n int, vertical bool) {
	length, lines := w, h
	if vertical {
		length, lines = h, w
	}
	ratio := float64(length) / float64(n)
	stretch := max(ratio, 1)
	kernel := func(x float64) float64 {
		if x == 0 {
			return 1
		}
		if x <= -3 || x >= 3 {
			return 0
		}
		return 3 * math.Sin(math.Pi*x) * math.Sin(math.Pi*x/3) / (math.Pi * math.Pi * x * x)
	}
	for i := range n {
		centre := (float64(i)+0.5)*ratio - 0.5
		lo, hi := int(math.Ceil(centre-3*stretch)), int(math.Floor(centre+3*stretch))
		weights := make([]float64, hi-lo+1)
		sum := 0.0
		for k := range weights {
			weights[k] = kernel((float64(lo+k) - centre) / stretch)
			sum += weights[k]
		}
		for l := range lines {
			v := 0.0
			for k, wt := range weights {
				j := min(max(lo+k, 0), length-1)
				if vertical {
					v += wt * src[j*w+l]
				} else {
					v += wt * src[l*w+j]
				}
			}
			if v /= sum; vertical {
				dst[i*w+l] = min(max(v, 0), 255)
			} else {
				dst[l*n+i] = v
			}
		}
	}
}

// ssim is the mean structural similarity over windows of 8×8, four samples apart.
func ssim(a, b []float64, w, h int) float64 {
	const c1, c2 = (0.01 * 255) * (0.01 * 255), (0.03 * 255) * (0.03 * 255)
	sum, n := 0.0, 0
	for y := 0; y+8 <= h; y += 4 {
		for x := 0; x+8 <= w; x += 4 {
			var sa, sb, saa, sbb, sab float64
			for j := range 8 {
				ra, rb := a[(y+j)*w+x:][:8], b[(y+j)*w+x:][:8]
				for i, va := range ra {
					vb := rb[i]
					sa, sb, saa, sbb, sab = sa+va, sb+vb, saa+va*va, sbb+vb*vb, sab+va*vb
				}
			}
			ma, mb := sa/64, sb/64
			va, vb, cov := saa/64-ma*ma, sbb/64-mb*mb, sab/64-ma*mb
			sum += (2*ma*mb + c1) * (2*cov + c2) / ((ma*ma + mb*mb + c1) * (va + vb + c2))
			n++
		}
	}
	return sum / float64(n)
}

// score is what one file reaches.
type score struct {
	bytes          int64
	luma, colour   float64 // SSIM of Y; of all, weighted 8:1:1
	psnrY, psnrRed float64 // of Y and Cr
}

func judge(file string, ref *channels) (score, error) {
	c, n, err := readChannels(file)
	if err != nil {
		return score{}, err
	}
	if c.w != ref.w || c.h != ref.h {
		return score{}, fmt.Errorf("%s is %d×%d, the reference %d×%d", file, c.w, c.h, ref.w, ref.h)
	}
	s := score{bytes: n, luma: ssim(c.c[0], ref.c[0], c.w, c.h)}
	s.colour = 0.8*s.luma + 0.1*ssim(c.c[1], ref.c[1], c.w, c.h) + 0.1*ssim(c.c[2], ref.c[2], c.w, c.h)
	s.psnrY, s.psnrRed = psnr(c.c[0], ref.c[0]), psnr(c.c[2], ref.c[2])
	return s, nil
}

func psnr(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += (v - b[i]) * (v - b[i])
	}
	return 10 * math.Log10(255*255*float64(len(a))/sum)
}

// compareQuality sets our variants beside those of vips of the same number of bytes, which lies between two qualities.
func compareQuality(original, dir string, quality int) error {
	full, _, err := readChannels(original)
	if err != nil {
		return err
	}
	fmt.Printf("\nquality at equal bytes, against the original scaled by Lanczos in floating point (ours at %d)\n", quality)
	fmt.Printf("  %5s %9s   %-17s %-17s %-15s %-15s\n", "width", "bytes", "DSSIM luma", "DSSIM colour", "PSNR Y", "PSNR Cr")
	for _, w := range media.Widths {
		if w > full.w {
			break
		}
		if err := compareWidth(original, dir, full, w); err != nil {
			return err
		}
	}
	fmt.Println("  ours / vips; DSSIM: less is better; PSNR in dB: more is better")
	return nil
}

func compareWidth(original, dir string, full *channels, w int) error {
	name := strconv.Itoa(w)
	ref := full.scale(w, int(math.Round(float64(full.h)*float64(w)/float64(full.w))))
	ours, err := judge(filepath.Join(dir, name+".jpg"), ref)
	if err != nil {
		return err
	}
	var below, above score
	lo, hi := 30, 99
	for hi-lo > 1 {
		q := (lo + hi) / 2
		out := filepath.Join(dir, "q-"+name+".jpg")
		if _, err := thumbnail(original, name, out, fmt.Sprintf("Q=%d,strip,optimize_coding,subsample_mode=on", q)); err != nil {
			return err
		}
		s, err := judge(out, ref)
		if err != nil {
			return err
		}
		if s.bytes < ours.bytes {
			lo, below = q, s
		} else {
			hi, above = q, s
		}
	}
	if below.bytes == 0 || above.bytes == 0 {
		return fmt.Errorf("vips has no quality that makes %d bytes of %s", ours.bytes, name)
	}
	t := float64(ours.bytes-below.bytes) / float64(above.bytes-below.bytes)
	mix := func(a, b float64) float64 { return a + (b-a)*t }
	fmt.Printf("  %5d %9d   %.5f / %.5f %.5f / %.5f %5.2f / %5.2f   %5.2f / %5.2f   (vips Q %d-%d)\n", w, ours.bytes,
		dssim(ours.luma), dssim(mix(below.luma, above.luma)), dssim(ours.colour), dssim(mix(below.colour, above.colour)),
		ours.psnrY, mix(below.psnrY, above.psnrY), ours.psnrRed, mix(below.psnrRed, above.psnrRed), lo, hi)
	return nil
}

func dssim(s float64) float64 { return (1 - s) / 2 }
