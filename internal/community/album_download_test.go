package community

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/media"
	"tintype/internal/phototest"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// posted uploads a photo and posts it.
func (d *photoSite) posted(acc *store.Account, v store.Visibility, seed int64) *store.Photo {
	d.t.Helper()
	p := d.wait(acc, d.upload(acc, phototest.JPEG(phototest.Options{Width: 700, Height: 500, Seed: seed})).ID)
	if _, err := d.Publish(d.t.Context(), acc, NewPost{Visibility: v, Licence: "cc-by-4.0", PhotoIDs: []int64{p.ID}}); err != nil {
		d.t.Fatal(err)
	}
	d.idle()
	now, err := d.Store.PhotoByID(store.Primary(d.t.Context()), p.ID)
	if err != nil {
		d.t.Fatal(err)
	}
	return now
}

// archive waits for the account's archive and reads it; unzip, where it is installed, has to like it as well.
func (d *photoSite) archive(acc *store.Account) map[string][]byte {
	d.t.Helper()
	var made *store.AlbumDownload
	servertest.Eventually(d.t, "the archive is made", func() (ready bool) {
		var err error
		made, err = d.AlbumDownload(d.t.Context(), acc)
		return err == nil && made.State != store.DownloadMaking
	})
	_, o, err := d.OpenAlbumDownload(d.t.Context(), acc, made.Random)
	if err != nil {
		d.t.Fatal(err)
	}
	defer o.Close()
	b, err := io.ReadAll(o)
	if err != nil {
		d.t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		d.t.Fatal(err)
	}
	if int64(len(b)) != made.Bytes || made.Done != len(r.File)-1 || made.Total != made.Done || len(made.Photos.V) != made.Done {
		d.t.Errorf("%d bytes with %d files: %+v", len(b), len(r.File), made)
	}
	files := map[string][]byte{}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			d.t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(in); err != nil {
			d.t.Fatal(err)
		}
	}
	if unzip, err := exec.LookPath("unzip"); err == nil {
		path := filepath.Join(d.t.TempDir(), "album.zip")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			d.t.Fatal(err)
		}
		if out, err := exec.CommandContext(d.t.Context(), unzip, "-tqq", path).CombinedOutput(); err != nil {
			d.t.Errorf("unzip: %v %s", err, out)
		}
	}
	return files
}

