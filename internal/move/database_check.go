package move

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"tintype/internal/store"
)

// DatabaseFact and DatabaseNextFact are the names of the facts that hold the fingerprints of the databases of
// DATABASE_URL and DATABASE_NEXT, in processes that have both.
const (
	DatabaseFact     = "database"
	DatabaseNextFact = "database next"
)

// ClientFact is the name of the fact that holds the address which the database's server has for a process. ClientsFact is
// that of all from which the process saw the database in use, separated by commas.
const (
	ClientFact  = "database client"
	ClientsFact = "database clients"
)

// DatabaseChecked is what the checks before a move of the database have found.
type DatabaseChecked struct {
	Rows, Bytes int64
	Processes   int
	Problems    []string // each a reason not to begin
	Bare        bool     // the target has no schema, so that nobody knows whether the rows fit
	Unknown     []string // what could not be looked at
}

// CheckDatabase looks for what stands in the way of a move: processes that do not have both places, clocks apart, rows
// that do not fit. each is called now and then with the rows that were read. On the way back to a place that is kept up,
// rows are not looked at. Where the target has no schema yet, they are only counted.
func CheckDatabase(ctx context.Context, source, target *store.Place, back bool, each func(rows int64)) (*DatabaseChecked, error) {
	c := &DatabaseChecked{}
	c.Bare = len(target.Tables()) == 0
	if !c.Bare {
		if err := source.SameSchema(target); err != nil {
			return nil, err
		}
	}
	same, err := source.SamePlace(ctx, target)
	if err != nil {
		return nil, err
	}
	if same {
		c.Problems = append(c.Problems, fmt.Sprintf("%s and %s are one database", source.Name(), target.Name()))
		return c, nil
	}
	d, err := source.ClockDifference(ctx, target)
	if err != nil {
		return nil, err
	}
	if d.Abs() > store.MaxClockDifference {
		c.Problems = append(c.Problems, fmt.Sprintf("the clock of %s is %v away from that of %s: set both by one time server", target.Name(), d.Abs(), source.Name()))
	}
	parts, err := source.PartsUnderWay(ctx)
	if err != nil {
		return nil, err
	}
	for _, part := range parts {
		c.Problems = append(c.Problems, fmt.Sprintf("the %s of the site are being moved: let that end first, or abort it", people(part)))
	}
	list, err := c.strangers(ctx, source)
	if err != nil {
		return nil, err
	}
	want := [2]string{Fingerprint(source.Name()), Fingerprint(target.Name())}
	for _, p := range list {
		if p.Silent {
			continue // it may have been killed: the switch waits for what it may have left behind
		}
		facts := factsOf(p)
		if has := [2]string{facts[DatabaseFact], facts[DatabaseNextFact]}; has != want && has != [2]string{want[1], want[0]} {
			c.Problems = append(c.Problems, fmt.Sprintf("%s does not have both databases: set DATABASE_NEXT on all processes, and restart them", p.Host))
			continue
		}
		c.Processes++
	}
	for _, d := range Compare(instances(list), nil) {
		c.Problems = append(c.Problems, d.Text+": "+d.Advice)
	}
	if back {
		return c, nil
	}
	into := target
	if c.Bare {
		into = source
	}
	fit, err := source.CheckFits(ctx, into, each)
	if err != nil {
		return nil, err
	}
	c.Rows, c.Bytes = fit.Rows, fit.Bytes
	// Rows come with their indexes, and first go into a log beside the file.
	switch room, known, err := target.Room(); {
	case err != nil:
		return nil, err
	case !known:
		c.Unknown = append(c.Unknown, fmt.Sprintf("whether %s has room for %.1f MB and their indexes: its server does not say", target.Name(), float64(c.Bytes)/1e6))
	case room < 2*uint64(c.Bytes):
		c.Problems = append(c.Problems, fmt.Sprintf("%s needs about %.1f MB, and its disk has %.1f MB free", target.Name(), 2*float64(c.Bytes)/1e6, float64(room)/1e6))
	}
	c.Problems = append(c.Problems, fit.Problems...)
	if fit.More > 0 {
		c.Problems = append(c.Problems, fmt.Sprintf("and %d more that do not fit", fit.More))
	}
	return c, nil
}

const (
	// strangerPatience is how long a connection may stay of a process that has ended.
	strangerPatience = 3 * time.Second
	// factPatience is how long a process may take to say from where it uses the database.
	factPatience = 15 * time.Second
)

// strangers lists the processes, and adds a problem for each address from which the source is in use by something else:
// an older release, a process that hangs, somebody's shell.
func (c *DatabaseChecked) strangers(ctx context.Context, source *store.Place) ([]store.PlaceAnswer, error) {
	for begin := time.Now(); ; {
		list, err := source.Answers(ctx)
		if err != nil {
			return nil, err
		}
		own, all, everybody, err := source.Clients(ctx)
		if err != nil {
			return nil, err
		}
		known, patience := []string{own}, strangerPatience
		for _, p := range list {
			if p.Silent {
				continue
			}
			facts := factsOf(p)
			known = append(known, facts[ClientFact])
			if facts[ClientFact] == "" {
				patience = factPatience
			}
			all = append(all, strings.FieldsFunc(facts[ClientsFact], func(r rune) bool { return r == ',' })...)
		}
		slices.Sort(all)
		all = slices.DeleteFunc(slices.Compact(all), func(host string) bool { return slices.Contains(known, host) })
		if len(all) > 0 && time.Since(begin) < patience {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(time.Second):
				continue
			}
		}
		for _, host := range all {
			c.Problems = append(c.Problems, fmt.Sprintf("%s uses %s and is no process of this site with DATABASE_NEXT: an older release, one that hangs, or somebody's shell. End it", host, source.Name()))
		}
		if !everybody {
			c.Unknown = append(c.Unknown, fmt.Sprintf("which other users are connected to %s: its server shows that to users with the PROCESS privilege", source.Name()))
		}
		return list, nil
	}
}

// factsOf are the facts of a process. What is no object has none.
func factsOf(p store.PlaceAnswer) map[string]string {
	var facts map[string]string
	_ = json.Unmarshal([]byte(p.Facts), &facts)
	return facts
}

// instances are the processes that are not silent, for Compare.
func instances(list []store.PlaceAnswer) []Instance {
	var alive []Instance
	for _, p := range list {
		if !p.Silent {
			alive = append(alive, Instance{ID: p.ID, Host: p.Host, Program: p.Program, Facts: p.Facts})
		}
	}
	return alive
}
