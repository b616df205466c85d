package community

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"tintype/internal/lang"
	"tintype/internal/media"
	"tintype/internal/queue"
	"tintype/internal/store"
)

// Kinds of the jobs on photos.
const (
	jobProcess = "photo.process" // a photoJob: makes the variants of a pending photo
	jobFocus   = "photo.focus"   // a photoJob: cuts the square of a ready photo anew
	jobRemove  = "media.remove"  // a removeJob: removes the bytes of what is gone
	jobSweep   = "media.sweep"   // periodic: finds what crashes left and what nobody posted
)

type photoJob struct {
	Photo int64 `json:"photo"`
}

// preparePhoto makes the variants of a pending photo and, in one transaction with the end of the job, makes it ready
// or refuses it.
func (c *Community) preparePhoto(ctx context.Context, job *queue.Job) error {
	var arg photoJob
	if err := readPayload(job, &arg); err != nil {
		return err
	}
	p, err := c.Store.PhotoByID(store.Primary(ctx), arg.Photo)
	if errors.Is(err, store.ErrNotFound) || err == nil && p.State != store.PhotoPending {
		return nil // removed, or done already
	}
	if err != nil {
		return err
	}
	src, err := c.Media.Open(ctx, media.OriginalKey(p.OrigRandom))
	if err != nil {
		return fmt.Errorf("open the original: %w", err)
	}
	defer src.Close()

	var refused *media.Refused
	head, err := media.Inspect(ctx, src)
	if errors.As(err, &refused) {
		return c.refusePhoto(ctx, job, p, refused)
	}
	if err != nil {
		return err
	}
	// Most posts are for everybody; those for followers only get copies when they are published.
	set := newSet{photo: p.ID, kind: c.setKind(ctx, store.Public), random: media.NewRandom(), names: possibleNames(head)}
	if err := c.announceSets(ctx, set); err != nil {
		return err
	}
	made, err := c.Processor.Process(ctx, src, media.Focus{X: p.FocusX, Y: p.FocusY}, c.putTo(ctx, set))
	if err == nil {
		err = c.markPhotoReady(ctx, job, p, set, made)
	}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		c.dropSets(ctx, set)
		return c.refusePhoto(ctx, job, p, refused)
	case errors.Is(err, errUnwanted):
		c.dropSets(ctx, set)
		return nil
	}
	c.dropSets(ctx, set)
	return err
}

// markPhotoReady commits a finished set.
func (c *Community) markPhotoReady(ctx context.Context, job *queue.Job, p *store.Photo, set newSet, made media.Result) error {
	ready := &store.Photo{
		ID: p.ID, SetRandom: set.random, SetKind: set.kind, OrigRandom: p.OrigRandom, MediaType: made.Format.ContentType(),
		Width: made.Width, Height: made.Height, Blurhash: made.Blurhash, ColorTop: made.ColorTop, ColorBottom: made.ColorBottom,
		Profile: made.Profile, Animated: made.Animated, Description: clipRunes(made.Meta.AltText, MaxDescription),
	}
	ready.Variants.V = variantsOf(made.Variants)
	ready.Metadata.V = metadataOf(made.Meta)
	if !c.KeepOriginals {
		ready.OrigRandom = ""
	}
	return c.finishJob(ctx, job, func(ctx context.Context, tx *store.Store) error {
		now, err := tx.LockPhoto(ctx, p.ID)
		if errors.Is(err, store.ErrNotFound) {
			return errUnwanted
		}
		if err != nil {
			return err
		}
		if ok, err := tx.MarkPhotoReady(ctx, ready); err != nil || !ok {
			return orUnwanted(err)
		}
		if ok, err := tx.MediaObjectLive(ctx, set.random, namesOf(ready.Variants.V)); err != nil || !ok {
			return orUnwanted(err)
		}
		if !c.KeepOriginals {
			if err := c.setsGone(ctx, tx, p.ID, p.OrigRandom); err != nil {
				return err
			}
		}
		if now.FocusX != p.FocusX || now.FocusY != p.FocusY { // moved while the square was cut
			if err := tx.AddJob(ctx, jobFocus, photoJob{p.ID}, 0); err != nil {
				return err
			}
		}
		return tx.AddEvent(ctx, EventPhotoReady, p.AccountID, p.ID, nil)
	})
}

