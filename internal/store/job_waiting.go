package store

import "context"

// JobsWaiting counts the fleet's waiting and dead jobs.
type JobsWaiting struct {
	Dead        int
	Ready       int    // due, and nobody works on them
	OldestReady Millis // how long the longest of them has been due; a length of time
}

// WaitingJobs reads the counts on the primary. No job waits since before it was made: an older release wrote 0 for what was due
// at once.
func (s *conn) WaitingJobs(ctx context.Context) (JobsWaiting, error) {
	var row struct {
		Dead, Ready int
		Oldest      *int64
		Clock       int64
	}
	now := s.dialect.nowMillis()
	err := first(s.read(Primary(ctx)).Raw("SELECT COUNT(CASE WHEN state = ? THEN 1 END) AS dead, COUNT(CASE WHEN state = ? THEN 1 END) AS ready,"+
		" MIN(CASE WHEN state = ? THEN CASE WHEN run_at > created_at THEN run_at ELSE created_at END END) AS oldest, "+now+" AS clock FROM jobs WHERE state = ? OR (state = ? AND run_at <= "+now+" AND lease_until < "+now+")",
		JobDead, JobReady, JobReady, JobDead, JobReady), &row)
	w := JobsWaiting{Dead: row.Dead, Ready: row.Ready}
	if row.Oldest != nil {
		w.OldestReady = Millis(max(row.Clock-*row.Oldest, 0))
	}
	return w, err
}
