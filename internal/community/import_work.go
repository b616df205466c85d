package community

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tintype/internal/archive"
	"tintype/internal/lang"
	"tintype/internal/media"
	"tintype/internal/queue"
	"tintype/internal/store"
)

// jobImport looks through the files of an import, and posts what was found.
const jobImport = "import.work"

const (
	// importSlice is how long one run of the job works. A large import is continued by another job, so that its size never
	// counts as failed tries, and others get their turn.
	importSlice = 15 * time.Minute
	// maxImportPhotos bounds one import.
	maxImportPhotos = 50_000
	importPatience  = 10 * time.Minute // for the photographs of one post to be prepared
	importLeftNamed = 200              // files that were left out and that a report names
	importAlbums    = 100              // albums that a preview names
)

// The texts about an import that failed.
var (
	importNoZip   = lang.Key("These files are not complete zip archives. Download them again, and send them as they are.")
	importTooMuch = lang.Key("These files hold more than this site can look through. Send them in smaller parts.")
	importNothing = lang.Key("There are no photographs in these files that this site can read.")
	importHalted  = lang.Key("Your account was suspended while your files were being imported. What was posted until then is there. Send your files again: what you have is not imported twice.")
	importBroken  = lang.Key("This site could not read your files. What was posted until then is there. Send your files again later: what you have is not imported twice.")
	importLost    = lang.Key("A part of your files is no longer here. What was posted until then is there. Send your files again: what you have is not imported twice.")
	importLocked  = lang.Key("These files are locked with a password. Unpack them, make an archive without one, and send that.")
)

// LeftRefused is why a photograph is left out that this site could not prepare. archive has the other reasons.
const LeftRefused = "refused"

// LeftNoRoom is why a photograph is left out that is more than the member's storage has room for.
const LeftNoRoom = "no_room"

// LeftHeld is why a photograph is left out that would have to wait for a moderator: an import can be thousands.
const LeftHeld = "held"

type importJob struct {
	Account int64 `json:"account_id"`
	Import  int64 `json:"import_id"`
}

var (
	errImportOver   = errors.New("the import is over")
	errImportHalted = errors.New("the member is suspended")
)

func (c *Community) runImport(ctx context.Context, job *queue.Job) error {
	var arg importJob
	if err := readPayload(job, &arg); err != nil {
		return err
	}
	ctx = store.Primary(ctx)
	i, err := c.Store.ImportOf(ctx, arg.Account)
	if errors.Is(err, store.ErrNotFound) || err == nil && (i.ID != arg.Import || i.State != store.ImportScanning && i.State != store.ImportWorking) {
		return nil
	}
	if err != nil {
		return err
	}
	acc, err := c.Store.AccountByID(ctx, arg.Account)
	if err != nil {
		return err
	}
	if acc.DeletedAt != nil {
		return nil // its rows go
	}
	fail := func(sentence string, left map[string]int) error {
		return c.endImportJob(ctx, job, arg, func(ctx context.Context, tx *store.Store, i *store.Import) error {
			i.Report.V.Error = sentence
			if left != nil {
				i.Report.V.Left = left
			}
			return c.endImport(ctx, tx, i, store.ImportFailed)
		})
	}
	if !acc.Active() {
		return fail(importHalted, nil)
	}
	files := openImport(ctx, c.Media, i)
	defer files.close()
	zips, found, err := c.readImport(files, i)
	sentence := ""
	switch {
	case errors.Is(err, archive.ErrNoZip):
		sentence = importNoZip
	case errors.Is(err, archive.ErrTooMuch), err == nil && countPhotos(found) > maxImportPhotos:
		sentence = importTooMuch
	case errors.Is(err, media.ErrNotFound):
		sentence = importLost
	case err != nil:
		return fmt.Errorf("read the archive: %w", err)
	case len(found.Items) == 0 && found.Counts[archive.LeftLocked] > 0:
		sentence = importLocked
	case len(found.Items) == 0:
		sentence = importNothing
	}
	if sentence != "" {
		var left map[string]int
		if found != nil {
			left = found.Counts
		}
		return fail(sentence, left)
	}
	if i.State == store.ImportScanning {
		preview := previewOf(found)
		return c.endImportJob(ctx, job, arg, func(ctx context.Context, tx *store.Store, i *store.Import) error {
			i.State, i.Found.V = store.ImportFound, preview
			return putImport(ctx, tx, i, keepUpload)
		})
	}
	w := &importer{c: c, acc: acc, row: i, zips: zips, found: found}
	more, err := w.work(ctx)
	switch {
	case errors.Is(err, errImportOver):
		return nil
	case errors.Is(err, errImportHalted):
		return fail(importHalted, nil)
	case errors.Is(err, media.ErrNotFound):
		return fail(importLost, w.row.Report.V.Left)
	case err != nil:
		return err
	}
	return c.endImportJob(ctx, job, arg, func(ctx context.Context, tx *store.Store, now *store.Import) error {
		now.Next, now.Report = w.row.Next, w.row.Report
		if more {
			if err := putImport(ctx, tx, now, keepImport); err != nil {
				return err
			}
			return tx.AddJob(ctx, jobImport, arg, 0)
		}
		w.leftOut(&now.Report.V)
		return c.endImport(ctx, tx, now, store.ImportDone)
	})
}

