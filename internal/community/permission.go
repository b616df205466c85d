package community

import (
	"context"
	"slices"

	"tintype/internal/store"
)

// An Act is something that not every member may do. An act that changes anything is logged under the same name.
type Act string

// Acts that only read, and are not logged.
const (
	ReadAdmin       Act = "admin.read" // the overview
	ReadReports     Act = "reports.read"
	ReadMembers     Act = "members.read" // with sessions and notes
	ReadEmails      Act = "members.email"
	ReadLog         Act = "log.read"
	ReadSystem      Act = "system.read" // status, jobs, moves, the ladder
	ReadSite        Act = "site.read"
	ReadInvitations Act = "invites.read"
	// ReadAnnouncements is also of those to be published later.
	ReadAnnouncements Act = "announcements.read"
	ReadBlocks        Act = "blocks.read" // what the site keeps out
	ReadHeld          Act = "held.read"   // posts that wait; those who may read them need not wait themselves
)

// Acts that change something. Each is one row of the log.
const (
	CloseReport  Act = "report.close"  // nothing is done
	DecideReport Act = "report.decide" // something is
	AssignReport Act = "report.assign"
	ReopenReport Act = "report.reopen"
	EditReport   Act = "report.edit" // what it is about
	AnswerAppeal Act = "appeal.answer"
	RemovePost   Act = "post.remove" // or a comment
	Warn         Act = "member.warn"
	Unwarn       Act = "member.unwarn"
	LimitAccount Act = "member.limit"
	Unlimit      Act = "member.unlimit"
	Suspend      Act = "member.suspend"
	Unsuspend    Act = "member.unsuspend"
	LogOut       Act = "member.logout"
	Note         Act = "member.note"
	RemoveNote   Act = "member.note_remove"
	DeleteOther  Act = "member.delete"
	LeaveOther   Act = "member.leave"
	BringBack    Act = "member.bring_back"
	SetQuota     Act = "member.quota"
	ResetLink    Act = "member.reset_link"
	SetRole      Act = "member.role"
	Invite       Act = "invite.create"
	RetryJob     Act = "job.retry"
	DropJob      Act = "job.drop"
	EditSite     Act = "site.edit"
	ClaimSite    Act = "site.claim" // by the claim link, once
	// TakeTwoFactors removes a member's second factors.
	TakeTwoFactors Act = "member.two_factors"
	EndInvitation  Act = "invite.end"
	ApproveMember  Act = "member.approve"
	RefuseMember   Act = "member.refuse"

	Announce           Act = "announcement.add"
	EditAnnouncement   Act = "announcement.edit"
	EndAnnouncement    Act = "announcement.end"
	DeleteAnnouncement Act = "announcement.delete"
	// RemoveAnnouncementComment removes a comment of somebody else.
	RemoveAnnouncementComment Act = "announcement.remove_comment"
	AddBlock                  Act = "block.add"
	RemoveBlock               Act = "block.remove"
	ApproveHeld               Act = "held.approve"
	RejectHeld                Act = "held.reject"
	TestMail                  Act = "mail.test" // a mail that shows whether mail comes
)

// Acts on the site as a whole, which have a command and no page. EntryByCommand is their row.
const (
	CreateBackup  Act = "backup.create"
	RestoreBackup Act = "backup.restore" // in the log of what was restored
	RemoveFiles   Act = "media.remove"   // that no row has
	BeginMove     Act = "move.begin"     // or go on with it
	EndMove       Act = "move.end"       // the other place is in charge
	FinishMove    Act = "move.finish"
	AbortMove     Act = "move.abort"
)

// Roles are the roles of accounts, from the one that may least. Each may what those before it may.
var Roles = []string{store.RoleMember, store.RoleModerator, store.RoleAdmin, store.RoleOwner}

