package templates

import "strings"

// StatusView is /admin/status.
type StatusView struct {
	Release  string
	Process  string // which of the site's processes answers: machine and process id
	Roles    string
	Started  When
	ReadOnly string // why nothing can be written, "" if it can

	Checks []StatusCheck
	// ChecksLate is set where something has not answered yet: Checks are of an earlier time, ChecksOf, or none are known.
	ChecksLate bool
	ChecksOf   When

	Systems   []StatusSystem
	Instances []StatusInstance
	Replicas  []StatusReplica
	Dead      []JobRow // the newest of the jobs that failed for good
	DeadJobs  int      // all of them
}

// StatusCheck is the result of one check.
type StatusCheck struct {
	Name   string
	Status string // "ok", "warning" or "failure"
	Text   string
	Advice string
}

// StatusSystem is a part of the site with the system that it uses.
type StatusSystem struct {
	Name    string
	Backend string
	Counts  []StatusCount
}

// StatusCount is a number: a total since the process began, or a present value.
type StatusCount struct{ Label, Value string }

// StatusInstance is a process of the site.
type StatusInstance struct {
	Process string // machine and process id
	Release string
	Roles   string
	Started string // "3 h ago"
	Seen    string // when it last said that it is there
}

// StatusReplica is a replica that is read.
type StatusReplica struct {
	Address string
	Server  string
	State   string // "read", or why not
	Behind  string // "12 ms"
	Reads   string // by this process
}

// JobRow is a background job. Its form posts to /admin/jobs/ID/retry.
type JobRow struct {
	ID       string
	Kind     string
	State    string // "ready", "done" or "dead"
	Attempts int
	Created  When
	Error    string
	Retry    bool // can be run again
}

// AdminJobsView is /admin/jobs.
type AdminJobsView struct {
	State string // "dead", "ready" or "done"
	Jobs  []JobRow
	Pager Pager
}

// verdict sums up the checks in a sentence.
func (v StatusView) verdict() string {
	failures, warnings := 0, 0
	for _, c := range v.Checks {
		switch c.Status {
		case "failure":
			failures++
		case "warning":
			warnings++
		}
	}
	switch {
	case len(v.Checks) == 0 && v.ChecksLate:
		return "Not everything has answered yet."
	case failures > 0 && warnings > 0:
		return english.N("%d thing does", "%d things do", failures) + " not work, and " + english.N("%d wants", "%d want", warnings) + " a look."
	case failures > 0:
		return english.N("%d thing does", "%d things do", failures) + " not work."
	case warnings > 0:
		return "Everything works; " + english.N("%d thing wants", "%d things want", warnings) + " a look."
	}
	return "Everything works."
}

// worst returns the most severe status of the checks.
func (v StatusView) worst() string {
	worst := "ok"
	if len(v.Checks) == 0 && v.ChecksLate {
		worst = "warning"
	}
	for _, c := range v.Checks {
		if c.Status == "failure" || c.Status == "warning" && worst == "ok" {
			worst = c.Status
		}
	}
	return worst
}

// inOrder lists failures and warnings first.
func (v StatusView) inOrder() []StatusCheck {
	var out []StatusCheck
	for _, status := range []string{"failure", "warning", "ok"} {
		for _, c := range v.Checks {
			if c.Status == status {
				out = append(out, c)
			}
		}
	}
	return out
}

// sentence begins with a capital and ends with a stop.
func sentence(s string) string {
	if s == "" || s[0] == '`' {
		return s + "."
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

func checkWord(status string) string {
	switch status {
	case "failure":
		return "Failure"
	case "warning":
		return "Warning"
	}
	return "OK"
}

func checkIcon(status string) string {
	if status == "ok" {
		return "check"
	}
	return "alert"
}

var jobStates = []struct{ state, label, empty string }{
	{"dead", "Failed", "No job has failed for good."},
	{"ready", "Waiting", "No job is waiting."},
	{"done", "Done", "No job was done lately."},
}

func noJobs(state string) string {
	for _, s := range jobStates {
		if s.state == state {
			return s.empty
		}
	}
	return ""
}
