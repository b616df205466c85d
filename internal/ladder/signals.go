package ladder

import (
	"fmt"
	"strconv"
)

// A Signal is something that each process measures by the minute.
type Signal struct {
	Name  string
	About string
	Unit  string // "", "%", "s", "MB", "a second", "Mbit/s"
	fold  fold
}

// fold says how the processes' figures of a minute become the site's.
type fold int

const (
	foldMost  fold = iota // the highest
	foldSum               // all together
	foldLeast             // the lowest
)

// Names of signals.
const (
	CPU           = "cpu"
	Cores         = "cores"
	Memory        = "memory"
	Requests      = "requests"
	Errors        = "errors"
	Refused       = "refused"
	P99           = "p99"
	Sent          = "sent"
	SentPhotos    = "sent_photos"
	Reads         = "reads"
	Writes        = "writes"
	DatabaseWait  = "database_wait"
	DatabaseBusy  = "database_busy"
	ReplicaReads  = "replica_reads"
	LateReads     = "late_reads"
	ReplicaLag    = "replica_lag"
	SessionUses   = "session_uses"
	SessionErrors = "session_errors"
	PhotoUses     = "photo_uses"
	PhotoErrors   = "photo_errors"
	PhotoWait     = "photo_wait"
	PhotoWork     = "photo_work"
	JobAge        = "job_age"
	Jobs          = "jobs"
	CacheHits     = "cache_hits"
	CacheLoads    = "cache_loads"
	RedisHits     = "redis_hits"
	RedisAway     = "redis_away"
	QueueMessages = "queue_messages"
	DiskFree      = "disk_free"
	Instances     = "instances" // counted, not measured: processes that wrote a figure of the minute
)

// Signals are all that is measured, in the order in which it is shown.
var Signals = []Signal{
	{CPU, "share of its processors in use, of the busiest process", "%", foldMost},
	{Cores, "processors in use, of all processes together", "", foldSum},
	{Memory, "share of the memory that it may use, of the largest process", "%", foldMost},
	{Requests, "requests answered", "a second", foldSum},
	{Errors, "requests answered with a 5xx other than 503", "a second", foldSum},
	{Refused, "requests refused by MAX_IN_FLIGHT", "a second", foldSum},
	{P99, "time that 99 of 100 requests took at most, of the slowest process", "s", foldMost},
	{Sent, "bodies of answers", "Mbit/s", foldSum},
	{SentPhotos, "photos sent by the site itself", "Mbit/s", foldSum},
	{Reads, "statements that read", "a second", foldSum},
	{Writes, "other statements", "a second", foldSum},
	{DatabaseWait, "seconds waited in each second for a connection to the primary; with SQLite, for the one write connection", "", foldMost},
	{DatabaseBusy, "share of its connections to the primary in use, of the busiest process", "%", foldMost},
	{ReplicaReads, "reads answered by replicas", "a second", foldSum},
	{LateReads, "share of the reads for replicas that the primary answered, because they were behind or away", "%", foldMost},
	{ReplicaLag, "how far the last replica is behind", "s", foldMost},
	{SessionUses, "sessions read and written", "a second", foldSum},
	{SessionErrors, "times that sessions did not answer", "a second", foldSum},
	{PhotoUses, "files of photos read and written", "a second", foldSum},
	{PhotoErrors, "times that the store of photos did not answer", "a second", foldSum},
	{PhotoWait, "seconds waited in each second for PHOTO_MEMORY", "", foldMost},
	{PhotoWork, "share of its processors for photos, of the busiest process", "%", foldMost},
	{JobAge, "how long the oldest job that is due has waited", "s", foldMost},
	{Jobs, "jobs done", "a second", foldSum},
	{CacheHits, "values found in the process", "a second", foldSum},
	{CacheLoads, "values and visitors' pages made, because no cache had them", "a second", foldSum},
	{RedisHits, "values found in Redis", "a second", foldSum},
	{RedisAway, "share of the time in which Redis was bypassed, because it did not answer", "%", foldMost},
	{QueueMessages, "messages of the queue, sent and received", "a second", foldSum},
	{DiskFree, "share of the disk with the photos or the database that is free, of the fullest", "%", foldLeast},
	{Instances, "processes", "", foldMost},
}

func signalOf(name string) Signal {
	for _, s := range Signals {
		if s.Name == name {
			return s
		}
	}
	panic("ladder: no signal " + name) // a rule is wrong
}

// Format writes a figure with its unit.
func (s Signal) Format(v float64) string {
	switch s.Unit {
	case "%":
		return fmt.Sprintf("%.0f %%", 100*v)
	case "":
		return short(v)
	default:
		return short(v) + " " + s.Unit
	}
}

// short writes two or three digits.
func short(v float64) string {
	v = rounded(v)
	if v >= 100 || v == float64(int64(v)) {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	if v >= 0.001 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	return strconv.FormatFloat(v, 'f', 4, 64)
}
