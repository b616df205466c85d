package community

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tintype/internal/media"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

func (d *photoSite) checkMedia(o MediaCheck) *MediaReport {
	d.t.Helper()
	o.Store = d.Media
	r, err := d.CheckMedia(d.t.Context(), o)
	if err != nil {
		d.t.Fatal(err)
	}
	return r
}

// fileAt is where a disk keeps the object with a key.
func (d *photoSite) fileAt(key string) string {
	d.t.Helper()
	path, err := media.Path(key)
	if err != nil {
		d.t.Fatal(err)
	}
	return filepath.Join(d.dir, filepath.FromSlash(path))
}

func (d *photoSite) putFile(key, text string, age time.Duration) {
	d.t.Helper()
	if _, err := d.Media.Put(d.t.Context(), key, strings.NewReader(text), media.PutOptions{}); err != nil {
		d.t.Fatal(err)
	}
	at := time.Now().Add(-age)
	if err := os.Chtimes(d.fileAt(key), at, at); err != nil {
		d.t.Fatal(err)
	}
}

func TestMediaCheck(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
	var photos []*store.Photo
	for range 3 {
		photos = append(photos, d.made(d.ann))
	}
	deleted := d.made(d.ann)
	whole := d.checkMedia(MediaCheck{Read: true})
	if whole.Sets != 8 || whole.Files < 20 || whole.Bytes == 0 || whole.MissingCount+whole.WrongCount+whole.UnknownCount+whole.ForeignCount != 0 {
		t.Fatalf("a whole store: %+v", whole)
	}

	// A set that is gone, with its files still there, is the sweep's.
	if err := d.Store.DropMediaObject(t.Context(), deleted.SetRandom, deleted.ID); err != nil {
		t.Fatal(err)
	}
	// Missing: a variant of one, the original of another.
	missing := map[string]bool{photos[0].Key("320"): true, media.OriginalKey(photos[1].OrigRandom): true}
	for key := range missing {
		if err := os.Remove(d.fileAt(key)); err != nil {
			t.Fatal(err)
		}
	}
	// Wrong: by size, which needs no reading, and by content.
	if err := os.Truncate(d.fileAt(photos[0].Key("640")), 100); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{media.OriginalKey(photos[2].OrigRandom), photos[2].Key("square")} {
		b, err := os.ReadFile(d.fileAt(key))
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)-1] ^= 0x55
		if err := os.WriteFile(d.fileAt(key), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Of no row: new and old, a whole set and a file in a set.
	fresh, old, inSet := someSetKey("320"), someSetKey("640"), photos[1].Key("1921")
	d.putFile(fresh, "x", time.Hour)
	d.putFile(old, "xx", KeepUnknown+time.Hour)
	d.putFile(inSet, "xxx", KeepUnknown+time.Hour)
	otherKind := media.VariantKey(media.Private, photos[1].SetRandom, "320")
	d.putFile(otherKind, "xxxx", time.Hour)
	// Somebody's own file.
	own := filepath.Join(d.dir, "pub", "notes.txt")
	if err := os.WriteFile(own, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}

	r := d.checkMedia(MediaCheck{})
	if r.MissingCount != 2 || !missing[r.Missing[0].Key] || !missing[r.Missing[1].Key] || r.Missing[0].Key == r.Missing[1].Key || r.Missing[0].Photo == 0 {
		t.Errorf("missing: %+v", r.Missing)
	}
	if r.WrongCount != 1 || r.Wrong[0].Key != photos[0].Key("640") || !strings.Contains(r.Wrong[0].Why, "100 bytes") {
		t.Errorf("wrong: %+v", r.Wrong)
	}
	if r.UnknownCount != 4 || r.UnknownBytes != 10 || r.UnknownOld != 2 || r.Removed != 0 {
		t.Errorf("unknown: %+v", r)
	}
	if r.ForeignCount != 1 || r.Foreign[0].Name != own {
		t.Errorf("foreign: %+v", r.Foreign)
	}

	r = d.checkMedia(MediaCheck{Read: true, Remove: true})
	if r.WrongCount != 3 || r.Removed != 2 {
		t.Errorf("read: %+v", r)
	}
	for key, want := range map[string]bool{fresh: true, otherKind: true, old: false, inSet: false, photos[1].Key("320"): true} {
		if there, err := media.Has(t.Context(), d.Media, key); err != nil || there != want {
			t.Errorf("%s: there %v, %v; want %v", key, there, err, want)
		}
	}
	if _, err := os.Stat(own); err != nil {
		t.Error(err)
	}
}

func someSetKey(variant string) string {
	return media.VariantKey(media.Public, media.NewRandom(), variant)
}

