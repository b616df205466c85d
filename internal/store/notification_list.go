package store

import (
	"context"
	"slices"
)

// NotificationFilter narrows a list of notifications; a nil list of kinds does not.
type NotificationFilter struct {
	Kinds, Exclude []string
	FromID         int64 // 0: from anybody
	OnPage         bool  // without the kinds that the account does not want on its page
}

// PageKinds are the kinds of notifications that only pages show: Mastodon has none like them, and some clients fail on a list
// with a kind that is new to them.
var PageKinds = []string{NotifyAlbum, NotifyOutcome, NotifyAppeal, NotifyHeld, NotifyApproved, NotifyAccount, NotifyAnnouncement}

// TimelineNotifications is the marker of notifications.
const TimelineNotifications = "notifications"

// ReadMark is how far an account has read its notifications: everything up to one, and what applications show up to another.
type ReadMark struct{ All, Apps int64 }

// Read reports whether the notification has been read.
func (m ReadMark) Read(n *Notification) bool {
	return n.ID <= m.All || n.ID <= m.Apps && !slices.Contains(PageKinds, n.Kind)
}

// markerSlack is by how much the clocks of two processes may differ, in milliseconds.
const markerSlack = 5000

// ReadUpTo is the newest notification that a marker can have read: none that was made after it was set. An application may
// set one to an id that there is not yet.
func (m *Marker) ReadUpTo() int64 { return min(m.LastReadID, (int64(m.UpdatedAt)+markerSlack)<<16) }

// unreadByApps holds for notifications n that were not read in an application: apps do not read what only pages show. See
// Marker.ReadUpTo.
func unreadByApps() condition {
	var args []any
	for _, k := range PageKinds {
		args = append(args, k)
	}
	return condition{"(n.kind IN " + placeholders(len(PageKinds)) + " OR NOT EXISTS (SELECT 1 FROM markers mk WHERE mk.account_id = n.account_id AND mk.timeline = ? AND mk.last_read_id >= n.id AND (mk.updated_at + ?) * 65536 >= n.id))", append(args, TimelineNotifications, markerSlack)}
}

const notificationColumns = "n.id, n.account_id, n.kind, n.from_id, n.post_id, n.album_id, n.ref_id, n.created_at, f.waiting_at IS NOT NULL"

// seenNotifications is what the account's notifications are listed and counted by: those from accounts, and about
// posts, that it may still see, but for muted ones, invitations that still stand, and comments on announcements that are there. To those who
// moderate, reports, answers to decisions and held posts are listed whoever sent them, and who waits to be let in. Who moderates no
// more is shown nothing of what the role was told.
func (s *conn) seenNotifications(account *Account, f NotificationFilter) (from string, args []any) {
	sender, post := accountSeen(account, "f"), postSeen(account)
	if account.Role == RoleMember {
		sender = condition{"n.kind NOT IN (?, ?, ?, ?) AND " + sender.sql, append([]any{NotifyReport, NotifyAppeal, NotifyHeld, NotifySignUp}, sender.args...)}
	} else {
		sender = condition{"(n.kind IN (?, ?, ?) OR " + signUpWaits + " OR " + sender.sql + ")", append([]any{NotifyReport, NotifyAppeal, NotifyHeld}, sender.args...)}
	}
	from = " FROM notifications n " + s.dialect.orderedJoin() + " accounts f ON f.id = n.from_id LEFT JOIN posts p ON p.id = n.post_id LEFT JOIN accounts a ON a.id = p.author_id" +
		" WHERE n.account_id = ? AND " + sender.sql + " AND (n.post_id IS NULL OR " + post.sql + ")"
	args = append(append([]any{account.ID}, sender.args...), post.args...)
	from += " AND NOT EXISTS (SELECT 1 FROM mutes mu WHERE mu.account_id = n.account_id AND mu.target_id = n.from_id AND mu.notifications = 1 AND " + s.notOver() + ")"
	from += " AND (n.album_id IS NULL OR EXISTS (SELECT 1 FROM album_members am WHERE am.album_id = n.album_id AND am.account_id = n.account_id))"
	from += " AND (n.kind <> ? OR EXISTS (SELECT 1 FROM announcement_comments ac WHERE ac.id = n.ref_id))"
	args = append(args, NotifyAnnouncement)
	for _, l := range []struct {
		kinds []string
		is    string
	}{{f.Kinds, "IN"}, {f.Exclude, "NOT IN"}} {
		if len(l.kinds) == 0 {
			continue
		}
		from += " AND n.kind " + l.is + " " + placeholders(len(l.kinds))
		for _, k := range l.kinds {
			args = append(args, k)
		}
	}
	if f.OnPage {
		from += " AND NOT EXISTS (SELECT 1 FROM notification_choices nc WHERE nc.account_id = n.account_id AND nc.kind = n.kind AND nc.page = 0)"
	}
	if f.FromID != 0 {
		from += " AND n.from_id = ?"
		args = append(args, f.FromID)
	}
	return from, args
}

