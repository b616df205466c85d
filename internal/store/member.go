package store

import (
	"context"
	"strings"
	"time"
)

// MemberFilter chooses accounts for those who look after them. Empty fields choose all that are not deleted.
type MemberFilter struct {
	Text      string // within the username, or the beginning of a word of the displayed name
	WithEmail bool   // the text may be in the address as well
	Role      string
	State     string // one of the states of members
	Staff     bool   // of a role above a member's
}

// States of members, by which they are filtered.
const (
	MemberActive      = "active" // neither limited nor suspended
	MemberLimited     = "limited"
	MemberSuspended   = "suspended"   // by moderators
	MemberWaiting     = "waiting"     // to be let in
	MemberLeaving     = "leaving"     // has left, and may come back
	MemberUnconfirmed = "unconfirmed" // nobody has confirmed the address
	MemberUnreached   = "unreached"   // mail to the address failed
	MemberNew         = "new"         // joined within NewMember
	MemberSilent      = "silent"      // joined before, and posted nothing within SilentMember
)

const (
	// NewMember is how long somebody is new.
	NewMember = 30 * 24 * time.Hour
	// SilentMember is after how long without a post or comment somebody is silent.
	SilentMember = 90 * 24 * time.Hour
)

// Members lists accounts that are not deleted, the newest first.
func (s *conn) Members(ctx context.Context, f MemberFilter, now time.Time, r Range) ([]*Account, error) {
	where, args := "deleted_at IS NULL AND id < ? AND id > ?", []any{r.max(), r.Min}
	if key := Fold(f.Text); key != "" {
		like := "%" + likeEscape.Replace(key) + "%"
		words, wordArgs := "", []any(nil)
		for _, w := range SearchWords(f.Text) {
			if words != "" {
				words += " AND "
			}
			words += "EXISTS (SELECT 1 FROM account_words n WHERE n.account_id = accounts.id AND n.word >= ? AND n.word < ?)"
			wordArgs = append(wordArgs, w.Text, w.Text+"\U0010FFFF")
		}
		where, args = where+" AND (username_key LIKE ? ESCAPE '!'", append(args, like)
		if words != "" {
			where, args = where+" OR "+words, append(args, wordArgs...)
		}
		if f.WithEmail {
			where, args = where+" OR LOWER(email) LIKE ? ESCAPE '!'", append(args, "%"+likeEscape.Replace(strings.ToLower(f.Text))+"%")
		}
		where += ")"
	}
	if f.Role != "" {
		where, args = where+" AND role = ?", append(args, f.Role)
	}
	if f.Staff {
		where, args = where+" AND role <> ?", append(args, RoleMember)
	}
	switch f.State {
	case "":
	case MemberActive:
		where += " AND suspended_at IS NULL AND limited_at IS NULL"
	case MemberLimited:
		where += " AND limited_at IS NOT NULL"
	case MemberSuspended:
		where += " AND suspended_at IS NOT NULL AND waiting_at IS NULL AND (leaving_at IS NULL OR leaving_at <> suspended_at)"
	case MemberWaiting:
		where += " AND waiting_at IS NOT NULL"
	case MemberLeaving:
		where += " AND leaving_at IS NOT NULL"
	case MemberUnconfirmed:
		where += " AND email_verified_at IS NULL"
	case MemberUnreached:
		where += " AND mail_failed_at IS NOT NULL"
	case MemberNew:
		where, args = where+" AND created_at >= ?", append(args, ToMillis(now.Add(-NewMember)))
	case MemberSilent:
		since := ToMillis(now.Add(-SilentMember))
		where += " AND created_at < ? AND NOT EXISTS (SELECT 1 FROM posts p WHERE p.author_id = accounts.id AND p.id > ?)"
		args = append(args, since, since.Time().UnixMilli()<<16)
	default:
		return nil, nil
	}
	var list []*Account
	err := s.read(Primary(ctx)).Where(where, args...).Order("id" + r.order()).Limit(r.Limit).Find(&list).Error
	return newestFirst(list, r), translate(err)
}

