package community

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"tintype/internal/store"
)

// KeepReported is how long a closed report keeps the words of what was reported, whether or not that was deleted.
const KeepReported = 180 * 24 * time.Hour

// Verdicts are what a report may lead to.
var Verdicts = []string{store.DecideNothing, store.DecideWarn, store.DecideRemove, store.DecideLimit, store.DecideSuspend}

// DecideReport closes a report with a decision, which the member is told with the words of s, and the reporter without
// them. Of two moderators the first decides: the other gets *Invalid that says who it was. DecideRemove closes the other
// open reports about the post or comment as well.
func (c *Community) DecideReport(ctx context.Context, by By, id int64, kind string, s Sanction) (*FiledReport, error) {
	if !slices.Contains(Verdicts, kind) {
		return nil, invalid("decision", "invalid", "The decision must be one of %s.", strings.Join(Verdicts, ", "))
	}
	if err := s.clean(); err != nil {
		return nil, err
	}
	if kind == store.DecideWarn && s.Words == "" {
		return nil, invalid("words", "blank", "Say what the warning is about.")
	}
	act := DecideReport
	if kind == store.DecideNothing {
		act = CloseReport
	}
	if err := by.may(act); err != nil {
		return nil, err
	}
	ctx = store.Primary(ctx)
	row, err := c.Store.ReportByID(ctx, id)
	if err != nil {
		return nil, fromStore(err)
	}
	if by.Account != nil && row.TargetID == hiddenFrom(by.Account) {
		return nil, ErrForbidden
	}
	if kind == store.DecideRemove && row.PostID == nil && row.CommentID == nil {
		return nil, invalid("decision", "invalid", "This report is about no post and no comment.")
	}
	target, err := c.Store.AccountByID(ctx, row.TargetID)
	if err != nil {
		return nil, fromStore(err)
	}
	if tidy(by.Reason) == "" { // each act has one
		by.Reason = strings.TrimSuffix("report: "+row.Category, ": ")
	}
	s.report, s.post, s.excerpt = &row.ID, row.PostID, row.Excerpt
	if kind == store.DecideRemove && s.Alike && row.PostID != nil {
		if s.looks, err = c.looksOfPost(ctx, *row.PostID); err != nil {
			return nil, err
		}
	}
	if kind == store.DecideNothing || target.DeletedAt != nil {
		if kind != store.DecideNothing {
			return nil, invalid("decision", "invalid", "The member has left. Close the report.")
		}
		err = c.administration(ctx, by, act, func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (bool, error) {
			e.RefID, e.TargetID, e.Target = &row.ID, &row.TargetID, target.Username
			now, err := c.openReport(ctx, tx, row.ID)
			if err != nil {
				return false, err
			}
			return true, c.closeReport(ctx, tx, by, now, kind, nil)
		})
	} else {
		_, err = c.onMember(ctx, by, act, target.Username, func(ctx context.Context, tx *store.Store, now *store.Account, e *store.AdminEntry) (bool, error) {
			report, err := c.openReport(ctx, tx, row.ID)
			if err != nil {
				return false, err
			}
			e.RefID, e.Detail = &row.ID, kind
			if kind == store.DecideSuspend {
				e.Detail += " " + untilWords(s.Until)
			}
			e.Detail += keptOut(s.looks)
			return true, c.carryOut(ctx, tx, by, now, report, kind, s, e)
		})
	}
	if err != nil {
		return nil, err
	}
	return c.reportAfter(ctx, by, id)
}

// CloseReport closes a report without doing anything.
func (c *Community) CloseReport(ctx context.Context, by By, id int64) (*FiledReport, error) {
	return c.DecideReport(ctx, by, id, store.DecideNothing, Sanction{})
}

// openReport locks a report that is open; *Invalid for one that somebody has decided.
func (c *Community) openReport(ctx context.Context, tx *store.Store, id int64) (*store.Report, error) {
	now, err := tx.LockReport(ctx, id)
	if err != nil {
		return nil, err
	}
	if now.State != store.ReportOpen {
		return nil, c.decidedBy(ctx, tx, now.ClosedByID)
	}
	return now, nil
}

