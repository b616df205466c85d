package ladder

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// A Report is what the ladder says of a site.
type Report struct {
	At        time.Time  `json:"at"`
	Minutes   int        `json:"minutes"` // of the last day in which the site was measured
	Processes int        `json:"processes"`
	Rungs     []Rung     `json:"rungs"`
	Signals   []Measured `json:"signals"`
	Advice    []Advice   `json:"advice"`
	Waste     []Advice   `json:"waste"`
	Prices    PriceTable `json:"prices"`
}

// PriceTable says which prices a Report goes by.
type PriceTable struct {
	Date     string `json:"date"`
	Currency string `json:"currency"`
	Verified bool   `json:"verified"`
	Source   string `json:"source"`
}

// A Rung is what a part of a site stands on.
type Rung struct {
	Part    string `json:"part"`
	Rung    int    `json:"rung"`
	Backend string `json:"backend"`
	Uses    []Use  `json:"uses"` // by each process that is there
}

// A Use proves that a process uses a part.
type Use struct {
	Process string  `json:"process"`
	Counts  []Count `json:"counts"`
}

// A Count is how often something was done in the last day, as far as it was measured.
type Count struct {
	What string `json:"what"`
	N    int64  `json:"n"`
}

// Advice is a step and why to take it, or why it would be a waste.
type Advice struct {
	Rule    string  `json:"rule"`
	Rung    int     `json:"rung"`
	Title   string  `json:"title"`
	Why     string  `json:"why"`
	Signal  string  `json:"signal"`
	Level   float64 `json:"level"` // what the signal reached in as many minutes as the rule asks for
	Bound   float64 `json:"bound"`
	Reached int     `json:"reached"` // in how many minutes the bound was reached
	Minutes int     `json:"minutes"` // in how many it must be
	Step    Step    `json:"step"`
	Bill    Bill    `json:"bill"`
}

// Advise makes the Report of a day.
func Advise(d *Day, prices Prices) Report {
	r := Report{
		At: d.Now, Minutes: d.Minutes(), Rungs: d.rungs(), Signals: d.Measured(),
		Prices: PriceTable{prices.Date, prices.Currency, prices.Verified, prices.Source},
		Advice: []Advice{}, Waste: []Advice{}, // as JSON: lists
	}
	for _, p := range d.Processes {
		if p.There {
			r.Processes++
		}
	}
	if len(d.Processes) == 0 {
		return r
	}
	for _, rule := range Rules {
		if rule.applies != nil && !rule.applies(d) {
			continue
		}
		a := Advice{Rule: rule.Name, Rung: rule.Rung, Title: rule.Title, Signal: rule.Signal, Bound: rule.Bound, Minutes: rule.Minutes}
		if rule.held != nil {
			a.Level, a.Reached = rule.held(d)
		} else {
			a.Level, a.Reached = d.held(rule.Signal, rule.Bound, rule.Minutes)
		}
		a.Step = rule.step(d)
		a.Bill = prices.bill(a.Step.cost)
		signal := signalOf(rule.Signal)
		switch {
		case a.Reached >= rule.Minutes:
			beyond := "too much"
			if signal.fold == foldLeast {
				beyond = "too little"
			}
			a.Why = fmt.Sprintf("%s: %s in %s; %s in %s is %s", rule.Why, rule.format(signal, a.Level, "was"), minutes(a.Reached), rule.format(signal, rule.Bound, "of"), minutes(rule.Minutes), beyond)
			if rule.held != nil {
				a.Why = fmt.Sprintf("%s: %s; %s is too much", rule.Why, rule.format(signal, a.Level, ""), rule.format(signal, rule.Bound, ""))
			}
			r.Advice = append(r.Advice, a)
		case rule.Climbs && !slices.ContainsFunc(r.Waste, func(w Advice) bool { return w.Title == a.Title }):
			a.Why = fmt.Sprintf("it would pay from %s in %s of a day; it reached %s", rule.format(signal, rule.Bound, "of"), minutes(rule.Minutes), signal.Format(a.Level))
			if rule.held != nil {
				a.Why = fmt.Sprintf("it would pay from %s; there were %s", rule.format(signal, rule.Bound, ""), short(a.Level))
			}
			r.Waste = append(r.Waste, a)
		}
	}
	for _, s := range Surpluses {
		if d.Minutes() < surplusMinutes || !s.applies(d) {
			continue
		}
		a := Advice{Rule: s.Name, Rung: s.Rung, Title: s.Title, Signal: s.Signal, Bound: s.Bound, Minutes: surplusMinutes, Level: d.peak(s.Signal), Step: s.step(d)}
		if s.level != nil {
			a.Level = s.level(d)
		}
		if a.Level >= s.Bound {
			continue
		}
		signal := signalOf(s.Signal)
		a.Bill = prices.bill(a.Step.cost)
		a.Why = fmt.Sprintf("%s: %s was at most %s, and it pays from %s", s.Why, s.Signal, signal.Format(a.Level), signal.Format(s.Bound))
		r.Waste = append(r.Waste, a)
	}
	// What costs nothing comes first.
	slices.SortStableFunc(r.Advice, func(a, b Advice) int {
		return cmp.Or(cmp.Compare(a.Bill.Monthly, b.Bill.Monthly), cmp.Compare(a.Rung, b.Rung))
	})
	slices.SortStableFunc(r.Waste, func(a, b Advice) int { return cmp.Compare(a.Rung, b.Rung) })
	return r
}

