package community

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"tintype/internal/media"
	"tintype/internal/store"
)

// newSet is a set of files that is being written.
type newSet struct {
	photo  int64
	kind   string
	random string
	names  []string
}

func (s newSet) key(variant string) string {
	return media.VariantKey(media.Kind(s.kind), s.random, variant)
}

// replacedSet takes the place of the set from.
type replacedSet struct {
	newSet
	from     string
	variants []store.Variant
	secret   bool // the addresses of the set from end at once
}

// setKind is where the files of a post with this visibility lie.
func (c *Community) setKind(ctx context.Context, v store.Visibility) string {
	if c.MembersOnly(ctx) || v == store.Followers {
		return store.SetPrivate
	}
	return store.SetPublic
}

// announceSets writes the rows of sets before their first bytes.
func (c *Community) announceSets(ctx context.Context, sets ...newSet) error {
	return c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		for _, s := range sets {
			if err := tx.AddMediaObject(ctx, s.random, s.kind, s.photo, s.names); err != nil {
				return err
			}
		}
		return nil
	})
}

// putTo stores variants of a set as they are made.
func (c *Community) putTo(ctx context.Context, s newSet) func(media.Variant, io.Reader) error {
	caching := media.CacheControl(media.Kind(s.kind))
	return func(v media.Variant, r io.Reader) error {
		if !slices.Contains(s.names, v.Name) {
			return fmt.Errorf("variant %q was not announced", v.Name)
		}
		_, err := c.Media.Put(ctx, s.key(v.Name), r, media.PutOptions{ContentType: "image/jpeg", CacheControl: caching, Size: v.Bytes})
		return err
	}
}

// dropSets removes sets that nothing came to use, even when the caller's time is over. A set that is in use after
// all (the answer to its commit got lost) stays. The sweep does what cannot be done here.
func (c *Community) dropSets(ctx context.Context, sets ...newSet) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for _, s := range sets {
		if err := c.dropSet(ctx, s); err != nil {
			c.Log.Warn("files that nobody wants are left to the sweep", "photo", s.photo, "error", err)
		}
	}
}

func (c *Community) dropSet(ctx context.Context, s newSet) error {
	if _, err := c.Store.DropNewMediaObject(ctx, s.random); err != nil {
		return err
	}
	o, err := c.Store.MediaObjectByRandom(store.Primary(ctx), s.random)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return err
	case o.State != store.ObjectGone:
		return nil
	}
	keys := make([]string, len(s.names))
	for i, name := range s.names {
		keys[i] = s.key(name)
	}
	return c.Media.Delete(ctx, keys...)
}

// setsGone marks sets of a photo as gone and has their bytes removed.
func (c *Community) setsGone(ctx context.Context, tx *store.Store, photoID int64, randoms ...string) error {
	for _, r := range randoms {
		if err := tx.DropMediaObject(ctx, r, photoID); err != nil {
			return err
		}
	}
	return tx.AddJob(ctx, jobRemove, removeJob{Randoms: randoms}, 0)
}

// switchSet points a photo at a set that is now whole, and gives up the one before.
func (c *Community) switchSet(ctx context.Context, tx *store.Store, s replacedSet) error {
	ok, err := tx.SwitchSet(ctx, s.photo, s.from, s.random, s.kind, s.variants)
	if err != nil {
		return err
	}
	if !ok {
		return errSetChanged
	}
	if ok, err = tx.MediaObjectLive(ctx, s.random, namesOf(s.variants)); err != nil {
		return err
	}
	if !ok { // so long under way that the sweep took it for abandoned
		return errSetChanged
	}
	if err := tx.AddEvent(ctx, EventPhotoMoved, 0, s.photo, nil); err != nil {
		return err
	}
	return c.leaveSet(ctx, tx, s)
}

const (
	// keepRetired is for how long the addresses of a set are good after the photo got another.
	keepRetired = 24 * time.Hour
	// maxRetired is how many such sets a photo may have. Past it the longest retired goes, so that nobody fills the
	// store by moving a focal point to and fro.
	maxRetired = 10
)

// leaveSet gives up the set that a photo has just left. Pages and clients hold its addresses, so it is kept for a day,
// unless the photo became private: then every public set that it ever had is gone at once.
func (c *Community) leaveSet(ctx context.Context, tx *store.Store, s replacedSet) error {
	if err := tx.RetireMediaObject(ctx, s.from, s.photo); err != nil {
		return err
	}
	sets, err := tx.MediaObjectsOf(ctx, s.photo)
	if err != nil {
		return err
	}
	var retired, gone []string
	for _, o := range sets {
		switch {
		case o.State != store.ObjectRetired:
		case s.kind == store.SetPrivate && (s.secret || o.Kind != store.SetPrivate):
			gone = append(gone, o.Random)
		default:
			retired = append(retired, o.Random)
		}
	}
	gone = append(gone, retired[:max(0, len(retired)-maxRetired)]...)
	if len(gone) == 0 {
		return nil
	}
	return c.setsGone(ctx, tx, s.photo, gone...)
}

