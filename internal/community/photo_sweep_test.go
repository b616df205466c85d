package community

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"tintype/internal/media"
	"tintype/internal/phototest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// sweepNow sweeps until the second removal is done.
func (d *photoSite) sweepNow() {
	d.t.Helper()
	for range 3 {
		if err := d.Sweep(d.t.Context()); err != nil {
			d.t.Fatal(err)
		}
		d.must()
		d.exec("UPDATE media_objects SET gone_at = gone_at - ?", (24 * time.Hour).Milliseconds())
	}
}

// TestTombstones: whoever still wrote to a set when it went is cleaned up after, once its tombstone's time is over.
func TestTombstones(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
	p := d.made(d.ann)
	if err := d.RemovePhoto(t.Context(), d.ann, p.ID); err != nil {
		t.Fatal(err)
	}
	d.must()
	if files := d.files(); len(files) != 0 {
		t.Errorf("left: %v", files)
	}
	late := func() {
		if _, err := d.Media.Put(t.Context(), p.Key("640"), strings.NewReader("late"), media.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	late()
	if err := d.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := d.count("SELECT COUNT(*) FROM media_objects"); n != 2 || len(d.files()) != 1 {
		t.Errorf("%d tombstones, files %v: it is too early", n, d.files())
	}
	d.pass(d.tombstone() + time.Minute)
	if err := d.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := d.count("SELECT COUNT(*) FROM media_objects"); n != 0 || len(d.files()) != 0 {
		t.Errorf("%d tombstones, files %v", n, d.files())
	}
}

// TestDemoFilesStay: many photos of demo posts share one set, which outlives them.
func TestDemoFilesStay(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
	shared := d.made(d.ann)
	d.exec("UPDATE media_objects SET photo_id = 0")
	d.exec("UPDATE photos SET source = 'demo', attached_at = 1, orig_random = ''")
	d.exec("DELETE FROM media_objects WHERE kind = 'orig'")
	twin := *shared
	twin.ID, twin.OrigRandom, twin.Source, twin.AttachedAt = shared.ID+1, "", store.SourceDemo, &shared.CreatedAt
	if err := d.tx(func(ctx context.Context, tx *store.Store) error { return tx.AddPhoto(ctx, &twin) }); err != nil {
		t.Fatal(err)
	}
	if err := d.makePrivate(&twin); err != nil { // a copy of its own
		t.Fatal(err)
	}
	own := d.again(&twin)
	if err := d.tx(func(ctx context.Context, tx *store.Store) error {
		return d.markPhotosGone(ctx, tx, []int64{shared.ID, twin.ID})
	}); err != nil {
		t.Fatal(err)
	}
	d.sweepNow()
	d.open(shared.Key("640"))
	if _, err := d.Media.Open(t.Context(), own.Key("640")); !errors.Is(err, media.ErrNotFound) {
		t.Errorf("the copy: %v", err)
	}
	if n := d.count("SELECT COUNT(*) FROM photos"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

// patientMedia notes how long what is stored may take.
type patientMedia struct {
	media.Store
	patience time.Duration
}

func (m *patientMedia) Put(ctx context.Context, key string, r io.Reader, o media.PutOptions) (int64, error) {
	if end, ok := ctx.Deadline(); ok {
		m.patience = max(m.patience, time.Until(end))
	}
	return m.Store.Put(ctx, key, r, o)
}

// An upload that brings a kilobyte a second comes to its end, however large it may be, and nothing is swept before.
func TestASlowUploadHasItsTime(t *testing.T) {
	m := &patientMedia{}
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{media: func(s media.Store) media.Store { m.Store = s; return m }})
	d.MaxUploadBytes = 40e6
	p := d.upload(d.ann, phototest.JPEG(phototest.Options{}))
	slow := 40e6 / 1000 * time.Second
	if m.patience < slow || d.tombstone() < m.patience {
		t.Errorf("an upload may take %v, and a tombstone stands for %v; %v is needed", m.patience, d.tombstone(), slow)
	}
	d.exec("UPDATE photos SET state = 'uploading' WHERE id = ?", p.ID)
	d.pass(slow)
	if err := d.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if now := d.again(p); now.State != store.PhotoUploading {
		t.Errorf("an upload that goes on is %s", now.State)
	}
}
