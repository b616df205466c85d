package store

import (
	"context"
	"strings"
)

// MemberMail is what the site writes to a member by choice. A member without a row gets no digest, and nothing waits.
type MemberMail struct {
	AccountID    int64
	DigestAt     *Millis // when the next digest is due; nil: the member wants none
	NoticesAfter int64   // the next mail of notifications has those after this one
	NoticesAt    *Millis // when it is due; nil: there is none
	NoticedAt    Millis  // when the last one was due
}

// MailedKinds are the kinds of notifications that a member gets by mail who has chosen nothing. NotifySignUp is one of them while
// it waits for a decision.
var MailedKinds = []string{NotifyReport, NotifyAppeal, NotifyHeld, NotifySignUp}

// signUpWaits is the condition that a notification n is of somebody who waits to be let in.
const signUpWaits = "(n.kind = '" + NotifySignUp + "' AND EXISTS (SELECT 1 FROM accounts w WHERE w.id = n.from_id AND w.waiting_at IS NOT NULL))"

// wantsMail is the condition that the account of a notification n, which is joined to the choice nc, has chosen its kind for mail.
var wantsMail = "COALESCE(nc.mail, CASE WHEN n.kind = '" + NotifySignUp + "' AND NOT " + signUpWaits + " THEN 0 WHEN n.kind IN ('" + strings.Join(MailedKinds, "', '") + "') THEN 1 ELSE 0 END) = 1"

// MemberMailOf returns the account's row, one without anything where there is none.
func (s *conn) MemberMailOf(ctx context.Context, accountID int64) (MemberMail, error) {
	return oneMemberMail(accountID)(s.memberMail(ctx, "m.account_id = ?", accountID))
}

func oneMemberMail(accountID int64) func([]MemberMail, error) (MemberMail, error) {
	return func(list []MemberMail, err error) (MemberMail, error) {
		if err != nil || len(list) == 0 {
			return MemberMail{AccountID: accountID}, err
		}
		return list[0], nil
	}
}

