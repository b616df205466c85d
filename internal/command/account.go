package command

import (
	"errors"
	"fmt"
	"time"

	"tintype/internal/community"
	"tintype/internal/config"
	"tintype/internal/store"
)

type accountGroup struct {
	Create         accountCreate     `cmd:"" help:"Print a link with which one person may sign up."`
	List           accountList       `cmd:"" help:"List members, the newest first."`
	Show           accountShow       `cmd:"" help:"Show what decides about a member."`
	Promote        accountPromote    `cmd:"" help:"Make an account an administrator."`
	Role           accountRole       `cmd:"" help:"Give an account another role."`
	Warn           accountWarn       `cmd:"" help:"Warn a member, who is told."`
	Limit          accountLimit      `cmd:"" help:"Show an account to its followers only."`
	Suspend        accountSuspend    `cmd:"" help:"Shut an account out."`
	Logout         accountLogout     `cmd:"" help:"Log a member out everywhere."`
	Quota          accountQuota      `cmd:"" help:"Bound how much a member's photos may take."`
	Note           accountNote       `cmd:"" help:"Add a moderators' note about a member."`
	Delete         accountDelete     `cmd:"" help:"Delete an account with everything in it."`
	Leave          accountLeave      `cmd:"" help:"Close an account as its member does who leaves: it is deleted a week later."`
	BringBack      accountBringBack  `cmd:"" help:"Open an account again that its member has left."`
	ResetPassword  accountReset      `cmd:"" help:"Print a link with which a member chooses a new password."`
	TakeTwoFactors accountTwoFactors `cmd:"" help:"Remove a member's second factors and recovery codes, which the member has lost."`
	Waiting        accountWaiting    `cmd:"" help:"List who asked to join and waits for a decision."`
	Approve        accountApprove    `cmd:"" help:"Let in somebody who waits, who hears of it by mail."`
	Refuse         accountRefuse     `cmd:"" help:"Remove the sign-up of somebody who waits, who hears of it by mail."`
}

// with runs f on the open site.
func (c *call) with(f func(*community.Community) error) (err error) {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	site, closeAll, err := c.program.Community(c, cfg, c.logger(cfg.Quiet()))
	if err != nil {
		return plainly(cfg, err)
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	return plainly(cfg, f(site))
}

// plainly says why the database has taken nothing.
func plainly(cfg *config.Config, err error) error {
	switch {
	case err != nil && cfg.ReadOnly && errors.Is(err, store.ErrPrimaryAway):
		return errors.New("nothing was changed: READ_ONLY is set, with which the site takes no writes")
	case errors.Is(err, store.ErrBusy):
		return fmt.Errorf("the database does not answer, or not in time: try again in a moment; tintype doctor says more: %w", err)
	}
	return err
}

// named says which name it was that is not there.
func named(what, name string, err error) error {
	if errors.Is(err, community.ErrNotFound) {
		return fmt.Errorf("there is no %s %s", what, name)
	}
	return err
}

type accountCreate struct {
	Admin  bool   `help:"The new account is an administrator."`
	Reason string `help:"Why, for the log."`
}

func (a accountCreate) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		role := store.RoleMember
		if a.Admin {
			role = store.RoleAdmin
		}
		secret, err := site.CreateInvite(c, community.ByCommand(a.Reason), role)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.env.Stdout, site.LinkURL(secret))
		return err
	})
}

type accountPromote struct {
	Username string `arg:""`
	Undo     bool   `help:"Make an administrator a member again."`
}

func (a accountPromote) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		role := store.RoleAdmin
		if a.Undo {
			role = store.RoleMember
		}
		account, err := site.PromoteAccount(c, a.Username, role)
		if err != nil {
			return named("account", a.Username, err)
		}
		_, err = fmt.Fprintf(c.env.Stdout, "%s is now: %s\n", account.Username, account.Role)
		return err
	})
}

type accountRole struct {
	Username string `arg:""`
	Role     string `arg:"" enum:"member,moderator,admin,owner" help:"member, moderator, admin or owner."`
	Reason   string `help:"Why, for the log."`
}

func (a accountRole) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		account, err := site.SetMemberRole(c, community.ByCommand(a.Reason), a.Username, a.Role)
		if err != nil {
			return named("account", a.Username, err)
		}
		_, err = fmt.Fprintf(c.env.Stdout, "%s is now: %s\n", account.Username, account.Role)
		return err
	})
}

type accountSuspend struct {
	Username string `arg:""`
	Undo     bool   `help:"Let the account in again."`
	Until    string `help:"The day on which it ends by itself, such as 2026-12-31, at midnight UTC."`
	Words    string `help:"Words to the member."`
	Reason   string `help:"Why, for the log."`
}

func (a accountSuspend) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		s := community.Sanction{Words: a.Words}
		if a.Until != "" {
			day, err := time.ParseInLocation(time.DateOnly, a.Until, time.UTC)
			if err != nil {
				return fmt.Errorf("--until %s is no day such as 2026-12-31", a.Until)
			}
			s.Until = &day
		}
		var account *store.Account
		var err error
		if a.Undo {
			account, err = site.UnsuspendMember(c, community.ByCommand(a.Reason), a.Username)
		} else {
			account, err = site.SuspendMember(c, community.ByCommand(a.Reason), a.Username, s)
		}
		if err != nil {
			return named("account", a.Username, err)
		}
		state := "suspended"
		switch {
		case account.SuspendedAt == nil:
			state = "not suspended"
		case account.SuspendedUntil != nil:
			state += " until " + account.SuspendedUntil.Time().Format(time.DateOnly)
		}
		_, err = fmt.Fprintf(c.env.Stdout, "%s is %s.\n", account.Username, state)
		return err
	})
}

type accountReset struct {
	Username string `arg:""`
	Reason   string `help:"Why, for the log."`
}

func (a accountReset) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		secret, err := site.CreateResetLink(c, community.ByCommand(a.Reason), a.Username)
		if err != nil {
			return named("account", a.Username, err)
		}
		_, err = fmt.Fprintln(c.env.Stdout, site.LinkURL(secret))
		return err
	})
}

type accountTwoFactors struct {
	Username string `arg:""`
	Reason   string `required:"" help:"Why, for the log and for the member."`
}

func (a accountTwoFactors) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		account, err := site.TakeTwoFactors(c, community.ByCommand(a.Reason), a.Username)
		if err != nil {
			return named("account", a.Username, err)
		}
		_, err = fmt.Fprintf(c.env.Stdout, "%s logs in by the password alone.\n", account.Username)
		return err
	})
}
