package community

import (
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"tintype/internal/store"
)

// Decision is a decision about a member, as the member and moderators read it. By is nil for the command line, and for the
// member, who does not learn which moderator it was.
type Decision struct {
	store.Decision
	Account        *store.Account
	By, AnsweredBy *store.Account
	// Newer says that a newer decision of the kind holds, so that this one can be taken back without an end to what it did. It
	// is read of a single decision.
	Newer bool
}

// Appealable reports whether the member may still answer.
func (d *Decision) Appealable() bool { return d.AppealedAt == nil && d.UndoneAt == nil }

// maxDecisions is how many decisions about a member one page has.
const maxDecisions = 100

// sanction does to an account what the decision says, and tells the member. The caller has locked the account.
func (c *Community) sanction(ctx context.Context, tx *store.Store, by By, now *store.Account, kind string, s Sanction, e *store.AdminEntry) error {
	if err := c.impose(ctx, tx, now, kind, s, e); err != nil {
		return err
	}
	_, err := c.decide(ctx, tx, by, now.ID, kind, s)
	return err
}

// impose is sanction without the words.
func (c *Community) impose(ctx context.Context, tx *store.Store, now *store.Account, kind string, s Sanction, e *store.AdminEntry) error {
	switch kind {
	case store.DecideLimit:
		if !now.Limited() {
			at := store.ToMillis(time.Now())
			if err := c.setLimited(ctx, tx, now, &at); err != nil {
				return err
			}
		}
	case store.DecideSuspend:
		if e.Detail == "" {
			e.Detail = untilWords(s.Until)
		}
		if now.SuspendedAt == nil || now.OnlyLeaving() {
			if err := c.suspend(ctx, tx, now, s.Until); err != nil {
				return err
			}
		} else if err := c.changeSuspensionEnd(ctx, tx, now.ID, s.Until); err != nil {
			return err
		}
	}
	return nil
}

// decide writes the decision down and tells the member of it.
func (c *Community) decide(ctx context.Context, tx *store.Store, by By, accountID int64, kind string, s Sanction) (int64, error) {
	d := store.Decision{
		AccountID: accountID, Kind: kind, ReportID: s.report, PostID: s.post, Words: s.Words, Excerpt: s.excerpt, CreatedAt: store.ToMillis(time.Now()),
	}
	if by.Account != nil {
		d.ByID = &by.Account.ID
	}
	if s.Until != nil {
		at := store.ToMillis(*s.Until)
		d.EndsAt = &at
	}
	id, err := tx.AddDecision(ctx, d)
	if err != nil {
		return 0, err
	}
	return id, c.tellDecision(ctx, tx, accountID, id)
}

// tellDecision tells a member of a decision, of what became of the answer to it, or that it holds no longer. The notification comes from the
// member's own account: members do not learn which moderator decided.
func (c *Community) tellDecision(ctx context.Context, tx *store.Store, accountID, id int64) error {
	push, err := tx.HasPush(ctx, accountID)
	if err != nil {
		return err
	}
	n := store.Notification{AccountID: accountID, Kind: store.NotifyDecision, FromID: accountID, RefID: &id, CreatedAt: store.ToMillis(time.Now())}
	if err := tell(ctx, tx, n, push); err != nil {
		return err
	}
	d, err := tx.DecisionByID(ctx, id)
	if err != nil {
		return err
	}
	return c.addMail(ctx, tx, mailJob{Kind: mailDecision, Account: accountID, About: id, Stage: stageOf(d)})
}

// tellModerators tells those who may do what the act says, but for some accounts. n is what each is told.
func (c *Community) tellModerators(ctx context.Context, tx *store.Store, act Act, n store.Notification, except ...int64) error {
	return c.tellThose(ctx, tx, rolesThat(act), n, except...)
}

// tellThose is tellModerators for those who have one of the roles.
func (c *Community) tellThose(ctx context.Context, tx *store.Store, roles []string, n store.Notification, except ...int64) error {
	admins, err := tx.AccountsWithRole(ctx, roles, maxReportAdmins)
	if err != nil {
		return err
	}
	for _, admin := range admins {
		if slices.Contains(except, admin) {
			continue
		}
		// Not by notify: moderators are told whomever they block, and each time.
		push, err := tx.HasPush(ctx, admin)
		if err != nil {
			return err
		}
		n.AccountID = admin
		if err := tell(ctx, tx, n, push); err != nil {
			return err
		}
	}
	return nil
}

// OwnDecisions are those about the account that asks, newest first. It may be suspended.
func (c *Community) OwnDecisions(ctx context.Context, acc *store.Account) ([]*Decision, error) {
	if acc == nil {
		return nil, ErrUnauthenticated
	}
	rows, err := c.Store.Decisions(ctx, acc.ID, maxDecisions)
	if err != nil {
		return nil, fromStore(err)
	}
	list := make([]*Decision, len(rows))
	for i, r := range rows {
		r.ByID, r.AnsweredByID = nil, nil
		list[i] = &Decision{Decision: r, Account: acc}
	}
	return list, nil
}

