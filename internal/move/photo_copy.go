package move

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"tintype/internal/media"
	"tintype/internal/sleep"
	"tintype/internal/store"
)

const (
	// setSlack is for how long a set may be written after it was recorded, with some to spare.
	setSlack = 3 * time.Hour
	// setTries is how often a set is tried whose failure is its own.
	setTries = 4
	// mostNamed bounds how many files a report names.
	mostNamed = 20
	// firstWait and mostWait are the pauses before something is tried again.
	firstWait = 500 * time.Millisecond
	mostWait  = 30 * time.Second
)

// PhotoProgress is how far the copy of photos has come. Whoever goes on with it begins where it says.
type PhotoProgress struct {
	Since int64 `json:"since,omitempty"` // the pass looks at sets that were recorded then or later, in milliseconds since 1970
	Next  int64 `json:"next,omitempty"`  // Since of the next pass; 0: this one has not begun
	// After is the last set of the pass that is done with, and all before it.
	After  string `json:"after,omitempty"`
	InPass int64  `json:"in_pass,omitempty"` // files that this pass has copied
	Copied int64  `json:"copied,omitempty"`  // files, in all passes
	Bytes  int64  `json:"bytes,omitempty"`   // of these
	Taken  int64  `json:"taken,omitempty"`   // files that were there already, and right
	// Missing are files that the source should have and has not, Failed ones that could not be copied, or differ. Of each
	// no more than 20 are named.
	MissingCount int      `json:"missing_count,omitempty"`
	Missing      []string `json:"missing,omitempty"`
	FailedCount  int      `json:"failed_count,omitempty"`
	Failed       []string `json:"failed,omitempty"`
}

// PhotoCopy copies photos from one place to another while the site runs.
type PhotoCopy struct {
	Rows     MediaRows
	From, To media.Store
	// InCharge tells that To is in charge already: what it has is right, and is never written over.
	InCharge bool
	// Compare reads what To has, and compares it.
	Compare bool
	Workers int // sets at a time; 0 is 4
	// Progress is where to begin. Save is given it after each page of sets.
	Progress PhotoProgress
	Save     func(PhotoProgress)
	// Step is called for each set that was looked at, with the bytes that were copied of it. Its error ends the pass.
	Step func(bytes int64) error
	// Waits is told what the copy waits for, such as a place that does not answer, and "" when it goes on. It may be
	// called by several goroutines at once.
	Waits func(reason string)

	giveUp func(error) error // if set, is asked before each wait, by several goroutines at once; its error ends the pass
	mu     sync.Mutex        // of Progress
	pause  func(context.Context, time.Duration) error
}

// Pass goes through all sets once and returns how many files it has copied. Sets that are recorded meanwhile, or are
// still being written, belong to the next pass; one that has copied nothing was the last. A place or a database that
// does not answer is waited for. An error tells of files that could not be copied.
func (c *PhotoCopy) Pass(ctx context.Context) (copied int64, err error) {
	p := &c.Progress
	if p.Next == 0 {
		err := c.persist(ctx, func() error {
			now, err := c.Rows.Now(ctx)
			p.Next = int64(now) - setSlack.Milliseconds()
			return err
		})
		if err != nil {
			return 0, err
		}
		p.FailedCount, p.Failed = 0, nil
	}
	if err := c.removeGone(ctx); err != nil {
		return 0, err
	}
	for {
		var sets []*store.MediaObject
		err := c.persist(ctx, func() (err error) {
			sets, err = c.Rows.MediaObjectsAfter(ctx, p.After, store.Millis(p.Since), setsPage)
			return err
		})
		if err != nil {
			return 0, err
		}
		if len(sets) == 0 {
			break
		}
		if err := c.page(ctx, sets); err != nil {
			return 0, err
		}
		p.After = sets[len(sets)-1].Random
		c.Save(*p)
	}
	copied = p.InPass
	if p.FailedCount > 0 {
		// The next pass looks at all of these once more.
		p.Next, p.After, p.InPass = 0, "", 0
		c.Save(*p)
		return copied, &FinalError{fmt.Errorf("%d sets could not be copied, or differ: %s", p.FailedCount, p.Failed[0])}
	}
	p.Since, p.Next, p.After, p.InPass = p.Next, 0, "", 0
	c.Save(*p)
	return copied, nil
}

