package command

import (
	"fmt"
	"text/tabwriter"
	"time"

	"tintype/internal/community"
	"tintype/internal/store"
)

type reportGroup struct {
	List   reportList   `cmd:"" help:"List reports, the newest first."`
	Decide reportDecide `cmd:"" help:"Decide a report, which closes it."`
	Reopen reportReopen `cmd:"" help:"Open a closed report again."`
	Appeal reportAppeal `cmd:"" help:"Decide about a member's answer to a decision. Without a number it lists those that wait."`
}

type reportList struct {
	All   bool `help:"Closed ones, too."`
	Limit int  `default:"50" help:"How many at most."`
}

func (r reportList) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		state := store.ReportOpen
		if r.All {
			state = ""
		}
		list, err := site.ReportsByCommand(c, state, r.Limit)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(c.env.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "REPORT\tWHEN\tSTATE\tABOUT\tFROM\tWORDS")
		for _, l := range list {
			state := l.State
			if l.Decision != "" {
				state = l.Decision
			}
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", l.ID, l.CreatedAt.Time().Format(time.DateOnly), state, nameOf(l.Target), nameOf(l.Reporter), oneLine(l.Category+" "+l.Comment))
		}
		return w.Flush()
	})
}

func nameOf(a *store.Account) string {
	if a == nil {
		return "-"
	}
	return "@" + a.Username
}

type reportDecide struct {
	Report   int64  `arg:""`
	Decision string `arg:"" enum:"nothing,warn,remove,limit,suspend" help:"nothing, warn, remove (the post), limit or suspend."`
	Words    string `help:"Words to the member."`
	Until    string `help:"The day on which a suspension ends, such as 2026-12-31, at midnight UTC."`
	Alike    bool   `help:"With remove: keep out photographs that look like those of the post." negatable:"" default:"true"`
	Reason   string `help:"Why, for the log."`
}

func (r reportDecide) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		s := community.Sanction{Words: r.Words, Alike: r.Alike}
		if r.Until != "" {
			day, err := time.ParseInLocation(time.DateOnly, r.Until, time.UTC)
			if err != nil {
				return fmt.Errorf("--until %s is no day such as 2026-12-31", r.Until)
			}
			s.Until = &day
		}
		if _, err := site.DecideReport(c, community.ByCommand(r.Reason), r.Report, r.Decision, s); err != nil {
			return named("report", fmt.Sprint(r.Report), err)
		}
		_, err := fmt.Fprintf(c.env.Stdout, "Report %d is decided: %s.\n", r.Report, r.Decision)
		return err
	})
}

type reportReopen struct {
	Report int64  `arg:""`
	Reason string `help:"Why, for the log."`
}

func (r reportReopen) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		_, err := site.ReopenReport(c, community.ByCommand(r.Reason), r.Report)
		return named("report", fmt.Sprint(r.Report), err)
	})
}

type reportAppeal struct {
	Decision int64  `arg:"" optional:"" help:"The number of the decision."`
	Answer   string `arg:"" optional:"" enum:"accept,reject," default:"" help:"accept takes the decision back, reject lets it stand."`
	Words    string `help:"Words to the member."`
	Reason   string `help:"Why, for the log."`
}

func (r reportAppeal) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		if r.Decision != 0 && r.Answer != "" {
			err := site.AnswerAppeal(c, community.ByCommand(r.Reason), r.Decision, r.Answer == "accept", r.Words)
			return named("decision", fmt.Sprint(r.Decision), err)
		}
		list, err := site.Appeals(c, community.ByCommand(""))
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(c.env.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "DECISION\tKIND\tMEMBER\tANSWER")
		for _, d := range list {
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", d.ID, d.Kind, nameOf(d.Account), oneLine(d.Appeal))
		}
		return w.Flush()
	})
}