// Steps lists what the rules and surpluses advise on sites of every kind, so that a test can hold that it can be done.
func Steps() (out []Step) {
	on := []Facts{
		{Web: true, Worker: true, CPUs: 2, SQLite: true, MaxInFlight: 512, PhotoMemory: 512 << 20},
		{Web: true, CPUs: 8, Connections: 20, Processes: 4, Replicas: []string{"one"}, Redis: true, S3: true, MaxInFlight: 512, PhotoMemory: 512 << 20},
	}
	for _, f := range on {
		for _, busy := range []bool{false, true} {
			d := &Day{every: time.Minute, series: map[string][]float64{}, Processes: []Process{{Facts: f, There: true}}, Site: Site{Facts: f, Webs: 1}}
			if busy {
				for _, s := range Signals {
					d.series[s.Name] = slices.Repeat([]float64{1}, 120)
				}
			}
			for _, r := range Rules {
				out = append(out, r.step(d))
			}
			for _, s := range Surpluses {
				out = append(out, s.step(d))
			}
		}
	}
	return out
}

// format writes a figure of the rule: of its signal ("cpu was 71 %"), or of what it makes of the day.
func (r Rule) format(s Signal, v float64, verb string) string {
	switch r.Name {
	case "alone":
		return minutes(int(v)) + " without an answer"
	case "group":
		return short(v) + " busy instances between the two"
	}
	return s.Name + " " + verb + " " + s.Format(v)
}

func minutes(n int) string {
	if n == 1 {
		return "1 minute"
	}
	return fmt.Sprintf("%d minutes", n)
}

// rungs says what each part of the site stands on, and proves it by what each process has counted.
func (d *Day) rungs() []Rung {
	if len(d.Processes) == 0 {
		return []Rung{}
	}
	s := d.Site
	type counter struct{ what, signal string }
	part := func(name string, rung int, backend string, counters ...counter) Rung {
		r := Rung{Part: name, Rung: rung, Backend: backend}
		for _, p := range d.Processes {
			if !p.There && p.ID != d.Processes[0].ID {
				continue
			}
			use := Use{Process: p.Host}
			for _, c := range counters {
				if n := p.Count(c.signal); n >= 0.5 || c == counters[0] {
					use.Counts = append(use.Counts, Count{c.what, int64(n + 0.5)})
				}
			}
			r.Uses = append(r.Uses, use)
		}
		return r
	}
	on := func(is bool, rung, otherwise int) int {
		if is {
			return rung
		}
		return otherwise
	}
	single := on(s.SQLite && s.Webs <= 1, 0, rungMachine)
	cdn, replicas := s.CDN, "none"
	if cdn == "" {
		cdn = "none"
	}
	switch n := len(s.Replicas); {
	case n == 1:
		replicas = s.Replicas[0]
	case n > 1:
		replicas = fmt.Sprintf("%d: %s and others", n, s.Replicas[0])
	}
	size := fmt.Sprintf("%d processors", s.CPUs)
	if s.Memory > 0 {
		size += fmt.Sprintf(", %.1f GiB of memory", float64(s.Memory)/(1<<30))
	}
	instances := fmt.Sprintf("%d for the web", s.Webs)
	if s.Workers > 0 {
		instances += fmt.Sprintf(", %d for jobs alone", s.Workers)
	}
	return []Rung{
		part("Machine", single, size, counter{"requests", Requests}, counter{"CPU seconds", Cores}),
		part("Instances", on(s.Webs > 1, rungInstances, single), instances, counter{"requests", Requests}, counter{"refused", Refused}),
		part("Database", on(s.SQLite, 0, rungDatabase), s.Database, counter{"reads", Reads}, counter{"writes", Writes}),
		part("Replicas", on(len(s.Replicas) > 0, rungReplicas, 0), replicas, counter{"reads", ReplicaReads}),
		part("Sessions", on(s.DynamoDB, rungInstances, 0), s.Sessions, counter{"uses", SessionUses}, counter{"failed", SessionErrors}),
		part("Photos", on(s.S3, rungInstances, 0), s.Photos, counter{"files", PhotoUses}, counter{"failed", PhotoErrors}),
		part("CDN", on(s.CDN != "", rungCDN, 0), cdn, counter{"Mbit sent by the site itself", SentPhotos}),
		part("Cache", on(s.Redis, rungCache, 0), s.Cache, counter{"found here", CacheHits}, counter{"found in Redis", RedisHits}, counter{"made", CacheLoads}),
		part("Jobs", on(s.SQS || s.Workers > 0, rungWorkers, 0), s.Queue, counter{"done", Jobs}, counter{"messages", QueueMessages}),
	}
}
