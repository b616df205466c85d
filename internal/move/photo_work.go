package move

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"tintype/internal/media"
	"tintype/internal/store"
)

// PhotoWork is what a mover does with photos.
type PhotoWork struct {
	Rows    MediaRows
	Open    func(address string) (media.Store, error)
	Workers int
	// WithoutMissing moves a site some of whose files are missing. Without it such a move ends before anything changes
	// for readers: the folder may be another machine's.
	WithoutMissing bool
	// DeleteSource empties the source at the end, after everything in it was compared with the target once more.
	DeleteSource bool
}

// keepPatience is how long Keep waits for what does not answer.
const keepPatience = 7 * time.Second

// failure is how long several goroutines together have met with nothing but failures.
type failure struct {
	mu    sync.Mutex
	since time.Time // the zero time: something has gone well since the last one
}

func (f *failure) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.since = time.Time{}
}

// lasts is for how long that has been so at one more failure: 0 for the first.
func (f *failure) lasts() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.since.IsZero() {
		f.since = time.Now()
	}
	return time.Since(f.since)
}

// sampledSets is how many sets Check looks for.
const sampledSets = 30

// Check says why a move may not begin: photos of the site are not in the source, or the target takes none.
func (w *PhotoWork) Check(ctx context.Context, source, target string) error {
	from, err := w.Open(source)
	if err != nil {
		return err
	}
	to, err := w.Open(target)
	if err != nil {
		return err
	}
	sets, err := w.Rows.SampleMediaObjects(ctx, sampledSets)
	if err != nil {
		return err
	}
	missing := 0
	for _, o := range sets {
		whole, err := w.whole(ctx, from, o)
		if err != nil {
			return fmt.Errorf("%s cannot be read: %w", source, err)
		}
		if !whole {
			missing++
		}
	}
	if missing > 0 && !w.WithoutMissing || missing > 1 && missing == len(sets) {
		return fmt.Errorf("%d of %d photos, chosen by chance, are not whole in %s: is that another machine's folder? `tintype media check` lists what is missing, and --without-missing moves the rest", missing, len(sets), source)
	}
	if err := to.Check(ctx); err != nil {
		return fmt.Errorf("%s takes no photos: %w", target, err)
	}
	return nil
}

// whole tells whether a place has all files of a set, or the set went meanwhile.
func (w *PhotoWork) whole(ctx context.Context, place media.Store, o *store.MediaObject) (bool, error) {
	for _, key := range setKeys(o) {
		there, err := media.Has(ctx, place, key)
		if err != nil {
			return false, err
		}
		if there {
			continue
		}
		now, err := w.Rows.MediaObjectsByRandom(ctx, []string{o.Random})
		return err == nil && (len(now) == 0 || now[0].State == store.ObjectGone), err
	}
	return true, nil
}

