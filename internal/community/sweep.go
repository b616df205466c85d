package community

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tintype/internal/media"
	"tintype/internal/queue"
	"tintype/internal/store"
)

const jobRetention = "retention" // periodic: forgets what has served its time

const (
	mediaBatch = 100
	// mediaBatches bounds one run; the next one goes on.
	mediaBatches = 200
	// sweepLeast keeps sweeps from crawling where the COMMIT alone takes longer than batchAim: fewer rows would not shorten that.
	sweepLeast = 10

	keepDoneJobs = 7 * 24 * time.Hour
	keepEvents   = 6 * time.Hour
)

// removeJob names what has just gone, by photo or by set.
type removeJob struct {
	Photos  []int64  `json:"photos,omitempty"`
	Randoms []string `json:"randoms,omitempty"`
}

// removeMedia removes the bytes of sets that are gone, then the rows of photos that are. The sets' rows stay as
// tombstones; see sweepGone.
func (c *Community) removeMedia(ctx context.Context, job *queue.Job) error {
	var arg removeJob
	if err := readPayload(job, &arg); err != nil {
		return err
	}
	for {
		sets, err := c.Store.GoneMediaObjects(ctx, arg.Photos, arg.Randoms, mediaBatch)
		if err != nil {
			return err
		}
		if len(sets) == 0 {
			break
		}
		randoms, err := c.removeBytes(ctx, sets)
		left := errors.Is(err, media.ErrLeftBehind) // where readers do not find it
		if err != nil && !left {
			return err
		}
		if len(arg.Photos)+len(arg.Randoms) <= fewSets {
			if err := c.forgetCopies(ctx, sets); err != nil {
				return err
			}
		}
		if left {
			return err
		}
		if err := c.Store.MediaObjectsRemoved(ctx, randoms); err != nil {
			return err
		}
	}
	return c.finishJob(ctx, job, func(ctx context.Context, tx *store.Store) error {
		return tx.DeleteGonePhotos(ctx, arg.Photos)
	})
}

// fewSets is up to how many photos the CDN is asked to drop one by one. Invalidations cost money and are limited. When
// an account goes, the copies at the edges expire within a day.
const fewSets = 20

// forgetCopies has the CDN drop the variants of sets whose bytes are removed.
func (c *Community) forgetCopies(ctx context.Context, sets []*store.MediaObject) error {
	if c.CDN == nil {
		return nil
	}
	var keys []string
	for _, s := range sets {
		if s.Kind == store.SetOriginal {
			continue // never there
		}
		for _, name := range s.Variants.V {
			keys = append(keys, media.VariantKey(media.Kind(s.Kind), s.Random, name))
		}
	}
	return c.CDN.Invalidate(ctx, keys...)
}

// removeBytes deletes every file that the sets may have.
func (c *Community) removeBytes(ctx context.Context, sets []*store.MediaObject) (randoms []string, err error) {
	var keys []string
	for _, s := range sets {
		randoms = append(randoms, s.Random)
		if s.Kind == store.SetOriginal {
			keys = append(keys, media.OriginalKey(s.Random))
			continue
		}
		for _, name := range s.Variants.V {
			keys = append(keys, media.VariantKey(media.Kind(s.Kind), s.Random, name))
		}
	}
	if err := c.Media.Delete(ctx, keys...); err != nil {
		return nil, fmt.Errorf("remove files: %w", err)
	}
	return randoms, nil
}

func (c *Community) sweepJob(ctx context.Context, _ *queue.Job) error {
	return errors.Join(c.ensureOwner(ctx), c.Sweep(ctx))
}

// Sweep removes what crashes left behind and photos that nobody posted.
func (c *Community) Sweep(ctx context.Context) error {
	now, err := c.Store.Now(ctx)
	if err != nil {
		return err
	}
	ago := func(d time.Duration) store.Millis { return now - store.Millis(d.Milliseconds()) }
	ttl := c.DraftTTL
	if ttl <= 0 {
		ttl = 48 * time.Hour
	}
	var errs []error
	for state, before := range map[string]store.Millis{
		store.PhotoUploading: ago(2 * c.maxUpload()), store.PhotoPending: ago(ttl), store.PhotoReady: ago(ttl), store.PhotoRefused: ago(ttl),
	} {
		errs = append(errs, c.sweepPhotos(ctx, state, before))
	}
	errs = append(errs, c.sweepAbandoned(ctx), c.sweepDownloads(ctx), c.sweepRetired(ctx), c.sweepGone(ctx), c.sweepHeld(ctx, ago(keepDecided)), c.sweepRows(ctx, ago(c.tombstone())))
	if s, ok := media.As[media.TempSweeper](c.Media); ok {
		_, err := s.SweepTemp(ctx, 2*c.maxUpload())
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// inBatches calls f, which does at most limit, until it has less to do, at the pace of a pacer. Removed bytes count to how long a
// batch took.
func inBatches(ctx context.Context, f func(limit int) (int, error)) error {
	return atPace(ctx, sweepPacer(), f)
}

func sweepPacer() *pacer {
	p := newPacer(mediaBatch)
	p.size, p.least = sweepLeast, sweepLeast
	return p
}

func atPace(ctx context.Context, p *pacer, f func(limit int) (int, error)) error {
	for done := 0; done < mediaBatches*mediaBatch; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, limit := 0, p.size
		err := p.batch(ctx, func(limit int) (int, error) {
			var err error
			n, err = f(limit)
			return n, err
		})
		if err != nil || n < limit {
			return err
		}
		done += n
	}
	return nil
}

// sweepPhotos removes unattached photos that are too old. It marks them first, so that no post can take one whose bytes
// are being removed.
func (c *Community) sweepPhotos(ctx context.Context, state string, before store.Millis) error {
	return inBatches(ctx, func(limit int) (int, error) {
		ids, err := c.Store.StalePhotos(ctx, state, before, limit)
		if err != nil || len(ids) == 0 {
			return 0, err
		}
		return len(ids), c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			var still []int64
			for _, id := range ids {
				p, err := tx.LockPhoto(ctx, id)
				if errors.Is(err, store.ErrNotFound) || err == nil && (p.AttachedAt != nil || p.State != state || p.UpdatedAt >= before) {
					continue // posted a moment ago
				}
				if err != nil {
					return err
				}
				still = append(still, id)
			}
			return c.markPhotosGone(ctx, tx, still)
		})
	})
}

