// Command survive puts a load of readers, posters and uploaders on the whole fleet, through its balancer, while one
// thing after the other fails, and tells what they noticed: failed requests by phase and kind, and above all lost posts,
// doubled posts, logouts, and reads after one's own write that do not know of it. There must be none of the last four,
// members must hardly notice a crawler, and restarting all instances one after the other, with nothing else wrong, must
// not fail a single request. Where one of these does not hold, the status is 1.
//
// Requests count for the phase in which they end. Everybody insists: what fails is tried again with the same
// idempotency key. Each write that is acknowledged is read at once, through the balancer and so on any instance; and
// all of them are looked up at the end, in SQL and on every instance.
//
// The rate is bounded, and everything runs on loopback on one machine, the load as well: what is slow here says nothing.
//
//	go run ./bench/survive [-json] [-rate 120] [-for 2m] [-phases kill,crawler,…] [-restart 10000]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"tintype/bench/rig"
)

func main() {
	asJSON := flag.Bool("json", false, "write the report as JSON")
	rate := flag.Float64("rate", 120, "requests a second of all readers, posters and uploaders together")
	least := flag.Duration("for", 2*time.Minute, "how long the load lasts at least, before the rolling restart alone")
	phases := flag.String("phases", "", "which phases, by commas: "+strings.Join(flagsOf(steps), ", ")+"; all if empty")
	restart := flag.Int("restart", 10_000, "how many requests the rolling restart alone has to see; 0: leave it out")
	flag.Parse()
	rig.Main(func(t *rig.T) error {
		chosen, err := choose(*phases)
		if err != nil {
			return err
		}
		r, err := survive(t, chosen, *rate, *least, *restart)
		if err != nil {
			return err
		}
		if *asJSON {
			if err := r.json(os.Stdout); err != nil {
				return err
			}
		} else {
			r.text(os.Stdout)
		}
		if len(r.Broken) > 0 {
			return fmt.Errorf("%d requirements are not met", len(r.Broken))
		}
		return nil
	})
}

func flagsOf(list []step) (names []string) {
	for _, s := range list {
		names = append(names, s.flag)
	}
	return names
}

func choose(phases string) ([]step, error) {
	if phases == "" {
		return steps, nil
	}
	var chosen []step
	for name := range strings.SplitSeq(phases, ",") {
		i := slices.Index(flagsOf(steps), strings.TrimSpace(name))
		if i < 0 {
			return nil, fmt.Errorf("no phase is called %q: there are %s", name, strings.Join(flagsOf(steps), ", "))
		}
		chosen = append(chosen, steps[i])
	}
	return chosen, nil
}

func survive(t *rig.T, chosen []step, rate float64, least time.Duration, restart int) (*report, error) {
	progress := os.Stderr
	fmt.Fprintln(progress, "-- starting the fleet")
	f := startFleet(t, progress)
	site := newLoad(f.record, f.URL)
	run, err := site.start(rate)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	f.use(run, chosen, least, restart)
	took := time.Since(start)
	machine, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return nil, err
	}

	fmt.Fprintln(progress, "-- looking everything up")
	for _, i := range f.Web {
		if err := i.WaitReady(time.Minute); err != nil {
			return nil, fmt.Errorf("%s is not ready at the end: %w", i.URL, err)
		}
	}
	f.Database.CatchUp(t)
	if err := site.check(context.Background(), f.Database.Primary, f.Web); err != nil {
		return nil, fmt.Errorf("the check at the end: %w", err)
	}
	var logs []string
	for _, i := range f.Web {
		logs = append(logs, i.Logs())
	}
	f.record.explain(logs)
	r := &report{
		Seconds: took.Seconds(), Rate: rate, Machine: strings.Join(strings.Fields(string(machine))[:3], " "), Phases: f.record.phases, Faults: f.record.faults, Incidents: f.record.incidents,
		Crawler: f.crawler, Restart: restart,
	}
	for _, m := range site.made {
		if m.acknowledged {
			r.Acknowledged++
		} else {
			r.Unsure++
		}
	}
	r.judge()
	return r, nil
}
