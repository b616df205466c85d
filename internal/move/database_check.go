package move

import (
	"context"
	"encoding/json"
	"errors"
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

// DatabaseProofFact is the name of the fact that holds the move in which the place takes part that a process does not serve, as
// the process has read it there when it tried a write. Exempt processes, which write nothing or end soon, say ProofExempt.
const (
	DatabaseProofFact = "database proof"
	ProofExempt       = "exempt"
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
	// Takes is about how long the move takes: the copy, at the pace of a sample that was written into the target, or at the
	// rate that was set, and the comparison.
	Takes time.Duration
}

// CheckOptions say what a move is to do.
type CheckOptions struct {
	Back  bool             // to a place that is kept up: rows are not looked at
	Empty bool             // what the target holds is removed first
	Rate  int              // rows a second at most; 0: as fast as it goes
	Each  func(rows int64) // called now and then with the rows that were read; nil: nobody asks
}

// CheckDatabase looks for what stands in the way of a move: processes that do not have both places, clocks apart, a target
// that is not empty or takes no triggers, rows that do not fit. Where the target has no schema yet, rows are only counted.
func CheckDatabase(ctx context.Context, source, target *store.Place, o CheckOptions) (*DatabaseChecked, error) {
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
	if err := c.processes(ctx, source, target, false, false); err != nil {
		return nil, err
	}
	if o.Back {
		c.Takes, err = aboutBack(ctx, source)
		return c, err
	}
	if !c.Bare {
		if err := c.look(ctx, source, target, o.Empty); err != nil {
			return nil, err
		}
	}
	into := target
	if c.Bare {
		into = source
	}
	begin := time.Now()
	fit, err := source.CheckFits(ctx, into, o.Each)
	if err != nil {
		return nil, err
	}
	c.Rows, c.Bytes = fit.Rows, fit.Bytes
	if err := c.try(ctx, source, target, time.Since(begin), o.Rate); err != nil {
		return nil, err
	}
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

// processes adds a problem for each process of the site that is not ready for the switch, and for what is no process of it.
// Begun tells that the move has begun: processes that have been silent since do not stop it. Long tells that each process has had
// the time since then to prove that it reaches the target.
func (c *DatabaseChecked) processes(ctx context.Context, source, target *store.Place, begun, long bool) error {
	list, err := c.strangers(ctx, source, begun)
	if err != nil {
		return err
	}
	proof := ""
	if begun {
		// Two places may have one name: a file on two machines, or a name that leads elsewhere. Once a switch is near, each
		// process is asked for the proof. Before that only where it should have it: a switch that one of them stops is not to
		// keep all others on short leases.
		if g, err := source.Gate(ctx); err != nil {
			return err
		} else if g.Watch || long {
			proof = g.Move
		}
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
		if has := facts[DatabaseProofFact]; proof != "" && has != proof && has != ProofExempt {
			c.Problems = append(c.Problems, fmt.Sprintf("%s has not proved that it reaches %s and may write there: see that both addresses lead it to the same databases as this command", p.Host, target.Name()))
			continue
		}
		c.Processes++
	}
	for _, d := range Compare(instances(list), nil) {
		c.Problems = append(c.Problems, d.Text+": "+d.Advice)
	}
	return nil
}

// ProofAfter is how long a move has to be under way until each process has surely proved that it reaches both places: two beats.
const ProofAfter = 2*followEvery + 5*time.Second

// CheckProcesses says what stands in the way of a switch among the processes of the site: those that began since the move was
// checked, and those that do not reach both places, as all must have proved ProofAfter it began (long). Nil: nothing does.
func CheckProcesses(ctx context.Context, source, target *store.Place, long bool) error {
	c := &DatabaseChecked{}
	if err := c.processes(ctx, source, target, true, long); err != nil {
		return err
	}
	if len(c.Problems) > 0 {
		return errors.New(strings.Join(c.Problems, "; "))
	}
	return nil
}

// look adds a problem where the target holds what is not of this move, or may not be emptied.
func (c *DatabaseChecked) look(ctx context.Context, source, target *store.Place, empty bool) error {
	err := taken(ctx, target)
	if empty {
		err = clearable(ctx, source, target)
	}
	if occupied := (*NotEmptyError)(nil); errors.As(err, &occupied) || errors.Is(err, ErrUnfit) {
		c.Problems = append(c.Problems, err.Error())
		err = nil
	}
	return err
}

// switchTakes is about how long the steps of a move take that do not depend on the rows: triggers, and the wait until
// every process asks often.
const switchTakes = 10 * time.Second

// try makes triggers in both places, writes a sample into the target, and reckons from that how long the move takes. Read
// is what it took to read every row.
func (c *DatabaseChecked) try(ctx context.Context, source, target *store.Place, read time.Duration, rate int) error {
	bytes := int(max(c.Bytes/max(c.Rows, 1), 1))
	var pace float64
	for _, p := range []*store.Place{source, target} {
		var err error
		if p == source {
			_, err = p.Try(ctx, 0)
		} else {
			pace, err = p.Try(ctx, bytes)
		}
		if ctx.Err() != nil {
			return err
		}
		if err != nil {
			c.Problems = append(c.Problems, fmt.Sprintf("%s: %v", p.Name(), err))
			return nil
		}
	}
	pace /= 2 // the site's tables have indexes, the sample has none
	if rate > 0 {
		pace = min(pace, float64(rate))
	}
	copying := time.Duration(float64(c.Rows) / pace * float64(time.Second))
	c.Takes = max(copying, read) + 2*read + switchTakes // every row of both is read and compared
	return nil
}

// aboutBack reckons how long the way back takes to a place that is kept up: every row of both is compared. It reads for a
// moment, to know the pace.
func aboutBack(ctx context.Context, source *store.Place) (time.Duration, error) {
	rows, err := source.AboutRows(ctx)
	if err != nil {
		return 0, err
	}
	begin, read := time.Now(), int64(0)
	for copier := source.Copy(store.CopyPoint{}); time.Since(begin) < 300*time.Millisecond; {
		b, err := copier.Next(ctx)
		if err != nil {
			return 0, err
		}
		if b == nil {
			break
		}
		read = b.Point.Rows
	}
	if read == 0 {
		return switchTakes, nil
	}
	return time.Duration(2*float64(rows)/float64(read)*float64(time.Since(begin))) + switchTakes, nil
}

const (
	// strangerPatience is how long a connection may stay of a process that has ended.
	strangerPatience = 3 * time.Second
	// factPatience is how long a process may take to say from where it uses the database.
	factPatience = 15 * time.Second
)

// strangers lists the processes, and adds a problem for each address from which the source is in use by something else:
// an older release, a process that hangs, somebody's shell.
func (c *DatabaseChecked) strangers(ctx context.Context, source *store.Place, begun bool) ([]store.PlaceAnswer, error) {
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
			if p.Silent && !begun {
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

// factsOf are the facts of a process. A text that is not a JSON object has none.
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
