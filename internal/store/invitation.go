package store

import (
	"context"
)

// Invitation lets people join. Its secret is made of its id and the site's key, so that no row holds it.
type Invitation struct {
	ID        int64
	Note      string // for those who run the site
	Role      string // of who joins by it
	Email     string // whom it was sent to, or ""
	MaxUses   int    // 0: no limit
	Uses      int
	CreatorID *int64 // nil: somebody at the command line
	Creator   string // the name as it was then
	ExpiresAt Millis // 0: never
	EndedAt   *Millis
	CreatedAt Millis
	// MailFailedAt is when the mail to Email failed; nil where it did not, or there is none.
	MailFailedAt *Millis
}

// AddInvitation inserts an invitation under an id of NewID.
func (s *conn) AddInvitation(ctx context.Context, i *Invitation) error {
	return translate(s.write(ctx).Create(i).Error)
}

// InvitationByID reads on the primary: a card is printed at once, and used once.
func (s *conn) InvitationByID(ctx context.Context, id int64) (*Invitation, error) {
	var i Invitation
	if err := first(s.read(Primary(ctx)).Where("id = ?", id), &i); err != nil {
		return nil, err
	}
	return &i, nil
}

// Invitations lists all, newest first, on the primary.
func (s *conn) Invitations(ctx context.Context, r Range) ([]*Invitation, error) {
	var list []*Invitation
	err := s.read(Primary(ctx)).Where("id < ? AND id > ?", r.max(), r.Min).Order("id" + r.order()).Limit(r.Limit).Find(&list).Error
	return newestFirst(list, r), translate(err)
}

const invitationWorks = "ended_at IS NULL AND (max_uses = 0 OR uses < max_uses) AND (expires_at = 0 OR expires_at > "

// InvitationWorks reports whether somebody could join by the invitation now, by the primary's clock.
func (s *conn) InvitationWorks(ctx context.Context, id int64) (bool, error) {
	var one []int
	err := s.read(Primary(ctx)).Raw("SELECT 1 FROM invitations WHERE id = ? AND "+invitationWorks+s.dialect.nowMillis()+")", id).Scan(&one).Error
	return len(one) > 0, translate(err)
}

// UseInvitation counts one use, in the transaction of who joins. It returns false for one that no longer works: of several
// at once, as many get true as it has uses left.
func (s *conn) UseInvitation(ctx context.Context, id int64) (bool, error) {
	res := s.write(ctx).Exec("UPDATE invitations SET uses = uses + 1 WHERE id = ? AND "+invitationWorks+s.dialect.nowMillis()+")", id)
	return res.RowsAffected == 1, translate(res.Error)
}

// EndInvitation has an invitation work no more. It returns false where it had been ended.
func (s *conn) EndInvitation(ctx context.Context, id int64) (bool, error) {
	res := s.write(ctx).Exec("UPDATE invitations SET ended_at = "+s.dialect.nowMillis()+" WHERE id = ? AND ended_at IS NULL", id)
	return res.RowsAffected == 1, translate(res.Error)
}

// EndInvitationsTo has invitations to the roles work no more that an account made.
func (s *conn) EndInvitationsTo(ctx context.Context, creator int64, roles []string) error {
	return translate(s.write(ctx).Exec("UPDATE invitations SET ended_at = "+s.dialect.nowMillis()+" WHERE creator_id = ? AND role IN ? AND ended_at IS NULL", creator, roles).Error)
}

// InvitedAddresses are those of invitations that still work, and whose mail did not fail.
func (s *conn) InvitedAddresses(ctx context.Context) ([]string, error) {
	var list []string
	err := s.read(Primary(ctx)).Raw("SELECT email FROM invitations WHERE email <> '' AND mail_failed_at IS NULL AND " + invitationWorks + s.dialect.nowMillis() + ")").Scan(&list).Error
	return list, translate(err)
}

// SetInvitationMailFailed notes that the mail of an invitation failed, or with nil that it was delivered.
func (s *conn) SetInvitationMailFailed(ctx context.Context, id int64, at *Millis) error {
	return translate(s.write(ctx).Exec("UPDATE invitations SET mail_failed_at = ? WHERE id = ? AND (mail_failed_at IS NULL) <> (? IS NULL)", at, id, at).Error)
}

