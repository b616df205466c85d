package community

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"tintype/internal/media"
	"tintype/internal/store"
)

const (
	// ImportPartBytes is how much of a file is kept together. A connection that drops loses no more than that.
	ImportPartBytes = 16 << 20
	// MaxImportBytes is what all files of an import may have together.
	MaxImportBytes = 20 << 30
	maxImportFiles = 50
	maxImportParts = 4000
	// keepUpload is how long files wait for more of them and for the member's word, keepImport how long the report can be read.
	keepUpload = 3 * 24 * time.Hour
	keepImport = 30 * 24 * time.Hour
)

// importLimit is how often a member may begin an import.
var importLimit = Limit{Count: 20, Window: 24 * time.Hour}

// ImportOf is the member's import, nil where there is none.
func (c *Community) ImportOf(ctx context.Context, acc *store.Account) (*store.Import, error) {
	if acc == nil {
		return nil, ErrUnauthenticated
	}
	i, err := c.Store.ImportOf(store.PrimaryWhileThere(ctx), acc.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return i, fromStore(err)
}

// errImport is a sentence for whoever sends files in an order that does not fit.
func errImport(message string, args ...any) error {
	return invalid("archive", "invalid", message, args...)
}

// changeImport changes the member's import in a transaction. The account is locked; i is nil where there is none.
func (c *Community) changeImport(ctx context.Context, acc *store.Account, f func(ctx context.Context, tx *store.Store, i *store.Import) error) error {
	if acc == nil {
		return ErrUnauthenticated
	}
	return fromStore(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		locked, err := tx.LockAccounts(ctx, acc.ID)
		if err != nil {
			return err
		}
		if now := locked[acc.ID]; now == nil || !now.Active() {
			return ErrUnauthenticated
		}
		i, err := tx.ImportOf(ctx, acc.ID)
		if errors.Is(err, store.ErrNotFound) {
			i, err = nil, nil
		}
		if err != nil {
			return err
		}
		return f(ctx, tx, i)
	}))
}

// putImport writes a changed import, which lives for so long from now on.
func putImport(ctx context.Context, tx *store.Store, i *store.Import, keep time.Duration) error {
	i.UpdatedAt = store.ToMillis(time.Now())
	i.ExpiresAt = i.UpdatedAt + store.Millis(keep.Milliseconds())
	return tx.UpdateImport(ctx, i)
}

// StartImportFile begins to take a file, or finds how much of it has come: the same file, by name and size, goes on. size is 0
// where it is not known. It returns what of the file is there. Errors: *Invalid, *TooMany, ErrTooLarge.
func (c *Community) StartImportFile(ctx context.Context, acc *store.Account, name string, size int64) (received int64, err error) {
	if acc == nil {
		return 0, ErrUnauthenticated
	}
	if size < 0 || size > MaxImportBytes {
		return 0, ErrTooLarge
	}
	if name = cleanFileName(name); name == "" {
		return 0, errImport("Choose a zip file first.")
	}
	now, err := c.ImportOf(store.Primary(ctx), acc)
	if err != nil {
		return 0, err
	}
	if now == nil || over(now.State) {
		if err := c.Allow(ctx, fmt.Sprintf("import:%d", acc.ID), importLimit); err != nil {
			return 0, err
		}
	}
	id := c.Store.NewID()
	err = c.changeImport(ctx, acc, func(ctx context.Context, tx *store.Store, i *store.Import) error {
		received = 0
		if i != nil && over(i.State) {
			if err := c.dropImport(ctx, tx, i); err != nil {
				return err
			}
			i = nil
		}
		if i == nil {
			at := store.ToMillis(time.Now())
			i = &store.Import{AccountID: acc.ID, ID: id, State: store.ImportUploading, CreatedAt: at, UpdatedAt: at, ExpiresAt: at + store.Millis(keepUpload.Milliseconds())}
			if err := tx.AddImport(ctx, i); err != nil {
				return err
			}
		}
		if i.State != store.ImportUploading {
			return errImport("Your files are being looked at. Stop that first, or wait.")
		}
		files := i.Files.V
		for n := range files {
			f := &files[n]
			if f.Name != name || size != 0 && f.Size != 0 && f.Size != size {
				continue
			}
			if f.Whole {
				received = f.Received()
				return nil
			}
			if n != len(files)-1 {
				continue
			}
			if size != 0 {
				f.Size = size
			}
			received = f.Received()
			return putImport(ctx, tx, i, keepUpload)
		}
		if n := len(files); n > 0 && !files[n-1].Whole { // given up for another one
			if err := c.cutLastFile(ctx, tx, i); err != nil {
				return err
			}
			files = i.Files.V
		}
		if len(files) >= maxImportFiles {
			return errImport("An import may have at most %d files.", maxImportFiles)
		}
		if i.Received+size > MaxImportBytes {
			return ErrTooLarge
		}
		i.Files.V = append(files, store.ImportFile{Name: name, Size: size, Parts: []store.ImportPart{}})
		return putImport(ctx, tx, i, keepUpload)
	})
	return received, err
}

func over(state string) bool {
	return state == store.ImportDone || state == store.ImportStopped || state == store.ImportFailed
}

