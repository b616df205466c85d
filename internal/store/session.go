package store

import (
	"context"
)

// SessionRow is a session as others see it, times in milliseconds since 1970. It is an alias of a nameless struct so
// that internal/session can ask for the same methods without either package knowing the other.
type SessionRow = struct {
	AccountID int64
	Hash      string
	Epoch     int
	Data      []byte
	UserAgent string
	Address   string
	CreatedAt int64
	UsedAt    int64
	ExpiresAt int64
}

func (s *Session) row() SessionRow {
	return SessionRow{
		AccountID: s.AccountID, Hash: s.Hash, Epoch: s.Epoch, Data: s.Data, UserAgent: s.UserAgent, Address: s.Address,
		CreatedAt: int64(s.CreatedAt), UsedAt: int64(s.UsedAt), ExpiresAt: int64(s.ExpiresAt),
	}
}

// SessionByHash reads on the primary, so that a log-out is known everywhere at once; while that is away, on a replica.
func (s *Store) SessionByHash(ctx context.Context, accountID int64, hash string) (row SessionRow, found bool, err error) {
	var rows []*Session
	err = s.read(PrimaryWhileThere(ctx)).Where("account_id = ? AND hash = ?", accountID, hash).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return row, false, translate(err)
	}
	return rows[0].row(), true, nil
}

// PutSession inserts a session or replaces the one under the same key.
func (s *Store) PutSession(ctx context.Context, r SessionRow) error {
	if r.Data == nil {
		r.Data = []byte{}
	}
	res := s.write(ctx).Exec("UPDATE sessions SET epoch = ?, data = ?, user_agent = ?, address = ?, used_at = ?, expires_at = ? WHERE account_id = ? AND hash = ?",
		r.Epoch, r.Data, r.UserAgent, r.Address, r.UsedAt, r.ExpiresAt, r.AccountID, r.Hash)
	if res.Error != nil || res.RowsAffected > 0 {
		return translate(res.Error)
	}
	return translate(s.write(ctx).Exec("INSERT INTO sessions (account_id, hash, epoch, data, user_agent, address, created_at, used_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		r.AccountID, r.Hash, r.Epoch, r.Data, r.UserAgent, r.Address, r.CreatedAt, r.UsedAt, r.ExpiresAt).Error)
}

// TouchSession notes a use. A session that has ended meanwhile stays ended.
func (s *Store) TouchSession(ctx context.Context, accountID int64, hash string, usedAt, expiresAt int64) error {
	return translate(s.write(ctx).Exec("UPDATE sessions SET used_at = ?, expires_at = ? WHERE account_id = ? AND hash = ?",
		usedAt, expiresAt, accountID, hash).Error)
}

// SetSessionData stores what the pages keep in a session. A session that has ended meanwhile stays ended.
func (s *Store) SetSessionData(ctx context.Context, accountID int64, hash string, data []byte) error {
	if data == nil {
		data = []byte{}
	}
	return translate(s.write(ctx).Exec("UPDATE sessions SET data = ? WHERE account_id = ? AND hash = ?", data, accountID, hash).Error)
}

// DeleteSession ends a session; one that is not there is fine.
func (s *Store) DeleteSession(ctx context.Context, accountID int64, hash string) error {
	return translate(s.write(ctx).Exec("DELETE FROM sessions WHERE account_id = ? AND hash = ?", accountID, hash).Error)
}

// SessionsOf lists an account's sessions, last used first, expired ones too.
func (s *Store) SessionsOf(ctx context.Context, accountID int64) ([]SessionRow, error) {
	var rows []*Session
	err := s.read(PrimaryWhileThere(ctx)).Where("account_id = ?", accountID).Order("used_at DESC, created_at DESC, hash").Find(&rows).Error
	out := make([]SessionRow, len(rows))
	for i, r := range rows {
		out[i] = r.row()
	}
	return out, translate(err)
}

// DeleteOtherSessions ends all sessions of an account but one; keep "" ends all.
func (s *Store) DeleteOtherSessions(ctx context.Context, accountID int64, keep string) error {
	return translate(s.write(ctx).Exec("DELETE FROM sessions WHERE account_id = ? AND hash <> ?", accountID, keep).Error)
}

// DeleteExpiredSessions removes at most limit sessions that ended before the moment, and tells how many.
func (s *Store) DeleteExpiredSessions(ctx context.Context, before Millis, limit int) (int64, error) {
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
