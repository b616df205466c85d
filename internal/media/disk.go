package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"tintype/internal/budget"
)

// tempDir holds what is being written. It lies in the same file system as the objects, so that a rename is atomic, and
// its name is no kind of key.
const tempDir = "tmp"

// Disk is a Store in a directory: <dir>/<kind>/<aa>/<bb>/<random>/<variant>.jpg, where aa and bb are the first digits of
// the random part, so that no folder grows large.
type Disk struct {
	dir    string
	caller diskCaller
}

var _ Store = (*Disk)(nil)

var (
	_ TempSweeper = (*Disk)(nil)
	_ Folder      = (*Disk)(nil)
)

// String implements Store.
func (d *Disk) String() string { return "disk, " + d.dir }

// NewDisk opens or makes the directory dir.
func NewDisk(dir string) (*Disk, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("media: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(abs, tempDir), 0o750); err != nil {
		return nil, diskError(err)
	}
	d := &Disk{dir: abs}
	d.caller.probe = func() error {
		_, err := os.ReadDir(filepath.Join(abs, tempDir))
		return err
	}
	return d, nil
}

// TempDir returns a folder for temporary files in the same file system as the objects.
func (d *Disk) TempDir() string { return filepath.Join(d.dir, tempDir) }

// Dir returns the directory.
func (d *Disk) Dir() string { return d.dir }

func (d *Disk) path(key string) (string, error) {
	k, err := ParseKey(key)
	if err != nil {
		return "", err
	}
	p := filepath.Join(d.dir, string(k.Kind), k.Random[:2], k.Random[2:4], k.Random)
	if k.Kind == Original {
		return p, nil
	}
	return filepath.Join(p, k.Variant+".jpg"), nil
}

// Put implements Store. The bytes go to a temporary name, are synced, and then renamed. On a disk that hangs the object
// may be there in the end all the same; whoever announced its key removes it.
func (d *Disk) Put(ctx context.Context, key string, r io.Reader, o PutOptions) (n int64, err error) {
	path, err := d.path(key)
	if err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if o.MaxSize > 0 && o.Size > o.MaxSize {
		return 0, ErrTooLarge
	}
	var tmp *os.File
	drop := func() {
		tmp.Close()
		os.Remove(tmp.Name())
	}
	// An upload has minutes, and a budget that is each call's own.
	calls := budget.None(ctx)
	call := func(f func() error) error { return d.caller.do(calls, diskWrite, f, nil) }
	if err := d.caller.do(calls, diskPatience, func() (err error) {
		tmp, err = os.CreateTemp(filepath.Join(d.dir, tempDir), "put-*")
		return err
	}, drop); err != nil {
		return 0, diskError(err)
	}
	defer func() {
		if err != nil {
			n = 0
			// It may hang as well, and then nobody waits for it.
			dropped := make(chan struct{})
			go func() { defer close(dropped); drop() }()
			if !errors.Is(err, ErrUnavailable) {
				select {
				case <-dropped:
				case <-time.After(diskPatience):
				}
			}
		}
	}()
	limit := o.MaxSize
	if o.Size > 0 {
		limit = o.Size
	}
	src := io.Reader(ctxReader{ctx, r})
	if limit > 0 {
		src = io.LimitReader(src, limit+1)
	}
	if n, err = io.Copy(diskWriter{tmp, call}, src); err != nil {
		return 0, diskError(err)
	}
	switch {
	case limit > 0 && n > limit:
		return 0, ErrTooLarge
	case o.Size > 0 && n < o.Size:
		return 0, fmt.Errorf("%w: %d of %d", ErrShort, n, o.Size)
	}
	if err = call(func() error {
		if err := tmp.Sync(); err != nil {
			return err
		}
		return tmp.Close()
	}); err != nil {
		return 0, diskError(err)
	}
	if err = call(func() error { return d.place(tmp.Name(), path, os.Rename) }); err != nil {
		return 0, err
	}
	return n, nil
}

// place moves or links from to path, making its folders, and makes that durable. A concurrent Delete may remove a folder
// that is still empty, hence the second and third try.
func (d *Disk) place(from, path string, move func(from, to string) error) error {
	dir := filepath.Dir(path)
	for try := 0; ; try++ {
		fresh, err := d.makeDirs(dir)
		if err == nil {
			err = move(from, path)
		}
		// ErrExist: MkdirAll met the folder and, when it looked closer, no longer.
		if (errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist)) && try < 20 {
			if _, serr := os.Lstat(from); serr == nil {
				continue
			}
		}
		if err != nil {
			return diskError(err)
		}
		if err = syncDir(dir); err != nil {
			os.Remove(path)
			return diskError(err)
		}
		for _, f := range fresh {
			if err = syncDir(filepath.Dir(f)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				os.Remove(path)
				return diskError(err)
			}
		}
		return nil
	}
}

// makeDirs is MkdirAll that returns the folders it made, deepest first.
func (d *Disk) makeDirs(dir string) (made []string, err error) {
	for p := dir; len(p) > len(d.dir); p = filepath.Dir(p) {
		if _, err := os.Lstat(p); err == nil {
			break
		}
		made = append(made, p)
	}
	return made, os.MkdirAll(dir, 0o750)
}

