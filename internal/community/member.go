package community

import (
	"context"
	"slices"
	"strings"
	"time"

	"tintype/internal/store"
)

// SetMemberRole gives a member another role. Only an owner makes owners and administrators, or takes that from them. The
// last owner stays one. A site that has an owner is claimed.
func (c *Community) SetMemberRole(ctx context.Context, by By, username, role string) (*store.Account, error) {
	if !slices.Contains(Roles, role) {
		return nil, invalid("role", "invalid", "The role is one of %s.", strings.Join(Roles, ", "))
	}
	if a := by.Account; a != nil && a.Role != store.RoleOwner && rank(role) >= rank(a.Role) {
		return nil, ErrForbidden
	}
	return c.onMember(ctx, by, SetRole, username, func(ctx context.Context, tx *store.Store, now *store.Account, e *store.AdminEntry) (bool, error) {
		if now.Role == role {
			return false, nil
		}
		if now.Role == store.RoleOwner {
			owners, err := tx.AccountsWithRole(ctx, []string{store.RoleOwner}, 2)
			if err != nil {
				return false, err
			}
			if len(owners) < 2 {
				return false, invalid("role", "last_owner", "This is the site's only owner. Make somebody else an owner first.")
			}
		}
		if rank(role) >= rank(store.RoleAdmin) {
			if _, err := tx.AddSiteInfo(ctx, infoClaimed, now.Username); err != nil {
				return false, err
			}
		}
		e.Detail = now.Role + " to " + role
		return true, tx.SetRole(ctx, now.ID, role)
	})
}

// SuspendMember hides an account and ends its sessions. Its tokens stay, but are refused meanwhile. Doing so again changes
// nothing.
func (c *Community) SuspendMember(ctx context.Context, by By, username string) (*store.Account, error) {
	return c.onMember(ctx, by, Suspend, username, func(ctx context.Context, tx *store.Store, now *store.Account, _ *store.AdminEntry) (bool, error) {
		if now.SuspendedAt != nil {
			return false, nil
		}
		if err := endSessions(ctx, tx, now.ID); err != nil {
			return false, err
		}
		if err := tx.AddEvent(ctx, EventAccountHidden, now.ID, now.ID, nil); err != nil {
			return false, err
		}
		if err := c.renamePhotos(ctx, tx, now.ID); err != nil {
			return false, err
		}
		at := store.ToMillis(time.Now())
		return true, tx.SetSuspended(ctx, now.ID, &at)
	})
}

// UnsuspendMember restores an account. Doing so again changes nothing.
func (c *Community) UnsuspendMember(ctx context.Context, by By, username string) (*store.Account, error) {
	return c.onMember(ctx, by, Unsuspend, username, func(ctx context.Context, tx *store.Store, now *store.Account, _ *store.AdminEntry) (bool, error) {
		if now.SuspendedAt == nil {
			return false, nil
		}
		if err := tx.AddEvent(ctx, EventAccountShown, now.ID, now.ID, nil); err != nil {
			return false, err
		}
		if err := c.renamePhotos(ctx, tx, now.ID); err != nil {
			return false, err
		}
		return true, tx.SetSuspended(ctx, now.ID, nil)
	})
}

// endSessions deletes every session that a browser has, and what was pushed to it.
func endSessions(ctx context.Context, tx *store.Store, accountID int64) error {
	if err := tx.DeleteOtherSessions(ctx, accountID, ""); err != nil {
		return err
	}
	return tx.DeletePushOfOtherSessions(ctx, accountID, "")
}

// SuspendAccount suspends or restores an account by command.
func (c *Community) SuspendAccount(ctx context.Context, username string, suspend bool) (*store.Account, error) {
	if suspend {
		return c.SuspendMember(ctx, ByCommand(""), username)
	}
	return c.UnsuspendMember(ctx, ByCommand(""), username)
}

// PromoteAccount gives an account a role by command.
func (c *Community) PromoteAccount(ctx context.Context, username, role string) (*store.Account, error) {
	return c.SetMemberRole(ctx, ByCommand(""), username, role)
}

// ensureOwner makes the administrator who claimed the site its owner, where an earlier release, which knew no owners, did
// not.
func (c *Community) ensureOwner(ctx context.Context) error {
	ctx = store.Primary(ctx)
	owners, err := c.Store.AccountsWithRole(ctx, []string{store.RoleOwner}, 1)
	if err != nil || len(owners) > 0 {
		return err
	}
	name, err := c.Store.SiteInfo(ctx, infoClaimed)
	if err != nil {
		return ignoreNotFound(err)
	}
	acc, err := c.Store.AccountByUsername(ctx, name)
	if err != nil || acc.Role != store.RoleAdmin || !acc.Active() {
		return ignoreNotFound(err)
	}
	_, err = c.SetMemberRole(ctx, By{Via: ViaJob, Reason: "claimed the site"}, name, store.RoleOwner)
	return err
}
