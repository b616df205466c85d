package community

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"tintype/internal/live"
	"tintype/internal/media"
	"tintype/internal/store"
)

const (
	// slowestUpload is how many bytes a second come at least of an upload that is not given up before.
	slowestUpload = 512
	// MaxUnattached is how many photos an account may have that are in no post yet.
	MaxUnattached = 100
)

// Events about photos; their reference is the photo.
const (
	EventPhotoReady   = "photo.ready"
	EventPhotoRefused = "photo.refused"
)

// RefusalFailed is the code of a photo that could not be prepared although nothing is known to be wrong with it.
// RetryPhoto tries again.
const RefusalFailed = "failed"

// Upload is a file on its way in.
type Upload struct {
	FileName    string
	Source      string // store.SourceWeb (default: it joins the draft), store.SourceAPI or store.SourceEdit
	Purpose     string // store.PurposePost (default), PurposeAvatar or PurposeHeader
	Description string
	Focus       media.Focus
	Body        io.Reader
	Size        int64 // 0 if it is not known
}

// StartUpload streams a file into the media store and commits the job that prepares it. When it returns, the photo is
// acknowledged: it survives a crash. WaitPhoto returns the result. Errors: *Invalid, *TooMany, ErrTooLarge, ErrFull,
// *Unavailable. After an error nothing is left of the upload.
func (c *Community) StartUpload(ctx context.Context, acc *store.Account, u Upload) (*store.Photo, error) {
	if acc == nil {
		return nil, ErrUnauthenticated
	}
	if c.MaxUploadBytes > 0 && u.Size > c.MaxUploadBytes {
		return nil, ErrTooLarge
	}
	if u.Source != store.SourceImport { // which has bounds of its own
		if err := c.Allow(ctx, fmt.Sprintf("upload:%d", acc.ID), c.Site(ctx).UploadLimit); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, c.maxUpload())
	defer cancel()
	p, err := c.announceUpload(ctx, acc, u)
	if err != nil {
		return nil, err
	}
	key, hash, body := media.OriginalKey(p.OrigRandom), sha256.New(), &bodyReader{r: u.Body}
	p.Bytes, err = c.Media.Put(ctx, key, io.TeeReader(body, hash), media.PutOptions{
		ContentType: "application/octet-stream", CacheControl: "private, no-store", Size: u.Size, MaxSize: c.MaxUploadBytes,
	})
	if err == nil {
		p.SHA256 = hex.EncodeToString(hash.Sum(nil))
		err = c.acceptUpload(ctx, acc, p)
	}
	if err != nil {
		c.giveUpUpload(ctx, p.ID, key)
		return nil, uploadError(err, body.err)
	}
	p.State = store.PhotoPending
	return p, nil
}

// maxUpload is how long an upload may stream in, and be stored: as long as the largest takes that comes as slowly as it may.
// Tombstones of sets outlast it.
func (c *Community) maxUpload() time.Duration {
	return time.Hour + time.Duration(max(c.MaxUploadBytes, ImportPartBytes)/slowestUpload)*time.Second
}

// tombstone is how long a set that is gone stays known. No upload and no lease lasts longer, so that whoever still wrote to it
// when it went has ended when its bytes are removed for the second time.
func (c *Community) tombstone() time.Duration { return c.maxUpload() + 30*time.Minute }

