package community

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"tintype/internal/media"
	"tintype/internal/queue"
	"tintype/internal/store"
)

// jobExport writes the next part of an export.
const jobExport = "export.write"

const (
	// keepExport is how long an export can be downloaded, and how long it may take to be made.
	keepExport = 7 * 24 * time.Hour
	// exportPartBytes is what a part may hold before the next one begins; its last photograph may lead past it. The S3
	// driver has a whole part in a temporary file for a while, and people download it in one go.
	exportPartBytes = 1 << 30
	// exportPatience is how long writing one part may take, less than an upload may.
	exportPatience = time.Hour
	// exportStep is how often progress is written down.
	exportStep = 2 * time.Second
)

// exportLimit is how often a member may begin an export: each reads every photograph and keeps it once more.
var exportLimit = Limit{Count: 4, Window: 24 * time.Hour}

type exportJob struct {
	Account int64 `json:"account_id"`
	Export  int64 `json:"export_id"`
}

// StartExport begins an export of all that the member has, after asking for the password. The export before is dropped;
// while one is being made, nothing new begins. Errors: *Invalid, *TooMany.
func (c *Community) StartExport(ctx context.Context, acc *store.Account, by Confirmation) error {
	if acc == nil {
		return ErrUnauthenticated
	}
	ctx = store.Primary(ctx)
	if err := c.confirm(ctx, acc, "password", by); err != nil {
		return err
	}
	if e, err := c.Store.ExportOf(ctx, acc.ID); err == nil && e.State == store.ExportWorking {
		return nil
	} else if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fromStore(err)
	}
	if err := c.Allow(ctx, fmt.Sprintf("export:%d", acc.ID), exportLimit); err != nil {
		return err
	}
	_, err := c.Store.TxOnce(ctx, "jobs", func(ctx context.Context, tx *store.Store, id int64) error {
		locked, err := tx.LockAccounts(ctx, acc.ID)
		if err != nil {
			return err
		}
		if now := locked[acc.ID]; now == nil || now.DeletedAt != nil { // who is suspended may still leave with everything
			return ErrUnauthenticated
		}
		switch before, err := tx.ExportOf(ctx, acc.ID); {
		case errors.Is(err, store.ErrNotFound):
		case err != nil:
			return err
		case before.State == store.ExportWorking:
			return nil // begun in another window a moment ago
		default:
			if err := c.dropExport(ctx, tx, before); err != nil {
				return err
			}
		}
		at := store.ToMillis(time.Now())
		e := &store.Export{AccountID: acc.ID, ID: id, State: store.ExportWorking, CreatedAt: at, ExpiresAt: at + store.Millis(keepExport.Milliseconds())}
		e.Parts.V = []store.ExportPart{}
		if e.Total, err = tx.CountReadyPhotos(ctx, acc.ID, id); err != nil {
			return err
		}
		if err := tx.AddExport(ctx, e); err != nil {
			return err
		}
		return tx.AddJobID(ctx, id, jobExport, exportJob{acc.ID, id})
	})
	return fromStore(err)
}

// ExportOf is the member's export, nil where there is none.
func (c *Community) ExportOf(ctx context.Context, acc *store.Account) (*store.Export, error) {
	if acc == nil {
		return nil, ErrUnauthenticated
	}
	e, err := c.Store.ExportOf(store.PrimaryWhileThere(ctx), acc.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return e, fromStore(err)
}

// DropExport removes the member's export with its files, and ends the work on it.
func (c *Community) DropExport(ctx context.Context, acc *store.Account) error {
	if acc == nil {
		return ErrUnauthenticated
	}
	return fromStore(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		if _, err := tx.LockAccounts(ctx, acc.ID); err != nil {
			return err
		}
		e, err := tx.ExportOf(ctx, acc.ID)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return c.dropExport(ctx, tx, e)
	}))
}

// OpenExport opens a part of the member's own export, counted from 1. The caller closes it. It returns ErrNotFound for
// other exports, and for those that are being made or have expired.
func (c *Community) OpenExport(ctx context.Context, acc *store.Account, id int64, part int) (*media.Object, error) {
	e, err := c.ExportOf(ctx, acc)
	if err != nil {
		return nil, err
	}
	if e == nil || e.ID != id || e.State != store.ExportReady || part < 1 || part > len(e.Parts.V) || e.ExpiresAt.Time().Before(time.Now()) {
		return nil, ErrNotFound
	}
	o, err := c.Media.Open(ctx, media.OriginalKey(e.Parts.V[part-1].Random))
	if errors.Is(err, media.ErrNotFound) {
		return nil, ErrNotFound
	}
	return o, err
}

// dropExport removes the row of an export, and has its files removed.
func (c *Community) dropExport(ctx context.Context, tx *store.Store, e *store.Export) error {
	if err := c.filesGone(ctx, tx, e.Randoms()); err != nil {
		return err
	}
	return tx.DeleteExport(ctx, e.AccountID, e.ID)
}

// sweepExports drops exports whose time is over.
func (c *Community) sweepExports(ctx context.Context) error {
	return inBatches(ctx, func(limit int) (int, error) {
		old, err := c.Store.ExpiredExports(ctx, limit)
		for _, e := range old {
			if err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return c.dropExport(ctx, tx, e) }); err != nil {
				return 0, err
			}
		}
		return len(old), err
	})
}

