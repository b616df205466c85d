package command

import (
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"tintype/internal/community"
	"tintype/internal/store"
)

type announcementGroup struct {
	Add           announcementAdd    `cmd:"" help:"Tell every member something, at once or later, and print its number."`
	Edit          announcementEdit   `cmd:"" help:"Change what an announcement says. What is not given stays."`
	End           announcementEnd    `cmd:"" help:"Take an announcement off the head of home. Members still find it among the earlier ones."`
	Delete        announcementDelete `cmd:"" help:"Remove an announcement with its comments."`
	RemoveComment announcementRemove `cmd:"" help:"Remove a comment on an announcement, by the number at the end of its address."`
	List          announcementList   `cmd:"" help:"List announcements, the newest first."`
}

// moments are when an announcement's event is and when members see it.
type moments struct {
	Starts  string `help:"When the event begins, as 2026-12-31T18:30 in UTC."`
	Ends    string `help:"When it ends; the announcement ends with it."`
	AllDay  bool   `help:"The event has days and no hours."`
	Publish string `help:"When members see it, as 2026-12-31T18:30 in UTC; at once without it."`
}

func moment(flag, text string) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	for _, layout := range []string{"2006-01-02T15:04", time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return &t, nil
		}
	}
	return nil, fmt.Errorf("%s: write the moment as 2026-12-31T18:30", flag)
}

func (m moments) into(n *community.NewAnnouncement) (err error) {
	if n.StartsAt, err = moment("--starts", m.Starts); err != nil {
		return err
	}
	if n.EndsAt, err = moment("--ends", m.Ends); err != nil {
		return err
	}
	n.AllDay = m.AllDay
	n.PublishAt, err = moment("--publish", m.Publish)
	return err
}

type announcementAdd struct {
	Text string `arg:"" help:"What members read."`
	moments
	Reason string `help:"Why, for the log."`
}

func (a announcementAdd) Run(c *call) error {
	n := community.NewAnnouncement{Text: a.Text}
	if err := a.into(&n); err != nil {
		return err
	}
	return c.with(func(site *community.Community) error {
		made, err := site.Announce(c, community.ByCommand(a.Reason), n)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.env.Stdout, made.ID)
		return err
	})
}

type announcementEdit struct {
	ID   int64  `arg:"" help:"The first column of the list."`
	Text string `help:"What members read."`
	moments
	NoEvent bool   `help:"It is about no event any more."`
	Reason  string `help:"Why, for the log."`
}

func timeOf(m *store.Millis) *time.Time {
	if m == nil {
		return nil
	}
	t := m.Time()
	return &t
}

func (a announcementEdit) Run(c *call) error {
	var given community.NewAnnouncement
	if err := a.into(&given); err != nil {
		return err
	}
	return c.with(func(site *community.Community) error {
		by := community.ByCommand(a.Reason)
		now, err := site.AnnouncementToEdit(c, by, a.ID)
		if err != nil {
			return named("announcement", strconv.FormatInt(a.ID, 10), err)
		}
		n := community.NewAnnouncement{Text: now.Text, StartsAt: timeOf(now.StartsAt), EndsAt: timeOf(now.EndsAt), AllDay: now.AllDay || a.AllDay, PublishAt: timeOf(&now.PublishAt)}
		if a.Text != "" {
			n.Text = a.Text
		}
		if a.NoEvent {
			n.StartsAt, n.EndsAt, n.AllDay = nil, nil, false
		}
		if given.StartsAt != nil {
			n.StartsAt = given.StartsAt
		}
		if given.EndsAt != nil {
			n.EndsAt = given.EndsAt
		}
		if given.PublishAt != nil {
			n.PublishAt = given.PublishAt
		}
		return site.EditAnnouncement(c, by, a.ID, n)
	})
}

type announcementEnd struct {
	ID     int64  `arg:"" help:"The first column of the list."`
	Reason string `help:"Why, for the log."`
}

func (a announcementEnd) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		return named("announcement", strconv.FormatInt(a.ID, 10), site.FinishAnnouncement(c, community.ByCommand(a.Reason), a.ID))
	})
}

type announcementDelete struct {
	ID     int64  `arg:"" help:"The first column of the list."`
	Yes    bool   `help:"Do it: this cannot be undone."`
	Reason string `help:"Why, for the log."`
}

func (a announcementDelete) Run(c *call) error {
	if !a.Yes {
		return fmt.Errorf("this removes the announcement with all its comments; say --yes")
	}
	return c.with(func(site *community.Community) error {
		return named("announcement", strconv.FormatInt(a.ID, 10), site.DeleteAnnouncement(c, community.ByCommand(a.Reason), a.ID))
	})
}

type announcementRemove struct {
	ID     int64  `arg:"" help:"The comment's number: its address ends with it, after #c-."`
	Words  string `help:"Words to its author, who is told, and may answer once."`
	Reason string `help:"Why, for the log."`
}

func (a announcementRemove) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		return named("comment", strconv.FormatInt(a.ID, 10), site.RemoveAnnouncementComment(c, community.ByCommand(a.Reason), a.ID, community.Sanction{Words: a.Words}))
	})
}

type announcementList struct {
	Limit int  `default:"100" help:"How many."`
	JSON  bool `name:"json" help:"As JSON: a list of objects."`
}

// announcementLine is an announcement for programs.
type announcementLine struct {
	ID        string     `json:"id"`
	State     string     `json:"state"` // scheduled, stands or over
	PublishAt time.Time  `json:"publish_at"`
	StartsAt  *time.Time `json:"starts_at"`
	EndsAt    *time.Time `json:"ends_at"`
	AllDay    bool       `json:"all_day"`
	Text      string     `json:"text"`
}

func (a announcementList) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		lines := []announcementLine{}
		for page := (community.Cursor{Limit: 40}); len(lines) < a.Limit; {
			list, err := site.AllAnnouncements(c, community.ByCommand(""), page)
			if err != nil {
				return err
			}
			for _, one := range list {
				state := (&community.Announcement{Announcement: *one}).State(time.Now())
				lines = append(lines, announcementLine{strconv.FormatInt(one.ID, 10), state, one.PublishAt.Time(), timeOf(one.StartsAt), timeOf(one.EndsAt), one.AllDay, one.Text})
			}
			if len(list) < page.Limit {
				break
			}
			page.MaxID = list[len(list)-1].ID
		}
		lines = lines[:min(len(lines), max(a.Limit, 0))]
		if a.JSON {
			return writeJSON(c.env.Stdout, lines)
		}
		w := tabwriter.NewWriter(c.env.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tSTATE\tPUBLISHED\tBEGINS\tENDS\tTEXT")
		for _, l := range lines {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", l.ID, l.State, l.PublishAt.Format("2006-01-02T15:04"), momentText(l.StartsAt), momentText(l.EndsAt), oneLine(l.Text))
		}
		return w.Flush()
	})
}

func momentText(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Format("2006-01-02T15:04")
}
