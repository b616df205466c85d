package store

import (
	"context"
	"slices"
)

// Report states.
const (
	ReportOpen   = "open"
	ReportClosed = "closed"
)

// AddReport inserts the report and returns its id, a new one where it has none.
func (s *conn) AddReport(ctx context.Context, r Report) (int64, error) {
	if r.ID != 0 {
		return r.ID, translate(s.write(ctx).Create(&r).Error)
	}
	return s.insertFresh(func(id int64) error {
		r.ID = id
		return s.write(ctx).Create(&r).Error
	})
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

// ReportByID returns the report, else ErrNotFound.
func (s *conn) ReportByID(ctx context.Context, id int64) (*Report, error) {
	var r Report
	if err := first(s.read(ctx).Where("id = ?", id), &r); err != nil {
		return nil, err
	}
	return &r, nil
}

// ReportFilter chooses reports. Empty fields choose all.
type ReportFilter struct {
	State                string
	NotAbout             int64 // without those about this account
	ReporterID, TargetID int64
}

// FilteredReports lists reports, newest first.
func (s *conn) FilteredReports(ctx context.Context, f ReportFilter, r Range) ([]Report, error) {
	where, args := "id < ? AND id > ? AND target_id <> ?", []any{r.max(), r.Min, f.NotAbout}
	for column, id := range map[string]int64{"reporter_id": f.ReporterID, "target_id": f.TargetID} {
		if id != 0 {
			where, args = where+" AND "+column+" = ?", append(args, id)
		}
	}
	if f.State != "" {
		where, args = where+" AND state = ?", append(args, f.State)
	}
	var list []Report
	err := s.read(Primary(ctx)).Raw("SELECT * FROM reports WHERE "+where+" ORDER BY id"+r.order()+" LIMIT ?", append(args, r.Limit)...).Scan(&list).Error
	return newestFirst(list, r), translate(err)
}

// ReportsByID returns those that exist, in no particular order.
func (s *conn) ReportsByID(ctx context.Context, ids []int64) ([]Report, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var list []Report
	err := s.read(ctx).Where("id IN ?", ids).Find(&list).Error
	return list, translate(err)
}

// Above says whose cases somebody may decide: those of accounts with one of the roles, except the account Not
// (0: no exception), or those of the account Only (0: of all).
type Above struct {
	Roles     []string
	Not, Only int64
}

// OpenReports counts the reports that wait, up to most.
func (s *conn) OpenReports(ctx context.Context, about Above, most int) (int, error) {
	var n int
	err := s.read(ctx).Raw("SELECT COUNT(*) FROM (SELECT r.id FROM reports r JOIN accounts a ON a.id = r.target_id WHERE r.state = ? AND r.target_id <> ? AND (? = 0 OR r.target_id = ?) AND a.role IN ? LIMIT ?) waiting",
		ReportOpen, about.Not, about.Only, about.Only, about.Roles, most).Scan(&n).Error
	return n, translate(err)
}

// CloseReport closes an open report as its fields say, and reports whether it was open.
func (s *conn) CloseReport(ctx context.Context, r Report) (bool, error) {
	res := s.write(ctx).Exec("UPDATE reports SET state = ?, closed_by_id = ?, closed_at = ?, decision = ?, decision_id = ? WHERE id = ? AND state = ?",
		ReportClosed, r.ClosedByID, r.ClosedAt, r.Decision, r.DecisionID, r.ID, ReportOpen)
	return res.RowsAffected > 0, translate(res.Error)
}

// ReopenReport opens a closed report again, and reports whether it was closed.
func (s *conn) ReopenReport(ctx context.Context, id int64) (bool, error) {
	res := s.write(ctx).Exec("UPDATE reports SET state = ?, closed_by_id = NULL, closed_at = NULL, decision = '', decision_id = NULL WHERE id = ? AND state = ?", ReportOpen, id, ReportClosed)
	return res.RowsAffected > 0, translate(res.Error)
}

// LockReport is ReportByID that keeps others from deciding the report until the transaction ends.
func (s *conn) LockReport(ctx context.Context, id int64) (*Report, error) {
	var list []Report
	if err := s.write(ctx).Raw("SELECT * FROM reports WHERE id = ?"+s.dialect.forUpdate(), id).Scan(&list).Error; err != nil {
		return nil, translate(err)
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	return &list[0], nil
}

// AssignReport says who looks at a report, nil for nobody.
func (s *conn) AssignReport(ctx context.Context, id int64, toID *int64) error {
	return translate(s.write(ctx).Exec("UPDATE reports SET assigned_to_id = ? WHERE id = ?", toID, id).Error)
}

// SetReportReason says what a report is about.
func (s *conn) SetReportReason(ctx context.Context, id int64, category, rule string) error {
	return translate(s.write(ctx).Exec("UPDATE reports SET category = ?, rule = ? WHERE id = ?", category, rule, id).Error)
}

// OpenReportsOnPost lists the open reports about a post.
func (s *conn) OpenReportsOnPost(ctx context.Context, postID int64, limit int) ([]Report, error) {
	var list []Report
	err := s.read(Primary(ctx)).Raw("SELECT * FROM reports WHERE post_id = ? AND state = ? ORDER BY id LIMIT ?", postID, ReportOpen, limit).Scan(&list).Error
	return list, translate(err)
}

// OpenReportsOnComment lists the open reports about a comment on an announcement.
func (s *conn) OpenReportsOnComment(ctx context.Context, commentID int64, limit int) ([]Report, error) {
	var list []Report
	err := s.read(Primary(ctx)).Raw("SELECT * FROM reports WHERE comment_id = ? AND state = ? ORDER BY id LIMIT ?", commentID, ReportOpen, limit).Scan(&list).Error
	return list, translate(err)
}

// ForgetReported removes the words that closed reports kept of what was reported, of those closed before the moment, at
// most limit, and returns how many.
func (s *conn) ForgetReported(ctx context.Context, before Millis, limit int) (int, error) {
	ids, err := s.idList(Primary(ctx), "SELECT o.id FROM reports o LEFT JOIN decisions od ON od.id = o.decision_id WHERE o.state = ? AND o.closed_at < ? AND o.excerpt <> '' AND "+unanswered+
		" ORDER BY o.id LIMIT ?", ReportClosed, before, before, AppealWaits, limit)
	for _, id := range ids {
		if err := s.write(ctx).Exec("UPDATE reports SET excerpt = '' WHERE id = ?", id).Error; err != nil {
			return 0, translate(err)
		}
	}
	return len(ids), err
}

// keptByReport and keptByDecision say of a post p that somebody may still have to look at it: a report about it is open, or was
// closed after a moment, or the answer to the decision about it waits, or was answered after that; a moderator removed it after that,
// and its author's answer waits, or was answered after that. reported says it of a report o, whose arguments are reportArgs.
const (
	reports        = "reports o LEFT JOIN decisions od ON od.id = o.decision_id"
	reported       = "(o.state = ? OR o.closed_at >= ? OR od.answered_at >= ? OR od.answer = ? AND od.undone_at IS NULL)"
	unanswered     = "(od.id IS NULL OR COALESCE(od.answered_at, 0) < ? AND (od.answer <> ? OR od.undone_at IS NOT NULL))"
	keptByReport   = "EXISTS (SELECT 1 FROM " + reports + " WHERE o.post_id = p.id AND " + reported + ")"
	keptByDecision = "EXISTS (SELECT 1 FROM decisions d WHERE d.account_id = p.author_id AND d.post_id = p.id AND d.kind = ?" +
		" AND (d.created_at >= ? OR d.answered_at >= ? OR d.answer = ? AND d.undone_at IS NULL))"
)

func reportArgs(since Millis) []any { return []any{ReportOpen, since, since, AppealWaits} }

func keptArgs(since Millis) []any {
	return append(reportArgs(since), DecideRemove, since, since, AppealWaits)
}

// KeepsPost reports whether a report about the post is open, or was closed after the moment, or whether a moderator has removed it
// whose decision its author may still answer.
func (s *conn) KeepsPost(ctx context.Context, postID int64, since Millis) (bool, error) {
	return s.exists(ctx, "SELECT 1 FROM posts p WHERE p.id = ? AND ("+keptByReport+" OR "+keptByDecision+")", append([]any{postID}, keptArgs(since)...)...)
}

// PostsKeptTooLong lists deleted posts that stand for the sake of reports and decisions alone, the last of which ended before the
// moment, or whose authors have gone. It leaves out those of which nothing is left but the row, which a kept comment needs.
func (s *conn) PostsKeptTooLong(ctx context.Context, before Millis, limit int) ([]int64, error) {
	var all []int64
	for _, from := range []string{"reports r", "decisions r"} {
		ids, err := s.idList(Primary(ctx), "SELECT DISTINCT p.id FROM "+from+" JOIN posts p ON p.id = r.post_id JOIN accounts a ON a.id = p.author_id WHERE p.deleted_at IS NOT NULL"+
			" AND (a.deleted_at IS NOT NULL OR p.deleted_at < ? AND NOT "+keptByReport+" AND NOT "+keptByDecision+")"+
			" AND (NOT EXISTS (SELECT 1 FROM posts co WHERE co.root_id = p.id) OR EXISTS (SELECT 1 FROM photos ph WHERE ph.post_id = p.id)) ORDER BY p.id LIMIT ?",
			append(append([]any{before}, keptArgs(before)...), limit)...)
		if err != nil {
			return nil, err
		}
		all = append(all, ids...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return all[:min(len(all), limit)], nil
}

// BlankPost removes what a deleted post says, while its row stays.
func (s *conn) BlankPost(ctx context.Context, id int64) error {
	return translate(s.write(ctx).Exec("UPDATE posts SET caption = '', warning = '' WHERE id = ? AND deleted_at IS NOT NULL", id).Error)
}

// AccountsWithRole are the ids of active accounts with one of the roles, at most limit.
func (s *conn) AccountsWithRole(ctx context.Context, roles []string, limit int) ([]int64, error) {
	var ids []int64
	err := s.read(ctx).Raw("SELECT id FROM accounts WHERE role IN ? AND suspended_at IS NULL AND deleted_at IS NULL ORDER BY id LIMIT ?", roles, limit).Scan(&ids).Error
	return ids, translate(err)
}
