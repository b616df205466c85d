// Package ladder advises which rung of the ladder a site should be on. Each process measures itself by the minute and
// keeps a day of that in the site's database. The advice comes from a table of rules over those measures, and costs from
// a table of prices. Nothing outside of the site is asked.
package ladder

import (
	"context"
	"encoding/json"
	"time"
)

// Row is a quarter of an hour of one process, as its row in the database says. It is an alias of a nameless struct so
// that the store can have the same one without either package knowing the other.
type Row = struct {
	At       int64 // when the quarter began, in milliseconds since 1970, by the process's own clock
	Instance int64 // the id of the process's row in instances
	Host     string
	Facts    string // JSON: Facts
	Figures  string // JSON: quarter
}

// Table is where the measures of a day are: the site's database.
type Table interface {
	SaveMeasures(context.Context, Row) error
	Measures(ctx context.Context, since int64) ([]Row, error)
	DeleteOldMeasures(ctx context.Context, before int64) error
}

// Kept is how long measures stay.
const Kept = 24 * time.Hour

// Facts are what a process stands on, without secrets.
type Facts struct {
	Release string `json:"release"`
	Web     bool   `json:"web,omitempty"`
	Worker  bool   `json:"worker,omitempty"`

	CPUs   int   `json:"cpus"`             // that Go runs on
	Memory int64 `json:"memory,omitempty"` // bytes that the process may use; 0 where that is not known

	Database    string   `json:"database"` // the address without its password
	SQLite      bool     `json:"sqlite,omitempty"`
	Connections int      `json:"connections,omitempty"` // to the primary at most
	Replicas    []string `json:"replicas,omitempty"`
	Sessions    string   `json:"sessions"`
	DynamoDB    bool     `json:"dynamodb,omitempty"`
	Photos      string   `json:"photos"`
	S3          bool     `json:"s3,omitempty"`
	CDN         string   `json:"cdn,omitempty"` // of photos
	Cache       string   `json:"cache"`
	Redis       bool     `json:"redis,omitempty"`
	Queue       string   `json:"queue"`
	SQS         bool     `json:"sqs,omitempty"`

	// Limits that a setting can raise.
	MaxInFlight int   `json:"max_in_flight,omitempty"`
	PhotoMemory int64 `json:"photo_memory,omitempty"` // bytes
	JobWorkers  int   `json:"job_workers,omitempty"`
	Reserved    int   `json:"reserved,omitempty"`  // DATABASE_RESERVED_CONNECTIONS
	Processes   int   `json:"processes,omitempty"` // FLEET_MAX_PROCESSES
}

// Figures are what was measured in a minute, by the names of Signals. A signal that is not known has no figure.
type Figures map[string]float64

// quarter is a row's figures: one place in each list for each minute, null for what is not known.
type quarter struct {
	Every   int64                 `json:"every"`   // what counts as a minute, in milliseconds
	Minutes []int64               `json:"minutes"` // when each began, in milliseconds since 1970
	Figures map[string][]*float64 `json:"figures"`
}

func (q *quarter) add(at int64, f Figures) {
	for name := range f {
		if q.Figures[name] == nil {
			q.Figures[name] = make([]*float64, len(q.Minutes))
		}
	}
	q.Minutes = append(q.Minutes, at)
	for name, list := range q.Figures {
		var known *float64
		if v, ok := f[name]; ok {
			v = rounded(v)
			known = &v
		}
		q.Figures[name] = append(list, known)
	}
}

func (q *quarter) text() (string, error) {
	raw, err := json.Marshal(q)
	return string(raw), err
}
