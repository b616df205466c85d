package store

import "context"

// Report states.
const (
	ReportOpen   = "open"
	ReportClosed = "closed"
)

// AddReport inserts the report.
func (s *conn) AddReport(ctx context.Context, r Report) error {
	return translate(s.write(ctx).Create(&r).Error)
}

// Reports lists the reports of a state ("" for all), newest first, without those about one account (0: none).
func (s *conn) Reports(ctx context.Context, state string, notAbout int64, r Range) ([]Report, error) {
	where, args := "id < ? AND id > ? AND target_id <> ?", []any{r.max(), r.Min, notAbout}
	if state != "" {
		where += " AND state = ?"
		args = append(args, state)
	}
	var list []Report
	err := s.read(ctx).Raw("SELECT * FROM reports WHERE "+where+" ORDER BY id"+r.order()+" LIMIT ?", append(args, r.Limit)...).Scan(&list).Error
	return newestFirst(list, r), translate(err)
}

// ReportByID is ErrNotFound where there is none.
func (s *conn) ReportByID(ctx context.Context, id int64) (*Report, error) {
	var r Report
	if err := first(s.read(ctx).Where("id = ?", id), &r); err != nil {
		return nil, err
	}
	return &r, nil
}

// OpenReports counts the reports that wait, up to most, without those about one account (0: none).
func (s *conn) OpenReports(ctx context.Context, notAbout int64, most int) (int, error) {
	var n int
	err := s.read(ctx).Raw("SELECT COUNT(*) FROM (SELECT id FROM reports WHERE state = ? AND target_id <> ? LIMIT ?) waiting", ReportOpen, notAbout, most).Scan(&n).Error
	return n, translate(err)
}

// CloseReport closes an open report and reports whether it was open.
func (s *conn) CloseReport(ctx context.Context, id, byID int64, at Millis) (bool, error) {
	res := s.write(ctx).Exec("UPDATE reports SET state = ?, closed_by_id = ?, closed_at = ? WHERE id = ? AND state = ?", ReportClosed, byID, at, id, ReportOpen)
	return res.RowsAffected > 0, translate(res.Error)
}

// AccountsWithRole are the ids of active accounts with one of the roles, at most limit.
func (s *conn) AccountsWithRole(ctx context.Context, roles []string, limit int) ([]int64, error) {
	var ids []int64
	err := s.read(ctx).Raw("SELECT id FROM accounts WHERE role IN ? AND suspended_at IS NULL AND deleted_at IS NULL ORDER BY id LIMIT ?", roles, limit).Scan(&ids).Error
	return ids, translate(err)
}