func TestAlbumDownloads(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{}).work()
		ctx := t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		cora := d.account("cora")
		anns, closed, allowed, kept := d.posted(d.ann, store.Public, 1), d.posted(d.ann, store.Followers, 2), d.posted(d.bob, store.Public, 3), d.posted(d.bob, store.Public, 4)
		al, err := d.CreateAlbum(ctx, d.ann, AlbumForm{Title: "An outing", Visibility: store.AlbumMembers, Adders: store.AddersMembers, Ordering: store.OrderByHand})
		must(err)
		add := func(who *store.Account, originals bool, photos ...*store.Photo) {
			t.Helper()
			for _, p := range photos {
				_, err := d.AddToAlbum(ctx, who, al.ID, []int64{p.ID}, originals)
				must(err)
			}
		}
		add(d.ann, false, anns, closed)
		add(d.bob, true, allowed)
		add(d.bob, false, kept)
		original := func(p *store.Photo) []byte { return d.open(media.OriginalKey(p.OrigRandom)) }
		shown := func(p *store.Photo) []byte { return d.open(p.Key(largestVariant(p).Name)) }
		for _, c := range []struct {
			who       *store.Account
			originals bool
			want      [][]byte
		}{
			{cora, false, [][]byte{shown(anns), shown(allowed), shown(kept)}},
			{cora, true, [][]byte{shown(anns), original(allowed), shown(kept)}},
			{d.ann, true, [][]byte{original(anns), original(closed), original(allowed), shown(kept)}},
			{d.bob, true, [][]byte{shown(anns), original(allowed), original(kept)}},
		} {
			must(d.StartAlbumDownload(ctx, c.who, al.ID, c.originals))
			files := d.archive(c.who)
			list := string(files["photographs.txt"])
			delete(files, "photographs.txt")
			if len(files) != len(c.want) {
				t.Fatalf("%s gets %d files, want %d", c.who.Username, len(files), len(c.want))
			}
			for i, name := range slices.Sorted(maps.Keys(files)) {
				if !bytes.Equal(files[name], c.want[i]) {
					t.Errorf("%s, originals %v: %s is another file", c.who.Username, c.originals, name)
				}
				if !strings.HasSuffix(name, ".jpg") || !strings.Contains(list, name+"\t") {
					t.Errorf("the list lacks %s:\n%s", name, list)
				}
			}
			if !strings.Contains(list, "CC BY 4.0") || strings.Contains(list, "IMG_1") || !strings.Contains(list, "An outing") {
				t.Errorf("the list:\n%s", list)
			}
		}

		// It is for whom it was made, under its own name.
		mine, err := d.AlbumDownload(ctx, cora)
		must(err)
		for what, ask := range map[string]func() error{
			"another's":    func() error { _, _, err := d.OpenAlbumDownload(ctx, d.bob, mine.Random); return err },
			"another name": func() error { _, _, err := d.OpenAlbumDownload(ctx, cora, media.NewRandom()); return err },
			"no name":      func() error { _, _, err := d.OpenAlbumDownload(ctx, cora, ""); return err },
		} {
			if err := ask(); !errors.Is(err, ErrNotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
		// One at a time: the one before has gone with its file.
		if n := d.count("SELECT COUNT(*) FROM album_downloads"); n != 3 {
			t.Errorf("%d downloads of three members", n)
		}

		// No archive hands out what the album shows no more.
		_, err = d.DeletePost(ctx, d.bob, *kept.PostID)
		must(err)
		if _, _, err := d.OpenAlbumDownload(ctx, cora, mine.Random); !errors.Is(err, ErrAlbumChanged) {
			t.Errorf("with a photo that was deleted: %v", err)
		}
		if _, err := d.AlbumDownload(ctx, cora); !errors.Is(err, ErrNotFound) {
			t.Errorf("the archive that changed is still there: %v", err)
		}

		// A day later, or with the album, they go; then only the photos have files.
		d.exec("UPDATE album_downloads SET expires_at = 1 WHERE account_id = ?", d.ann.ID)
		anns1, err := d.AlbumDownload(ctx, d.ann)
		must(err)
		if _, _, err := d.OpenAlbumDownload(ctx, d.ann, anns1.Random); !errors.Is(err, ErrNotFound) {
			t.Errorf("one that has expired: %v", err)
		}
		must(d.DeleteAlbum(ctx, d.ann, al.ID))
		d.idle()
		d.sweepAll()
		if n := d.count("SELECT COUNT(*) FROM album_downloads"); n != 0 {
			t.Errorf("%d downloads are left", n)
		}
		d.consistent()
	})
}

