package community

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"tintype/internal/media"
	"tintype/internal/phototest"
	"tintype/internal/queue"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

var errDead = errors.New("this process is dead")

// mortal is the media of a process that dies at its nth step: before and behind everything it does to files, and in
// the middle of a write. From then on nothing it does has any effect.
type mortal struct {
	media.Store
	mu    sync.Mutex
	dir   string
	left  int
	dead  bool
	death func()
}

func (m *mortal) step() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return errDead
	}
	if m.left--; m.left == 0 {
		m.dead = true
		m.death()
		return errDead
	}
	return nil
}

func (m *mortal) around(f func() error) error {
	if err := m.step(); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	return m.step()
}

func (m *mortal) Put(ctx context.Context, key string, r io.Reader, o media.PutOptions) (n int64, err error) {
	err = m.around(func() error {
		if err := m.step(); err != nil { // what a kill leaves of a write
			return errors.Join(err, os.WriteFile(filepath.Join(m.dir, "tmp", "put-"+strings.ReplaceAll(key, "/", "-")), []byte("half"), 0o600))
		}
		n, err = m.Store.Put(ctx, key, r, o)
		return err
	})
	return n, err
}

func (m *mortal) Copy(ctx context.Context, from, to string) error {
	return m.around(func() error { return m.Store.Copy(ctx, from, to) })
}

func (m *mortal) Open(ctx context.Context, key string) (o *media.Object, err error) {
	err = m.around(func() error { o, err = m.Store.Open(ctx, key); return err })
	if err != nil && o != nil {
		o.Close()
	}
	return o, err
}

func (m *mortal) Delete(ctx context.Context, keys ...string) error {
	for _, k := range keys {
		if err := m.around(func() error { return m.Store.Delete(ctx, k) }); err != nil {
			return err
		}
	}
	return nil
}

// runJobs works on every job that is due, one after the other, until none is left or a handler fails.
func (d *photoSite) runJobs() error {
	b := JobBackend(d.Store)
	handlers := map[string]func(context.Context, *queue.Job) error{
		jobProcess: d.preparePhoto, jobFocus: d.refocusPhoto, jobRemove: d.removeMedia, jobKeepPhotos: d.runKeepPhotos, jobExport: d.writeExport, JobAccountPhotos: d.runAccountPhotos,
	}
	for {
		jobs, err := b.Claim(d.t.Context(), slices.Collect(maps.Keys(handlers)), 1, time.Hour)
		if err != nil || len(jobs) == 0 {
			return err
		}
		if err := handlers[jobs[0].Kind](d.t.Context(), &jobs[0]); err != nil {
			return err
		}
		if err := b.Finish(d.t.Context(), jobs[0].ID, jobs[0].Token); err != nil {
			return err
		}
	}
}

// life is what the dying process was told, and what must therefore be true.
type life struct {
	kept, removed int64
	private       bool
	focused       bool
}

// live goes through the life of photographs until the process dies.
func (l *life) live(d *photoSite) error {
	ctx := d.t.Context()
	file := phototest.JPEG(phototest.Options{Width: 360, Height: 330})
	p, err := d.StartUpload(ctx, d.ann, Upload{Body: bytes.NewReader(file), Size: int64(len(file))})
	if err != nil {
		return err
	}
	l.kept = p.ID
	if err := d.runJobs(); err != nil {
		return err
	}
	left := -1.0
	if _, err := d.UpdatePhoto(ctx, d.ann, p.ID, PhotoChange{FocusX: &left}); err != nil {
		return err
	}
	l.focused = true
	if err := d.runJobs(); err != nil {
		return err
	}
	broken := io.MultiReader(bytes.NewReader(file[:2000]), iotest.ErrReader(errors.New("cut")))
	if _, err := d.StartUpload(ctx, d.ann, Upload{Body: broken}); !errors.As(err, new(*Invalid)) {
		return err
	}
	refused, err := d.StartUpload(ctx, d.ann, Upload{Body: bytes.NewReader(file[:len(file)/2])})
	if err != nil {
		return err
	}
	if err := d.runJobs(); err != nil {
		return err
	}
	if err := d.RemovePhoto(ctx, d.ann, refused.ID); err != nil {
		return err
	}
	l.removed = refused.ID
	if err := d.runJobs(); err != nil {
		return err
	}
	err = d.withSets(ctx, store.SetPrivate, []int64{p.ID}, func(sets []replacedSet) error {
		return d.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return d.switchSets(ctx, tx, sets) })
	})
	if err != nil {
		return err
	}
	l.private = true
	return d.runJobs()
}

// TestKilledAnywhere kills the process at every step of the lives of photographs. After a restart every acknowledged
// upload is whole, nothing is half there, and the sweep leaves just the files that the rows name.
func TestKilledAnywhere(t *testing.T) {
	const never = 1 << 30
	steps := never - killAt(t, never)
	if steps < 40 {
		t.Errorf("only %d steps", steps)
	}
	stride := 1
	if testing.Short() {
		stride = 5
	}
	for n := 1; n <= steps; n += stride {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			killAt(t, n)
		})
	}
}