// announceUpload writes the rows of the upload before its first byte, so that a sweep finds what a crash leaves.
func (c *Community) announceUpload(ctx context.Context, acc *store.Account, u Upload) (*store.Photo, error) {
	var bad Invalid
	now := store.ToMillis(time.Now())
	p := &store.Photo{
		AccountID: acc.ID, Purpose: u.Purpose, Source: u.Source, State: store.PhotoUploading, FileName: cleanFileName(u.FileName),
		OrigRandom: media.NewRandom(), Description: bad.description("description", u.Description),
		FocusX: cleanFocus(u.Focus.X), FocusY: cleanFocus(u.Focus.Y), CreatedAt: now, UpdatedAt: now,
	}
	switch p.Source {
	case "":
		p.Source = store.SourceWeb
	case store.SourceWeb, store.SourceAPI, store.SourceEdit, store.SourceImport:
	default:
		return nil, fmt.Errorf("uploads cannot come from %q", p.Source)
	}
	switch p.Purpose {
	case "":
		p.Purpose = store.PurposePost
	case store.PurposePost, store.PurposeAvatar, store.PurposeHeader:
	default:
		return nil, fmt.Errorf("photos cannot be for %q", p.Purpose)
	}
	if err := bad.err(); err != nil {
		return nil, err
	}
	_, err := c.Store.TxOnce(ctx, "photos", func(ctx context.Context, tx *store.Store, id int64) error {
		p.ID = id
		// The lock makes uploads at the same moment count each other.
		locked, err := tx.LockAccounts(ctx, acc.ID)
		if err != nil {
			return err
		}
		unattached, err := tx.CountUnattachedPhotos(ctx, acc.ID)
		if err != nil {
			return err
		}
		if unattached >= MaxUnattached && p.Source != store.SourceImport {
			return invalid("file", "too_many", "%d of your photos are waiting to be posted. Post or remove some of them first.", unattached)
		}
		if now := locked[acc.ID]; now != nil {
			if err := c.withinQuota(ctx, tx, now, u.Size); err != nil {
				return err
			}
		}
		if p.Position, err = tx.NextPosition(ctx, acc.ID); err != nil {
			return err
		}
		if err := tx.AddPhoto(ctx, p); err != nil {
			return err
		}
		return tx.AddMediaObject(ctx, p.OrigRandom, store.SetOriginal, id, nil)
	})
	return p, fromStore(err)
}

// errUnwanted means that somebody removed the photo or its set while bytes were written.
var errUnwanted = errors.New("the upload was removed meanwhile")

// acceptUpload commits the acknowledgement of an upload. Only now its size is known, and what came meanwhile: where there is
// a quota, the account's lock makes uploads at the same moment count each other once more.
func (c *Community) acceptUpload(ctx context.Context, acc *store.Account, p *store.Photo) error {
	quota := acc.StorageQuota != nil || c.Site(ctx).QuotaMB > 0
	_, err := c.Store.TxOnce(ctx, "jobs", func(ctx context.Context, tx *store.Store, jobID int64) error {
		if quota {
			locked, err := tx.LockAccounts(ctx, acc.ID)
			if err != nil {
				return err
			}
			if now := locked[acc.ID]; now != nil {
				if err := c.withinQuota(ctx, tx, now, p.Bytes); err != nil {
					return err
				}
			}
		}
		if ok, err := tx.MarkPhotoUploaded(ctx, p.ID, p.Bytes, p.SHA256); err != nil || !ok {
			return orUnwanted(err)
		}
		if ok, err := tx.MediaObjectLive(ctx, p.OrigRandom, nil); err != nil || !ok {
			return orUnwanted(err)
		}
		return tx.AddJobID(ctx, jobID, jobProcess, photoJob{p.ID})
	})
	return err
}

func orUnwanted(err error) error {
	if err == nil {
		return errUnwanted
	}
	return err
}

// giveUpUpload removes a failed upload, even when its client has gone. The sweep removes what this cannot.
func (c *Community) giveUpUpload(ctx context.Context, photoID int64, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		if err := tx.MarkPhotosGone(ctx, []int64{photoID}); err != nil {
			return err
		}
		return tx.DeleteGonePhotos(ctx, []int64{photoID})
	})
	if err == nil {
		err = c.Media.Delete(ctx, key)
	}
	if err != nil {
		c.Log.Warn("an upload that failed is left to the sweep", "photo", photoID, "error", err)
	}
}

// uploadError classifies an error between the client and the disk. bodyErr is the error of reading the body.
// Where the body itself is wrong, that is an *Invalid.
func uploadError(err, bodyErr error) error {
	var wrong *Invalid
	switch {
	case errors.As(bodyErr, &wrong):
		return wrong
	case errors.Is(err, media.ErrTooLarge), errors.Is(bodyErr, ErrTooLarge):
		return ErrTooLarge
	case errors.Is(err, media.ErrNoSpace):
		return ErrFull
	case bodyErr != nil, errors.Is(err, media.ErrShort):
		return fmt.Errorf("%w: %w", invalid("file", "interrupted", "The upload was interrupted. Try again."), err)
	case errors.Is(err, media.ErrUnavailable):
		return &Unavailable{RetryAfter: 5 * time.Second, Err: err}
	case errors.Is(err, errUnwanted):
		return ErrNotFound // removed by its owner in another window
	}
	return fromStore(err)
}

