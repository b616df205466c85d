package media

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"runtime"
	"time"

	"golang.org/x/image/webp"

	"tintype/internal/lang"
)

// Options configures a Processor. Zero values mean the defaults.
type Options struct {
	MaxBytes  int64   // of a file; default 40 MB
	MaxPixels int64   // of a photo; default 100 million
	Budget    *Budget // shared by all photos in work; default NewBudget(DefaultBudget())
	Quality   int     // of the variants, 1 to 100 as libjpeg counts; default DefaultQuality
}

// DefaultQuality of the variants.
const DefaultQuality = 82

// Processor turns uploaded files into variants. It is safe for use by many goroutines; the budget bounds what they take
// together.
type Processor struct {
	o Options
}

// NewProcessor fills the defaults in.
func NewProcessor(o Options) *Processor {
	if o.MaxBytes <= 0 {
		o.MaxBytes = 40e6
	}
	if o.MaxPixels <= 0 {
		o.MaxPixels = 100e6
	}
	if o.Budget == nil {
		o.Budget = NewBudget(DefaultBudget())
	}
	if o.Quality <= 0 || o.Quality > 100 {
		o.Quality = DefaultQuality
	}
	return &Processor{o: o}
}

// MaxBytes returns the most bytes that a file may have.
func (p *Processor) MaxBytes() int64 { return p.o.MaxBytes }

// MemoryInUse returns how many bytes of the budget photos in work take now.
func (p *Processor) MemoryInUse() int64 { return p.o.Budget.InUse() }

// MemoryWaits is Budget.Waits.
func (p *Processor) MemoryWaits() (n int64, waited time.Duration) { return p.o.Budget.Waits() }

// MatrixLimit returns the most pixels of a photo, as people and clients are told: MaxPixels, or what an ordinary JPEG may
// have within the budget, rounded down to whole millions. Files of costlier kinds may be refused below it.
func (p *Processor) MatrixLimit() int64 {
	fits := func(mega int64) bool {
		side := math.Sqrt(float64(mega) * 1e6 / 6)
		h := Header{Format: JPEG, kind: kindYCbCr, chroma: [2]int{2, 2}, Width: int(3 * side), Height: int(2 * side)}
		h.samples = h.Pixels() * 3 / 2
		return h.cost(false) <= p.o.Budget.size
	}
	mega := p.o.MaxPixels / 1e6
	if fits(mega) {
		return p.o.MaxPixels
	}
	for mega > 1 && !fits(mega) {
		mega--
	}
	return mega * 1e6
}

// Result is what Process found and made.
type Result struct {
	Format      Format
	Width       int // upright
	Height      int
	Animated    bool      // only the first frame was taken
	Profile     string    // of the variants: "srgb" or "p3"
	Variants    []Variant // the widths, largest first, then the square
	Blurhash    string
	ColorTop    string // "#rrggbb": the mean of the upper half
	ColorBottom string
	Meta        Meta
}

// Process makes every variant of a photo and hands each to put, one after the other; r is valid only during the call.
// An error of put ends the work and is returned. A *Refused means that the file will never be accepted. Any other error
// (of the reader, the context or put) may be temporary.
func (p *Processor) Process(ctx context.Context, src io.ReadSeeker, focus Focus, put func(v Variant, r io.Reader) error) (Result, error) {
	j, err := p.open(ctx, src)
	if err != nil {
		return Result{}, err
	}
	defer j.close()
	var outs []*picture
	for _, w := range variantWidths(j.width) {
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		pic := j.scaled(outs, w)
		outs = append(outs, pic)
		if err := j.emit(pic, fmt.Sprint(w), put); err != nil {
			return Result{}, err
		}
	}
	if err := j.emit(square(outs, focus), SquareName, put); err != nil {
		return Result{}, err
	}
	res := Result{
		Format: j.head.Format, Width: j.width, Height: j.height, Animated: j.head.Animated, Profile: j.profile(),
		Variants: j.made, Meta: j.meta,
	}
	res.Blurhash, res.ColorTop, res.ColorBottom, err = placeholder(outs[len(outs)-1])
	return res, err
}