// writeExport writes one part of an export, and adds the job that writes the next. A run that is killed leaves the parts
// before; the next run begins its part anew.
func (c *Community) writeExport(ctx context.Context, job *queue.Job) error {
	var arg exportJob
	if err := readPayload(job, &arg); err != nil {
		return err
	}
	ctx = store.Primary(ctx)
	e, err := c.Store.ExportOf(ctx, arg.Account)
	if errors.Is(err, store.ErrNotFound) || err == nil && (e.ID != arg.Export || e.State != store.ExportWorking) {
		return nil // dropped, or done
	}
	if err != nil {
		return err
	}
	acc, err := c.Store.AccountByID(ctx, arg.Account)
	if err != nil {
		return err
	}
	if acc.DeletedAt != nil {
		return nil
	}
	random := media.NewRandom()
	if err := c.announceFile(ctx, random); err != nil {
		return err
	}
	part, more, err := c.writeExportPart(ctx, acc, e, random)
	if err == nil {
		e.Parts.V = append(e.Parts.V, part)
		e.Progress = e.Photos
		if !more {
			e.State = store.ExportReady
		}
		err = c.finishJob(ctx, job, func(ctx context.Context, tx *store.Store) error {
			if _, err := tx.LockAccounts(ctx, acc.ID); err != nil {
				return err
			}
			now := store.ToMillis(time.Now())
			if !more {
				e.FinishedAt, e.ExpiresAt = &now, now+store.Millis(keepExport.Milliseconds())
			}
			if ok, err := tx.UpdateExport(ctx, e); err != nil || !ok {
				return orUnwanted(err)
			}
			if ok, err := tx.MediaObjectLive(ctx, random, nil); err != nil || !ok {
				return orUnwanted(err)
			}
			if !more {
				return c.tellAccount(ctx, tx, mailJob{Kind: mailExport, Account: acc.ID, About: e.ID})
			}
			return tx.AddJob(ctx, jobExport, arg, 0)
		})
	}
	if err != nil {
		c.dropFile(ctx, random)
	}
	if errors.Is(err, errUnwanted) {
		return nil
	}
	return err
}

// writeExportPart streams a part into the media store, and notes in e what it holds. more is true where photos are left.
func (c *Community) writeExportPart(ctx context.Context, acc *store.Account, e *store.Export, random string) (part store.ExportPart, more bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r, w := io.Pipe()
	type result struct {
		more bool
		err  error
	}
	written := make(chan result, 1)
	x := &exportWriter{c: c, acc: acc, export: e, out: w, stop: func() { cancel(errUnwanted) }}
	before := e.Photos
	go func() {
		more, err := x.write(ctx)
		w.CloseWithError(err)
		written <- result{more, err}
	}()
	n, putErr := c.Media.Put(ctx, media.OriginalKey(random), r, media.PutOptions{ContentType: "application/zip", CacheControl: "private, no-store"})
	r.CloseWithError(putErr) // a writer that still waits ends
	end := <-written
	switch {
	case context.Cause(ctx) == errUnwanted:
		return part, false, errUnwanted
	case end.err != nil && (putErr == nil || errors.Is(putErr, end.err)):
		return part, false, fmt.Errorf("write the export: %w", end.err)
	case putErr != nil:
		return part, false, fmt.Errorf("keep the export: %w", putErr)
	}
	return store.ExportPart{Random: random, Bytes: n, Photos: e.Photos - before}, end.more, nil
}

// exportFailed says on the member's page that the export came to nothing.
func (c *Community) exportFailed(ctx context.Context, job *queue.Job, reason string) error {
	var arg exportJob
	if err := readPayload(job, &arg); err != nil {
		return nil // the queue buries it
	}
	return c.buryJob(ctx, job, reason, func(ctx context.Context, tx *store.Store) error {
		if _, err := tx.LockAccounts(ctx, arg.Account); err != nil {
			return err
		}
		e, err := tx.ExportOf(ctx, arg.Account)
		if errors.Is(err, store.ErrNotFound) || err == nil && (e.ID != arg.Export || e.State != store.ExportWorking) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := c.filesGone(ctx, tx, e.Randoms()); err != nil {
			return err
		}
		e.State, e.Parts.V = store.ExportFailed, []store.ExportPart{}
		_, err = tx.UpdateExport(ctx, e)
		return err
	})
}

// The functions below keep files that are no photographs, the parts of exports and imports, among the originals. Their rows
// of media_objects name no photo, so that sweeps, moves and checks of the media know them.

// announceFile writes the row of such a file before its first byte.
func (c *Community) announceFile(ctx context.Context, random string) error {
	return c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		return tx.AddMediaObject(ctx, random, store.SetOriginal, 0, nil)
	})
}

// dropFile removes such a file that nothing came to use. The sweep does what cannot be done here.
func (c *Community) dropFile(ctx context.Context, random string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := func() error {
		dropped, err := c.Store.DropNewMediaObject(ctx, random)
		if err != nil || !dropped {
			return err // in use after all: the answer to its commit got lost
		}
		return c.Media.Delete(ctx, media.OriginalKey(random))
	}()
	if err != nil {
		c.Log.Warn("a file that nobody wants is left to the sweep", "file", random, "error", err)
	}
}

// filesGone has such files removed.
func (c *Community) filesGone(ctx context.Context, tx *store.Store, randoms []string) error {
	if len(randoms) == 0 {
		return nil
	}
	return c.setsGone(ctx, tx, 0, randoms...)
}
