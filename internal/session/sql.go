package session

import (
	"context"
	"time"
)

// Row is a session as a table keeps it, times in milliseconds since 1970. It is an alias of a nameless struct so
// that the store can have the same one without either package knowing the other.
type Row = struct {
	AccountID int64
	Hash      string
	Epoch     int
	UserAgent string
	Address   string
	CreatedAt int64
	UsedAt    int64
	ExpiresAt int64
}

// Table is what the SQL backend needs of the store.
type Table interface {
	// SessionByHash reads the session's member with it: see Record.Owner.
	SessionByHash(ctx context.Context, accountID int64, hash string) (r Row, owner any, found bool, err error)
	PutSession(ctx context.Context, r Row) error
	// AddSession inserts a session of an account that exists, if nothing is under its key.
	AddSession(ctx context.Context, r Row) (added bool, err error)
	// SessionsAfter lists sessions of all accounts in the order of their keys.
	SessionsAfter(ctx context.Context, accountID int64, hash string, limit int) ([]Row, error)
	TouchSession(ctx context.Context, accountID int64, hash string, usedAt, expiresAt int64) error
	DeleteSession(ctx context.Context, accountID int64, hash string) error
	SessionsOf(ctx context.Context, accountID int64) ([]Row, error)
	DeleteOtherSessions(ctx context.Context, accountID int64, keep string) error
}

// SQL keeps sessions in a table of the site's database.
type SQL struct{ table Table }

// NewSQL makes the backend over the table.
func NewSQL(t Table) *SQL { return &SQL{t} }

// String implements Backend.
func (b *SQL) String() string { return "sql" }

// Get implements Backend.
func (b *SQL) Get(ctx context.Context, accountID int64, hash string) (*Record, error) {
	row, owner, found, err := b.table.SessionByHash(ctx, accountID, hash)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, ErrNone
	}
	r := record(row)
	r.Owner, _ = owner.(Member)
	return r, nil
}

// Put implements Backend.
func (b *SQL) Put(ctx context.Context, r *Record) error { return b.table.PutSession(ctx, rowOf(r)) }

// Add implements Movable.
func (b *SQL) Add(ctx context.Context, r *Record) (added bool, err error) {
	return b.table.AddSession(ctx, rowOf(r))
}

// sqlPage is how many rows Each reads at a time. Tests change it.
var sqlPage = 500

// sqlPageTime is how long that may take.
const sqlPageTime = 10 * time.Second

// Each implements Movable.
func (b *SQL) Each(ctx context.Context, f func(*Record) error) error {
	var last Row
	for {
		page, err := b.page(ctx, last)
		if err != nil {
			return err
		}
		for _, r := range page {
			if err := f(record(r)); err != nil {
				return err
			}
			last = r
		}
		if len(page) < sqlPage {
			return nil
		}
	}
}

func (b *SQL) page(ctx context.Context, last Row) ([]Row, error) {
	ctx, cancel := context.WithTimeout(ctx, sqlPageTime)
	defer cancel()
	return b.table.SessionsAfter(ctx, last.AccountID, last.Hash, sqlPage)
}

// Touch implements Backend.
func (b *SQL) Touch(ctx context.Context, accountID int64, hash string, used, expires time.Time) error {
	return b.table.TouchSession(ctx, accountID, hash, used.UnixMilli(), expires.UnixMilli())
}

// Delete implements Backend.
func (b *SQL) Delete(ctx context.Context, accountID int64, hash string) error {
	return b.table.DeleteSession(ctx, accountID, hash)
}

// List implements Backend.
func (b *SQL) List(ctx context.Context, accountID int64) ([]*Record, error) {
	rows, err := b.table.SessionsOf(ctx, accountID)
	out := make([]*Record, len(rows))
	for i, r := range rows {
		out[i] = record(r)
	}
	return out, err
}

// DeleteOthers implements Backend.
func (b *SQL) DeleteOthers(ctx context.Context, accountID int64, keep string) error {
	return b.table.DeleteOtherSessions(ctx, accountID, keep)
}

func rowOf(r *Record) Row {
	return Row{
		AccountID: r.AccountID, Hash: r.Hash, Epoch: r.Epoch, UserAgent: r.UserAgent, Address: r.Address,
		CreatedAt: r.CreatedAt.UnixMilli(), UsedAt: r.UsedAt.UnixMilli(), ExpiresAt: r.ExpiresAt.UnixMilli(),
	}
}

func record(r Row) *Record {
	return &Record{
		AccountID: r.AccountID, Hash: r.Hash, Epoch: r.Epoch, UserAgent: r.UserAgent, Address: r.Address,
		CreatedAt: time.UnixMilli(r.CreatedAt).UTC(), UsedAt: time.UnixMilli(r.UsedAt).UTC(), ExpiresAt: time.UnixMilli(r.ExpiresAt).UTC(),
	}
}