// removeGone removes the files of sets that went while a process did not yet know that there is a second place, or
// while that did not answer.
func (c *PhotoCopy) removeGone(ctx context.Context) error {
	for after := ""; ; {
		var sets []*store.MediaObject
		err := c.persist(ctx, func() (err error) {
			if sets, err = c.Rows.GoneMediaObjectsAfter(ctx, after, setsPage); err != nil {
				return err
			}
			var keys []string
			for _, o := range sets {
				keys = append(keys, setKeys(o)...)
			}
			return c.To.Delete(ctx, keys...)
		})
		if err != nil || len(sets) == 0 {
			return err
		}
		after = sets[len(sets)-1].Random
	}
}

// page copies some sets, several at a time.
func (c *PhotoCopy) page(ctx context.Context, sets []*store.MediaObject) error {
	workers := c.Workers
	if workers <= 0 {
		workers = 4
	}
	next := make(chan *store.MediaObject)
	errs := make(chan error, workers)
	for range workers {
		go func() {
			var err error
			for o := range next {
				if err == nil {
					err = c.set(ctx, o)
				}
			}
			errs <- err
		}()
	}
	for _, o := range sets {
		next <- o
	}
	close(next)
	var all []error
	for range workers {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

// persist calls f until it succeeds: what does not answer is waited for.
func (c *PhotoCopy) persist(ctx context.Context, f func() error) error {
	for wait := firstWait; ; wait = min(2*wait, mostWait) {
		err := f()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := c.wait(ctx, err, wait); err != nil {
			return err
		}
	}
}

// wait tells why there is a pause, and makes it.
func (c *PhotoCopy) wait(ctx context.Context, reason error, pause time.Duration) error {
	if c.giveUp != nil {
		if err := c.giveUp(reason); err != nil {
			return err
		}
	}
	if c.Waits != nil {
		c.Waits(reason.Error())
		defer c.Waits("")
	}
	if c.pause != nil {
		return c.pause(ctx, pause)
	}
	return sleep.For(ctx, pause)
}

// set copies a set, and takes it back if it is no longer wanted.
func (c *PhotoCopy) set(ctx context.Context, o *store.MediaObject) error {
	var result setResult
	for try, wait := 1, firstWait; ; wait = min(2*wait, mostWait) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		result.missing, result.taken = nil, 0
		result.failed = c.files(ctx, o, &result)
		if result.failed == nil {
			break
		}
		if ownFailure(result.failed) {
			if try++; try > setTries {
				break
			}
		}
		if err := c.wait(ctx, result.failed, wait); err != nil {
			return err
		}
	}
	wanted, ready, err := c.stillWanted(ctx, o)
	if err != nil {
		return err
	}
	if wanted {
		c.count(o, result, ready && o.State != store.ObjectNew)
	}
	return c.Step(result.bytes)
}

// setResult is what became of a set.
type setResult struct {
	copied, taken, bytes int64
	missing              []string
	failed               error
}

// stillWanted looks at a set once more after it was copied, and removes the copy if it is no longer wanted: whoever
// deleted the set may have done so before the copy was there. ready tells that all of its files have been written.
func (c *PhotoCopy) stillWanted(ctx context.Context, o *store.MediaObject) (wanted, ready bool, err error) {
	err = c.persist(ctx, func() error {
		list, err := c.Rows.MediaObjectsByRandom(ctx, []string{o.Random})
		if err != nil {
			return err
		}
		wanted = len(list) > 0 && list[0].State != store.ObjectGone
		ready = wanted && list[0].State != store.ObjectNew
		if wanted {
			return nil
		}
		return c.To.Delete(ctx, setKeys(o)...)
	})
	return wanted, ready, err
}

// count adds what became of a set. Files that are missing count if all should be there.
func (c *PhotoCopy) count(o *store.MediaObject, r setResult, ready bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := &c.Progress
	p.Copied, p.InPass, p.Taken, p.Bytes = p.Copied+r.copied, p.InPass+r.copied, p.Taken+r.taken, p.Bytes+r.bytes
	if r.failed != nil {
		p.FailedCount++
		if len(p.Failed) < mostNamed {
			p.Failed = append(p.Failed, r.failed.Error())
		}
	}
	if !ready {
		return
	}
	for _, key := range r.missing {
		if slices.Contains(p.Missing, key) {
			continue // an earlier pass has met it
		}
		p.MissingCount++
		if len(p.Missing) < mostNamed {
			p.Missing = append(p.Missing, key)
		}
	}
}

// errDiffers means that a file is not the same in both places.
var errDiffers = errors.New("it is not the same in both places")

// ownFailure tells whether an error is one file's, and not a place's that does not answer or is full.
func ownFailure(err error) bool {
	return !errors.Is(err, media.ErrUnavailable) && !errors.Is(err, media.ErrNoSpace) && !errors.Is(err, context.DeadlineExceeded)
}

func (c *PhotoCopy) files(ctx context.Context, o *store.MediaObject, r *setResult) error {
	for _, key := range setKeys(o) {
		n, err := c.file(ctx, key)
		switch {
		case errors.Is(err, media.ErrNotFound):
			r.missing = append(r.missing, key)
		case err != nil:
			return fmt.Errorf("%s: %w", key, err)
		case n >= 0:
			r.copied++
			r.bytes += n
		default:
			r.taken++
		}
	}
	return nil
}

// file copies a file and returns how many bytes it has, -1 for one that was there already. media.ErrNotFound says that
// neither place has it.
func (c *PhotoCopy) file(ctx context.Context, key string) (int64, error) {
	there, err := media.Has(ctx, c.To, key)
	if err != nil || there && c.InCharge && !c.Compare {
		return -1, err
	}
	o, err := c.From.Open(ctx, key)
	if errors.Is(err, media.ErrNotFound) && there {
		return -1, nil
	}
	if err != nil {
		return 0, err
	}
	defer o.Close()
	if there {
		same, err := c.same(ctx, key, o)
		switch {
		case err != nil:
			return 0, err
		case same:
			return -1, nil
		case c.InCharge:
			return 0, errDiffers
		}
		if _, err := o.Seek(0, io.SeekStart); err != nil {
			return 0, err
		}
	}
	sum := sha256.New()
	body := io.TeeReader(o, sum)
	if _, err := c.To.Put(ctx, key, body, media.PutOptions{ContentType: o.ContentType, Size: o.Size}); err != nil {
		return 0, err
	}
	// The copy is read again: an answer alone proves nothing of what lies there.
	got, size, err := c.sum(ctx, key)
	switch {
	case errors.Is(err, media.ErrNotFound):
		return o.Size, nil // somebody has deleted it, which the row tells
	case err != nil:
		return 0, err
	case size != o.Size || string(got) != string(sum.Sum(nil)):
		return 0, errDiffers
	}
	return o.Size, nil
}

// same tells whether To has the same bytes under key as o, which it reads.
func (c *PhotoCopy) same(ctx context.Context, key string, o *media.Object) (bool, error) {
	have, size, err := c.sum(ctx, key)
	if errors.Is(err, media.ErrNotFound) || err == nil && size != o.Size {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, o); err != nil {
		return false, err
	}
	return string(have) == string(sum.Sum(nil)), nil
}

func (c *PhotoCopy) sum(ctx context.Context, key string) ([]byte, int64, error) {
	o, err := c.To.Open(ctx, key)
	if err != nil {
		return nil, 0, err
	}
	defer o.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, o)
	return sum.Sum(nil), n, err
}