// withSets runs f, whose transaction wants these photos' files to be of a kind: it copies those that are not, and f
// must call switchSets with them in that transaction. f runs again, with new copies, if a photo changed its files in
// between. The photos must be ready.
func (c *Community) withSets(ctx context.Context, kind string, photoIDs []int64, f func(sets []replacedSet) error) error {
	return c.withCopies(ctx, kind, photoIDs, func(_ context.Context, p *store.Photo) (bool, error) { return p.SetKind != kind, nil }, f)
}

// withSecretSets is withSets for private sets that nobody has had an address of: those of before the moment are copied as well. A
// private set may have been read by many, and an address signed for a CDN is good for hours.
func (c *Community) withSecretSets(ctx context.Context, photoIDs []int64, since store.Millis, f func(sets []replacedSet) error) error {
	stale := func(ctx context.Context, p *store.Photo) (bool, error) {
		if p.SetKind != store.SetPrivate {
			return true, nil
		}
		o, err := c.Store.MediaObjectByRandom(store.Primary(ctx), p.SetRandom)
		if err != nil {
			return false, ignoreNotFound(fromStore(err))
		}
		return o.CreatedAt < since, nil
	}
	return c.withCopies(ctx, store.SetPrivate, photoIDs, stale, func(sets []replacedSet) error {
		for i := range sets {
			sets[i].secret = true
		}
		return f(sets)
	})
}

// withCopies is withSets that copies those photos' files for which replace is true.
func (c *Community) withCopies(ctx context.Context, kind string, photoIDs []int64, replace func(context.Context, *store.Photo) (bool, error), f func(sets []replacedSet) error) error {
	for try := 1; ; try++ {
		sets, err := c.copySets(ctx, kind, photoIDs, replace)
		if err == nil {
			if err = f(sets); err == nil {
				return nil
			}
		}
		for _, s := range sets {
			c.dropSets(ctx, s.newSet)
		}
		if !errors.Is(err, errSetChanged) {
			return err
		}
		if try == 5 {
			return &Unavailable{RetryAfter: time.Second, Err: err}
		}
	}
}

// switchSets is called in the transaction of withSets' f.
func (c *Community) switchSets(ctx context.Context, tx *store.Store, sets []replacedSet) error {
	for _, s := range sets {
		if err := c.switchSet(ctx, tx, s); err != nil {
			return err
		}
	}
	return nil
}

// copiesAtOnce is how many files are copied at once: a bucket takes a while for each, and somebody may wait for all.
const copiesAtOnce = 8

// copySets copies the sets of those photos for which replace is true, into sets of the kind. What it returns must be switched to or
// dropped, even with an error.
func (c *Community) copySets(ctx context.Context, kind string, photoIDs []int64, replace func(context.Context, *store.Photo) (bool, error)) ([]replacedSet, error) {
	photos, err := c.Store.PhotosByID(store.Primary(ctx), photoIDs)
	if err != nil {
		return nil, fromStore(err)
	}
	var sets []replacedSet
	var announced []newSet
	for _, p := range photos {
		if p.State != store.PhotoReady && p.State != store.PhotoKept {
			continue
		}
		if ok, err := replace(ctx, p); err != nil {
			return nil, err
		} else if !ok {
			continue
		}
		s := replacedSet{from: p.SetRandom, variants: p.Variants.V}
		s.newSet = newSet{photo: p.ID, kind: kind, random: media.NewRandom(), names: namesOf(p.Variants.V)}
		sets, announced = append(sets, s), append(announced, s.newSet)
	}
	if len(sets) == 0 {
		return nil, nil
	}
	if err := c.announceSets(ctx, announced...); err != nil {
		return nil, fromStore(err)
	}
	// One that fails does not stop the others: on a disk a copy goes on without whoever gave it up, and would be made after
	// what is announced was removed.
	var copies errgroup.Group
	copies.SetLimit(copiesAtOnce)
	for _, p := range photos {
		i := slices.IndexFunc(sets, func(s replacedSet) bool { return s.photo == p.ID })
		if i < 0 {
			continue
		}
		for _, v := range p.Variants.V {
			copies.Go(func() error {
				err := c.Media.Copy(ctx, p.Key(v.Name), sets[i].key(v.Name))
				switch {
				case errors.Is(err, media.ErrNotFound):
					return fmt.Errorf("%w: %w", errSetChanged, err)
				case errors.Is(err, media.ErrNoSpace):
					return ErrFull
				}
				return err
			})
		}
	}
	return sets, copies.Wait()
}

// markPhotosGone takes photos out of use and has their bytes and rows removed. Batches are the caller's.
func (c *Community) markPhotosGone(ctx context.Context, tx *store.Store, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	if err := tx.MarkPhotosGone(ctx, ids); err != nil {
		return err
	}
	return tx.AddJob(ctx, jobRemove, removeJob{Photos: ids}, 0)
}

