package store

import "context"

// Mute takes an account out of somebody's feeds and threads, and with Notifications out of their notifications.
type Mute struct {
	ID            int64
	AccountID     int64
	TargetID      int64
	Notifications bool
	EndsAt        *Millis // nil: never
	CreatedAt     Millis
}

// notOver is the condition that the mute mu is not over.
func (s *conn) notOver() string {
	return "(mu.ends_at IS NULL OR mu.ends_at > " + s.dialect.nowMillis() + ")"
}

// unmuted is the condition that the viewer does not mute the account with the alias a. Its arguments are the viewer's id.
func (s *conn) unmuted(viewer *Account, a string) (condition, bool) {
	id := viewerID(viewer)
	return condition{"NOT EXISTS (SELECT 1 FROM mutes mu WHERE mu.account_id = ? AND mu.target_id = " + a + ".id AND " + s.notOver() + ")", []any{id}}, id != 0
}

// PutMute writes the mute, under the id that it has, or changes the one that there is.
func (s *conn) PutMute(ctx context.Context, m Mute) error {
	res := s.write(ctx).Exec("UPDATE mutes SET notifications = ?, ends_at = ? WHERE account_id = ? AND target_id = ?", m.Notifications, m.EndsAt, m.AccountID, m.TargetID)
	if res.Error != nil {
		return translate(res.Error)
	}
	ids, err := s.idList(ctx, "SELECT id FROM mutes WHERE account_id = ? AND target_id = ?", m.AccountID, m.TargetID)
	if err != nil || len(ids) > 0 {
		return err
	}
	return translate(s.write(ctx).Create(&m).Error)
}

// DeleteMute ends the mute; one that is not there is fine.
func (s *conn) DeleteMute(ctx context.Context, accountID, targetID int64) error {
	return translate(s.write(ctx).Exec("DELETE FROM mutes WHERE account_id = ? AND target_id = ?", accountID, targetID).Error)
}

// MutedBy lists the active accounts that the account mutes, the newest mute first.
func (s *conn) MutedBy(ctx context.Context, accountID int64, r Range) ([]RowAccount, error) {
	seen := accountActive("a")
	seen.sql += " AND (t.ends_at IS NULL OR t.ends_at > " + s.dialect.nowMillis() + ")"
	return s.rowAccounts(ctx, "mutes", "target_id", "account_id", accountID, seen, r)
}

// MuteEnds returns when the account's mutes of the others end; those without an end are left out.
func (s *conn) MuteEnds(ctx context.Context, accountID int64, targetIDs []int64) (map[int64]Millis, error) {
	if len(targetIDs) == 0 {
		return nil, nil
	}
	list, args := in(targetIDs)
	rows, err := s.query(ctx, "SELECT mu.target_id, mu.ends_at FROM mutes mu WHERE mu.account_id = ? AND mu.ends_at IS NOT NULL AND mu.target_id IN "+list, append([]any{accountID}, args...)...)
	if err != nil {
		return nil, err
	}
	out := map[int64]Millis{}
	for rows.next() {
		id := rows.int()
		out[id] = Millis(rows.int())
	}
	return out, rows.done()
}

// AddConversationMute has the account hear no more of the thread of a post. The transaction has locked the post, and found
// that there is none yet.
func (s *conn) AddConversationMute(ctx context.Context, id, accountID, rootID int64, at Millis) error {
	return translate(s.write(ctx).Exec("INSERT INTO conversation_mutes (id, account_id, post_id, created_at) VALUES (?, ?, ?, ?)", id, accountID, rootID, at).Error)
}

// RemoveConversationMute is the opposite of AddConversationMute; one that is not there is fine.
func (s *conn) RemoveConversationMute(ctx context.Context, accountID, rootID int64) error {
	return translate(s.write(ctx).Exec("DELETE FROM conversation_mutes WHERE account_id = ? AND post_id = ?", accountID, rootID).Error)
}

// SetNote writes what the account notes of another, which nobody else reads; "" removes it. id is for a new row.
func (s *conn) SetNote(ctx context.Context, id, accountID, targetID int64, note string, at Millis) error {
	if note == "" {
		return translate(s.write(ctx).Exec("DELETE FROM account_notes WHERE account_id = ? AND target_id = ?", accountID, targetID).Error)
	}
	return translate(s.write(ctx).Exec("INSERT INTO account_notes (id, account_id, target_id, note, updated_at) VALUES (?, ?, ?, ?, ?) "+
		s.dialect.upsert("account_id, target_id", "note = "+s.dialect.new("note")+", updated_at = "+s.dialect.new("updated_at")), id, accountID, targetID, note, at).Error)
}
