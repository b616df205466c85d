package community

import (
	"archive/zip"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"tintype/internal/media"
	"tintype/internal/queue"
	"tintype/internal/store"
)

const jobAlbumZip = "album.zip" // an albumZipJob: makes the archive of an album for one member

const (
	// MaxAlbumDownload is how many bytes an archive may have.
	MaxAlbumDownload = 2 << 30
	// keepAlbumDownload is how long an archive is kept, and how long one that is not made yet is waited for.
	keepAlbumDownload = 24 * time.Hour
	// tellProgress is after how many photos the page learns how far it is.
	tellProgress  = 10
	downloadBatch = 100
)

// albumDownloadLimit is how many archives a member has made.
var albumDownloadLimit = Limit{Count: 20, Window: 24 * time.Hour}

// ErrAlbumChanged means that an archive holds photos that its album does not show to the member any more. It has gone.
var ErrAlbumChanged = errors.New("the album has changed since the archive was made")

type albumZipJob struct {
	Download int64 `json:"download"`
}

// StartAlbumDownload has a job make an archive of the photos that the account sees in the album. With originals, it holds the originals of
// the account's own photos and of those whose authors allow it; of the others what the site shows. An account has one archive: the
// one before goes. Errors: *Invalid where one is being made, where there is nothing in it and where it would be too large; *TooMany.
func (c *Community) StartAlbumDownload(ctx context.Context, acc *store.Account, albumID int64, originals bool) error {
	if acc == nil || !acc.Active() {
		return ErrUnauthenticated
	}
	ctx = store.Primary(ctx)
	al, err := c.Store.AlbumByID(ctx, acc, albumID)
	if err != nil {
		return fromStore(err)
	}
	files, bytes, err := c.albumFiles(ctx, acc, al, originals)
	switch {
	case err != nil:
		return err
	case len(files) == 0:
		return invalid("", "empty", "There is nothing in this album that you may download.")
	case bytes > MaxAlbumDownload:
		return invalid("originals", "too_large", "These files have %.1f GB, and an archive may have at most %d GB. Download them as this site shows them.", float64(bytes)/(1<<30), MaxAlbumDownload>>30)
	}
	if err := c.Allow(ctx, fmt.Sprintf("album-download:%d", acc.ID), albumDownloadLimit); err != nil {
		return err
	}
	_, err = c.Store.TxOnce(ctx, "album_downloads", func(ctx context.Context, tx *store.Store, id int64) error {
		locked, err := tx.LockAccounts(ctx, acc.ID)
		if err != nil {
			return err
		}
		if me := locked[acc.ID]; me == nil || !me.Active() {
			return ErrUnauthenticated
		}
		before, err := tx.AlbumDownloadOf(ctx, acc.ID)
		switch {
		case err == nil && before.State == store.DownloadMaking && before.AlbumID == albumID && before.Originals == originals:
			return nil // the same form was sent a moment ago
		case err == nil && before.State == store.DownloadMaking:
			return invalid("", "making", "An archive is being made for you. Wait until it is ready.")
		case err == nil:
			err = c.dropDownload(ctx, tx, before)
		case errors.Is(err, store.ErrNotFound):
			err = nil
		}
		if err != nil {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		d := &store.AlbumDownload{ID: id, AccountID: acc.ID, AlbumID: albumID, State: store.DownloadMaking, Originals: originals, Total: len(files),
			CreatedAt: now, ExpiresAt: now + store.Millis(keepAlbumDownload.Milliseconds())}
		if err := tx.AddAlbumDownload(ctx, d); err != nil {
			return err
		}
		return tx.AddJob(ctx, jobAlbumZip, albumZipJob{id}, 0)
	})
	return fromStore(err)
}

// AlbumDownload is the account's archive, of whatever album, or ErrNotFound.
func (c *Community) AlbumDownload(ctx context.Context, acc *store.Account) (*store.AlbumDownload, error) {
	d, err := c.Store.AlbumDownloadOf(store.PrimaryWhileThere(ctx), acc.ID)
	return d, fromStore(err)
}

// OpenAlbumDownload opens the account's archive under the name that only its page tells. It returns ErrAlbumChanged if the album
// does not show all of it to the account any more, and then removes it.
func (c *Community) OpenAlbumDownload(ctx context.Context, acc *store.Account, random string) (*Album, *media.Object, error) {
	ctx = store.Primary(ctx)
	d, err := c.Store.AlbumDownloadOf(ctx, acc.ID)
	if err != nil {
		return nil, nil, fromStore(err)
	}
	now, err := c.Store.Now(ctx)
	if err != nil {
		return nil, nil, fromStore(err)
	}
	if d.Random == "" || subtle.ConstantTimeCompare([]byte(d.Random), []byte(random)) == 0 || now >= d.ExpiresAt {
		return nil, nil, ErrNotFound
	}
	al, err := c.AlbumByID(ctx, acc, d.AlbumID)
	var refs []store.AlbumPhotoRef
	if err == nil {
		refs, err = c.Store.AlbumPhotoRefs(ctx, acc, &al.Album)
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, nil, fromStore(err)
	}
	shown := make(map[int64]bool, len(refs))
	for _, r := range refs {
		shown[r.PhotoID] = true
	}
	if d.State != store.DownloadReady || slices.ContainsFunc(d.Photos.V, func(id int64) bool { return !shown[id] }) {
		if err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return c.dropDownload(ctx, tx, d) }); err != nil {
			return nil, nil, fromStore(err)
		}
		return nil, nil, ErrAlbumChanged
	}
	o, err := c.Media.Open(ctx, media.OriginalKey(d.Random))
	if errors.Is(err, media.ErrNotFound) {
		err = ErrNotFound
	}
	return al, o, err
}

