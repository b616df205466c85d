package media

import (
	"context"
	"time"
)

// As finds an optional ability of a store, an interface such as Presigner or a driver's own type: in the store itself,
// or in the one that it wraps. A store that wraps another has the method Unwrap() Store, so that it hides nothing.
func As[A any](s Store) (ability A, ok bool) {
	for s != nil {
		if ability, ok = s.(A); ok {
			return ability, true
		}
		wrapper, wraps := s.(interface{ Unwrap() Store })
		if !wraps {
			break
		}
		s = wrapper.Unwrap()
	}
	return ability, false
}

// A Presigner is a Store whose objects can be fetched from it directly for a while.
type Presigner interface {
	// Presign returns an address that anybody may fetch the object from, and for how long it works: at most life, less
	// where the credentials that sign it end before.
	Presign(ctx context.Context, key string, life time.Duration) (address string, good time.Duration, err error)
	// Origin is the scheme and host of these addresses.
	Origin(ctx context.Context) (string, error)
}

// A TempSweeper is a Store that writes to temporary names, of which crashes leave some.
type TempSweeper interface {
	// SweepTemp removes what is older than olderThan, and returns how many files that was.
	SweepTemp(ctx context.Context, olderThan time.Duration) (int, error)
}

// A Folder is a Store on a disk of this machine.
type Folder interface {
	// Dir is where the files are.
	Dir() string
}