// CountUnreached counts the members, and the invitations that still work, to whom mail has failed since the moment.
func (s *conn) CountUnreached(ctx context.Context, since Millis) (members, invitations int, err error) {
	db := s.read(Primary(ctx))
	if err := db.Raw("SELECT COUNT(*) FROM accounts WHERE mail_failed_at >= ? AND deleted_at IS NULL", since).Scan(&members).Error; err != nil {
		return 0, 0, translate(err)
	}
	err = db.Raw("SELECT COUNT(*) FROM invitations WHERE mail_failed_at >= ? AND "+invitationWorks+s.dialect.nowMillis()+")", since).Scan(&invitations).Error
	return members, invitations, translate(err)
}

// CountInvitations counts those made since the moment.
func (s *conn) CountInvitations(ctx context.Context, since Millis) (int, error) {
	var n int
	err := s.read(Primary(ctx)).Raw("SELECT COUNT(*) FROM invitations WHERE id > ?", int64(since)<<16).Scan(&n).Error
	return n, translate(err)
}

// AccountsInvitedBy are those who came by the invitation, the first first, also those who wait or are suspended.
func (s *conn) AccountsInvitedBy(ctx context.Context, invitation int64, limit int) ([]*Account, error) {
	var list []*Account
	err := s.read(Primary(ctx)).Where("invitation_id = ? AND deleted_at IS NULL", invitation).Order("id").Limit(limit).Find(&list).Error
	return list, translate(err)
}

// AccountsWaiting are those whose sign-up waits for somebody's decision, the first first, on the primary.
func (s *conn) AccountsWaiting(ctx context.Context, after int64, limit int) ([]*Account, error) {
	var list []*Account
	err := s.read(Primary(ctx)).Where("waiting_at IS NOT NULL AND deleted_at IS NULL AND id > ?", after).Order("id").Limit(limit).Find(&list).Error
	return list, translate(err)
}

// CountWaiting counts them.
func (s *conn) CountWaiting(ctx context.Context) (int, error) {
	var n int
	err := s.read(Primary(ctx)).Raw("SELECT COUNT(*) FROM accounts WHERE waiting_at IS NOT NULL AND deleted_at IS NULL").Scan(&n).Error
	return n, translate(err)
}

// Undecided counts the accounts that wait, the posts that are held and the answers to decisions that wait, each up to most.
// Answers to what holds no longer are not counted.
func (s *conn) Undecided(ctx context.Context, about Above, most int) (int, error) {
	var n int
	err := s.read(ctx).Raw("SELECT (SELECT COUNT(*) FROM (SELECT id FROM accounts WHERE waiting_at IS NOT NULL AND deleted_at IS NULL LIMIT ?) a)"+
		" + (SELECT COUNT(*) FROM (SELECT id FROM held_posts WHERE state = ? LIMIT ?) h) + (SELECT COUNT(*) FROM (SELECT d.id FROM decisions d JOIN accounts b ON b.id = d.account_id WHERE d.answer = ? AND d.undone_at IS NULL AND d.account_id <> ? AND b.role IN ? LIMIT ?) d)",
		most, HeldWaits, most, AppealWaits, about.Not, about.Roles, most).Scan(&n).Error
	return min(n, most), translate(err)
}

// ApproveAccount lets in somebody who waits.
func (s *conn) ApproveAccount(ctx context.Context, id int64) error {
	return s.setAccount(ctx, id, "waiting_at = NULL, suspended_at = NULL")
}

// DropWaitingAccount removes the row of somebody who was never let in, with the tokens that clients have for it and what
// moderators were told and wrote. The name is free again. ErrNotFound where nobody waits under the id.
func (s *conn) DropWaitingAccount(ctx context.Context, id int64) error {
	var waiting []int
	if err := s.write(ctx).Raw("SELECT 1 FROM accounts WHERE id = ? AND waiting_at IS NOT NULL"+s.dialect.forUpdate(), id).Scan(&waiting).Error; err != nil {
		return translate(err)
	}
	if len(waiting) == 0 {
		return ErrNotFound
	}
	var told []int64
	if err := s.write(ctx).Raw("SELECT id FROM notifications WHERE from_id = ?", id).Scan(&told).Error; err != nil {
		return translate(err)
	}
	if err := s.deleteNotifications(ctx, told); err != nil {
		return err
	}
	for _, table := range []string{"access_tokens", "account_words", "one_time_links", "moderator_notes", "decisions"} {
		if err := s.write(ctx).Exec("DELETE FROM "+table+" WHERE account_id = ?", id).Error; err != nil {
			return translate(err)
		}
	}
	return s.DropAccount(ctx, id)
}