// carryOut does what a decision says, and closes the report.
func (c *Community) carryOut(ctx context.Context, tx *store.Store, by By, now *store.Account, report *store.Report, kind string, s Sanction, e *store.AdminEntry) error {
	closing := []store.Report{*report}
	if kind == store.DecideRemove {
		others, err := c.removeReported(ctx, tx, by, report, s)
		if err != nil {
			return err
		}
		for _, o := range others {
			if o.ID != report.ID {
				closing = append(closing, o)
			}
		}
	}
	if err := c.impose(ctx, tx, now, kind, s, e); err != nil {
		return err
	}
	decision, err := c.decide(ctx, tx, by, now.ID, kind, s)
	if err != nil {
		return err
	}
	return c.closeReports(ctx, tx, by, closing, kind, &decision)
}

// removeReported removes the post or comment that a report is about, unless its author was faster, and lists the open reports about
// it.
func (c *Community) removeReported(ctx context.Context, tx *store.Store, by By, report *store.Report, s Sanction) ([]store.Report, error) {
	if report.PostID == nil {
		if _, err := tx.DropAnnouncementComment(ctx, *report.CommentID); err != nil {
			return nil, err
		}
		return tx.OpenReportsOnComment(ctx, *report.CommentID, maxReportsClosed)
	}
	post, err := tx.RawPost(ctx, *report.PostID)
	if err == nil {
		err = hidePost(ctx, tx, post)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if err := c.blockLooks(ctx, tx, by, s.looks, *report.PostID); err != nil {
		return nil, err
	}
	return tx.OpenReportsOnPost(ctx, *report.PostID, maxReportsClosed)
}

// closeReports is closeReport for several.
func (c *Community) closeReports(ctx context.Context, tx *store.Store, by By, list []store.Report, kind string, decision *int64) error {
	for i := range list {
		if err := c.closeReport(ctx, tx, by, &list[i], kind, decision); err != nil {
			return err
		}
	}
	return nil
}

// closeReport closes an open report and tells the reporter what came of it.
func (c *Community) closeReport(ctx context.Context, tx *store.Store, by By, r *store.Report, kind string, decision *int64) error {
	at := store.ToMillis(time.Now())
	closed := store.Report{ID: r.ID, ClosedAt: &at, Decision: kind, DecisionID: decision}
	if by.Account != nil {
		closed.ClosedByID = &by.Account.ID
	}
	if was, err := tx.CloseReport(ctx, closed); err != nil || !was {
		return err
	}
	if r.ReporterID == nil {
		return nil
	}
	push, err := tx.HasPush(ctx, *r.ReporterID)
	if err != nil {
		return err
	}
	return tell(ctx, tx, store.Notification{AccountID: *r.ReporterID, Kind: store.NotifyOutcome, FromID: *r.ReporterID, RefID: &r.ID, CreatedAt: at}, push)
}

// AssignReport says that a moderator looks at a report, or with take unset nobody does. Others may still decide.
func (c *Community) AssignReport(ctx context.Context, by By, id int64, take bool) (*FiledReport, error) {
	if take && by.Account == nil {
		return nil, ErrUnauthenticated // the command line is nobody
	}
	to := by.Account
	if !take {
		to = nil
	}
	return c.assignReport(ctx, by, id, to)
}

// GiveReport says that the moderator of that name looks at a report. ErrNotFound is of the report; *Invalid for somebody who does
// not moderate, and for whom the report is about.
func (c *Community) GiveReport(ctx context.Context, by By, id int64, moderator string) (*FiledReport, error) {
	if err := by.may(AssignReport); err != nil {
		return nil, err
	}
	to, err := c.Store.AccountByUsername(store.Primary(ctx), strings.TrimPrefix(strings.TrimSpace(moderator), "@"))
	if errors.Is(err, store.ErrNotFound) || err == nil && !May(to, AssignReport) {
		return nil, invalid("moderator", "invalid", "%s does not moderate.", strings.TrimSpace(moderator))
	}
	if err != nil {
		return nil, fromStore(err)
	}
	return c.assignReport(ctx, by, id, to)
}

// ReportTakers are the usernames of those to whom a report about the account may be given.
func (c *Community) ReportTakers(ctx context.Context, by By, about int64) ([]string, error) {
	if err := by.may(AssignReport); err != nil {
		return nil, err
	}
	ids, err := c.Store.AccountsWithRole(ctx, rolesThat(AssignReport), maxReportAdmins)
	if err != nil {
		return nil, fromStore(err)
	}
	accounts, err := c.accountsWithPhotos(ctx, ids)
	var names []string
	for _, id := range ids {
		if acc := accounts[id]; acc != nil && about != hiddenFrom(acc) {
			names = append(names, acc.Username)
		}
	}
	return names, err
}

// assignReport gives a report to the account, nil for nobody.
func (c *Community) assignReport(ctx context.Context, by By, id int64, whom *store.Account) (*FiledReport, error) {
	err := c.onReport(ctx, by, AssignReport, id, func(ctx context.Context, tx *store.Store, now *store.Report, e *store.AdminEntry) (bool, error) {
		if now.State != store.ReportOpen {
			return false, c.decidedBy(ctx, tx, now.ClosedByID)
		}
		var to *int64
		if e.Detail = "nobody"; whom != nil {
			if now.TargetID == hiddenFrom(whom) {
				return false, invalid("moderator", "invalid", "The report is about @%s.", whom.Username)
			}
			to, e.Detail = &whom.ID, "@"+whom.Username
		}
		if to == nil && now.AssignedToID == nil || to != nil && now.AssignedToID != nil && *to == *now.AssignedToID {
			return false, nil
		}
		if err := tx.AssignReport(ctx, id, to); err != nil {
			return false, err
		}
		return true, tellGiven(ctx, tx, by, id, to)
	})
	if err != nil {
		return nil, err
	}
	return c.reportAfter(ctx, by, id)
}

// tellGiven tells the moderator to whom somebody else gave a report. By the command line it comes from nobody else.
func tellGiven(ctx context.Context, tx *store.Store, by By, reportID int64, to *int64) error {
	if to == nil || by.Account != nil && by.Account.ID == *to {
		return nil
	}
	from := *to
	if by.Account != nil {
		from = by.Account.ID
	}
	push, err := tx.HasPush(ctx, *to)
	if err != nil {
		return err
	}
	return tell(ctx, tx, store.Notification{AccountID: *to, Kind: store.NotifyReport, FromID: from, RefID: &reportID, CreatedAt: store.ToMillis(time.Now())}, push)
}

// ReopenReport opens a closed report again. The decision stays.
func (c *Community) ReopenReport(ctx context.Context, by By, id int64) (*FiledReport, error) {
	err := c.onReport(ctx, by, ReopenReport, id, func(ctx context.Context, tx *store.Store, _ *store.Report, _ *store.AdminEntry) (bool, error) {
		return tx.ReopenReport(ctx, id)
	})
	if err != nil {
		return nil, err
	}
	return c.reportAfter(ctx, by, id)
}

// ReportChange is what a moderator changes of a report. A nil field stays as it is.
type ReportChange struct {
	Category *string
	Rules    *[]string
}

// EditReport says what a report is about. *Invalid for an unknown category.
func (c *Community) EditReport(ctx context.Context, by By, id int64, change ReportChange) (*FiledReport, error) {
	if change.Category != nil && !slices.Contains(ReportCategories, *change.Category) {
		return nil, invalid("category", "invalid", "The category must be one of %s.", strings.Join(ReportCategories, ", "))
	}
	err := c.onReport(ctx, by, EditReport, id, func(ctx context.Context, tx *store.Store, now *store.Report, e *store.AdminEntry) (bool, error) {
		category, rule := now.Category, now.Rule
		if change.Category != nil {
			category = *change.Category
		}
		if change.Rules != nil {
			var more []string
			if rule, more = joinRules(*change.Rules); len(more) > 0 {
				return false, invalid("rules", "too_long", "That is too many rules for one report.")
			}
		}
		if category == now.Category && rule == now.Rule {
			return false, nil
		}
		e.Detail = cutText(strings.TrimSpace(category+" "+oneLine(rule)), maxDetail)
		return true, tx.SetReportReason(ctx, id, category, rule)
	})
	if err != nil {
		return nil, err
	}
	return c.reportAfter(ctx, by, id)
}

// onReport is administration of one report, which f finds locked.
func (c *Community) onReport(ctx context.Context, by By, act Act, id int64, f func(ctx context.Context, tx *store.Store, now *store.Report, e *store.AdminEntry) (bool, error)) error {
	return c.administration(ctx, by, act, func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (bool, error) {
		now, err := tx.LockReport(ctx, id)
		if err != nil {
			return false, err
		}
		if by.Account != nil && now.TargetID == hiddenFrom(by.Account) {
			return false, ErrForbidden
		}
		target, err := tx.AccountByID(ctx, now.TargetID)
		if err != nil {
			return false, err
		}
		e.RefID, e.TargetID, e.Target = &id, &now.TargetID, target.Username
		return f(ctx, tx, now, e)
	})
}

func (c *Community) reportAfter(ctx context.Context, by By, id int64) (*FiledReport, error) {
	ctx = store.Primary(ctx)
	if by.Account != nil {
		return c.ReportByID(ctx, by.Account, id)
	}
	row, err := c.Store.ReportByID(ctx, id)
	if err != nil {
		return nil, fromStore(err)
	}
	list, err := c.loadReports(ctx, nil, []store.Report{*row})
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// ReportSearch chooses reports. Empty fields choose all.
type ReportSearch struct {
	State                string
	ReporterID, TargetID int64
}

// maxReports is how many reports one answer has at most.
const maxReports = 200

// ReportsOf lists reports, newest first. For those who may read reports, else ErrForbidden.
func (c *Community) ReportsOf(ctx context.Context, admin *store.Account, q ReportSearch, p Cursor) ([]*FiledReport, error) {
	if err := authorize(admin, ReadReports); err != nil {
		return nil, err
	}
	f := store.ReportFilter{State: q.State, NotAbout: hiddenFrom(admin), ReporterID: q.ReporterID, TargetID: q.TargetID}
	rows, err := c.Store.FilteredReports(ctx, f, p.span(defaultAccounts, maxReports))
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadReports(ctx, admin, rows)
}

// Histories are what decides about both sides of a report. Either is nil where the account is gone.
type Histories struct{ Target, Reporter *store.MemberFacts }

// HistoriesOf returns the histories of a report's two sides, for the moderator who reads it, nil for the command line. Nobody learns
// from a report that they filed how many there are about themselves.
func (c *Community) HistoriesOf(ctx context.Context, reader *store.Account, r *FiledReport) (h Histories, err error) {
	for _, side := range []struct {
		acc  *store.Account
		into **store.MemberFacts
	}{{r.Target, &h.Target}, {r.Reporter, &h.Reporter}} {
		if side.acc == nil {
			continue
		}
		f, err := c.Store.MemberFacts(ctx, side.acc.ID)
		if err != nil {
			return h, fromStore(err)
		}
		if reader != nil && side.acc.ID == hiddenFrom(reader) {
			f.ReportsAbout, f.OpenReports = 0, 0
		}
		*side.into = &f
	}
	return h, nil
}

// ReportByCommand is one report for the command line.
func (c *Community) ReportByCommand(ctx context.Context, id int64) (*FiledReport, error) {
	return c.reportAfter(ctx, ByCommand(""), id)
}

// ReportsByCommand lists reports for the command line.
func (c *Community) ReportsByCommand(ctx context.Context, state string, limit int) ([]*FiledReport, error) {
	rows, err := c.Store.Reports(store.Primary(ctx), state, 0, store.Range{Limit: min(limit, maxLogPage)})
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadReports(ctx, nil, rows)
}

// forgetReported removes what closed reports kept of what was reported, once its time is over.
func (c *Community) forgetReported(ctx context.Context, now store.Millis) error {
	before := now - store.Millis(KeepReported.Milliseconds())
	posts, err := c.Store.PostsKeptTooLong(ctx, before, mediaBatch) // the next run has the others
	if err != nil {
		return err
	}
	err = c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		for _, id := range posts {
			if err := tx.AddJob(ctx, JobPostDelete, postDeletePayload{id}, 0); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := c.forgetTakenOut(ctx, before); err != nil {
		return err
	}
	return inBatches(ctx, func(limit int) (int, error) {
		return c.Store.ForgetReported(ctx, before, limit)
	})
}
