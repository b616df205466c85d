package store

import (
	"context"
	"errors"
)

// Announcement is what those who run the site tell every member.
type Announcement struct {
	ID        int64
	Text      string
	StartsAt  *Millis // of the event that it is about
	EndsAt    *Millis // the announcement ends with the event
	AllDay    bool    // the event has days and no hours
	PublishAt Millis  // members see it from then on
	EndedAt   *Millis // somebody has ended it
	DeletedAt *Millis
	CreatedAt Millis
	UpdatedAt Millis
}

// AddAnnouncement inserts an announcement under an id of NewID.
func (s *conn) AddAnnouncement(ctx context.Context, a Announcement) error {
	return translate(s.write(ctx).Create(&a).Error)
}

// SetAnnouncement writes what may change: the text, the times and the end.
func (s *conn) SetAnnouncement(ctx context.Context, a Announcement) error {
	return translate(s.write(ctx).Exec("UPDATE announcements SET text = ?, starts_at = ?, ends_at = ?, all_day = ?, publish_at = ?, ended_at = ?, deleted_at = ?, updated_at = ? WHERE id = ?",
		a.Text, a.StartsAt, a.EndsAt, a.AllDay, a.PublishAt, a.EndedAt, a.DeletedAt, a.UpdatedAt, a.ID).Error)
}