func (s *conn) memberMail(ctx context.Context, where string, args ...any) ([]MemberMail, error) {
	rows, err := s.query(ctx, "SELECT m.account_id, m.digest_at, m.notices_after, m.notices_at, m.noticed_at FROM member_mail m WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	var list []MemberMail
	for rows.next() {
		list = append(list, MemberMail{rows.int(), millisOrNil(rows.optional()), rows.int(), millisOrNil(rows.optional()), Millis(rows.int())})
	}
	return list, rows.done()
}

func millisOrNil(v *int64) *Millis {
	if v == nil {
		return nil
	}
	return new(Millis(*v))
}

// addMemberMail makes the account's row, if there is none.
func (s *conn) addMemberMail(ctx context.Context, accountID int64) error {
	return translate(s.write(ctx).Exec(s.dialect.insertIgnore()+" member_mail (account_id) VALUES (?)", accountID).Error)
}

// SetDigest says when the account's next digest is due; nil for no more of them.
func (s *conn) SetDigest(ctx context.Context, accountID int64, at *Millis) error {
	if err := s.addMemberMail(ctx, accountID); err != nil {
		return err
	}
	return translate(s.write(ctx).Exec("UPDATE member_mail SET digest_at = ? WHERE account_id = ?", at, accountID).Error)
}

// NextDigest moves the digest that is due at from to another time, and reports whether it was still due then.
func (s *conn) NextDigest(ctx context.Context, accountID int64, from, to Millis) (bool, error) {
	res := s.write(ctx).Exec("UPDATE member_mail SET digest_at = ? WHERE account_id = ? AND digest_at = ?", to, accountID, from)
	return res.RowsAffected == 1, translate(res.Error)
}

// DueDigests lists at most limit rows whose digest is due, the oldest first.
func (s *conn) DueDigests(ctx context.Context, now Millis, limit int) ([]MemberMail, error) {
	return s.memberMail(ctx, "m.digest_at <= ? ORDER BY m.digest_at, m.account_id LIMIT ?", now, limit)
}

// A Noticed is a member who has new notifications of kinds that it wants by mail.
type Noticed struct {
	AccountID int64
	First     int64 // the oldest of them
	Soon      bool  // one is of a kind that does not wait for others, or of somebody who waits to be let in
}

// NoticedByMail finds the members with an address of their own who have such notifications after one id and up to another, and
// have not read them.
func (s *conn) NoticedByMail(ctx context.Context, after, upto int64, soon []string) ([]Noticed, error) {
	args := []any{}
	for _, k := range soon {
		args = append(args, k)
	}
	apps := unreadByApps()
	rows, err := s.query(ctx, "SELECT n.account_id, MIN(n.id), MAX(CASE WHEN n.kind IN "+placeholders(len(soon))+" OR "+signUpWaits+" THEN 1 ELSE 0 END) FROM notifications n"+
		" JOIN accounts a ON a.id = n.account_id LEFT JOIN notification_choices nc ON nc.account_id = n.account_id AND nc.kind = n.kind"+
		" WHERE n.id > ? AND n.id <= ? AND n.id > a.notifications_read_id AND a.email_verified_at IS NOT NULL AND a.suspended_at IS NULL AND a.deleted_at IS NULL AND "+wantsMail+" AND "+apps.sql+
		" GROUP BY n.account_id ORDER BY n.account_id", append(append(args, after, upto), apps.args...)...)
	if err != nil {
		return nil, err
	}
	var list []Noticed
	for rows.next() {
		list = append(list, Noticed{rows.int(), rows.int(), rows.int() != 0})
	}
	return list, rows.done()
}

// PlanNotices has the account's next mail of notifications begin with the one of that id, unless it begins earlier already, and
// come at the latest at that time.
func (s *conn) PlanNotices(ctx context.Context, accountID, first int64, at Millis) error {
	if err := s.addMemberMail(ctx, accountID); err != nil {
		return err
	}
	// MySQL assigns from left to right: notices_at is the old one until its turn.
	return translate(s.write(ctx).Exec("UPDATE member_mail SET notices_after = CASE WHEN notices_at IS NULL OR notices_after > ? THEN ? ELSE notices_after END,"+
		" notices_at = CASE WHEN notices_at IS NULL OR notices_at > ? THEN ? ELSE notices_at END WHERE account_id = ?", first-1, first-1, at, at, accountID).Error)
}

// DueNotices lists at most limit rows whose mail of notifications is due, the oldest first.
func (s *conn) DueNotices(ctx context.Context, now Millis, limit int) ([]MemberMail, error) {
	return s.memberMail(ctx, "m.notices_at <= ? ORDER BY m.notices_at, m.account_id LIMIT ?", now, limit)
}

// TakeNotices notes that the mail which was due at that time is written, and reports whether it was still due then.
func (s *conn) TakeNotices(ctx context.Context, accountID int64, due, now Millis) (bool, error) {
	res := s.write(ctx).Exec("UPDATE member_mail SET notices_at = NULL, noticed_at = ? WHERE account_id = ? AND notices_at = ?", now, accountID, due)
	return res.RowsAffected == 1, translate(res.Error)
}

// NoMailedNotifications has the account get no notification by mail.
func (s *conn) NoMailedNotifications(ctx context.Context, accountID int64) error {
	d := s.dialect
	for _, kind := range MailedKinds {
		err := s.write(ctx).Exec("INSERT INTO notification_choices (account_id, kind, page, push, mail) VALUES (?, ?, 1, 1, 0) "+
			d.upsert("account_id, kind", "mail = "+d.new("mail")), accountID, kind).Error
		if err != nil {
			return translate(err)
		}
	}
	return translate(s.write(ctx).Exec("UPDATE notification_choices SET mail = 0 WHERE account_id = ?", accountID).Error)
}
