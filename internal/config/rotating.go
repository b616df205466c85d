package config

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

const (
	// A secret that a process holds on to is read again this often, or more often. A
	// file costs nothing; AWS is paid by the look-up.
	fileEvery  = 5 * time.Second
	vaultEvery = 30 * time.Second
)

// A Rotating is made of a secret that a process keeps in use, such as keys that
// sign, and follows the secret while the site runs. A new value that cannot be
// read or used changes nothing: the last good one stays in use, and the log
// (once) and the doctor say so. Passwords need none, because each connection
// reads them.
type Rotating[T any] struct {
	name   string // of the setting
	secret Secret
	use    func(text string, first bool) (T, error) // its errors tell no secret
	log    *slog.Logger

	value   atomic.Pointer[T]
	text    string                 // what value was made of; nobody's but look's
	problem atomic.Pointer[string] // why the secret as it is now is not in use; nil: it is
}

// newRotating reads the secret for the first time. Use makes of it what is held on
// to; first is false for what came while the process ran.
func newRotating[T any](ctx context.Context, name string, secret Secret, log *slog.Logger, use func(text string, first bool) (T, error)) (*Rotating[T], error) {
	text, err := secret.Value(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	v, err := use(text, true)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	r := &Rotating[T]{name: name, secret: secret, use: use, log: log, text: text}
	r.value.Store(&v)
	return r, nil
}

// Now is what the last good value makes.
func (r *Rotating[T]) Now() T { return *r.value.Load() }

// Trouble returns the setting and why its newest value is not in use, "" if it is.
func (r *Rotating[T]) Trouble() (name, why string) {
	if p := r.problem.Load(); p != nil {
		return r.name, *p
	}
	return r.name, ""
}

// Every returns how often to call Look, 0 for a secret that cannot change.
func (r *Rotating[T]) Every() time.Duration {
	switch {
	case !r.secret.rotates():
		return 0
	case r.secret.file != "":
		return fileEvery
	default:
		return vaultEvery
	}
}

// Look reads the secret again.
func (r *Rotating[T]) Look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, vaultWait)
	defer cancel()
	text, err := r.secret.newest(ctx)
	if err == nil && text != r.text {
		var v T
		if v, err = r.use(text, false); err == nil {
			r.value.Store(&v)
			r.text = text
			r.log.Info("a new value is in use", "setting", r.name)
		}
	}
	failing := r.problem.Load() != nil
	switch {
	case err == nil:
		r.problem.Store(nil)
		if failing {
			r.log.Info("the setting is in order again", "setting", r.name)
		}
	case context.Cause(ctx) == context.Canceled: // the process stops
	default:
		why := err.Error()
		r.problem.Store(&why)
		if !failing {
			r.log.Warn("the setting cannot be read again, or its new value not be used; the last good one holds", "setting", r.name, "error", err)
		}
	}
}

// A Follower is a Rotating of any type.
type Follower interface {
	Every() time.Duration
	Look(ctx context.Context)
	Trouble() (name, why string)
}