// LockAnnouncement is the row, deleted or not, and keeps others from changing it until the transaction ends.
func (s *conn) LockAnnouncement(ctx context.Context, id int64) (*Announcement, error) {
	var list []*Announcement
	if err := s.write(ctx).Raw("SELECT * FROM announcements WHERE id = ?"+s.dialect.forUpdate(), id).Scan(&list).Error; err != nil {
		return nil, translate(err)
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	return list[0], nil
}

// AnnouncementByID returns the announcement, ErrNotFound where it is deleted.
func (s *conn) AnnouncementByID(ctx context.Context, id int64) (*Announcement, error) {
	var list []*Announcement
	if err := s.read(ctx).Raw("SELECT * FROM announcements WHERE id = ? AND deleted_at IS NULL", id).Scan(&list).Error; err != nil {
		return nil, translate(err)
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	return list[0], nil
}

// StandingAnnouncements are those that neither have ended at the moment nor are deleted, also those to be published later,
// the newest publication first.
func (s *conn) StandingAnnouncements(ctx context.Context, now Millis, limit int) ([]*Announcement, error) {
	var list []*Announcement
	err := s.read(ctx).Raw("SELECT * FROM announcements WHERE deleted_at IS NULL AND ended_at IS NULL AND (ends_at IS NULL OR ends_at > ?) ORDER BY publish_at DESC, id DESC LIMIT ?", now, limit).Scan(&list).Error
	return list, translate(err)
}

// Announcements lists those that are not deleted, the newest first, with a moment only those published until then.
func (s *conn) Announcements(ctx context.Context, until *Millis, r Range) ([]*Announcement, error) {
	where, args := "deleted_at IS NULL AND id < ? AND id > ?", []any{r.max(), r.Min}
	if until != nil {
		where, args = where+" AND publish_at <= ?", append(args, *until)
	}
	var list []*Announcement
	err := s.read(ctx).Raw("SELECT * FROM announcements WHERE "+where+" ORDER BY id"+r.order()+" LIMIT ?", append(args, r.Limit)...).Scan(&list).Error
	return newestFirst(list, r), translate(err)
}

// AnnouncementMark is what a member did with an announcement: dismissed it where Name is "", else reacted with an emoji.
type AnnouncementMark struct {
	ID             int64
	AnnouncementID int64
	AccountID      int64
	Name           string
}

// MarkAnnouncement writes a mark, and reports whether it was not there.
func (s *conn) MarkAnnouncement(ctx context.Context, m AnnouncementMark) (bool, error) {
	_, err := s.insertFresh(func(id int64) error {
		m.ID = id
		return s.write(ctx).Create(&m).Error
	})
	var there *ConflictError
	if errors.As(err, &there) && !there.Primary {
		return false, nil
	}
	return err == nil, err
}

// UnmarkAnnouncement removes a mark, and reports whether it was there.
func (s *conn) UnmarkAnnouncement(ctx context.Context, m AnnouncementMark) (bool, error) {
	res := s.write(ctx).Exec("DELETE FROM announcement_marks WHERE announcement_id = ? AND name = ? AND account_id = ?", m.AnnouncementID, m.Name, m.AccountID)
	return res.RowsAffected > 0, translate(res.Error)
}

// AnnouncementMarksBy are the account's marks on the announcements.
func (s *conn) AnnouncementMarksBy(ctx context.Context, accountID int64, ids []int64) ([]AnnouncementMark, error) {
	list, args := in(ids)
	var marks []AnnouncementMark
	err := s.read(ctx).Raw("SELECT * FROM announcement_marks WHERE account_id = ? AND announcement_id IN "+list, append([]any{accountID}, args...)...).Scan(&marks).Error
	return marks, translate(err)
}

// AnnouncementReaction counts those who reacted to an announcement with one emoji.
type AnnouncementReaction struct {
	AnnouncementID int64
	Name           string
	Count          int
}

// AnnouncementReactions counts the reactions to the announcements, of each the first one first. Accounts that nobody sees do
// not count.
func (s *conn) AnnouncementReactions(ctx context.Context, ids []int64) ([]AnnouncementReaction, error) {
	list, args := in(ids)
	active := accountActive("a")
	var reactions []AnnouncementReaction
	err := s.read(ctx).Raw("SELECT m.announcement_id, m.name, COUNT(*) AS count FROM announcement_marks m JOIN accounts a ON a.id = m.account_id"+
		" WHERE m.name <> '' AND m.announcement_id IN "+list+" AND "+active.sql+" GROUP BY m.announcement_id, m.name ORDER BY MIN(m.id)", args...).Scan(&reactions).Error
	return reactions, translate(err)
}

// AnnouncementEmojis are the names of all reactions to the announcement.
func (s *conn) AnnouncementEmojis(ctx context.Context, id int64) ([]string, error) {
	var names []string
	err := s.read(Primary(ctx)).Raw("SELECT DISTINCT name FROM announcement_marks WHERE announcement_id = ? AND name <> ''", id).Scan(&names).Error
	return names, translate(err)
}

// AnnouncementComment is a member's comment on an announcement.
type AnnouncementComment struct {
	ID             int64
	AnnouncementID int64
	AccountID      int64
	Text           string
	CreatedAt      Millis
}

// AddAnnouncementComment inserts a comment under an id of NewID.
func (s *conn) AddAnnouncementComment(ctx context.Context, c AnnouncementComment) error {
	return translate(s.write(ctx).Create(&c).Error)
}

// AnnouncementComments lists the comments whose authors the viewer may see, the newest first.
func (s *conn) AnnouncementComments(ctx context.Context, viewer *Account, id int64, r Range) ([]AnnouncementComment, error) {
	seen := accountSeen(viewer, "a")
	args := append([]any{id, r.max(), r.Min}, seen.args...)
	var list []AnnouncementComment
	err := s.read(ctx).Raw("SELECT c.* FROM announcement_comments c JOIN accounts a ON a.id = c.account_id WHERE c.announcement_id = ? AND c.id < ? AND c.id > ? AND "+seen.sql+
		" ORDER BY c.id"+r.order()+" LIMIT ?", append(args, r.Limit)...).Scan(&list).Error
	return newestFirst(list, r), translate(err)
}

// AnnouncementCommentByID returns the comment, ErrNotFound where the viewer may not see its author. A nil viewer sees all.
func (s *conn) AnnouncementCommentByID(ctx context.Context, viewer *Account, id int64) (*AnnouncementComment, error) {
	seen := condition{sql: "1 = 1"}
	if viewer != nil {
		seen = accountSeen(viewer, "a")
	}
	var list []AnnouncementComment
	err := s.read(ctx).Raw("SELECT c.* FROM announcement_comments c JOIN accounts a ON a.id = c.account_id WHERE c.id = ? AND "+seen.sql, append([]any{id}, seen.args...)...).Scan(&list).Error
	if err != nil {
		return nil, translate(err)
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	return &list[0], nil
}

// AnnouncementCommentsByID are those of the comments that are there, whoever may see them, in no particular order.
func (s *conn) AnnouncementCommentsByID(ctx context.Context, ids []int64) ([]AnnouncementComment, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var list []AnnouncementComment
	err := s.read(ctx).Where("id IN ?", ids).Find(&list).Error
	return list, translate(err)
}

// AnnouncementCommenters are who commented on an announcement, the last one first.
func (s *conn) AnnouncementCommenters(ctx context.Context, id int64, limit int) ([]int64, error) {
	return s.idList(Primary(ctx), "SELECT account_id FROM announcement_comments WHERE announcement_id = ? GROUP BY account_id ORDER BY MAX(id) DESC LIMIT ?", id, limit)
}

// CountAnnouncementComments counts the comments that the viewer may see, and with a nil viewer all of them, up to most.
func (s *conn) CountAnnouncementComments(ctx context.Context, viewer *Account, id int64, most int) (int, error) {
	q, args := "SELECT c.id FROM announcement_comments c WHERE c.announcement_id = ?", []any{id}
	if viewer != nil {
		seen := accountSeen(viewer, "a")
		q, args = "SELECT c.id FROM announcement_comments c JOIN accounts a ON a.id = c.account_id WHERE c.announcement_id = ? AND "+seen.sql, append(args, seen.args...)
	}
	var n int
	err := s.read(ctx).Raw("SELECT COUNT(*) FROM ("+q+" LIMIT ?) counted", append(args, most)...).Scan(&n).Error
	return n, translate(err)
}

// CommentsOnAnnouncementsBy lists the account's own comments, the newest first.
func (s *conn) CommentsOnAnnouncementsBy(ctx context.Context, accountID int64, r Range) ([]AnnouncementComment, error) {
	var list []AnnouncementComment
	err := s.read(ctx).Raw("SELECT * FROM announcement_comments WHERE account_id = ? AND id < ? AND id > ? ORDER BY id"+r.order()+" LIMIT ?", accountID, r.max(), r.Min, r.Limit).Scan(&list).Error
	return newestFirst(list, r), translate(err)
}

// AnnouncementReactionsBy lists the account's own reactions, the newest first.
func (s *conn) AnnouncementReactionsBy(ctx context.Context, accountID int64, r Range) ([]AnnouncementMark, error) {
	var list []AnnouncementMark
	err := s.read(ctx).Raw("SELECT * FROM announcement_marks WHERE account_id = ? AND name <> '' AND id < ? AND id > ? ORDER BY id"+r.order()+" LIMIT ?", accountID, r.max(), r.Min, r.Limit).Scan(&list).Error
	return newestFirst(list, r), translate(err)
}

// DropAnnouncementComment deletes a comment, and reports whether it was there.
func (s *conn) DropAnnouncementComment(ctx context.Context, id int64) (bool, error) {
	res := s.write(ctx).Exec("DELETE FROM announcement_comments WHERE id = ?", id)
	return res.RowsAffected > 0, translate(res.Error)
}

// EraseAnnouncementRows removes comments and marks of an announcement, at most limit of each, and returns how many.
func (s *conn) EraseAnnouncementRows(ctx context.Context, id int64, limit int) (int, error) {
	total := 0
	for _, table := range []string{"announcement_comments", "announcement_marks"} {
		ids, err := s.idList(Primary(ctx), "SELECT id FROM "+table+" WHERE announcement_id = ? ORDER BY id LIMIT ?", id, limit)
		if err != nil {
			return total, err
		}
		if len(ids) == 0 {
			continue
		}
		list, args := in(ids)
		if err := s.write(ctx).Exec("DELETE FROM "+table+" WHERE id IN "+list, args...).Error; err != nil {
			return total, translate(err)
		}
		total += len(ids)
	}
	return total, nil
}

// DropAnnouncement deletes the row.
func (s *conn) DropAnnouncement(ctx context.Context, id int64) error {
	return translate(s.write(ctx).Exec("DELETE FROM announcements WHERE id = ?", id).Error)
}
