package community

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tintype/internal/media"
	"tintype/internal/queue"
	"tintype/internal/store"
)

// SetMemberRole gives a member another role. Only an owner makes owners and administrators, or takes that from them. The
// last owner stays one. A site that has an owner is claimed. The member is told.
func (c *Community) SetMemberRole(ctx context.Context, by By, username, role string) (*store.Account, error) {
	if !slices.Contains(Roles, role) {
		return nil, invalid("role", "invalid", "The role must be one of %s.", strings.Join(Roles, ", "))
	}
	if !mayGive(by.Account, role) {
		return nil, ErrForbidden
	}
	return c.onMember(ctx, by, SetRole, username, func(ctx context.Context, tx *store.Store, now *store.Account, e *store.AdminEntry) (bool, error) {
		if err := stillGives(ctx, tx, by, role); err != nil {
			return false, err
		}
		if now.Role == role {
			return false, nil
		}
		if err := keepOwner(ctx, tx, now, "role"); err != nil {
			return false, err
		}
		if rank(role) >= rank(store.RoleAdmin) {
			if _, err := tx.AddSiteInfo(ctx, infoClaimed, now.Username); err != nil {
				return false, err
			}
		}
		e.Detail = now.Role + " to " + role
		if err := tx.AddEvent(ctx, EventAccountUpdated, now.ID, now.ID, nil); err != nil { // clients show who looks after the site
			return false, err
		}
		if rank(role) < rank(now.Role) {
			if err := endGrants(ctx, tx, now, role); err != nil {
				return false, err
			}
		} else if err := tx.DropLinks(ctx, now.ID, LinkReset); err != nil { // whoever made one may stand below the member from now on
			return false, err
		}
		if err := tx.SetRole(ctx, now.ID, role); err != nil {
			return false, err
		}
		return true, c.tellAccount(ctx, tx, mailJob{Kind: mailRole, Account: now.ID, Words: role})
	})
}

