package command

import (
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"tintype/internal/community"
	"tintype/internal/store"
)

type reportGroup struct {
	List   reportList   `cmd:"" help:"List reports, the newest first."`
	Show   reportShow   `cmd:"" help:"Show a report, and what decides about both sides of it."`
	Decide reportDecide `cmd:"" help:"Decide a report, which closes it."`
	Take   reportTake   `cmd:"" help:"Say that a moderator looks at a report. Others may still decide."`
	Leave  reportLeave  `cmd:"" help:"Say that nobody looks at a report any more."`
	Edit   reportEdit   `cmd:"" help:"Say what a report is about."`
	Undo   reportUndo   `cmd:"" help:"Have a warning count no longer. account show names its number."`
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
	Decision string `arg:"" enum:"nothing,warn,remove,limit,suspend" help:"nothing, warn, remove (the post or comment), limit or suspend."`
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

type reportTake struct {
	Report    int64  `arg:""`
	Moderator string `arg:"" help:"The moderator's username."`
	Reason    string `help:"Why, for the log."`
}

func (r reportTake) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		filed, err := site.GiveReport(c, community.ByCommand(r.Reason), r.Report, r.Moderator)
		if err != nil {
			return named("report", fmt.Sprint(r.Report), err)
		}
		_, err = fmt.Fprintf(c.env.Stdout, "%s looks at report %d.\n", nameOf(filed.AssignedTo), r.Report)
		return err
	})
}

type reportLeave struct {
	Report int64  `arg:""`
	Reason string `help:"Why, for the log."`
}

func (r reportLeave) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		if _, err := site.AssignReport(c, community.ByCommand(r.Reason), r.Report, false); err != nil {
			return named("report", fmt.Sprint(r.Report), err)
		}
		_, err := fmt.Fprintf(c.env.Stdout, "Nobody looks at report %d.\n", r.Report)
		return err
	})
}

type reportEdit struct {
	Report   int64    `arg:""`
	Category string   `help:"spam, legal, violation or other."`
	Rule     []string `sep:"none" help:"A rule that was broken, in its words. It takes the place of those that the report names. Can be repeated."`
	NoRule   bool     `help:"No rule was broken."`
	Reason   string   `help:"Why, for the log."`
}

func (r reportEdit) Run(c *call) error {
	var change community.ReportChange
	if r.Category != "" {
		change.Category = &r.Category
	}
	switch {
	case r.NoRule && len(r.Rule) > 0:
		return errors.New("either --rule or --no-rule")
	case r.NoRule || len(r.Rule) > 0:
		change.Rules = &r.Rule
	case r.Category == "":
		return errors.New("what is the report about? Say --category, --rule or --no-rule")
	}
	return c.with(func(site *community.Community) error {
		if _, err := site.EditReport(c, community.ByCommand(r.Reason), r.Report, change); err != nil {
			return named("report", fmt.Sprint(r.Report), err)
		}
		_, err := fmt.Fprintf(c.env.Stdout, "Report %d is changed.\n", r.Report)
		return err
	})
}

type reportUndo struct {
	Decision int64  `arg:"" help:"The number of the decision."`
	Reason   string `help:"Why, for the log."`
}

func (r reportUndo) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		if err := site.UndoDecision(c, community.ByCommand(r.Reason), r.Decision); err != nil {
			return named("warning", fmt.Sprint(r.Decision), err)
		}
		_, err := fmt.Fprintf(c.env.Stdout, "Warning %d counts no longer.\n", r.Decision)
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
		fmt.Fprintln(w, "DECISION\tKIND\tMEMBER\tWORDS\tANSWER")
		for _, d := range list {
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", d.ID, d.Kind, nameOf(d.Account), orDash(oneLine(d.Words)), oneLine(d.Appeal))
		}
		return w.Flush()
	})
}
