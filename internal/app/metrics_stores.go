package app

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tintype/internal/media"
	"tintype/internal/session"
)

// countedMedia counts what is asked of the store of photos, whichever it is.
type countedMedia struct {
	media.Store
	count *prometheus.CounterVec
}

// Unwrap lets media.As find what the driver can do besides.
func (m countedMedia) Unwrap() media.Store { return m.Store }

func (m countedMedia) note(operation string, err error) {
	outcome := "ok"
	if err != nil && !errors.Is(err, media.ErrNotFound) {
		outcome = "failed"
	}
	m.count.WithLabelValues(operation, outcome).Inc()
}

func (m countedMedia) Put(ctx context.Context, key string, r io.Reader, o media.PutOptions) (int64, error) {
	n, err := m.Store.Put(ctx, key, r, o)
	m.note("write", err)
	return n, err
}

func (m countedMedia) Open(ctx context.Context, key string) (*media.Object, error) {
	o, err := m.Store.Open(ctx, key)
	m.note("read", err)
	return o, err
}

func (m countedMedia) Delete(ctx context.Context, keys ...string) error {
	err := m.Store.Delete(ctx, keys...)
	m.note("delete", err)
	return err
}

func (m countedMedia) Copy(ctx context.Context, from, to string) error {
	err := m.Store.Copy(ctx, from, to)
	m.note("copy", err)
	return err
}

// countedSessions counts what is asked of a session store, whichever it is.
type countedSessions struct {
	session.Backend
	count *prometheus.CounterVec
	trace func(ctx context.Context, operation string) (context.Context, func(error)) // may be nil
}

// Unwrap lets session.As find what the backend can do.
func (b countedSessions) Unwrap() session.Backend { return b.Backend }

// begin is called before the store is asked, and end with what begin returned.
func (b countedSessions) begin(ctx context.Context, operation string) (context.Context, func(error)) {
	if b.trace == nil {
		return ctx, nil
	}
	return b.trace(ctx, operation)
}

func (b countedSessions) end(operation string, traced func(error), err error) {
	if errors.Is(err, session.ErrNone) {
		err = nil
	}
	outcome := "ok"
	if err != nil {
		outcome = "failed"
	}
	b.count.WithLabelValues(operation, outcome).Inc()
	if traced != nil {
		traced(err)
	}
}

func (b countedSessions) Get(ctx context.Context, accountID int64, hash string) (*session.Record, error) {
	ctx, traced := b.begin(ctx, "read")
	r, err := b.Backend.Get(ctx, accountID, hash)
	b.end("read", traced, err)
	return r, err
}

func (b countedSessions) Put(ctx context.Context, r *session.Record) error {
	ctx, traced := b.begin(ctx, "write")
	err := b.Backend.Put(ctx, r)
	b.end("write", traced, err)
	return err
}

func (b countedSessions) Touch(ctx context.Context, accountID int64, hash string, used, expires time.Time) error {
	ctx, traced := b.begin(ctx, "write")
	err := b.Backend.Touch(ctx, accountID, hash, used, expires)
	b.end("write", traced, err)
	return err
}

func (b countedSessions) Delete(ctx context.Context, accountID int64, hash string) error {
	ctx, traced := b.begin(ctx, "write")
	err := b.Backend.Delete(ctx, accountID, hash)
	b.end("write", traced, err)
	return err
}

func (b countedSessions) List(ctx context.Context, accountID int64) ([]*session.Record, error) {
	ctx, traced := b.begin(ctx, "read")
	list, err := b.Backend.List(ctx, accountID)
	b.end("read", traced, err)
	return list, err
}

func (b countedSessions) DeleteOthers(ctx context.Context, accountID int64, keep string) error {
	ctx, traced := b.begin(ctx, "write")
	err := b.Backend.DeleteOthers(ctx, accountID, keep)
	b.end("write", traced, err)
	return err
}