// refusePhoto commits that a photo is not taken, and why. Its original goes.
func (c *Community) refusePhoto(ctx context.Context, job *queue.Job, p *store.Photo, why *media.Refused) error {
	c.Log.Info("photo refused", "photo", p.ID, "code", why.Code, "error", why)
	return c.finishJob(ctx, job, func(ctx context.Context, tx *store.Store) error {
		ok, err := tx.MarkPhotoRefused(ctx, p.ID, why.Code, clipRunes(why.For(p.FileName), 500), "")
		if err != nil || !ok {
			return err
		}
		if err := c.setsGone(ctx, tx, p.ID, p.OrigRandom); err != nil {
			return err
		}
		return tx.AddEvent(ctx, EventPhotoRefused, p.AccountID, p.ID, nil)
	})
}

// preparingFailed tells the uploader that the site could not prepare the photo. The original stays for RetryPhoto.
func (c *Community) preparingFailed(ctx context.Context, job *queue.Job, reason string) error {
	var arg photoJob
	if err := readPayload(job, &arg); err != nil {
		return nil // the queue buries it
	}
	return c.buryJob(ctx, job, reason, func(ctx context.Context, tx *store.Store) error {
		p, err := tx.LockPhoto(ctx, arg.Photo)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		ok, err := tx.MarkPhotoRefused(ctx, p.ID, RefusalFailed, lang.Key("This site could not prepare this photo. Nothing is wrong with your file. Try again later."), p.OrigRandom)
		if err != nil || !ok {
			return err
		}
		return tx.AddEvent(ctx, EventPhotoRefused, p.AccountID, p.ID, nil)
	})
}

// errSetChanged: the photo got another set while a copy of the old one was made.
var errSetChanged = errors.New("the photo's files changed meanwhile")

// refocusPhoto cuts the square of a ready photo anew: into a new set, because addresses never change what they name.
func (c *Community) refocusPhoto(ctx context.Context, job *queue.Job) error {
	var arg photoJob
	if err := readPayload(job, &arg); err != nil {
		return err
	}
	p, err := c.Store.PhotoByID(store.Primary(ctx), arg.Photo)
	if errors.Is(err, store.ErrNotFound) || err == nil && p.State != store.PhotoReady {
		return nil
	}
	if err != nil {
		return err
	}
	src, err := c.openSource(ctx, p)
	if err != nil {
		return fmt.Errorf("open the original: %w", err)
	}
	defer src.Close()
	set := newSet{photo: p.ID, kind: p.SetKind, random: media.NewRandom(), names: namesOf(p.Variants.V)}
	if err := c.announceSets(ctx, set); err != nil {
		return err
	}
	err = c.cutAnew(ctx, job, p, src, set)
	if err == nil {
		return nil
	}
	c.dropSets(ctx, set)
	switch {
	case errors.Is(err, errUnwanted):
		return nil
	case errors.Is(err, media.ErrNotFound):
		// The set that was copied from has gone: there is a newer one, or no photo any more.
		return fmt.Errorf("%w: %w", errSetChanged, err)
	}
	return err
}

