package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

const (
	restartAlone = "rolling restart alone" // the phase that must not fail at all
	crawling     = "a crawler"             // the phase in which members must hardly notice
	// membersAllowed is how many of the members' reads may fail under a crawler.
	membersAllowed = 0.001
)

// A report is what a run came to.
type report struct {
	Seconds      float64       `json:"seconds"`      // of the load
	Rate         float64       `json:"rate"`         // requests a second that were aimed at
	Machine      string        `json:"load_average"` // the machine's, at the end: others may have been at work
	Phases       []*phaseCount `json:"phases"`
	Acknowledged int           `json:"acknowledged"` // posts and comments that the site said it had
	Unsure       int           `json:"unsure"`       // those that it never said so of
	Faults       map[fault]int `json:"faults"`
	Incidents    []string      `json:"incidents,omitempty"`
	Crawler      *crawlerCount `json:"crawler,omitempty"`
	Restart      int           `json:"restart_requests,omitempty"` // wanted of the rolling restart alone
	Broken       []string      `json:"broken"`                     // the musts that do not hold
}

// A crawlerCount is what the crawler was answered.
type crawlerCount struct {
	Cap      int            `json:"visitors_cap"` // of all instances together
	AtOnce   int            `json:"at_once"`
	Answered map[string]int `json:"answered"`
}

// judge finds the musts that do not hold.
func (r *report) judge() {
	r.Broken = []string{}
	broken := func(format string, args ...any) { r.Broken = append(r.Broken, fmt.Sprintf(format, args...)) }
	for _, f := range faults {
		if n := r.Faults[f]; n > 0 {
			broken("%d %s, and there must be none", n, words[f])
		}
	}
	for _, p := range r.Phases {
		switch p.Name {
		case restartAlone:
			all := p.sum()
			if all.Failed > 0 {
				broken("%d of %d requests failed in a rolling restart, and none must", all.Failed, all.Asked)
			}
			if all.Asked < r.Restart {
				broken("the rolling restart saw %d requests only, of %d", all.Asked, r.Restart)
			}
		case crawling:
			if reads := p.sum(memberReads, clientReads); reads.Failed > 0 && float64(reads.Failed) >= membersAllowed*float64(reads.Asked) {
				broken("%d of %d reads of members failed under a crawler, and less than 0.1 %% must", reads.Failed, reads.Asked)
			} else if reads.Asked == 0 {
				broken("no member read anything under the crawler")
			}
			if r.Crawler == nil || r.Crawler.Answered["503"] == 0 {
				broken("the crawler was never refused, so the cap was not reached")
			}
		}
	}
	if r.Acknowledged == 0 {
		broken("nothing was posted")
	}
}

var words = map[fault]string{lost: "lost posts", doubled: "doubled posts", logout: "logouts", stale: "stale reads of one's own writes"}

func (r *report) json(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func (r *report) text(w io.Writer) {
	fmt.Fprintf(w, "%.0f s of load, %.0f requests a second aimed at, the machine's load average then %s: failed requests of all, by when they ended\n\n", r.Seconds, r.Rate, r.Machine)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "phase\ts")
	for _, k := range kinds {
		fmt.Fprint(t, "\t", k)
	}
	fmt.Fprintln(t, "\tslowest\twhy")
	total := &phaseCount{Name: "all", Kinds: map[kind]*count{}}
	for _, p := range append(slices.Clone(r.Phases), total) {
		if p != total {
			total.add(p)
		}
		fmt.Fprintf(t, "%s\t%.0f", p.Name, p.Seconds)
		for _, k := range kinds {
			c := p.sum(k)
			fmt.Fprintf(t, "\t%d of %d", c.Failed, c.Asked)
		}
		fmt.Fprintf(t, "\t%.1f s\t%s\n", p.sum().Worst, p.why())
	}
	t.Flush()
	all := total.sum()
	fmt.Fprintf(w, "\n%d of %d requests failed (%.2f %%). %d posts and comments were acknowledged; of %d the site never said whether.\n", all.Failed, all.Asked, 100*float64(all.Failed)/float64(max(all.Asked, 1)), r.Acknowledged, r.Unsure)
	if c := r.Crawler; c != nil {
		var answers []string
		for _, status := range slices.Sorted(maps.Keys(c.Answered)) {
			answers = append(answers, fmt.Sprintf("%s %d times", status, c.Answered[status]))
		}
		fmt.Fprintf(w, "The crawler asked %d times at once, over and over, where %d visitors have room; it was answered %s.\n", c.AtOnce, c.Cap, strings.Join(answers, ", "))
	}
	fmt.Fprintln(w)
	for _, f := range faults {
		fmt.Fprintf(w, "%s: %d\n", words[f], r.Faults[f])
	}
	for _, i := range r.Incidents {
		fmt.Fprintln(w, "  "+i)
	}
	fmt.Fprintln(w)
	for _, p := range r.Phases {
		for _, s := range p.Samples {
			fmt.Fprintf(w, "%s, %s: %s\n  %s\n", p.Name, s.Why, s.Request, s.Log)
		}
	}
	if len(r.Broken) == 0 {
		fmt.Fprintln(w, "\nEverything that must hold holds.")
		return
	}
	fmt.Fprintln(w, "\nWhat must hold and does not:")
	for _, b := range r.Broken {
		fmt.Fprintln(w, "- "+b)
	}
}

// add takes another phase's counts in.
func (p *phaseCount) add(other *phaseCount) {
	p.Seconds += other.Seconds
	for k, c := range other.Kinds {
		sum := p.Kinds[k]
		if sum == nil {
			sum = &count{Why: map[string]int{}}
			p.Kinds[k] = sum
		}
		sum.Asked += c.Asked
		sum.Failed += c.Failed
		sum.Worst = max(sum.Worst, c.Worst)
		for why, n := range c.Why {
			sum.Why[why] += n
		}
	}
}

// why tells how requests failed, the most frequent first.
func (p *phaseCount) why() string {
	sum := map[string]int{}
	for _, c := range p.Kinds {
		for why, n := range c.Why {
			sum[why] += n
		}
	}
	list := slices.SortedFunc(maps.Keys(sum), func(a, b string) int {
		if sum[a] != sum[b] {
			return sum[b] - sum[a]
		}
		return strings.Compare(a, b)
	})
	for i, why := range list {
		list[i] = fmt.Sprintf("%s: %d", why, sum[why])
	}
	return strings.Join(list, ", ")
}
