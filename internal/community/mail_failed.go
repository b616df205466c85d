package community

import (
	"context"
	"errors"
	"time"

	"tintype/internal/store"
)

// UnreachedFor is how long the overview counts somebody to whom mail failed.
const UnreachedFor = 30 * 24 * time.Hour

// noteMail writes down that a mail failed, or was delivered: at the invitation, or at the account whose address it went to. That it
// cannot be written down is no reason to send the mail again.
func (c *Community) noteMail(ctx context.Context, m mailJob, acc *store.Account, to string, failed bool) {
	var at *store.Millis
	if failed {
		at = new(store.ToMillis(time.Now()))
	}
	var err error
	switch {
	case m.Kind == mailInvitation:
		err = c.Store.SetInvitationMailFailed(ctx, m.About, at)
	case acc != nil && acc.Email == to && (failed || acc.MailFailedAt != nil):
		err = c.Store.SetMailFailed(ctx, acc.ID, to, at)
	}
	if err != nil {
		c.Log.WarnContext(ctx, "what became of a mail was not noted", "account", idOf(acc, m.Account), "mail", m.Kind, "error", err)
	}
}

// noteUnsent is noteMail for a mail of which no letter is written any more.
func (c *Community) noteUnsent(ctx context.Context, m mailJob) {
	acc, err := c.Store.AccountByID(ctx, m.Account)
	if m.Kind == mailReset {
		acc, err = c.Store.AccountByEmail(ctx, m.Email)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		c.Log.WarnContext(ctx, "what became of a mail was not noted", "account", m.Account, "mail", m.Kind, "error", err)
		return
	}
	to := m.Email
	if to == "" && acc != nil {
		to = acc.Email
	}
	c.noteMail(ctx, m, acc, to, true)
}

// Unreached are whom mail does not reach.
type Unreached struct {
	Members     int
	Invitations int // that still work; for those who may read invitations
}

// Unreached counts to whom mail failed within UnreachedFor.
func (c *Community) Unreached(ctx context.Context, by By) (Unreached, error) {
	if err := by.may(ReadMembers); err != nil {
		return Unreached{}, err
	}
	members, invitations, err := c.Store.CountUnreached(ctx, store.ToMillis(time.Now().Add(-UnreachedFor)))
	if by.may(ReadInvitations) != nil {
		invitations = 0
	}
	return Unreached{members, invitations}, fromStore(err)
}
