package store

import (
	"context"
	"slices"
)

// AddNotification inserts the notification under a new id, which it returns.
func (s *conn) AddNotification(ctx context.Context, n Notification) (int64, error) {
	return s.insertFresh(func(id int64) error {
		n.ID = id
		return s.write(ctx).Create(&n).Error
	})
}

// MayNotify reports whether both accounts of the notification are active, neither blocks the other, the one does not mute the
// other's notifications nor the conversation, and the same thing was not told before; and whether the account that is told has
// a push subscription.
func (s *conn) MayNotify(ctx context.Context, n Notification) (may, push bool, err error) {
	to := accountActive("a")
	from := accountSeen(&Account{ID: n.AccountID}, "f")
	from.and(unlimited(n.AccountID, "f"))
	same, post := "p.post_id IS NULL", []any(nil)
	args := append(append([]any{n.AccountID, n.AccountID, n.FromID}, to.args...), from.args...)
	quiet := ""
	if n.AlbumID != nil {
		same, post = "p.album_id = ?", []any{*n.AlbumID}
	}
	if n.RefID != nil {
		same, post = "p.ref_id = ?", []any{*n.RefID}
	}
	if n.PostID != nil {
		same, post = "p.post_id = ?", []any{*n.PostID}
		quiet = " AND NOT EXISTS (SELECT 1 FROM conversation_mutes c JOIN posts q ON q.id = ? AND c.post_id = COALESCE(q.root_id, q.id) WHERE c.account_id = a.id)"
		args = append(args, *n.PostID)
	}
	args = append(append(args, n.AccountID, n.FromID, n.Kind), post...)
	var told struct {
		Found  int   // 0: it may not; 1: it may; 2: and it has one
		Newest int64 // that stands there
	}
	err = s.read(ctx).Raw("SELECT COALESCE(MAX(1 + EXISTS (SELECT 1 FROM push_subscriptions ps WHERE ps.account_id = a.id)), 0) AS found, "+
		newestOf+" AS newest FROM accounts a, accounts f WHERE a.id = ? AND f.id = ? AND "+to.sql+" AND "+from.sql+
		" AND NOT EXISTS (SELECT 1 FROM mutes mu WHERE mu.account_id = a.id AND mu.target_id = f.id AND mu.notifications = 1 AND "+s.notOver()+")"+quiet+
		" AND NOT EXISTS (SELECT 1 FROM notifications p WHERE p.account_id = ? AND p.from_id = ? AND p.kind = ? AND "+same+")", args...).Scan(&told).Error
	s.ids.raise(told.Newest)
	return told.Found > 0, told.Found > 1, translate(err)
}

// newestOf selects the newest notification of an account.
const newestOf = "(SELECT COALESCE(MAX(nn.id), 0) FROM notifications nn WHERE nn.account_id = ?)"

// HasPush reports whether the account has a push subscription. As after MayNotify, a notification that is added to the account
// from now on has an id above those that stand there, whatever the clock says: a client that asks for what came since gets it.
func (s *conn) HasPush(ctx context.Context, accountID int64) (bool, error) {
	var told struct {
		Found  bool
		Newest int64
	}
	err := s.read(ctx).Raw("SELECT EXISTS (SELECT 1 FROM push_subscriptions p WHERE p.account_id = ?) AS found, "+newestOf+" AS newest", accountID, accountID).Scan(&told).Error
	s.ids.raise(told.Newest)
	return told.Found, translate(err)
}

// DeleteNotificationsFrom removes the account's notifications of these kinds that come from fromID. postID nil matches
// any post.
func (s *conn) DeleteNotificationsFrom(ctx context.Context, accountID, fromID int64, kinds []string, postID *int64) error {
	q := s.write(ctx).Table("notifications").Where("account_id = ? AND from_id = ? AND kind IN ?", accountID, fromID, kinds)
	if postID != nil {
		q = q.Where("post_id = ?", *postID)
	}
	var ids []int64
	if err := q.Pluck("id", &ids).Error; err != nil {
		return translate(err)
	}
	return s.deleteNotifications(ctx, ids)
}

// DeleteNotificationsBetween removes the notifications of each account that come from the other.
func (s *conn) DeleteNotificationsBetween(ctx context.Context, a, b int64) error {
	var ids []int64
	err := s.write(ctx).Raw("SELECT id FROM notifications WHERE account_id = ? AND from_id = ? AND kind NOT IN (?, ?, ?, ?) UNION ALL "+
		"SELECT id FROM notifications WHERE account_id = ? AND from_id = ? AND kind NOT IN (?, ?, ?, ?)",
		a, b, NotifyReport, NotifyAppeal, NotifySignUp, NotifyHeld, b, a, NotifyReport, NotifyAppeal, NotifySignUp, NotifyHeld).Scan(&ids).Error
	if err != nil {
		return translate(err)
	}
	return s.deleteNotifications(ctx, ids)
}

// DeleteAlbumNotifications removes what the owner of an album told of it: to the account, or to all for 0.
func (s *conn) DeleteAlbumNotifications(ctx context.Context, albumID, ownerID, accountID int64) error {
	q := s.write(ctx).Table("notifications").Where("from_id = ? AND kind = ? AND album_id = ?", ownerID, NotifyAlbum, albumID)
	if accountID != 0 {
		q = q.Where("account_id = ?", accountID)
	}
	var ids []int64
	if err := q.Pluck("id", &ids).Error; err != nil {
		return translate(err)
	}
	return s.deleteNotifications(ctx, ids)
}

// deleteNotifications goes by primary keys, in batches: a DELETE by another index would lock the gaps into which
// others write their notifications.
func (s *conn) deleteNotifications(ctx context.Context, ids []int64) error {
	slices.Sort(ids)
	for batch := range slices.Chunk(ids, 500) {
		if err := s.write(ctx).Exec("DELETE FROM notifications WHERE id IN ?", batch).Error; err != nil {
			return translate(err)
		}
	}
	return nil
}
