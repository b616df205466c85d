package command

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"tintype/internal/community"
	"tintype/internal/store"
)

// onMember runs an act on a member and prints what became of it.
func (c *call) onMember(name, done string, act func(*community.Community) (*store.Account, error)) error {
	return c.with(func(site *community.Community) error {
		account, err := act(site)
		if err != nil {
			return named("account", name, err)
		}
		_, err = fmt.Fprintf(c.env.Stdout, done+"\n", account.Username)
		return err
	})
}

type accountWarn struct {
	Username string `arg:""`
	Words    string `required:"" help:"Words to the member."`
	Reason   string `help:"Why, for the log."`
}

func (a accountWarn) Run(c *call) error {
	return c.onMember(a.Username, "%s is warned.", func(site *community.Community) (*store.Account, error) {
		return site.WarnMember(c, community.ByCommand(a.Reason), a.Username, community.Sanction{Words: a.Words})
	})
}

type accountLimit struct {
	Username string `arg:""`
	Undo     bool   `help:"Show the account as any other again."`
	Words    string `help:"Words to the member."`
	Reason   string `help:"Why, for the log."`
}

func (a accountLimit) Run(c *call) error {
	if a.Undo {
		return c.onMember(a.Username, "%s is not limited.", func(site *community.Community) (*store.Account, error) {
			return site.UnlimitMember(c, community.ByCommand(a.Reason), a.Username)
		})
	}
	return c.onMember(a.Username, "%s is limited.", func(site *community.Community) (*store.Account, error) {
		return site.LimitMember(c, community.ByCommand(a.Reason), a.Username, community.Sanction{Words: a.Words})
	})
}

type accountLogout struct {
	Username string `arg:""`
	Reason   string `help:"Why, for the log."`
}

func (a accountLogout) Run(c *call) error {
	return c.onMember(a.Username, "%s is logged out everywhere.", func(site *community.Community) (*store.Account, error) {
		return site.LogOutMember(c, community.ByCommand(a.Reason), a.Username)
	})
}

type accountQuota struct {
	Username  string `arg:""`
	Megabytes *int64 `arg:"" optional:"" help:"Of the photos as they were uploaded. Without it the site's quota counts."`
	Reason    string `help:"Why, for the log."`
}

func (a accountQuota) Run(c *call) error {
	var bytes *int64
	done := "%s has the site's quota."
	if a.Megabytes != nil {
		if *a.Megabytes < 0 || *a.Megabytes > 1<<40 {
			return errors.New("the quota is a number of megabytes")
		}
		n := *a.Megabytes * 1_000_000
		bytes, done = &n, "%s may have "+fmt.Sprint(*a.Megabytes)+" MB."
	}
	return c.onMember(a.Username, done, func(site *community.Community) (*store.Account, error) {
		return site.SetMemberQuota(c, community.ByCommand(a.Reason), a.Username, bytes)
	})
}

type accountNote struct {
	Username string `arg:""`
	Words    string `arg:"" optional:"" help:"The note."`
	Remove   int64  `help:"Remove the note with this number, which account show names."`
	Reason   string `help:"Why, for the log."`
}

func (a accountNote) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		if a.Remove != 0 {
			return named("note about", a.Username, site.RemoveNote(c, community.ByCommand(a.Reason), a.Username, a.Remove))
		}
		return named("account", a.Username, site.NoteMember(c, community.ByCommand(a.Reason), a.Username, a.Words))
	})
}

type accountDelete struct {
	Username string `arg:""`
	Yes      bool   `help:"It cannot be undone: say so."`
	Reason   string `help:"Why, for the log."`
}

func (a accountDelete) Run(c *call) error {
	if !a.Yes {
		return errors.New("the account and everything in it would be gone for good: say --yes")
	}
	return c.with(func(site *community.Community) error {
		if _, err := site.DeleteMember(c, community.ByCommand(a.Reason), a.Username); err != nil {
			return named("account", a.Username, err)
		}
		_, err := fmt.Fprintf(c.env.Stdout, "%s is deleted. Jobs remove what is in it.\n", strings.TrimPrefix(a.Username, "@"))
		return err
	})
}

