package media

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"runtime"

	"golang.org/x/image/webp"
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

// Process makes every variant of a photo and hands each to put, one after the other; r is valid only during the call. An
// error of put ends the work and is returned. A *Refused means that the file will never be taken; any other error (the
// reader's, the context's, put's) may pass.
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

// Square cuts the square anew at another focal point, from the original or the largest variant. Errors as Process.
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
	icc     []byte
	xmp     []byte

	enc  jpegEncoder
	made []Variant
}

// open inspects, waits for its share of the budget, and decodes.
func (p *Processor) open(ctx context.Context, src io.ReadSeeker) (*job, error) {
	head, err := Inspect(src)
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
		return nil, refuseCorrupt(errors.New("longer than a JPEG can be"))
	}
	meta, orientation, adobe := readMeta(src, head)
	j := &job{p: p, head: head, meta: meta, orientation: orientation, width: head.Width, height: head.Height}
	if orientation >= 5 {
		j.width, j.height = j.height, j.width
	}
	j.cost = head.cost(orientation >= 5)
	if j.cost > p.o.Budget.size {
		return nil, refuseMemory(head)
	}
	j.setColors(adobe)
	j.xmp = xmpPacket(meta)
	if err := p.o.Budget.acquire(ctx, j.cost); err != nil {
		return nil, err
	}
	if err := j.decode(ctx, src); err != nil {
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

func (j *job) setColors(adobe bool) {
	prof, err := parseProfile(j.head.icc)
	switch {
	case j.head.p3: // cICP goes before a profile
		j.p3 = true
	case err == nil && prof.gray:
		if !prof.hasSRGBCurve() {
			j.grayTRC = prof
		}
		return
	case err != nil && j.head.icc == nil && adobe:
		j.convert = newConverter(profileAdobe())
	case err != nil: // none, or of a kind that is not read, which is nearly always near sRGB
	case prof.isSpace(primariesP3):
		j.p3 = true
	case !prof.isSpace(primariesSRGB):
		j.convert = newConverter(prof)
	}
	if j.head.kind == kindCMYK || j.head.kind == kindGray {
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
			err = refuseCorrupt(fmt.Errorf("the decoder panicked: %v", r))
		}
		if t.err != nil && err != nil {
			err = fmt.Errorf("media: read the photo: %w", t.err)
		}
	}()
	m, err := j.image(src, t)
	if err != nil {
		return decodeError(err)
	}
	if b := m.Bounds(); b.Dx() != j.head.Width || b.Dy() != j.head.Height {
		return refuseCorrupt(fmt.Errorf("%v where the header says %d×%d", b, j.head.Width, j.head.Height))
	}
	k := halvings(j.width)
	switch m := m.(type) {
	case *image.YCbCr:
		j.base = fromYCbCr(m)
		if j.head.Format == WebP {
			studioToFull(j.base)
		}
	case *image.Gray:
		j.base = fromGray(m)
	default:
		if a, ok := m.(*image.NYCbCrA); ok {
			studioToFull(fromYCbCr(&a.YCbCr))
		}
		read := rowReader(m)
		if read == nil {
			return refuseCorrupt(fmt.Errorf("pixels of an unknown kind: %T", m))
		}
		j.base = fromRows(j.head.Width, j.head.Height, k, read)
		if _, ok := m.(*image.Gray16); ok {
			j.base.cb, j.base.cr = nil, nil
		}
		k = 0
	}
	for range k {
		b := j.base
		j.base = b.each((b.w+1)/2, (b.h+1)/2, (*plane).halve)
	}
	return nil
}

// image runs the decoder on src, whose bytes come through t.
func (j *job) image(src io.ReadSeeker, t *tracked) (image.Image, error) {
	if _, err := src.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	switch j.head.Format {
	case JPEG:
		return jpeg.Decode(bufio.NewReaderSize(&scanCounter{r: t, skip: j.head.scanStart}, 64<<10))
	case PNG:
		return png.Decode(bufio.NewReaderSize(t, 64<<10))
	case GIF:
		return gif.Decode(bufio.NewReaderSize(t, 64<<10))
	case WebP:
		if f := j.head.frame; f != nil {
			if _, err := src.Seek(f.off, io.SeekStart); err != nil {
				return nil, err
			}
			return webp.Decode(bufio.NewReaderSize(f.reader(j.head, t), 64<<10))
		}
		return webp.Decode(bufio.NewReaderSize(t, 64<<10))
	}
	return nil, refuseFormat(j.head.Format)
}

// decodeError sorts what decoders say.
func decodeError(err error) error {
	var unsupported jpeg.UnsupportedError
	var refused *Refused
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return refuseTruncated(err)
	case errors.As(err, &unsupported):
		return refuseKind(err.Error())
	}
	switch err.Error() { // these wrap nothing
	case "invalid JPEG format: short Huffman data", "png: invalid format: unexpected EOF", "png: invalid format: not enough pixel data",
		"gif: not enough image data", "gif: reading image data: unexpected EOF":
		return refuseTruncated(err)
	}
	return refuseCorrupt(err)
}

// maxScans is far above what encoders write; a file of tiny progressive scans would otherwise cost minutes.
const maxScans = 100

// scanCounter ends the reading of a JPEG with too many scans. It counts after skip bytes, where only entropy-coded data
// and tables come.
type scanCounter struct {
	r     io.Reader
	skip  int64
	scans int
	last  byte
}

func (s *scanCounter) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	for _, c := range p[min(s.skip, int64(n)):n] {
		if c == 0xda && s.last == 0xff {
			if s.scans++; s.scans > maxScans {
				return 0, refuseCorrupt(errors.New("too many scans"))
			}
		}
		s.last = c
	}
	s.skip = max(0, s.skip-int64(n))
	return n, err
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
	b := j.enc.encode(pic, j.p.o.Quality, j.icc, j.xmp)
	v := Variant{Name: name, Width: pic.w, Height: pic.h, Bytes: int64(len(b))}
	if err := put(v, bytes.NewReader(b)); err != nil {
		return err
	}
	j.made = append(j.made, v)
	return nil
}
