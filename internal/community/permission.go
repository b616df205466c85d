package community

import (
	"slices"

	"tintype/internal/store"
)

// An Act is something that not every member may do. What changes anything is logged under the same name.
type Act string

// Acts that only read, and are not logged.
const (
	ReadAdmin   Act = "admin.read" // the overview
	ReadReports Act = "reports.read"
	ReadMembers Act = "members.read" // with addresses, sessions and notes
	ReadLog     Act = "log.read"
	ReadSystem  Act = "system.read" // status, jobs, moves, the ladder
	ReadSite    Act = "site.read"
)

// Acts that change something. Each is one row of the log.
const (
	CloseReport Act = "report.close"
	RemovePost  Act = "post.remove" // or a comment
	Suspend     Act = "member.suspend"
	Unsuspend   Act = "member.unsuspend"
	ResetLink   Act = "member.reset_link"
	SetRole     Act = "member.role"
	// TakeTwoFactors removes a member's second factors.
	TakeTwoFactors Act = "member.two_factors"
	Invite         Act = "invite.create"
	EditSite       Act = "site.edit"
	RetryJob       Act = "job.retry"
	DropJob        Act = "job.drop"
)

// Roles are the roles of accounts, from the one that may least. Each may what those before it may.
var Roles = []string{store.RoleMember, store.RoleModerator, store.RoleAdmin, store.RoleOwner}

// leastRole is the table of permissions: the first of Roles that may do what the act says.
var leastRole = map[Act]string{
	ReadAdmin:   store.RoleModerator,
	ReadReports: store.RoleModerator,
	ReadMembers: store.RoleModerator,
	ReadLog:     store.RoleModerator,
	ReadSystem:  store.RoleAdmin,
	ReadSite:    store.RoleAdmin,

	CloseReport:    store.RoleModerator,
	RemovePost:     store.RoleModerator,
	Suspend:        store.RoleModerator,
	Unsuspend:      store.RoleModerator,
	ResetLink:      store.RoleAdmin,
	SetRole:        store.RoleAdmin,
	TakeTwoFactors: store.RoleAdmin,
	Invite:         store.RoleAdmin,
	EditSite:       store.RoleAdmin,
	RetryJob:       store.RoleAdmin,
	DropJob:        store.RoleAdmin,
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