func TestOneDownloadAtATime(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{})
		ctx := t.Context()
		s := &testSite{d.Community, t, ctx}
		photo := s.post(d.ann, store.Public, "").Photos[0].ID
		id, other := s.album(d.ann, AlbumForm{}, photo), s.album(d.ann, AlbumForm{Visibility: store.AlbumInvited}, photo)
		empty := s.album(d.ann, AlbumForm{})
		refused := func(what, code string, err error) {
			t.Helper()
			var bad *Invalid
			if !errors.As(err, &bad) || bad.Fields[0].Code != code {
				t.Errorf("%s: %v, want %s", what, err, code)
			}
		}
		refused("an album without photos", "empty", d.StartAlbumDownload(ctx, d.bob, empty, false))
		if err := d.StartAlbumDownload(ctx, d.bob, other, false); !errors.Is(err, ErrNotFound) {
			t.Errorf("an album that is not shown: %v", err)
		}
		if err := d.StartAlbumDownload(ctx, nil, id, false); !errors.Is(err, ErrUnauthenticated) {
			t.Errorf("a visitor: %v", err)
		}
		s.must(d.StartAlbumDownload(ctx, d.bob, id, false))
		refused("a second one", "making", d.StartAlbumDownload(ctx, d.bob, id, true))
		s.must(d.StartAlbumDownload(ctx, d.ann, other, false))

		// What one account makes goes with it, though a worker has it in hand.
		jobs, err := JobBackend(d.Store).Claim(ctx, []string{jobAlbumZip}, 2, time.Hour)
		if err != nil || len(jobs) != 2 {
			t.Fatalf("%d jobs, %v", len(jobs), err)
		}
		for range 2 {
			if _, err := d.eraseAlbums(ctx, d.bob.ID, 10); err != nil {
				t.Fatal(err)
			}
		}
		for i := range jobs {
			s.must(d.makeAlbumZip(ctx, &jobs[i]))
		}
		if _, err := d.AlbumDownload(ctx, d.bob); !errors.Is(err, ErrNotFound) {
			t.Errorf("after the account's rows went: %v", err)
		}
		if n := len(d.archive(d.ann)); n != 2 {
			t.Errorf("the other has %d files", n)
		}
		if n := d.count("SELECT COUNT(*) FROM media_objects WHERE kind = 'orig'"); n != 1 {
			t.Errorf("%d archives in the store, want one", n)
		}

		d.exec("UPDATE photos SET bytes = ?, orig_random = 'ff' WHERE id = ?", int64(MaxAlbumDownload), photo)
		refused("more bytes than an archive takes", "too_large", d.StartAlbumDownload(ctx, d.ann, id, true))
		s.must(d.StartAlbumDownload(ctx, d.ann, id, false))
	})
}

// A worker is killed while it writes an archive: another takes it up again, and nothing of the first is left.
func TestAWorkerDiesOverAnArchive(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{})
		ctx := t.Context()
		s := &testSite{d.Community, t, ctx}
		id := s.album(d.ann, AlbumForm{}, s.post(d.ann, store.Public, "").Photos[0].ID)
		job := d.claim(jobAlbumZip, func() { s.must(d.StartAlbumDownload(ctx, d.bob, id, true)) })

		dead := newSet{kind: store.SetOriginal, random: media.NewRandom()}
		s.must(d.announceSets(ctx, dead))
		_, err := d.Media.Put(ctx, media.OriginalKey(dead.random), strings.NewReader("half of it"), media.PutOptions{})
		s.must(err)
		d.exec("UPDATE jobs SET lease_until = 0 WHERE id = ?", job.ID)

		d.work()
		if n := len(d.archive(d.bob)); n != 2 {
			t.Errorf("the archive has %d files", n)
		}
		// The first is not dead after all, and comes to its end: it changes nothing.
		made, err := d.AlbumDownload(ctx, d.bob)
		s.must(err)
		s.must(d.makeAlbumZip(ctx, job))
		again, err := d.AlbumDownload(ctx, d.bob)
		s.must(err)
		if again.Random != made.Random {
			t.Error("the archive was made twice")
		}
		d.exec("UPDATE media_objects SET created_at = created_at - ? WHERE state = 'new'", (24 * time.Hour).Milliseconds())
		d.sweepAll()
		if files := d.files(); !slices.Contains(files, media.OriginalKey(made.Random)) || slices.Contains(files, media.OriginalKey(dead.random)) {
			t.Errorf("the store has %v", files)
		}
	})
}

