package community

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"tintype/internal/live"
	"tintype/internal/media"
	"tintype/internal/phototest"
	"tintype/internal/queue"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// photoSite is a site with its media on disk and, once work is called, somebody at work.
type photoSite struct {
	*Community
	t     *testing.T
	dir   string
	queue *queue.Queue
	ann   *store.Account
	bob   *store.Account
}

type photoSiteOptions struct {
	visitors      Visitors // read, unless set
	dropOriginals bool
	media         func(media.Store) media.Store // wraps the disk
}

func newPhotoSite(t *testing.T, s *store.Store, o photoSiteOptions) *photoSite {
	t.Helper()
	return openPhotoSite(t, s, t.TempDir(), o)
}

// openPhotoSite opens a site over files that are there.
func openPhotoSite(t *testing.T, s *store.Store, dir string, o photoSiteOptions) *photoSite {
	t.Helper()
	disk, err := media.NewDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	d := &photoSite{t: t, dir: dir}
	var files media.Store = disk
	if o.media != nil {
		files = o.media(disk)
	}
	hub := live.NewHub(live.Options{Reader: EventReader(s)})
	d.Community = New(Options{
		Store: s, Media: files, Processor: media.NewProcessor(media.Options{}), Live: hub, Log: slog.New(slog.DiscardHandler),
		SiteDefaults: Site{Visitors: o.visitors}, KeepOriginals: !o.dropOriginals, MaxUploadBytes: 5e6,
	})
	d.queue = queue.New(queue.Options{Backend: JobBackend(s), Workers: Workers(), Poll: 50 * time.Millisecond, Log: d.Log})
	d.RegisterJobs(d.queue)
	s.OnJob(d.queue.Notify)
	s.OnEvent(hub.Wake)
	d.ann, d.bob = d.account("ann"), d.account("bob")
	return d
}

// work starts the workers and the follower of events.
func (d *photoSite) work() *photoSite {
	d.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { d.Live.Follow(ctx); close(done) }()
	d.queue.Start(ctx)
	d.t.Cleanup(func() {
		sctx, scancel := context.WithTimeout(ctx, time.Minute)
		defer scancel()
		if err := d.queue.Stop(sctx); err != nil {
			d.t.Error(err)
		}
		cancel()
		<-done
	})
	return d
}