// DecisionsAbout are the decisions about a member, for those who may read about members.
func (c *Community) DecisionsAbout(ctx context.Context, by By, acc *store.Account) ([]*Decision, error) {
	if err := by.may(ReadMembers); err != nil {
		return nil, err
	}
	rows, err := c.Store.Decisions(ctx, acc.ID, maxDecisions)
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadDecisions(ctx, rows)
}

// DecisionByID is a decision, for those who read reports. Nobody reads so one about oneself, but for an owner.
func (c *Community) DecisionByID(ctx context.Context, by By, id int64) (*Decision, error) {
	if err := by.may(ReadReports); err != nil {
		return nil, err
	}
	row, err := c.Store.DecisionByID(ctx, id)
	if err != nil {
		return nil, fromStore(err)
	}
	if by.Account != nil && row.AccountID == hiddenFrom(by.Account) {
		return nil, ErrNotFound
	}
	list, err := c.loadDecisions(ctx, []store.Decision{*row})
	if err != nil {
		return nil, err
	}
	list[0].Newer, err = newerHolds(ctx, c.Store, row)
	return list[0], err
}

// newerHolds reports whether a newer limit or suspension holds.
func newerHolds(ctx context.Context, s *store.Store, d *store.Decision) (bool, error) {
	if d.Kind != store.DecideLimit && d.Kind != store.DecideSuspend {
		return false, nil
	}
	newest, err := s.StandingDecision(ctx, d.AccountID, d.Kind)
	if err != nil {
		return false, ignoreNotFound(fromStore(err))
	}
	return newest.ID > d.ID, nil
}

// Appeals are the decisions whose members have answered and wait, for those who read reports.
func (c *Community) Appeals(ctx context.Context, by By) ([]*Decision, error) {
	if err := by.may(ReadReports); err != nil {
		return nil, err
	}
	not := int64(0)
	if by.Account != nil {
		not = hiddenFrom(by.Account)
	}
	rows, err := c.Store.Appeals(ctx, not, maxDecisions)
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadDecisions(ctx, rows)
}

func (c *Community) loadDecisions(ctx context.Context, rows []store.Decision) ([]*Decision, error) {
	var people idSet
	for _, r := range rows {
		people.add(r.AccountID)
		for _, id := range []*int64{r.ByID, r.AnsweredByID} {
			if id != nil {
				people.add(*id)
			}
		}
	}
	accounts, err := c.accountsWithPhotos(ctx, people.ids)
	if err != nil {
		return nil, err
	}
	list := make([]*Decision, 0, len(rows))
	for _, r := range rows {
		d := &Decision{Decision: r, Account: accounts[r.AccountID]}
		if r.ByID != nil {
			d.By = accounts[*r.ByID]
		}
		if r.AnsweredByID != nil {
			d.AnsweredBy = accounts[*r.AnsweredByID]
		}
		list = append(list, d)
	}
	return list, nil
}

// AppealDecision is a member's answer to a decision about it, of which there is one. The member may be suspended. It returns
// ErrNotFound for other decisions, and *Invalid for a second answer.
func (c *Community) AppealDecision(ctx context.Context, acc *store.Account, id int64, words string) error {
	if acc == nil {
		return ErrUnauthenticated
	}
	ctx = store.Primary(ctx)
	words = tidy(words)
	switch n := utf8.RuneCountInString(words); {
	case words == "":
		return invalid("words", "blank", "Write what those who decide should know.")
	case n > maxWords:
		return invalid("words", "too_long", "That has %d characters; the limit is %d.", n, maxWords)
	}
	d, err := c.Store.DecisionByID(ctx, id)
	if err != nil {
		return fromStore(err)
	}
	if d.AccountID != acc.ID {
		return ErrNotFound
	}
	return fromStore(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		locked, err := tx.LockAccounts(ctx, acc.ID)
		if err != nil {
			return err
		}
		if now := locked[acc.ID]; now == nil || now.DeletedAt != nil {
			return ErrUnauthenticated
		}
		first, err := tx.AppealDecision(ctx, id, words, store.ToMillis(time.Now()))
		if err != nil {
			return err
		}
		if !first {
			now, err := tx.DecisionByID(ctx, id)
			if err == nil && now.Appeal == words && now.Answer == store.AppealWaits {
				return nil // sent twice, or an earlier COMMIT whose answer was lost
			}
			if err != nil {
				return err
			}
			return invalid("words", "answered", "You have already answered this decision, or it no longer holds.")
		}
		n := store.Notification{Kind: store.NotifyAppeal, FromID: acc.ID, RefID: &id, CreatedAt: store.ToMillis(time.Now())}
		return c.tellThose(ctx, tx, rolesOver(AnswerAppeal, locked[acc.ID]), n, acc.ID)
	}))
}