// cutLastFile takes the last file off an import, which the caller writes.
func (c *Community) cutLastFile(ctx context.Context, tx *store.Store, i *store.Import) error {
	last := len(i.Files.V) - 1
	if err := c.filesGone(ctx, tx, partsOf(i.Files.V[last])); err != nil {
		return err
	}
	i.Received -= i.Files.V[last].Received()
	i.Files.V = i.Files.V[:last]
	return nil
}

func partsOf(f store.ImportFile) (out []string) {
	for _, p := range f.Parts {
		out = append(out, p.Random)
	}
	return out
}

// ErrImportPlace means that a part was sent that does not follow what has come. StartImportFile tells what has.
var ErrImportPlace = errors.New("community: this part does not follow what has come")

// AddImportPart takes the part of the file at an offset, which has to be all that has come of it. It returns what has come then. A file whose size is known is
// whole with its last byte. After an error nothing of the part is left.
func (c *Community) AddImportPart(ctx context.Context, acc *store.Account, at int64, body io.Reader) (received int64, err error) {
	if acc == nil {
		return 0, ErrUnauthenticated
	}
	part, err := c.keepPart(ctx, body)
	if err != nil {
		return 0, err
	}
	if received, err = c.addPart(ctx, acc, at, part); err != nil {
		c.dropFile(ctx, part.Random)
	}
	return received, err
}

// keepPart writes a part into the media store.
func (c *Community) keepPart(ctx context.Context, body io.Reader) (part store.ImportPart, err error) {
	part.Random = media.NewRandom()
	if err := c.announceFile(ctx, part.Random); err != nil {
		return part, fromStore(err)
	}
	hash, r := sha256.New(), &bodyReader{r: body}
	ctx, cancel := context.WithTimeout(ctx, c.maxUpload())
	defer cancel()
	part.Bytes, err = c.Media.Put(ctx, media.OriginalKey(part.Random), io.TeeReader(r, hash), media.PutOptions{
		ContentType: "application/octet-stream", CacheControl: "private, no-store", MaxSize: ImportPartBytes,
	})
	if err == nil && part.Bytes == 0 {
		err = errImport("The file is empty.")
	}
	if err != nil {
		c.dropFile(ctx, part.Random)
		return part, uploadError(err, r.err)
	}
	part.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return part, nil
}

func (c *Community) addPart(ctx context.Context, acc *store.Account, at int64, part store.ImportPart) (received int64, err error) {
	err = c.changeImport(ctx, acc, func(ctx context.Context, tx *store.Store, i *store.Import) error {
		if i != nil && i.State == store.ImportUploading && len(i.Files.V) > 0 {
			f := &i.Files.V[len(i.Files.V)-1]
			received = f.Received()
			switch n := len(f.Parts); {
			case n > 0 && f.Parts[n-1].Random == part.Random: // an earlier COMMIT, whose answer was lost
				return nil
			case f.Whole && at < received: // so was the answer to the last part, which comes again
				return ErrImportPlace
			}
		}
		f, err := lastFile(i)
		if err != nil {
			return err
		}
		switch {
		case received != at:
			return ErrImportPlace
		case i.Received+part.Bytes > MaxImportBytes, f.Size != 0 && received+part.Bytes > f.Size, len(i.Randoms()) >= maxImportParts:
			return ErrTooLarge
		}
		f.Parts = append(f.Parts, part)
		received += part.Bytes
		i.Received += part.Bytes
		f.Whole = received == f.Size
		if ok, err := tx.MediaObjectLive(ctx, part.Random, nil); err != nil || !ok {
			return orUnwanted(err)
		}
		return putImport(ctx, tx, i, keepUpload)
	})
	return received, err
}

func lastFile(i *store.Import) (*store.ImportFile, error) {
	if i == nil || i.State != store.ImportUploading || len(i.Files.V) == 0 {
		return nil, errImport("Begin again: choose your file once more.")
	}
	f := &i.Files.V[len(i.Files.V)-1]
	if f.Whole {
		return nil, errImport("This file is already there.")
	}
	return f, nil
}