// A store that gives up in the middle leaves no archive and no reader waiting.
func TestAnArchiveThatIsNotTaken(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{media: func(s media.Store) media.Store { return &halfway{Store: s} }})
	ctx := t.Context()
	s := &testSite{d.Community, t, ctx}
	id := s.album(d.ann, AlbumForm{}, s.post(d.ann, store.Public, "").Photos[0].ID)
	job := d.claim(jobAlbumZip, func() { s.must(d.StartAlbumDownload(ctx, d.bob, id, false)) })
	if err := d.makeAlbumZip(ctx, job); !errors.Is(err, media.ErrNoSpace) {
		t.Fatalf("%v, want that there is no space", err)
	}
	if n := d.count("SELECT COUNT(*) FROM media_objects WHERE kind = 'orig' AND state <> 'gone'"); n != 0 {
		t.Errorf("%d archives are left", n)
	}
	s.must(d.albumZipFailed(ctx, job, "no space"))
	failed, err := d.AlbumDownload(ctx, d.bob)
	if err != nil || failed.State != store.DownloadFailed {
		t.Errorf("%+v, %v", failed, err)
	}
	s.must(d.StartAlbumDownload(ctx, d.bob, id, false)) // and may try again
}

// halfway is a store that reads a little of an archive and is full.
type halfway struct{ media.Store }

func (h *halfway) Put(ctx context.Context, key string, r io.Reader, o media.PutOptions) (int64, error) {
	if o.ContentType != "application/zip" {
		return h.Store.Put(ctx, key, r, o)
	}
	_, _ = io.ReadFull(r, make([]byte, 10))
	return 0, media.ErrNoSpace
}

// A small album does not wait for somebody's large export, nor do the files of another member that are looked through.
func TestAnArchiveDoesNotWaitForAnExport(t *testing.T) {
	h := &heldExport{begun: make(chan struct{}), goOn: make(chan struct{})}
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{media: func(s media.Store) media.Store { h.Store = s; return h }}).work()
	ctx := t.Context()
	s := &testSite{d.Community, t, ctx}
	d.password(d.ann)
	id := s.album(d.ann, AlbumForm{}, s.post(d.ann, store.Public, "").Photos[0].ID)
	s.must(d.StartExport(ctx, d.ann, Confirmation{Password: annsPassword}))
	select {
	case <-h.begun:
	case <-time.After(time.Minute):
		t.Fatal("the export does not begin")
	}
	s.must(d.StartAlbumDownload(ctx, d.bob, id, true))
	if n := len(d.archive(d.bob)); n != 2 {
		t.Errorf("the archive has %d files", n)
	}
	if i := d.sendImport(d.bob, zipped(t, "a.jpg", photograph(7))); i.State != store.ImportFound {
		t.Errorf("the import is %s", i.State)
	}
	if e, err := d.ExportOf(ctx, d.ann); err != nil || e.State != store.ExportWorking {
		t.Errorf("the export is %+v, %v", e, err)
	}
	close(h.goOn)
	if e, _ := d.exported(d.ann); e.State != store.ExportReady {
		t.Errorf("the export is %s", e.State)
	}
}

// heldExport is a store that takes the first zip file, an export, only once it is told to.
type heldExport struct {
	media.Store
	begun, goOn chan struct{}
	held        atomic.Bool
}