// Notifications lists the account's notifications about what it may still see, newest first.
func (s *conn) Notifications(ctx context.Context, account *Account, f NotificationFilter, r Range) ([]Notification, error) {
	from, args := s.seenNotifications(account, f)
	list, err := s.notifications(ctx, from+" AND n.id < ? AND n.id > ? ORDER BY n.id"+r.order()+" LIMIT ?", append(args, r.max(), r.Min, r.Limit)...)
	return newestFirst(list, r), err
}

// NotificationByID is one of the account's own, else ErrNotFound.
func (s *conn) NotificationByID(ctx context.Context, account *Account, id int64) (*Notification, error) {
	from, args := s.seenNotifications(account, NotificationFilter{})
	list, err := s.notifications(ctx, from+" AND n.id = ?", append(args, id)...)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	return &list[0], nil
}

func (s *conn) notifications(ctx context.Context, from string, args ...any) ([]Notification, error) {
	rows, err := s.query(ctx, "SELECT "+notificationColumns+from, args...)
	if err != nil {
		return nil, err
	}
	var list []Notification
	for rows.next() {
		list = append(list, Notification{ID: rows.int(), AccountID: rows.int(), Kind: rows.text(), FromID: rows.int(), PostID: rows.optional(), AlbumID: rows.optional(), RefID: rows.optional(), CreatedAt: Millis(rows.int()), FromWaits: rows.bool()})
	}
	return list, rows.done()
}

// UnreadNotifications counts what the account may see and has not read, up to most.
func (s *conn) UnreadNotifications(ctx context.Context, account *Account, f NotificationFilter, most int) (int, error) {
	from, args := s.seenNotifications(account, f)
	apps := unreadByApps()
	args = append(append(append(args, account.ID), apps.args...), most)
	rows, err := s.query(ctx, "SELECT COUNT(*) FROM (SELECT n.id"+from+
		" AND n.id > (SELECT r.notifications_read_id FROM accounts r WHERE r.id = ?) AND "+apps.sql+" ORDER BY n.id LIMIT ?) unread", args...)
	if err != nil {
		return 0, err
	}
	n := 0
	for rows.next() {
		n = int(rows.int())
	}
	return n, rows.done()
}

// MarkNotificationsRead notes that everything up to the id is read; it never goes back. It reports whether something was not.
func (s *conn) MarkNotificationsRead(ctx context.Context, accountID, upTo int64) (bool, error) {
	res := s.write(ctx).Exec("UPDATE accounts SET notifications_read_id = ? WHERE id = ? AND notifications_read_id < ?", upTo, accountID, upTo)
	return res.RowsAffected == 1, translate(res.Error)
}

// ReadInApps finds, among the account's notifications after one id and up to another, the last before the first that only pages
// show. It is 0 where there is none. Everything up to it is read by who has read there in an application.
func (s *conn) ReadInApps(ctx context.Context, accountID, after, upTo int64) (int64, error) {
	args := []any{}
	for _, k := range PageKinds {
		args = append(args, k)
	}
	rows, err := s.query(ctx, "SELECT COALESCE(MIN(CASE WHEN kind IN "+placeholders(len(PageKinds))+" THEN id - 1 END), MAX(id), 0) FROM notifications"+
		" WHERE account_id = ? AND id > ? AND id <= ?", append(args, accountID, after, upTo)...)
	if err != nil {
		return 0, err
	}
	var last int64
	for rows.next() {
		last = rows.int()
	}
	return last, rows.done()
}

// NewestNotification is the id of the newest that the account has, 0 if it has none.
func (s *conn) NewestNotification(ctx context.Context, accountID int64) (int64, error) {
	var id int64
	err := s.read(ctx).Raw("SELECT COALESCE(MAX(id), 0) FROM notifications WHERE account_id = ?", accountID).Scan(&id).Error
	return id, translate(err)
}

// DeleteNotification removes one of the account's own; ErrNotFound if it has none by that id.
func (s *conn) DeleteNotification(ctx context.Context, accountID, id int64) error {
	res := s.write(ctx).Exec("DELETE FROM notifications WHERE id = ? AND account_id = ?", id, accountID)
	if res.Error == nil && res.RowsAffected == 0 {
		return ErrNotFound
	}
	return translate(res.Error)
}

// DeleteNotificationsUpTo removes at most limit of the account's notifications, none newer than upTo, and tells
// how many went.
func (s *conn) DeleteNotificationsUpTo(ctx context.Context, accountID, upTo int64, limit int) (int, error) {
	var ids []int64
	err := s.write(ctx).Raw("SELECT id FROM notifications WHERE account_id = ? AND id <= ? ORDER BY id LIMIT ?", accountID, upTo, limit).Scan(&ids).Error
	if err != nil {
		return 0, translate(err)
	}
	return len(ids), s.deleteNotifications(ctx, ids)
}