// sweepAbandoned marks sets gone whose process has died.
func (c *Community) sweepAbandoned(ctx context.Context) error {
	return inBatches(ctx, func(limit int) (int, error) {
		sets, err := c.Store.AbandonedMediaObjects(ctx, 2*c.maxUpload(), limit)
		if err != nil {
			return 0, err
		}
		for _, s := range sets {
			if _, err := c.Store.DropNewMediaObject(ctx, s.Random); err != nil {
				return 0, err
			}
		}
		gone, err := c.Store.GoneMediaObjects(ctx, nil, randomsOf(sets), limit)
		if err != nil || len(gone) == 0 {
			return 0, err
		}
		randoms, err := c.removeBytes(ctx, gone)
		if err != nil {
			return 0, err
		}
		return len(sets), c.Store.MediaObjectsRemoved(ctx, randoms)
	})
}

// sweepRetired gives up sets whose addresses had their time, and the photos that had no other. The copies at the edges of a CDN end by their own lifetime.
func (c *Community) sweepRetired(ctx context.Context) error {
	return inBatches(ctx, func(limit int) (int, error) {
		sets, err := c.Store.OldRetiredMediaObjects(ctx, keepRetired, limit)
		if err != nil || len(sets) == 0 {
			return 0, err
		}
		var ids []int64
		for _, s := range sets {
			ids = append(ids, s.PhotoID)
		}
		photos, err := c.Store.PhotosByID(store.Primary(ctx), ids)
		if err != nil {
			return 0, err
		}
		var replaced, evidence []int64
		current := map[string]bool{}
		for _, p := range photos {
			current[p.SetRandom] = true
			switch {
			case p.State == store.PhotoKept:
				evidence = append(evidence, p.ID)
			case p.Purpose == store.PurposeReplaced:
				replaced = append(replaced, p.ID)
			}
		}
		old := sets
		err = c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			kept, err := c.dropProfilePhotos(ctx, tx, replaced)
			if err != nil {
				return err
			}
			kept = append(kept, evidence...)
			old = slices.DeleteFunc(slices.Clone(sets), func(s *store.MediaObject) bool { return current[s.Random] && slices.Contains(kept, s.PhotoID) })
			for _, s := range old {
				if err := tx.DropMediaObject(ctx, s.Random, s.PhotoID); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
		randoms, err := c.removeBytes(ctx, old)
		if err != nil {
			return 0, err
		}
		return len(sets), c.Store.MediaObjectsRemoved(ctx, randoms)
	})
}

func randomsOf(sets []*store.MediaObject) []string {
	randoms := make([]string, len(sets))
	for i, s := range sets {
		randoms[i] = s.Random
	}
	return randoms
}

// sweepGone removes the bytes of sets for the second time, and then their tombstones.
func (c *Community) sweepGone(ctx context.Context) error {
	return inBatches(ctx, func(limit int) (int, error) {
		sets, err := c.Store.OldGoneMediaObjects(ctx, c.tombstone(), limit)
		if err != nil || len(sets) == 0 {
			return 0, err
		}
		randoms, err := c.removeBytes(ctx, sets)
		if err != nil {
			return 0, err
		}
		return len(sets), c.Store.DeleteMediaObjects(ctx, randoms)
	})
}

// sweepRows removes rows of photos that are gone and whose job was dropped.
func (c *Community) sweepRows(ctx context.Context, before store.Millis) error {
	return inBatches(ctx, func(limit int) (int, error) {
		ids, err := c.Store.StalePhotos(ctx, store.PhotoGone, before, limit)
		if err != nil {
			return 0, err
		}
		return len(ids), c.Store.DeleteGonePhotos(ctx, ids)
	})
}

func (c *Community) retentionJob(ctx context.Context, _ *queue.Job) error { return c.Forget(ctx) }

// Forget removes rows that have expired: old events, finished jobs, keys, codes, links and attempts.
func (c *Community) Forget(ctx context.Context) error {
	now, err := c.Store.Now(ctx)
	if err != nil {
		return err
	}
	ago := func(d time.Duration) store.Millis { return now - store.Millis(d.Milliseconds()) }
	s := c.Store
	return errors.Join(
		inBatches(ctx, func(limit int) (int, error) { return s.DeleteFinishedJobs(ctx, ago(keepDoneJobs), limit) }),
		inBatches(ctx, func(limit int) (int, error) { return s.DeleteOldEvents(ctx, ago(keepEvents), limit) }),
		inBatches(ctx, func(limit int) (int, error) { return s.RemoveIdempotencyKeys(ctx, ago(keepKeys), limit) }),
		c.sweepPeople(ctx),
		c.forgetReplacedPictures(ctx),
		c.forgetReported(ctx, now),
		c.sweepExports(ctx),
		c.tendPush(ctx, now),
		c.resealFactors(ctx),
		c.sweepImports(ctx),
		c.recountComments(ctx, now),
	)
}