// killAt returns how many steps were left.
func killAt(t *testing.T, n int) int {
	s := storetest.SQLite(t)
	var path string
	if err := s.SQL().QueryRow("SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&path); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	mine, err := store.Open(t.Context(), storetest.Options("sqlite:"+path))
	if err != nil {
		t.Fatal(err)
	}
	o := photoSiteOptions{dropOriginals: n%2 == 0}
	m := &mortal{dir: dir, left: n, death: func() { mine.Close() }}
	mo := o
	mo.media = func(disk media.Store) media.Store { m.Store = disk; return m }
	var l life
	err = l.live(openPhotoSite(t, mine, dir, mo))
	if !m.dead {
		if err != nil {
			t.Fatal(err)
		}
		mine.Close()
	}

	d := openPhotoSite(t, s, dir, o)
	d.exec("UPDATE jobs SET lease_until = 0") // half a minute later
	for range 3 {
		if err := d.runJobs(); err != nil {
			t.Errorf("after the restart: %v", err)
		}
	}
	if l.kept != 0 {
		p, err := d.Store.PhotoByID(t.Context(), l.kept)
		if err != nil || p.State != store.PhotoReady {
			t.Fatalf("an acknowledged upload: %+v, %v", p, err)
		}
		if l.private && p.SetKind != store.SetPrivate {
			t.Errorf("a set made private is %s", p.SetKind)
		}
		if l.focused && p.FocusX != -1 {
			t.Errorf("the focal point is %v", p.FocusX)
		}
		if !d.attach(d.post(d.ann, store.Public), p) {
			t.Error("the photo cannot be posted")
		}
	}
	if l.removed != 0 {
		if _, err := d.PhotoByID(t.Context(), d.ann, l.removed); err != ErrNotFound {
			t.Errorf("what was removed: %v", err)
		}
	}
	d.pass(7 * 24 * time.Hour)
	old := time.Now().Add(-24 * time.Hour)
	left, err := filepath.Glob(filepath.Join(dir, "tmp", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range left {
		if err := os.Chtimes(name, old, old); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if err := d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := d.runJobs(); err != nil {
			t.Fatal(err)
		}
		d.pass(7 * 24 * time.Hour)
	}
	d.consistent()
	return m.left
}

// full is a disk that takes no more bytes from its nth write on, while full is set.
type full struct {
	media.Store
	mu   sync.Mutex
	left int
}

// takes reports whether there is room for another write.
func (f *full) takes() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left--
	return f.left >= 0
}

func (f *full) Put(ctx context.Context, key string, r io.Reader, o media.PutOptions) (int64, error) {
	if !f.takes() {
		_, _ = io.CopyN(io.Discard, r, 1000)
		return 0, media.ErrNoSpace
	}
	return f.Store.Put(ctx, key, r, o)
}

func (f *full) Copy(ctx context.Context, from, to string) error {
	if !f.takes() {
		return media.ErrNoSpace
	}
	return f.Store.Copy(ctx, from, to)
}

// TestDiskFull: uploads say so and leave nothing; what was acknowledged waits for room.
func TestDiskFull(t *testing.T) {
	disk := &full{left: 2} // the original and one variant
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{media: func(m media.Store) media.Store { disk.Store = m; return disk }})
	file := phototest.JPEG(phototest.Options{})
	p := d.upload(d.ann, file)
	if err := d.runJobs(); !errors.Is(err, media.ErrNoSpace) {
		t.Errorf("preparing on a full disk: %v", err)
	}
	if _, err := d.StartUpload(t.Context(), d.ann, Upload{Body: bytes.NewReader(file)}); err != ErrFull {
		t.Errorf("upload to a full disk: %v", err)
	}
	if files := d.files(); len(files) != 1 || files[0] != media.OriginalKey(p.OrigRandom) {
		t.Errorf("left on the disk: %v", files)
	}
	if n := d.count("SELECT COUNT(*) FROM photos"); n != 1 {
		t.Errorf("%d rows", n)
	}
	disk.left = 1000
	d.exec("UPDATE jobs SET lease_until = 0, run_at = 0")
	if err := d.runJobs(); err != nil {
		t.Fatal(err)
	}
	if p := d.wait(d.ann, p.ID); p.State != store.PhotoReady {
		t.Errorf("%s once there is room", p.State)
	}
	// A copy that does not fit leaves the photo as it was.
	disk.left = 1
	err := d.withSets(t.Context(), store.SetPrivate, []int64{p.ID}, func([]replacedSet) error {
		t.Error("the transaction ran without its files")
		return nil
	})
	if err != ErrFull {
		t.Errorf("copy on a full disk: %v", err)
	}
	if err := d.runJobs(); err != nil {
		t.Fatal(err)
	}
	d.exec("UPDATE photos SET attached_at = 1")
	d.pass(24 * time.Hour)
	if err := d.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.consistent()
}
