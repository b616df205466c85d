package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"tintype/internal/sleep"
)

const (
	// deletePatience is how long a deletion waits for a hold to end. Past it, whoever wanted it tries again.
	deletePatience = time.Minute
	// holdPatience is how long a hold waits for deletions that have begun.
	holdPatience = 2 * time.Minute
)

// ErrHeld means that a backup has kept files from being deleted for longer than Delete waits.
var ErrHeld = errors.New("media: a backup holds the files")

// lock locks the disk's folder, shared to delete or exclusive to hold, over all processes. The system gives the lock
// back when its holder dies, so that nobody who is killed leaves deletions stopped.
func (d *Disk) lock(ctx context.Context, how int, patience time.Duration) (release func(), err error) {
	var f *os.File
	if err := d.caller.do(ctx, diskPatience, func() (err error) {
		f, err = os.Open(d.dir)
		return err
	}, func() { f.Close() }); err != nil {
		return nil, diskError(err)
	}
	release = sync.OnceFunc(func() { f.Close() })
	deadline := time.Now().Add(patience)
	for {
		err := d.caller.do(ctx, diskPatience, func() error { return syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB) }, nil)
		switch {
		case err == nil:
			return release, nil
		case errors.Is(err, ErrUnavailable), ctx.Err() != nil:
			go release() // which may hang as well
			return nil, err
		case errors.Is(err, syscall.EWOULDBLOCK), errors.Is(err, syscall.EINTR):
		case how == syscall.LOCK_SH:
			return release, nil // a file system without such locks: nobody can hold it either
		default:
			release()
			return nil, fmt.Errorf("media: files in %s cannot be held, for its file system has no locks on folders (NFS has with the mount option local_lock=flock): %w", d.dir, err)
		}
		if time.Now().After(deadline) {
			release()
			return nil, ErrHeld
		}
		if err := sleep.For(ctx, 10*time.Millisecond); err != nil {
			release()
			return nil, err
		}
	}
}

// Hold keeps every object where it is until release is called or this process ends. Delete waits meanwhile, in this
// process and in others. Reading and writing go on.
func (d *Disk) Hold(ctx context.Context) (release func(), err error) {
	release, err = d.lock(ctx, syscall.LOCK_EX, holdPatience)
	if errors.Is(err, ErrHeld) {
		err = errors.New("media: deletions go on without a pause, or another backup holds the files; try again later")
	}
	return release, err
}

// Path is where an object lies below the folder of a Disk, with slashes.
func Path(key string) (string, error) {
	p, err := (&Disk{}).path(key)
	return filepath.ToSlash(p), err
}

// Keep gives an object another name, the file to, whose folder exists: by a hard link, which costs nothing, or by
// copying where there are none. It returns ErrNotFound if there is no such object. A file that is there already stays.
func (d *Disk) Keep(ctx context.Context, key, to string) error {
	from, err := d.path(key)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	switch err := os.Link(from, to); {
	case err == nil, errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return diskError(err)
	}
	src, err := os.Open(from)
	if err != nil {
		return diskError(err)
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return diskError(err)
	}
	_, err = io.Copy(dst, ctxReader{ctx, src})
	return diskError(errors.Join(err, dst.Close()))
}
