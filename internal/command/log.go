package command

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"tintype/internal/community"
)

type logCommand struct {
	Act    string `help:"Only acts of this kind, such as member.suspend."`
	Who    string `help:"Only acts by this member."`
	Whom   string `help:"Only acts on this member."`
	Way    string `enum:",page,command,api,job" default:"" help:"Only acts by page, by command, by the API, or of the site itself (job)."`
	From   string `help:"Only acts on this day in UTC and later, such as 2026-12-31."`
	To     string `help:"Only acts on this day in UTC and before."`
	Text   string `help:"Only acts with this text in a name, the reason or the detail."`
	Format string `enum:"table,json,csv" default:"table" help:"table, json (one object a line) or csv."`
	Limit  int    `default:"0" help:"How many, the newest first; 0 for all."`
}

func (l logCommand) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		write, flush := l.writer(c)
		page := community.Cursor{Limit: 500}
		for n := 0; ; {
			list, err := site.AdminLog(c, community.ByCommand(""), community.AdminLogSearch{Act: l.Act, Who: l.Who, Whom: l.Whom, Way: l.Way, From: l.From, To: l.To, Text: l.Text}, page)
			if err != nil {
				return err
			}
			for _, e := range list {
				if n++; l.Limit > 0 && n > l.Limit {
					return flush()
				}
				if err := write(community.LogLine(e)); err != nil {
					return err
				}
			}
			if len(list) < page.Limit {
				return flush()
			}
			page.MaxID = list[len(list)-1].ID
		}
	})
}

func (l logCommand) writer(c *call) (write func(community.LogEntry) error, flush func() error) {
	out := c.env.Stdout
	switch l.Format {
	case "json":
		w := json.NewEncoder(out)
		return func(e community.LogEntry) error { return w.Encode(e) }, func() error { return nil }
	case "csv":
		w := csv.NewWriter(out)
		_ = w.Write(community.LogColumns)
		return func(e community.LogEntry) error { return w.Write(e.Cells()) }, func() error { w.Flush(); return w.Error() }
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "WHEN\tWHO\tVIA\tACT\tWHOM\tDETAIL\tREASON")
	return func(e community.LogEntry) error {
		_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.At.Format(time.RFC3339), cmp.Or(e.Who, "-"), e.Via, e.Act, cmp.Or(e.Whom, "-"), cmp.Or(oneLine(e.Detail), "-"), oneLine(e.Reason))
		return err
	}, w.Flush
}

// notLogged says that an act was done of which the log of administration has no row.
func notLogged(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the log of administration takes no row of this: %w", err)
}
