package app

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tintype/internal/session"
)

// countedSessions counts what is asked of a session store, whichever it is.
type countedSessions struct {
	session.Backend
	count *prometheus.CounterVec
}

func (b countedSessions) note(operation string, err error) {
	outcome := "ok"
	if err != nil && !errors.Is(err, session.ErrNone) {
		outcome = "failed"
	}
	b.count.WithLabelValues(operation, outcome).Inc()
}

func (b countedSessions) Get(ctx context.Context, accountID int64, hash string) (*session.Record, error) {
	r, err := b.Backend.Get(ctx, accountID, hash)
	b.note("read", err)
	return r, err
}

func (b countedSessions) Put(ctx context.Context, r *session.Record) error {
	err := b.Backend.Put(ctx, r)
	b.note("write", err)
	return err
}

func (b countedSessions) Touch(ctx context.Context, accountID int64, hash string, used, expires time.Time) error {
	err := b.Backend.Touch(ctx, accountID, hash, used, expires)
	b.note("write", err)
	return err
}

func (b countedSessions) SetData(ctx context.Context, accountID int64, hash string, data []byte) error {
	err := b.Backend.SetData(ctx, accountID, hash, data)
	b.note("write", err)
	return err
}

func (b countedSessions) Delete(ctx context.Context, accountID int64, hash string) error {
	err := b.Backend.Delete(ctx, accountID, hash)
	b.note("write", err)
	return err
}

func (b countedSessions) List(ctx context.Context, accountID int64) ([]*session.Record, error) {
	list, err := b.Backend.List(ctx, accountID)
	b.note("read", err)
	return list, err
}

func (b countedSessions) DeleteOthers(ctx context.Context, accountID int64, keep string) error {
	err := b.Backend.DeleteOthers(ctx, accountID, keep)
	b.note("write", err)
	return err
}