// endImportJob ends a job with what it changes of its import, if that still goes on.
func (c *Community) endImportJob(ctx context.Context, job *queue.Job, arg importJob, f func(ctx context.Context, tx *store.Store, i *store.Import) error) error {
	return c.finishJob(ctx, job, func(ctx context.Context, tx *store.Store) error {
		i, _, err := currentImport(ctx, tx, arg)
		if errors.Is(err, errImportOver) {
			return nil
		}
		if err != nil {
			return err
		}
		return f(ctx, tx, i)
	})
}

// currentImport locks the account and reads the import that a job works on, or returns errImportOver.
func currentImport(ctx context.Context, tx *store.Store, arg importJob) (*store.Import, *store.Account, error) {
	locked, err := tx.LockAccounts(ctx, arg.Account)
	if err != nil {
		return nil, nil, err
	}
	acc := locked[arg.Account]
	if acc == nil || acc.DeletedAt != nil {
		return nil, nil, errImportOver
	}
	i, err := tx.ImportOf(ctx, arg.Account)
	if errors.Is(err, store.ErrNotFound) || err == nil && (i.ID != arg.Import || i.State != store.ImportScanning && i.State != store.ImportWorking) {
		return nil, nil, errImportOver
	}
	return i, acc, err
}

// importFailed says on the member's page that the import went no further.
func (c *Community) importFailed(ctx context.Context, job *queue.Job, reason string) error {
	var arg importJob
	if err := readPayload(job, &arg); err != nil {
		return nil // the queue buries it
	}
	return c.buryJob(ctx, job, reason, func(ctx context.Context, tx *store.Store) error {
		i, _, err := currentImport(ctx, tx, arg)
		if errors.Is(err, errImportOver) {
			return nil
		}
		if err != nil {
			return err
		}
		i.Report.V.Error = importBroken
		return c.endImport(ctx, tx, i, store.ImportFailed)
	})
}

func (c *Community) readImport(files *importFiles, i *store.Import) ([]*zip.Reader, *archive.Found, error) {
	zips := make([]*zip.Reader, len(i.Files.V))
	for n := range i.Files.V {
		var err error
		if zips[n], err = archive.OpenZip(files.at(n), i.Files.V[n].Received()); err != nil {
			return nil, nil, err
		}
	}
	found, err := archive.Read(zips, c.mostUpload())
	return zips, found, err
}

// mostUpload is how large a photograph may be.
func (c *Community) mostUpload() int64 {
	if c.MaxUploadBytes > 0 {
		return c.MaxUploadBytes
	}
	return 1 << 30
}

func countPhotos(f *archive.Found) (n int) {
	for i := range f.Items {
		n += len(f.Items[i].Photos)
	}
	return n
}

func previewOf(f *archive.Found) store.ImportPreview {
	p := store.ImportPreview{Source: f.Source, Posts: len(f.Items), Years: map[int]int{}, Left: f.Counts}
	for i := range f.Items {
		it := &f.Items[i]
		year := 0
		if datable(it.Taken) {
			year = it.Taken.Year()
		}
		p.Years[year] += len(it.Photos)
		p.Photos += len(it.Photos)
		for n := range it.Photos {
			for _, a := range it.AlbumsOf(n) {
				if a = clipRunes(a, 100); !slices.Contains(p.Albums, a) && len(p.Albums) < importAlbums {
					p.Albums = append(p.Albums, a)
				}
			}
		}
	}
	return p
}

// datable reports whether a post can have this time. Zip files have 1980 for none.
func datable(t time.Time) bool { return t.Year() > 1980 && t.Before(time.Now().Add(-time.Minute)) }