// A store with nothing in it lacks every file, also more sets than are looked at together, and one with nothing but
// files that no row has knows none.
func TestMediaCheckOfAnEmptyStoreAndAnEmptyDatabase(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
	const sets = 2*checkPage + 1
	for range sets {
		random := media.NewRandom()
		if err := d.Store.AddMediaObject(t.Context(), random, store.SetPublic, 0, []string{"320"}); err != nil {
			t.Fatal(err)
		}
		if ok, err := d.Store.MediaObjectLive(t.Context(), random, []string{"320", "640"}); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	if r := d.checkMedia(MediaCheck{}); r.Sets != sets || r.MissingCount != 2*sets || r.UnknownCount != 0 {
		t.Errorf("%d sets, %d missing, %d unknown", r.Sets, r.MissingCount, r.UnknownCount)
	}
	other := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
	for range sets {
		other.putFile(someSetKey("320"), "x", 0)
	}
	if r := other.checkMedia(MediaCheck{Remove: true}); r.UnknownCount != sets || r.UnknownOld != 0 || r.Removed != 0 || r.MissingCount != 0 {
		t.Errorf("%+v", r)
	}
}

// What comes while the files are listed is no problem, nor what goes.
func TestMediaCheckWhilePeopleArePosting(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
	gone := d.made(d.ann)
	var came *store.Photo
	lister := &whileListing{Store: d.Media}
	lister.then = func() {
		came = d.made(d.ann)
		// A set that was listed with its row, and that went before its files were looked at.
		if err := d.Store.DropMediaObject(t.Context(), gone.SetRandom, gone.ID); err != nil {
			t.Error(err)
		}
		for _, v := range gone.Variants.V {
			if err := d.Media.Delete(t.Context(), gone.Key(v.Name)); err != nil {
				t.Error(err)
			}
		}
	}
	r, err := d.CheckMedia(t.Context(), MediaCheck{Store: lister, Read: true})
	if err != nil || came == nil || r.MissingCount+r.WrongCount+r.UnknownCount != 0 {
		t.Errorf("%v: %+v", err, r)
	}
}

// A check removes nothing that has got a row since the rows were read, however old its file is, nor what the sweep is about to
// remove.
func TestMediaCheckReadsTheRowBeforeItRemoves(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
	d.made(d.ann)
	ctx := t.Context()
	const last = "ffffffffffffffffffffffffffffff" // behind those of photos
	key := func(end string) string { return media.VariantKey(media.Public, last+end, "320") }
	for _, end := range []string{"f0", "f1", "f2"} {
		d.putFile(key(end), "x", 2*KeepUnknown)
	}
	reading := &whileReading{Store: d.Media}
	reading.then = func() { // the rows of this page are read already
		for _, end := range []string{"f0", "f1"} {
			if err := d.Store.AddMediaObject(ctx, last+end, store.SetPublic, 0, []string{"320"}); err != nil {
				t.Error(err)
			}
		}
		if err := d.Store.DropMediaObject(ctx, last+"f1", 0); err != nil {
			t.Error(err)
		}
	}
	r, err := d.CheckMedia(ctx, MediaCheck{Store: reading, Read: true, Remove: true})
	if err != nil || reading.then != nil || r.Removed != 1 || r.UnknownCount != 1 || r.Unknown[0].Key != key("f2") {
		t.Errorf("%v: %+v", err, r)
	}
	for end, want := range map[string]bool{"f0": true, "f1": true, "f2": false} {
		if there, err := media.Has(ctx, d.Media, key(end)); err != nil || there != want {
			t.Errorf("%s: there %v, %v; want %v", end, there, err, want)
		}
	}
}

// whileReading does something when the first public photo is opened, once.
type whileReading struct {
	media.Store
	then func()
}

func (w *whileReading) List(ctx context.Context, kind media.Kind, f func(media.Listed) error) error {
	lister, _ := media.As[media.Lister](w.Store)
	return lister.List(ctx, kind, f)
}

func (w *whileReading) Open(ctx context.Context, key string) (*media.Object, error) {
	if k, err := media.ParseKey(key); err == nil && k.Kind == media.Public && w.then != nil {
		w.then()
		w.then = nil
	}
	return w.Store.Open(ctx, key)
}

// whileListing does something after the public photos were listed, once.
type whileListing struct {
	media.Store
	then func()
}

func (w *whileListing) List(ctx context.Context, kind media.Kind, f func(media.Listed) error) error {
	lister, _ := media.As[media.Lister](w.Store)
	var all []media.Listed
	if err := lister.List(ctx, kind, func(l media.Listed) error { all = append(all, l); return nil }); err != nil {
		return err
	}
	if kind == media.Public {
		w.then()
	}
	for _, l := range all {
		if err := f(l); err != nil {
			return err
		}
	}
	return nil
}

// A store that does not answer is no store that lacks files.
func TestMediaCheckOfAStoreThatIsAway(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
	d.made(d.ann)
	r, err := d.CheckMedia(t.Context(), MediaCheck{Store: awayAfterListing{d.Media}, Read: true})
	if !errors.Is(err, media.ErrUnavailable) || r.MissingCount+r.WrongCount != 0 {
		t.Errorf("%v: %+v", err, r)
	}
}

type awayAfterListing struct{ media.Store }

func (a awayAfterListing) List(ctx context.Context, kind media.Kind, f func(media.Listed) error) error {
	lister, _ := media.As[media.Lister](a.Store)
	return lister.List(ctx, kind, f)
}

func (a awayAfterListing) Open(context.Context, string) (*media.Object, error) {
	return &media.Object{ReadSeekCloser: brokenOff{}, Size: 1}, nil
}

type brokenOff struct{ io.ReadSeekCloser }

func (brokenOff) Read([]byte) (int, error) { return 0, media.ErrUnavailable }
func (brokenOff) Close() error             { return nil }