func (d *photoSite) account(name string) *store.Account {
	d.t.Helper()
	found, err := d.Store.AccountByUsername(d.t.Context(), name)
	if err == nil {
		return found
	}
	now := store.ToMillis(time.Now())
	a := &store.Account{
		Username: name, UsernameKey: name, Role: store.RoleMember, DefaultVisibility: store.Public,
		DefaultLicence: "all-rights-reserved", WarnedPhotos: "ask", Theme: "system", CreatedAt: now, UpdatedAt: now,
	}
	a.ID, err = d.Store.TxOnce(d.t.Context(), "accounts", func(ctx context.Context, tx *store.Store, id int64) error {
		a.ID = id
		return tx.CreateAccount(ctx, a)
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return a
}

func (d *photoSite) upload(acc *store.Account, file []byte) *store.Photo {
	d.t.Helper()
	p, err := d.StartUpload(d.t.Context(), acc, Upload{FileName: "IMG_1.jpg", Body: bytes.NewReader(file)})
	if err != nil {
		d.t.Fatal(err)
	}
	if p.State != store.PhotoPending {
		d.t.Fatalf("state %s after the upload", p.State)
	}
	return p
}

func (d *photoSite) wait(acc *store.Account, id int64) *store.Photo {
	d.t.Helper()
	p, err := d.WaitPhoto(d.t.Context(), acc, id, time.Minute)
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}

// exec changes the database behind everybody's back: to let time pass, or as if somebody had died.
func (d *photoSite) exec(statement string, args ...any) {
	d.t.Helper()
	if _, err := d.Store.SQL().ExecContext(d.t.Context(), statement, args...); err != nil {
		d.t.Fatal(err)
	}
}

func (d *photoSite) count(query string, args ...any) int {
	d.t.Helper()
	var n int
	if err := d.Store.SQL().QueryRowContext(d.t.Context(), query, args...).Scan(&n); err != nil {
		d.t.Fatal(err)
	}
	return n
}

// pass lets hours pass for everything that the sweep looks at.
func (d *photoSite) pass(by time.Duration) {
	d.t.Helper()
	ms := by.Milliseconds()
	d.exec("UPDATE photos SET created_at = created_at - ?, updated_at = updated_at - ?", ms, ms)
	d.exec("UPDATE media_objects SET created_at = created_at - ?, gone_at = gone_at - ?", ms, ms)
}

// idle waits until no job is left that is due.
func (d *photoSite) idle() {
	d.t.Helper()
	servertest.Within(d.t, 3*time.Minute, "all jobs that are due end", func() bool {
		return d.count("SELECT COUNT(*) FROM jobs WHERE state = 'ready'") == 0
	})
}

// files lists the keys on the disk.
func (d *photoSite) files() []string {
	d.t.Helper()
	var keys []string
	err := filepath.WalkDir(d.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(d.dir, path)
		parts := strings.Split(filepath.ToSlash(rel), "/")
		if len(parts) > 3 {
			parts = slices.Delete(parts, 1, 3) // the folders by first digits
		}
		keys = append(keys, strings.Join(parts, "/"))
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		d.t.Fatal(err)
	}
	return keys
}

// consistent fails unless the files on disk are just those that the rows of photos name, and no photo is half there.
func (d *photoSite) consistent() {
	d.t.Helper()
	rows, err := d.Store.SQL().QueryContext(d.t.Context(), "SELECT id FROM photos")
	if err != nil {
		d.t.Fatal(err)
	}
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			d.t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Close(); err != nil {
		d.t.Fatal(err)
	}
	photos, err := d.Store.PhotosByID(d.t.Context(), ids)
	if err != nil {
		d.t.Fatal(err)
	}
	want := map[string]string{}
	for _, p := range photos {
		if p.State != store.PhotoReady && p.State != store.PhotoPending && p.State != store.PhotoRefused {
			d.t.Errorf("photo %d is left %s", p.ID, p.State)
		}
		if p.OrigRandom != "" {
			want[media.OriginalKey(p.OrigRandom)] = p.State
		}
		if p.State == store.PhotoReady {
			if len(p.Variants.V) < 2 {
				d.t.Errorf("photo %d has %d variants", p.ID, len(p.Variants.V))
			}
			for _, v := range p.Variants.V {
				want[p.Key(v.Name)] = p.State
			}
		}
	}
	for _, k := range d.files() {
		if _, ok := want[k]; !ok {
			d.t.Errorf("a file that nobody knows: %s", k)
		}
		delete(want, k)
	}
	for k, state := range want {
		d.t.Errorf("a file is missing: %s of a photo that is %s", k, state)
	}
	if n := d.count("SELECT COUNT(*) FROM media_objects WHERE state <> 'live'"); n != 0 {
		d.t.Errorf("%d sets are left that are not live", n)
	}
}

// sweepAll sweeps as if a week had passed, and again.
func (d *photoSite) sweepAll() {
	d.t.Helper()
	for range 3 {
		if err := d.Sweep(d.t.Context()); err != nil {
			d.t.Fatal(err)
		}
		d.idle()
		d.exec("UPDATE media_objects SET gone_at = gone_at - ?", (7 * 24 * time.Hour).Milliseconds())
	}
}

func (d *photoSite) tx(f func(ctx context.Context, tx *store.Store) error) error {
	return d.Store.Tx(d.t.Context(), f)
}

func (d *photoSite) post(acc *store.Account, v store.Visibility) int64 {
	d.t.Helper()
	id, err := d.Store.TxOnce(d.t.Context(), "posts", func(ctx context.Context, tx *store.Store, id int64) error {
		return tx.CreatePost(ctx, &store.Post{
			ID: id, AuthorID: acc.ID, Kind: store.KindPost, Home: true, Listed: v == store.Public, Visibility: v,
			Licence: "all-rights-reserved", PhotosCount: 1, CreatedAt: store.ToMillis(time.Now()),
		})
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return id
}

func (d *photoSite) attach(postID int64, p *store.Photo) bool {
	d.t.Helper()
	var ok bool
	err := d.tx(func(ctx context.Context, tx *store.Store) (err error) {
		ok, err = tx.AttachPhoto(ctx, p.AccountID, p.ID, postID, 0, "", store.ToMillis(time.Now()))
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return ok
}

// open reads a whole file.
func (d *photoSite) open(key string) []byte {
	d.t.Helper()
	o, err := d.Media.Open(d.t.Context(), key)
	if err != nil {
		d.t.Fatal(err)
	}
	defer o.Close()
	b, err := io.ReadAll(o)
	if err != nil {
		d.t.Fatal(err)
	}
	return b
}

func TestUpload(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{}).work()
		file := phototest.JPEG(phototest.Options{Width: 1400, Height: 900, Orientation: 6, GPS: true, AltText: "A quarter each", Make: "Canon", Model: "R5", ISO: 200, TakenAt: "2024:05:06 07:08:09"})
		p, err := d.StartUpload(t.Context(), d.ann, Upload{FileName: `C:\fotos\` + "a\x00.jpg", Body: iotest.HalfReader(bytes.NewReader(file)), Size: int64(len(file))})
		if err != nil {
			t.Fatal(err)
		}
		p = d.wait(d.ann, p.ID)
		if p.State != store.PhotoReady || p.Width != 1400 || p.Height != 900 || p.FileName != "a.jpg" || p.Bytes != int64(len(file)) ||
			p.MediaType != "image/jpeg" || len(p.SHA256) != 64 || p.Blurhash == "" || p.ColorTop == "" || p.SetKind != store.SetPublic {
			t.Errorf("%+v", p)
		}
		if p.Description != "A quarter each" || p.Metadata.V.Camera != "Canon R5" || p.Metadata.V.ISO != "200" || p.Metadata.V.TakenAt != "2024-05-06T07:08:09" {
			t.Errorf("description %q, metadata %+v", p.Description, p.Metadata.V)
		}
		var names []string
		for _, v := range p.Variants.V {
			names = append(names, v.Name)
			b := d.open(p.Key(v.Name))
			if int64(len(b)) != v.Bytes {
				t.Errorf("%s has %d bytes, the row says %d", v.Name, len(b), v.Bytes)
			}
			m, err := jpeg.Decode(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			if s := m.Bounds(); s.Dx() != v.Width || s.Dy() != v.Height {
				t.Errorf("%s is %v, the row says %d×%d", v.Name, s, v.Width, v.Height)
			}
			if v.Name != "square" {
				if err := phototest.Upright(m); err != nil {
					t.Errorf("%s: %v", v.Name, err)
				}
			}
			for _, mark := range phototest.GPSMarks() {
				if len(mark) > 2 && bytes.Contains(b, mark) { // two bytes meet by chance among many
					t.Errorf("%s tells the place", v.Name)
				}
			}
			if _, err := media.ParseKey(p.Key(v.Name)); err != nil {
				t.Error(err)
			}
		}
		if !slices.Equal(names, []string{"320", "640", "960", "1280", "1400", "square"}) {
			t.Errorf("variants %v", names)
		}
		_, o, err := d.OpenOriginal(t.Context(), d.ann, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		if b, err := io.ReadAll(o); err != nil || !bytes.Equal(b, file) {
			t.Errorf("the original is not what was uploaded, %v", err)
		}
		if _, _, err := d.OpenOriginal(t.Context(), d.bob, p.ID); err != ErrNotFound {
			t.Errorf("somebody else's original: %v", err)
		}
		if _, err := d.PhotoByID(t.Context(), nil, p.ID); err != ErrNotFound {
			t.Errorf("a visitor: %v", err)
		}
		d.idle()
		d.consistent()
	})
}

func TestUploadRefused(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{}).work()
	good := phototest.JPEG(phototest.Options{})
	for name, c := range map[string]struct {
		file []byte
		code string
	}{
		"text":      {[]byte("hello"), media.CodeFormat},
		"empty":     {nil, media.CodeEmpty},
		"heic":      {phototest.HEIC(), media.CodeFormat},
		"truncated": {good[:len(good)/2], media.CodeTruncated},
		"bomb":      {phototest.Bomb(60_000), media.CodeTooLargePixels},
	} {
		t.Run(name, func(t *testing.T) {
			p := d.wait(d.ann, d.upload(d.ann, c.file).ID)
			if p.State != store.PhotoRefused || p.RefusalCode != c.code || p.Refusal == "" {
				t.Errorf("state %s, code %s, %q; want %s", p.State, p.RefusalCode, p.Refusal, c.code)
			}
			if _, err := d.RetryPhoto(t.Context(), d.ann, p.ID); !errors.As(err, new(*Invalid)) {
				t.Errorf("retry: %v", err)
			}
		})
	}
	if _, photos, err := d.Draft(t.Context(), d.ann); err != nil || len(photos) != 5 {
		t.Errorf("%d photos in the draft, %v: refused ones stay until they are removed", len(photos), err)
	}
	d.idle()
	d.sweepAll()
	d.consistent()
	if files := d.files(); len(files) != 0 {
		t.Errorf("originals of refused files are kept: %v", files)
	}
}

func TestUploadBroken(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
	broken := errors.New("connection reset")
	for name, c := range map[string]struct {
		u    Upload
		want func(error) bool
	}{
		"connection": {Upload{Body: io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken))},
			func(err error) bool { return errors.As(err, new(*Invalid)) && errors.Is(err, broken) }},
		"short":              {Upload{Body: strings.NewReader("half"), Size: 8}, func(err error) bool { return errors.As(err, new(*Invalid)) }},
		"too large":          {Upload{Body: bytes.NewReader(make([]byte, 5e6+1))}, func(err error) bool { return err == ErrTooLarge }},
		"announced as large": {Upload{Body: strings.NewReader(""), Size: 5e6 + 1}, func(err error) bool { return err == ErrTooLarge }},
		"the handler's own limit": {Upload{Body: iotest.ErrReader(fmt.Errorf("cut: %w", ErrTooLarge))},
			func(err error) bool { return err == ErrTooLarge }},
		"description": {Upload{Body: strings.NewReader(""), Description: strings.Repeat("x", MaxDescription+1)},
			func(err error) bool { return errors.As(err, new(*Invalid)) }},
	} {
		if _, err := d.StartUpload(t.Context(), d.ann, c.u); !c.want(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := d.StartUpload(t.Context(), nil, Upload{}); err != ErrUnauthenticated {
		t.Errorf("a visitor: %v", err)
	}
	if n := d.count("SELECT COUNT(*) FROM photos") + d.count("SELECT COUNT(*) FROM jobs"); n != 0 || len(d.files()) != 0 {
		t.Errorf("%d rows and %v are left", n, d.files())
	}
	for range MaxUnattached {
		d.upload(d.ann, nil)
	}
	if _, err := d.StartUpload(t.Context(), d.ann, Upload{Body: strings.NewReader("")}); !errors.As(err, new(*Invalid)) {
		t.Errorf("too many at once: %v", err)
	}
}

// TestWaitPhoto: nobody works, so the wait ends with the photo as it is; then somebody does, on another instance.
func TestWaitPhoto(t *testing.T) {
	s := storetest.SQLite(t)
	d := newPhotoSite(t, s, photoSiteOptions{})
	p := d.upload(d.ann, phototest.JPEG(phototest.Options{}))
	if p, err := d.WaitPhoto(t.Context(), d.ann, p.ID, time.Millisecond); err != nil || p.State != store.PhotoPending {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := d.WaitPhoto(t.Context(), d.bob, p.ID, time.Hour); err != ErrNotFound {
		t.Errorf("somebody else's: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.WaitPhoto(ctx, d.ann, p.ID, time.Hour); err == nil {
		t.Error("a wait whose context is over found something")
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if p := d.wait(d.ann, p.ID); p.State != store.PhotoReady {
				t.Errorf("state %s", p.State)
			}
		})
	}
	openPhotoSite(t, s, d.dir, photoSiteOptions{}).work()
	wg.Wait()
}
