package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	namePrefix = "tintype-"
	nameTime   = "20060102T150405.000Z"
)

// Name returns the name of a backup. Later ones sort after earlier ones.
func Name(when time.Time, key *Key) string {
	return namePrefix + when.UTC().Format(nameTime) + key.Suffix()
}

// ValidName reports whether a name is one that Name makes.
func ValidName(name string) bool {
	rest, ok := strings.CutPrefix(name, namePrefix)
	if !ok || len(rest) < len(nameTime) {
		return false
	}
	_, err := time.Parse(nameTime, rest[:len(nameTime)])
	suffix := rest[len(nameTime):]
	return err == nil && (suffix == (*Key)(nil).Suffix() || suffix == (&Key{}).Suffix())
}

// Made returns when the backup of a valid name was made, the zero time for another name.
func Made(name string) time.Time {
	if !ValidName(name) {
		return time.Time{}
	}
	when, _ := time.Parse(nameTime, strings.TrimPrefix(name, namePrefix)[:len(nameTime)]) // ValidName has parsed it
	return when
}

// An Archive keeps the backups of a site: a folder or a bucket. Each of them is one file.
type Archive interface {
	// Create begins a backup of about size bytes. It appears under its name, whole, when it is committed.
	Create(ctx context.Context, name string, size int64) (Upload, error)
	// Open reads a backup from its beginning, or returns ErrNone.
	Open(ctx context.Context, name string) (content io.ReadCloser, size int64, err error)
	// List returns the names of all backups, the oldest first.
	List(ctx context.Context) ([]string, error)
	Remove(ctx context.Context, name string) error
	// String is the location, for people. Followed by a slash and a name it is that of a backup.
	String() string
}

// An Upload is a backup that is being written.
type Upload interface {
	io.Writer
	// Commit makes it durable under its name.
	Commit() error
	// Abort removes what was written; after Commit it does nothing.
	Abort()
}

// Latest returns the name of the newest backup, or ErrNone.
func Latest(ctx context.Context, p Archive) (string, error) {
	names, err := p.List(ctx)
	if err != nil {
		return "", err
	}
	if len(names) == 0 {
		return "", fmt.Errorf("%w in %s", ErrNone, p)
	}
	return names[len(names)-1], nil
}

// Folder is an Archive on a disk.
type Folder struct{ Dir string }

var _ Archive = Folder{}

// partial marks a file that is being written. Its writer holds a lock on it.
const partial = ".partial"

// Create implements Archive. It removes what killed writers left behind.
func (d Folder) Create(_ context.Context, name string, _ int64) (Upload, error) {
	if err := os.MkdirAll(d.Dir, 0o700); err != nil {
		return nil, diskError(err)
	}
	if err := d.sweep(); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(d.Dir, name+partial), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, diskError(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return &fileUpload{file: f, to: filepath.Join(d.Dir, name)}, nil
}

func (d Folder) sweep() error {
	left, err := filepath.Glob(filepath.Join(d.Dir, namePrefix+"*"+partial))
	if err != nil {
		return err
	}
	for _, path := range left {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			continue
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			err = os.Remove(path)
		}
		f.Close()
		if err != nil {
			return fmt.Errorf("remove what an interrupted backup left: %w", err)
		}
	}
	return nil
}

type fileUpload struct {
	file *os.File
	to   string
	done bool
}

func (u *fileUpload) Write(p []byte) (int, error) {
	n, err := u.file.Write(p)
	return n, diskError(err)
}

func (u *fileUpload) Commit() error {
	if err := u.file.Sync(); err != nil {
		return diskError(err)
	}
	if err := os.Rename(u.file.Name(), u.to); err != nil {
		return diskError(err)
	}
	u.done = true
	u.file.Close()
	dir, err := os.Open(filepath.Dir(u.to))
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return diskError(err)
	}
	return nil
}

func (u *fileUpload) Abort() {
	if !u.done {
		os.Remove(u.file.Name())
		u.file.Close()
	}
}

// Open implements Archive.
func (d Folder) Open(_ context.Context, name string) (io.ReadCloser, int64, error) {
	f, err := os.OpenFile(filepath.Join(d.Dir, name), os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe is not waited for
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, fmt.Errorf("%w %s/%s", ErrNone, d, name)
	}
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no file", f.Name())
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// List implements Archive.
func (d Folder) List(context.Context) ([]string, error) {
	entries, err := os.ReadDir(d.Dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && ValidName(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// Remove implements Archive.
func (d Folder) Remove(_ context.Context, name string) error {
	return os.Remove(filepath.Join(d.Dir, name))
}

func (d Folder) String() string { return d.Dir }
