package store

import (
	"context"
	"errors"
)

// SessionRow is a session as others see it, times in milliseconds since 1970. It is an alias of a nameless struct so
// that internal/session can ask for the same methods without either package knowing the other.
type SessionRow = struct {
	AccountID int64
	Hash      string
	Epoch     int
	UserAgent string
	Address   string
	CreatedAt int64
	UsedAt    int64
	ExpiresAt int64
}

func (s *Session) row() SessionRow {
	return SessionRow{
		AccountID: s.AccountID, Hash: s.Hash, Epoch: s.Epoch, UserAgent: s.UserAgent, Address: s.Address,
		CreatedAt: int64(s.CreatedAt), UsedAt: int64(s.UsedAt), ExpiresAt: int64(s.ExpiresAt),
	}
}

// SessionByHash reads on the primary, so that a log-out is known everywhere at once; while that is away, on a replica.
// The owner is the session's *Account as SessionAccount reads it, nil if it may not act.
func (s *conn) SessionByHash(ctx context.Context, accountID int64, hash string) (row SessionRow, owner any, found bool, err error) {
	columns, err := sessionOwnerColumns()
	if err != nil {
		return row, nil, false, err
	}
	var o struct {
		Session            Session `gorm:"embedded;embeddedPrefix:session_"`
		Account            Account `gorm:"embedded;embeddedPrefix:account_"`
		NewestNotification int64
	}
	err = first(s.read(PrimaryWhileThere(ctx)).Table("sessions s").Select(columns+", "+newestNotification("a")).
		Joins("LEFT JOIN accounts a ON a.id = s.account_id").Where("s.account_id = ? AND s.hash = ?", accountID, hash), &o)
	switch {
	case errors.Is(err, ErrNotFound):
		return row, nil, false, nil
	case err != nil:
		return row, nil, false, err
	case o.Account.ID == 0 || !o.Account.Active():
		return o.Session.row(), nil, true, nil
	}
	o.Account.AllRead = o.NewestNotification <= o.Account.NotificationsReadID
	return o.Session.row(), &o.Account, true, nil
}

var sessionOwnerColumns = joinedColumns(joined{"s", "session_", &Session{}}, joined{"a", "account_", &Account{}})

// PutSession inserts a session or replaces the one under the same key.
func (s *conn) PutSession(ctx context.Context, r SessionRow) error {
	replace := func() (bool, error) {
		res := s.write(ctx).Exec("UPDATE sessions SET epoch = ?, user_agent = ?, address = ?, used_at = ?, expires_at = ? WHERE account_id = ? AND hash = ?",
			r.Epoch, r.UserAgent, r.Address, r.UsedAt, r.ExpiresAt, r.AccountID, r.Hash)
		return res.RowsAffected > 0, translate(res.Error)
	}
	if done, err := replace(); done || err != nil {
		return err
	}
	// data must have a value and is read by the previous release alone; a later one drops the column.
	err := translate(s.write(ctx).Exec("INSERT INTO sessions (account_id, hash, epoch, data, user_agent, address, created_at, used_at, expires_at) VALUES (?, ?, ?, x'', ?, ?, ?, ?, ?)",
		r.AccountID, r.Hash, r.Epoch, r.UserAgent, r.Address, r.CreatedAt, r.UsedAt, r.ExpiresAt).Error)
	if errors.Is(err, ErrConflict) { // somebody has just added it
		if done, again := replace(); done || again != nil {
			return again
		}
	}
	return err
}

// AddSession inserts a session if nothing is under its key, and tells whether it did. One whose account is gone is not
// added.
func (s *conn) AddSession(ctx context.Context, r SessionRow) (bool, error) {
	res := s.write(ctx).Exec(s.dialect.insertIgnore()+" sessions (account_id, hash, epoch, data, user_agent, address, created_at, used_at, expires_at)"+
		" SELECT id, ?, ?, x'', ?, ?, ?, ?, ? FROM accounts WHERE id = ?", r.Hash, r.Epoch, r.UserAgent, r.Address, r.CreatedAt, r.UsedAt, r.ExpiresAt, r.AccountID)
	return res.RowsAffected > 0, translate(res.Error)
}

// SessionsAfter lists at most limit sessions of all accounts in the order of their keys, those after the given one.
func (s *conn) SessionsAfter(ctx context.Context, accountID int64, hash string, limit int) ([]SessionRow, error) {
	var rows []*Session
	err := s.read(Primary(ctx)).Where("account_id > ? OR (account_id = ? AND hash > ?)", accountID, accountID, hash).Order("account_id, hash").Limit(limit).Find(&rows).Error
	out := make([]SessionRow, len(rows))
	for i, r := range rows {
		out[i] = r.row()
	}
	return out, translate(err)
}

// TouchSession notes a use. A session that has ended meanwhile stays ended.
func (s *conn) TouchSession(ctx context.Context, accountID int64, hash string, usedAt, expiresAt int64) error {
	return translate(s.write(ctx).Exec("UPDATE sessions SET used_at = ?, expires_at = ? WHERE account_id = ? AND hash = ?",
		usedAt, expiresAt, accountID, hash).Error)
}

// DeleteSession ends a session; one that is not there is fine.
func (s *conn) DeleteSession(ctx context.Context, accountID int64, hash string) error {
	return translate(s.write(ctx).Exec("DELETE FROM sessions WHERE account_id = ? AND hash = ?", accountID, hash).Error)
}

// SessionsOf lists an account's sessions, last used first, expired ones too.
func (s *conn) SessionsOf(ctx context.Context, accountID int64) ([]SessionRow, error) {
	var rows []*Session
	err := s.read(PrimaryWhileThere(ctx)).Where("account_id = ?", accountID).Order("used_at DESC, created_at DESC, hash").Find(&rows).Error
	out := make([]SessionRow, len(rows))
	for i, r := range rows {
		out[i] = r.row()
	}
	return out, translate(err)
}

// DeleteOtherSessions ends all sessions of an account but one; keep "" ends all.
func (s *conn) DeleteOtherSessions(ctx context.Context, accountID int64, keep string) error {
	return translate(s.write(ctx).Exec("DELETE FROM sessions WHERE account_id = ? AND hash <> ?", accountID, keep).Error)
}

// DeleteExpiredSessions removes at most limit sessions that ended before the moment and returns how many.
func (s *conn) DeleteExpiredSessions(ctx context.Context, before Millis, limit int) (int64, error) {
	var rows []*Session
	if err := s.read(Primary(ctx)).Select("account_id", "hash").Where("expires_at < ?", before).Order("expires_at").Limit(limit).Find(&rows).Error; err != nil {
		return 0, translate(err)
	}
	var n int64
	for _, r := range rows { // by primary key: a range delete would lock the gaps that log-ins need
		res := s.write(ctx).Exec("DELETE FROM sessions WHERE account_id = ? AND hash = ? AND expires_at < ?", r.AccountID, r.Hash, before)
		if res.Error != nil {
			return n, translate(res.Error)
		}
		n += res.RowsAffected
	}
	return n, nil
}