func (h *heldExport) Put(ctx context.Context, key string, r io.Reader, o media.PutOptions) (int64, error) {
	if o.ContentType == "application/zip" && h.held.CompareAndSwap(false, true) {
		close(h.begun)
		select {
		case <-h.goOn:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	return h.Store.Put(ctx, key, r, o)
}

// Who takes back that others may have an original takes it back from the archives that they have, too: the photo is in the album
// again, and the archive with the original is not.
func TestLeaveToOriginalsIsTakenBack(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{}).work()
		ctx := t.Context()
		s := &testSite{d.Community, t, ctx}
		cora := d.account("cora")
		bobs, anns := d.posted(d.bob, store.Public, 1), d.posted(d.ann, store.Public, 2)
		al, err := d.CreateAlbum(ctx, d.ann, AlbumForm{Title: "An outing", Visibility: store.AlbumMembers, Adders: store.AddersMembers, Ordering: store.OrderByHand})
		s.must(err)
		add := func(who *store.Account, photo *store.Photo, originals bool) {
			t.Helper()
			_, err := d.AddToAlbum(ctx, who, al.ID, []int64{photo.ID}, originals)
			s.must(err)
		}
		add(d.bob, bobs, true)
		add(d.ann, anns, true)
		random := func(who *store.Account) string {
			t.Helper()
			now, err := d.AlbumDownload(ctx, who)
			s.must(err)
			return now.Random
		}
		for who, originals := range map[*store.Account]bool{cora: true, d.bob: true, d.ann: false} {
			s.must(d.StartAlbumDownload(ctx, who, al.ID, originals))
			d.archive(who)
		}
		s.must(d.RemoveFromAlbum(ctx, d.bob, al.ID, bobs.ID))
		add(d.bob, bobs, false)
		if _, _, err := d.OpenAlbumDownload(ctx, cora, random(cora)); !errors.Is(err, ErrAlbumChanged) {
			t.Errorf("the archive with the original: %v", err)
		}
		if _, err := d.AlbumDownload(ctx, cora); !errors.Is(err, ErrNotFound) {
			t.Errorf("it is kept: %v", err)
		}
		for _, who := range []*store.Account{d.bob, d.ann} { // his own original, and what the site shows
			_, o, err := d.OpenAlbumDownload(ctx, who, random(who))
			if err != nil {
				t.Fatalf("%s: %v", who.Username, err)
			}
			o.Close()
		}
		s.must(d.StartAlbumDownload(ctx, cora, al.ID, true))
		files := d.archive(cora)
		for name, b := range files {
			if bytes.Equal(b, d.open(media.OriginalKey(bobs.OrigRandom))) {
				t.Errorf("%s is the original still", name)
			}
		}
	})
}

// A photo whose file goes, or is too short, while it is copied makes no archive with half of it.
func TestNoArchiveHasHalfAPhoto(t *testing.T) {
	for name, breaks := range map[string]func(*media.Object) io.ReadSeekCloser{
		"it goes":         func(o *media.Object) io.ReadSeekCloser { return &goneObject{o.ReadSeekCloser, media.ErrNotFound} },
		"it is too short": func(o *media.Object) io.ReadSeekCloser { return &goneObject{o.ReadSeekCloser, io.EOF} },
	} {
		t.Run(name, func(t *testing.T) {
			b := &breakingStore{}
			d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{media: func(s media.Store) media.Store { b.Store = s; return b }}).work()
			ctx := t.Context()
			s := &testSite{d.Community, t, ctx}
			al, err := d.Store.AlbumByID(ctx, d.ann, s.album(d.ann, AlbumForm{}, d.posted(d.ann, store.Public, 1).ID))
			s.must(err)
			files, _, err := d.albumFiles(ctx, d.bob, al, false)
			s.must(err)
			random, made := media.NewRandom(), store.AlbumDownload{}
			b.breaks = breaks
			if err := d.writeAlbumZip(ctx, al, &made, files, random); err == nil {
				t.Errorf("it is made: %+v", made)
			}
			if _, err := b.Store.Open(ctx, media.OriginalKey(random)); !errors.Is(err, media.ErrNotFound) {
				t.Errorf("it is kept: %v", err)
			}
			b.breaks = nil
			s.must(d.writeAlbumZip(ctx, al, &made, files, random))
			if len(made.Photos.V) != 1 {
				t.Errorf("%+v", made)
			}
		})
	}
}

// breakingStore gives objects that break.
type breakingStore struct {
	media.Store
	breaks func(*media.Object) io.ReadSeekCloser
}

func (b *breakingStore) Open(ctx context.Context, key string) (*media.Object, error) {
	o, err := b.Store.Open(ctx, key)
	if err == nil && b.breaks != nil {
		o.ReadSeekCloser = b.breaks(o)
	}
	return o, err
}

// goneObject gives ten bytes, and then the error.
type goneObject struct {
	io.ReadSeekCloser
	err error
}

func (g *goneObject) Read(p []byte) (int, error) {
	if at, err := g.Seek(0, io.SeekCurrent); err != nil || at >= 10 {
		return 0, errors.Join(err, g.err)
	}
	return g.ReadSeekCloser.Read(p[:min(len(p), 10)])
}