// Open implements Store.
func (d *Disk) Open(ctx context.Context, key string) (*Object, error) {
	path, err := d.path(key)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, st, err := d.openFile(ctx, path)
	if err != nil {
		return nil, err
	}
	ctype := "image/jpeg"
	if strings.HasPrefix(key, string(Original)) {
		ctype = sniff(f.head[:min(len(f.head), 32)]).ContentType()
	}
	return &Object{
		ReadSeekCloser: f, Key: key, Size: st.Size(), ModTime: st.ModTime(), ContentType: ctype,
		ETag: etag(key),
	}, nil
}

// etag: a key is never reused, so the key is the version.
func etag(key string) string { return strconv.Quote(strings.ReplaceAll(key, "/", "-")) }

// Delete implements Store, and removes the folders that it leaves empty. While somebody holds the files, it waits.
func (d *Disk) Delete(ctx context.Context, keys ...string) error {
	release, err := d.lock(ctx, syscall.LOCK_SH, deletePatience)
	if err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	defer release()
	var errs []error
	for _, key := range keys {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, err)...)
		}
		path, err := d.path(key)
		if err == nil {
			err = d.caller.do(ctx, diskWrite, func() error { return d.remove(path) }, nil)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("delete %s: %w", key, diskError(err)))
		}
	}
	return errors.Join(errs...)
}

// remove removes a file and the folders that it leaves empty.
func (d *Disk) remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		return err
	}
	// os.Remove of a folder that is not empty fails, which ends the walk; the kind's own folder stays.
	for p := filepath.Dir(path); len(p) > len(d.dir) && filepath.Dir(p) != d.dir; p = filepath.Dir(p) {
		if os.Remove(p) != nil {
			break
		}
	}
	return nil
}

// Copy implements Store by a hard link, or by copying where the file system has none.
func (d *Disk) Copy(ctx context.Context, from, to string) error {
	src, err := d.path(from)
	if err != nil {
		return err
	}
	dst, err := d.path(to)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if src == dst {
		return diskError(d.caller.do(ctx, diskPatience, func() error { _, err := os.Stat(src); return err }, nil))
	}
	err = d.caller.do(ctx, diskWrite, func() error {
		return d.place(src, dst, func(from, to string) error {
			err := os.Link(from, to)
			if errors.Is(err, fs.ErrExist) { // a retried job: the same key always means the same bytes
				return nil
			}
			return err
		})
	}, nil)
	if err == nil || errors.Is(err, ErrNotFound) || errors.Is(err, ErrNoSpace) || errors.Is(err, ErrUnavailable) {
		return err
	}
	o, err := d.Open(ctx, from)
	if err != nil {
		return err
	}
	defer o.Close()
	_, err = d.Put(ctx, to, o, PutOptions{Size: o.Size})
	return err
}

// Check implements Store.
func (d *Disk) Check(ctx context.Context) error { return probe(ctx, d) }

// probe writes, reads and removes an object; drivers share it.
func probe(ctx context.Context, s Store) error {
	const text = "tintype probe"
	key := OriginalKey(NewRandom())
	if _, err := s.Put(ctx, key, strings.NewReader(text), PutOptions{ContentType: "text/plain", Size: int64(len(text))}); err != nil {
		return fmt.Errorf("write a probe: %w", err)
	}
	o, err := s.Open(ctx, key)
	if err == nil {
		var b []byte
		b, err = io.ReadAll(io.LimitReader(o, 64))
		o.Close()
		if err == nil && string(b) != text {
			err = errors.New("what was read is not what was written")
		}
	}
	if err != nil {
		err = fmt.Errorf("read a probe: %w", err)
	}
	// The probe goes even when the caller's time is over.
	dctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if derr := s.Delete(dctx, key); derr != nil {
		err = errors.Join(err, fmt.Errorf("delete a probe: %w", derr))
	}
	return err
}

// SweepTemp removes half-written files that are older than olderThan, and returns their number.
func (d *Disk) SweepTemp(ctx context.Context, olderThan time.Duration) (int, error) {
	var entries []os.DirEntry
	if err := d.caller.do(ctx, diskWrite, func() (err error) {
		entries, err = os.ReadDir(filepath.Join(d.dir, tempDir))
		return err
	}, nil); err != nil {
		return 0, diskError(err)
	}
	n, before := 0, time.Now().Add(-olderThan)
	var errs []error
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		removed := false
		err := d.caller.do(ctx, diskPatience, func() error {
			info, err := e.Info()
			if err != nil || !info.ModTime().Before(before) || !info.Mode().IsRegular() {
				return nil // gone already, or still being written
			}
			err = os.Remove(filepath.Join(d.dir, tempDir, e.Name()))
			removed = err == nil
			return err
		}, nil)
		switch {
		case errors.Is(err, ErrUnavailable):
			return n, errors.Join(append(errs, err)...)
		case removed:
			n++
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			errs = append(errs, err)
		}
	}
	return n, errors.Join(errs...)
}

// syncDir makes a rename or link in dir durable.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil // a file system that cannot sync folders has nothing to promise either
	}
	return err
}

// diskError maps what the system says to this package's errors and keeps the cause.
func diskError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: %w", ErrNoSpace, err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case errors.Is(err, syscall.EFBIG):
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	return err
}

// ctxReader stops a copy when ctx ends, between two reads.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (c ctxReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// Has implements Haver.
func (d *Disk) Has(ctx context.Context, key string) (bool, error) {
	p, err := d.path(key)
	if err != nil {
		return false, err
	}
	err = d.caller.do(ctx, diskPatience, func() error { _, err := os.Stat(p); return err }, nil)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return false, nil
	}
	return err == nil, diskError(err)
}