// ImportWholeFile takes a file that comes in one request, as from a page without scripts. If the connection drops, what has come stays; where the
// same file is sent again, that is compared and kept.
func (c *Community) ImportWholeFile(ctx context.Context, acc *store.Account, name string, body io.Reader) error {
	received, err := c.StartImportFile(ctx, acc, name, 0)
	if err != nil {
		return err
	}
	now, err := c.ImportOf(store.Primary(ctx), acc)
	if err != nil || now == nil {
		return err
	}
	r := &bodyReader{r: body}
	in := bufio.NewReaderSize(r, 64<<10)
	if received > 0 {
		f := now.Files.V[len(now.Files.V)-1]
		for _, g := range now.Files.V {
			if g.Name == cleanFileName(name) {
				f = g
			}
		}
		if f.Whole {
			return errImport("This file is already there.")
		}
		for _, p := range f.Parts {
			hash := sha256.New()
			if n, err := io.CopyN(hash, in, p.Bytes); err != nil || n != p.Bytes || hex.EncodeToString(hash.Sum(nil)) != p.SHA256 {
				if r.err != nil {
					return uploadError(err, r.err)
				}
				if err := c.dropUnfinished(ctx, acc, f); err != nil {
					return err
				}
				return errImport("Part of another file with this name was here before. It has been removed. Send yours again.")
			}
		}
	}
	for {
		if _, err := in.Peek(1); err == io.EOF {
			break
		} else if err != nil {
			return uploadError(err, r.err)
		}
		if received, err = c.AddImportPart(ctx, acc, received, io.LimitReader(in, c.importPart)); err != nil {
			return err
		}
	}
	return c.changeImport(ctx, acc, func(ctx context.Context, tx *store.Store, i *store.Import) error {
		if i != nil && len(i.Files.V) > 0 {
			if f := i.Files.V[len(i.Files.V)-1]; f.Whole && f.Received() == received {
				return nil // its size was known
			}
		}
		f, err := lastFile(i)
		if err != nil {
			return err
		}
		if received == 0 {
			return errImport("The file is empty.")
		}
		f.Size, f.Whole = received, true
		return putImport(ctx, tx, i, keepUpload)
	})
}

// dropUnfinished takes a file off the member's import that is not whole, and the import where it has no other.
func (c *Community) dropUnfinished(ctx context.Context, acc *store.Account, f store.ImportFile) error {
	return c.changeImport(ctx, acc, func(ctx context.Context, tx *store.Store, i *store.Import) error {
		last, err := lastFile(i)
		if err != nil || !slices.Equal(last.Parts, f.Parts) {
			return err // another request was quicker
		}
		if len(i.Files.V) == 1 {
			return c.dropImport(ctx, tx, i)
		}
		if err := c.cutLastFile(ctx, tx, i); err != nil {
			return err
		}
		return putImport(ctx, tx, i, keepUpload)
	})
}

// LookThroughImport has a job look at what was sent.
func (c *Community) LookThroughImport(ctx context.Context, acc *store.Account) error {
	return c.changeImport(ctx, acc, func(ctx context.Context, tx *store.Store, i *store.Import) error {
		if i != nil && i.State == store.ImportScanning {
			return nil
		}
		if i == nil || i.State != store.ImportUploading || len(i.Files.V) == 0 || !i.Files.V[len(i.Files.V)-1].Whole {
			return errImport("Send your files first.")
		}
		i.State = store.ImportScanning
		if err := putImport(ctx, tx, i, keepUpload); err != nil {
			return err
		}
		return tx.AddJob(ctx, jobImport, importJob{acc.ID, i.ID}, 0)
	})
}

// BeginImport has a job post what was found, each post for those whom v names, and at its original time.
func (c *Community) BeginImport(ctx context.Context, acc *store.Account, v store.Visibility) error {
	switch v {
	case store.Public, store.Unlisted, store.Followers:
	default:
		return invalid("visibility", "invalid", "Choose who may see this: everybody, everybody with the address, or your followers.")
	}
	return c.changeImport(ctx, acc, func(ctx context.Context, tx *store.Store, i *store.Import) error {
		if i != nil && i.State == store.ImportWorking {
			return nil
		}
		if i == nil || i.State != store.ImportFound {
			return errImport("There is nothing to import. Send your files first.")
		}
		i.State, i.Visibility = store.ImportWorking, v
		if err := putImport(ctx, tx, i, keepImport); err != nil {
			return err
		}
		return tx.AddJob(ctx, jobImport, importJob{acc.ID, i.ID}, 0)
	})
}

// StopImport ends an import. What it has posted stays, and its report says so; before that, and where it is over, nothing of it is
// left.
func (c *Community) StopImport(ctx context.Context, acc *store.Account) error {
	return c.changeImport(ctx, acc, func(ctx context.Context, tx *store.Store, i *store.Import) error {
		switch {
		case i == nil:
			return nil
		case i.State == store.ImportWorking:
			return c.endImport(ctx, tx, i, store.ImportStopped)
		}
		return c.dropImport(ctx, tx, i)
	})
}

// endImport removes the files of an import; its report stays.
func (c *Community) endImport(ctx context.Context, tx *store.Store, i *store.Import, state string) error {
	if err := c.filesGone(ctx, tx, i.Randoms()); err != nil {
		return err
	}
	for n := range i.Files.V {
		i.Files.V[n].Parts = []store.ImportPart{}
	}
	i.State = state
	return putImport(ctx, tx, i, keepImport)
}

// dropImport removes the row of an import, and has its files removed.
func (c *Community) dropImport(ctx context.Context, tx *store.Store, i *store.Import) error {
	if err := c.filesGone(ctx, tx, i.Randoms()); err != nil {
		return err
	}
	return tx.DeleteImport(ctx, i.AccountID, i.ID)
}

// sweepImports drops imports whose time is over.
func (c *Community) sweepImports(ctx context.Context) error {
	return inBatches(ctx, func(limit int) (int, error) {
		old, err := c.Store.ExpiredImports(ctx, limit)
		for _, i := range old {
			if err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return c.dropImport(ctx, tx, i) }); err != nil {
				return 0, err
			}
		}
		return len(old), err
	})
}
