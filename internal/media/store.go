// Package media keeps photographs: where their bytes lie (Store), the addresses under which readers fetch them
// (Addresses), and the pipeline that turns an upload into the variants that are served (Processor).
//
// It knows neither HTTP nor the database. The database keeps keys, never addresses.
package media

import (
	"context"
	"errors"
	"io"
	"time"
)

// The errors of a Store. They come wrapped: ask with errors.Is.
var (
	// ErrNotFound means that no object has this key.
	ErrNotFound = errors.New("media: not found")
	// ErrNoSpace means that the store is full or over its quota. Nothing was written.
	ErrNoSpace = errors.New("media: no space left")
	// ErrTooLarge means that more bytes came than PutOptions.Size or MaxSize allows. Nothing was written.
	ErrTooLarge = errors.New("media: too large")
	// ErrShort means that fewer bytes came than PutOptions.Size announced. Nothing was written.
	ErrShort = errors.New("media: fewer bytes than announced")
	// ErrUnavailable means that the store did not answer or refused the request. Whether anything was written is
	// unknown.
	ErrUnavailable = errors.New("media: the store of photos does not answer")
	// ErrKey means that the key is not one that this package makes.
	ErrKey = errors.New("media: not a key")
)

// Store keeps objects under keys (see ParseKey). A key is written once and never reused, so what Open returns never
// changes. Every driver passes mediatest.Run. A Store is safe for use by many goroutines.
type Store interface {
	// Put writes all of r under key and returns the number of bytes. It is atomic and durable: when it returns nil the
	// object survives a crash, and after any error, or a crash halfway, there is no object under key that was not there
	// before.
	Put(ctx context.Context, key string, r io.Reader, o PutOptions) (int64, error)
	// Open returns the object for reading, or ErrNotFound. The caller closes it.
	Open(ctx context.Context, key string) (*Object, error)
	// Delete removes objects. An absent one is no error. Delete goes on after a failure and returns all
	// failures.
	Delete(ctx context.Context, keys ...string) error
	// Copy makes to the same object as from, or returns ErrNotFound. Like Put it is atomic.
	Copy(ctx context.Context, from, to string) error
	// Check writes, reads and removes a probe. It is for doctor and health pages.
	Check(ctx context.Context) error
	// String says what the store is and where, for people: "disk, /var/lib/tintype/media".
	String() string
}

// CacheControl returns the Cache-Control header of objects of a kind. Keys are never reused, so browsers may keep
// public photos for a year. Edges ask again after a day, because an invalidation may not have reached them.
func CacheControl(kind Kind) string {
	switch kind {
	case Public:
		return "public, max-age=31536000, s-maxage=86400, immutable"
	case Private:
		return "private, max-age=31536000, immutable"
	}
	return "private, no-store"
}

// PutOptions describes an object to a driver that keeps such things (S3). The zero value is a JPEG of any size.
type PutOptions struct {
	ContentType  string // what Open will say; drivers that keep none derive it from the key and the first bytes
	CacheControl string
	Size         int64 // exact number of bytes that r yields; 0 or -1: unknown
	MaxSize      int64 // most bytes that r may yield; 0: no limit
}

// Object is an open object.
type Object struct {
	io.ReadSeekCloser
	Key         string
	Size        int64
	ModTime     time.Time
	ContentType string
	ETag        string // strong, quoted
}