// MemberFacts are what decides about a member.
type MemberFacts struct {
	Photos       int64 // that have bytes
	Bytes        int64 // of their originals
	ReportsMade  int64
	ReportsAbout int64
	OpenReports  int64 // of those about it
	RemovedPosts int64 // that moderators removed
	Warnings     int64 // decisions other than the removal of a post that stand
}

// MemberFacts counts them.
func (s *conn) MemberFacts(ctx context.Context, id int64) (MemberFacts, error) {
	var f MemberFacts
	err := s.read(Primary(ctx)).Raw("SELECT (SELECT COUNT(*) FROM photos WHERE account_id = ? AND state <> 'gone') AS photos,"+
		" (SELECT COALESCE(SUM(bytes), 0) FROM photos WHERE account_id = ? AND state <> 'gone') AS bytes,"+
		" (SELECT COUNT(*) FROM reports WHERE reporter_id = ?) AS reports_made,"+
		" (SELECT COUNT(*) FROM reports WHERE target_id = ?) AS reports_about,"+
		" (SELECT COUNT(*) FROM reports WHERE target_id = ? AND state = 'open') AS open_reports,"+
		" (SELECT COUNT(*) FROM decisions WHERE account_id = ? AND kind = 'remove' AND undone_at IS NULL) AS removed_posts,"+
		" (SELECT COUNT(*) FROM decisions WHERE account_id = ? AND kind <> 'remove' AND undone_at IS NULL) AS warnings",
		id, id, id, id, id, id, id).Scan(&f).Error
	return f, translate(err)
}

// ReportsAbout lists the reports about an account, newest first.
func (s *conn) ReportsAbout(ctx context.Context, targetID int64, r Range) ([]Report, error) {
	return s.reportsOf(ctx, "target_id", targetID, r)
}

// ReportsBy lists the reports that an account made, newest first.
func (s *conn) ReportsBy(ctx context.Context, reporterID int64, r Range) ([]Report, error) {
	return s.reportsOf(ctx, "reporter_id", reporterID, r)
}

func (s *conn) reportsOf(ctx context.Context, column string, id int64, r Range) ([]Report, error) {
	var list []Report
	err := s.read(Primary(ctx)).Raw("SELECT * FROM reports WHERE "+column+" = ? AND id < ? AND id > ? ORDER BY id"+r.order()+" LIMIT ?",
		id, r.max(), r.Min, r.Limit).Scan(&list).Error
	return newestFirst(list, r), translate(err)
}

// A ModeratorNote is what moderators tell each other about a member, who does not read it.
type ModeratorNote struct {
	ID        int64
	AccountID int64
	AuthorID  int64 // 0: the command line
	Words     string
	CreatedAt Millis
}

// AddModeratorNote inserts the note under a new id, which it returns.
func (s *conn) AddModeratorNote(ctx context.Context, n ModeratorNote) (int64, error) {
	return s.insertFresh(func(id int64) error {
		n.ID = id
		return s.write(ctx).Create(&n).Error
	})
}

// ModeratorNotes lists the notes about an account, newest first.
func (s *conn) ModeratorNotes(ctx context.Context, accountID int64, limit int) ([]ModeratorNote, error) {
	var list []ModeratorNote
	err := s.read(Primary(ctx)).Raw("SELECT * FROM moderator_notes WHERE account_id = ? ORDER BY id DESC LIMIT ?", accountID, limit).Scan(&list).Error
	return list, translate(err)
}

// CountModeratorNotes counts the notes about an account.
func (s *conn) CountModeratorNotes(ctx context.Context, accountID int64) (int, error) {
	var n int
	err := s.read(ctx).Raw("SELECT COUNT(*) FROM moderator_notes WHERE account_id = ?", accountID).Scan(&n).Error
	return n, translate(err)
}

// RemoveModeratorNote deletes a note about the account and reports whether there was one.
func (s *conn) RemoveModeratorNote(ctx context.Context, accountID, id int64) (bool, error) {
	res := s.write(ctx).Exec("DELETE FROM moderator_notes WHERE id = ? AND account_id = ?", id, accountID)
	return res.RowsAffected > 0, translate(res.Error)
}
