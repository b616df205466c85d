package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"tintype/internal/community"
	"tintype/internal/store"
)

type jobsGroup struct {
	List  jobsList  `cmd:"" help:"List jobs, the newest first."`
	Retry jobsRetry `cmd:"" help:"Run jobs again, at once."`
	Drop  jobsDrop  `cmd:"" help:"Delete jobs."`
}

type jobsList struct {
	State  string `enum:"ready,done,dead,all" default:"all" help:"Only jobs that are ready, done or dead."`
	Limit  int    `default:"50" help:"How many, at most 1000."`
	Before int64  `help:"Only jobs with a lower id, to page on."`
	JSON   bool   `name:"json" help:"As JSON: an object with jobs."`
}

// mostJobs is how many one list has.
const mostJobs = 1000

func (l jobsList) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		state := l.State
		if state == "all" {
			state = ""
		}
		jobs, err := site.Jobs(c, state, l.Before, min(max(l.Limit, 1), mostJobs))
		if err != nil {
			return err
		}
		if l.JSON {
			return writeJobsJSON(c.env.Stdout, jobs)
		}
		table := tabwriter.NewWriter(c.env.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tKIND\tSTATE\tTRIES\tDUE\tERROR")
		for _, j := range jobs {
			due := "at once"
			if j.RunAt != 0 {
				due = j.RunAt.Time().Format(time.RFC3339)
			}
			if j.State != store.JobReady {
				due = "-"
			}
			fmt.Fprintf(table, "%d\t%s\t%s\t%d\t%s\t%s\n", j.ID, j.Kind, j.State, j.Attempts, due, oneLine(j.Error))
		}
		return table.Flush()
	})
}

// oneLine is a text without what would move the cursor of a terminal: an error
// may quote what somebody sent.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) }), " ")
}

// A jobEntry is a job for programs. Ids are texts: they have more digits than
// many programs keep of a number.
type jobEntry struct {
	ID       string     `json:"id"`
	Kind     string     `json:"kind"`
	State    string     `json:"state"` // ready, done or dead
	Attempts int        `json:"attempts"`
	Error    string     `json:"error"` // of the last try that failed
	Created  time.Time  `json:"created_at"`
	Due      *time.Time `json:"due_at"` // of one that is ready: not before; null is at once
	Finished *time.Time `json:"finished_at"`
}

func writeJobsJSON(w io.Writer, jobs []store.Job) error {
	entries := make([]jobEntry, 0, len(jobs))
	for _, j := range jobs {
		e := jobEntry{ID: strconv.FormatInt(j.ID, 10), Kind: j.Kind, State: j.State, Attempts: j.Attempts, Error: j.Error, Created: j.CreatedAt.Time()}
		if j.State == store.JobReady && j.RunAt != 0 {
			due := j.RunAt.Time()
			e.Due = &due
		}
		if j.FinishedAt != nil {
			finished := j.FinishedAt.Time()
			e.Finished = &finished
		}
		entries = append(entries, e)
	}
	return writeJSON(w, map[string]any{"jobs": entries})
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

type jobsRetry struct {
	IDs  []int64 `arg:"" optional:"" name:"id"`
	Dead bool    `help:"All that failed for good."`
	JSON bool    `name:"json" help:"As JSON: an object with retried, the ids."`

	Reason string `help:"Why, for the log."`
}

func (j jobsRetry) Run(c *call) error {
	if (len(j.IDs) > 0) == j.Dead {
		return errors.New("which jobs? Name their ids, or --dead for all that failed for good")
	}
	return c.with(func(site *community.Community) error {
		ids := j.IDs
		for before := int64(0); j.Dead; {
			jobs, err := site.Jobs(c, store.JobDead, before, mostJobs)
			if err != nil {
				return err
			}
			for _, job := range jobs {
				ids = append(ids, job.ID)
				before = job.ID
			}
			if len(jobs) < mostJobs {
				break
			}
		}
		done := []string{}
		err := eachJob(ids, func(id int64) error {
			err := site.RetryJob(c, community.ByCommand(j.Reason), id)
			if err == nil {
				done = append(done, strconv.FormatInt(id, 10))
			}
			return err
		})
		if j.JSON {
			return errors.Join(err, writeJSON(c.env.Stdout, map[string]any{"retried": done}))
		}
		switch len(done) {
		case 1:
			fmt.Fprintln(c.env.Stdout, "One job runs again.")
		default:
			fmt.Fprintf(c.env.Stdout, "%d jobs run again.\n", len(done))
		}
		return err
	})
}

type jobsDrop struct {
	IDs    []int64 `arg:"" name:"id"`
	Reason string  `help:"Why, for the log."`
}

func (j jobsDrop) Run(c *call) error {
	return c.with(func(site *community.Community) error {
		return eachJob(j.IDs, func(id int64) error { return site.DropJob(c, community.ByCommand(j.Reason), id) })
	})
}

func eachJob(ids []int64, do func(int64) error) error {
	var errs []error
	for _, id := range ids {
		errs = append(errs, named("job", fmt.Sprint(id), do(id)))
	}
	return errors.Join(errs...)
}
