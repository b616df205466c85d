package store

import "context"

// DeleteFinishedJobs forgets up to limit jobs that were done before the moment. Dead ones stay until somebody
// retries or drops them.
func (s *conn) DeleteFinishedJobs(ctx context.Context, before Millis, limit int) (int, error) {
	ids, err := s.idList(Primary(ctx), "SELECT id FROM jobs WHERE state = ? AND finished_at < ? ORDER BY finished_at LIMIT ?", JobDone, before, limit)
	if err != nil {
		return 0, err
	}
	return s.deleteByID(ctx, "jobs", ids)
}

// DeleteOldEvents forgets up to limit events from before the moment.
func (s *conn) DeleteOldEvents(ctx context.Context, before Millis, limit int) (int, error) {
	ids, err := s.idList(Primary(ctx), "SELECT id FROM events WHERE at < ? ORDER BY at LIMIT ?", before, limit)
	if err != nil {
		return 0, err
	}
	return s.deleteByID(ctx, "events", ids)
}

// deleteByID deletes by primary key: a range would lock the gaps in which others insert.
func (s *conn) deleteByID(ctx context.Context, table string, ids []int64) (int, error) {
	if len(ids) == 0 {
		return 0, nil
	}
	list, args := in(ids)
	return len(ids), translate(s.write(ctx).Exec("DELETE FROM "+table+" WHERE id IN "+list, args...).Error)
}
