package media

import (
	"context"
	"errors"
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
	// where the credentials that sign it end before, and 0 where there is no such address at present.
	Presign(ctx context.Context, key string, life time.Duration) (address string, good time.Duration, err error)
	// Origins are the schemes and hosts that these addresses may have.
	Origins(ctx context.Context) ([]string, error)
}

// An Inspector is a Store that tells more of itself than Check does.
type Inspector interface {
	// Inspect writes, reads, copies and deletes an object, and reads the configuration as far as it may.
	Inspect(context.Context) (BucketFacts, error)
	// Unsigned is the address at which anybody could fetch an object, did the store let them.
	Unsigned(ctx context.Context, key string) (string, error)
}

// A Clocked is a Store with a clock of its own.
type Clocked interface {
	// ClockAhead is how far that clock is ahead of this machine's, 0 where it is hardly, and whether it told the time.
	ClockAhead(ctx context.Context) (ahead time.Duration, told bool)
}

// A TempSweeper is a Store whose temporary files a crash may leave behind.
type TempSweeper interface {
	// SweepTemp removes those that are older than olderThan, and returns their number.
	SweepTemp(ctx context.Context, olderThan time.Duration) (int, error)
}

// A Folder is a Store on a disk of this machine.
type Folder interface {
	// Dir is where the files are.
	Dir() string
}

// A Lister is a Store that tells what it has. That is slow, and no part of serving photos.
type Lister interface {
	// List calls f for each file of a kind, in the order of keys, until f returns an error. What comes or goes meanwhile
	// may be in it or not.
	List(ctx context.Context, kind Kind, f func(Listed) error) error
}

// Listed is a file that List found.
type Listed struct {
	Key     string // "" for a file that no Put has made
	Name    string // where it is, for people
	Size    int64
	ModTime time.Time
}

// A Haver is a Store that tells whether an object is there without reading it.
type Haver interface {
	Has(ctx context.Context, key string) (bool, error)
}

// Has tells whether a store has an object, by its Haver or else by opening it.
func Has(ctx context.Context, s Store, key string) (bool, error) {
	if haver, ok := As[Haver](s); ok {
		return haver.Has(ctx, key)
	}
	o, err := s.Open(ctx, key)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, o.Close()
}