type accountList struct {
	Text  string `arg:"" optional:"" help:"Part of a username or address, or words of a display name."`
	Role  string `help:"Only those with this role."`
	State string `help:"Only those that are active, limited, suspended, waiting, leaving, unconfirmed, unreached (mail failed), new or silent."`
	Limit int    `default:"100" help:"How many at most, up to 200."`
}

func (a accountList) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		list, err := site.Members(c, community.ByCommand(""), community.MemberSearch{Text: a.Text, Role: a.Role, State: a.State}, community.Cursor{Limit: a.Limit})
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(c.env.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "NAME\tE-MAIL\tROLE\tSTATE\tPOSTS\tJOINED")
		for _, m := range list {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\n", m.Username, m.Email, m.Role, memberState(m), m.PostsCount, m.CreatedAt.Time().Format(time.DateOnly))
		}
		return w.Flush()
	})
}

func memberState(a *store.Account) string {
	switch {
	case a.WaitingAt != nil:
		return "waiting"
	case a.OnlyLeaving():
		return "leaving"
	case a.SuspendedAt != nil:
		return "suspended"
	case a.Limited():
		return "limited"
	}
	return "-"
}

type accountShow struct {
	Username string `arg:""`
}

func (a accountShow) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		m, err := site.MemberByName(c, community.ByCommand(""), a.Username)
		if err != nil {
			return named("account", a.Username, err)
		}
		w := tabwriter.NewWriter(c.env.Stdout, 0, 0, 2, ' ', 0)
		line := func(name, value string) { fmt.Fprintf(w, "%s\t%s\n", name, value) }
		line("name", m.Username)
		line("e-mail", m.Email)
		if m.MailFailedAt != nil {
			line("mail", "refused, or not delivered: "+m.MailFailedAt.Time().Format(time.DateOnly))
		}
		line("role", m.Role)
		if i := m.Invitation; i != nil {
			line("came by", oneLine(fmt.Sprintf("invitation %d of %s %s", i.ID, orDash(i.Creator), i.Note)))
		}
		if m.JoinReason != "" {
			line("wanted to join", oneLine(m.JoinReason))
		}
		line("state", memberState(m.Account))
		if m.SuspendedUntil != nil {
			line("suspended until", m.SuspendedUntil.Time().Format(time.DateOnly))
		}
		if m.LeavingAt != nil {
			line("left, deleted on", community.LeavesUntil(m.Account).Format(time.DateOnly))
		}
		line("joined", m.CreatedAt.Time().Format(time.DateOnly))
		line("posts, comments", fmt.Sprintf("%d, %d", m.PostsCount, m.CommentsCount))
		line("photos", fmt.Sprintf("%d, %d MB", m.Photos, m.Bytes/1_000_000))
		if m.StorageQuota != nil {
			line("quota", fmt.Sprintf("%d MB", *m.StorageQuota/1_000_000))
		}
		line("reports about, open, made", fmt.Sprintf("%d, %d, %d", m.ReportsAbout, m.OpenReports, m.ReportsMade))
		for _, d := range m.Decisions {
			undone := ""
			if d.UndoneAt != nil {
				undone = " (taken back)"
			}
			line("decision", fmt.Sprint(d.ID, " ", d.CreatedAt.Time().Format(time.DateOnly), " ", d.Kind, undone, " ", oneLine(d.Words)))
		}
		for _, n := range m.Notes {
			who := "command line"
			if n.Author != nil {
				who = "@" + n.Author.Username
			}
			line("note", fmt.Sprintf("%d %s: %s", n.ID, who, oneLine(n.Words)))
		}
		return w.Flush()
	})
}
