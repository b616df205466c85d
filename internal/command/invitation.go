package command

import (
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"tintype/internal/community"
	"tintype/internal/store"
)

type invitationGroup struct {
	Create invitationCreate `cmd:"" help:"Make an invitation and print its link."`
	Mail   invitationMail   `cmd:"" help:"Send each address of a file an invitation of its own, which works once within 30 days."`
	List   invitationList   `cmd:"" help:"List invitations, the newest first, with how many have come by each."`
	End    invitationEnd    `cmd:"" help:"Have an invitation work no more."`
}

type invitationCreate struct {
	Note   string `help:"Whom it is for."`
	Uses   int    `default:"1" help:"How many may join with it; 0 for no limit."`
	Days   int    `default:"30" help:"How many days it works; 0 for no end."`
	Role   string `enum:"member,moderator,admin" default:"member" help:"What who comes by it is: member, moderator or admin."`
	Reason string `help:"Why, for the log."`
}

func (i invitationCreate) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		made, err := site.Invite(c, community.ByCommand(i.Reason), community.NewInvitation{Note: i.Note, MaxUses: i.Uses, Days: i.Days, Role: i.Role})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.env.Stdout, site.InvitationURL(made.ID))
		return err
	})
}

type invitationMail struct {
	File   string `arg:"" help:"A file with an e-mail address on each line."`
	Note   string `help:"For those who run the site."`
	Reason string `help:"Why, for the log."`
}

func (i invitationMail) Run(c *call) error {
	text, err := readUpTo(i.File, 1<<20)
	if err != nil {
		return err
	}
	return c.with(func(site *community.Community) error {
		done, err := site.InviteByMail(c, community.ByCommand(i.Reason), string(text), i.Note, "")
		if err != nil {
			return err
		}
		for _, address := range done.Members {
			fmt.Fprintf(c.env.Stdout, "%s is a member's.\n", oneLine(address))
		}
		for _, address := range done.Blocked {
			fmt.Fprintf(c.env.Stdout, "%s is of a domain that is blocked.\n", oneLine(address))
		}
		for _, address := range done.Already {
			fmt.Fprintf(c.env.Stdout, "%s has an invitation that still works.\n", oneLine(address))
		}
		for _, wrong := range done.Wrong {
			fmt.Fprintf(c.env.Stdout, "%q is no e-mail address.\n", wrong)
		}
		if _, err := fmt.Fprintf(c.env.Stdout, "%d invited.\n", done.Invited); err != nil {
			return err
		}
		if len(done.Wrong) > 0 {
			return fmt.Errorf("%d entries are no e-mail address", len(done.Wrong))
		}
		return nil
	})
}

type invitationList struct {
	Limit int `default:"100" help:"How many."`
}

func (i invitationList) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		w := tabwriter.NewWriter(c.env.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tMADE\tBY\tUSED\tENDS\tROLE\tNOTE")
		page := community.Cursor{Limit: 100}
		for n := 0; n < i.Limit; {
			list, err := site.Invitations(c, community.ByCommand(""), page)
			if err != nil {
				return err
			}
			for _, one := range list {
				if n++; n > i.Limit {
					break
				}
				fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", one.ID, one.CreatedAt.Time().Format(time.DateOnly), orDash(one.Creator), usesOf(one), endOf(one), one.Role, oneLine(one.Note+" "+one.Email+unsent(one)))
			}
			if len(list) < page.Limit {
				break
			}
			page.MaxID = list[len(list)-1].ID
		}
		return w.Flush()
	})
}

func usesOf(i *store.Invitation) string {
	if i.MaxUses == 0 {
		return strconv.Itoa(i.Uses)
	}
	return fmt.Sprintf("%d/%d", i.Uses, i.MaxUses)
}

func endOf(i *store.Invitation) string {
	switch {
	case i.EndedAt != nil:
		return "ended"
	case i.ExpiresAt == 0:
		return "never"
	}
	return i.ExpiresAt.Time().Format(time.DateOnly)
}

// unsent marks an invitation whose mail failed.
func unsent(i *store.Invitation) string {
	if i.MailFailedAt == nil {
		return ""
	}
	return " (the mail failed)"
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

type invitationEnd struct {
	ID     int64  `arg:"" help:"The first column of the list."`
	Reason string `help:"Why, for the log."`
}

func (i invitationEnd) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		return named("invitation", strconv.FormatInt(i.ID, 10), site.EndInvitation(c, community.ByCommand(i.Reason), i.ID))
	})
}

type accountWaiting struct{}

func (accountWaiting) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		w := tabwriter.NewWriter(c.env.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "NAME\tASKED\tE-MAIL\tREASON")
		for after := int64(0); ; {
			list, _, err := site.Waiting(c, community.ByCommand(""), after)
			if err != nil {
				return err
			}
			for _, a := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", a.Username, a.WaitingAt.Time().Format(time.DateOnly), a.Email, oneLine(a.JoinReason))
				after = a.ID
			}
			if len(list) == 0 {
				return w.Flush()
			}
		}
	})
}

type accountApprove struct {
	Username string `arg:""`
	Reason   string `help:"Why, for the log."`
}

func (a accountApprove) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		account, err := site.ApproveMember(c, community.ByCommand(a.Reason), a.Username)
		if err != nil {
			return named("account", a.Username, err)
		}
		_, err = fmt.Fprintf(c.env.Stdout, "%s is a member.\n", account.Username)
		return err
	})
}

type accountRefuse struct {
	Username string `arg:""`
	Words    string `help:"What the mail says to whoever asked."`
	Reason   string `help:"Why, for the log; without it, the words."`
}

func (a accountRefuse) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		if err := site.RefuseMember(c, community.ByCommand(a.Reason), a.Username, a.Words); err != nil {
			return named("sign-up of", a.Username, err)
		}
		_, err := fmt.Fprintf(c.env.Stdout, "The sign-up of %s is removed.\n", a.Username)
		return err
	})
}