// bodyReader remembers an error of the client's side.
type bodyReader struct {
	r   io.Reader
	err error
}

func (b *bodyReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// WaitPhoto waits until the owner's photo is ready or refused, at most max, and returns it as it is then.
func (c *Community) WaitPhoto(ctx context.Context, acc *store.Account, id int64, max time.Duration) (*store.Photo, error) {
	ctx = store.Primary(ctx)
	over := time.NewTimer(max)
	defer over.Stop()
	again := time.NewTicker(time.Second) // should every event get lost
	defer again.Stop()
	var sub *live.Subscription
	defer func() {
		if sub != nil {
			sub.Close()
		}
	}()
	for {
		var events <-chan live.Event
		var lost <-chan struct{}
		if c.Live != nil {
			if sub == nil { // before looking, so that nothing falls between
				sub = c.Live.SubscribeSoon(id, EventPhotoReady, EventPhotoRefused)
			}
			events, lost = sub.C(), sub.Lost()
		}
		p, err := c.PhotoByID(ctx, acc, id)
		if err != nil || p.State == store.PhotoReady || p.State == store.PhotoRefused {
			return p, err
		}
		select {
		case <-events:
		case <-lost:
			sub.Close()
			sub = nil
		case <-again.C:
		case <-over.C:
			return p, nil
		case <-ctx.Done():
			return p, nil
		}
	}
}

// PhotoByID returns the owner's photo in any state, else ErrNotFound.
func (c *Community) PhotoByID(ctx context.Context, acc *store.Account, id int64) (*store.Photo, error) {
	p, err := c.Store.PhotoByID(ctx, id)
	if err != nil {
		return nil, fromStore(err)
	}
	if acc == nil || p.AccountID != acc.ID || p.State == store.PhotoGone || p.State == store.PhotoKept || p.Purpose == store.PurposeReplaced {
		return nil, ErrNotFound
	}
	if p.PostID != nil { // of a deleted post they may be kept for moderators
		post, err := c.Store.RawPost(ctx, *p.PostID)
		if err != nil {
			return nil, fromStore(err)
		}
		if post.DeletedAt != nil {
			return nil, ErrNotFound
		}
	}
	return p, nil
}

// PhotoChange is what an author changes. A nil field stays as it is.
type PhotoChange struct {
	Description    *string
	FocusX, FocusY *float64
	Position       *int
}

// PhotosWaiting are the member's photos that count against the limit of those in no post, from pages and applications.
func (c *Community) PhotosWaiting(ctx context.Context, acc *store.Account) ([]*store.Photo, error) {
	if acc == nil {
		return nil, ErrUnauthenticated
	}
	photos, err := c.Store.PhotosWaiting(store.PrimaryWhileThere(ctx), acc.ID, 2*MaxUnattached)
	return photos, fromStore(err)
}

// UpdatePhoto changes an unattached photo of one's own. ErrNotFound for others and for those in a post, which
// EditPost changes.
func (c *Community) UpdatePhoto(ctx context.Context, acc *store.Account, id int64, ch PhotoChange) (*store.Photo, error) {
	var p *store.Photo
	err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		var err error
		if p, err = c.lockUnattached(ctx, tx, acc, id); err != nil {
			return err
		}
		return c.changePhoto(ctx, tx, p, ch)
	})
	return p, fromStore(err)
}

// changePhoto changes a locked photo and its row. A ready photo whose focal point moves gets a new square soon.
func (c *Community) changePhoto(ctx context.Context, tx *store.Store, p *store.Photo, ch PhotoChange) error {
	x, y := p.FocusX, p.FocusY
	if ch.Description != nil {
		var bad Invalid
		p.Description = bad.description("description", *ch.Description)
		if err := bad.err(); err != nil {
			return err
		}
	}
	if ch.FocusX != nil {
		p.FocusX = cleanFocus(*ch.FocusX)
	}
	if ch.FocusY != nil {
		p.FocusY = cleanFocus(*ch.FocusY)
	}
	if ch.Position != nil {
		p.Position = max(0, min(*ch.Position, 1000))
	}
	if err := tx.DescribePhoto(ctx, p); err != nil {
		return err
	}
	if p.State == store.PhotoReady && (p.FocusX != x || p.FocusY != y) {
		return tx.AddJob(ctx, jobFocus, photoJob{p.ID}, 0)
	}
	return nil
}