func (c *Community) cutAnew(ctx context.Context, job *queue.Job, p *store.Photo, src io.ReadSeeker, set newSet) error {
	variants := slices.Clone(p.Variants.V)
	for i, v := range variants {
		if v.Name != media.SquareName {
			if err := c.Media.Copy(ctx, p.Key(v.Name), set.key(v.Name)); err != nil {
				return err
			}
			continue
		}
		square, err := c.Processor.Square(ctx, src, media.Focus{X: p.FocusX, Y: p.FocusY}, c.putTo(ctx, set))
		if err != nil {
			return err
		}
		variants[i] = store.Variant{Name: square.Name, Width: square.Width, Height: square.Height, Bytes: square.Bytes}
	}
	return c.finishJob(ctx, job, func(ctx context.Context, tx *store.Store) error {
		now, err := lockPhotoInPlace(ctx, tx, p)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return errUnwanted
		case err != nil:
			return err
		case now.State != store.PhotoReady:
			return errUnwanted
		case now.SetRandom != p.SetRandom || now.FocusX != p.FocusX || now.FocusY != p.FocusY:
			return errSetChanged // tried again
		}
		return c.switchSet(ctx, tx, replacedSet{newSet: set, from: p.SetRandom, variants: variants})
	})
}

// lockPhotoInPlace is LockPhoto for a photo of which p was read before. It locks its post or account first, as everybody
// does who changes what is shown. It returns errSetChanged if the photo has come into a post meanwhile, or out of one.
func lockPhotoInPlace(ctx context.Context, tx *store.Store, p *store.Photo) (*store.Photo, error) {
	var err error
	switch {
	case p.PostID != nil:
		_, err = tx.LockPost(ctx, *p.PostID)
	case p.AttachedAt != nil:
		_, err = tx.LockAccounts(ctx, p.AccountID)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	now, err := tx.LockPhoto(ctx, p.ID)
	if err == nil && now.State == store.PhotoReady && (value(now.PostID) != value(p.PostID) || (now.AttachedAt == nil) != (p.AttachedAt == nil)) {
		return nil, errSetChanged
	}
	return now, err
}

// value is what the pointer points at, 0 without one.
func value(id *int64) int64 {
	if id == nil {
		return 0
	}
	return *id
}

// possibleNames are the names that a photo's variants may get. They are recorded before the first variant is written.
func possibleNames(h media.Header) []string {
	names := []string{media.SquareName}
	for _, w := range append(slices.Clone(media.Widths), h.Width, h.Height) { // upright or not
		if name := strconv.Itoa(w); w <= media.Widths[len(media.Widths)-1] && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func namesOf(variants []store.Variant) []string {
	names := make([]string, len(variants))
	for i, v := range variants {
		names[i] = v.Name
	}
	return names
}

// variantsOf puts the widths in rising order and the square last.
func variantsOf(made []media.Variant) []store.Variant {
	out := make([]store.Variant, len(made))
	for i, v := range made {
		out[i] = store.Variant{Name: v.Name, Width: v.Width, Height: v.Height, Bytes: v.Bytes}
	}
	slices.SortFunc(out, func(a, b store.Variant) int {
		switch {
		case a.Name == media.SquareName:
			return 1
		case b.Name == media.SquareName:
			return -1
		}
		return a.Width - b.Width
	})
	return out
}

func metadataOf(m media.Meta) store.PhotoMetadata {
	out := store.PhotoMetadata{
		Camera: m.Camera, Lens: m.Lens, FocalLength: m.FocalLength, Aperture: m.Aperture, Exposure: m.Exposure,
		Title: m.Title, Caption: m.Caption, Keywords: m.Keywords, AltText: m.AltText,
		Creator: m.Creator, Copyright: m.Copyright, Licence: m.Licence,
	}
	if m.ISO > 0 {
		out.ISO = strconv.Itoa(m.ISO)
	}
	switch {
	case m.TakenAt.IsZero():
	case m.DayOnly:
		out.TakenAt = m.TakenAt.Format(time.DateOnly)
	case m.HasOffset:
		out.TakenAt = m.TakenAt.Format(time.RFC3339)
	default:
		out.TakenAt = m.TakenAt.Format("2006-01-02T15:04:05")
	}
	return out
}