// AnswerAppeal takes a decision back because of the member's answer, or lets it stand. Of two moderators the first decides;
// the other gets *Invalid that says who it was, and so does whoever answers about a decision that holds no longer. A removed post
// stays removed, and a limit or suspension stays where a newer decision says so.
func (c *Community) AnswerAppeal(ctx context.Context, by By, id int64, accept bool, words string) error {
	s := Sanction{Words: words}
	if err := s.clean(); err != nil {
		return err
	}
	if err := by.may(AnswerAppeal); err != nil {
		return err
	}
	d, err := c.Store.DecisionByID(store.Primary(ctx), id)
	if err != nil {
		return fromStore(err)
	}
	about, err := c.Store.AccountByID(store.Primary(ctx), d.AccountID)
	if err != nil {
		return fromStore(err)
	}
	_, err = c.onMember(ctx, by, AnswerAppeal, about.Username, func(ctx context.Context, tx *store.Store, now *store.Account, e *store.AdminEntry) (bool, error) {
		at := store.ToMillis(time.Now())
		answer := store.Decision{ID: id, Answer: store.AppealRejected, AnswerWords: s.Words, AnsweredAt: &at}
		if accept {
			answer.Answer = store.AppealAccepted
		}
		if by.Account != nil {
			answer.AnsweredByID = &by.Account.ID
		}
		e.RefID, e.Detail = &id, answer.Answer+": "+d.Kind
		waited, err := tx.AnswerAppeal(ctx, answer)
		if err != nil {
			return false, err
		}
		if !waited {
			then, err := tx.DecisionByID(ctx, id)
			if err != nil {
				return false, err
			}
			if then.Answer == store.AppealWaits && then.UndoneAt != nil {
				return false, invalid("", "over", "This decision is no longer in force, so there is nothing to answer.")
			}
			return false, c.decidedBy(ctx, tx, then.AnsweredByID)
		}
		if accept {
			newer, err := newerHolds(ctx, tx, d)
			if err != nil {
				return false, err
			}
			switch {
			case newer:
				_, err = tx.UndoDecision(ctx, id, at)
			case d.Kind == store.DecideLimit && now.Limited():
				err = c.unlimit(ctx, tx, now)
			case d.Kind == store.DecideSuspend && now.SuspendedAt != nil:
				err = c.unsuspend(ctx, tx, now)
			default:
				_, err = tx.UndoDecision(ctx, id, at)
			}
			if err != nil {
				return false, err
			}
		}
		return true, c.tellDecision(ctx, tx, now.ID, id)
	})
	return err
}

// decidedBy says who was first.
func (c *Community) decidedBy(ctx context.Context, tx *store.Store, id *int64) error {
	if id == nil {
		return invalid("", "decided", "This has already been decided, by command.")
	}
	acc, err := tx.AccountByID(ctx, *id)
	if err != nil {
		return err
	}
	return invalid("", "decided", "@%s has already decided this.", acc.Username)
}

// UndoDecision has a warning count no longer.
func (c *Community) UndoDecision(ctx context.Context, by By, id int64) error {
	if err := by.may(Warn); err != nil {
		return err
	}
	d, err := c.Store.DecisionByID(store.Primary(ctx), id)
	if err != nil {
		return fromStore(err)
	}
	if d.Kind != store.DecideWarn {
		return ErrNotFound
	}
	about, err := c.Store.AccountByID(store.Primary(ctx), d.AccountID)
	if err != nil {
		return fromStore(err)
	}
	_, err = c.onMember(ctx, by, Unwarn, about.Username, func(ctx context.Context, tx *store.Store, now *store.Account, e *store.AdminEntry) (bool, error) {
		e.RefID = &id
		undone, err := tx.UndoDecision(ctx, id, store.ToMillis(time.Now()))
		if err != nil || !undone {
			return false, err
		}
		return true, c.tellDecision(ctx, tx, now.ID, id)
	})
	return err
}

// telling runs what ends a limit or suspension, and tells the member that the newest decision of the kind holds no longer.
func (c *Community) telling(ctx context.Context, tx *store.Store, accountID int64, kind string, end func() error) error {
	d, err := tx.StandingDecision(ctx, accountID, kind)
	if ignoreNotFound(err) != nil {
		return err
	}
	if err := end(); err != nil || d == nil {
		return err
	}
	return c.tellDecision(ctx, tx, accountID, d.ID)
}

// SuspendedAccount is an account that is suspended, or left (LeavingAt), for its member: ErrNotFound where it is not, or where the epoch of its
// sessions is another.
func (c *Community) SuspendedAccount(ctx context.Context, id int64, epoch int) (*store.Account, error) {
	acc, err := c.Store.AccountByID(store.PrimaryWhileThere(ctx), id)
	if err != nil {
		return nil, fromStore(err)
	}
	if acc.SuspendedAt == nil || acc.WaitingAt != nil || acc.DeletedAt != nil || acc.SessionEpoch != epoch {
		return nil, ErrNotFound
	}
	return acc, nil
}

// A Suspended is the log-in of a suspended member, who may read the decision, answer it, take everything along and leave; and of one
// who has left, who may come back.
type Suspended struct{ Account *store.Account }

func (e *Suspended) Error() string { return "the account is suspended" }

// Unwrap is what a form says of it.
func (e *Suspended) Unwrap() error {
	if e.Account.LeavingAt != nil {
		return invalid("", "leaving", "You have left. Log in on the site to come back.")
	}
	return invalid("", "suspended", "This account is suspended.")
}