// leastRole is the table of permissions: the first of Roles that may do what the act says.
var leastRole = map[Act]string{
	ReadAdmin:       store.RoleModerator,
	ReadReports:     store.RoleModerator,
	ReadMembers:     store.RoleModerator,
	ReadEmails:      store.RoleAdmin,
	ReadLog:         store.RoleModerator,
	ReadSystem:      store.RoleAdmin,
	ReadSite:        store.RoleAdmin,
	ReadInvitations: store.RoleAdmin,
	ReadBlocks:      store.RoleAdmin,
	ReadHeld:        store.RoleModerator,

	CloseReport:    store.RoleModerator,
	DecideReport:   store.RoleModerator,
	AssignReport:   store.RoleModerator,
	ReopenReport:   store.RoleModerator,
	EditReport:     store.RoleModerator,
	AnswerAppeal:   store.RoleModerator,
	RemovePost:     store.RoleModerator,
	Warn:           store.RoleModerator,
	Unwarn:         store.RoleModerator,
	LimitAccount:   store.RoleModerator,
	Unlimit:        store.RoleModerator,
	Suspend:        store.RoleModerator,
	Unsuspend:      store.RoleModerator,
	LogOut:         store.RoleModerator,
	Note:           store.RoleModerator,
	RemoveNote:     store.RoleModerator,
	DeleteOther:    store.RoleAdmin,
	LeaveOther:     store.RoleAdmin,
	BringBack:      store.RoleAdmin,
	SetQuota:       store.RoleAdmin,
	ResetLink:      store.RoleAdmin,
	SetRole:        store.RoleAdmin,
	Invite:         store.RoleAdmin,
	RetryJob:       store.RoleAdmin,
	DropJob:        store.RoleAdmin,
	EditSite:       store.RoleAdmin,
	ClaimSite:      store.RoleOwner, // whoever has claimed it is one
	TakeTwoFactors: store.RoleAdmin,
	EndInvitation:  store.RoleAdmin,
	ApproveMember:  store.RoleModerator,
	RefuseMember:   store.RoleModerator,

	ReadAnnouncements:         store.RoleAdmin,
	Announce:                  store.RoleAdmin,
	EditAnnouncement:          store.RoleAdmin,
	EndAnnouncement:           store.RoleAdmin,
	DeleteAnnouncement:        store.RoleAdmin,
	RemoveAnnouncementComment: store.RoleModerator,
	AddBlock:                  store.RoleAdmin,
	RemoveBlock:               store.RoleAdmin,
	ApproveHeld:               store.RoleModerator,
	RejectHeld:                store.RoleModerator,
	TestMail:                  store.RoleAdmin,

	CreateBackup:  store.RoleOwner,
	RestoreBackup: store.RoleOwner,
	RemoveFiles:   store.RoleOwner,
	BeginMove:     store.RoleOwner,
	EndMove:       store.RoleOwner,
	FinishMove:    store.RoleOwner,
	AbortMove:     store.RoleOwner,
}

// Acts returns every act, sorted.
func Acts() []Act {
	var list []Act
	for a := range leastRole {
		list = append(list, a)
	}
	slices.Sort(list)
	return list
}

func rank(role string) int { return slices.Index(Roles, role) }

// May reports whether the account may do what the act says. It is the one place where roles decide. A nil account may
// nothing, and neither may one that is suspended or deleted.
func May(acc *store.Account, act Act) bool {
	least, known := leastRole[act]
	return known && acc != nil && acc.Active() && rank(acc.Role) >= rank(least)
}

// mayActOn reports whether the account may act on another: on those of lower roles, and an owner on all. Nobody acts so on
// oneself.
func mayActOn(acc, target *store.Account) bool {
	return acc.ID != target.ID && (acc.Role == store.RoleOwner || rank(acc.Role) > rank(target.Role))
}

// mayGive reports whether the account may make somebody what the role says: what is below its own role, and an owner all. nil is the
// command line, which may.
func mayGive(acc *store.Account, role string) bool {
	return acc == nil || acc.Role == store.RoleOwner || rank(role) < rank(acc.Role)
}

// stillGives is mayGive of the actor as it is now, whom the caller has locked: somebody may have taken its role away meanwhile.
func stillGives(ctx context.Context, tx *store.Store, by By, role string) error {
	if by.Account == nil {
		return nil
	}
	locked, err := tx.LockAccounts(ctx, by.Account.ID)
	if err != nil {
		return err
	}
	if actor := locked[by.Account.ID]; actor == nil || !mayGive(actor, role) {
		return ErrForbidden
	}
	return nil
}

// MayActOn reports whether the account may act on another member at all.
func MayActOn(acc, target *store.Account) bool {
	return acc != nil && target != nil && mayActOn(acc, target)
}

// authorize is May as an error.
func authorize(acc *store.Account, act Act) error {
	switch {
	case acc == nil:
		return ErrUnauthenticated
	case !May(acc, act):
		return ErrForbidden
	}
	return nil
}

// rolesThat are the roles that may do what the act says.
func rolesThat(act Act) []string { return Roles[rank(leastRole[act]):] }

// decidesAbout is about whom the account may decide.
func decidesAbout(acc *store.Account) store.Above {
	if acc.Role == store.RoleOwner {
		return store.Above{Roles: Roles, Not: acc.ID}
	}
	return store.Above{Roles: Roles[:rank(acc.Role)], Not: acc.ID}
}

// othersDecideAbout are those of whom the account learns and about whom it may not decide. An owner is told of what is about
// the owner, nobody else of what is about oneself.
func othersDecideAbout(acc *store.Account) store.Above {
	if acc.Role == store.RoleOwner {
		return store.Above{Roles: Roles, Only: acc.ID}
	}
	return store.Above{Roles: Roles[rank(acc.Role):], Not: acc.ID}
}

// rolesOver are those of rolesThat that may act on the account.
func rolesOver(act Act, target *store.Account) []string {
	return slices.DeleteFunc(slices.Clone(rolesThat(act)), func(role string) bool {
		return !mayActOn(&store.Account{Role: role}, target)
	})
}
