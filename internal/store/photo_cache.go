package store

import (
	"time"

	"tintype/internal/recent"
)

const (
	// photosKept bounds the memory of the photos that a process keeps, in bytes.
	photosKept = 16 << 20
	// photosKeptFor bounds how old they get. Changes that draw no version rely on it: those of the release
	// before, as far as photosKey does not tell them, and those by hand.
	photosKeptFor = time.Minute
)

// A photosKey names what FeedPhotos reads for one post or account. Beside the version it holds what the release before,
// which draws none, changes with the photos: when the post was edited, and which photos the account shows.
type photosKey struct {
	id, version       int64
	account, metadata bool
	edited            Millis
	avatar, header    int64
}

// A photoCache keeps the photos of posts and accounts as FeedPhotos has read them. They are never changed.
type photoCache = recent.Map[photosKey, []*Photo]

func newPhotoCache() *photoCache { return recent.New[photosKey, []*Photo](photosKept, photosKeptFor) }
