package app

import (
	"context"
	"errors"
	"io"

	"github.com/prometheus/client_golang/prometheus"

	"tintype/internal/media"
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
