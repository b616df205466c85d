package community

import (
	"bytes"
	"testing"

	"tintype/internal/archive"
	"tintype/internal/media"
	"tintype/internal/phototest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// TestImportOfWhatIsNoArchive: the member reads why, and nothing is left.
func TestImportOfWhatIsNoArchive(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{}).work()
	for what, file := range map[string][]byte{importNoZip: []byte("GIF89a, and no more"), importNothing: zipped(t, "notes.txt", "x")} {
		d.exec("DELETE FROM attempts")
		if i := d.sendImport(d.ann, file); i.State != store.ImportFailed || i.Report.V.Error != what {
			t.Errorf("%s: %+v", what, i)
		}
	}
	// A phone's photographs that this site cannot read are named as such.
	d.exec("DELETE FROM attempts")
	if i := d.sendImport(d.ann, zipped(t, "IMG_1.HEIC", string(phototest.HEIC()), "IMG_2.heic", "x")); i.Report.V.Error != importNothing || i.Report.V.Left[archive.LeftHEIC] != 2 {
		t.Errorf("of HEIC alone: %+v", i)
	}
	d.exec("DELETE FROM attempts")
	behindPassword := zipped(t, "a.jpg", photograph(1))
	behindPassword[bytes.Index(behindPassword, []byte("PK\x01\x02"))+8] |= 1
	if i := d.sendImport(d.ann, behindPassword); i.Report.V.Error != importLocked || i.Report.V.Left[archive.LeftLocked] != 1 {
		t.Errorf("behind a password: %+v", i)
	}
	d.idle()
	d.sweepAll()
	d.consistent()
}

// TestImportWithoutRoom: photographs beyond the member's quota are named, the others are posted, and what had no room comes later.
func TestImportWithoutRoom(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{}).work()
	file := zipped(t, "a.jpg", photograph(1), "b.jpg", photograph(2))
	for _, round := range []struct{ quota, posts, known, noRoom int }{{len(photograph(1)) + 1, 1, 0, 1}, {1 << 20, 1, 1, 0}} {
		d.exec("UPDATE accounts SET storage_quota = ? WHERE id = ?", round.quota, d.ann.ID)
		d.sendImport(d.ann, file)
		if err := d.BeginImport(t.Context(), d.ann, store.Public); err != nil {
			t.Fatal(err)
		}
		i := d.imported(d.ann, store.ImportDone, store.ImportFailed)
		if r := i.Report.V; i.State != store.ImportDone || r.Posts != round.posts || r.Known != round.known || r.Left[LeftNoRoom] != round.noRoom {
			t.Errorf("with %d bytes: %s, %+v", round.quota, i.State, r)
		}
	}
}

// TestImportOfALostPart: an import of which a part is gone ends and says so. What it has posted stays.
func TestImportOfALostPart(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
	ctx, file := t.Context(), zipped(t, "a.jpg", photograph(1), "b.jpg", photograph(2), "c.jpg", photograph(3))
	d.importPart = int64(len(file) / 12)
	lose := func() {
		i, err := d.ImportOf(ctx, d.ann)
		if err != nil {
			t.Error(err)
			return
		}
		parts := i.Files.V[0].Parts
		for _, p := range parts[len(parts)/2 : len(parts)-2] { // the list of files is in the last ones
			if err := d.Media.Delete(ctx, media.OriginalKey(p.Random)); err != nil {
				t.Error(err)
			}
		}
	}
	steps := 0
	d.importStep = func() {
		if steps++; steps == 2 { // the first item is done
			lose()
		}
	}
	d.work()
	d.sendImport(d.ann, file)
	if err := d.BeginImport(ctx, d.ann, store.Public); err != nil {
		t.Fatal(err)
	}
	i := d.imported(d.ann, store.ImportDone, store.ImportFailed)
	if r := i.Report.V; i.State != store.ImportFailed || r.Error != importLost || r.Posts != 1 || len(d.postsOf(d.ann)) != 1 {
		t.Errorf("%s: %+v", i.State, r)
	}
	d.idle()
	if n := d.count("SELECT COUNT(*) FROM media_objects WHERE photo_id = 0 AND state = 'live'"); n != 0 {
		t.Errorf("%d files of the import are left", n)
	}
	// Lost before anybody looked at it: the list of files goes with it.
	d.exec("DELETE FROM attempts")
	d.importPart = int64(len(file))
	if err := d.ImportWholeFile(ctx, d.ann, "again.zip", bytes.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	if i, err := d.ImportOf(ctx, d.ann); err != nil {
		t.Fatal(err)
	} else if err := d.Media.Delete(ctx, media.OriginalKey(i.Files.V[0].Parts[0].Random)); err != nil {
		t.Fatal(err)
	}
	if err := d.LookThroughImport(ctx, d.ann); err != nil {
		t.Fatal(err)
	}
	if i := d.imported(d.ann, store.ImportFound, store.ImportFailed); i.Report.V.Error != importLost {
		t.Errorf("%s: %+v", i.State, i.Report.V)
	}
}

// TestImportOfASuspendedMember: an import that is looked through, or that is being posted, ends with the reason, so that nobody comes back to one that
// goes on for ever.
func TestImportOfASuspendedMember(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{})
		suspend := func(yes bool) {
			if _, err := d.SuspendAccount(t.Context(), "ann", yes); err != nil {
				t.Error(err)
			}
		}
		steps := 0
		d.importStep = func() {
			if steps++; steps == 2 { // the first item is done
				suspend(true)
			}
		}
		d.work()
		d.sendImport(d.ann, zipped(t, "a.jpg", photograph(1), "b.jpg", photograph(2), "c.jpg", photograph(3)))
		if err := d.BeginImport(t.Context(), d.ann, store.Public); err != nil {
			t.Fatal(err)
		}
		i := d.imported(d.ann, store.ImportDone, store.ImportFailed)
		if i.State != store.ImportFailed || i.Report.V.Error != importHalted || i.Report.V.Posts != 1 {
			t.Errorf("an import amid which its member was suspended is %s: %+v", i.State, i.Report.V)
		}
		if n := len(d.postsOf(d.ann)); n != 1 {
			t.Errorf("%d posts", n)
		}
		d.idle()
		if n := d.count("SELECT COUNT(*) FROM media_objects WHERE photo_id = 0 AND state = 'live'"); n != 0 {
			t.Errorf("%d files of the import are left", n)
		}

		// Suspended before the work began.
		suspend(false)
		ended := d.claim(jobImport, func() {
			if err := d.ImportWholeFile(t.Context(), d.ann, "again.zip", bytes.NewReader(zipped(t, "b.jpg", photograph(2)))); err != nil {
				t.Fatal(err)
			}
			if err := d.queue.Stop(t.Context()); err != nil { // the job is run below
				t.Fatal(err)
			}
			if err := d.LookThroughImport(t.Context(), d.ann); err != nil {
				t.Fatal(err)
			}
		})
		suspend(true)
		if err := d.runImport(t.Context(), ended); err != nil {
			t.Fatal(err)
		}
		if i := d.imported(d.ann, store.ImportScanning, store.ImportFailed); i.State != store.ImportFailed || i.Report.V.Error != importHalted {
			t.Errorf("the import of a suspended member is %s: %+v", i.State, i.Report.V)
		}
	})
}
