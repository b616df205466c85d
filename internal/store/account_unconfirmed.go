package store

import (
	"context"
	"slices"
	"strings"
)

// UnconfirmedAccounts lists at most limit accounts that wait for their address to be confirmed and were last seen before
// that moment, the longest unseen first.
func (s *conn) UnconfirmedAccounts(ctx context.Context, before Millis, limit int) ([]int64, error) {
	return s.idList(Primary(ctx), "SELECT id FROM accounts WHERE unconfirmed_at < ? ORDER BY unconfirmed_at LIMIT ?", before, limit)
}

// SetUnconfirmed notes when an account was last seen that waits for its address to be confirmed; nil: it is not swept.
func (s *conn) SetUnconfirmed(ctx context.Context, id int64, at *Millis) error {
	return s.setAccount(ctx, id, "unconfirmed_at = ?", at)
}

// accountTraces are the columns that name an account in what it made, and in what others made about it.
var accountTraces = [][2]string{
	{"posts", "author_id"}, {"held_posts", "account_id"}, {"albums", "owner_id"}, {"album_members", "account_id"},
	{"likes", "account_id"}, {"boosts", "account_id"}, {"bookmarks", "account_id"}, {"pins", "account_id"}, {"mentions", "account_id"},
	{"follows", "follower_id"}, {"follows", "followee_id"}, {"follow_requests", "follower_id"}, {"follow_requests", "followee_id"},
	{"blocks", "account_id"}, {"blocks", "target_id"}, {"mutes", "account_id"}, {"mutes", "target_id"}, {"conversation_mutes", "account_id"},
	{"account_notes", "account_id"}, {"account_notes", "target_id"}, {"lists", "account_id"}, {"list_members", "followee_id"}, {"tag_follows", "account_id"},
	{"reports", "reporter_id"}, {"reports", "target_id"}, {"decisions", "account_id"}, {"moderator_notes", "account_id"},
	{"announcement_comments", "account_id"}, {"announcement_marks", "account_id"},
	{"exports", "account_id"}, {"imports", "account_id"}, {"album_downloads", "account_id"}, {"factors", "account_id"},
}

// HasTraces reports whether an account has made anything, or others have made something about it. Drafts are none; photos
// are until somebody posts them or a sweep has taken them, rows and all.
func (s *conn) HasTraces(ctx context.Context, id int64) (bool, error) {
	var q strings.Builder
	q.WriteString("SELECT 1 WHERE EXISTS (SELECT 1 FROM photos WHERE account_id = ? AND state <> 'gone')")
	for _, t := range accountTraces {
		q.WriteString(" OR EXISTS (SELECT 1 FROM " + t[0] + " WHERE " + t[1] + " = ?)")
	}
	found, err := s.idList(Primary(ctx), q.String(), slices.Repeat([]any{id}, 1+len(accountTraces))...)
	return len(found) > 0, err
}

// HasPhotoRows reports whether there are rows of the account's photos, those that are gone as well.
func (s *conn) HasPhotoRows(ctx context.Context, id int64) (bool, error) {
	found, err := s.idList(Primary(ctx), "SELECT id FROM photos WHERE account_id = ? LIMIT 1", id)
	return len(found) > 0, err
}

// TokensUsed is when one of the account's tokens was used last, 0 where it has none.
func (s *conn) TokensUsed(ctx context.Context, id int64) (Millis, error) {
	found, err := s.idList(Primary(ctx), "SELECT used_at FROM access_tokens WHERE account_id = ? ORDER BY used_at DESC LIMIT 1", id)
	if err != nil || len(found) == 0 {
		return 0, err
	}
	return Millis(found[0]), nil
}

// DropAccount removes the row of an account that left no traces and whose own rows were erased. Its username is free again.
func (s *conn) DropAccount(ctx context.Context, id int64) error {
	return translate(s.write(ctx).Exec("DELETE FROM accounts WHERE id = ?", id).Error)
}