// endGrants ends what an account gave by a role that it no longer has: invitations that make somebody what the role that is left may
// not make, and links for another member's new password. role is the one that is left, "" for who is suspended or goes.
func endGrants(ctx context.Context, tx *store.Store, acc *store.Account, role string) error {
	if acc.Role == store.RoleMember {
		return nil
	}
	var above []string
	for _, r := range Roles {
		if r != store.RoleMember && rank(r) >= rank(role) {
			above = append(above, r)
		}
	}
	if err := tx.EndInvitationsTo(ctx, acc.ID, above); err != nil {
		return err
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	return tx.DropLinksOfActs(ctx, acc.ID, string(ResetLink), LinkReset, now-store.Millis(resetLife.Milliseconds()))
}

// keepOwner is *Invalid where the account is the site's last active owner, who stays one. It locks the others, so that two
// do not go at the same moment.
func keepOwner(ctx context.Context, tx *store.Store, acc *store.Account, field string) error {
	if acc.Role != store.RoleOwner || !acc.Active() {
		return nil
	}
	owners, err := tx.AccountsWithRole(ctx, []string{store.RoleOwner}, 100)
	if err != nil {
		return err
	}
	locked, err := tx.LockAccounts(ctx, owners...)
	if err != nil {
		return err
	}
	for id, other := range locked {
		if id != acc.ID && other.Role == store.RoleOwner && other.Active() {
			return nil
		}
	}
	return invalid(field, "last_owner", "This is the site's only owner. Make somebody else an owner first.")
}

// A Sanction is what a moderator does to a member, with words to the member.
type Sanction struct {
	Words string     // to the member, may be ""
	Until *time.Time // when a suspension ends by itself; nil: never
	// Alike keeps out what looks like the photographs of a post that is removed: posts with it wait for a moderator.
	Alike bool

	report, post *int64
	excerpt      string
	looks        []media.Look
}

const maxWords = 2000 // characters of a moderator to a member, and back

func (s *Sanction) clean() error {
	s.Words = tidy(s.Words)
	if n := len([]rune(s.Words)); n > maxWords {
		return invalid("words", "too_long", "That has %d characters; the limit is %d.", n, maxWords)
	}
	if s.Until != nil && !s.Until.After(time.Now()) {
		return invalid("until", "past", "The end is in the past.")
	}
	return nil
}

// WarnMember tells a member that something must not happen again.
func (c *Community) WarnMember(ctx context.Context, by By, username string, s Sanction) (*store.Account, error) {
	if err := s.clean(); err != nil {
		return nil, err
	}
	if s.Words == "" {
		return nil, invalid("words", "blank", "Say what the warning is about.")
	}
	return c.onMember(ctx, by, Warn, username, func(ctx context.Context, tx *store.Store, now *store.Account, e *store.AdminEntry) (bool, error) {
		return true, c.sanction(ctx, tx, by, now, store.DecideWarn, s, e)
	})
}

// LimitMember shows an account to its followers, and to members who ask for it by its address, only. Doing so again changes
// nothing.
func (c *Community) LimitMember(ctx context.Context, by By, username string, s Sanction) (*store.Account, error) {
	if err := s.clean(); err != nil {
		return nil, err
	}
	return c.onMember(ctx, by, LimitAccount, username, func(ctx context.Context, tx *store.Store, now *store.Account, e *store.AdminEntry) (bool, error) {
		if now.Limited() {
			return false, nil
		}
		return true, c.sanction(ctx, tx, by, now, store.DecideLimit, s, e)
	})
}

// UnlimitMember shows an account as any other. Doing so again changes nothing.
func (c *Community) UnlimitMember(ctx context.Context, by By, username string) (*store.Account, error) {
	return c.onMember(ctx, by, Unlimit, username, func(ctx context.Context, tx *store.Store, now *store.Account, _ *store.AdminEntry) (bool, error) {
		if !now.Limited() {
			return false, nil
		}
		return true, c.telling(ctx, tx, now.ID, store.DecideLimit, func() error { return c.unlimit(ctx, tx, now) })
	})
}

// SuspendMember hides an account and ends its sessions. Its tokens stay, but are refused meanwhile. Doing so again changes
// nothing but the end of the suspension, of which the member is told, with the words: where neither is new, nothing is done. The
// last owner cannot be suspended.
func (c *Community) SuspendMember(ctx context.Context, by By, username string, s Sanction) (*store.Account, error) {
	if err := s.clean(); err != nil {
		return nil, err
	}
	return c.onMember(ctx, by, Suspend, username, func(ctx context.Context, tx *store.Store, now *store.Account, e *store.AdminEntry) (bool, error) {
		if now.SuspendedAt != nil && !now.OnlyLeaving() && sameMoment(now.SuspendedUntil, s.Until) {
			d, err := tx.StandingDecision(ctx, now.ID, store.DecideSuspend)
			if ignoreNotFound(err) != nil {
				return false, err
			}
			if s.Words == "" || d != nil && d.Words == s.Words {
				return false, nil
			}
		}
		return true, c.sanction(ctx, tx, by, now, store.DecideSuspend, s, e)
	})
}

func sameMoment(at *store.Millis, t *time.Time) bool {
	if at == nil || t == nil {
		return at == nil && t == nil
	}
	return *at == store.ToMillis(*t)
}

// untilWords are for the log.
func untilWords(t *time.Time) string {
	if t == nil {
		return "without an end"
	}
	return "until " + t.UTC().Format("2006-01-02 15:04") + " UTC"
}

// UnsuspendMember restores an account. Doing so again changes nothing.
func (c *Community) UnsuspendMember(ctx context.Context, by By, username string) (*store.Account, error) {
	return c.unsuspendMember(ctx, by, username, false)
}

// unsuspendMember is UnsuspendMember, with due only where the suspension's end has come.
func (c *Community) unsuspendMember(ctx context.Context, by By, username string, due bool) (*store.Account, error) {
	return c.onMember(ctx, by, Unsuspend, username, func(ctx context.Context, tx *store.Store, now *store.Account, _ *store.AdminEntry) (bool, error) {
		if now.SuspendedAt == nil || now.OnlyLeaving() {
			return false, nil
		}
		if due {
			at, err := tx.Now(ctx)
			if err != nil || now.SuspendedUntil == nil || *now.SuspendedUntil > at {
				return false, err
			}
		}
		return true, c.telling(ctx, tx, now.ID, store.DecideSuspend, func() error { return c.unsuspend(ctx, tx, now) })
	})
}

func (c *Community) suspend(ctx context.Context, tx *store.Store, now *store.Account, until *time.Time) error {
	if now.WaitingAt != nil {
		return waits()
	}
	if err := keepOwner(ctx, tx, now, ""); err != nil {
		return err
	}
	if err := endSessions(ctx, tx, now.ID); err != nil {
		return err
	}
	if err := endGrants(ctx, tx, now, ""); err != nil {
		return err
	}
	if err := tx.AddEvent(ctx, EventAccountHidden, now.ID, now.ID, nil); err != nil {
		return err
	}
	if err := c.renamePhotos(ctx, tx, now.ID); err != nil {
		return err
	}
	at := store.ToMillis(time.Now())
	if now.LeavingAt != nil && *now.LeavingAt == at { // see OnlyLeaving
		at++
	}
	if err := tx.SetSuspended(ctx, now.ID, &at); err != nil || until == nil {
		return err
	}
	return c.setSuspensionEnd(ctx, tx, now.ID, until)
}

// jobUnsuspend ends a suspension whose time is over, on whichever instance has a worker.
const jobUnsuspend = "account.unsuspend"

type unsuspendPayload struct {
	AccountID int64 `json:"account_id"`
}

func (c *Community) setSuspensionEnd(ctx context.Context, tx *store.Store, id int64, until *time.Time) error {
	if until == nil {
		return tx.SetSuspendedUntil(ctx, id, nil)
	}
	at := store.ToMillis(*until)
	if err := tx.SetSuspendedUntil(ctx, id, &at); err != nil {
		return err
	}
	return tx.AddJob(ctx, jobUnsuspend, unsuspendPayload{id}, at)
}

// changeSuspensionEnd is setSuspensionEnd for a suspension that holds: what was decided ends then, too.
func (c *Community) changeSuspensionEnd(ctx context.Context, tx *store.Store, id int64, until *time.Time) error {
	if err := c.setSuspensionEnd(ctx, tx, id, until); err != nil {
		return err
	}
	var at *store.Millis
	if until != nil {
		at = new(store.ToMillis(*until))
	}
	return tx.SetSuspensionEnds(ctx, id, at)
}

func (c *Community) runUnsuspend(ctx context.Context, job *queue.Job) error {
	var payload unsuspendPayload
	if err := readPayload(job, &payload); err != nil {
		return err
	}
	acc, err := c.Store.AccountByID(store.Primary(ctx), payload.AccountID)
	if err != nil {
		return ignoreNotFound(err)
	}
	_, err = c.unsuspendMember(ctx, By{Via: ViaJob, Reason: "its end has come"}, acc.Username, true)
	return ignoreNotFound(err)
}

func (c *Community) unsuspend(ctx context.Context, tx *store.Store, now *store.Account) error {
	if now.WaitingAt != nil {
		return waits()
	}
	if now.LeavingAt != nil { // nobody sees it before its member is back
		if err := tx.SetSuspended(ctx, now.ID, now.LeavingAt); err != nil {
			return err
		}
		return tx.UndoDecisions(ctx, now.ID, store.DecideSuspend, store.ToMillis(time.Now()))
	}
	if err := tx.AddEvent(ctx, EventAccountShown, now.ID, now.ID, nil); err != nil {
		return err
	}
	if err := c.renamePhotos(ctx, tx, now.ID); err != nil {
		return err
	}
	if err := tx.SetSuspended(ctx, now.ID, nil); err != nil {
		return err
	}
	return tx.UndoDecisions(ctx, now.ID, store.DecideSuspend, store.ToMillis(time.Now()))
}

// setLimited is the change that LimitMember makes: what visitors see is another.
func (c *Community) setLimited(ctx context.Context, tx *store.Store, now *store.Account, at *store.Millis) error {
	if err := tx.AddEvent(ctx, EventAccountUpdated, now.ID, now.ID, nil); err != nil {
		return err
	}
	return tx.SetLimited(ctx, now.ID, at)
}

func (c *Community) unlimit(ctx context.Context, tx *store.Store, now *store.Account) error {
	if err := c.setLimited(ctx, tx, now, nil); err != nil {
		return err
	}
	return tx.UndoDecisions(ctx, now.ID, store.DecideLimit, store.ToMillis(time.Now()))
}

// endSessions deletes every session that a browser has, and what was pushed to it.
func endSessions(ctx context.Context, tx *store.Store, accountID int64) error {
	if err := tx.DeleteOtherSessions(ctx, accountID, ""); err != nil {
		return err
	}
	return tx.DeletePushOfOtherSessions(ctx, accountID, "")
}

// LogOutMember ends every session of a member and revokes every application. No browser counts any more as one where the second
// factor was given.
func (c *Community) LogOutMember(ctx context.Context, by By, username string) (*store.Account, error) {
	return c.onMember(ctx, by, LogOut, username, func(ctx context.Context, tx *store.Store, now *store.Account, _ *store.AdminEntry) (bool, error) {
		if err := tx.DeleteOtherSessions(ctx, now.ID, ""); err != nil {
			return false, err
		}
		if err := endOtherAccess(ctx, tx, now.ID, ""); err != nil {
			return false, err
		}
		if err := forgetDevices(ctx, tx, now); err != nil {
			return false, err
		}
		return true, tx.RaiseEpoch(ctx, now.ID)
	})
}

// DeleteMember deletes a member's account with everything in it; see DeleteAccount.
func (c *Community) DeleteMember(ctx context.Context, by By, username string) (*store.Account, error) {
	return c.onMember(ctx, by, DeleteOther, username, func(ctx context.Context, tx *store.Store, now *store.Account, _ *store.AdminEntry) (bool, error) {
		return true, deleteAccount(ctx, tx, now)
	})
}

// maxQuota keeps a quota within what people may mean.
const maxQuota = 1 << 50

// SetMemberQuota says how many bytes the originals of a member's photos may have, nil for as many as everybody's.
func (c *Community) SetMemberQuota(ctx context.Context, by By, username string, bytes *int64) (*store.Account, error) {
	if bytes != nil && (*bytes < 0 || *bytes > maxQuota) {
		return nil, invalid("quota", "invalid", "The quota is a number of megabytes, or empty for none.")
	}
	return c.onMember(ctx, by, SetQuota, username, func(ctx context.Context, tx *store.Store, now *store.Account, e *store.AdminEntry) (bool, error) {
		if now.StorageQuota == nil && bytes == nil || now.StorageQuota != nil && bytes != nil && *now.StorageQuota == *bytes {
			return false, nil
		}
		e.Detail = "no quota"
		if bytes != nil {
			e.Detail = fmt.Sprintf("%d MB", *bytes/1_000_000)
		}
		return true, tx.SetStorageQuota(ctx, now.ID, bytes)
	})
}

// withinQuota is *Invalid where a photo of so many bytes is more than the account may have: its own quota, else the site's.
// Size 0 is one that is not known: then what there is decides.
func (c *Community) withinQuota(ctx context.Context, tx *store.Store, acc *store.Account, size int64) error {
	own, quota := acc.StorageQuota, int64(c.Site(ctx).QuotaMB)*1e6
	if own == nil && quota == 0 {
		return nil
	}
	used, err := tx.PhotoBytes(ctx, acc.ID)
	switch {
	case err != nil:
		return err
	case own != nil && used+max(size, 1) > *own:
		return invalid("file", "quota", "Your photographs take %d MB, and you may have %d MB. Delete some of them first.", used/1e6, *own/1e6)
	case own == nil && used+max(size, 0) > quota:
		return invalid("file", "quota", "There is no room left: your photographs take %d of the %d megabytes that each member has. Delete some, or ask those who run the site.", used/1e6, quota/1e6)
	}
	return nil
}

// PromoteAccount gives an account a role by command.
func (c *Community) PromoteAccount(ctx context.Context, username, role string) (*store.Account, error) {
	return c.SetMemberRole(ctx, ByCommand(""), username, role)
}

// infoOwned says that the site had an owner once. From then on nobody becomes one but by an act of somebody.
const infoOwned = "owned"

// ensureOwner makes the administrator who claimed the site its owner, where an earlier release, which knew no owners, did
// not. It does so once at most.
func (c *Community) ensureOwner(ctx context.Context) error {
	ctx = store.Primary(ctx)
	if _, err := c.Store.SiteInfo(ctx, infoOwned); err == nil || !errors.Is(err, store.ErrNotFound) {
		return err
	}
	owners, err := c.Store.AccountsWithRole(ctx, []string{store.RoleOwner}, 1)
	if err != nil {
		return err
	}
	if len(owners) == 0 {
		name, err := c.Store.SiteInfo(ctx, infoClaimed)
		if err != nil {
			return ignoreNotFound(err)
		}
		acc, err := c.Store.AccountByUsername(ctx, name)
		if err != nil || acc.Role != store.RoleAdmin || !acc.Active() {
			return ignoreNotFound(err)
		}
		if _, err := c.SetMemberRole(ctx, By{Via: ViaJob, Reason: "claimed the site"}, name, store.RoleOwner); err != nil {
			return err
		}
	}
	_, err = c.Store.AddSiteInfo(ctx, infoOwned, "yes")
	return err
}