// useProfilePhoto makes a ready photo the account's avatar or header (its purpose). Pages and clients hold the addresses of
// the one before, which is kept for a day as a retired set is. 0 takes it out without a new one: then it is gone at once,
// and whatever it replaced today. What was reported is kept as evidence then. The caller writes the account's row in the same transaction.
func (c *Community) useProfilePhoto(ctx context.Context, tx *store.Store, acc *store.Account, photoID int64, purpose string) error {
	if photoID != 0 {
		ok, err := tx.AttachProfilePhoto(ctx, acc.ID, photoID, purpose)
		if err != nil {
			return err
		}
		if !ok {
			return invalid(purpose, "not_found", "The picture is no longer there. Choose it again.")
		}
	}
	gone, err := tx.OtherProfilePhotos(ctx, acc.ID, purpose, photoID)
	if err != nil {
		return err
	}
	keep := 0
	if photoID != 0 {
		keep = maxRetired
		if gone, err = c.retireProfilePhotos(ctx, tx, gone); err != nil {
			return err
		}
	}
	replaced, err := tx.ReplacedPhotos(ctx, acc.ID)
	if err != nil {
		return err
	}
	_, err = c.dropProfilePhotos(ctx, tx, append(gone, replaced[min(keep, len(replaced)):]...))
	return err
}

// retireProfilePhotos keeps the readers' files of photos that were replaced, and has their originals removed. It returns
// those of which nothing is to be kept.
func (c *Community) retireProfilePhotos(ctx context.Context, tx *store.Store, ids []int64) (rest []int64, err error) {
	var retired []int64
	for _, id := range ids {
		ok, err := tx.RetireProfilePhoto(ctx, id)
		switch {
		case err != nil:
			return nil, err
		case ok:
			retired = append(retired, id)
		default:
			rest = append(rest, id)
		}
	}
	if len(retired) > 0 {
		err = tx.AddJob(ctx, jobRemove, removeJob{Photos: retired}, 0)
	}
	return rest, err
}

// PublicPhotoAllowed reports whether the files of a public set may be served: not once the set is gone, of which copies
// may be left for a while, nor while their owner is suspended or deleted. Files without an owner, which demo posts share, always may; whether they exist is for the media store to
// say.
func (c *Community) PublicPhotoAllowed(ctx context.Context, random string) (bool, error) {
	withheld, err := c.Store.IsSetWithheld(ctx, random)
	return !withheld, fromStore(err)
}

// PrivatePhotoAllowed reports whether the viewer (0: a visitor) may have the files of a private set. The owner may, and
// so may those who may see its post, where that is held those who decide about it, and where it was reported those who read reports. Members who may see the account may have its avatar and header.
func (c *Community) PrivatePhotoAllowed(ctx context.Context, random string, viewerID int64) (bool, error) {
	var viewer *store.Account
	if viewerID != 0 {
		var err error
		viewer, err = c.Store.AccountByID(ctx, viewerID)
		if errors.Is(err, store.ErrNotFound) || err == nil && !viewer.Active() {
			return false, nil
		}
		if err != nil {
			return false, fromStore(err)
		}
	}
	if viewer == nil && c.MembersOnly(ctx) {
		return false, nil
	}
	o, err := c.Store.MediaObjectByRandom(ctx, random)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fromStore(err)
	}
	p, err := c.Store.PhotoByID(ctx, o.PhotoID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return false, nil
	case err != nil:
		return false, fromStore(err)
	case p.State != store.PhotoReady && p.State != store.PhotoKept || o.Kind != store.SetPrivate || o.State == store.ObjectGone || p.SetRandom != random && o.State != store.ObjectRetired:
		return false, nil
	case p.State == store.PhotoKept:
		return c.isEvidence(ctx, viewer, p)
	}
	if p.PostID != nil {
		switch post, err := c.Store.RawPost(ctx, *p.PostID); {
		case errors.Is(err, store.ErrNotFound):
			return false, nil
		case err != nil:
			return false, fromStore(err)
		case post.DeletedAt != nil: // it is kept because it was reported, and its author is not to see it either
			return c.isEvidence(ctx, viewer, p)
		}
	}
	switch {
	case viewer != nil && viewer.ID == p.AccountID:
		return true, nil
	case p.Source == store.SourceHeld && p.PostID == nil:
		return May(viewer, ReadHeld), nil
	case p.PostID != nil:
		if ok, err := c.Store.CanSee(ctx, viewer, *p.PostID); err != nil || ok {
			return ok, fromStore(err)
		}
		return c.isEvidence(ctx, viewer, p)
	case p.AttachedAt != nil:
		if ok, err := c.Store.CanSeeAccount(ctx, viewer, p.AccountID); err != nil || ok {
			return ok, fromStore(err)
		}
		return c.isEvidence(ctx, viewer, p)
	}
	return false, nil
}
