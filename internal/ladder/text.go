package ladder

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
)

// Verdict sums the advice up in a sentence.
func (r Report) Verdict() string {
	switch {
	case r.Minutes == 0:
		return "Nothing has been measured in the last day. A process of the site measures itself by the minute while it runs."
	case len(r.Advice) == 0:
		return fmt.Sprintf("Stay where you are: in %s of the last day nothing was short.", minutes(r.Minutes))
	case len(r.Advice) == 1:
		return fmt.Sprintf("One step is worth taking: %s.", r.Advice[0].Title)
	}
	return fmt.Sprintf("%d steps are worth taking; the first is the cheapest: %s.", len(r.Advice), r.Advice[0].Title)
}

// Cost writes the bill as "about 62 USD a month more".
func (p PriceTable) Cost(b Bill) string {
	switch {
	case len(b.Items) == 0:
		return "costs nothing more"
	case math.Abs(b.Monthly) < 1:
		return fmt.Sprintf("costs less than 1 %s a month more", p.Currency)
	case b.Monthly < 0:
		return fmt.Sprintf("spares about %.0f %s a month", -b.Monthly, p.Currency)
	}
	return fmt.Sprintf("costs about %.0f %s a month more", b.Monthly, p.Currency)
}

// Caveat says how far the prices can be trusted.
func (p PriceTable) Caveat() string {
	if p.Verified {
		return fmt.Sprintf("Prices of %s: %s.", p.Date, p.Source)
	}
	return fmt.Sprintf("Prices of %s, unverified: %s.", p.Date, p.Source)
}

// Figures writes the signal as "now 3 %, half of the minutes at most 2 %, at worst 41 %" in three parts.
func (m Measured) Figures() (now, median, peak string) {
	s := signalOf(m.Name)
	return s.Format(m.Now), s.Format(m.Median), s.Format(m.Peak)
}

// WriteText writes a Report for people.
func WriteText(w io.Writer, r Report) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, r.Verdict())
	if r.Minutes == 0 {
		return out.Flush()
	}
	fmt.Fprintf(out, "\nToday (%s)\n", plural(r.Processes, "process", "processes"))
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, rung := range r.Rungs {
		for i, use := range rung.Uses {
			part, rungText, backend := rung.Part, fmt.Sprintf("rung %d", rung.Rung), rung.Backend
			if i > 0 {
				part, rungText, backend = "", "", ""
			}
			fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\n", part, rungText, backend, use.Process, use.Text())
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nSignals (%s of the last day, with the settings of now)\n", minutes(r.Minutes))
	table = tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  \tnow\tmedian\tworst\t")
	for _, m := range r.Signals {
		now, median, peak := m.Figures()
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\n", m.Name, now, median, peak, m.About)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(r.Advice) > 0 {
		fmt.Fprint(out, "\nAdvice\n")
		for _, a := range r.Advice {
			fmt.Fprintf(out, "  Rung %d: %s. It %s.\n    Because %s.\n    %s\n", a.Rung, a.Title, r.Prices.Cost(a.Bill), a.Why, a.Step.Text)
			writeStep(out, a)
		}
	}
	if len(r.Waste) > 0 {
		fmt.Fprint(out, "\nA waste\n")
		for _, a := range r.Waste {
			fmt.Fprintf(out, "  Rung %d: %s: %s. It %s.\n", a.Rung, a.Title, a.Why, r.Prices.Cost(a.Bill))
		}
	}
	fmt.Fprintf(out, "\n%s\n", r.Prices.Caveat())
	return out.Flush()
}

func writeStep(out io.Writer, a Advice) {
	for _, s := range a.Step.Settings {
		fmt.Fprintf(out, "      %s\n", s)
	}
	for _, c := range a.Step.Commands {
		fmt.Fprintf(out, "      tintype %s\n", c)
	}
	for _, item := range a.Bill.Items {
		verb := "add"
		if item.Count < 0 {
			verb = "give up"
		}
		count := ""
		if n := max(item.Count, -item.Count); n > 1 {
			count = fmt.Sprintf("%d × ", n)
		}
		fmt.Fprintf(out, "      %s %s%s: %.0f\n", verb, count, item.What, item.Cost)
	}
}

// Text lists the counts: "12 reads, 3 writes".
func (u Use) Text() string {
	var list []string
	for _, c := range u.Counts {
		list = append(list, fmt.Sprintf("%d %s", c.N, c.What))
	}
	return strings.Join(list, ", ")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