// Attach makes m a mover of photos.
func (w *PhotoWork) Attach(m *PartMover) {
	m.Work = Work{
		SourceWhole: true,
		Count:       func(ctx context.Context, _ string) (int64, error) { return w.Rows.CountMediaObjects(ctx) },
		Empty: func(ctx context.Context, _, target string, _ func(int64) error) error {
			to, err := w.Open(target)
			if err != nil {
				return err
			}
			_, _, err = Strangers(ctx, w.Rows, to, true)
			return err
		},
		Discard: func(ctx context.Context, _, target string, step func(int64) error) error {
			return w.empty(ctx, target, step)
		},
		Copy: func(ctx context.Context, source, target string, step func(int64) error) (int64, error) {
			c, err := w.copier(m, source, target, step)
			if err != nil {
				return 0, err
			}
			c.Compare = true
			n, err := c.Pass(ctx)
			if err == nil {
				err = w.missing(m, c.Progress)
			}
			return n, err
		},
		Settle: func(ctx context.Context, source, target string, step func(int64) error) error {
			for {
				c, err := w.copier(m, source, target, step)
				if err != nil {
					return err
				}
				c.InCharge = true
				if n, err := c.Pass(ctx); err != nil || n == 0 {
					return err
				}
			}
		},
		Keep: func(ctx context.Context, source, target string, since time.Time, step func(int64) error) error {
			c, err := w.copier(m, target, source, step)
			if err != nil {
				return err
			}
			c.InCharge = true // what is there is right
			c.Save = func(PhotoProgress) {}
			c.Progress = PhotoProgress{}
			if !since.IsZero() {
				c.Progress.Since = since.Add(-setSlack).UnixMilli()
			}
			var failing failure
			c.Step = func(bytes int64) error {
				failing.end()
				return step(bytes)
			}
			c.giveUp = func(reason error) error {
				if failing.lasts() < keepPatience {
					return nil
				}
				if _, err := media.Has(ctx, c.To, media.OriginalKey(media.NewRandom())); err == nil {
					return &FinalError{fmt.Errorf("%s does not have everything yet that has been posted since: `tintype %s` goes on with that: %w", source, m.command(), reason)}
				}
				return &FinalError{fmt.Errorf("%s does not get what has been posted since, and readers who are led there miss that: `tintype %s` brings it there once it answers: %w", source, m.command(), reason)}
			}
			_, err = c.Pass(ctx)
			return err
		},
		Finish: func(ctx context.Context, source, target string, step func(int64) error) error {
			if !w.DeleteSource {
				return nil
			}
			if err := w.compare(ctx, m, source, target, step); err != nil {
				return err
			}
			return w.empty(ctx, source, step)
		},
		FinishAgain: w.DeleteSource,
	}
}

// missing ends a move that has met files that are nowhere. Whoever brings them back begins anew.
func (w *PhotoWork) missing(m *PartMover, p PhotoProgress) error {
	if p.MissingCount == 0 || w.WithoutMissing {
		return nil
	}
	m.set(func(now *PartProgress) { now.Checkpoint = nil })
	return &FinalError{fmt.Errorf("%d files are missing in the source, such as %s: bring them back, or add --without-missing", p.MissingCount, p.Missing[0])}
}

// compare compares everything in both places. Nothing reads the source any more.
func (w *PhotoWork) compare(ctx context.Context, m *PartMover, source, target string, step func(int64) error) error {
	m.set(func(now *PartProgress) { now.Checkpoint = nil })
	for {
		c, err := w.copier(m, source, target, step)
		if err != nil {
			return err
		}
		c.InCharge, c.Compare = true, true
		n, err := c.Pass(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		if p := c.Progress; p.MissingCount > 0 && !w.WithoutMissing {
			return &FinalError{fmt.Errorf("%d files are in neither place, such as %s: the source is not emptied, unless by --without-missing", p.MissingCount, p.Missing[0])}
		}
		return nil
	}
}

func (w *PhotoWork) empty(ctx context.Context, address string, step func(int64) error) error {
	place, err := w.Open(address)
	if err != nil {
		return err
	}
	return EmptyMedia(ctx, place, func(int64) error { return step(0) })
}

// copier goes on where the row says that the last one was.
func (w *PhotoWork) copier(m *PartMover, source, target string, step func(int64) error) (*PhotoCopy, error) {
	from, err := w.Open(source)
	if err != nil {
		return nil, err
	}
	to, err := w.Open(target)
	if err != nil {
		return nil, err
	}
	c := &PhotoCopy{
		Rows: w.Rows, From: from, To: to, Workers: w.Workers, Step: step,
		Save:  func(p PhotoProgress) { m.set(func(now *PartProgress) { now.Checkpoint = p.text() }) },
		Waits: func(reason string) { m.set(func(now *PartProgress) { now.Note = reason }); m.report() },
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c.Progress = PhotosOf(m.now)
	return c, nil
}

func (p PhotoProgress) text() json.RawMessage {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // numbers and texts
	}
	return text
}

// PhotosOf is how far a copy of photos is, by the progress of its move.
func PhotosOf(now PartProgress) (p PhotoProgress) {
	_ = json.Unmarshal(now.Checkpoint, &p) // what is none is the beginning
	return p
}

var _ MediaRows = (*store.Store)(nil)