// dropDownload removes a download with its file.
func (c *Community) dropDownload(ctx context.Context, tx *store.Store, d *store.AlbumDownload) error {
	if d.Random != "" {
		if err := c.setsGone(ctx, tx, 0, d.Random); err != nil {
			return err
		}
	}
	return tx.DeleteAlbumDownload(ctx, d.ID)
}

// dropDownloadsOf removes the downloads of an album that is locked.
func (c *Community) dropDownloadsOf(ctx context.Context, tx *store.Store, albumID int64) error {
	for {
		list, err := tx.AlbumDownloadsFrom(ctx, albumID, downloadBatch)
		if err != nil {
			return err
		}
		for _, d := range list {
			if err := c.dropDownload(ctx, tx, d); err != nil {
				return err
			}
		}
		if len(list) < downloadBatch {
			return nil
		}
	}
}

// sweepDownloads removes archives whose time is over.
func (c *Community) sweepDownloads(ctx context.Context) error {
	return inBatches(ctx, func(limit int) (int, error) {
		list, err := c.Store.ExpiredAlbumDownloads(ctx, limit)
		if err != nil || len(list) == 0 {
			return 0, err
		}
		return len(list), c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			for _, d := range list {
				if err := c.dropDownload(ctx, tx, d); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// albumFile is a photo as the archive holds it.
type albumFile struct {
	photo    int64
	key      string
	name     string
	original bool
	post     *store.Post
	author   *store.Account
}

// albumFiles are the files of the album for the account, in its order, and how many bytes they have.
func (c *Community) albumFiles(ctx context.Context, acc *store.Account, al *store.Album, originals bool) (files []albumFile, bytes int64, err error) {
	rows, err := c.Store.AlbumPhotos(ctx, acc, al, 0, MaxAlbumPhotos)
	if err != nil || len(rows) == 0 {
		return nil, 0, fromStore(err)
	}
	ids := make([]int64, len(rows))
	var people idSet
	for i, r := range rows {
		ids[i] = r.PhotoID
		people.add(r.Post.AuthorID)
	}
	authors, err := c.Store.FeedAccounts(ctx, acc, people.ids)
	if err != nil {
		return nil, 0, fromStore(err)
	}
	list, err := c.Store.PhotosByID(ctx, ids)
	if err != nil {
		return nil, 0, fromStore(err)
	}
	photos := make(map[int64]*store.Photo, len(list))
	for _, p := range list {
		photos[p.ID] = p
	}
	for i := range rows {
		r := &rows[i]
		p, author := photos[r.PhotoID], authors[r.Post.AuthorID]
		if p == nil || author == nil || p.State != store.PhotoReady { // has just gone
			continue
		}
		f := albumFile{photo: p.ID, post: &r.Post, author: author, original: originals && p.OrigRandom != "" && (p.AccountID == acc.ID || r.Originals)}
		name, size := ".jpg", int64(0)
		if f.original {
			f.key, size = media.OriginalKey(p.OrigRandom), p.Bytes
			name = originalEndings[p.MediaType]
		} else {
			largest := largestVariant(p)
			f.key, size = p.Key(largest.Name), largest.Bytes
		}
		f.name = fmt.Sprintf("%03d-%s%s", len(files)+1, author.Username, name)
		files, bytes = append(files, f), bytes+size+1024
	}
	return files, bytes, nil
}

var originalEndings = map[string]string{"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp"}

func largestVariant(p *store.Photo) (largest store.Variant) {
	for _, v := range p.Variants.V {
		if v.Name != media.SquareName && v.Width > largest.Width {
			largest = v
		}
	}
	return largest
}

// makeAlbumZip makes an archive. Whoever takes the job up again after a worker has died begins anew, under another name; what the dead one left
// the sweep removes.
func (c *Community) makeAlbumZip(ctx context.Context, job *queue.Job) error {
	var arg albumZipJob
	if err := readPayload(job, &arg); err != nil {
		return err
	}
	ctx = store.Primary(ctx)
	d, err := c.Store.AlbumDownloadByID(ctx, arg.Download)
	if errors.Is(err, store.ErrNotFound) || err == nil && d.State != store.DownloadMaking {
		return nil
	}
	if err != nil {
		return err
	}
	acc, err := c.Store.AccountByID(ctx, d.AccountID)
	var al *store.Album
	if err == nil && acc.Active() {
		al, err = c.Store.AlbumByID(ctx, acc, d.AlbumID)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	var files []albumFile
	bytes := int64(0)
	if al != nil {
		if files, bytes, err = c.albumFiles(ctx, acc, al, d.Originals); err != nil {
			return err
		}
	}
	if len(files) == 0 || bytes > MaxAlbumDownload { // since it was asked for
		return c.finishJob(ctx, job, func(ctx context.Context, tx *store.Store) error { return failDownload(ctx, tx, d) })
	}
	set := newSet{kind: store.SetOriginal, random: media.NewRandom()}
	if err := c.announceSets(ctx, set); err != nil {
		return err
	}
	err = c.writeAlbumZip(ctx, al, d, files, set.random)
	if err == nil {
		err = c.finishJob(ctx, job, func(ctx context.Context, tx *store.Store) error {
			now, err := tx.Now(ctx)
			if err != nil {
				return err
			}
			d.State, d.Random, d.ExpiresAt = store.DownloadReady, set.random, now+store.Millis(keepAlbumDownload.Milliseconds())
			if ok, err := tx.FinishAlbumDownload(ctx, d); err != nil || !ok {
				return orUnwanted(err)
			}
			ok, err := tx.MediaObjectLive(ctx, set.random, nil)
			if err == nil && !ok {
				err = errUnwanted
			}
			return err
		})
	}
	if err != nil {
		c.dropZip(ctx, set.random)
	}
	if errors.Is(err, errUnwanted) {
		return nil
	}
	return err
}

// dropZip removes an archive that nobody came to use, as dropSets does.
func (c *Community) dropZip(ctx context.Context, random string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	gone, err := c.Store.DropNewMediaObject(ctx, random)
	if err == nil && gone {
		err = c.Media.Delete(ctx, media.OriginalKey(random))
	}
	if err != nil {
		c.Log.WarnContext(ctx, "an archive that nobody wants is left to the sweep", "error", err)
	}
}

// writeAlbumZip streams the files into an archive and notes in d what it holds.
func (c *Community) writeAlbumZip(ctx context.Context, al *store.Album, d *store.AlbumDownload, files []albumFile, random string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, w := io.Pipe()
	var held []int64
	written := make(chan struct{})
	go func() {
		defer close(written)
		var err error
		held, err = c.zipFiles(ctx, w, al, d.ID, files)
		w.CloseWithError(err)
	}()
	bytes, err := c.Media.Put(ctx, media.OriginalKey(random), r, media.PutOptions{ContentType: "application/zip", CacheControl: media.CacheControl(media.Original), MaxSize: MaxAlbumDownload})
	r.CloseWithError(errors.New("the archive is not taken")) // ends what fills the archive where the store has given up
	cancel()
	<-written
	if err != nil {
		return fmt.Errorf("keep the archive: %w", err)
	}
	d.Bytes, d.Photos.V, d.Done, d.Total = bytes, held, len(held), len(held)
	return nil
}

func (c *Community) zipFiles(ctx context.Context, w io.Writer, al *store.Album, download int64, files []albumFile) (held []int64, err error) {
	archive := zip.NewWriter(w)
	var list strings.Builder
	fmt.Fprintf(&list, "%s\r\n%s/albums/%d\r\n\r\n", al.Title, c.BaseURL, al.ID)
	for i, f := range files {
		o, err := c.Media.Open(ctx, f.key)
		if errors.Is(err, media.ErrNotFound) { // has just gone, or moved to other files: the next archive has it
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := zipFile(archive, f, o); err != nil { // half a file is in no archive
			return nil, fmt.Errorf("copy %s into the archive: %w", o.Key, err)
		}
		held = append(held, f.photo)
		licence, _ := LicenceByID(f.post.Licence)
		file := "as the site shows it"
		if f.original {
			file = "original"
		}
		fmt.Fprintf(&list, "%s\t%s (@%s)\t%s\t%s/%d\t%s\r\n", f.name, oneLine(f.author.Name()), f.author.Username, licence.Name, c.AccountURL(f.author.Username), f.post.ID, file)
		if i%tellProgress == tellProgress-1 {
			if err := c.Store.SetAlbumDownloadDone(ctx, download, i+1); err != nil {
				return nil, err
			}
		}
	}
	out, err := archive.CreateHeader(&zip.FileHeader{Name: "photographs.txt", Method: zip.Deflate, Modified: al.UpdatedAt.Time()})
	if err == nil {
		_, err = io.WriteString(out, list.String())
	}
	if err == nil {
		err = archive.Close()
	}
	return held, err
}

// zipFile adds one file, as it is: photographs do not get smaller.
func zipFile(archive *zip.Writer, f albumFile, o *media.Object) error {
	defer o.Close()
	out, err := archive.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Store, Modified: f.post.CreatedAt.Time()})
	if err != nil {
		return err
	}
	n, err := io.Copy(out, o)
	if err == nil && n != o.Size {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func failDownload(ctx context.Context, tx *store.Store, d *store.AlbumDownload) error {
	failed := *d
	failed.State = store.DownloadFailed
	_, err := tx.FinishAlbumDownload(ctx, &failed)
	return err
}

// albumZipFailed tells who waits that there will be no archive.
func (c *Community) albumZipFailed(ctx context.Context, job *queue.Job, reason string) error {
	var arg albumZipJob
	if err := readPayload(job, &arg); err != nil {
		return nil // the queue buries it
	}
	return c.buryJob(ctx, job, reason, func(ctx context.Context, tx *store.Store) error {
		d, err := tx.AlbumDownloadByID(ctx, arg.Download)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return failDownload(ctx, tx, d)
	})
}