// lockUnattached locks an unattached photo of the account. It returns ErrNotFound for any other.
func (c *Community) lockUnattached(ctx context.Context, tx *store.Store, acc *store.Account, id int64) (*store.Photo, error) {
	p, err := tx.LockPhoto(ctx, id)
	if err != nil {
		return nil, err
	}
	if acc == nil || p.AccountID != acc.ID || p.State == store.PhotoGone || p.AttachedAt != nil || p.Source == store.SourceHeld {
		return nil, ErrNotFound
	}
	return p, nil
}

// RemovePhoto removes an unattached photo. It returns ErrNotFound if there is none, and *Invalid if the photo is in a
// post.
func (c *Community) RemovePhoto(ctx context.Context, acc *store.Account, id int64) error {
	return fromStore(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		p, err := tx.LockPhoto(ctx, id)
		if err != nil {
			return err
		}
		switch {
		case acc == nil || p.AccountID != acc.ID || p.State == store.PhotoGone || p.State == store.PhotoKept || p.Purpose == store.PurposeReplaced:
			return ErrNotFound
		case p.AttachedAt != nil || p.Source == store.SourceHeld:
			return invalid("id", "in_use", "This photo is in use. Edit the post to take it out.")
		}
		return c.markPhotosGone(ctx, tx, []int64{id})
	}))
}

// RetryPhoto prepares a photo once more that was refused without a fault of its own. For others *Invalid.
func (c *Community) RetryPhoto(ctx context.Context, acc *store.Account, id int64) (*store.Photo, error) {
	var p *store.Photo
	err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		var err error
		if p, err = c.lockUnattached(ctx, tx, acc, id); err != nil {
			return err
		}
		switch {
		case p.State == store.PhotoPending: // it is being tried already
			return nil
		case p.State != store.PhotoRefused || p.RefusalCode != RefusalFailed || p.OrigRandom == "":
			return invalid("id", "final", "Trying again would not change anything for this photo.")
		}
		if _, err := tx.RequeuePhoto(ctx, id); err != nil {
			return err
		}
		p.State, p.RefusalCode, p.Refusal = store.PhotoPending, "", ""
		return tx.AddJob(ctx, jobProcess, photoJob{id}, 0)
	})
	return p, fromStore(err)
}

// OpenOriginal opens the file as it was uploaded, for its owner alone; where originals are not kept, the largest
// variant. The caller closes it.
func (c *Community) OpenOriginal(ctx context.Context, acc *store.Account, id int64) (*store.Photo, *media.Object, error) {
	p, err := c.PhotoByID(ctx, acc, id)
	if err != nil {
		return nil, nil, err
	}
	o, err := c.openSource(ctx, p)
	if errors.Is(err, media.ErrNotFound) {
		err = ErrNotFound
	}
	return p, o, err
}

// openSource opens the best that there is of a photo.
func (c *Community) openSource(ctx context.Context, p *store.Photo) (*media.Object, error) {
	if p.OrigRandom != "" {
		return c.Media.Open(ctx, media.OriginalKey(p.OrigRandom))
	}
	largest := ""
	width := 0
	for _, v := range p.Variants.V {
		if v.Name != media.SquareName && v.Width > width {
			largest, width = v.Name, v.Width
		}
	}
	if largest == "" {
		return nil, media.ErrNotFound
	}
	return c.Media.Open(ctx, p.Key(largest))
}

// description trims an alternative text and holds it against its limit.
func (e *Invalid) description(field, s string) string {
	s = tidy(s)
	if n := utf8.RuneCountInString(s); n > MaxDescription {
		e.add(field, "too_long", "A description may have %d characters; this one has %d.", MaxDescription, n)
	}
	return s
}

// cleanFocus keeps a coordinate between -1 and 1, at a precision that survives both databases.
func cleanFocus(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return math.Round(max(-1, min(v, 1))*10000) / 10000
}

// cleanFileName keeps the last part of a path, of either kind, for people to read.
func cleanFileName(s string) string {
	s = path.Base(strings.ReplaceAll(strings.ToValidUTF8(s, ""), `\`, "/"))
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F {
			return -1
		}
		return r
	}, s)
	if s == "." || s == "/" {
		return ""
	}
	return clipRunes(strings.TrimSpace(s), 200)
}

// clipRunes cuts a text to n characters.
func clipRunes(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}