// Square makes the square again with another focal point, from the original or the largest variant. Its errors are
// those of Process.
func (p *Processor) Square(ctx context.Context, src io.ReadSeeker, focus Focus, put func(v Variant, r io.Reader) error) (Variant, error) {
	j, err := p.open(ctx, src)
	if err != nil {
		return Variant{}, err
	}
	defer j.close()
	// The same way as in Process, so that the result is the same as if it had been cut so at first.
	var outs []*picture
	for _, w := range variantWidths(j.width) {
		outs = append(outs, j.scaled(outs, w))
		if last := outs[len(outs)-1]; min(last.w, last.h) < 2*squareSide {
			break
		}
	}
	if err := j.emit(square(outs, focus), SquareName, put); err != nil {
		return Variant{}, err
	}
	return j.made[0], nil
}

// job is one photo in work.
type job struct {
	p             *Processor
	head          Header
	meta          Meta
	orientation   int
	width, height int      // upright
	base          *picture // as stored, perhaps halved
	cost          int64

	p3      bool
	convert *converter // nil: none is needed
	grayTRC *profile
	inks    *cube  // CMYK with a profile
	icc     []byte // embedded into the variants
	xmp     []byte

	enc  jpegEncoder
	made []Variant
}

// open inspects, waits for its share of the budget, and decodes.
func (p *Processor) open(ctx context.Context, src io.ReadSeeker) (*job, error) {
	head, err := Inspect(ctx, src)
	if err != nil {
		return nil, err
	}
	if head.Bytes > p.o.MaxBytes {
		return nil, refuseBytes(head.Bytes, p.o.MaxBytes)
	}
	if head.Pixels() > p.o.MaxPixels {
		return nil, refusePixels(head.Width, head.Height, p.MatrixLimit())
	}
	if max(head.Width, head.Height) > maxSide {
		return nil, refuseSide(head.Width, head.Height)
	}
	j := &job{p: p, head: head, width: head.Width, height: head.Height}
	var b blocks
	if b.exif, err = head.spans.readEXIF(src); err != nil {
		return nil, err
	}
	if j.orientation = orientationOf(b.exif); j.orientation >= 5 {
		j.width, j.height = j.height, j.width
	}
	j.cost = head.cost(j.orientation >= 5)
	if j.cost <= p.o.Budget.size && head.hasTrees() {
		trees, err := j.treesCost(ctx, src)
		if err != nil {
			return nil, err
		}
		j.cost += trees
	}
	if j.cost > p.o.Budget.size {
		return nil, refuseMemory(head, j.cost)
	}
	if err := p.o.Budget.acquire(ctx, j.cost); err != nil {
		return nil, err
	}
	if err = head.spans.read(src, &b); err == nil {
		var adobe bool
		j.meta, adobe = readMeta(b)
		j.setColors(b.icc, adobe)
		j.xmp = xmpPacket(j.meta)
		err = j.decode(ctx, src)
	}
	if err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

// close gives the memory back: first to the runtime, then to the budget, because the collector alone would wait until
// the heap has doubled.
func (j *job) close() {
	j.base = nil
	j.enc = jpegEncoder{}
	if j.cost > 16<<20 {
		runtime.GC()
	}
	j.p.o.Budget.release(j.cost)
}

// treesCost reads a lossless WebP, or the alpha beside a lossy one, up to its Huffman trees: how much memory they take
// shows only there. The time of it is charged as the photo itself is without them.
func (j *job) treesCost(ctx context.Context, src io.ReadSeeker) (int64, error) {
	without := j.cost
	if err := j.p.o.Budget.acquire(ctx, without); err != nil {
		return 0, err
	}
	defer j.p.o.Budget.release(without)
	f := j.head.frame
	part, skip := f.pixels, int64(vp8lHeader)
	if !f.lossless {
		part, skip = f.alpha, 1
	}
	t := &tracked{r: ctxReader{ctx, src}}
	n, err := vp8lTrees(&spanReader{src: src, r: t, at: part.off + skip, left: part.n - skip}, f.w, f.h)
	if t.err != nil {
		return 0, fmt.Errorf("media: read the photo: %w", t.err)
	}
	if err != nil {
		return 0, decodeError(err)
	}
	return n, nil
}

func (j *job) setColors(icc []byte, adobe bool) {
	prof, err := parseProfile(icc)
	if told := j.head.profile(); told != nil && icc == nil {
		prof, err = told, nil
	}
	switch {
	case j.head.p3: // cICP goes before a profile
		j.p3 = true
	case err == nil && prof.gray:
		switch {
		case prof.hasSRGBCurve():
		case j.head.kind == kindGray:
			j.grayTRC = prof
		case j.head.kind != kindCMYK: // gray with alpha, which is read as RGB
			j.convert = newConverter(&profile{toXYZ: primariesSRGB, curve: prof.curve})
		}
		return
	case err != nil && icc == nil && adobe:
		j.convert = newConverter(profileAdobe())
	case err != nil: // none, or of a kind that is not read, which is nearly always near sRGB
	case prof.isSpace(primariesP3):
		j.p3 = true
	case !prof.isSpace(primariesSRGB):
		j.convert = newConverter(prof)
	}
	switch {
	case j.head.kind == kindCMYK:
		j.p3, j.convert = false, nil
		if err == nil && prof.table != nil && prof.table.n == 4 {
			j.inks = newCube(prof.table)
		}
	case j.head.kind == kindGray, err == nil && prof.table != nil && prof.table.n != 3:
		j.p3, j.convert = false, nil
	}
	if j.p3 {
		j.icc = profileP3
	}
}

func (j *job) profile() string {
	if j.p3 {
		return "p3"
	}
	return "srgb"
}

// decode reads the pixels into j.base.
func (j *job) decode(ctx context.Context, src io.ReadSeeker) (err error) {
	t := &tracked{r: ctxReader{ctx, src}}
	defer func() {
		if r := recover(); r != nil {
			err = refuseCorrupt(lang.Key("its decoder cannot make sense of it"), fmt.Errorf("the decoder panicked: %v", r))
		}
		if t.err != nil && err != nil {
			err = fmt.Errorf("media: read the photo: %w", t.err)
		}
	}()
	m, err := j.image(src, t)
	if err != nil {
		return decodeError(err)
	}
	w, h := j.head.Width, j.head.Height
	if !j.head.covers() {
		w, h = j.head.frame.w, j.head.frame.h
	}
	if b := m.Bounds(); b.Dx() != w || b.Dy() != h {
		return refuseCorrupt(lang.Key("its size is not what its header says"), fmt.Errorf("%v where the header says %d×%d", b, w, h))
	}
	if j.head.Format == WebP {
		switch m := m.(type) {
		case *image.YCbCr:
			studioToFull(fromYCbCr(m))
		case *image.NYCbCrA:
			studioToFull(fromYCbCr(&m.YCbCr))
		}
	}
	k := halvings(j.width)
	switch m := m.(type) {
	case *image.YCbCr:
		if j.head.covers() {
			j.base = fromYCbCr(m)
			break
		}
		err = j.rows(m, k)
		k = 0
	case *image.Gray:
		j.base = fromGray(m)
	default:
		err = j.rows(m, k)
		k = 0
	}
	if err != nil {
		return err
	}
	for range k {
		b := j.base
		j.base = b.each((b.w+1)/2, (b.h+1)/2, (*plane).halve)
	}
	return nil
}

// rows makes the base, halved k times, of an image that is read as rows of RGB.
func (j *job) rows(m image.Image, k int) error {
	read := j.rowReader(m)
	if read == nil {
		return refuseCorrupt(lang.Key("its pixels are of an unknown kind"), fmt.Errorf("pixels of an unknown kind: %T", m))
	}
	if f := j.head.frame; !j.head.covers() {
		read = onCanvas(read, f)
	}
	j.base = fromRows(j.head.Width, j.head.Height, k, read)
	if _, ok := m.(*image.Gray16); ok {
		j.base.cb, j.base.cr = nil, nil
	}
	return nil
}

// onCanvas puts the rows of a frame where it stands; what it does not cover is transparent, hence white.
func onCanvas(read func(y int, dst []byte), f frame) func(y int, dst []byte) {
	return func(y int, dst []byte) {
		for i := range dst {
			dst[i] = 255
		}
		if y >= f.y && y < f.y+f.h {
			read(y-f.y, dst[3*f.x:3*(f.x+f.w)])
		}
	}
}

// image runs the decoder on src, whose bytes come through t.
func (j *job) image(src io.ReadSeeker, t *tracked) (image.Image, error) {
	if _, err := src.Seek(j.head.start, io.SeekStart); err != nil {
		return nil, err
	}
	switch j.head.Format {
	case JPEG:
		s := newJPEGSource(t)
		m, err := jpeg.Decode(s)
		switch {
		case err != nil && s.noEnd && s.coarse():
			err = refuseCoarse(err)
		case err != nil && s.noEnd:
			err = refuseTruncated(err)
		case err == nil && !s.whole():
			err = refuseCoarse(errors.New("scans are missing"))
		}
		return m, err
	case PNG:
		m, err := png.Decode(newPNGSource(t))
		if err == nil || t.err != nil {
			return m, err
		}
		if j.cost > 16<<20 {
			runtime.GC() // one picture is paid for, not two
		}
		if _, err := src.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		return png.Decode(newPNGRepair(t))
	case GIF:
		return decodeGIF(src, t, j.head)
	case WebP:
		return webp.Decode(bufio.NewReaderSize(j.head.frame.source(src, t), 64<<10))
	}
	return nil, refuseFormat(j.head.Format, nil)
}

// scaled makes the variant of this width: from one that is at least twice as large, else from the base.
func (j *job) scaled(outs []*picture, w int) *picture {
	h := heightFor(w, j.width, j.height)
	for i := len(outs) - 1; i >= 0; i-- {
		if o := outs[i]; o.w >= 2*w {
			return o.resize(o.y.whole(), w, h, !o.gray() && fullChroma(o, w))
		}
	}
	b := j.base
	rw, rh := w, h
	if j.orientation >= 5 {
		rw, rh = h, w
	}
	pic := b.resize(b.y.whole(), rw, rh, !b.gray() && fullChroma(b, w)).orient(j.orientation)
	switch {
	case pic.gray() && j.grayTRC != nil:
		return applyGray(j.grayTRC, pic)
	case !pic.gray() && j.convert != nil:
		return j.convert.apply(pic)
	}
	return pic
}

// fullChroma tells whether a variant keeps full chroma: a large one whose source has it.
func fullChroma(src *picture, w int) bool {
	return w >= 1280 && src.cb.w == src.w && src.cb.h == src.h
}

// previewWidth is up to which width a variant is seen in grids and feeds, where screens show several of its pixels in
// one place. Wider ones are looked at.
const previewWidth = 960

// quality is that of a variant so wide. The largest of a photo is the one that is looked at, however narrow it is.
func (o Options) quality(width int, largest bool) int {
	if width <= previewWidth && !largest {
		return max(o.Quality*5/6, 1)
	}
	return o.Quality
}

// square cuts from the smallest picture that has two samples for each of the square's.
func square(outs []*picture, focus Focus) *picture {
	src := outs[0]
	for _, o := range outs {
		if min(o.w, o.h) >= 2*squareSide {
			src = o
		}
	}
	x, y, side := focus.cut(float64(src.w), float64(src.h))
	n := min(squareSide, int(side))
	return src.resize(region{x, y, side, side}, n, n, false)
}

// emit encodes a variant and hands it over.
func (j *job) emit(pic *picture, name string, put func(Variant, io.Reader) error) error {
	b := j.enc.encode(pic, j.p.o.quality(pic.w, len(j.made) == 0 && name != SquareName), j.icc, j.xmp)
	v := Variant{Name: name, Width: pic.w, Height: pic.h, Bytes: int64(len(b))}
	if err := put(v, bytes.NewReader(b)); err != nil {
		return err
	}
	j.made = append(j.made, v)
	return nil
}
